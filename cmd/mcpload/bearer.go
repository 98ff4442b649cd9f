package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/bearer"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
)

// bearerFlags say what token requests show.
type bearerFlags struct {
	env       string
	command   string
	clientID  string
	secretEnv string
	scope     string
	issuer    string
}

func (f *bearerFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.env, "bearer-env", "", "`variable` of the environment that holds the bearer token")
	flags.StringVar(&f.command, "bearer-command", "", "`command` for a shell that prints a token: run at first, ahead of its end, and when the server refuses it")
	flags.StringVar(&f.clientID, "oauth-client-id", "", "get tokens by OAuth for the client with this `id` (client credentials), from whom the server names")
	flags.StringVar(&f.secretEnv, "oauth-client-secret-env", "", "`variable` of the environment that holds its secret")
	flags.StringVar(&f.scope, "oauth-scope", "", "`scope` to ask for (default: what the server asks for)")
	flags.StringVar(&f.issuer, "oauth-issuer", "", "the authorization server's issuer `URL`: the secret goes nowhere else (default: the one that the server names)")
}

// checked refuses flags that contradict each other.
func (f *bearerFlags) checked() error {
	given := 0
	for _, s := range []string{f.env, f.command, f.clientID} {
		if s != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return errors.New("--bearer-env, --bearer-command and --oauth-client-id exclude each other: there is one token")
	case f.clientID == "" && (f.secretEnv != "" || f.scope != "" || f.issuer != ""):
		return hint.New(errors.New("the --oauth flags are of a client, and none is named"), "name it with --oauth-client-id")
	}
	if f.issuer != "" {
		if u, err := url.Parse(f.issuer); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return hint.New(errors.New("--oauth-issuer is no URL"), "such as https://auth.example.com/realms/one")
		}
	}
	return nil
}

// bear gives a target its token.
func (a *app) bear(f *bearerFlags, t *target.Target) error {
	if err := f.checked(); err != nil || *f == (bearerFlags{}) {
		return err
	}
	if t.Options.URL == "" {
		return errors.New("a token goes into a header of HTTP, and this server is not reached by a --url")
	}
	if t.Options.Header.Get("Authorization") != "" {
		return errors.New("there is an Authorization --header already, and a request shows one token")
	}
	switch {
	case f.env != "":
		token := os.Getenv(f.env)
		if token == "" {
			return fmt.Errorf("--bearer-env %s: the environment has no such variable, or it is empty", f.env)
		}
		a.hide("--bearer-env "+f.env, token)
		t.Options.Header.Set("Authorization", "Bearer "+token)
		return nil
	case f.command != "":
		t.Options.Bearer = a.source(bearer.Command(f.command))
		return nil
	}
	client, err := a.oauth(f, t.Options.URL)
	if err == nil {
		t.Options.Bearer = a.source(client)
	}
	return err
}

// oauth is a client of an authorization server.
func (a *app) oauth(f *bearerFlags, resource string) (*bearer.Client, error) {
	c := &bearer.Client{Resource: resource, ID: f.clientID, Scope: f.scope, Issuer: f.issuer}
	if f.secretEnv != "" {
		if c.Secret = strings.TrimSpace(os.Getenv(f.secretEnv)); c.Secret == "" {
			return nil, fmt.Errorf("--oauth-client-secret-env %s: the environment has no such variable, or it is empty", f.secretEnv)
		}
		a.hide("--oauth-client-secret-env "+f.secretEnv, c.Secret)
	}
	c.Found = func(i bearer.Issuing) {
		a.say("tokens for %s come from %s", i.Resource, i.Endpoint)
	}
	return c, nil
}

// source has tokens of a getter, none of which is ever shown.
func (a *app) source(get bearer.Getter) *bearer.Source {
	s := bearer.New(get, func(token string) { a.secrets.add(token) }, func(text string) { a.say("warning: %s", text) })
	a.sources = append(a.sources, s)
	return s
}

// endSources has no more tokens asked for.
func (a *app) endSources() {
	for _, s := range a.sources {
		s.Close()
	}
}

// trust has tokens got over connections like the server's.
func trust(o *wire.Options) {
	s, ok := o.Bearer.(*bearer.Source)
	if !ok {
		return
	}
	if c, ok := s.Getter().(*bearer.Client); ok {
		t := http.DefaultTransport.(*http.Transport).Clone()
		if t.TLSClientConfig, t.Proxy = o.TLS.Clone(), nil; o.Proxy != nil {
			t.Proxy = http.ProxyURL(o.Proxy)
		}
		c.HTTP = &http.Client{Transport: t, Timeout: 30 * time.Second}
	}
}

var _ wire.Bearer = (*bearer.Source)(nil)
var _ wire.Asking = (*bearer.Source)(nil)
