package main

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/apikey"
)

// Values shorter than this are no secrets: taking every "1" or "http" out of a
// document would leave nothing to read. Where the name says that it is one, it may
// be shorter.
const (
	shortestNamed = 4
	shortest      = 8
)

var secretName = regexp.MustCompile(`(?i)auth|key|token|secret|cookie|pass|session|credential`)

// leastOf is how long a value of a name must be to be a secret.
func leastOf(name string) int {
	if secretName.MatchString(name) {
		return shortestNamed
	}
	return shortest
}

// redactor takes out of a text what the flags and the profiles say is secret: the
// values of headers, what a URL carries besides its place, and the environment
// variables that are handed to a server.
func redactor(jobs []job, others ...http.Header) func(string) string {
	var secrets []string
	for _, j := range jobs {
		secrets = append(secrets, headerSecrets(j.options.Header)...)
		secrets = append(secrets, urlSecrets(j.options.URL)...)
		if j.live != nil {
			secrets = append(secrets, j.live.secrets...)
		}
		names := slices.Clone(j.profile.Launch.Env)
		for _, c := range j.profile.Credentials {
			names = append(names, c.Env)
		}
		for _, name := range names {
			if value := os.Getenv(name); len(value) >= shortest && name != "PATH" && name != "HOME" {
				secrets = append(secrets, value)
			}
		}
	}
	for _, h := range others {
		secrets = append(secrets, headerSecrets(h)...)
	}
	return replacing(secrets)
}

// headerSecrets are whole values, and what follows a scheme such as Bearer; of
// Basic also the password inside.
func headerSecrets(h http.Header) []string {
	var secrets []string
	for name, values := range h {
		least := leastOf(name)
		add := func(s string) {
			if len(s) >= least {
				secrets = append(secrets, s)
			}
		}
		for _, v := range values {
			add(v)
			scheme, credentials, ok := strings.Cut(v, " ")
			if !ok {
				continue
			}
			add(strings.TrimSpace(credentials))
			if plain, err := base64.StdEncoding.DecodeString(credentials); err == nil && strings.EqualFold(scheme, "basic") {
				_, password, _ := strings.Cut(string(plain), ":")
				add(string(plain))
				add(password)
			}
		}
	}
	return secrets
}

// urlSecrets are the password and the values of the query.
func urlSecrets(address string) []string {
	u, err := url.Parse(address)
	if err != nil {
		return nil // it is refused where it is used
	}
	var secrets []string
	if password, ok := u.User.Password(); ok {
		secrets = append(secrets, password)
	}
	for name, values := range u.Query() {
		for _, v := range values {
			if len(v) >= leastOf(name) {
				secrets = append(secrets, v)
			}
		}
	}
	return slices.DeleteFunc(secrets, func(s string) bool { return len(s) < shortestNamed })
}

// replacing returns what takes the secrets out of a text, however JSON or a URL
// spells them, or nil where there are none.
func replacing(secrets []string) func(string) string {
	var spellings []string
	for _, s := range secrets {
		spellings = append(spellings, s, url.QueryEscape(s), url.PathEscape(s))
		if text, err := json.Marshal(s); err == nil { // a string always encodes
			spellings = append(spellings, string(text[1:len(text)-1]))
		}
		var plain strings.Builder
		enc := json.NewEncoder(&plain)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(s); err == nil { // as above
			spellings = append(spellings, strings.Trim(plain.String(), "\n")[1:len(strings.Trim(plain.String(), "\n"))-1])
		}
	}
	if len(spellings) == 0 {
		return nil
	}
	// The longest first: a replacer takes the first that fits, and a part of a
	// secret may be one itself.
	slices.SortFunc(spellings, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, s := range slices.Compact(spellings) {
		pairs = append(pairs, s, "[redacted]")
	}
	return strings.NewReplacer(pairs...).Replace
}

// withFamilies also takes out what looks like a key of a known family, whoever's
// it is: a server may have put its own into a message. It is too slow for each
// call of a load.
func withFamilies(redact func(string) string) func(string) string {
	return func(text string) string {
		if redact != nil {
			text = redact(text)
		}
		return apikey.Redact(text)
	}
}
