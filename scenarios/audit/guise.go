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
	// headers that it carries beside, or in place of, the session's own
	Header map[string]string
	Fresh  map[string]string                         // those whose value is new in each call: a format of its number
	Spell  func(name, value string) (spelled string) // how a header of the session's own is spelled; nil: as it is
	ID     func(n int64) (id int64, spelt string)    // the nth id, and the JSON that is sent for it; nil: as it is
	From   string                                    // source address of its connection; empty: any
	Opens  bool                                      // it is sent in a session of its own
	Client *Client                                   // which the session is opened as; nil: as ours
	// the capability that its session declares, of those that programs with a user have; empty:
	// those of the first session
	Declares string
	// the revision that the session asks for; empty: the first session's
	Speaks    string
	HTTP2     bool                     // its session speaks HTTP/2
	Body      func(body []byte) []byte // writes its message in another way; nil: as it is
	Says      bool                     // its message says who a client is
	Escapes   bool                     // its method is spelled with escapes
	Method    string                   // the HTTP method; empty: POST
	Chunks    bool                     // its message goes in chunks
	Without   []string                 // headers that are left out
	Host      string                   // the name of the server that is asked for; empty: the url's
	Old       bool                     // it goes as HTTP/1.0
	Carried   bool                     // its message can be read as another request, whose result is no call's
	Cancels   bool                     // it is said to be cancelled once it is answered
	Notes     []string                 // notifications that are sent once it is answered
	Small     bool                     // the names of its headers are in small letters
	Recase    string                   // the header whose value is in another case; empty: none is
	Reordered bool                     // its headers come in another order
	Cased     bool                     // its method, or its members, are in another case
	Ends      bool                     // its session is opened and ended, and the call goes by the first session
	Place     func(url string) string  // spells the url of its session in another way; nil: as it is
	Transport string                   // of its session, such as sse; empty: the first session's
	Stream    bool                     // its session listens to the server's stream
	Batch     int                      // so many calls in one message; 0: each alone
	Counts    bool                     // its reply holds a number, which becomes the call's Detail
	At        int                      // its session is with the nth url, from 2; 0: the first
	Begins    bool                     // its session is opened once the server has been restarted
	Elsewhere bool                     // its connections may come from another address of this machine
}

// A Client is what a client says of itself.
type Client struct{ Name, Version, Agent string }

// Own reports if calls in a guise need a session that is not the client's first.
func (g Guise) Own() bool { return g.Opens || g.From != "" }

// same reports if nothing in a guise says who a client is.
func (g Guise) same() bool {
	return !g.Own() && g.Header == nil && g.Fresh == nil && !g.Says && g.Recase == ""
}

// otherSession reports if calls in a guise say that they are another session's.
func (g Guise) otherSession() bool { return g.Header[sessionHeader] != "" || g.Recase == sessionHeader }

const sessionHeader = "Mcp-Session-Id"

// Plain reports if calls in a guise are like any others.
func (g Guise) Plain() bool {
	return g.Alike() && !g.Own() && g.Batch == 0 && !g.Counts
}

// Alike reports if the requests of calls in a guise are like those of plain ones.
func (g Guise) Alike() bool {
	return g.Header == nil && g.Fresh == nil && g.Spell == nil && g.ID == nil && g.Body == nil && g.Method == "" &&
		!g.Chunks && g.Without == nil && g.Host == "" && !g.Old && !g.Cancels && g.Notes == nil && !g.Small &&
		g.Recase == "" && !g.Reordered
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
	if name == verdict.Restarting {
		return Guise{Opens: true, Begins: true}, true
	}
	if name == verdict.Counter {
		return Guise{Counts: true}, true
	}
	n := 0
	if _, err := fmt.Sscanf(name, verdict.Replica+"%d ", &n); err == nil && n > 1 {
		return Guise{Opens: true, At: n}, true
	}
	for _, prefix := range []string{rest, flood, atOnce, staying, method, otherTool, after, otherValue} {
		if strings.HasPrefix(name, prefix) {
			return Guise{}, true
		}
	}
	return Guise{}, false
}

