package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A virtual clock moves only when it is told to.
type virtual struct {
	mu sync.Mutex
	at time.Duration
}

func (v *virtual) now() time.Duration { v.mu.Lock(); defer v.mu.Unlock(); return v.at }

func (v *virtual) pass(d time.Duration) { v.mu.Lock(); defer v.mu.Unlock(); v.at += d }

// inProcess dials a handler that speaks the stateless era, and answers calls
// as given.
func inProcess(t *testing.T, clock *virtual, call func(ctx context.Context, client string, p posted) string) *Session {
	return dial(t, Options{Client: "c1", Refusal: rateLimit, Now: clock.now, Timeout: time.Second,
		Handler: func(ctx context.Context, client string, text []byte) []byte {
			var p posted
			require.NoError(t, json.Unmarshal(text, &p))
			clock.pass(3 * time.Millisecond)
			if p.Method == "server/discover" {
				return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":{"supportedVersions":["2026-07-28"]}}`, p.ID)
			}
			return []byte(call(ctx, client, p))
		}})
}

func TestInProcess(t *testing.T) {
	clock := &virtual{at: time.Hour}
	s := inProcess(t, clock, func(_ context.Context, client string, p posted) string {
		require.Equal(t, "c1", client)
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{}}`, p.ID)
	})
	require.Equal(t, InProcess, s.Transport())
	require.Equal(t, "2026-07-28", s.Protocol())
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.OK, c.Outcome)
	require.Equal(t, time.Hour+3*time.Millisecond, c.Sent, "after the handshake")
	require.Equal(t, time.Hour+6*time.Millisecond, c.Received)
	require.Equal(t, []byte(nil), s.Stderr())
	_, gone := s.Exited()
	require.False(t, gone)
}

func TestInProcessOutcomes(t *testing.T) {
	rows := []struct {
		name, text string
		want       history.Outcome
	}{
		{"nothing", "", history.Broken},
		{"junk", "hello", history.Broken},
		{"another id", `{"jsonrpc":"2.0","id":9,"result":{}}`, history.Broken},
		{"twice", `{"jsonrpc":"2.0","id":2,"result":{}}{"jsonrpc":"2.0","id":2,"result":{}}`, history.Broken},
		{"limited", `{"jsonrpc":"2.0","id":2,"error":{"code":-32029,"message":"m"}}`, history.Limited},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := inProcess(t, &virtual{}, func(context.Context, string, posted) string { return row.text })
			require.Equal(t, row.want, s.Exchange(t.Context(), echo).Outcome)
		})
	}
}

// The time-out counts on the run's clock; the context on the wall's.
func TestInProcessTimeout(t *testing.T) {
	clock := &virtual{}
	s := inProcess(t, clock, func(_ context.Context, _ string, p posted) string {
		clock.pass(2 * time.Second)
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{}}`, p.ID)
	})
	require.Equal(t, history.TimedOut, s.Exchange(t.Context(), echo).Outcome)

	s = inProcess(t, clock, func(ctx context.Context, _ string, _ posted) string { <-ctx.Done(); return "" })
	s.o.Timeout = 50 * time.Millisecond
	require.Equal(t, history.TimedOut, s.Exchange(t.Context(), echo).Outcome)

	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	s.o.Timeout = time.Minute
	require.Equal(t, history.Unknown, s.Exchange(ctx, echo).Outcome)
	require.Equal(t, history.Unsent, s.Exchange(ctx, echo).Outcome)
}

// In the stateless era a server must not ask: it gets no answer, and is
// reported.
func TestInProcessUncalled(t *testing.T) {
	s := inProcess(t, &virtual{}, func(_ context.Context, _ string, p posted) string {
		return fmt.Sprintf(`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":%s,"result":{}}]`, p.ID)
	})
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
	require.Len(t, s.Strays(), 1)
	require.Equal(t, Uncalled, s.Strays()[0].Kind)
	require.Equal(t, "ping", s.Strays()[0].Text)
}

func TestExchangeDefaultsAndRefusals(t *testing.T) {
	var got posted
	s := inProcess(t, &virtual{}, func(_ context.Context, _ string, p posted) string {
		got = p
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{}}`, p.ID)
	})
	c := s.Exchange(t.Context(), history.Arrival{Tool: "x", Label: "burst", Due: 7})
	require.Equal(t, "tools/call", got.Method)
	require.Equal(t, "c1", c.Client)
	require.Equal(t, "burst", c.Label)
	require.Equal(t, time.Duration(7), c.Due)
	c = s.Exchange(t.Context(), history.Arrival{Tool: "x", Arguments: json.RawMessage(`[1]`)})
	require.Equal(t, history.Unsent, c.Outcome)
	require.Contains(t, c.Detail, "no JSON object")
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, s.Close(t.Context()), "twice")
	c = s.Exchange(t.Context(), echo)
	require.Equal(t, history.Unsent, c.Outcome)
	require.Equal(t, "the session is closed", c.Detail)
}

// tools/list is paged, and tells which arguments go into headers.
func TestListTools(t *testing.T) {
	handler := func(list func(p posted) string) func(context.Context, string, []byte) []byte {
		return func(_ context.Context, _ string, text []byte) []byte {
			var p posted
			require.NoError(t, json.Unmarshal(text, &p))
			if p.Method == "server/discover" {
				return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":{"supportedVersions":["2026-07-28"]}}`, p.ID)
			}
			return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,%s}`, p.ID, list(p))
		}
	}
	pages := 0
	s := dial(t, Options{ListTools: true, Handler: handler(func(p posted) string {
		pages++
		if pages == 1 {
			return `"result":{"tools":[{"name":"b","inputSchema":{"properties":{"r":{"x-mcp-header":"R"}}}}],"nextCursor":"p\"2"}`
		}
		require.Contains(t, string(p.Params), `"cursor":"p\"2"`)
		return `"result":{"tools":[{"name":"a"},{"name":"b"}]}`
	})})
	require.Equal(t, []string{"a", "b"}, s.Tools())
	require.Equal(t, []string{"server/discover", "tools/list", "tools/list"}, sent(s.Handshake()))
	require.Equal(t, []string{"x"}, s.era.Load().header("tools/call", "b", json.RawMessage(`{"r":"x"}`))["Mcp-Param-R"])

	s = dial(t, Options{ListTools: true,
		Handler: handler(func(posted) string { return `"error":{"code":-32601,"message":"m"}` })})
	require.Nil(t, s.Tools())
	require.Len(t, s.Handshake(), 2)

	e := dialFails(t, Options{ListTools: true, Handler: handler(func(posted) string { return `"result":{"tools":7}` })})
	require.Equal(t, Garbage, e.Kind)

	e = dialFails(t, Options{ListTools: true, Handler: handler(func(posted) string { return `"nothing":0` })})
	require.Equal(t, Garbage, e.Kind)

	e = dialFails(t, Options{ListTools: true,
		Handler: handler(func(posted) string { return `"result":{"nextCursor":"again"}` })})
	require.Equal(t, Protocol, e.Kind)
	require.Len(t, e.Calls, maxPages+1)
}
