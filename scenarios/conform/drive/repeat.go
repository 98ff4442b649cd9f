package drive

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// Again is what a shell needs to reach a server once more as we did. Its zero value
// will do for one that is reached without anything beside its URL: what may be secret
// is then a variable that the shell asks for.
type Again struct {
	Curl    string            // words of curl's, quoted for a shell, such as --cacert and a file
	Header  map[string]string // by name, the values of our own headers as they stand in double quotes: Bearer $TOKEN
	Other   map[string]string // those of somebody else
	Command string            // that starts a server over stdio, quoted for a shell; empty: $SERVER
	Open    bool              // the URL's query holds nothing secret
	Alone   bool              // only the request, without what begins its session and what it is written to
}

// variable is what stands in double quotes for a value that isn't shown: the shell says
// what it misses, and sends nothing wrong.
func variable(name, what string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	return "${" + strings.TrimLeft(name, "_0123456789") + ":?" + what + "}"
}

// spelt is the value of one of the user's own headers, as it stands in double quotes.
func (c *Config) spelt(r *conform.Request, name, value string) string {
	known, whose := c.Again.Header, "your"
	if r.Other {
		known, whose = c.Again.Other, "the other's"
	}
	if text, ok := known[name]; ok {
		return text
	}
	if scheme, _, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "bearer") {
		return scheme + " " + variable("TOKEN", whose+" token")
	}
	return variable(name, whose+" "+name)
}

// Escaped is a text as it stands in double quotes.
func Escaped(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(s)
}

// place is a URL for a shell, with a variable for each part that may be secret, and what
// curl needs beside it.
func (c *Config) place(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return `"` + variable("URL", "the URL") + `"`
	}
	more := ""
	if u.User != nil {
		u.User, more = nil, `-u "`+variable("LOGIN", "user:password, as in your --url")+`" `
	}
	if strings.ContainsAny(target, "[]{}") {
		more += "-g "
	}
	if c.Again.Open || u.RawQuery == "" {
		return more + quoted(u.String())
	}
	query := u.RawQuery
	u.RawQuery, u.ForceQuery = "", false
	var pairs []string
	for _, pair := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		pairs = append(pairs, Escaped(name)+"="+variable(name, name+", as in your --url"))
	}
	return more + `"` + Escaped(u.String()) + "?" + strings.Join(pairs, "&") + `"`
}

// A minted session is one that the server gave us: what to send to have another one.
type minted struct {
	first conform.Request   // that it was given for
	then  []conform.Request // what made it what it was: notifications/initialized, DELETE
}

// Repeat implements conform.Line: what curl has to send. A request of a session, which
// is closed by then, opens another one first. Nothing secret is in it.
func (l *httpLine) Repeat(r conform.Request) string {
	var b strings.Builder
	if m, ok := l.mintedAt(r.Header.Get("Mcp-Session-Id")); ok && !l.config.Again.Alone {
		b.WriteString("SESSION=$(" + l.curl(m.first) + ` | tr -d '\r' | ` +
			`awk 'tolower($1) == "mcp-session-id:" {print $2}'); `)
		for _, q := range until(m.then, &r) {
			b.WriteString(l.curl(q) + " >/dev/null; ")
		}
	}
	return b.String() + l.curl(r)
}

// mintedAt is a session of this line as it is now.
func (l *httpLine) mintedAt(id string) (minted, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, ok := l.sessions[id]
	return m, ok
}

// An opening is what has begun the session of a line.
type opening struct {
	mu   sync.Mutex
	list []conform.Request
}

// begins reports if a message is one that a session begins with.
func begins(body []byte) bool {
	return bytes.Contains(body, []byte(`"method":"initialize"`)) ||
		bytes.Contains(body, []byte(`"method":"notifications/initialized"`))
}

func (o *opening) note(r *conform.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if begins(r.Body) {
		o.list = append(o.list, *r)
	}
}

// before is what was sent before a request to begin its session.
func (o *opening) before(r *conform.Request) []conform.Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return until(o.list, r)
}

// until is a list without its last one, where that is the request itself.
func until(list []conform.Request, r *conform.Request) []conform.Request {
	if n := len(list); n > 0 && list[n-1].Verb == r.Verb && bytes.Equal(list[n-1].Body, r.Body) {
		list = list[:n-1]
	}
	return slices.Clone(list)
}

// curl is the call of curl for one request.
func (l *httpLine) curl(r conform.Request) string {
	var b strings.Builder
	before, body := bodyOf(r.Body)
	b.WriteString(before + "curl -isS")
	switch verb := cmp.Or(r.Verb, http.MethodPost); {
	case verb == http.MethodHead:
		b.WriteString(" -I")
	default:
		b.WriteString(" -X " + verb)
	}
	if r.Streams {
		fmt.Fprintf(&b, " -N -m %d", max(1, int(r.Within.Seconds()+0.5)))
	}
	if c := l.config.Again.Curl; c != "" {
		b.WriteString(" " + c)
	}
	if strings.HasPrefix(l.config.URL, "https:") && !l.config.Wire.HTTP2 {
		b.WriteString(" --http1.1")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, v := range r.Header[name] {
			switch _, ours := l.mintedAt(v); {
			case name == "Mcp-Session-Id" && ours:
				b.WriteString(` -H "Mcp-Session-Id: $SESSION"`)
			case v == "":
				b.WriteString(" -H " + quoted(name+";"))
			default:
				b.WriteString(" -H " + quoted(name+": "+v))
			}
		}
	}
	if r.Host != "" {
		b.WriteString(" -H " + quoted("Host: "+r.Host))
	}
	own := l.own(r)
	for _, name := range slices.Sorted(maps.Keys(own)) {
		for _, v := range own[name] {
			if r.Header[name] == nil {
				fmt.Fprintf(&b, ` -H "%s: %s"`, name, l.config.spelt(&r, name, v))
			}
		}
	}
	for _, name := range []string{"Accept", "Content-Type"} { // which curl adds by itself
		if r.Header[name] == nil && own[name] == nil && (name == "Accept" || body != "") {
			b.WriteString(" -H '" + name + ":'")
		}
	}
	target, err := l.target(r)
	if err != nil {
		target = l.config.URL
	}
	return b.String() + body + " " + l.config.place(target)
}

