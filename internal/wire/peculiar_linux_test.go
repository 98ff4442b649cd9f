package wire

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// TestPeculiarReplies: what clients take is taken, on either path, and what they don't is
// named; nothing outlasts the time-out.
func TestPeculiarReplies(t *testing.T) {
	pack := func(w io.WriteCloser, text string) {
		_, _ = io.WriteString(w, text)
		_ = w.Close()
	}
	body := `{"jsonrpc":"2.0","id":2,"result":{"content":[]}}`
	var gzipped, deflated bytes.Buffer
	pack(gzip.NewWriter(&gzipped), body)
	pack(zlib.NewWriter(&deflated), body)
	packed := func(encoding, body string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: %s\r\n"+
			"Content-Length: %d\r\n\r\n%s", encoding, len(body), body)
	}
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90\r\n"
	for name, row := range map[string]struct {
		acts    []act
		timeout time.Duration // 0: five seconds
		want    history.Outcome
		detail  string
	}{
		"protocols are switched": {acts: []act{{write: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n" +
			"Connection: upgrade\r\n\r\n", then: mute}}, want: history.Broken,
			detail: "HTTP 101: the server switches protocols, which was not asked for"},
		"gzip, unasked":    {acts: []act{{write: packed("gzip", gzipped.String())}}, want: history.OK},
		"deflate, unasked": {acts: []act{{write: packed("Deflate", deflated.String())}}, want: history.OK},
		"an encoding that is none": {acts: []act{{write: packed("UTF-8", body)}},
			want: history.OK},
		"brotli, unasked": {acts: []act{{write: packed("br", "\x8b\x02\x80{}\x03")}}, want: history.Broken,
			detail: "the reply is compressed as br, which was not offered"},
		"a head of 100 kB": {acts: []act{{write: head[:len(head)-20] + strings.Repeat("X-A: "+strings.Repeat("a", 990)+
			"\r\n", 100) + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)}}, want: history.OK},
		"a head of 300 kB": {acts: []act{{write: head + strings.Repeat("X-A: "+strings.Repeat("a", 990)+"\r\n", 300) +
			"\r\n" + body, then: mute}}, want: history.Broken,
			detail: "net/http: server response headers exceeded 262144 bytes; aborted"},
		"not modified": {acts: []act{{write: "HTTP/1.1 304 Not Modified\r\n\r\n"}}, want: history.Rejected,
			detail: "HTTP 304"},
		"half a body": {acts: []act{{write: head + "\r\n{", then: mute}}, timeout: 100 * time.Millisecond,
			want: history.TimedOut, detail: "no reply in time: HTTP 200 came, and no response"},
		"half a head": {acts: []act{{write: head, then: mute}}, timeout: 100 * time.Millisecond,
			want: history.TimedOut, detail: "no reply in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range row.acts {
				row.acts[i].write = strings.Replace(row.acts[i].write, "ID", "2", 1)
			}
			timeout := row.timeout
			if timeout == 0 {
				timeout = 5 * time.Second
			}
			onBothPaths(t, Options{Transport: HTTP, URL: playing(t, row.acts...), Protocol: "2025-11-25", Client: "c1",
				Timeout: timeout}, func(t *testing.T, _ *Session, send func() history.Call) {
				c := send()
				require.Equal(t, row.want, c.Outcome, c.Detail)
				require.Equal(t, row.detail, c.Detail)
			})
		})
	}
}

// TestAcceptedRequestsAreAnsweredElsewhere: on the session's own stream, before the request
// is accepted or after, as the official clients take it. It is told as what it is.
func TestAcceptedRequestsAreAnsweredElsewhere(t *testing.T) {
	for name, row := range map[string]struct {
		early, silent bool
		none          bool // there is no such stream
		timeout       time.Duration
		get           GetStream
		want          history.Outcome
		detail        string
	}{
		"after":  {get: GetAuto, want: history.OK, timeout: 20 * time.Second},
		"before": {early: true, get: GetAuto, want: history.OK, timeout: 20 * time.Second},
		"never": {silent: true, get: GetAuto, want: history.TimedOut, timeout: 200 * time.Millisecond,
			detail: "no reply in time: HTTP 202 came, and no response"},
		"no such stream": {silent: true, timeout: 20 * time.Second, none: true, get: GetAuto, want: history.Broken,
			detail: "HTTP 202 without a response"},
		"nobody listens": {silent: true, timeout: 20 * time.Second, want: history.Broken, detail: "HTTP 202 without a response"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"plain", "fast"} { // each with a server of its own
				s := dial(t, Options{Transport: HTTP, URL: answersElsewhere(t, row.early, row.silent, row.none),
					Protocol: "2025-11-25", Client: "c1", Timeout: row.timeout, GetStream: row.get})
				send := func() history.Call { return s.Exchange(t.Context(), echo) }
				if path == "fast" {
					l := newLoop(t, LoopConfig{}, s)
					send = func() history.Call { return byLoop(t.Context(), t, l, echo)[0] }
				}
				for range 3 {
					c := send()
					require.Equal(t, row.want, c.Outcome, "%s: %s", path, c.Detail)
					require.Equal(t, row.detail, c.Detail, path)
				}
				if row.want == history.OK {
					require.Equal(t, Elsewhere, s.Strays()[0].Kind)
					require.Equal(t, 3, s.Strays()[0].Count)
				}
			}
		})
	}
}

// answersElsewhere starts a server that accepts each call, and answers on the standalone
// stream of its session: before it accepts, after that, or not at all; none says that there is no
// such stream.
func answersElsewhere(t *testing.T, early, silent, none bool) string {
	out := make(chan string, 8)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && none {
			time.Sleep(20 * time.Millisecond)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		if r.Method == http.MethodGet {
			time.Sleep(20 * time.Millisecond)
			w.Header().Set("Content-Type", eventStream)
			events(w, ": here\n\n")
			for {
				select {
				case text := <-out:
					events(w, text)
				case <-r.Context().Done():
					return
				}
			}
		}
		if r.Method != http.MethodPost {
			return
		}
		p := read(t, r)
		if initializer(w, p) {
			return
		}
		response := fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", p.ID, okResult)
		if early {
			out <- response
			time.Sleep(20 * time.Millisecond)
		}
		w.WriteHeader(http.StatusAccepted)
		w.(http.Flusher).Flush()
		if !early && !silent {
			time.Sleep(20 * time.Millisecond)
			out <- response
		}
	}))
	t.Cleanup(server.CloseClientConnections)
	t.Cleanup(server.Close)
	return server.URL
}

// TestPackedStreamsKeepTheirConnection: a stream that came whole has ended, though it was
// compressed; and that it was, unasked, is told on both paths.
func TestPackedStreamsKeepTheirConnection(t *testing.T) {
	var conns atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		q := read(t, r)
		if initializer(w, q) {
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fmt.Fprintf(z, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", q.ID, okResult)
		_ = z.Close() // where it fails there is no result
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	s := dialHTTP(t, server.URL)
	before := conns.Load()
	l := newLoop(t, LoopConfig{Conns: 1}, s)
	for _, c := range byLoop(t.Context(), t, l, slices.Repeat([]history.Arrival{{Client: "c1", Tool: "x"}}, 3)...) {
		require.Equal(t, history.OK, c.Outcome, c.Detail)
	}
	require.Equal(t, before+1, conns.Load())
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
	require.Equal(t, Stray{Kind: Packed, ID: 2, Text: "gzip", Count: 4, At: s.Strays()[0].At}, s.Strays()[0])
}