// What the names of tricks begin with whose calls are plain ones.
const (
	rest    = verdict.Rest
	flood   = "a flood of "
	atOnce  = "calls at once: "
	staying = verdict.Staying
	method  = "the method "

	otherTool = "the tool "
	after     = "a plain call after "

	otherValue = "other values of its argument "
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

// header is a header with a value that is new each time.
func header(name string, value func(n int) string) trickForm {
	return trickForm{name, func(n int) Guise { return Guise{Header: map[string]string{name: value(n)}} }}
}

// forwarding are the headers by which a proxy says what address a client has.
func forwarding() []trickForm {
	list := []trickForm{header("X-Forwarded-For", address),
		header("Forwarded", func(n int) string { return "for=" + address(n) })}
	for _, name := range []string{"X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip", "X-Client-Ip",
		"X-Cluster-Client-Ip", "Fastly-Client-Ip"} {
		list = append(list, header(name, address))
	}
	return append(list, rarer, inside)
}

// inside are all of these with addresses that are nobody's on the internet: a server may let in what
// it takes for its own monitoring or its neighbours.
var inside = trickForm{"address from inside in X-Forwarded-For, X-Real-Ip and their like", func(n int) Guise {
	nearby := []string{"127.0.0.1", "10.0.0.1", "192.168.0.1", "172.16.0.1"}[n%4]
	g := rarer.guise(n)
	for name := range g.Header {
		g.Header[name] = nearby
	}
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip", "X-Client-Ip",
		"X-Cluster-Client-Ip", "Fastly-Client-Ip"} {
		g.Header[name] = nearby
	}
	g.Header["Forwarded"] = "for=" + nearby
	return g
}}

// rarer are headers that say the same, and that fewer programs read.
var rarer = trickForm{"X-Originating-Ip, X-Remote-Addr and their like", func(n int) Guise {
	g := Guise{Header: map[string]string{}}
	for _, name := range []string{"X-Originating-Ip", "X-Remote-Ip", "X-Remote-Addr", "X-Forwarded", "Forwarded-For",
		"X-Original-Forwarded-For", "Client-Ip", "X-Proxyuser-Ip", "Proxy-Client-Ip", "Wl-Proxy-Client-Ip",
		"X-Azure-Clientip", "X-Appengine-User-Ip", "Fly-Client-Ip", "X-Envoy-External-Address",
		"X-Nf-Client-Connection-Ip", "Do-Connecting-Ip", "Cf-Connecting-Ipv6"} {
		g.Header[name] = address(n)
	}
	return g
}}

// reorderedHeaders is a plain call whose headers come in the order that most tricks' headers come in,
// and which comes before them: where that buys calls, theirs tell nothing.
var reorderedHeaders = trickForm{verdict.OtherOrder, func(int) Guise { return Guise{Reordered: true} }}

// forgeries are what says who a client is and that anybody can write.
func forgeries() []trickForm {
	return append(append(append([]trickForm{reorderedHeaders}, forwarding()...), claims()...),
		trickForm{"client in _meta", func(n int) Guise {
			return Guise{Body: saying("audit-" + strconv.Itoa(n)), Says: true}
		}},
		header("User-Agent", number("audit/")),
		header("Accept-Language", func(n int) string { return []string{"fr", "ja"}[n%2] }),
		header("Accept-Encoding", func(n int) string { return []string{"gzip", "identity"}[n%2] }),
		header("X-Request-Id", number("audit-")),
		header("X-Api-Key", number("audit-")),
		header("X-Client-Id", number("audit-")),
		header("Origin", func(n int) string { return []string{"null", "http://localhost:10001"}[n%2] }),
		header("Cookie", number("session=audit-")),
		trickForm{"made-up Host", func(n int) Guise { return Guise{Host: fmt.Sprintf("audit-%d.example", n)} }},
		header(sessionHeader, number("audit-made-up-")),
		trickForm{sessionHeader + " in another case", func(int) Guise { return Guise{Recase: sessionHeader} }})
}

// madeUp is a credential that nobody gave, where none is sent: a server that asks for none
// may still take it as who somebody is.
var madeUp = trickForm{"made-up credential", func(n int) Guise {
	return Guise{Header: map[string]string{"Authorization": "Bearer audit-" + strconv.Itoa(n)}}
}}

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
	return []trickForm{otherHost(),
		{"source address", func(n int) Guise { return Guise{From: "127.0.0." + strconv.Itoa(1+n)} }}}
}

// idForms are ids of other kinds and sizes.
func idForms() []trickForm {
	number := func(name string, of func(n int64) int64) trickForm {
		return trickForm{name, func(int) Guise {
			return Guise{ID: func(n int64) (int64, string) { return of(n), "" }}
		}}
	}
	spelt := func(name, format string) trickForm {
		return trickForm{name, func(int) Guise {
			return Guise{ID: func(n int64) (int64, string) { return 1<<40 + n, fmt.Sprintf(format, 1<<40+n) }}
		}}
	}
	return []trickForm{
		number("id above 20,000,000", func(n int64) int64 { return 20_000_000 + n }),
		spelt("id that is a text", `"%d"`),
		spelt("id that is a text of no number", `"audit-%x"`),
		spelt("id that is a text of 4 KiB", `"audit-%x-`+strings.Repeat("x", 4<<10)+`"`),
		spelt("id with a fraction", "%d.5"),
		number("negative id", func(n int64) int64 { return -1<<40 - n }),
		number("id above 2^52", func(n int64) int64 { return 1<<52 + n }),
	}
}

