package mock

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slowly is a promise under which no token flows in while a test runs, and the
// handshake is free.
func slowly(burst int) profiles.Profile {
	return profiles.Profile{
		Name: "acb",
		Limit: profiles.Limit{Rate: 0.001, Burst: burst, Scope: profiles.Global, Charges: []string{"*"},
			Free: []string{"initialize"}},
		Call: profiles.LoadCall{Method: "tools/call", Tool: "list_components"},
	}
}

func start(t *testing.T, c Config) *Server {
	s, err := New(c)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestEveryTransport(t *testing.T) {
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			s := start(t, Config{Profile: slowly(5)})
			c := p.dial(t, s)
			defer c.close()
			for i := range 4 {
				reply := c.exchange(t, toolCall(fmt.Sprint(i+1), "list_components"), 1)[0]
				assert.Contains(t, reply, fmt.Sprintf(`"id":%d`, i+1))
				assert.Contains(t, reply, `"text":"ok"`)
			}
			assert.Contains(t, c.exchange(t, request(`"five"`, "tools/list", ""), 1)[0], `"name":"list_components"`)
			assert.JSONEq(t,
				`{"jsonrpc":"2.0","id":6,"result":{"content":[{"type":"text","text":"Global rate limit exceeded"}],"isError":true}}`,
				c.exchange(t, toolCall("6", "list_components"), 1)[0])
			assert.JSONEq(t,
				`{"jsonrpc":"2.0","id":"seven","error":{"code":-32000,"message":"Global rate limit exceeded"}}`,
				c.exchange(t, request(`"seven"`, "tools/list", ""), 1)[0])

			stats := s.Stats()
			assert.Equal(t, Count{Admitted: 4, Limited: 1}, stats.Methods["tools/call"])
			assert.Equal(t, Count{Admitted: 1, Limited: 1}, stats.Methods["tools/list"])
			assert.Equal(t, 5+stats.Methods["initialize"].Admitted, stats.Admitted)
			assert.Equal(t, 2, stats.Limited)
			assert.False(t, stats.Died)
		})
	}
}

func TestShapes(t *testing.T) {
	for _, p := range peers {
		for shape, want := range map[ratelimit.Shape]string{
			ratelimit.FastMCP2: `{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"Global rate limit exceeded"}],"isError":true}}`,
			ratelimit.FastMCP4: `{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"Global rate limit exceeded"}}`,
			ratelimit.HTTP429:  `{"jsonrpc":"2.0","id":%s,"error":{"code":429,"message":"Rate limit exceeded","data":{"retry_after_ms":`,
		} {
			t.Run(p.name+" "+string(shape), func(t *testing.T) {
				s := start(t, Config{Profile: slowly(1), Shape: shape})
				c := p.dial(t, s)
				defer c.close()
				c.exchange(t, toolCall("1", "list_components"), 1)
				for _, id := range []string{"2", `"x\u00e4"`, "1.50", "12345678901234567890"} {
					reply := c.exchange(t, toolCall(id, "list_components"), 1)[0]
					assert.Truef(t, strings.HasPrefix(reply, fmt.Sprintf(want, id)), "%s", reply)
				}
				if h, ok := c.(*httpPeer); ok {
					status, wait := 200, ""
					if shape == ratelimit.HTTP429 {
						status, wait = 429, "1000" // a token takes 1000 s
					}
					assert.Equal(t, status, h.status)
					assert.Equal(t, wait, h.header.Get("Retry-After"))
				}
			})
		}
	}
}

