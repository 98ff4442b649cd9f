package wire

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
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
			result := `{"jsonrpc":"2.0","id":` + id +
				`,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}`
			text = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: "+
				"s1\r\nContent-Length: %d\r\n\r\n%s", len(result), result)
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

// An ending of calls on one of the two paths, without what can't be the same.
type came struct {
	Call   history.Call
	Strays []Stray
}

// timeless is what came of a call, without when. A second response on a stream is
// noticed with the first one, or when the call is over: that depends on how the
// bytes come.
func timeless(s *Session, c history.Call) came {
	c.Sent, c.Received = 0, 0
	calls := []history.Call{c}
	s.Amend(calls)
	if c = calls[0]; strings.HasPrefix(c.Detail, "two responses to one request") {
		c.Detail = "two responses"
	}
	e := came{c, s.Strays()}
	for i := range e.Strays {
		e.Strays[i].At = 0
	}
	slices.SortStableFunc(e.Strays, func(a, b Stray) int { return strings.Compare(string(a.Kind), string(b.Kind)) })
	return e
}

// twoPaths sends a call n times in a row to a script, by the plain path and by
// the loop, and returns what came of it on each.
func twoPaths(t testing.TB, n int, timeout time.Duration, acts ...act) (plain, fast []came) {
	t.Helper()
	a := echo
	for _, byFast := range []bool{false, true} {
		s := dial(t, Options{Transport: HTTP, URL: playing(t, acts...), Protocol: "2025-11-25", Refusal: rateLimit,
			Client: "c1", Timeout: timeout, Compressed: true})
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
			if byFast {
				l.seeTrails()
			} else {
				s.link.(*httpLink).rests.Wait()
			}
			e := timeless(s, c)
			if byFast {
				fast = append(fast, e)
			} else {
				plain = append(plain, e)
			}
		}
	}
	return plain, fast
}

// packed is a text as gzip, for the request 2.
func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, strings.ReplaceAll(text, "ID", "2")) // memory doesn't fail
	_ = z.Close()
	return strings.ReplaceAll(b.String(), "ID", "") // there is none in what is packed here
}

const (
	pingBody = `{"jsonrpc":"2.0","id":"a\u00e9","method":"ping"}`
	okBody   = `{"jsonrpc":"2.0","id":ID,"result":` + okResult + `}`
	errBody  = `{"jsonrpc":"2.0","id":ID,"error":{"code":-32000,"message":"Global rate limit exceeded","data":{"retry_after_ms":250}}}`
	softBody = `{"jsonrpc":"2.0","id":ID,"result":{"content":[{"type":"text","text":" {\"success\":false,\"error\":\"rate limit\"}"}]}}`
	jsonType = "Content-Type: application/json\r\n"
	sseType  = "Content-Type: text/event-stream\r\n"
)

