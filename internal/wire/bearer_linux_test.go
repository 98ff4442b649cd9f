package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// numbered are tokens t1, t2 and so on, of which there are so many.
type numbered struct {
	mu     sync.Mutex
	now    int
	most   int
	header http.Header // of the refusal, the last time
}

func (n *numbered) Ready(context.Context) error { return nil }

func (n *numbered) Token() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.now == 0 {
		return ""
	}
	return fmt.Sprintf("t%d", n.now)
}

func (n *numbered) Renew(_ context.Context, refused string, header http.Header) error {
	now := n.Token()
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case now != refused:
		return nil
	case n.now == n.most:
		return errors.New("there are no more of them")
	}
	n.now, n.header = n.now+1, header
	return nil
}

// A doorman lets those in who show the token that is good now, in every request.
type doorman struct {
	good   atomic.Int64
	calls  atomic.Int64 // that were let in
	turned atomic.Int64 // that were not
	gets   atomic.Int64
	status int
	head   string // of the refusal: WWW-Authenticate
	close  bool   // it is an HTTP/1.0 server's, whose end is its connection's
	expire int64  // after so many calls
}

func (d *doorman) start(t *testing.T) string {
	d.good.Store(1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != fmt.Sprintf("Bearer t%d", d.good.Load()) {
			d.turned.Add(1)
			d.refuse(w)
			return
		}
		if r.Method != http.MethodPost {
			d.gets.Add(1)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		if p := read(t, r); !initializer(w, p) {
			if d.calls.Add(1) == d.expire {
				d.good.Add(1)
			}
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (d *doorman) refuse(w http.ResponseWriter) {
	if d.close {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			// whoever reads it is there
			_, _ = fmt.Fprintf(conn, "HTTP/1.0 %d No\r\nWWW-Authenticate: %s\r\n\r\n{}", d.status, d.head)
			_ = conn.Close()
		}
		return
	}
	w.Header().Set("WWW-Authenticate", d.head)
	w.WriteHeader(d.status)
	_, _ = w.Write([]byte(`{"error":"invalid_token"}`)) // likewise
}

// TestTokensThatEndAreReplaced: a request whose token is refused goes out once more
// with another one, on either path, and the first one is in the history.
func TestTokensThatEndAreReplaced(t *testing.T) {
	for name, row := range map[string]struct {
		door   *doorman
		tokens int
		want   history.Outcome
		detail string
		turned int64 // after the handshake
	}{
		"another one": {door: &doorman{status: 401, head: `Bearer error="invalid_token"`, expire: 2},
			tokens: 9, want: history.OK, turned: 1},
		"more scope": {door: &doorman{status: 403, head: `Bearer error="insufficient_scope", scope="all"`,
			expire: 2}, tokens: 9, want: history.OK, turned: 1},
		"a server of HTTP/1.0": {door: &doorman{status: 401, head: `Bearer`, expire: 2, close: true}, tokens: 9,
			want: history.OK, turned: 1},
		"there is none": {door: &doorman{status: 401, head: `Bearer`, expire: 2}, tokens: 1,
			want: history.Rejected, turned: 1,
			detail: `HTTP 401: {"error":"invalid_token"}; there is no other token: there are no more of them`},
		"it is forbidden": {door: &doorman{status: 403, head: `Bearer error="access_denied"`, expire: 2},
			tokens: 9, want: history.Rejected, turned: 1, detail: `HTTP 403: {"error":"invalid_token"}`},
	} {
		for _, path := range []string{"plain", "fast"} {
			t.Run(name+"/"+path, func(t *testing.T) {
				t.Parallel()
				door := &doorman{status: row.door.status, head: row.door.head, close: row.door.close,
					expire: row.door.expire}
				tokens := &numbered{now: 1, most: row.tokens}
				o := Options{Transport: HTTP, Protocol: "2025-11-25", Client: "c1", Bearer: tokens,
					Timeout: 5 * time.Second}
				o.URL = door.start(t)
				s := dial(t, o)
				send := func() history.Call { return s.Exchange(t.Context(), echo) }
				if path == "fast" {
					l := newLoop(t, LoopConfig{}, s)
					send = func() history.Call { return byLoop(t.Context(), t, l, echo)[0] }
				}
				for range 2 {
					require.Equal(t, history.OK, send().Outcome)
				}
				c := send()
				require.Equal(t, row.want, c.Outcome, c.Detail)
				require.Equal(t, row.detail, c.Detail)
				require.EqualValues(t, row.turned, door.turned.Load())
				if row.want != history.OK {
					return
				}
				require.Equal(t, row.door.head, tokens.header.Get("WWW-Authenticate"), "whoever issues tokens "+
					"hears why")
				require.Equal(t, history.OK, send().Outcome)
				require.EqualValues(t, row.turned, door.turned.Load(), "the next one shows the new token at once")
				asides := s.Asides()
				require.Len(t, asides, 1)
				assert.Equal(t, history.Rejected, asides[0].Outcome)
				assert.Equal(t, row.door.status, asides[0].Status)
				assert.Equal(t, history.Request, asides[0].Kind)
				assert.Equal(t, methodCall, asides[0].Method)
				assert.Equal(t, asides[0].Sent, c.Sent, "what was waited for a token was waited for")
			})
		}
	}
}

// TestFirstToken: the first request of all asks for it, and streams show it as well.
func TestFirstToken(t *testing.T) {
	for _, transport := range []Transport{HTTP, SSE} {
		t.Run(string(transport), func(t *testing.T) {
			door := &doorman{status: 401, head: `Bearer`}
			tokens := &numbered{most: 1}
			o := Options{Transport: transport, Protocol: "2025-11-25", Client: "c1", Bearer: tokens,
				Timeout: 5 * time.Second, GetStream: GetOn, URL: door.start(t)}
			if transport == SSE {
				_, err := Dial(t.Context(), o)
				require.ErrorContains(t, err, "HTTP 405", "the doorman lets it in; it has no such stream")
				require.EqualValues(t, 1, door.gets.Load())
				require.EqualValues(t, 1, door.turned.Load())
				return
			}
			s := dial(t, o)
			require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
			require.Eventually(t, func() bool { return door.gets.Load() == 1 }, 10*time.Second, 5*time.Millisecond,
				"the standalone stream")
			require.EqualValues(t, 1, door.turned.Load())
			require.Equal(t, methodInitialize, s.Asides()[0].Method)
			require.NoError(t, s.Close(t.Context()))
		})
	}
}

// TestRequestsForTokensAreInTheHistory, where the server's own host got them.
func TestRequestsForTokensAreInTheHistory(t *testing.T) {
	door := &doorman{status: 401}
	tokens := &telling{numbered: numbered{now: 1, most: 1}}
	s := dial(t, Options{Transport: HTTP, Protocol: "2025-11-25", Client: "c1", Bearer: tokens, URL: door.start(t)})
	now := time.Now()
	tokens.tell(http.MethodGet, s.URL()+"/.well-known/x", 200, now.Add(-2*time.Millisecond), now.Add(-time.Millisecond))
	tokens.tell(http.MethodPost, "http://issuer.example/token", 200, now, now)
	asides := s.Asides()
	require.Len(t, asides, 1)
	require.Equal(t, history.Stream, asides[0].Kind)
	require.Equal(t, 200, asides[0].Status)
	require.InDelta(t, time.Millisecond, asides[0].Service(), float64(100*time.Microsecond))
	require.True(t, strings.HasPrefix(asides[0].Method, "GET"))
}

// telling are tokens that make requests.
type telling struct {
	numbered
	tell func(method, url string, status int, sent, received time.Time)
}

func (n *telling) Tell(f func(method, url string, status int, sent, received time.Time)) { n.tell = f }