// clients are programs that speak MCP, as they say who they are.
var clients = []Client{
	{"claude-ai", "0.1.0", "claude-ai/0.1.0"},
	{"Visual Studio Code", "1.103.0", "node"},
	{"cursor-vscode", "1.0.0", "Cursor/1.4.2"},
	{"mcp", "0.1.0", "python-httpx/0.28.1"},
}

// capabilities are what programs with a user declare, and testers don't.
var capabilities = []string{"elicitation", "roots", "sampling"}

// disguises are sessions of other clients, after one that is ours, and ones that are ours but for
// what they declare: where these get calls as well, it isn't for who the others say they are.
func disguises() []trickForm {
	list := []trickForm{reorderedHeaders,
		{"session of our own that is new", func(int) Guise { return Guise{Opens: true} }}}
	for _, c := range capabilities {
		list = append(list, trickForm{"session of our own that declares " + c,
			func(int) Guise { return Guise{Opens: true, Declares: c} }})
	}
	for _, c := range clients {
		list = append(list, trickForm{"another client (" + c.Name + ")",
			func(int) Guise { return Guise{Opens: true, Client: &c} }})
	}
	return list
}

func spoken() []trickForm {
	list := []trickForm{reorderedHeaders}
	for _, r := range revision.All() {
		list = append(list, trickForm{"revision " + r, func(int) Guise { return Guise{Opens: true, Speaks: r} }})
	}
	return append(list,
		trickForm{"session over HTTP+SSE", func(int) Guise {
			return Guise{Opens: true, Transport: "sse", Speaks: revision.R2411, Place: func(raw string) string {
				if cut, ok := strings.CutSuffix(raw, "/mcp"); ok {
					return cut + "/sse"
				}
				return raw
			}}
		}},
		trickForm{"session with a GET stream", func(int) Guise { return Guise{Opens: true, Stream: true} }},
		trickForm{"session over HTTP/2", func(int) Guise { return Guise{Opens: true, HTTP2: true} }})
}

// batched is how many calls a batch holds.
const batched = 10

// batchRevision is the one that has batches; those before and after it may take them.
const batchRevision = revision.R2503

// batches are sent in sessions of their own, as a server may end the one that a batch comes in:
// what is tried after that would be tried of nothing. Where that makes another client, they are
// sent in the first session too, and after the others.
func batches(apart bool) []trickForm {
	name := "batch of " + strconv.Itoa(batched)
	list := []trickForm{
		{name, func(int) Guise { return Guise{Batch: batched, Opens: true} }},
		{name + " in revision " + batchRevision, func(int) Guise {
			return Guise{Batch: batched, Opens: true, Speaks: batchRevision}
		}}}
	if apart {
		list = append(list, trickForm{name + " in the first session", func(int) Guise { return Guise{Batch: batched} }})
	}
	return list
}

// replica is the nth url, from 2. What may be secret in a url isn't of its host.
func replica(n int, host string) trickForm {
	return trickForm{name: fmt.Sprintf("%s%d (%s)", verdict.Replica, n, host)}
}

// ownSession is the trick of having many sessions.
const ownSession = "session of its own"

// endedSession is the trick of opening sessions and ending them, between plain calls.
const endedSession = after + "a session was opened and ended"

// plainForms are tricks whose calls differ in what they call, and not in how.
var plainForms = []string{newArguments, manyArguments, nullArguments, otherOrder, otherCase, spaced, spacedAfter, wide,
	alike, unseen, verdict.Failing}

// tricks are all those whose calls are of another form, made once: every call asks.
var tricks = sync.OnceValue(func() []trickForm {
	list := []trickForm{{ownSession, func(int) Guise { return Guise{Opens: true} }},
		{endedSession, func(int) Guise { return Guise{Opens: true, Ends: true} }}}
	for _, some := range [][]trickForm{forgeries(), {madeUp}, respelled(), addresses(), spellings(), idForms(),
		bodyForms(), oddForms(), transportForms(), disguises(), spoken(), batches(true)} {
		list = append(list, some...)
	}
	for _, name := range plainForms {
		list = append(list, trickForm{name, func(int) Guise { return Guise{} }})
	}
	return list
})