func TestDeformedOverEveryTransport(t *testing.T) {
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			p := p.dial
			for _, c := range []struct {
				fault   string
				burst   int
				replies int
				check   func(t *testing.T, replies []string)
			}{
				{"duplicate-reply", 50, 2, func(t *testing.T, replies []string) {
					assert.Contains(t, replies[0], `"text":"ok"`)
					assert.JSONEq(t, replies[0], replies[1])
					assert.Contains(t, replies[0], `"id":10`)
				}},
				{"duplicate-reply", 1, 2, func(t *testing.T, replies []string) {
					assert.Contains(t, replies[0], "Global rate limit exceeded")
					assert.JSONEq(t, replies[0], replies[1])
				}},
				{"wrong-id", 50, 1, func(t *testing.T, replies []string) {
					assert.Contains(t, replies[0], `"id":1000010`)
					assert.Contains(t, replies[0], `"text":"ok"`)
				}},
				{"wrong-id", 1, 1, func(t *testing.T, replies []string) {
					assert.Contains(t, replies[0], `"id":1000010`)
					assert.Contains(t, replies[0], "Global rate limit exceeded")
				}},
				{"refusal-as-success", 1, 1, func(t *testing.T, replies []string) {
					assert.JSONEq(t,
						`{"jsonrpc":"2.0","id":10,"result":{"content":[{"type":"text","text":"Rate limit exceeded, please try again later"}]}}`, replies[0])
				}},
			} {
				s := start(t, Config{Profile: slowly(c.burst), Fault: c.fault})
				client := p(t, s)
				for i := range 9 {
					client.exchange(t, toolCall(fmt.Sprint(i+1), "list_components"), 1)
				}
				c.check(t, client.exchange(t, toolCall("10", "list_components"), c.replies))
				// Nothing more came, or the next reply would be another's.
				assert.Contains(t, client.exchange(t, toolCall("11", "list_components"), 1)[0], `"id":11`)
				assert.Equal(t, 11, s.Stats().Methods["tools/call"].Admitted+s.Stats().Methods["tools/call"].Limited,
					"counted twice")
				client.close()
			}
		})
	}
}

func TestSilentRefusals(t *testing.T) {
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			s := start(t, Config{Profile: slowly(1), Fault: "silent-refusals"})
			c := p.dial(t, s)
			defer c.close()
			c.exchange(t, toolCall("1", "list_components"), 1)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			switch c := c.(type) {
			case *httpPeer:
				_, _, err := c.post(ctx, toolCall("2", "list_components"))
				assert.ErrorIs(t, err, context.DeadlineExceeded)
			case inProcessPeer:
				assert.Nil(t, s.Handle(ctx, "c1", []byte(toolCall("2", "list_components"))))
				assert.ErrorIs(t, ctx.Err(), context.DeadlineExceeded, "it didn't wait")
			case *streamPeer:
				require.NoError(t, c.send(toolCall("2", "list_components")))
				// The next reply belongs to a request that is free.
				assert.Contains(t, c.exchange(t, strings.Replace(initialize, `"init"`, "3", 1), 1)[0], `"id":3`)
			}
			assert.Equal(t, 1, s.Stats().Limited)
		})
	}
}

func TestDies(t *testing.T) {
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			s := start(t, Config{Profile: slowly(50), Fault: "dies-after-60"})
			c := p.dial(t, s)
			defer c.close()
			for i := range 60 {
				c.exchange(t, toolCall(fmt.Sprint(i), "list_components"), 1)
			}
			switch c := c.(type) {
			case *httpPeer:
				for range 2 {
					_, _, err := c.post(t.Context(), toolCall("61", "list_components"))
					assert.Error(t, err)
				}
			case inProcessPeer:
				assert.Nil(t, s.Handle(t.Context(), "c1", []byte(toolCall("61", "list_components"))))
				assert.Nil(t, s.Handle(t.Context(), "c2", []byte(initialize)))
			case *streamPeer:
				_ = c.send(toolCall("61", "list_components")) // it may notice already
				select {
				case _, ok := <-c.replies:
					assert.False(t, ok, "a reply from the dead")
				case <-time.After(patience):
					t.Fatal("the stream didn't end")
				}
			}
			assert.True(t, s.Stats().Died)
			assert.Equal(t, 60, s.Stats().Methods["tools/call"].Admitted+s.Stats().Methods["tools/call"].Limited)
		})
	}
}

