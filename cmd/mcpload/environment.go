package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/launch"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
)

// registerEnv adds the flag that says what a started server gets of the caller's
// environment, which is its caller's and no business of the server's.
func registerEnv(flags *pflag.FlagSet, env *[]string) {
	flags.StringArrayVar(env, "env", nil, "more of a started server's environment: `NAME` passes yours on, NAME=VALUE sets it (repeatable)")
}

// registerLabel adds the flag that says what a server is known by.
func registerLabel(flags *pflag.FlagSet, label *string) {
	flags.StringVar(label, "label", "", "`name` that the server is known by from run to run (default: its host, port and path, or its script's name)")
}

// launchEnv is the environment of a launched server: what any program needs,
// and the variables that its recipe names, as far as they are set.
func launchEnv(names []string) []string {
	var env []string
	for _, name := range append([]string{"PATH", "HOME", "LANG", "TMPDIR"}, names...) {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// environment is what a server gets of ours, if it is started: a mock gets
// nothing that it doesn't need.
func environment(t *target.Target, given []string) []string {
	if t.Kind == target.Mock {
		return launchEnv(nil)
	}
	return append(launchEnv(profileEnv(t.Profile)), given...)
}

// profileEnv are the names of the variables that a profile's server needs.
func profileEnv(p profiles.Profile) []string {
	names := slices.Clone(p.Launch.Env)
	for _, c := range p.Credentials {
		names = append(names, c.Env)
	}
	return names
}

// passedOn is what the recipe names and the caller has, but for credentials.
func passedOn(p profiles.Profile) []string {
	var list []string
	for _, name := range p.Launch.Env {
		held := slices.ContainsFunc(p.Credentials, func(c profiles.Credential) bool { return c.Env == name })
		if value, ok := os.LookupEnv(name); ok && !held {
			list = append(list, name+"="+value)
		}
	}
	return list
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// givenEnv reads --env: NAME, which must be set, or NAME=VALUE. No value is quoted.
func givenEnv(list []string) ([]string, error) {
	var env []string
	for i, text := range list {
		name, value, set := strings.Cut(text, "=")
		if !envName.MatchString(name) {
			// What there is in place of a name may be the secret.
			return nil, hint.New(fmt.Errorf("--env number %d doesn't begin with the name of a variable", i+1), "--env NAME passes yours on, --env NAME=VALUE sets it")
		}
		if !set {
			var ok bool
			if value, ok = os.LookupEnv(name); !ok {
				return nil, fmt.Errorf("--env %s: the environment has no variable %s", name, name)
			}
		}
		env = append(env, name+"="+value)
	}
	return env, nil
}

// given reads --env, and registers what may be secret of it.
func (a *app) given(list []string) ([]string, error) {
	env, err := givenEnv(list)
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		a.secrets.add(apikey.InURL(value)...)
		if privateEnv(name, value) {
			a.hide("--env "+name, value)
		}
	}
	return env, err
}

// privateEnv reports if the value of a variable may be a secret: by its name, else
// if it is long enough to be one, and is neither an address nor a path. A short
// one, such as 1 or debug, is a switch, and would be taken out of every text.
func privateEnv(name, value string) bool {
	if apikey.NamesSecret(name) {
		return true
	}
	if apikey.Short(value) || strings.Contains(value, "://") {
		return false
	}
	for _, path := range filepath.SplitList(value) {
		if _, err := os.Stat(path); err != nil {
			return true
		}
	}
	return false
}

// launchConfig says where live servers are installed, and how much may be done.
func (a *app) launchConfig(offline bool) (launch.Config, error) {
	cache := os.Getenv("MCPLOAD_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return launch.Config{}, hint.New(fmt.Errorf("there is no folder to install servers in: %w", err), "name one with $MCPLOAD_CACHE")
		}
		cache = filepath.Join(dir, "mcpload")
	}
	cache, err := filepath.Abs(cache)
	return launch.Config{Cache: filepath.Join(cache, "servers"), Offline: offline, Say: func(s string) { a.say("%s", s) }}, err
}