// framed is a reply with a length. IDs in the tests have one digit, as many as
// ID less one.
func framed(status, header, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s", status, header, len(body)-strings.Count(body,
		"ID"), body)
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
	"json":                framed("200 OK", jsonType, okBody),
	"json with a charset": framed("200 OK", "content-type: application/json; charset=utf-8\r\n", okBody),
	"no type":             framed("200 OK", "", okBody),
	"chunked":             chunkedReply("200 OK", jsonType, okBody),
	"three chunks":        chunkedReply("200 OK", jsonType, okBody[:10], okBody[10:40], okBody[40:]),
	"stream":              chunkedReply("200 OK", sseType, "event: message\ndata: "+okBody+"\n\n"),
	"stream by crlf":      chunkedReply("200 OK", sseType, "event: message\r\ndata: "+okBody+"\r\n\r\n"),
	"stream with a prime": chunkedReply("200 OK", sseType, "id: 0\nretry: 5\ndata:\n\n", ": hello\nevent: "+
		"message\nid: 1\ndata:"+okBody+"\n\n"),
	"stream with progress": chunkedReply("200 OK", sseType,
		"data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n", "data: "+okBody+"\n\n"),
	"stream of two lines":  chunkedReply("200 OK", sseType, "data: "+okBody[:17]+"\ndata: "+okBody[17:]+"\n\n"),
	"stream with two":      chunkedReply("200 OK", sseType, "data: "+okBody+"\n\n", "data: "+okBody+"\n\n"),
	"stream, pinged":       chunkedReply("200 OK", sseType, ": ping\n\n", "data: "+okBody+"\n\n", ": ping\n\n"),
	"stream cut in event":  chunkedReply("200 OK", sseType, "data: "+okBody+"\n"),
	"stream of bare cr":    chunkedReply("200 OK", sseType, "data: "+okBody+"\r\r"),
	"stream with a mark":   chunkedReply("200 OK", sseType, "\xef\xbb\xbfdata: "+okBody+"\n\n"),
	"stream with a length": framed("200 OK", sseType, "data: "+okBody+"\n\n"),
	"stream until the end": "HTTP/1.1 200 OK\r\n" + sseType + "\r\ndata: " + okBody + "\n\nEND",
	"other event":          chunkedReply("200 OK", sseType, "event: ping\ndata: "+okBody+"\n\n"),
	"until the end":        "HTTP/1.1 200 OK\r\n" + jsonType + "\r\n" + okBody + "END",
	"old version":          "HTTP/1.0 200 OK\r\n" + jsonType + "\r\n" + okBody + "END",
	"closing":              framed("200 OK", jsonType+"Connection: close\r\n", okBody) + "END",
	"keeping":              framed("200 OK", jsonType+"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n", okBody),
	"other connection":     framed("200 OK", jsonType+"Connection: upgrade, foo\r\n", okBody),
	"interim":              "HTTP/1.1 100 Continue\r\n\r\n" + framed("200 OK", jsonType, okBody),
	"early hints":          "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + framed("200 OK", jsonType, okBody),
	"switching": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" +
		okBody + "END",
	"gzip": framed("200 OK", jsonType+"Content-Encoding: gzip\r\n",
		"\x1f\x8b\x08\x00\x00\x00\x00\x00garbage"),
	"gzip in name only":  framed("200 OK", jsonType+"Content-Encoding: gzip\r\n", okBody),
	"too long a length":  fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: 900\r\n\r\n%sEND", jsonType, okBody),
	"too short a length": fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: 20\r\n\r\n%sEND", jsonType, okBody),
	"two lengths":        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}END",
	"the same length twice": "HTTP/1.1 200 OK\r\n" + jsonType + "Content-Length: 71\r\nContent-Length: 71\r\n\r\n" +
		strings.Repeat(" ", 71) + "END",
	"length and chunks": "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: " +
		"chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nEND",
	"odd length": "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabcEND",
	"chunk extension": "HTTP/1.1 200 OK\r\n" + jsonType + "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\n{} " +
		"\r\n0\r\n\r\nEND",
	"trailer": "HTTP/1.1 200 OK\r\n" + jsonType + "Transfer-Encoding: chunked\r\nTrailer: " +
		"X\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\nEND",
	"bad chunk": "HTTP/1.1 200 OK\r\n" + jsonType + "Transfer-Encoding: " +
		"chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\nEND",
	"chunk without end": "HTTP/1.1 200 OK\r\n" + jsonType + "Transfer-Encoding: " +
		"chunked\r\n\r\n2\r\n{}0\r\n\r\nEND",
	"no http":             "hello there, what is this\r\n\r\nEND",
	"cut head":            "HTTP/1.1 200 OK\r\nContent-TyEND",
	"nothing":             "END",
	"bad header":          "HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 2\r\n\r\n{}END",
	"folded header":       "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n" + jsonType + "Content-Length: 0\r\n\r\nEND",
	"bare line feeds":     "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 2\n\n{}END",
	"accepted":            framed("202 Accepted", "", ""),
	"accepted, no length": "HTTP/1.1 202 Accepted\r\nConnection: close\r\n\r\nEND",
	"no content":          "HTTP/1.1 204 No Content\r\n\r\n",
	"not modified":        "HTTP/1.1 304 Not Modified\r\n\r\n",
	"refused":             framed("200 OK", jsonType, errBody),
	"refused on a stream": chunkedReply("200 OK", sseType, "data: "+errBody+"\n\n"),
	"refused by status":   framed("429 Too Many Requests", "Retry-After: 3\r\n", ""),
	"refused in html":     framed("429 Too Many Requests", "Content-Type: text/html\r\n", "<h1>slow down</h1>"),
	"refused for now":     framed("503 Service Unavailable", "Retry-After: 7\r\n"+jsonType, errBody),
	"soft failure":        framed("200 OK", jsonType, softBody),
	"soft, escaped":       framed("200 OK", jsonType, strings.Replace(softBody, `" {`, `"\n\u007b`, 1)),
	"tool error": framed("200 OK", jsonType,
		`{"jsonrpc":"2.0","id":ID,"result":{"isError":true,"content":[{"type":"text","text":"no"}]}}`),
	"error, then not": framed("200 OK", jsonType,
		`{"jsonrpc":"2.0","id":ID,"result":{"isError":true,"isError":false,"content":[]}}`),
	"broken inside":    framed("500 Internal Server Error", "", "oops"),
	"our id, an error": framed("404 Not Found", jsonType, okBody),
	"redirect":         framed("307 Temporary Redirect", "Location: /elsewhere\r\n", ""),
	"wrong id":         framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":77,"result":{}}`),
	"text for an id":   framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":"ID","result":{}}`),
	"floating id":      framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID.0,"result":{}}`),
	"a batch":          framed("200 OK", jsonType, "["+okBody+"]"),
	"two in a batch":   framed("200 OK", jsonType, "["+okBody+","+okBody+"]"),
	"two in a row":     framed("200 OK", jsonType, okBody+"\n"+okBody),
	"junk after it":    framed("200 OK", jsonType, okBody+"oops"),
	"a nul after it":   framed("200 OK", jsonType, okBody+"\x00"),
	"both": framed("200 OK", jsonType,
		`{"jsonrpc":"2.0","id":ID,"result":{},"error":{"code":1,"message":"m"}}`),
	"a member twice": framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID,"id":ID,"result":{}}`),
	"escaped names":  framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID,"r\u0065sult":{},"result":{}}`),
	"deep": framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID,"result":{"a":`+strings.Repeat("[",
		510)+strings.Repeat("]", 510)+`}}`),
	"too deep": framed("200 OK", jsonType, `{"jsonrpc":"2.0","id":ID,"result":{"a":`+strings.Repeat("[",
		511)+strings.Repeat("]", 511)+`}}`),
	"large": framed("200 OK", jsonType, strings.Replace(okBody, `"hi"`, `"`+strings.Repeat("hi",
		60_000)+`"`, 1)),
	"too large for us": framed("200 OK", jsonType, strings.Replace(okBody, `"hi"`, `"`+strings.Repeat("hi",
		maxBody)+`"`, 1)),
	"pipelined":           framed("200 OK", jsonType, okBody) + framed("200 OK", jsonType, okBody),
	"page":                framed("200 OK", "Content-Type: text/html\r\n", "<html>hello"),
	"secret header byte":  framed("200 OK", jsonType+"X-A: \x01\r\n", okBody),
	"latin header":        framed("200 OK", jsonType+"X-A: \xe4\r\n", okBody),
	"type twice":          framed("200 OK", jsonType+"Content-Type: text/event-stream\r\n", okBody),
	"asked in mid-stream": chunkedReply("200 OK", sseType, "data: "+pingBody+"\n\n", "data: "+okBody+"\n\n"),
	"asked, and no more":  chunkedReply("200 OK", sseType, "data: "+pingBody+"\n\n"),
	"primed, and no more": chunkedReply("200 OK", sseType, "id: 1\nretry: 5\ndata:\n\n"),
	"primed, then cut": "HTTP/1.1 200 OK\r\n" + sseType + "Transfer-Encoding: chunked\r\n\r\n18\r\nid: " +
		"1\nretry: 5\ndata: a\n\n\r\nEND",
	"many, then it": chunkedReply("200 OK", sseType,
		strings.Repeat("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\",\"params\":{\"a\":[1,\"b\"]}}\n\n",
			7), "data: "+errBody+"\n\n"),
	"no notification": chunkedReply("200 OK", sseType, "data: {\"method\":\"notifications/x\"}\n\n", "data: "+
		okBody+"\n\n"),
	"junk, then it": chunkedReply("200 OK", sseType, "data: oops\n\n", "data: "+okBody+"\n\n",
		"data: {}\n\n"),
	"no utf-8": framed("200 OK", jsonType, strings.Replace(okBody, "hi", "h\xff", 1)),
	"no utf-8 on a stream": chunkedReply("200 OK", sseType, "data: "+strings.Replace(okBody, "hi", "h\xff", 1)+
		"\n\n"),
	"junk after, on a stream": chunkedReply("200 OK", sseType, "data: "+okBody+"oops\n\n"),
	"a mark before":           framed("200 OK", jsonType, "\xef\xbb\xbf"+okBody),
	"null":                    framed("200 OK", jsonType, "null"),
	"html":                    framed("200 OK", jsonType, "<!DOCTYPE html><p>"),
	"error is null": framed("200 OK", jsonType, strings.Replace(okBody, `"result"`, `"error":null,"result"`,
		1)),
	"packed": framed("200 OK", jsonType+"Content-Encoding: gzip\r\n", packed(okBody)),
	"packed in chunks": chunkedReply("200 OK", jsonType+"Content-Encoding: gzip\r\n", packed(okBody)[:9],
		packed(okBody)[9:]),
	"packed and cut":  framed("200 OK", jsonType+"Content-Encoding: gzip\r\n", packed(okBody)[:20]),
	"a packed stream": chunkedReply("200 OK", sseType+"Content-Encoding: deflate\r\n", "data: "+okBody+"\n\n"),
	"a stream that is packed": chunkedReply("200 OK", sseType+"Content-Encoding: gzip\r\n",
		packed("data: "+okBody+"\n\n")),
	"odd packing": framed("200 OK", jsonType+"Content-Encoding: br\r\n", okBody),
	"identity":    framed("200 OK", jsonType+"Content-Encoding: identity\r\n", okBody),
	"odd stream type": chunkedReply("200 OK", "Content-Type: Text/Event-Stream; a=b\r\n", "data: "+okBody+
		"\n\n"),
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
			if name == "pipelined" || strings.HasSuffix(text, "END") {
				n = 1 // what comes between two calls is a race on either path
			}
			plain, fast := twoPaths(t, n, 2*time.Second, acted(text))
			require.Equal(t, plain, fast)
		})
	}
}