// mcp-go's own client gets along with the mock, and sees its refusals.
func TestRealClient(t *testing.T) {
	for _, transport := range []string{"http", "sse"} {
		t.Run(transport, func(t *testing.T) {
			s := start(t, Config{Profile: slowly(3)})
			url, err := s.Start(transport, "127.0.0.1:0")
			require.NoError(t, err)
			var c *client.Client
			if transport == "http" {
				c, err = client.NewStreamableHttpClient(url)
			} else {
				c, err = client.NewSSEMCPClient(url)
			}
			require.NoError(t, err)
			require.NoError(t, c.Start(context.Background()))
			defer c.Close()
			_, err = c.Initialize(t.Context(),
				mcp.InitializeRequest{Params: mcp.InitializeParams{ProtocolVersion: "2025-11-25"}})
			require.NoError(t, err)
			left := 3 - (s.Stats().Admitted - s.Stats().Methods["initialize"].Admitted)
			for range left {
				r, err := c.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "echo",
					Arguments: map[string]any{"a": 1}}})
				require.NoError(t, err)
				assert.False(t, r.IsError)
				assert.Equal(t, `{"a":1}`, r.Content[0].(mcp.TextContent).Text)
			}
			r, err := c.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "echo"}})
			require.NoError(t, err)
			assert.True(t, r.IsError)
			assert.Positive(t, left)
			http.DefaultClient.CloseIdleConnections()
		})
	}
}

// Concurrent callers over real sockets get the burst and not one more, and
// lose no reply, also where an event stream's queue is full.
func TestConcurrentCallers(t *testing.T) {
	const calls = 250
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			s := start(t, Config{Profile: slowly(40)})
			c := p.dial(t, s)
			defer c.close()
			var wg sync.WaitGroup
			for i := range calls {
				wg.Go(func() {
					text := toolCall(fmt.Sprint(i), "list_components")
					switch c := c.(type) {
					case *httpPeer:
						_, body, err := c.post(t.Context(), text)
						assert.NoError(t, err)
						assert.Contains(t, string(body), fmt.Sprintf(`"id":%d`, i))
					case inProcessPeer:
						c.exchange(t, text, 1)
					case *streamPeer:
						assert.NoError(t, c.send(text))
					}
				})
			}
			wg.Wait()
			if c, ok := c.(*streamPeer); ok {
				for i := range calls {
					select {
					case <-c.replies:
					case <-time.After(patience):
						t.Fatalf("%d of %d replies came", i, calls)
					}
				}
			}
			assert.Equal(t, Count{Admitted: 40, Limited: calls - 40}, s.Stats().Methods["tools/call"])
		})
	}
}

func TestSessionsAndConnections(t *testing.T) {
	p := slowly(2)
	p.Limit.Scope = profiles.Client
	s := start(t, Config{Profile: p})
	for _, transport := range peers[:3] { // each dial is a session and a connection of its own
		a, b := transport.dial(t, s), transport.dial(t, s)
		for range 2 {
			for _, c := range []peer{a, b} {
				assert.Contains(t, c.exchange(t, toolCall("1", "echo"), 1)[0], `"text":"{}"`, transport.name)
			}
		}
		for _, c := range []peer{a, b} {
			assert.Contains(t, c.exchange(t, toolCall("1", "echo"), 1)[0], "limit exceeded", transport.name)
			c.close()
		}
	}
	c1, c2 := inProcessPeer{s, "c1"}, inProcessPeer{s, "c2"}
	for _, c := range []peer{c1, c1, c2, c2} {
		assert.Contains(t, c.exchange(t, toolCall("1", "echo"), 1)[0], `"text":"{}"`)
	}
	assert.Contains(t, c1.exchange(t, toolCall("1", "echo"), 1)[0], "limit exceeded")

	// A session keeps its bucket over a new connection; a connection doesn't.
	for fault, limited := range map[string]bool{"per-session": true, "per-connection": false} {
		s := start(t, Config{Profile: slowly(1), Fault: fault})
		c := dialHTTP(t, s, false)
		assert.Contains(t, c.exchange(t, toolCall("1", "echo"), 1)[0], `"text":"{}"`)
		c.client.CloseIdleConnections()
		reply := c.exchange(t, toolCall("1", "echo"), 1)[0]
		assert.Equal(t, limited, strings.Contains(reply, "limit exceeded"), "%s: %s", fault, reply)
	}
}

