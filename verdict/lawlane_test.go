package verdict

import (
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// at is a curve's value at an instant: between what stands before it and after it.
func (l *Lane) at(t time.Duration) (least, most float64) {
	k := sort.Search(len(l.Curve), func(k int) bool { return l.Curve[k].At > t }) - 1
	switch {
	case k < 0:
		return 0, 0
	case k+1 == len(l.Curve):
		return l.Curve[k].Least, l.Curve[k].Most
	}
	a, b := l.Curve[k], l.Curve[k+1]
	part := float64(t-a.At) / float64(b.At-a.At)
	return a.Least + part*(b.Least-a.Least), a.Most + part*(b.Most-a.Most)
}

// A held is how much of a law is taken: written out plainly, for one law each.
type held func(at float64, taken []float64) float64

var heldBy = map[string]held{
	"6 per 2s sliding": func(at float64, taken []float64) (n float64) {
		for _, t := range taken {
			if t <= at && t > at-2 {
				n++
			}
		}
		return n
	},
	"6 per 2s fixed": func(at float64, taken []float64) (n float64) {
		ends := -1.0
		for _, t := range taken {
			if t > at {
				break
			}
			if t >= ends {
				n, ends = 0, t+2
			}
			n++
		}
		if at >= ends {
			return 0
		}
		return n
	},
	"3/s burst 6": func(at float64, taken []float64) float64 {
		lacks, last := 0.0, 0.0
		for _, t := range taken {
			if t > at {
				break
			}
			lacks, last = max(0, lacks-3*(t-last))+1, t
		}
		return max(0, lacks-3*(at-last))
	},
}

// TestLanesHoldWhatIsTaken: whatever the delays, what an honest server has counted lies
// between the two edges; and without delays those meet.
func TestLanesHoldWhatIsTaken(t *testing.T) {
	for text, taken := range heldBy {
		t.Run(text, func(t *testing.T) {
			p, wide, looked := parsed(t, text), 0.0, 0.0
			for seed := range 100 {
				r := rand.New(rand.NewPCG(uint64(seed), 3))
				delay, now := []float64{0, 0.001, 0.02, 0.2}[r.IntN(4)], 0.0
				var calls []history.Call
				var at []float64
				for range 60 {
					now += []float64{0.01, 0.3, 1.5}[r.IntN(3)] * r.ExpFloat64()
					sent := now
					now += delay * r.ExpFloat64()
					c := history.Call{Arrival: history.Arrival{Client: "c1", Method: "tools/call", Tool: "a"},
						Sent: nanos(sent), Outcome: history.Limited}
					after := taken(now, append(at, now))
					if after <= 6 {
						c.Outcome, at = history.OK, append(at, now)
					}
					now += delay * r.ExpFloat64()
					c.Received = nanos(now) + 2
					calls = append(calls, c)
				}
				lane := Lanes(p, calls, LawConfig{Clocks: DefaultClocks()})[0]
				for k := range 400 {
					when := now * float64(k) / 400
					least, most := lane.at(nanos(when))
					is := taken(when, at)
					require.LessOrEqual(t, least, is+0.02, "seed %d at %f", seed, when)
					require.GreaterOrEqual(t, most, is-0.02, "seed %d at %f", seed, when)
					if delay == 0 {
						wide, looked = wide+most-least, looked+1
					}
				}
				for _, refused := range lane.Refused {
					require.True(t, refused.Alone)
					require.Greater(t, refused.Taken+1, 6-DefaultTolerance)
				}
			}
			require.Less(t, wide/looked, 0.05, "without delays the edges are hardly ever apart")
		})
	}
}

func nanos(s float64) time.Duration { return time.Duration(s * 1e9) }

// TestLanesOfNeighbours: a refusal is that law's which can have made it, and a lane is of
// the counter that most is known of.
func TestLanesOfNeighbours(t *testing.T) {
	p := parsed(t, "2 per 10s fixed per session", "5 per 1s sliding", "4 at a time")
	var calls []history.Call
	for i := range 9 {
		c := history.Call{Arrival: history.Arrival{Client: []string{"b", "a"}[min(i, 1)], Method: "tools/call"},
			Sent: time.Duration(i) * time.Second, Outcome: history.OK}
		if c.Received = c.Sent + time.Millisecond; i > 2 {
			c.Outcome = history.Limited
		}
		calls = append(calls, c)
	}
	lanes := Lanes(p, calls, LawConfig{Clocks: DefaultClocks()})
	require.Equal(t, "session a", lanes[0].Key)
	require.Equal(t, 1, lanes[0].Others)
	require.Len(t, lanes[0].Opened, 1)
	require.Len(t, lanes[0].Refused, 6)
	require.True(t, lanes[0].Refused[0].Alone)
	require.Equal(t, 4, lanes[0].Refused[0].Call)
	require.False(t, lanes[1].Refused[0].May)
	require.False(t, lanes[0].Has(1))
	require.True(t, lanes[0].Has(2))
	require.Empty(t, lanes[2].Key)
	least, most := lanes[2].at(10 * time.Second)
	require.Zero(t, least+most)
}
