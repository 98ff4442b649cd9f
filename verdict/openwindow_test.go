package verdict

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A decided call is one whose instant is known.
type decidedCall struct {
	at       float64
	admitted bool
}

// opensAndCloses reports if windows that open with a call, each of so many calls and so long,
// gave these answers.
func opensAndCloses(calls []decidedCall, number int, length float64) bool {
	open, ends, used := false, 0.0, 0
	for _, c := range calls {
		if open && c.at >= ends {
			open = false
		}
		switch {
		case !c.admitted && (!open || used < number), c.admitted && open && used == number:
			return false
		case c.admitted && !open:
			open, ends, used = true, c.at+length, 1
		case c.admitted:
			used++
		}
	}
	return true
}

// explainedBy tries every instant of every call, and every order of those at the same one.
func explainedBy(calls []history.Call, number int, length float64) bool {
	var try func(i int, chosen []decidedCall) bool
	try = func(i int, chosen []decidedCall) bool {
		if i == len(calls) {
			return opensAndCloses(chosen, number, length)
		}
		for at := calls[i].Sent; at <= calls[i].Received; at += time.Second {
			c := decidedCall{at.Seconds(), calls[i].Outcome == history.OK}
			for k := 0; k <= len(chosen); k++ {
				before := k == 0 || chosen[k-1].at <= c.at
				if after := k == len(chosen) || chosen[k].at >= c.at; before && after &&
					try(i+1, slices.Insert(slices.Clone(chosen), k, c)) {
					return true
				}
			}
		}
		return false
	}
	return try(0, nil)
}

// Windows that open with a call explain what some choice of the hidden instants does; and
// where nothing is hidden, nothing else.
func TestWindowsThatOpenExplainWhatTheyCan(t *testing.T) {
	same, wide, right := 0, 0, 0
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 61))
		hidden := seed%3 == 0
		var calls []history.Call
		at, ends, used, n := 9, -1, 0, 1+r.IntN(3)
		length := 3 + r.IntN(8)
		for range 3 + r.IntN(6) {
			if len(calls) > 4 && hidden {
				break
			}
			at += 1 + r.IntN(4)
			if at >= ends {
				ends, used = at+length, 0
			}
			c := history.Call{Arrival: history.Arrival{Method: "tools/call"}, Sent: time.Duration(at) *
				time.Second, Outcome: history.Limited}
			c.Received = c.Sent
			if hidden {
				c.Sent -= time.Duration(r.IntN(3)) * time.Second
				c.Received += time.Duration(r.IntN(3)) * time.Second
			}
			if used < n {
				c.Outcome = history.OK
				used++
			}
			if r.IntN(12) == 0 {
				c.Outcome = []history.Outcome{history.OK, history.Limited}[r.IntN(2)]
			}
			calls = append(calls, c)
		}
		b := exactly(testLimit(1, 1), calls).buckets[0]
		b.prepare()
		o := b.openings()
		for _, length := range []float64{1.5, 2, 3, 3.5, 5, 5.5, 7, 8.5, 10, 12.5} {
			whole, ns := length == float64(int(length)), length*1e9
			var all []int
			for number := 1; number <= len(calls); number++ {
				can := explainedBy(calls, number, length)
				said := o.explain(number, ns, ns)
				if can {
					right++
					require.True(t, said, "seed %d: %d in %v explains %v", seed, number, length, calls)
					least, most := o.numbers(ns, ns)
					require.LessOrEqual(t, least, number)
					require.GreaterOrEqual(t, most, number)
					all = append(all, number)
				}
				switch {
				case !hidden && !whole: // no call comes just when a window ends
					require.Equal(t, can, said, "seed %d: %d in %v and %v", seed, number, length, calls)
				case can == said:
					same++
				default:
					wide++
				}
			}
			if all = slices.DeleteFunc(all, func(n int) bool { return n < 2 }); hidden || whole {
				continue
			}
			fit, ok := o.fits(ns, ns, true)
			require.Equal(t, len(all) > 0 && len(o.refused) > 0, ok, "seed %d: %v and %v", seed, length, calls)
			if ok {
				require.Equal(t, Interval{float64(all[0]), float64(all[len(all)-1])}, fit, "seed %d: %v", seed, length)
			}
		}
	}
	t.Logf("%d explained; of those with something hidden %d as they are, %d too wide", right, same, wide)
	require.Greater(t, right, 3000)
	require.LessOrEqual(t, wide, 8608, "what isn't ruled out: fewer is better")
}

// A window in which nothing was let in has room for a call, whatever its number is.
func TestNoWindowRefusesTheFirst(t *testing.T) {
	fits := func(refused time.Duration) bool {
		calls := decide([]decision{{}, {sent: refused, decided: refused, received: refused}},
			func(at time.Duration) bool { return at == 0 })
		b := exactly(testLimit(1, 1), calls).bucketOf("")
		b.prepare()
		_, ok := b.fitsWindows(10e9, 0, 0, 0, 5)
		return ok
	}
	require.True(t, fits(5*time.Second))
	require.False(t, fits(15*time.Second))
}
