package verdict

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// The box is the hull of what a fine grid of rates finds feasible: no wider,
// and never narrower.
func TestTheBoxIsTheHullOfAllExplanations(t *testing.T) {
	bounded := 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 4))
		rate, burst := 2+r.Float64()*30, 2+r.IntN(12)
		ev := Gather(testLimit(rate, burst), decide(randomPlan(r, 150, rate), newLevel(rate, burst).take))
		m, ok := ev.Measure(0.01)
		require.True(t, ok, "seed %d", seed)
		if math.IsInf(m.Rate.Hi, 1) {
			continue
		}
		bounded++
		end := m.Rate.Hi * 1.5
		if m.Or != nil {
			end = m.Or.Rate.Lo
		}
		lo, hi := math.Inf(1), 0.0
		var burstLo, burstHi float64
		for x := m.Rate.Lo * 0.7; x < end; x *= 1.002 {
			low, high := max(1.02, ev.BurstMin(x)), ev.BurstMax(x)
			if low-0.02 >= high {
				continue
			}
			if x < lo {
				lo, burstHi = x, high+0.01
			}
			hi, burstLo = x, low-0.01
		}
		if hi == 0 {
			require.Less(t, m.Rate.Hi/m.Rate.Lo, 1.01, "the grid missed it, so it must be narrow, seed %d", seed)
			continue
		}
		require.InEpsilon(t, lo, m.Rate.Lo, 0.003, "seed %d", seed)
		require.InEpsilon(t, hi, m.Rate.Hi, 0.003, "seed %d", seed)
		require.LessOrEqual(t, m.Rate.Lo, lo)
		require.GreaterOrEqual(t, m.Rate.Hi, hi)
		require.LessOrEqual(t, m.Burst.Lo, burstLo+1e-9)
		require.GreaterOrEqual(t, m.Burst.Hi, burstHi-1e-9)
	}
	require.Greater(t, bounded, 60, "too few boxes had an upper bound")
}

// Where the promise explains the history, the box that is told for it holds it.
func TestTheBoxAroundAPromiseHoldsIt(t *testing.T) {
	split := 0
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 7))
		rate, burst := math.Pow(10, r.Float64()*3-1), 1+r.IntN(50)
		ev := Gather(testLimit(rate, burst), decide(randomPlan(r, 20+r.IntN(120), rate), newLevel(rate, burst).take))
		m, ok := ev.MeasureAround(rate, 0)
		if ev.granted == 0 {
			continue
		}
		require.True(t, ok)
		require.True(t, m.holds(rate, float64(burst)), "%s lost %g/s, %d, seed %d", m, rate, burst, seed)
		if plain, _ := ev.Measure(0); !plain.holds(rate, float64(burst)) {
			split++
		}
	}
	require.Positive(t, split, "no history had several stretches, so this proved nothing")
}

func TestNoBoxForWhatIsNoTokenBucket(t *testing.T) {
	// A fixed window: 10 calls in each whole second, and the counter starts anew.
	var calls []history.Call
	var inWindow, window int
	for i := range 400 {
		at := time.Duration(i) * 37 * time.Millisecond
		if w := int(at / time.Second); w != window {
			window, inWindow = w, 0
		}
		c := history.Call{Sent: at, Received: at + time.Microsecond, Outcome: history.Limited}
		c.Method = "tools/call"
		if inWindow < 10 {
			inWindow++
			c.Outcome = history.OK
		}
		calls = append(calls, c)
	}
	_, ok := Gather(testLimit(10, 10), calls).Measure(DefaultTolerance)
	require.False(t, ok)
}

func TestWithoutARefusalThereIsNoUpperBound(t *testing.T) {
	var calls []history.Call
	for i := range 20 {
		at := time.Duration(i) * time.Millisecond
		calls = append(calls, history.Call{Arrival: history.Arrival{Method: "tools/call"}, Sent: at, Received: at,
			Outcome: history.OK})
	}
	m, ok := Gather(testLimit(10, 10), calls).Measure(DefaultTolerance)
	require.True(t, ok)
	require.True(t, math.IsInf(m.Rate.Hi, 1))
	require.True(t, math.IsInf(m.Burst.Hi, 1))
	require.Zero(t, m.Rate.Lo)
	require.Equal(t, "rate ≥ 0/s, burst ≥ 1", m.String())
}

