// Package foreign reads the limits that other tools are configured with, as the laws of
// a promise: Envoy's local and global rate limits, Kong's plugins, Traefik's middlewares,
// nginx' limit_req and limit_conn, the buckets of ToolHive and agentgateway, and the
// arguments that FastMCP's middleware, slowapi, Upstash's limiter and express-rate-limit
// are constructed with.
//
// Most users want Read, and then Import.Profile. The package deliberately reads no
// files and runs nothing: what a configuration computes, it doesn't know, and says so.
package foreign

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/promise"
)

// An Import is what one file says.
type Import struct {
	File     string
	Laws     []Law
	Notes    []Note // what can't be said in laws, or isn't known, by line
	Statuses []int  // HTTP statuses of refusals, beside 429

	traefik []*middleware // whose settings may stand anywhere
	met     []*yaml.Node  // anchors that were read
	below   int           // the line after which an embedded file begins; 0 outside of one
	places  []int         // lines of limits of which each stands for itself
}

// A Law is a law and where it stands.
type Law struct {
	promise.Law
	Line   int
	Source string // what stands there: "limit_req zone=mcp burst=20"
}

// A Note is something that a reader of the promise has to know.
type Note struct {
	Line int
	Text string
}

var (
	jsForm   = regexp.MustCompile(`\.[cm]?[jt]sx?$`)
	yamlForm = regexp.MustCompile(`\.(?:ya?ml|json)$`)
)

// MaxBytes is the largest file that is read.
const MaxBytes = 4 << 20

// Read reads a file by its name and what is in it. It fails where it knows no limit
// there.
func Read(file string, data []byte) (Import, error) {
	in := &Import{File: file}
	if len(data) > MaxBytes {
		return *in, fmt.Errorf("foreign: %s: more than %d bytes: keep the part that has the limits", file, MaxBytes)
	}
	var err error
	switch text := string(data); {
	case strings.HasSuffix(file, ".py"):
		in.python(text)
	case jsForm.MatchString(file):
		in.js(text)
	case yamlForm.MatchString(file):
		err = in.yaml(data)
	case strings.Contains(text, "limit_req") || strings.Contains(text, "limit_conn"):
		err = in.nginx(text)
	case strings.HasSuffix(file, ".toml"):
		in.toml(text)
	default:
		err = in.yaml(data)
	}
	in.middlewares()
	for _, line := range in.places[min(1, len(in.places)):] {
		in.note(line, "another limit than that of line %d, which need not stand before the same server: keep what does",
			in.places[0])
	}
	if err != nil {
		return *in, fmt.Errorf("foreign: %s: %w", file, err)
	}
	if len(in.Laws) == 0 {
		why := ""
		for _, n := range in.Notes {
			why += fmt.Sprintf("; line %d: %s", n.Line, n.Text)
		}
		return *in, fmt.Errorf("foreign: %s: no limit that can be read%s", file, why)
	}
	if len(in.Laws) > promise.MaxLaws {
		return *in, fmt.Errorf("foreign: %s: %d limits, at most %d: keep the part that guards the MCP server", file,
			len(in.Laws), promise.MaxLaws)
	}
	slices.SortStableFunc(in.Notes, func(a, b Note) int { return a.Line - b.Line })
	return *in, nil
}

// law adds a law, or a note where no server can promise it, or it stands there already.
func (in *Import) law(line int, source string, l promise.Law) {
	if err := l.Validate(); err != nil {
		in.note(line, "%s: %s", source, err)
		return
	}
	for _, other := range in.Laws {
		if other.Line == line && other.Source == source && other.Law.String() == l.String() {
			return // what is merged into several stands there once
		}
		if other.Law.String() == l.String() {
			in.note(line, "%s: the same limit as in line %d; if it has a counter of its own, only one of the two "+
				"was taken", source, other.Line)
			return
		}
	}
	in.Laws = append(in.Laws, Law{Law: l, Line: line, Source: source})
}

// place notes that a limit stands for itself: a file may have several, for several servers.
func (in *Import) place(line int) { in.places = append(in.places, line) }

// untaken notes a law that stands there, and why it isn't taken.
func (in *Import) untaken(line int, source string, l promise.Law, format string, args ...any) {
	in.note(line, "%s: %s isn't taken: %s", source, l, fmt.Sprintf(format, args...))
}

func (in *Import) note(line int, format string, args ...any) {
	n := Note{Line: line, Text: fmt.Sprintf(format, args...)}
	if !slices.Contains(in.Notes, n) {
		in.Notes = append(in.Notes, n)
	}
}

func (in *Import) status(code int) {
	if code != 0 && code != 429 && !slices.Contains(in.Statuses, code) {
		in.Statuses = append(in.Statuses, code)
	}
}

// Promise is the laws alone.
func (in Import) Promise() promise.Promise {
	var p promise.Promise
	for _, l := range in.Laws {
		p = append(p, l.Law)
	}
	return p
}

// Profile is a profile with the promise, each law below the file and line that it was
// read from, and at its end what isn't said in it.
func (in Import) Profile(name string) []byte {
	var b strings.Builder
	from := filepath.Base(in.File)
	fmt.Fprintf(&b, "name: %s\ndoc: %s\npromise:\n", name, quoted("What "+from+" promises."))
	for _, l := range in.Laws {
		fmt.Fprintf(&b, "  # %s:%d: %s\n  - %s\n", from, l.Line, oneLine(l.Source), quoted(l.Law.String()))
	}
	if len(in.Statuses) > 0 {
		fmt.Fprintf(&b, "refusal: {statuses: [%s]}\n",
			strings.Trim(strings.ReplaceAll(fmt.Sprint(in.Statuses), " ", ", "), "[]"))
	}
	for _, n := range in.Notes {
		fmt.Fprintf(&b, "# %s:%d: %s\n", from, n.Line, oneLine(n.Text))
	}
	return []byte(b.String())
}

// quoted is a text as YAML has it in single quotes.
func quoted(s string) string { return "'" + strings.ReplaceAll(oneLine(s), "'", "''") + "'" }

// oneLine is a text without what would end a line, or draw on a screen.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029 {
			return ' '
		}
		return c
	}, s)
}

// keyOf is the key that a header makes, by its name.
func keyOf(header string) (promise.Key, bool) {
	switch strings.ReplaceAll(strings.ToLower(header), "_", "-") {
	case "authorization", "x-api-key", "api-key", "apikey", "x-consumer-id", "x-user-id", "x-client-id", "cookie":
		return promise.Key{promise.Credential}, true
	case "mcp-session-id":
		return promise.Key{promise.Session}, true
	case "mcp-method":
		return promise.Key{promise.Method}, true
	case "mcp-name":
		return promise.Key{promise.Tool}, true
	}
	return nil, false
}
