package drive

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
)

// A Reach is how a command line has us reach a server, from which follows how a shell does.
type Reach struct {
	URL        string
	Connection *target.Connection
	Tokens     *target.Tokens
	Headers    []string // as they were given, with $NAME for what is taken from the environment
	Env        []string
	OtherEnv   string         // variable that holds somebody else's token
	Look       invoked.Lookup // finds variables of the environment
}

// Again is how a shell reaches the server once more, or starts it by the command.
func (f *Reach) Again(command []string) Again {
	a := Again{Curl: f.curl(), Header: map[string]string{}, Other: map[string]string{},
		Command: f.commandLine(command), Open: len(apikey.InURL(f.URL)) == 0}
	for _, text := range f.Headers {
		name, literal, _ := strings.Cut(text, ":")
		name, literal = http.CanonicalHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(literal)
		if value, ok := (invoked.Flag{Name: "header", Value: text}).InShell(); ok {
			a.Header[name] = value
		} else if !invoked.Variable.MatchString(literal) && apikey.InHeaders(http.Header{name: {literal}}) == nil {
			a.Header[name] = Escaped(literal)
		}
	}
	switch {
	case f.Tokens.Env != "":
		a.Header["Authorization"] = "Bearer $" + f.Tokens.Env
	case f.Tokens.Command != "":
		a.Header["Authorization"] = "Bearer $(" + f.Tokens.Command + ")"
	}
	if f.OtherEnv != "" {
		a.Other["Authorization"] = "Bearer $" + f.OtherEnv
	}
	return a
}

// proxied are the variables of the environment by which curl takes a proxy, and we don't.
var proxied = []string{"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}

// curl is what curl needs to connect as we do, quoted for a shell.
func (f *Reach) curl() string {
	c := f.Connection
	var words []string
	add := func(flag, value string) {
		if value != "" {
			words = append(words, flag, invoked.Quoted(value))
		}
	}
	if c.Insecure {
		words = append(words, "-k")
	}
	add("--cacert", c.CACert)
	add("--cert", c.Cert)
	add("--key", c.Key)
	add("--unix-socket", c.Socket)
	if u, err := url.Parse(c.Proxy); err == nil && c.Proxy != "" {
		if u.User != nil {
			words = append(words, `--proxy-user "${PROXY_LOGIN:?user:password, as in your --proxy}"`)
		}
		u.User = nil
		add("--proxy", u.String())
	}
	if c.Proxy == "" {
		for _, name := range proxied {
			if value, _ := f.Look(name); value != "" {
				words = append(words, "--noproxy '*'")
				break
			}
		}
	}
	switch {
	case c.HTTP == "2" && strings.HasPrefix(f.URL, "https:"):
		words = append(words, "--http2")
	case c.HTTP == "2":
		words = append(words, "--http2-prior-knowledge")
	}
	return strings.Join(words, " ")
}

// commandLine is the command that starts the server, quoted for a shell; empty where the
// user gave none. What may be secret of it is a variable.
func (f *Reach) commandLine(command []string) string {
	if len(command) == 0 {
		return ""
	}
	var words []string
	for _, pair := range f.Env {
		switch name, value, set := strings.Cut(pair, "="); {
		case set && invoked.Private(name, value):
			words = append(words, fmt.Sprintf(`%s="${%s:?its value in your --env}"`, name, name))
		case set:
			words = append(words, name+"="+invoked.Quoted(value))
		}
	}
	for i, word := range command {
		if invoked.Shown(command, i) {
			words = append(words, invoked.Quoted(word))
			continue
		}
		words = append(words, fmt.Sprintf(`"${WORD%d:?word %d of your command}"`, i+1, i+1))
	}
	return strings.Join(words, " ")
}