// TestLoopTakesPiecesAsThePlainPath: the same replies, cut in two at every
// byte, or all at once at many. A record is what a connection brought, and
// replaying it is how the plain path reads; so the cuts need no sockets but
// for a few.
func TestLoopTakesPiecesAsThePlainPath(t *testing.T) {
	for name, text := range replies {
		if len(text) > 2000 || strings.HasSuffix(text, "END") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, cut := range []int{1, 16, len(text) / 2, len(text) - 1} {
				if text[:cut] == "" || strings.HasSuffix(text[:cut], "I") {
					continue
				}
				plain, fast := twoPaths(t, 1, 2*time.Second, act{write: text[:cut]}, act{pause: 3 * time.Millisecond,
					write: text[cut:]})
				require.Equal(t, plain, fast, "cut at %d", cut)
			}
		})
	}
}

// TestLoopEndsAsThePlainPath: replies that don't come, or break off.
func TestLoopEndsAsThePlainPath(t *testing.T) {
	json, stream := replies["json"], replies["stream"]
	head, _, _ := strings.Cut(json, "\r\n\r\n")
	error500 := "HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nhal"
	rows := map[string][]act{
		"silence":           {{then: mute}},
		"reset":             {{then: reset}},
		"cut in the status": {{write: "HTTP/1.1 2", then: hangup}},
		"reset in the head": {{write: head, pause: time.Millisecond}, {pause: 20 * time.Millisecond,
			then: reset}},
		"silence in the head":      {{write: head, then: mute}},
		"cut in the body":          {{write: json[:len(json)-5], then: hangup}},
		"reset in the body":        {{write: json[:len(json)-5]}, {pause: 20 * time.Millisecond, then: reset}},
		"silence in the body":      {{write: json[:len(json)-5], then: mute}},
		"an error cut short":       {{write: error500, then: hangup}},
		"an error and silence":     {{write: error500, then: mute}},
		"an error, then reset":     {{write: error500}, {pause: 20 * time.Millisecond, then: reset}},
		"a stream cut in an event": {{write: stream[:len(stream)-12], then: hangup}},
		"a stream that stays":      {{write: strings.TrimSuffix(stream, "0\r\n\r\n"), then: mute}},
		"a stream cut after it":    {{write: strings.TrimSuffix(stream, "0\r\n\r\n"), then: hangup}},
		"a stream reset after it": {{write: strings.TrimSuffix(stream, "0\r\n\r\n")}, {pause: 20 * time.Millisecond,
			then: reset}},
		"a refusal on one that stays": {{write: strings.TrimSuffix(replies["refused on a stream"], "0\r\n\r\n"),
			then: mute}},
		"a late second response": {{write: strings.TrimSuffix(stream, "0\r\n\r\n")},
			{pause: 30 * time.Millisecond, write: strings.SplitN(stream, "\r\n\r\n", 2)[1]}},
		"a stream of nothing": {{write: "HTTP/1.1 200 OK\r\n" + sseType + "Transfer-Encoding: " +
			"chunked\r\n\r\n8\r\n: ping\n\n\r\n", then: mute}},
		"interim, then silence": {{write: "HTTP/1.1 100 Continue\r\n\r\n", then: mute}},
		"accepted, then hangup": {{write: "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", then: hangup}},
	}
	for name, acts := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plain, fast := twoPaths(t, 1, 700*time.Millisecond, acts...)
			require.Equal(t, plain, fast)
		})
	}
}

