package target

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
)

// A single is a path that only whoever sends may use, as the fast one.
type single struct {
	sending atomic.Bool
	astray  atomic.Int64
}

func (s *single) Send(_ context.Context, a history.Arrival, done func(history.Call)) {
	if !s.sending.Load() {
		s.astray.Add(1)
	}
	done(history.Call{Arrival: a, Outcome: history.OK})
}

// Plain calls of a trick go by the fast path only from where all calls are sent: it has one
// sender, and another one beside that breaks its lists.
func TestTheFastPathHasOneSender(t *testing.T) {
	profile := profiles.ForURL(profiles.Limit{Rate: 1000, Burst: 1000}).Loading("echo", nil)
	m, err := mock.New(mock.Config{Profile: profile})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	url, err := m.Start("http", "127.0.0.1:0")
	require.NoError(t, err)
	of := &Target{Profile: profile, Options: wire.Options{URL: url, Transport: wire.HTTP, Protocol: "2025-11-25",
		Now: func() time.Duration { return time.Second }}}
	main, _, err := Dial(t.Context(), of.Options)
	require.NoError(t, err)
	t.Cleanup(func() { End(main.Close) })
	fast := &single{}
	clients := NewClients(of, Sessions{main}, fast)
	done := make(chan history.Call)
	send := func(a history.Arrival) {
		fast.sending.Store(true)
		clients.Send(t.Context(), a, func(c history.Call) { go func() { done <- c }() })
		fast.sending.Store(false)
	}
	const ended = "a plain call after a session was opened and ended #1"
	send(history.Arrival{Method: "initialize", Session: ended})
	for range 3 {
		send(history.Arrival{Method: "tools/call", Tool: "echo", Session: ended})
	}
	send(history.Arrival{Method: "tools/call", Tool: "echo"})
	for range 5 {
		require.Equal(t, history.OK, (<-done).Outcome)
	}
	require.Zero(t, fast.astray.Load())
}
