package main

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/printable"
	"github.com/mcpload/mcpload/profiles"
)

// A secretBook knows what this invocation must not show, from the moment that it
// is read. Everything that a server says goes through its redactor as it comes in,
// and everything that we print, store or draw as it goes out. The zero value knows
// the keys that are known by their shape.
type secretBook struct {
	mu       sync.Mutex
	values   []string
	redactor atomic.Pointer[apikey.Redactor]
	known    atomic.Pointer[remembered]
}

// remembered are texts and what is left of them: servers say the same few things
// again and again.
type remembered struct {
	sync.Map
	n atomic.Int64
}

// mostRemembered bounds how many texts are remembered, and longestRemembered how
// long they are, in bytes.
const (
	mostRemembered    = 4096
	longestRemembered = 1024
)

// add registers values.
func (b *secretBook) add(values ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.values)
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(b.values, v) {
			b.values = append(b.values, v)
		}
	}
	if len(b.values) > n {
		b.redactor.Store(apikey.NewRedactor(b.values...))
		b.known.Store(&remembered{})
	}
}

// redact takes the secrets out of a text.
func (b *secretBook) redact(text string) string {
	if text == "" || len(text) > longestRemembered {
		return b.redactor.Load().Redact(text)
	}
	known := b.known.Load()
	if known == nil {
		b.known.CompareAndSwap(nil, &remembered{})
		known = b.known.Load()
	}
	if clean, ok := known.Load(text); ok {
		return clean.(string)
	}
	clean := b.redactor.Load().Redact(text)
	if known.n.Add(1) <= mostRemembered {
		known.Store(text, clean)
	}
	return clean
}

// clean takes the secrets out of a text, and makes what is left of it fit to be
// printed.
func (a *app) clean(text string) string { return printable.Text(a.secrets.redact(text)) }

// hide registers a credential by the name that people know it by, which a warning
// about a short one says.
func (a *app) hide(name string, values ...string) {
	a.secrets.add(values...)
	if slices.ContainsFunc(values, func(v string) bool { return strings.TrimSpace(v) != "" && apikey.Short(v) }) {
		a.say("warning: %s has a value of fewer than 8 characters: it is taken out of results only where it stands alone as a word", name)
	}
}

// hideHeaders registers what may be a credential in headers.
func (a *app) hideHeaders(flag string, h http.Header) {
	for name, values := range h {
		a.hide(flag+" "+name, apikey.InHeaders(http.Header{name: values})...)
	}
}

// hideEnv registers the variables that are handed to a server: those of its
// profile, and of the whole environment those whose names say what they are.
func (a *app) hideEnv(p profiles.Profile) {
	plain := map[string]bool{}
	names := slices.Clone(p.Launch.Env)
	for _, c := range p.Credentials {
		names = append(names, c.Env)
		if provider, err := apikey.Lookup(c.Provider); err == nil && !provider.Secret() {
			plain[c.Env] = true
		}
	}
	for _, name := range names {
		if value := os.Getenv(name); value != "" && !plain[name] && apikey.NamesSecret(name) {
			a.hide("$"+name, value)
		}
	}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		a.secrets.add(apikey.InURL(value)...)
		if !plain[name] && apikey.NamesSecret(name) && !apikey.Short(value) && !strings.HasPrefix(value, "/") && !strings.Contains(value, "://") {
			a.secrets.add(value)
		}
	}
}

// hideIdentities registers what tells clients apart, where that is a credential.
func (a *app) hideIdentities(h clientHeader, clients int) error {
	if h.name == "" || !strings.Contains(h.value, "$") && !apikey.NamesSecret(h.name) {
		return nil
	}
	for n := 1; n <= clients; n++ {
		value, err := h.of(n)
		if err != nil {
			return err
		}
		a.hideHeaders("--client-header", http.Header{h.name: {value}})
	}
	return nil
}
