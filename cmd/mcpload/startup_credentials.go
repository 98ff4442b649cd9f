package main

import (
	"fmt"
	"strings"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/profiles"
)

// withCredentials turns NAME=PROVIDER into credentials.
func withCredentials(required, optional, oneOf []string) ([]profiles.Credential, error) {
	var list []profiles.Credential
	groups := map[string]string{} // by the text
	for i, text := range oneOf {
		for one := range strings.SplitSeq(text, ",") {
			required = append(required, one)
			groups[one] = fmt.Sprint("one of ", i+1)
		}
	}
	for i, text := range append(append([]string(nil), required...), optional...) {
		c, err := parseCredential(text)
		if err != nil {
			return nil, err
		}
		c.Required, c.OneOf = i < len(required), groups[text]
		for _, other := range list {
			if other.Env == c.Env {
				return nil, fmt.Errorf("credential %s is given twice", c.Env)
			}
		}
		list = append(list, c)
	}
	return list, nil
}

// parseCredential reads NAME=PROVIDER.
func parseCredential(text string) (profiles.Credential, error) {
	name, provider, ok := strings.Cut(text, "=")
	if !ok || !envName.MatchString(name) || provider == "" {
		// What stands behind the = may be a key that somebody gave by mistake.
		return profiles.Credential{}, hint.New(fmt.Errorf("--credential %q is not of the form NAME=PROVIDER", name), "such as OPENAI_API_KEY=openai; never the value itself")
	}
	return profiles.Credential{Env: name, Provider: provider}, nil
}

// asks reports if the flags name a credential.
func (f *startFlags) asks() bool { return len(f.credentials)+len(f.optional)+len(f.oneOf) > 0 }

// ownProviders are those of a file and of the profile.
func (f *startFlags) ownProviders(p profiles.Profile) ([]apikey.Provider, error) {
	own, err := ownProviders(f.providers)
	if err != nil {
		return nil, err
	}
	more, err := compiled(p.Providers)
	return append(own, more...), err
}
