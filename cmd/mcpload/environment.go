package main

import (
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/launch"
	"github.com/mcpload/mcpload/internal/printable"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
)

// registerEnv adds the flag that says what a started server gets of the caller's
// environment, which is its caller's and no business of the server's.
func registerEnv(flags *pflag.FlagSet, env *[]string) {
	flags.StringArrayVar(env, "env", nil, "more of a started server's environment: `NAME` passes yours on, "+
		"NAME=VALUE sets it (repeatable)")
}

// registerLabel adds the flag that says what a server is known by.
func registerLabel(flags *pflag.FlagSet, label *string) {
	flags.StringVar(label, "label", "", "`name` that the server is known by from run to run (default: its host, port "+
		"and path, or its script's name)")
}

// given reads --env, and registers what may be secret of it.
func (a *app) given(list []string) ([]string, error) {
	env, err := invoked.Environment(list, os.LookupEnv)
	if err != nil {
		return nil, invoked.Flagged("--env", err)
	}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		a.secrets.Add(apikey.InURL(value)...)
		if invoked.Private(name, value) {
			a.hide("--env "+name, value)
		}
	}
	return env, nil
}

// headers reads a flag's headers, and hides what may be secret of them.
func (a *app) headers(flag string, list []string) (http.Header, error) {
	h, err := invoked.Headers(list, os.LookupEnv)
	if err == nil {
		a.hideHeaders(flag, h)
	}
	return h, invoked.Flagged(flag, err)
}

// launchConfig says where live servers are installed, and how much may be done.
func (a *app) launchConfig(offline bool) (launch.Config, error) {
	cache, err := launch.Folder(os.Getenv("MCPLOAD_CACHE"))
	return launch.Config{Cache: cache, Offline: offline, Drain: a.drain, Env: os.Environ(),
		Say: func(s string) { a.say("%s", s) }}, err
}

// clean takes the secrets out of a text, and makes what is left of it fit to be
// printed.
func (a *app) clean(text string) string { return printable.Text(a.secrets.Redact(text)) }

// hide registers a credential by the name that people know it by, which a warning
// about a short one says.
func (a *app) hide(name string, values ...string) {
	a.secrets.Add(values...)
	if slices.ContainsFunc(values, func(v string) bool { return strings.TrimSpace(v) != "" && apikey.Short(v) }) {
		a.say("warning: %s has a value of fewer than 8 characters: it is taken out of results only where it stands "+
			"alone as a word", name)
	}
}

// hideHeaders registers what may be a credential in headers.
func (a *app) hideHeaders(flag string, h http.Header) {
	for name, values := range h {
		a.hide(flag+" "+name, apikey.InHeaders(http.Header{name: values})...)
	}
}

// hideEnv registers the variables that are handed to a server.
func (a *app) hideEnv(p profiles.Profile) {
	named, others := target.Secrets(p, os.Environ())
	for name, value := range named {
		a.hide("$"+name, value)
	}
	a.secrets.Add(others...)
}
