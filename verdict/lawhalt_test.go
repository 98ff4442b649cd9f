package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// halting are calls of a server that stood still: whatever was sent meanwhile is answered
// within ten milliseconds of its end, in order.
func halting(from, to time.Duration, calls ...[]history.Call) (out []history.Call) {
	waiting := 0
	for _, list := range calls {
		for _, c := range list {
			if c.Received >= from && c.Received < to {
				waiting++
				c.Received = to + time.Duration(waiting)*100*time.Microsecond
			}
			out = append(out, c)
		}
	}
	return out
}

// What a timer was to give back while the server stood still comes late, and is missed by
// what waited: no server is failed for that. Where it answered all the while it is.
func TestTimersAreLateWhereAServerStoodStill(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	ok := func(at ...time.Duration) []history.Call { return callsAt(history.OK, at...) }
	no := func(at ...time.Duration) []history.Call { return callsAt(history.Limited, at...) }
	for _, row := range []struct {
		name, law string
		from, to  time.Duration
		calls     [][]history.Call
	}{
		{"a bucket that is filled each 100 ms", "10/s burst 20 steps 1 every 100ms", 50 * ms, 3050 * ms,
			[][]history.Call{ok(every(0, ms, 20)...), no(every(100*ms, 100*ms, 30)...)}},
		{"and is asked when that is over", "10/s burst 20 steps 1 every 100ms", 50 * ms, 3050 * ms,
			[][]history.Call{ok(every(0, ms, 20)...), no(every(100*ms, 100*ms, 30)...), ok(3170 * ms), no(3180 * ms)}},
		{"a window that a timer ends", "5 per 2s fixed", 1500 * ms, 3 * s,
			[][]history.Call{ok(every(0, ms, 5)...), no(10*ms, 2500*ms, 2600*ms), ok(3100 * ms)}},
		{"a log whose entries a timer takes out", "5 per 2s sliding", 1500 * ms, 3 * s,
			[][]history.Call{ok(every(0, ms, 5)...), no(10*ms, 2500*ms, 2600*ms), ok(3100 * ms)}},
		{"places that are given back once it goes on", "2 at a time", 100 * ms, 3 * s,
			[][]history.Call{ok(97*ms, 98*ms), no(200*ms, 300*ms), ok(3100 * ms)}},
		{"a bar that a timer lifts", "5 per 1s fixed lockout 2s", 1500 * ms, 3 * s,
			[][]history.Call{ok(every(0, ms, 5)...), no(10*ms, 2500*ms, 2600*ms), ok(3100 * ms)}},
		// Windows begin at 0, 2 s, 4 s, and after a stop from 5 s to 7 s at 7 s, 9 s, …
		{"windows by a timer that is set anew", "5 per 2s aligned", 5 * s, 7 * s,
			[][]history.Call{ok(every(1900*ms, ms, 5)...), no(1990 * ms), ok(every(2010*ms, ms, 5)...), no(2100 * ms),
				no(3990 * ms), ok(every(4010*ms, ms, 2)...), ok(6500 * ms), ok(every(7010*ms, ms, 4)...), no(7100 * ms),
				no(8990 * ms), ok(9010 * ms)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, cfg := parsed(t, row.law), LawConfig{Clocks: DefaultClocks()}
			got := JudgeLaws(p, halting(row.from, row.to, row.calls...), cfg)
			require.NotEqual(t, Fail, got.Verdict, "%+v", got)
			got = JudgeLaws(p, halting(0, 0, row.calls...), cfg)
			require.Equal(t, Fail, got.Verdict, "it answered all the while: %+v", got)
		})
	}
}

// A timer that is set anew each time is a tick late each time.
func TestTimersAreATickLateEachTime(t *testing.T) {
	const ms = time.Millisecond
	p, cfg := parsed(t, "10/s burst 1 steps 1 every 100ms"), LawConfig{Clocks: DefaultClocks()}
	late := func(each time.Duration) (calls []history.Call) {
		for i := range 40 {
			fill := time.Duration(i) * (100*ms + each)
			calls = append(calls, callsAt(history.OK, fill+ms)...)
			calls = append(calls, callsAt(history.Limited, fill+99*ms)...)
		}
		return calls
	}
	require.NotEqual(t, Fail, JudgeLaws(p, late(900*time.Microsecond), cfg).Verdict)
}

// A law is shown by traffic that was decided when it was due.
func TestALawIsShownByTrafficAsPlanned(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	laws := lawsOf(t, "5 per 2s fixed")
	judged := func(calls []history.Call) Finding {
		for i := range calls {
			calls[i].Label, calls[i].Due = "laws", calls[i].Sent
		}
		return laws.Checks()[0].Judge(NewCourt(promise.Terms{}, calls, Config{}).Trial("laws"))
	}
	calls := [][]history.Call{callsAt(history.OK, every(0, ms, 5)...), callsAt(history.Limited, 10*ms),
		callsAt(history.OK, every(2100*ms, ms, 5)...), callsAt(history.Limited, every(2200*ms, ms, 2)...)}
	require.Equal(t, Pass, judged(halting(0, 0, calls...)).Verdict)
	f := judged(halting(2050*ms, 4*s, calls...))
	require.Equal(t, Inconclusive, f.Verdict)
	require.Contains(t, f.Saw, "but 7 of 13 calls were not decided when they were due: nothing was answered for 1.9s")
	calls[0], calls[1] = callsAt(history.OK, every(0, ms, 5)...), callsAt(history.Limited, every(10*ms, ms, 80)...)
	require.Equal(t, Pass, judged(halting(2050*ms, 4*s, calls...)).Verdict, "few of many")
}