// TestLoopStamps: a reply that is spread over time was received when its last
// byte of content came, on a stream with its event, whatever still follows.
func TestLoopStamps(t *testing.T) {
	json, stream := replies["json"], strings.TrimSuffix(replies["stream"], "0\r\n\r\n")
	for name, row := range map[string]struct {
		acts     []act
		from, to time.Duration
	}{
		"json in pieces": {[]act{{write: json[:20]}, {pause: 100 * time.Millisecond, write: json[20:]}},
			100 * time.Millisecond, 2 * time.Second},
		"a stream's late end": {[]act{{write: stream}, {pause: 150 * time.Millisecond, write: "0\r\n\r\n"}}, 0,
			140 * time.Millisecond},
		"a stream without end": {[]act{{write: stream, then: mute}}, 0, 140 * time.Millisecond},
		"a refusal, then an end": {[]act{{write: strings.TrimSuffix(replies["refused on a stream"], "0\r\n\r\n")},
			{pause: 150 * time.Millisecond, write: "0\r\n\r\n"}}, 0, 140 * time.Millisecond},
		"chunks, a late end": {[]act{{write: strings.TrimSuffix(replies["chunked"], "0\r\n\r\n")},
			{pause: 150 * time.Millisecond, write: "0\r\n\r\n"}}, 0, 140 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dial(t, Options{Transport: HTTP, URL: playing(t, row.acts...), Protocol: "2025-11-25",
				Refusal: rateLimit, Client: "c1", Timeout: 3 * time.Second})
			c := byLoop(t.Context(), t, newLoop(t, LoopConfig{}, s), echo)[0]
			require.True(t, c.Outcome.Answered(), c.Detail)
			require.GreaterOrEqual(t, c.Service(), row.from)
			require.Less(t, c.Service(), row.to)
		})
	}
}

