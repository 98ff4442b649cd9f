package audit

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/verdict"
)

// A Guise is how a call that is part of a trick differs from a plain one. The zero value
// is a plain call in the client's first session.
type Guise struct {
	Header map[string]string                         // headers that it carries beside, or in place of, the session's own
	Spell  func(name, value string) (spelled string) // how a header of the session's own is spelled; nil: as it is
	ID     func(n int64) (id int64, text bool)       // the nth id, and if it is sent as a text; nil: as it is
	From   string                                    // source address of its connection; empty: any
	Opens  bool                                      // it is sent in a session of its own
	Client *Client                                   // which the session is opened as; nil: as ours
	Speaks string                                    // the revision that the session asks for; empty: the first session's
	HTTP2  bool                                      // its session speaks HTTP/2
	Stream bool                                      // its session listens to the server's stream
	Batch  int                                       // so many calls in one message; 0: each alone
	Counts bool                                      // its reply holds a number, which becomes the call's Detail
	At     int                                       // its session is with the nth url, from 2; 0: the first
}

// A Client is what a client says of itself.
type Client struct{ Name, Version, Agent string }

// Own reports if calls in a guise need a session that is not the client's first.
func (g Guise) Own() bool { return g.Opens || g.From != "" }

// same reports if nothing in a guise says who a client is.
func (g Guise) same() bool { return !g.Own() && g.Header == nil }

// Plain reports if calls in a guise are like any others.
func (g Guise) Plain() bool {
	return g.Header == nil && g.Spell == nil && g.ID == nil && !g.Own() && g.Batch == 0 && !g.Counts
}

// GuiseOf is the guise of the calls of a session: see verdict.TrickOf. It reports false
// for a session that is no trick's.
func GuiseOf(session string) (Guise, bool) {
	name, value := verdict.TrickOf(session)
	if name == "" {
		return Guise{}, false
	}
	for _, t := range tricks() {
		if t.name == name {
			n, err := strconv.Atoi(value)
			if err != nil {
				n = 1
			}
			return t.guise(n), true
		}
	}
	if name == verdict.Counter {
		return Guise{Counts: true}, true
	}
	n := 0
	if _, err := fmt.Sscanf(name, verdict.Replica+"%d ", &n); err == nil && n > 1 {
		return Guise{Opens: true, At: n}, true
	}
	for _, prefix := range []string{rest, flood, atOnce, staying, method} {
		if strings.HasPrefix(name, prefix) {
			return Guise{}, true
		}
	}
	return Guise{}, false
}

// What the names of tricks begin with whose calls are plain ones.
const (
	rest    = "a rest of "
	flood   = "a flood of "
	atOnce  = "calls at once: "
	staying = "staying at the limit"
	method  = "the method "
)

// A trickForm is a trick whose calls are of another form than plain ones.
type trickForm struct {
	name  string
	guise func(n int) Guise // of the nth value, from 1
}

// address is the nth of those that documentation may use (RFC 5737).
func address(n int) string { return "198.51.100." + strconv.Itoa(1+n%250) }

func number(text string) func(int) string {
	return func(n int) string { return text + strconv.Itoa(n) }
}

// forgeries are the headers that say who a client is and that anybody can write.
func forgeries() []trickForm {
	header := func(name string, value func(n int) string) trickForm {
		return trickForm{name, func(n int) Guise { return Guise{Header: map[string]string{name: value(n)}} }}
	}
	list := []trickForm{header("X-Forwarded-For", address),
		header("Forwarded", func(n int) string { return "for=" + address(n) })}
	for _, name := range []string{"X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip"} {
		list = append(list, header(name, address))
	}
	return append(list,
		header("X-Client-Id", number("audit-")),
		header("Origin", func(n int) string { return "http://localhost:" + strconv.Itoa(10_000+n) }),
		header("Cookie", number("session=audit-")),
		header("Mcp-Session-Id", number("audit-made-up-")))
}

