package target

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/verdict"
)

// alone sends all calls by one session.
type alone struct{ session *wire.Session }

func (s alone) Send(ctx context.Context, a history.Arrival, done func(history.Call)) {
	done(s.session.Exchange(ctx, a))
}

// Every trick reaches the server in a form of its own: where each call is free that is written
// in any other way than plain ones, each trick's calls are let through by an empty bucket, or
// turned away as what the mock doesn't take.
func TestEveryTrickReachesTheServer(t *testing.T) {
	away := regexp.MustCompile("^(" + strings.Join([]string{"message by ", "message after a byte", "message that is cut",
		"message without its JSON-RPC", "message of another JSON type", "another case of the method", "members in capitals",
		"Mcp-Session-Id", "made-up Host", "no Content-Type", "X-Http-Method", "url ", "parameter in", "slash at",
		"session over", "MCP-Protocol-Version of another"}, "|") + ")")
	// The last tool's name is one that there isn't, arguments aren't empty, paths are mended by a
	// redirect, and the rest are plain calls after something else.
	same := regexp.MustCompile("^(" + strings.Join([]string{"message with another (tool|method) behind",
		"message without empty", "two slashes", "dot in", "calls of a tool that there isn't", "a plain call after ",
		"session of our own", "another connection", "session with a GET", "call that ",
		"revision 2025-11-25$"}, "|") + ")")
	profile := profiles.ForURL(profiles.Limit{Rate: 0.0001, Burst: 1}).Loading("echo", json.RawMessage(`{"text":"a","times":2}`))
	m, err := mock.New(mock.Config{Profile: profile, Fault: "unlike-calls-free", Charge: mock.ChargeTools,
		Shape: ratelimit.HTTP429})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	url, err := m.Start("http", "127.0.0.1:0")
	require.NoError(t, err)
	begin := time.Now()
	of := &Target{Profile: profile, Options: wire.Options{URL: url, Transport: wire.HTTP, Protocol: "2025-11-25",
		Now: func() time.Duration { return time.Since(begin) }, Timeout: 10 * time.Second}}
	main, _, err := Dial(t.Context(), of.Options)
	require.NoError(t, err)
	t.Cleanup(func() { End(main.Close) })
	clients := NewClients(of, Sessions{main}, alone{main})
	t.Cleanup(clients.Close)
	send := func(a history.Arrival) history.Call {
		done := make(chan history.Call, 1)
		clients.Send(t.Context(), a, func(c history.Call) { done <- c })
		return <-done
	}
	load := history.Arrival{Method: "tools/call", Tool: "echo", Arguments: profile.Call.Arguments}
	require.Equal(t, history.OK, send(load).Outcome)
	require.Equal(t, history.Limited, send(load).Outcome)
	plan := audit.Choose(audit.Having{Limit: profile.Limit, Call: profile.Call, Web: true, Loopback: true,
		Others: []history.Arrival{load}, Budget: audit.Budget{Time: 1000 * time.Hour},
		Names: []string{"variety", "disguise", "forgery", "revision"}}, []string{"a"})
	seen := map[string]bool{}
	for _, s := range plan.Scenarios {
		for _, cue := range s.Cast(profile.Limit, scenarios.Setting{Clients: []string{"a"}, Seed: 1}) {
			name, _ := verdict.TrickOf(cue.Session)
			if name == "" || cue.Opens || seen[name] {
				continue
			}
			seen[name] = true
			a := load
			if a.Session = cue.Session; cue.Change != nil {
				cue.Change(0, &a)
			}
			if g, _ := audit.GuiseOf(a.Session); g.Own() {
				opening := a
				opening.Method, opening.Tool, opening.Arguments = "initialize", "", nil
				send(opening)
			}
			c := send(a)
			switch {
			case same.MatchString(name):
			case away.MatchString(name):
				assert.NotEqual(t, history.Limited, c.Outcome, "%s: %s", name, c.Detail)
			default:
				assert.Equal(t, history.OK, c.Outcome, "%s: %s", name, c.Detail)
			}
		}
	}
	require.Greater(t, len(seen), 100)
}
