package verdict

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

const msec = time.Millisecond

// flight is a call of a client from one instant to another, in milliseconds.
func flight(client string, from, to int, o history.Outcome) history.Call {
	return history.Call{Arrival: history.Arrival{Due: time.Duration(from) * msec, Client: client, Method: "ping"},
		Sent: time.Duration(from) * msec, Received: time.Duration(to) * msec, Outcome: o}
}

func TestStallsAreSpansWithoutAnswersAlthoughSomethingWasInFlight(t *testing.T) {
	const yes, no = history.OK, history.Limited
	for name, c := range map[string]struct {
		calls []history.Call
		want  string
	}{
		"nothing in flight is no stall": {[]history.Call{flight("a", 0, 1, yes), flight("a", 900, 901, yes)}, "[]"},
		"from when something is in flight to the next answer": {
			[]history.Call{flight("a", 0, 1, yes), flight("a", 300, 900, yes), flight("a", 500, 901, no)},
			"[300-900 since 300 900]"},
		"from the last answer, where it was in flight already": {
			[]history.Call{flight("a", 0, 900, yes), flight("a", 100, 200, no)}, "[0-200 since 0 200 200-900 since " +
				"200 900]"},
		"a connection by itself": {
			[]history.Call{flight("a", 0, 900, yes), flight("b", 300, 330, yes), flight("b", 390, 400, yes),
				flight("b", 480, 490, yes),
				flight("b", 570, 580, yes), flight("b", 660, 670, yes), flight("b", 750, 760, yes),
				flight("b", 830, 840, yes)},
			"[0-330 since 0 300 0-900 since 0 900 a/]"},
		"what never got an answer is in flight until it is given up": {
			[]history.Call{flight("a", 0, 700, history.TimedOut), flight("a", 10, 20, yes)}, "[20-700 since 20 700]"},
		"what was never sent is not in flight": {[]history.Call{flight("a", 0, 700, history.Unsent)}, "[]"},
	} {
		got := []string{}
		for _, s := range Stalls(c.calls, 100*msec) {
			text := fmt.Sprintf("%d-%d since %d %d", s.From/msec, s.To/msec, s.since/msec, s.another/msec)
			if s.Lane != "" {
				text += " " + s.Lane
			}
			got = append(got, text)
		}
		require.Equal(t, c.want, fmt.Sprint(got), name)
	}
}

// No call is a proof of its own excuse, and no refusal of another one's.
func TestWithoutStalls(t *testing.T) {
	const yes, no = history.OK, history.Limited
	took := func(at int, calls ...history.Call) time.Duration {
		return without(Stalls(calls, 100*msec), at, calls[at])
	}
	one := flight("a", 0, 1000, no)
	require.Equal(t, 1000*msec, took(0, one), "alone")
	require.Equal(t, 1000*msec, took(0, one, flight("a", 600, 1001, no)), "another refusal")
	require.Equal(t, 0*msec, took(0, one, flight("a", 600, 1001, yes)), "an admission")
	require.Equal(t, 1000*msec, took(0, one, flight("a", 950, 1001, yes)), "an admission that didn't wait")
	require.Equal(t, 0*msec, took(0, one, flight("b", 600, 1001, yes)), "an admission of another connection: all "+
		"stood still")
	require.Equal(t, 500*msec, took(0, one, flight("a", 200, 500, yes), flight("a", 700, 701, yes),
		flight("a", 701, 702, no)))
	require.Equal(t, 401*msec, took(1, one, flight("a", 600, 1001, yes)), "its own excuse")
	require.Equal(t, 1*msec, took(1, one, flight("a", 600, 1001, yes), flight("a", 700, 1002, yes)))
	require.Equal(t, 3*msec, took(3, one, flight("a", 600, 1001, yes), flight("a", 700, 1002, yes),
		flight("b", 950, 1003, yes)), "the end of a stall")
	require.Equal(t, 210*msec, took(0, one, flight("a", 200, 210, yes), flight("a", 200, 1001, history.Broken)),
		"what never got an answer waited as well")
}

func TestStandstillsBeginWithOurLastSignOfLife(t *testing.T) {
	late := flight("a", 3000, 3001, history.OK)
	late.Due = 1000 * msec
	got := Standstills([]history.Call{flight("a", 0, 400, history.OK), flight("a", 640, 700, history.OK), late},
		100*msec)
	require.Len(t, got, 1)
	require.Equal(t, [2]time.Duration{700 * msec, 3000 * msec}, [2]time.Duration{got[0].From, got[0].To})
}