// respelled are other spellings of the credential that is sent anyway.
func respelled() []trickForm {
	scheme := func(change func(scheme, rest string) string) func(name, value string) string {
		return func(name, value string) string {
			first, rest, ok := strings.Cut(value, " ")
			if http.CanonicalHeaderKey(name) != "Authorization" || !ok {
				return value
			}
			return change(first, rest)
		}
	}
	return []trickForm{
		{"credential with its scheme in lower case", func(int) Guise {
			return Guise{Spell: scheme(func(s, rest string) string { return strings.ToLower(s) + " " + rest })}
		}},
		{"credential after two spaces", func(int) Guise {
			return Guise{Spell: scheme(func(s, rest string) string { return s + "  " + rest })}
		}},
	}
}

// addresses are other source addresses of this machine.
func addresses() []trickForm {
	return []trickForm{{"source address", func(n int) Guise { return Guise{From: "127.0.0." + strconv.Itoa(1+n)} }}}
}

// idForms are ids of other kinds.
func idForms() []trickForm {
	return []trickForm{
		{"id above 20,000,000", func(int) Guise { return Guise{ID: func(n int64) (int64, bool) { return 20_000_000 + n, false }} }},
		{"id that is a text", func(int) Guise {
			return Guise{ID: func(n int64) (int64, bool) { return 1<<40 + n, true }}
		}},
		{"negative id", func(int) Guise { return Guise{ID: func(n int64) (int64, bool) { return -1<<40 - n, false }} }},
		{"id above 2^52", func(int) Guise { return Guise{ID: func(n int64) (int64, bool) { return 1<<52 + n, false }} }},
	}
}

// clients are programs that speak MCP, as they say who they are.
var clients = []Client{
	{"claude-ai", "0.1.0", "claude-ai/0.1.0"},
	{"Visual Studio Code", "1.103.0", "node"},
	{"cursor-vscode", "1.0.0", "Cursor/1.4.2"},
	{"mcp", "0.1.0", "python-httpx/0.28.1"},
}

func disguises() []trickForm {
	var list []trickForm
	for _, c := range clients {
		list = append(list, trickForm{"another client (" + c.Name + ")", func(int) Guise { return Guise{Opens: true, Client: &c} }})
	}
	return list
}

func spoken() []trickForm {
	var list []trickForm
	for _, r := range revision.All() {
		list = append(list, trickForm{"revision " + r, func(int) Guise { return Guise{Opens: true, Speaks: r} }})
	}
	return append(list,
		trickForm{"session with a GET stream", func(int) Guise { return Guise{Opens: true, Stream: true} }},
		trickForm{"session over HTTP/2", func(int) Guise { return Guise{Opens: true, HTTP2: true} }})
}

// batched is how many calls a batch holds.
const batched = 10

// batchRevision is the one that has batches; those before and after it may take them.
const batchRevision = revision.R2503

func batches() []trickForm {
	name := "batch of " + strconv.Itoa(batched)
	return []trickForm{
		{name, func(int) Guise { return Guise{Batch: batched} }},
		{name + " in revision " + batchRevision, func(int) Guise {
			return Guise{Batch: batched, Opens: true, Speaks: batchRevision}
		}}}
}

// replica is the nth url, from 2. What may be secret in a url isn't of its host.
func replica(n int, host string) trickForm {
	return trickForm{name: fmt.Sprintf("%s%d (%s)", verdict.Replica, n, host)}
}

// ownSession is the trick of having many sessions.
const ownSession = "session of its own"

// plainForms are tricks whose calls differ in what they call, and not in how.
var plainForms = []string{newArguments, otherOrder, otherCase, spaced, spacedAfter}

// tricks are all those whose calls are of another form, made once: every call asks.
var tricks = sync.OnceValue(func() []trickForm {
	list := []trickForm{{ownSession, func(int) Guise { return Guise{Opens: true} }}}
	for _, some := range [][]trickForm{forgeries(), respelled(), addresses(), idForms(), disguises(), spoken(), batches()} {
		list = append(list, some...)
	}
	for _, name := range plainForms {
		list = append(list, trickForm{name, func(int) Guise { return Guise{} }})
	}
	return list
})
