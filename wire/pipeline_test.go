//go:build unix

package wire

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// byPipeline sends n calls at once and returns them by their ids.
func byPipeline(ctx context.Context, t *testing.T, s *Session, arrivals ...history.Arrival) []history.Call {
	p, err := NewPipeline([]*Session{s}, LoopConfig{})
	require.NoError(t, err)
	defer p.Close()
	ended := make(chan history.Call, len(arrivals))
	for _, a := range arrivals {
		p.Send(ctx, a, func(c history.Call) { ended <- c })
	}
	var calls []history.Call
	for range arrivals {
		calls = append(calls, <-ended)
	}
	return calls
}

// TestPipelineIsExchange: whatever a child does, the pipeline says of a call
// what Exchange says.
func TestPipelineIsExchange(t *testing.T) {
	for _, mode := range []string{"plain", "modern", "mcp-go", "twice", "wrong-id", "pings", "long", "hangs"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			var got [2]came
			for i := range got {
				o := childOptions(mode)
				if mode == "wrong-id" || mode == "hangs" {
					o.Timeout = 300 * time.Millisecond
				}
				s := dial(t, o)
				var c history.Call
				if i == 0 {
					c = s.Exchange(t.Context(), echo)
				} else {
					c = byPipeline(t.Context(), t, s, echo)[0]
				}
				require.LessOrEqual(t, c.Sent, c.Received)
				require.Positive(t, c.Sent)
				time.Sleep(50 * time.Millisecond) // for a second response
				c.Sent, c.Received = 0, 0
				got[i] = came{c, s.Strays()}
				for k := range got[i].Strays {
					got[i].Strays[k].At = 0
				}
				if mode == "hangs" {
					require.Eventually(t, func() bool { return len(s.Stderr()) > 0 }, 5*time.Second, 5*time.Millisecond)
					require.Contains(t, string(s.Stderr()), "cancelled")
				}
			}
			require.Equal(t, got[0], got[1])
		})
	}
}

// TestPipelineCarriesMany at once, each with its own reply.
func TestPipelineCarriesMany(t *testing.T) {
	s := dial(t, childOptions("plain"))
	arrivals := make([]history.Arrival, 2000)
	for i := range arrivals {
		arrivals[i] = echo
	}
	seen := map[int64]bool{}
	for _, c := range byPipeline(t.Context(), t, s, arrivals...) {
		require.Equal(t, history.OK, c.Outcome, c.Detail)
		require.False(t, seen[c.ID])
		seen[c.ID] = true
	}
	require.Empty(t, s.Strays())
}

func TestPipelineEnds(t *testing.T) {
	// A child that dies takes the calls with it, those to come too.
	s := dial(t, childOptions("dies"))
	n := map[history.Outcome]int{}
	for _, c := range byPipeline(t.Context(), t, s, echo, echo, echo, echo) {
		n[c.Outcome]++
	}
	require.Equal(t, 4, n[history.OK]+n[history.Broken])
	require.GreaterOrEqual(t, n[history.Broken], 2)
	require.Equal(t, history.Broken, byPipeline(t.Context(), t, s, echo)[0].Outcome)

	// One that doesn't read leaves what can't be written.
	o := childOptions("deaf")
	o.Timeout = 300 * time.Millisecond
	s = dial(t, o)
	big := echo
	big.Arguments = []byte(`{"text":"` + longText() + `"}`)
	calls := byPipeline(t.Context(), t, s, echo, big, echo)
	for _, c := range calls {
		require.Equal(t, history.TimedOut, c.Outcome)
	}

	// What ends with the context is Unknown where it may have been written.
	s = dial(t, childOptions("hangs"))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	require.Equal(t, history.Unknown, byPipeline(ctx, t, s, echo)[0].Outcome)
	require.Equal(t, history.Unsent, byPipeline(ctx, t, s, echo)[0].Outcome)

	bad := echo
	bad.Arguments = []byte(`[1]`)
	require.Equal(t, history.Unsent, byPipeline(t.Context(), t, s, bad)[0].Outcome)
	_, err := NewPipeline([]*Session{{transport: HTTP, link: &httpLink{}}}, LoopConfig{})
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

// longText is more than a pipe holds.
func longText() string {
	b := make([]byte, 1<<20)
	for i := range b {
		b[i] = 'x'
	}
	return string(b)
}
