package wire

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// TestLoopOverStdioIsExchange: whatever a child does, the loop says of a call what
// Exchange says.
func TestLoopOverStdioIsExchange(t *testing.T) {
	for _, mode := range []string{"plain", "modern", "mcp-go", "twice", "wrong-id", "pings", "long", "hangs"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			var got [2]came
			for i := range got {
				o := childOptions(mode)
				if mode == "wrong-id" || mode == "hangs" {
					o.Timeout, o.Patience = 3*time.Second, time.Minute // a machine may be busy while the child starts
				}
				s := dial(t, o)
				var c history.Call
				pass := time.Sleep
				if i == 0 {
					c = s.Exchange(t.Context(), echo)
				} else {
					l := newLoop(t, LoopConfig{}, s)
					pass = func(d time.Duration) { require.NoError(t, l.Wait(t.Context(), l.Now()+d, nil)) }
					c = byLoop(t.Context(), t, l, echo)[0]
				}
				require.LessOrEqual(t, c.Sent, c.Received)
				require.Positive(t, c.Sent)
				pass(50 * time.Millisecond) // for a second response
				c.Sent, c.Received = 0, 0
				got[i] = came{c, s.Strays()}
				for k := range got[i].Strays {
					got[i].Strays[k].At = 0
				}
				if mode == "hangs" {
					heard := func() bool { return strings.Contains(string(s.Stderr()), "cancelled") }
					for until := time.Now().Add(time.Minute); !heard() && time.Now().Before(until); {
						pass(5 * time.Millisecond) // a loop writes only while it waits
					}
					require.True(t, heard(), "the child wrote: %s", s.Stderr())
				}
			}
			require.Equal(t, got[0], got[1])
		})
	}
}

// TestLoopOverStdioCarriesMany at once, each with its own reply.
func TestLoopOverStdioCarriesMany(t *testing.T) {
	s := dial(t, childOptions("plain"))
	arrivals := make([]history.Arrival, 2000)
	for i := range arrivals {
		arrivals[i] = echo
	}
	seen := map[int64]bool{}
	for _, c := range byLoop(t.Context(), t, newLoop(t, LoopConfig{}, s), arrivals...) {
		require.Equal(t, history.OK, c.Outcome, c.Detail)
		require.False(t, seen[c.ID])
		seen[c.ID] = true
	}
	require.Empty(t, s.Strays())
}

func TestLoopOverStdioEnds(t *testing.T) {
	// A child that dies takes the calls with it, those to come too.
	s := dial(t, childOptions("dies"))
	l := newLoop(t, LoopConfig{}, s)
	n := map[history.Outcome]int{}
	for _, c := range byLoop(t.Context(), t, l, echo, echo, echo, echo) {
		n[c.Outcome]++
	}
	require.Equal(t, 4, n[history.OK]+n[history.Broken])
	require.GreaterOrEqual(t, n[history.Broken], 2)
	require.Equal(t, history.Broken, byLoop(t.Context(), t, l, echo)[0].Outcome)

	// One that doesn't read leaves what can't be written.
	o := childOptions("deaf")
	o.Timeout = 3 * time.Second
	s = dial(t, o)
	big := echo
	big.Arguments = []byte(`{"text":"` + longText() + `"}`)
	calls := byLoop(t.Context(), t, newLoop(t, LoopConfig{}, s), echo, big, echo)
	for _, c := range calls {
		require.Equal(t, history.TimedOut, c.Outcome)
	}

	// What ends with the context is Unknown where it may have been written.
	s = dial(t, childOptions("hangs"))
	l = newLoop(t, LoopConfig{}, s)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	require.Equal(t, history.Unknown, byLoop(ctx, t, l, echo)[0].Outcome)
	require.Equal(t, history.Unsent, byLoop(ctx, t, l, echo)[0].Outcome)

	bad := echo
	bad.Arguments = []byte(`[1]`)
	require.Equal(t, history.Unsent, byLoop(t.Context(), t, l, bad)[0].Outcome)
}

// longText is more than a pipe holds.
func longText() string {
	b := make([]byte, 1<<20)
	for i := range b {
		b[i] = 'x'
	}
	return string(b)
}