// A witness is evidence that anyone can re-check by hand, without this
// package: the calls that it names break the rule that it names.
func TestWitnessesHoldUnderRecount(t *testing.T) {
	over, under := 0, 0
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 5))
		rate, burst := 2+r.Float64()*30, 2+r.IntN(12)
		wrong := newLevel(rate*(0.5+r.Float64()), max(1, burst+r.IntN(9)-4))
		calls := decide(randomPlan(r, 150, rate), wrong.take)
		c := [...]Clocks{{}, DefaultClocks(), {Drift: 0.01, Error: 3 * time.Millisecond}}[seed%3]
		j := Gather(testLimit(rate, burst), calls).Under(c).Judge(testLimit(rate, burst), DefaultTolerance)
		if w := j.OverAdmission.Witness; w != nil {
			over++
			require.Equal(t, Fail, j.Verdict)
			require.Len(t, w.Calls, w.Admitted)
			for _, pos := range w.Calls {
				c := calls[pos-1]
				require.Equal(t, history.OK, c.Outcome)
				require.GreaterOrEqual(t, c.Sent, w.From)
				require.LessOrEqual(t, c.Received, w.To)
			}
			require.InDelta(t, float64(burst)+rate*c.Most(w.To-w.From).Seconds(), w.Allowed, 1e-6*(1+rate))
			require.Greater(t, float64(w.Admitted), w.Allowed+DefaultTolerance-1e-6)
		}
		if w := j.OverRejection.Witness; w != nil {
			under++
			require.Equal(t, Fail, j.Verdict)
			refused := calls[w.Calls[0]-1]
			require.Equal(t, history.Limited, refused.Outcome)
			require.LessOrEqual(t, plainBurstMax(rate*(1-c.Drift),
				c.widen(append([]history.Call{refused}, granted(calls)...))), float64(burst)-DefaultTolerance+1e-6)
			if w.From < w.To {
				require.InDelta(t, float64(burst)+rate*c.Least(w.To-w.From).Seconds(), w.Allowed, 1e-6*(1+rate))
			}
			require.LessOrEqual(t, float64(w.Admitted)+1, w.Allowed-DefaultTolerance+1e-6, "a token was left")
		}
	}
	require.Greater(t, over, 100)
	require.Greater(t, under, 100)
}

func granted(calls []history.Call) []history.Call {
	var out []history.Call
	for _, c := range calls {
		if c.Outcome != history.Limited {
			out = append(out, c)
		}
	}
	return out
}

func TestAPerClientLimitIsJudgedClientByClient(t *testing.T) {
	limit := testLimit(10, 5)
	var calls []history.Call
	for i := range 5 {
		for _, client := range []string{"a", "b"} {
			at := time.Duration(i) * time.Millisecond
			calls = append(calls, history.Call{Arrival: history.Arrival{Client: client, Method: "ping"}, Sent: at,
				Received: at + 1, Outcome: history.OK})
		}
	}
	require.Equal(t, Fail, JudgeLimit(limit, calls).Verdict)
	limit.Scope = promise.Client
	require.Equal(t, Pass, JudgeLimit(limit, calls).Verdict)
}

func TestWhatIsNotChargedOrNotSentIsNotCounted(t *testing.T) {
	limit := testLimit(1, 2)
	limit.MayCharge, limit.Free = []string{"initialize"}, []string{"ping"}
	at := func(method string, o history.Outcome) history.Call {
		return history.Call{Arrival: history.Arrival{Method: method}, Outcome: o}
	}
	calls := []history.Call{
		at("initialize", history.OK), at("initialize", history.OK), // may have cost: no evidence of over-admission
		at("ping", history.OK), at("ping", history.OK),
		at("tools/call", history.OK), at("tools/call", history.OK),
		at("tools/call", history.ToolError), at("tools/call", history.Broken), at("tools/call", history.Unsent),
	}
	ev := exactly(limit, calls)
	require.Equal(t, 2.0, ev.BurstMin(1))
	require.Equal(t, 8, ev.Calls())
	ev.Add(10, &history.Call{Arrival: history.Arrival{Method: "tools/call"}, Outcome: history.Limited})
	require.Equal(t, 1+6.0, ev.BurstMax(1), "two initialize, two admitted and two unclear calls may have drawn on "+
		"the bucket")
}

func TestARefusedHandshakeIsNotHeldAgainstTheServer(t *testing.T) {
	calls := []history.Call{{Arrival: history.Arrival{Method: "initialize", Label: Handshake}, Outcome: history.Limited,
		Received: 5}}
	require.Equal(t, Inconclusive, JudgeLimit(testLimit(1, 2), calls).Verdict)
	calls[0].Label = "burst"
	require.Equal(t, Fail, JudgeLimit(testLimit(1, 2), calls).Verdict)
}

func TestNothingToJudgeIsInconclusive(t *testing.T) {
	require.Equal(t, Inconclusive, JudgeLimit(testLimit(1, 2), nil).Verdict)
	lost := []history.Call{{Arrival: history.Arrival{Method: "ping"}, Outcome: history.TimedOut, Received: 9}}
	require.Equal(t, Inconclusive, JudgeLimit(testLimit(1, 2), lost).Verdict)
}

// Epoch nanoseconds, as an access log has them, lose no precision.
func TestEpochInstants(t *testing.T) {
	epoch := time.Duration(1732412345123456789)
	var calls []history.Call
	for i := range 41 {
		at := epoch + time.Duration(i)
		calls = append(calls, history.Call{Arrival: history.Arrival{Method: "tools/call"}, Sent: at, Received: at,
			Outcome: history.OK})
	}
	j := exactly(testLimit(15, 40), calls).Judge(testLimit(15, 40), DefaultTolerance)
	require.Equal(t, Fail, j.Verdict)
	require.InDelta(t, 41, j.OverAdmission.Burst, 1e-5)
	require.Equal(t, epoch, j.OverAdmission.Witness.From)
}
