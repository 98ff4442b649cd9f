package wire

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/mcpload/mcpload/history"
)

// closesEverySecond answers every other call, and closes the connection in place
// of an answer to the rest, after so many bytes of one.
func closesEverySecond(t *testing.T, bytes string) string {
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		id := between(string(body), `"id":`, ",")
		result := `{}`
		switch {
		case strings.Contains(string(body), `"initialize"`):
			result = `{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}`
		case !strings.Contains(string(body), `"tools/call"`):
			w.WriteHeader(http.StatusAccepted)
			return
		case calls.Add(1)%2 == 0:
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, bytes) // whoever reads it is gone, or not
				_ = conn.Close()
			}
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, id, result)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/mcp"
}

// TestClosedWhileIdle: only over a connection that was idle, and only where not a
// byte came, is a lost reply nobody's failure; a refusal by a reset it never is
// either. Both paths say the same.
func TestClosedWhileIdle(t *testing.T) {
	for _, row := range []struct {
		name   string
		bytes  string
		rest   time.Duration
		resets bool
		want   history.Outcome
	}{
		{name: "idle", rest: idleLeast + 100*time.Millisecond, want: history.ClosedIdle},
		{name: "idle, where resets are refusals", rest: idleLeast + 100*time.Millisecond, resets: true,
			want: history.ClosedIdle},
		{name: "busy", want: history.Broken},
		{name: "busy, where resets are refusals", resets: true, want: history.Limited},
		{name: "a byte came", bytes: "H", rest: idleLeast + 100*time.Millisecond, want: history.Broken},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			o := Options{Transport: HTTP, Protocol: "2025-11-25", Client: "c1", Refusal: Refusal{Resets: row.resets}}
			o.URL = closesEverySecond(t, row.bytes)
			plain := dial(t, o)
			o.URL = closesEverySecond(t, row.bytes)
			fast := newLoop(t, LoopConfig{}, dial(t, o))
			require.Equal(t, history.OK, plain.Exchange(t.Context(), echo).Outcome)
			require.Equal(t, history.OK, byLoop(t.Context(), t, fast, echo)[0].Outcome)
			time.Sleep(row.rest)
			for path, c := range map[string]history.Call{"plain": plain.Exchange(t.Context(), echo),
				"fast": byLoop(t.Context(), t, fast, echo)[0]} {
				assert.Equal(t, row.want, c.Outcome, "%s: %s", path, c.Detail)
				if row.want == history.ClosedIdle {
					assert.Equal(t, "the connection was closed by the server while idle", c.Detail, path)
				}
			}
			require.Equal(t, history.OK, plain.Exchange(t.Context(), echo).Outcome, "the next one works")
		})
	}
}

// TestCrossedCallsAreRepeatedOnce, if they may be: on either path, and no other ones.
// What was sent first is in the history.
func TestCrossedCallsAreRepeatedOnce(t *testing.T) {
	for _, row := range []struct {
		name   string
		may    bool
		bytes  string
		rest   time.Duration
		want   history.Outcome
		asides int
	}{
		{name: "one that may be", may: true, rest: idleLeast + 100*time.Millisecond, want: history.OK, asides: 1},
		{name: "one that may not", rest: idleLeast + 100*time.Millisecond, want: history.ClosedIdle},
		{name: "busy", may: true, want: history.Broken},
		{name: "a byte came", may: true, bytes: "H", rest: idleLeast + 100*time.Millisecond, want: history.Broken},
	} {
		for _, path := range []string{"plain", "fast"} {
			t.Run(row.name+"/"+path, func(t *testing.T) {
				t.Parallel()
				o := Options{Transport: HTTP, Protocol: "2025-11-25", Client: "c1", URL: closesEverySecond(t,
					row.bytes)}
				o.Idempotent = func(tool string) bool { return row.may && tool == echo.Tool }
				s := dial(t, o)
				send := func() history.Call { return s.Exchange(t.Context(), echo) }
				if path == "fast" {
					l := newLoop(t, LoopConfig{}, s)
					send = func() history.Call { return byLoop(t.Context(), t, l, echo)[0] }
				}
				require.Equal(t, history.OK, send().Outcome)
				time.Sleep(row.rest)
				c := send()
				require.Equal(t, row.want, c.Outcome, c.Detail)
				asides := s.Asides()
				require.Len(t, asides, row.asides)
				if row.asides > 0 {
					require.Equal(t, history.ClosedIdle, asides[0].Outcome)
					require.Equal(t, echo.Tool, asides[0].Tool)
					require.Equal(t, c.Sent, asides[0].Sent, "the wait counts from the first one")
				}
			})
		}
	}
}

