package wire

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// newLoop returns a loop for sessions, which the end of the test closes.
func newLoop(t testing.TB, cfg LoopConfig, sessions ...*Session) *Loop {
	t.Helper()
	l, err := NewLoop(sessions, cfg)
	require.NoError(t, err)
	t.Cleanup(l.Close)
	return l
}

// byLoop sends arrivals at once and returns their calls in the order in which
// they ended.
func byLoop(ctx context.Context, t testing.TB, l *Loop, arrivals ...history.Arrival) []history.Call {
	t.Helper()
	defer l.Hold()()
	var calls []history.Call
	wake := make(chan struct{}, 1)
	for _, a := range arrivals {
		l.Send(ctx, a, func(c history.Call) {
			if calls = append(calls, c); len(calls) == len(arrivals) {
				wake <- struct{}{}
			}
		})
	}
	for len(calls) < len(arrivals) {
		require.NoError(t, l.Wait(context.Background(), math.MaxInt64, wake))
	}
	return calls
}

// A scripted server speaks the session era, and answers calls with bytes as
// they are in a script.
type scripted struct {
	addr  string
	mu    sync.Mutex
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

// An act is one step of a script: what to write, after a pause, and how to
// end.
type act struct {
	pause time.Duration
	write string // ID stands for the request's id
	then  ending
}

type ending int

const (
	goOn   ending = iota
	hangup        // close the connection
	reset         // reset it
	mute          // write no more, ever
)

// playing starts a server whose replies to calls are a script.
func playing(t testing.TB, acts ...act) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &scripted{addr: "http://" + listener.Addr().String() + "/mcp", conns: map[net.Conn]bool{}}
	s.wg.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns[c] = true
			s.mu.Unlock()
			s.wg.Go(func() { s.talk(c, acts) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.mu.Lock()
		for c := range s.conns {
			_ = c.Close()
		}
		s.mu.Unlock()
		s.wg.Wait()
	})
	return s.addr
}

func (s *scripted) talk(c net.Conn, acts []act) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		q, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		id := between(string(body), `"id":`, ",")
		text := ""
		switch {
		case q.Method == http.MethodDelete:
			text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
		case strings.Contains(string(body), `"initialize"`):
			result := `{"jsonrpc":"2.0","id":` + id + `,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}`
			text = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: s1\r\nContent-Length: %d\r\n\r\n%s", len(result), result)
		case strings.Contains(string(body), `"notifications/`):
			text = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
		}
		if text != "" {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
			continue
		}
		if !perform(c, acts, id) {
			return
		}
	}
}

// perform plays a script, and reports if the connection goes on.
func perform(c net.Conn, acts []act, id string) bool {
	for _, a := range acts {
		time.Sleep(a.pause)
		if _, err := io.WriteString(c, strings.ReplaceAll(a.write, "ID", id)); err != nil {
			return false
		}
		switch a.then {
		case hangup:
			return false
		case reset:
			_ = c.(*net.TCPConn).SetLinger(0)
			return false
		case mute:
			_, _ = io.Copy(io.Discard, c)
			return false
		}
	}
	return true
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

// An ending of calls on one of the two paths, without what can't be the same.
type came struct {
	Call   history.Call
	Strays []Stray
}

// twoPaths sends a call n times in a row to a script, by the plain path and by
// the loop, and returns what came of it on each.
func twoPaths(t testing.TB, n int, timeout time.Duration, acts ...act) (plain, fast []came) {
	t.Helper()
	a := echo
	for _, byFast := range []bool{false, true} {
		s := dial(t, Options{Transport: HTTP, URL: playing(t, acts...), Protocol: "2025-11-25", Refusal: rateLimit,
			Client: "c1", Timeout: timeout})
		var l *Loop
		if byFast {
			l = newLoop(t, LoopConfig{}, s)
		}
		for range n {
			var c history.Call
			if byFast {
				c = byLoop(t.Context(), t, l, a)[0]
				require.LessOrEqual(t, c.Sent, c.Received)
			} else {
				c = s.Exchange(t.Context(), a)
			}
			e := came{c, s.Strays()}
			e.Call.Sent, e.Call.Received = 0, 0
			for i := range e.Strays {
				e.Strays[i].At = 0
			}
			if byFast {
				fast = append(fast, e)
			} else {
				plain = append(plain, e)
			}
		}
	}
	return plain, fast
}

const (
	okBody   = `{"jsonrpc":"2.0","id":ID,"result":` + okResult + `}`
	errBody  = `{"jsonrpc":"2.0","id":ID,"error":{"code":-32000,"message":"Global rate limit exceeded","data":{"retry_after_ms":250}}}`
	softBody = `{"jsonrpc":"2.0","id":ID,"result":{"content":[{"type":"text","text":" {\"success\":false,\"error\":\"rate limit\"}"}]}}`
	jsonType = "Content-Type: application/json\r\n"
	sseType  = "Content-Type: text/event-stream\r\n"
)

// framed is a reply with a length. IDs in the tests have one digit, as many as
// ID less one.
func framed(status, header, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s", status, header, len(body)-strings.Count(body, "ID"), body)
}

// chunkedReply is a reply in chunks.
func chunkedReply(status, header string, chunks ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %s\r\n%sTransfer-Encoding: chunked\r\n\r\n", status, header)
	for _, c := range chunks {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(c)-strings.Count(c, "ID"), c)
	}
	b.WriteString("0\r\n\r\n")
	return b.String()
}

