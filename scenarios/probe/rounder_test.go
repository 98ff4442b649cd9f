package probe

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// Of the lengths of a window that nothing tells apart the one that people would set is
// named: a server that has it would fail the promise of another.
func TestOfLengthsTheRoundestThatExplainsAllIsNamed(t *testing.T) {
	p := &probe{cfg: Config{Tolerance: verdict.DefaultTolerance, Clocks: &verdict.Clocks{Drift: verdict.DefaultDrift}}}
	looks := func(at time.Duration, outcome history.Outcome) history.Call {
		return history.Call{Arrival: history.Arrival{Client: "c1", Method: "tools/call", Tool: "look"}, Sent: at,
			Received: at + time.Millisecond, Outcome: outcome}
	}
	filled := func(last time.Duration) (calls []history.Call) {
		for i := range 20 {
			calls = append(calls, looks(time.Duration(i)*time.Millisecond, history.OK))
		}
		return append(calls, looks(time.Second, history.Limited), looks(5900*time.Millisecond, history.Limited),
			looks(last, history.OK))
	}
	law := func(every time.Duration) promise.Law {
		return promise.Law{Kind: promise.Window, Style: promise.Fixed, N: 20, Every: every,
			Charge: promise.Charge{Methods: []string{"tools/call"}}}
	}
	const odd = 5950 * time.Millisecond
	for name, c := range map[string]struct {
		last time.Duration // when the next window is seen
		hi   float64       // of the length
		want time.Duration
	}{
		"both explain all":     {6100 * time.Millisecond, 6.03, 6 * time.Second},
		"nothing round in it":  {6100 * time.Millisecond, 5.99, odd},
		"only the odd one may": {5980 * time.Millisecond, 6.03, odd},
	} {
		t.Run(name, func(t *testing.T) {
			found := []Law{{Law: law(odd), Every: verdict.Interval{Lo: 5.91, Hi: c.hi}}}
			got := p.rounder(found, []promise.Promise{{law(odd)}}, filled(c.last))
			require.Equal(t, c.want, got[0].Law.Every)
			require.Equal(t, odd, found[0].Law.Every, "what was found stays")
		})
	}
}