// TestLoopCancels: calls end with the context, those that were written as
// Unknown and those that weren't as Unsent.
func TestLoopCancels(t *testing.T) {
	s := dial(t, Options{Transport: HTTP, URL: playing(t, act{then: mute}), Protocol: "2025-11-25", Client: "c1",
		Timeout: time.Minute})
	l := newLoop(t, LoopConfig{Conns: 2}, s)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	calls := byLoop(ctx, t, l, echo, echo, echo, echo)
	n := map[history.Outcome]int{}
	for _, c := range calls {
		n[c.Outcome]++
		require.Equal(t, "cancelled", c.Detail)
	}
	require.Equal(t, map[history.Outcome]int{history.Unknown: 2, history.Unsent: 2}, n)
	c := byLoop(ctx, t, l, echo)[0]
	require.Equal(t, history.Unsent, c.Outcome)
}

// TestLoopSharesConnections: many calls over few connections, each answered
// with its own id, and none twice.
func TestLoopSharesConnections(t *testing.T) {
	var p protocols
	server := p.server(t, (*httptest.Server).Start)
	var sessions []*Session
	for i := range 20 {
		sessions = append(sessions, dial(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25",
			Client: fmt.Sprint("c", i)}))
	}
	before := p.conns.Load()
	results := 0
	l := newLoop(t, LoopConfig{Conns: 3, Read: func(c *history.Call, result []byte) {
		results++
		require.JSONEq(t, okResult, string(result))
	}}, sessions...)
	var arrivals []history.Arrival
	for i := range 400 {
		arrivals = append(arrivals, history.Arrival{Client: fmt.Sprint("c", i%20), Tool: "x"})
	}
	seen := map[string]bool{}
	for _, c := range byLoop(t.Context(), t, l, arrivals...) {
		require.Equal(t, history.OK, c.Outcome, c.Detail)
		key := fmt.Sprintf("%s/%d", c.Client, c.ID)
		require.False(t, seen[key])
		seen[key] = true
		require.LessOrEqual(t, c.Sent, c.Received)
	}
	require.Equal(t, 400, results)
	require.Equal(t, before+3, p.conns.Load())
}

