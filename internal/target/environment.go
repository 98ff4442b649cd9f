package target

import (
	"slices"
	"strings"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/profiles"
)

// LaunchEnv is the environment of a launched server: what any program needs,
// and the variables that its recipe names, as far as they are set.
func LaunchEnv(look invoked.Lookup, names []string) []string {
	var env []string
	for _, name := range append([]string{"PATH", "HOME", "LANG", "TMPDIR"}, names...) {
		if value, ok := look(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Environment is what a server gets of ours, if it is started: a mock gets
// nothing that it doesn't need.
func Environment(t *Target, look invoked.Lookup, given []string) []string {
	if t.Kind == Mock {
		return LaunchEnv(look, nil)
	}
	return append(LaunchEnv(look, profileEnv(t.Profile)), given...)
}

// profileEnv are the names of the variables that a profile's server needs.
func profileEnv(p profiles.Profile) []string {
	names := slices.Clone(p.Launch.Env)
	for _, c := range p.Credentials {
		names = append(names, c.Env)
	}
	return names
}

// PassedOn is what the recipe names and the caller has, but for credentials.
func PassedOn(p profiles.Profile, look invoked.Lookup) []string {
	var list []string
	for _, name := range p.Launch.Env {
		held := slices.ContainsFunc(p.Credentials, func(c profiles.Credential) bool { return c.Env == name })
		if value, ok := look(name); ok && !held {
			list = append(list, name+"="+value)
		}
	}
	return list
}

// Secrets are the values of an environment that may be secrets: by their variables, those
// that a profile's server is handed; and others, whose names say what they are, or which
// are URLs with a password.
func Secrets(p profiles.Profile, environ []string) (named map[string]string, others []string) {
	plain, handed := map[string]bool{}, slices.Clone(p.Launch.Env)
	for _, c := range p.Credentials {
		handed = append(handed, c.Env)
		if provider, err := apikey.Lookup(c.Provider); err == nil && !provider.Secret() {
			plain[c.Env] = true
		}
	}
	named = map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		others = append(others, apikey.InURL(value)...)
		switch secret := !plain[name] && apikey.NamesSecret(name); {
		case secret && value != "" && slices.Contains(handed, name):
			named[name] = value
		case secret && !apikey.Short(value) && !strings.HasPrefix(value, "/") && !strings.Contains(value, "://"):
			others = append(others, value)
		}
	}
	return named, others
}