// TestWhatMayBeRepeated: what only reads, by the protocol or by what a tool says of
// itself.
func TestWhatMayBeRepeated(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		if p := read(t, r); !initializer(w, p) {
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"writes"},{"name":"reads","annotations":{"readOnlyHint":true}},
				{"name":"puts","annotations":{"readOnlyHint":false,"idempotentHint":true}},{"name":"no","annotations":{"idempotentHint":false}}]}}`, p.ID)
		}
	}))
	t.Cleanup(server.Close)
	s := dial(t, Options{Transport: HTTP, Protocol: "2025-11-25", URL: server.URL, ListTools: true})
	for _, row := range []struct {
		method, tool string
		want         bool
	}{
		{"tools/call", "reads", true}, {"tools/call", "puts", true}, {"tools/call", "writes", false},
		{"tools/call", "no", false},
		{"tools/call", "unheard of", false}, {"ping", "", true}, {"tools/list", "", true}, {"initialize", "", false},
		{"own/method", "", false},
	} {
		assert.Equal(t, row.want, s.mayRepeat(row.method, row.tool), "%s %s", row.method, row.tool)
	}
	other := dial(t, Options{Transport: HTTP, Protocol: "2025-11-25", URL: server.URL, Idempotent: s.Idempotent})
	require.True(t, other.Idempotent("reads"), "another session goes by what the first one was told")
	require.False(t, other.Idempotent("writes"))
}

// partsSilently answers each request and closes its connection when it is told to, of
// which it says nothing before; then it tells that it did.
func partsSilently(t *testing.T) (url string, part chan struct{}) {
	t.Helper()
	part = make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		id, result := between(string(body), `"id":`, ","), `{}`
		if strings.Contains(string(body), `"initialize"`) {
			result = `{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}`
		}
		text := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, id, result)
		if !strings.Contains(string(body), `"tools/call"`) {
			w.Header().Set("Connection", "close") // of the set-up nothing is left
			w.Header().Set("Content-Type", "application/json")
			if id == "" {
				w.WriteHeader(http.StatusAccepted)
				return
			}
			_, _ = io.WriteString(w, text) // whoever reads it is gone, or not
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			len(text), text) // likewise
		<-part
		_ = conn.Close()
		part <- struct{}{}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/mcp", part
}

// TestCallsThatCameTooLate, since the server had closed their connection behind the reply
// before, are none that it lost, however soon they were sent. They are repeated if they may
// be, and once that is known of a server, connections are looked at before.
func TestCallsThatCameTooLate(t *testing.T) {
	for _, row := range []struct {
		name, path string
		may        bool
		want       history.Outcome
		asides     int
	}{
		{"one that may not be repeated", "fast", false, history.ClosedIdle, 0},
		{"one that may be", "fast", true, history.OK, 1},
		{"one that may not be repeated", "plain", false, history.OK, 0}, // looked at from the beginning
	} {
		t.Run(row.name+"/"+row.path, func(t *testing.T) {
			t.Parallel()
			url, part := partsSilently(t)
			s := dial(t, Options{Transport: HTTP, Protocol: "2025-11-25", Client: "c1", URL: url,
				Idempotent: func(string) bool { return row.may }})
			send := func() history.Call { return s.Exchange(t.Context(), echo) }
			if row.path == "fast" {
				l := newLoop(t, LoopConfig{Conns: 1}, s)
				send = func() history.Call { return byLoop(t.Context(), t, l, echo)[0] }
			}
			closed := func(c history.Call) {
				if c.Outcome == history.OK {
					part <- struct{}{}
					<-part
				}
			}
			c := send()
			require.Equal(t, history.OK, c.Outcome)
			closed(c)
			c = send()
			require.Equal(t, row.want, c.Outcome, c.Detail)
			asides := s.Asides()
			require.Len(t, asides, row.asides)
			if row.asides > 0 {
				require.Equal(t, history.ClosedIdle, asides[0].Outcome)
				require.Equal(t, echo.Tool, asides[0].Tool)
				require.Equal(t, c.Sent, asides[0].Sent)
			}
			for range 3 {
				closed(c)
				c = send()
				require.Equal(t, history.OK, c.Outcome, "it is known by now: %s", c.Detail)
			}
			closed(c)
		})
	}
}

// TestWitnesses: what the end of a connection says of the request on it.
func TestWitnesses(t *testing.T) {
	end := func(c net.Conn) error { return c.Close() }
	reset := func(c net.Conn) error {
		if tcp, ok := c.(*net.TCPConn); ok {
			if err := tcp.SetLinger(0); err != nil {
				return err
			}
		}
		return c.Close()
	}
	half := func(c net.Conn) error { return c.(*net.TCPConn).CloseWrite() }
	for _, row := range []struct {
		name   string
		fresh  bool // it is the connection's first request
		reads  bool // the server reads it before it ends the connection
		heard  bool // we have read the end before we write
		parted int64
		ends   func(net.Conn) error
		unseen bool
	}{
		{name: "closed before", ends: end, unseen: true},
		{name: "closed before, and known", heard: true, ends: end, unseen: true},
		{name: "half closed before, and known", heard: true, ends: half, unseen: true},
		{name: "read and closed", reads: true, ends: end},
		{name: "read and half closed", reads: true, ends: half},
		{name: "read and reset", reads: true, ends: reset},
		{name: "reset, by a server that parts with connections", parted: 1, reads: true, ends: reset, unseen: true},
		{name: "closed, by such a one", parted: 1, reads: true, ends: end, unseen: true},
		{name: "the first one", fresh: true, ends: end},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer ln.Close()
			out, err := net.Dial("tcp", ln.Addr().String())
			require.NoError(t, err)
			defer out.Close()
			in, err := ln.Accept()
			require.NoError(t, err)
			defer in.Close()
			p := &partings{}
			p.n.Store(row.parted)
			c := prompt(out, p).(*promptConn)
			buf := make([]byte, 16)
			say := func() { // past Write, which would look at it before
				n, err := c.TCPConn.Write([]byte("request"))
				require.NoError(t, err)
				c.written.Add(int64(n))
			}
			if !row.fresh {
				c.begin(false)
				say()
				_, err = in.Read(buf)
				require.NoError(t, err)
				_, err = in.Write([]byte("reply"))
				require.NoError(t, err)
				_, err = c.Read(buf)
				require.NoError(t, err)
			}
			if !row.reads {
				require.NoError(t, row.ends(in))
			}
			if row.heard {
				_, err = c.Read(buf)
				require.ErrorIs(t, err, io.EOF)
			}
			c.begin(!row.fresh)
			say()
			if row.reads {
				_, err = in.Read(buf)
				require.NoError(t, err)
				require.NoError(t, row.ends(in))
			}
			if !row.heard {
				_, err = c.Read(buf)
				require.Error(t, err)
			}
			require.Equal(t, row.unseen, c.unseen())
			if row.parted > 0 && row.unseen {
				require.False(t, c.unseen(), "that explains one reset")
			}
			if row.heard || row.name == "closed before" {
				c.begin(true)
				_, err = c.Write([]byte("another"))
				require.ErrorIs(t, err, unix.EPIPE, "nothing is written any more")
			}
		})
	}
}

// TestPartingsAreNoted where the server ends a connection that rests, and nowhere else.
func TestPartingsAreNoted(t *testing.T) {
	for _, row := range []struct {
		name        string
		rests, ends bool
		want        int64
	}{{"it ends one that rests", true, true, 1}, {"we do", true, false, 0}, {"it ends one at work", false, true, 0}} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		out, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		in, err := ln.Accept()
		require.NoError(t, err)
		p := &partings{}
		c := prompt(out, p)
		c.(witness).begin(false)
		if row.rests {
			c.(witness).rest()
		}
		if row.ends {
			require.NoError(t, in.Close())
			_, err = c.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF)
		}
		require.NoError(t, c.Close())
		require.Equal(t, row.want, p.n.Load(), row.name)
		_ = in.Close() // it may be closed
		require.NoError(t, ln.Close())
	}
}