func TestChanceIsTheTailOfDrawingWithoutReplacement(t *testing.T) {
	require.InDelta(t, 1/8259888.0, chance(5, 5, 0, 60), 1e-12) // one of 65 over 5
	require.InDelta(t, 1, chance(0, 5, 3, 60), 1e-9)
	require.InDelta(t, 2.0/3, chance(1, 2, 1, 2)-1.0/6, 1e-9) // 1 of 2 and 1 of 2, or both: 4/6 + 1/6
	require.Less(t, chance(12, 12, 0, 40), slowChance)
	require.Greater(t, chance(12, 12, 40, 40), 0.99)
}

// A noisy honest server answers each call a little after it was decided. It
// stands still now and then, alone or with one connection, and goes on with
// what has waited in any order.
type noisyServer struct {
	r      *rand.Rand
	stalls []Stall // Lane is a client; empty: the server
	order  int     // after a stall: 0 as sent, 1 the other way, 2 at random
	hold   time.Duration
	loss   float64 // share of calls that the network takes a second for
}

// overload sends what the scenario does at 12/s burst 16, from an empty bucket.
func (n noisyServer) overload(spacing, length time.Duration) []history.Call {
	type waiting struct {
		client        string
		sent, decided time.Duration
		rank          float64
	}
	var list []waiting
	turn := 0
	for at := time.Second; at < time.Second+length; at += time.Duration((0.7 + 0.6*n.r.Float64()) * float64(spacing)) {
		turn++
		w := waiting{client: []string{"c1", "c2"}[turn%2], sent: at, decided: at +
			time.Duration(n.r.ExpFloat64()*float64(msec))}
		for _, s := range n.stalls {
			if (s.Lane == "" || s.Lane == w.client) && w.decided >= s.From && w.decided < s.To {
				w.decided = s.To
			}
		}
		w.rank = []float64{float64(at), -float64(at), n.r.Float64()}[n.order]
		list = append(list, w)
	}
	slices.SortStableFunc(list, func(a, b waiting) int {
		return cmp.Or(cmp.Compare(a.decided, b.decided), cmp.Compare(a.rank, b.rank))
	})
	bucket := newLevel(12, 16)
	bucket.tokens = 2
	var calls []history.Call
	for i, w := range list {
		c := history.Call{Arrival: history.Arrival{Due: w.sent, Client: w.client, Method: "ping", Label: "overload"},
			Sent: w.sent, Outcome: history.OK}
		c.Received = w.decided + time.Duration((1+n.r.ExpFloat64())*float64(msec)) + time.Duration(i)
		if !bucket.take(w.decided) {
			c.Outcome = history.Limited
			c.Received += n.hold
		}
		if n.r.Float64() < n.loss {
			c.Received += time.Second
		}
		for _, s := range n.stalls { // the reply meets it as well
			if (s.Lane == "" || s.Lane == w.client) && c.Received >= s.From && c.Received < s.To {
				c.Received = s.To + time.Duration(n.r.ExpFloat64()*float64(msec))
			}
		}
		calls = append(calls, c)
	}
	slices.SortStableFunc(calls, func(a, b history.Call) int { return cmp.Compare(a.Due, b.Due) })
	return calls
}

func fastRefusals(calls []history.Call) Finding {
	return FastRefusals.Judge(NewCourt(promise.Terms{Limit: testLimit(12, 16)}, calls, Config{}).Trial("overload"))
}

// The worked counter-example of Stall.
func TestAPauseIsNoSlowRefusal(t *testing.T) {
	for order := range 3 {
		n := noisyServer{r: rand.New(rand.NewPCG(1, 2)), order: order,
			stalls: []Stall{{From: 4 * time.Second, To: 7 * time.Second}}}
		calls := n.overload(64*msec, 7*time.Second)
		no := sortedBy(calls, func(c history.Call) bool { return c.Outcome == history.Limited }, history.Call.Service)
		require.Greater(t, quantile(no, 0.5), 500*msec, "as they stand, refusals are slow")
		f := fastRefusals(calls)
		require.Equal(t, Pass, f.Verdict, "%d: %s", order, f.Saw)
		require.Contains(t, f.Saw, "in which nothing was answered")
	}
}