// replies are what servers may send, in one piece. What ends with END is
// followed by the end of the connection.
var replies = map[string]string{
	"json":                  framed("200 OK", jsonType, okBody),
	"json with a charset":   framed("200 OK", "content-type: application/json; charset=utf-8\r\n", okBody),
	"no type":               framed("200 OK", "", okBody),
	"chunked":               chunkedReply("200 OK", jsonType, okBody),
	"three chunks":          chunkedReply("200 OK", jsonType, okBody[:10], okBody[10:40], okBody[40:]),
	"stream":                chunkedReply("200 OK", sseType, "event: message\ndata: "+okBody+"\n\n"),
	"stream by crlf":        chunkedReply("200 OK", sseType, "event: message\r\ndata: "+okBody+"\r\n\r\n"),
	"stream with a prime":   chunkedReply("200 OK", sseType, "id: 0\nretry: 5\ndata:\n\n", ": hello\nevent: message\nid: 1\ndata:"+okBody+"\n\n"),
	"stream with progress":  chunkedReply("200 OK", sseType, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n", "data: "+okBody+"\n\n"),
	"stream of two lines":   chunkedReply("200 OK", sseType, "data: "+okBody[:17]+"\ndata: "+okBody[17:]+"\n\n"),
	"stream with two":       chunkedReply("200 OK", sseType, "data: "+okBody+"\n\n", "data: "+okBody+"\n\n"),
	"stream, pinged":        chunkedReply("200 OK", sseType, ": ping\n\n", "data: "+okBody+"\n\n", ": ping\n\n"),
	"stream cut in event":   chunkedReply("200 OK", sseType, "data: "+okBody+"\n"),
	"stream of bare cr":     chunkedReply("200 OK", sseType, "data: "+okBody+"\r\r"),
	"stream with a mark":    chunkedReply("200 OK", sseType, "\xef\xbb\xbfdata: "+okBody+"\n\n"),
	"stream with a length":  framed("200 OK", sseType, "data: "+okBody+"\n\n"),
	"stream until the end":  "HTTP/1.1 200 OK\r\n" + sseType + "\r\ndata: " + okBody + "\n\nEND",
	"other event":           chunkedReply("200 OK", sseType, "event: ping\ndata: "+okBody+"\n\n"),
	"until the end":         "HTTP/1.1 200 OK\r\n" + jsonType + "\r\n" + okBody + "END",
	"old version":           "HTTP/1.0 200 OK\r\n" + jsonType + "\r\n" + okBody + "END",
	"closing":               framed("200 OK", jsonType+"Connection: close\r\n", okBody) + "END",
	"keeping":               framed("200 OK", jsonType+"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n", okBody),
	"other connection":      framed("200 OK", jsonType+"Connection: upgrade, foo\r\n", okBody),
	"interim":               "HTTP/1.1 100 Continue\r\n\r\n" + framed("200 OK", jsonType, okBody),
	"early hints":           "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + framed("200 OK", jsonType, okBody),
	"switching":             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + okBody + "END",
	"gzip":                  framed("200 OK", jsonType+"Content-Encoding: gzip\r\n", "\x1f\x8b\x08\x00\x00\x00\x00\x00garbage"),
	"gzip in name only":     framed("200 OK", jsonType+"Content-Encoding: gzip\r\n", okBody),
	"too long a length":     fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: 900\r\n\r\n%sEND", jsonType, okBody),
	"too short a length":    fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: 20\r\n\r\n%sEND", jsonType, okBody),
	"two lengths":           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}END",
	"the same length twice": "HTTP/1.1 200 OK\r\n" + jsonType + "Content-Length: 71\r\nContent-Length: 71\r\n\r\n" + strings.Repeat(" ", 71) + "END",
	"length and chunks":     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nEND",
	"odd length":            "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabcEND",
	"chunk extension":       "HTTP/1.1 200 OK\r\n" + jsonType + "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\n{} \r\n0\r\n\r\nEND",
	"trailer":               "HTTP/1.1 200 OK\r\n" + jsonType + "Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\nEND",
	"bad chunk":             "HTTP/1.1 200 OK\r\n" + jsonType + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\nEND",
	"chunk without end":     "HTTP/1.1 200 OK\r\n" + jsonType + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\nEND",
	"no http":               "hello there, what is this\r\n\r\nEND",
	"cut head":              "HTTP/1.1 200 OK\r\nContent-TyEND",
	"nothing":               "END",
	"bad header":            "HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 2\r\n\r\n{}END",
	"folded header":         "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n" + jsonType + "Content-Length: 0\r\n\r\nEND",
	"bare line feeds":       "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 2\n\n{}END",
	"accepted":              framed("202 Accepted", "", ""),
	"accepted, no length":   "HTTP/1.1 202 Accepted\r\nConnection: close\r\n\r\nEND",
	"no content":            "HTTP/1.1 204 No Content\r\n\r\n",
	"not modified":          "HTTP/1.1 304 Not Modified\r\n\r\n",
	"refused":               framed("200 OK", jsonType, errBody),
	"refused on a stream":   chunkedReply("200 OK", sseType, "data: "+errBody+"\n\n"),
	"refused by status":     framed("429 Too Many Requests", "Retry-After: 3\r\n", ""),
	"refused in html":       framed("429 Too Many Requests", "Content-Type: text/html\r\n", "<h1>slow down</h1>"),
	"refused for now":       framed("503 Service Unavailable", "Retry-After: 7\r\n"+jsonType, errBody),
	"soft failure":          framed("200 OK", jsonType, softBody),
	"soft, escaped":         framed("200 OK", jsonType, strings.Replace(softBody, `" {`, `"\n\u007b`, 1)),
	"tool error":            framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID,"result":{"isError":true,"content":[{"type":"text","text":"no"}]}}`),
	"error, then not":       framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID,"result":{"isError":true,"isError":false,"content":[]}}`),
	"broken inside":         framed("500 Internal Server Error", "", "oops"),
	"our id, an error":      framed("404 Not Found", jsonType, okBody),
	"redirect":              framed("307 Temporary Redirect", "Location: /elsewhere\r\n", ""),
	"wrong id":              framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":77,"result":{}}`),
	"text for an id":        framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":"ID","result":{}}`),
	"floating id":           framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID.0,"result":{}}`),
	"a batch":               framed("200 OK", jsonType, "["+okBody+"]"),
	"two in a batch":        framed("200 OK", jsonType, "["+okBody+","+okBody+"]"),
	"two in a row":          framed("200 OK", jsonType, okBody+"\n"+okBody),
	"junk after it":         framed("200 OK", jsonType, okBody+"oops"),
	"a nul after it":        framed("200 OK", jsonType, okBody+"\x00"),
	"both":                  framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID,"result":{},"error":{"code":1,"message":"m"}}`),
	"a member twice":        framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID,"id":ID,"result":{}}`),
	"escaped names":         framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID,"r\u0065sult":{},"result":{}}`),
	"deep":                  framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID,"result":{"a":`+strings.Repeat("[", 510)+strings.Repeat("]", 510)+`}}`),
	"too deep":              framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID,"result":{"a":`+strings.Repeat("[", 511)+strings.Repeat("]", 511)+`}}`),
	"large":                 framed("200 OK", jsonType, strings.Replace(okBody, `"hi"`, `"`+strings.Repeat("hi", 60_000)+`"`, 1)),
	"too large for us":      framed("200 OK", jsonType, strings.Replace(okBody, `"hi"`, `"`+strings.Repeat("hi", maxBody)+`"`, 1)),
	"pipelined":             framed("200 OK", jsonType, okBody) + framed("200 OK", jsonType, okBody),
	"page":                  framed("200 OK", "Content-Type: text/html\r\n", "<html>hello"),
	"secret header byte":    framed("200 OK", jsonType+"X-A: \x01\r\n", okBody),
	"latin header":          framed("200 OK", jsonType+"X-A: \xe4\r\n", okBody),
	"type twice":            framed("200 OK", jsonType+"Content-Type: text/event-stream\r\n", okBody),
	"odd stream type":       chunkedReply("200 OK", "Content-Type: Text/Event-Stream; a=b\r\n", "data: "+okBody+"\n\n"),
}

// acted is a reply as a script.
func acted(text string) act {
	if whole, ok := strings.CutSuffix(text, "END"); ok {
		return act{write: whole, then: hangup}
	}
	return act{write: text}
}

// TestLoopIsThePlainPath: whatever a server sends, in one piece, the loop says
// of it what the plain path says, to the last word; also of a second call.
func TestLoopIsThePlainPath(t *testing.T) {
	require.Greater(t, len(replies), 70)
	for name, text := range replies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 2
			if name == "pipelined" {
				n = 1 // what comes between two calls is a race on either path
			}
			plain, fast := twoPaths(t, n, 2*time.Second, acted(text))
			require.Equal(t, plain, fast)
		})
	}
}