// A page that rebinds its name gets neither in nor at the tokens.
func TestRebinding(t *testing.T) {
	s := start(t, Config{Profile: slowly(1)})
	for _, transport := range []string{"http", "sse"} {
		url, err := s.Start(transport, "127.0.0.1:0")
		require.NoError(t, err)
		url = strings.Replace(url, "/sse", "/message?sessionId=x", 1)
		q, err := http.NewRequest(http.MethodPost, url, strings.NewReader(toolCall("1", "echo")))
		require.NoError(t, err)
		q.Host = "evil.example"
		q.Header.Set("Content-Type", "application/json")
		c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		r, err := c.Do(q)
		require.NoError(t, err)
		assert.NoError(t, r.Body.Close())
		assert.Equal(t, http.StatusForbidden, r.StatusCode, transport)
	}
	assert.Zero(t, s.Stats().Admitted+s.Stats().Limited)
}

func TestNotRequestsAreFree(t *testing.T) {
	for _, p := range peers {
		s := start(t, Config{Profile: slowly(1)})
		c := p.dial(t, s)
		before := s.Stats()
		if p.name != "http stateless" {
			c.exchange(t, ready, 0)
			c.exchange(t, `{"jsonrpc":"2.0","id":99,"result":{}}`, 0)
		}
		assert.Equal(t, before, s.Stats(), p.name)
		assert.Contains(t, c.exchange(t, toolCall("1", "echo"), 1)[0], `"text":"{}"`, p.name)
		c.close()
	}
}

// The fault's meaning reaches the wire: what fails is known at the gate.
func TestFailedCallsAreFree(t *testing.T) {
	s := start(t, Config{Profile: slowly(2), Fault: "only-success-counted"})
	c := inProcessPeer{s, "c1"}
	for range 5 {
		assert.Contains(t, c.exchange(t, toolCall("1", "fail"), 1)[0], "always fails")
		assert.Contains(t, c.exchange(t, toolCall("1", "no_such_tool"), 1)[0], "not found")
	}
	for range 2 {
		assert.Contains(t, c.exchange(t, toolCall("1", "echo"), 1)[0], `"text":"{}"`)
	}
	assert.Contains(t, c.exchange(t, toolCall("1", "echo"), 1)[0], "limit exceeded")
	assert.Contains(t, c.exchange(t, toolCall("1", "fail"), 1)[0], "always fails")
}

// A fault that only one shape shows brings it along, unless another is wanted.
func TestFaultsShape(t *testing.T) {
	for shape, want := range map[ratelimit.Shape]string{"": "retry_after_ms", ratelimit.FastMCP4: "-32000"} {
		s := start(t, Config{Profile: slowly(1), Fault: "retry-after-long", Shape: shape})
		c := inProcessPeer{s, "c1"}
		c.exchange(t, toolCall("1", "echo"), 1)
		assert.Contains(t, c.exchange(t, toolCall("2", "echo"), 1)[0], want)
	}
}

func TestWrongID(t *testing.T) {
	for id, want := range map[string]string{"7": "1000007", `"a\"b"`: `"wrong-a\"b"`, "1.5": `"wrong-1.5"`,
		"99999999999999999999": `"wrong-99999999999999999999"`} {
		assert.Equal(t, want, string(wrongID([]byte(id))))
	}
	assert.JSONEq(t, `{"id":8,"method":"ping"}`, string(withID([]byte(`{"ID":1,"id":7,"method":"ping"}`), []byte("8"))))
}
