package verdict

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A call whose instants contradict each other proves nothing, in neither
// direction, and is counted.
func TestCallsWhoseInstantsContradictEachOther(t *testing.T) {
	call := func(sent, received time.Duration, o history.Outcome) history.Call {
		return history.Call{Arrival: history.Arrival{Method: "ping"}, Sent: sent, Received: received, Outcome: o}
	}
	for _, bad := range [][2]time.Duration{{9, 5}, {-9, 5}, {-9, -12}, {math.MaxInt64, 0},
		{math.MinInt64, math.MaxInt64}} {
		// Three admissions at once would be one too many, were all of them sure.
		j := JudgeLimit(testLimit(1, 2), []history.Call{call(5, 6, history.OK), call(5, 6, history.OK),
			call(bad[0], bad[1], history.OK)})
		require.Equal(t, Pass, j.Verdict, bad)
		require.Equal(t, 3, j.Calls)
		require.Equal(t, 1, j.Misdated)

		// A refusal of a full bucket would be unjustified, were it sure when.
		j = JudgeLimit(testLimit(1, 2), []history.Call{call(bad[0], bad[1], history.Limited), call(5, 6, history.OK)})
		require.Equal(t, Pass, j.Verdict, bad)

		// But an admission that may have been at any time excuses a refusal.
		refused := []history.Call{call(5, 6, history.OK), call(7, 8, history.Limited), call(bad[0], bad[1], history.OK)}
		require.Equal(t, Fail, JudgeLimit(testLimit(1, 3), refused[:2]).Verdict)
		require.Equal(t, Pass, JudgeLimit(testLimit(1, 3), refused).Verdict)

		j = JudgeLimit(testLimit(1, 2), []history.Call{call(bad[0], bad[1], history.OK),
			call(bad[0], bad[1], history.Limited)})
		require.Equal(t, Inconclusive, j.Verdict, "nothing is left to judge")
		require.Equal(t, 2, j.Misdated)
		require.Nil(t, j.Measured)
	}
	lost := call(9, 0, history.TimedOut) // nobody noted when it was given up: that is usual
	require.Zero(t, JudgeLimit(testLimit(1, 2), []history.Call{lost, call(1, 2, history.OK)}).Misdated)
}

// Whatever is thrown at it, Judge answers.
func TestJudgeTakesAnything(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 31))
		instant := func() time.Duration {
			return []time.Duration{0, 1, -1, math.MaxInt64, math.MinInt64, 1 << 62, time.Duration(r.Int64N(1000)),
				time.Duration(r.Uint64())}[r.IntN(8)]
		}
		calls := make([]history.Call, r.IntN(30))
		for i := range calls {
			calls[i] = history.Call{Sent: instant(), Received: instant(), Outcome: history.Outcome(r.IntN(10))}
			calls[i].Method, calls[i].Client = "ping", []string{"", "a"}[r.IntN(2)]
		}
		limit := testLimit([]float64{0, 1e-9, 1, 1e9, 1e300}[r.IntN(5)], 1+r.IntN(5))
		j := JudgeLimit(limit, calls)
		require.Equal(t, j.Verdict == Fail, j.OverAdmission.Violated || j.OverRejection.Violated, "seed %d", seed)
	}
}

func TestALimitThatNoBucketCanHaveIsInconclusive(t *testing.T) {
	calls := []history.Call{{Arrival: history.Arrival{Method: "ping"}, Received: 5, Outcome: history.OK}}
	require.Equal(t, Pass, JudgeLimit(testLimit(0, 1), calls).Verdict, "a bucket that never refills")
	for _, rate := range []float64{-1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		require.Equal(t, Inconclusive, JudgeLimit(testLimit(rate, 1), calls).Verdict, rate)
	}
	require.Equal(t, Inconclusive, JudgeLimit(testLimit(1, 0), calls).Verdict)
	require.Equal(t, Inconclusive, JudgeLimit(testLimit(1, -5), calls).Verdict)
	for _, tolerance := range []float64{-1, math.NaN()} {
		require.Equal(t, Inconclusive, Gather(testLimit(1, 1), calls).Judge(testLimit(1, 1), tolerance).Verdict)
	}
}