// longestBody is how much of a body a line has, in bytes, and longestRun how many of one
// byte after each other stand in it as they are.
const (
	longestBody = 4 << 10
	longestRun  = 256
)

// bodyOf is how a body is given to curl: what makes it, before it, and its own words.
func bodyOf(body []byte) (before, words string) {
	switch {
	case len(body) == 0:
		return "", ""
	case plain(body):
		return "", " --data-raw " + quoted(string(body))
	}
	return printing(body) + " | ", " --data-binary @-"
}

// plain reports if a text can stand in a line as it is.
func plain(text []byte) bool {
	return len(text) <= longestBody && utf8.Valid(text) && !bytes.ContainsFunc(text, func(r rune) bool {
		return r < ' ' || r == 0x7f
	})
}

// printing is a command that prints a text that can't stand in a line as it is: bytes by
// their numbers, and long runs of one byte counted. One that is long all the same is cut,
// and says so.
func printing(text []byte) string {
	var parts []string
	var rest []byte
	flush := func() {
		if len(rest) > 0 {
			parts = append(parts, "printf "+quoted(octal(rest)))
		}
		rest = nil
	}
	kept := 0
	for len(text) > 0 && kept < longestBody {
		n := len(text) - len(bytes.TrimLeft(text, string(text[:1])))
		if text[0] >= utf8.RuneSelf || n <= longestRun {
			rest = append(rest, text[:max(1, min(n, longestRun))]...)
			kept += max(1, min(n, longestRun))
			text = text[max(1, min(n, longestRun)):]
			continue
		}
		flush()
		parts = append(parts, fmt.Sprintf("head -c %d /dev/zero | tr '\\0' %s", n, quoted(octal(text[:1]))))
		text = text[n:]
	}
	flush()
	if len(text) > 0 {
		parts = append(parts, fmt.Sprintf(": cut here, %d bytes are missing", len(text)))
	}
	return "{ " + strings.Join(parts, "; ") + "; }"
}

// octal is a text as printf and tr read it.
func octal(text []byte) string {
	var b strings.Builder
	for _, c := range text {
		if c < ' ' || c >= 0x7f || c == '\\' || c == '%' {
			fmt.Fprintf(&b, `\%03s`, strconv.FormatUint(uint64(c), 8))
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// quoted is a word as a shell takes it.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// lineOf is a command that prints one line.
func lineOf(body []byte) string {
	if body = bytes.TrimRight(body, "\n"); plain(body) {
		return `printf '%s\n' ` + quoted(string(body))
	}
	return printing(body) + "; echo"
}

// listenFor is how long a line that repeats something listens for an answer, in seconds.
const listenFor = 2

// Repeat implements conform.Line: what begins a session, and the line, written to the
// command that starts the server.
func (l *stdioLine) Repeat(r conform.Request) string {
	if l.config.Again.Alone {
		return lineOf(r.Body)
	}
	var b strings.Builder
	for _, q := range l.opening.before(&r) {
		b.WriteString(lineOf(q.Body) + "; ")
	}
	return fmt.Sprintf("{ %s%s; sleep %d; } | %s", b.String(), lineOf(r.Body), listenFor,
		cmp.Or(l.config.Again.Command, `sh -c "`+variable("SERVER", "the command of the server")+`"`))
}

// Repeat implements conform.Line: a stream whose first event names where to post, what
// begins a session, and the request.
func (l *sseLine) Repeat(r conform.Request) string {
	if r.Verb != "" || r.Path != "" || l.config.Again.Alone {
		return l.httpLine.Repeat(r)
	}
	get := &httpLine{config: l.from}
	open := get.curl(conform.Request{Verb: http.MethodGet, Header: http.Header{"Accept": {"text/event-stream"}}})
	var b strings.Builder
	fmt.Fprintf(&b, `S=$(mktemp); %s -N -m %d >"$S" & sleep 1; `, open, 2*listenFor+1)
	b.WriteString(`TO=$(tr -d '\r' <"$S" | awk 'sub(/^data: */, "") {print; exit}'); `)
	if u, err := url.Parse(l.from.URL); err == nil {
		fmt.Fprintf(&b, `case $TO in /*) TO=%s$TO;; esac; `, quoted(u.Scheme+"://"+u.Host))
	}
	for _, q := range append(l.opening.before(&r), r) {
		words := strings.TrimSuffix(l.curl(q), " "+l.config.place(l.config.URL))
		b.WriteString(words + ` "$TO" >/dev/null; sleep 1; `)
	}
	return b.String() + `wait; cat "$S"`
}