// TestLoopPassesOverDeadConnections: what the server closed while nothing was
// under way breaks no call.
func TestLoopPassesOverDeadConnections(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, p posted) {
		reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
	})
	s := dialHTTP(t, server.URL)
	l := newLoop(t, LoopConfig{}, s)
	for range 3 {
		require.Equal(t, history.OK, byLoop(t.Context(), t, l, echo)[0].Outcome)
		server.CloseClientConnections()
		require.NoError(t, l.Wait(t.Context(), l.Now()+20*time.Millisecond, nil))
	}
	server.Close()
	require.NoError(t, l.Wait(t.Context(), l.Now()+20*time.Millisecond, nil))
	plain, fast := s.Exchange(t.Context(), echo), byLoop(t.Context(), t, l, echo)[0]
	require.Equal(t, history.Broken, fast.Outcome)
	require.Equal(t, plain.Detail, fast.Detail)
}

// TestLoopCarriesNotifications as the plain path does.
func TestLoopCarriesTheRest(t *testing.T) {
	s := dialHTTP(t, serve(t, func(w http.ResponseWriter, _ *http.Request, p posted) {
		reply(w, `{"jsonrpc":"2.0","id":%s,"result":{}}`, p.ID)
	}).URL)
	l := newLoop(t, LoopConfig{}, s)
	c := byLoop(t.Context(), t, l, history.Arrival{Client: "c1", Method: "notifications/initialized"})[0]
	require.Equal(t, history.Unknown, c.Outcome)
	require.Contains(t, c.Detail, "a notification")
	c = byLoop(t.Context(), t, l, history.Arrival{Client: "c1", Method: "tools/call", Tool: "x",
		Arguments: []byte(`[1]`)})[0]
	require.Equal(t, history.Unsent, c.Outcome)
	require.Contains(t, c.Detail, "no JSON object")
	require.Equal(t, history.OK, byLoop(t.Context(), t, l, history.Arrival{Client: "c1", Method: "ping"})[0].Outcome)
	require.Panics(t, func() { l.Send(t.Context(), history.Arrival{Client: "stranger"}, nil) })
}