// Whatever stands still, and for however long, no honest server fails.
func TestNoiseIsNoSlowRefusal(t *testing.T) {
	verdicts := map[Verdict]int{}
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 7))
		n := noisyServer{r: r, order: r.IntN(3)}
		for range r.IntN(8) {
			from := time.Second + time.Duration(r.Float64()*7e9)
			lane := []string{"", "c1", "c2"}[r.IntN(3)]
			n.stalls = append(n.stalls, Stall{From: from, To: from + time.Duration(r.ExpFloat64()*6e8), Lane: lane})
		}
		if r.IntN(2) == 0 {
			n.loss = 0.4 * r.Float64()
		}
		f := fastRefusals(n.overload(64*msec, 7*time.Second))
		require.NotEqual(t, Fail, f.Verdict, "seed %d: %s", seed, f.Saw)
		verdicts[f.Verdict]++
	}
	t.Log(verdicts)
	require.Greater(t, verdicts[Pass], 2000, "and most pass")
}

// A server that makes refused callers wait is caught, a pause or not.
func TestSlowRefusalsAreCaughtBesideAPause(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 8))
		n := noisyServer{r: r, order: r.IntN(3), hold: time.Duration(300+r.IntN(1000)) * msec}
		if seed%2 == 1 {
			n.stalls = []Stall{{From: 5 * time.Second, To: 5700 * msec}}
		}
		f := fastRefusals(n.overload(64*msec, 7*time.Second))
		require.Equal(t, Fail, f.Verdict, "seed %d: %s", seed, f.Saw)
		require.Equal(t, "the server makes refused callers wait", f.Cause)
	}
}

// Where nothing else was in flight beside slow refusals, nobody can tell; that
// is no pass.
func TestSlowRefusalsThatWereAloneDontPass(t *testing.T) {
	var calls []history.Call
	for i := range 40 {
		at, took, o := 500*i, 2, history.OK
		if i%4 == 0 {
			took, o = 300, history.Limited
		}
		c := flight("c1", at, at+took, o)
		c.Label = "overload"
		calls = append(calls, c)
	}
	f := fastRefusals(calls)
	require.Equal(t, Inconclusive, f.Verdict, f.Saw)
	require.Contains(t, f.Saw, "pauses may have done this")
}

// A threshold is broken by what the server took, not by our own standstills.
func TestALatencyThresholdIsNotBrokenByOurOwnStandstill(t *testing.T) {
	th, err := ParseThreshold("max<500ms")
	require.NoError(t, err)
	judge := func(calls []history.Call) Finding {
		for i := range calls {
			calls[i].Label = "overload"
		}
		return LatencyCheck(th).Judge(NewCourt(promise.Terms{Limit: testLimit(12, 16)}, calls,
			Config{}).Trial("overload"))
	}
	slow := judge([]history.Call{flight("a", 0, 3, history.OK), flight("a", 100, 700, history.OK)})
	require.Equal(t, Fail, slow.Verdict, slow.Saw)
	exact := judge([]history.Call{flight("a", 0, 3, history.OK), flight("a", 100, 600, history.OK)})
	require.Equal(t, Fail, exact.Verdict, "500 ms aren't less than 500 ms: %s", exact.Saw)

	// Sent when it was due, and then the machine stood still until the next one was late.
	still := flight("a", 2100, 2103, history.OK)
	still.Due = 200 * msec
	f := judge([]history.Call{flight("a", 0, 3, history.OK), flight("a", 100, 2099, history.OK), still})
	require.Equal(t, Inconclusive, f.Verdict, f.Saw)
	require.Contains(t, f.Saw, "without our own machine's standstills")
}

// Most refusals must have been held, and far more of them than of admissions:
// what a lossy network does to any call is no fault of the server's.
func TestHowManyMustBeHeld(t *testing.T) {
	draw := func(no, heldNo, yes, heldYes int) Finding {
		var calls []history.Call
		at := 0
		send := func(n, held int, o history.Outcome) {
			for i := range n {
				took := 2
				if i < held {
					took = 150
				}
				for _, c := range []history.Call{flight("c1", at, at+took, o), flight("c1", at+50, at+52, history.OK)} {
					c.Label = "overload"
					calls = append(calls, c)
				}
				at += 200
			}
		}
		send(no, heldNo, history.Limited)
		send(yes, heldYes, history.OK)
		return fastRefusals(calls)
	}
	require.Equal(t, Fail, draw(20, 12, 60, 0).Verdict)
	require.Equal(t, Pass, draw(20, 9, 60, 0).Verdict, "the median was quick")
	require.Equal(t, Inconclusive, draw(5, 5, 30, 12).Verdict, "so were many admissions")
	require.Equal(t, Inconclusive, draw(5, 5, 4, 0).Verdict, "that may be chance")
}
