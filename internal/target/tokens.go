package target

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/mcpload/mcpload/internal/bearer"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/wire"
)

// Tokens say what token requests show, in the words of the flags that their errors name.
// The zero value shows none.
type Tokens struct {
	Env       string // a variable that holds it
	Command   string // for a shell, prints it
	ClientID  string // of OAuth
	SecretEnv string
	Scope     string
	Issuer    string
}

// A Wallet is whoever runs us, as Tokens need it. All of its functions are called.
type Wallet struct {
	Getenv func(name string) string
	// Hide is told a secret, and the name that it is known by; a token that was asked for
	// has none
	Hide func(name string, values ...string)
	Hold func(*bearer.Source) // is given what asks for tokens, and closes it
	Say  func(format string, args ...any)
}

// checked refuses flags that contradict each other.
func (k *Tokens) checked() error {
	given := 0
	for _, s := range []string{k.Env, k.Command, k.ClientID} {
		if s != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return errors.New("--bearer-env, --bearer-command and --oauth-client-id exclude each other: there is one token")
	case k.ClientID == "" && (k.SecretEnv != "" || k.Scope != "" || k.Issuer != ""):
		return hint.New(errors.New("the --oauth flags are of a client, and none is named"), "name it with "+
			"--oauth-client-id")
	}
	for flag, name := range map[string]string{"--bearer-env": k.Env, "--oauth-client-secret-env": k.SecretEnv} {
		if err := invoked.CheckName(flag, name); err != nil {
			return err
		}
	}
	if k.Issuer != "" {
		if u, err := url.Parse(k.Issuer); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return hint.New(errors.New("--oauth-issuer is no URL"), "such as https://auth.example.com/realms/one")
		}
	}
	return nil
}

// Bear gives a target its token, or what gets it one.
func (k *Tokens) Bear(t *Target, w Wallet) error {
	if err := k.checked(); err != nil || *k == (Tokens{}) {
		return err
	}
	if t.Options.URL == "" {
		return errors.New("a token goes into a header of HTTP, and this server is not reached by a --url")
	}
	if t.Options.Header.Get("Authorization") != "" {
		return errors.New("there is an Authorization --header already, and a request shows one token")
	}
	switch {
	case k.Env != "":
		token := w.Getenv(k.Env)
		if token == "" {
			return fmt.Errorf("--bearer-env %s: the environment has no such variable, or it is empty", k.Env)
		}
		w.Hide("--bearer-env "+k.Env, token)
		t.Options.Header.Set("Authorization", "Bearer "+token)
		return nil
	case k.Command != "":
		t.Options.Bearer = w.source(bearer.Command(k.Command))
		return nil
	}
	client, err := k.oauth(t.Options.URL, w)
	if err == nil {
		t.Options.Bearer = w.source(client)
	}
	return err
}

// oauth is a client of an authorization server.
func (k *Tokens) oauth(resource string, w Wallet) (*bearer.Client, error) {
	c := &bearer.Client{Resource: resource, ID: k.ClientID, Scope: k.Scope, Issuer: k.Issuer}
	if k.SecretEnv != "" {
		if c.Secret = strings.TrimSpace(w.Getenv(k.SecretEnv)); c.Secret == "" {
			return nil, fmt.Errorf("--oauth-client-secret-env %s: the environment has no such variable, or it is empty",
				k.SecretEnv)
		}
		w.Hide("--oauth-client-secret-env "+k.SecretEnv, c.Secret)
	}
	c.Found = func(i bearer.Issuing) {
		w.Say("tokens for %s come from %s", i.Resource, i.Endpoint)
	}
	return c, nil
}

// source has tokens of a getter, none of which is ever shown.
func (w Wallet) source(get bearer.Getter) *bearer.Source {
	s := bearer.New(get, func(token string) { w.Hide("", token) }, func(text string) { w.Say("warning: %s", text) })
	w.Hold(s)
	return s
}

var _ wire.Bearer = (*bearer.Source)(nil)
var _ wire.Asking = (*bearer.Source)(nil)