// TestLoopIsUnsupported where the plain path is the one to take.
func TestLoopIsUnsupported(t *testing.T) {
	for _, s := range []*Session{
		{transport: InProcess}, {transport: HTTP, url: "https://h/mcp"}, {transport: HTTP, url: "http://h/",
			o: Options{HTTP2: true}},
		{transport: HTTP, url: "http://h/", o: Options{Proxy: &url.URL{}}},
	} {
		_, err := NewLoop([]*Session{s}, LoopConfig{})
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
	_, err := NewLoop(nil, LoopConfig{})
	require.Error(t, err)
}

// TestLoopAllocatesNothing for a call, once connections and buffers are there.
func TestLoopAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	l, carry := steadyLoop(t)
	defer l.Hold()()
	carry(200)
	const calls = 500
	total := testing.AllocsPerRun(5, func() { carry(calls) })
	require.Less(t, total/calls, 0.02, "allocations a call")
}

// steadyLoop returns a loop with a server that costs no allocation either, and
// what carries calls, 16 at a time.
func steadyLoop(t testing.TB) (*Loop, func(n int)) {
	s := dial(t, Options{Transport: HTTP, URL: fixedServer(t), Protocol: "2025-11-25", Refusal: rateLimit,
		Client: "c1"})
	l := newLoop(t, LoopConfig{Conns: 16}, s)
	return l, carrier(t, l)
}

// carrier returns what carries calls on a loop, 16 at a time.
func carrier(t testing.TB, l *Loop) func(n int) {
	wake := make(chan struct{}, 1)
	ended, ctx := 0, t.Context()
	done := func(c history.Call) {
		if c.Outcome != history.OK {
			t.Errorf("%v: %s", c.Outcome, c.Detail)
		}
		ended++
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	return func(n int) {
		ended = 0
		for sent := 0; ended < n; {
			for sent < n && sent-ended < 16 {
				l.Send(ctx, echo, done)
				sent++
			}
			_ = l.Wait(ctx, math.MaxInt64, wake)
		}
	}
}

// fixedServer answers calls without allocating: the ids are put into a reply
// that is there already.
func fixedServer(t testing.TB) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	handshake := &scripted{}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go fixedReplies(c, handshake)
		}
	}()
	return "http://" + listener.Addr().String() + "/mcp"
}

func fixedReplies(c net.Conn, handshake *scripted) {
	defer c.Close()
	in, out := make([]byte, 64<<10), make([]byte, 0, 1024)
	for {
		n, err := c.Read(in)
		if err != nil {
			return
		}
		at := bytes.Index(in[:n], []byte(`"id":`))
		if !bytes.Contains(in[:n], []byte(`"tools/call"`)) {
			handshake.talk(&againConn{c, in[:n]}, nil)
			return
		}
		end := bytes.IndexByte(in[at:n], ',')
		id := in[at+5 : at+end]
		out = append(out[:0], "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "...)
		out = strconv.AppendInt(out, int64(len(okBody)-2+len(id)), 10)
		out = append(out, "\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":"...)
		out = append(out, id...)
		out = append(append(append(out, `,"result":`...), okResult...), '}')
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}

// An againConn gives bytes back that were read already.
type againConn struct {
	net.Conn
	again []byte
}

func (c *againConn) Read(p []byte) (int, error) {
	if len(c.again) > 0 {
		n := copy(p, c.again)
		c.again = c.again[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// BenchmarkLoop: 0 allocations a call. The time holds the server's as well.
func BenchmarkLoop(b *testing.B) {
	l, carry := steadyLoop(b)
	defer l.Hold()()
	carry(1000)
	b.ReportAllocs()
	b.ResetTimer()
	carry(b.N)
}

// TestLoopWakes: what becomes ready on another goroutine ends a wait at once.
func TestLoopWakes(t *testing.T) {
	s := dialHTTP(t, serve(t, nil).URL)
	l := newLoop(t, LoopConfig{}, s)
	wake := make(chan struct{}, 1)
	least := time.Hour
	for try := 0; try < 20 && least >= 80*time.Millisecond; try++ { // a machine that is busy naps by itself
		begin := l.Now()
		for range 20 {
			time.AfterFunc(100*time.Microsecond, func() { wake <- struct{}{}; l.Wake() })
			require.NoError(t, l.Wait(t.Context(), math.MaxInt64, wake))
		}
		least = min(least, l.Now()-begin)
	}
	require.Less(t, least, 80*time.Millisecond, "20 waits, none of them as long as a nap")
}
