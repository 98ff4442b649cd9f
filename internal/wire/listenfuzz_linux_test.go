package wire

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// standalone are what a server may say on its own stream while call 2 is under way.
var standalone = map[string]string{
	"nothing":               "",
	"a comment":             ": keep-alive\n\n",
	"a ping":                pings("7") + "\n\n",
	"a ping with a text id": pings(`"ü-☃"`) + "\r\n\r\n",
	"two, on CR alone":      pings("7") + "\r\r" + pings("8") + "\r\r",
	"what nobody answers":   strings.Replace(pings("7"), "ping", "sampling/createMessage", 1) + "\n\n",
	"a change":              "id: 1\nretry: 10\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\n\n",
	"the call's response":   "data: " + answered(2) + "\n",
	"another's response":    "data: " + answered(99) + "\n",
	"a response and a ping": "data: " + answered(2) + "\n" + pings("7") + "\n\n",
	"no message":            "data: hello\n\ndata: {}\n\n",
	"a mark before":         "\ufeff" + pings("7") + "\n\n",
	"an old endpoint":       "event: endpoint\ndata: /messages\n\n",
	"lines of one message":  "data: {\"jsonrpc\":\"2.0\",\ndata: \"id\":7,\"method\":\"ping\"}\n\n",
	"cut short":             pings("7") + "\n",
	"a batch":               "data: [" + pings("7")[6:] + "," + pings("8")[6:] + "]\n\n",
}

// pings is a line that holds a ping.
func pings(id string) string { return `data: {"jsonrpc":"2.0","id":` + id + `,"method":"ping"}` }

// A feed is a standalone stream that comes in pieces. Nobody listens after its end.
type feed struct {
	pieces []string
	end    func()
}

func (f *feed) Read(b []byte) (int, error) {
	for ; len(f.pieces) > 0; f.pieces = f.pieces[1:] {
		if n := copy(b, f.pieces[0]); n > 0 {
			f.pieces[0] = f.pieces[0][n:]
			return n, nil
		}
	}
	f.end()
	return 0, io.EOF
}

func (f *feed) Close() error { return nil }

func (f *feed) CloseIdleConnections() {}

func (f *feed) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {eventStream}}, Body: f}, nil
}

// hears has the session hear a standalone stream to its end while a call is under way,
// and returns what came of that, and what was answered, by whatever goes out first.
func (x *tester) hears(pieces []string, call func() came) (came, []string) {
	var mu sync.Mutex
	var answers []string
	x.s.answers.carry = func(_ context.Context, q request) answer {
		mu.Lock()
		defer mu.Unlock()
		answers = append(answers, string(q.body))
		return answer{status: http.StatusAccepted}
	}
	x.meanwhile = func() {
		l := x.s.link.(*httpLink)
		life, end := context.WithCancel(x.t.Context())
		p := *l.poster
		p.transport = &feed{slices.Clone(pieces), end}
		l.listenOn(life, &p, nil)
		x.s.answers.wg.Wait()
	}
	defer func() { x.meanwhile = nil }()
	c := call()
	x.s.answers.wg.Wait()
	slices.Sort(answers)
	return c, answers
}

// sameHeard holds a stream in pieces, and a call on the fast path, to the whole of it, and
// a call on the plain path.
func (x *tester) sameHeard(t testing.TB, reply string, pieces ...string) []string {
	x.t = t
	want, said := x.hears([]string{strings.Join(pieces, "")}, func() came { return x.plain(reply) })
	got, answers := x.hears(pieces, func() came { return x.fast(reply) })
	require.Equal(t, want, got)
	require.Equal(t, said, answers)
	return said
}

// TestStandaloneStreamsInAnyPieces come to the same beside calls of either path, and spoil
// none of them.
func TestStandaloneStreamsInAnyPieces(t *testing.T) {
	x := newTester(t)
	reply := settled(replies["json"])
	for name, text := range standalone {
		said := x.sameHeard(t, reply, strings.Split(text, "")...)
		require.Len(t, said, strings.Count(text, `"id":7`)+strings.Count(text, `"id":8`)+strings.Count(text, "☃")-
			strings.Count(name, "cut short"), name)
		for cut := 1; cut < len(text); cut += 9 {
			x.sameHeard(t, reply, text[:cut], text[cut:])
		}
		c, _ := x.hears([]string{text}, func() came { return x.fast(reply) })
		require.Equal(t, history.OK, c.Call.Outcome, name)
		require.Equal(t, strings.Contains(text, `"id":2`), slices.ContainsFunc(c.Strays, func(s Stray) bool {
			return s.Kind == Elsewhere
		}), "%s: a response is no second one because it comes on another stream", name)
	}
}

// FuzzListen: whatever a server says on its own stream, and in whatever pieces, comes to
// the same beside a call of either path.
func FuzzListen(f *testing.F) {
	for _, text := range standalone {
		f.Add([]byte(text), uint16(1), uint16(7), true)
		f.Add([]byte(text), uint16(20), uint16(40), false)
	}
	x := newTester(f)
	f.Fuzz(func(t *testing.T, stream []byte, a, b uint16, events bool) {
		if len(stream) > 8<<10 {
			return
		}
		text, reply := string(stream), settled(replies["json"])
		if events {
			reply = settled(replies["sse"])
		}
		i := int(a) % (len(text) + 1)
		j := i + int(b)%(len(text)-i+1)
		x.sameHeard(t, reply, text[:i], text[i:j], text[j:])
	})
}
