package drive

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/shard"
	"github.com/mcpload/mcpload/verdict"
)

// planned is how many calls a job may send at most.
func planned(j Job) int { return len(j.Own(j.Plan(j.Planned()))) }

// What a run sends follows from its seed and its answers: when they are known, the same
// plan can be made again without a server.
func TestAnEarlyEndIsRepeatable(t *testing.T) {
	early := 0
	for seed := range uint64(12) {
		delay := []virtual.Delay{nil, virtual.Exp(time.Millisecond), virtual.Exp(20 * time.Millisecond)}[seed%3]
		j := virtualJob(seed, []string{"", "rate+5%", "burst-1", "per-session"}[seed/3], mock.ChargeAll, delay)
		calls := j.runVirtual(t.Context(), teller{}).Calls
		if len(calls) < planned(j) {
			early++
		}
		again := j.course(j.Scenarios, j.Planned(), 0, nil)
		again.calls = calls // an answer counts once it had come
		n := 0
		for a := range again.arrivals() {
			require.Less(t, n, len(calls), "seed %d", seed)
			require.Equal(t, calls[n].Arrival, a, "seed %d, call %d", seed, n)
			n++
		}
		require.Len(t, calls, n, "seed %d", seed)
	}
	require.GreaterOrEqual(t, early, 4, "some of them end early")
}

// Answers that come late, or not at all, show nothing: the plan goes on.
func TestWhatIsNotAnsweredEndsNothing(t *testing.T) {
	for _, delay := range []virtual.Delay{virtual.Constant(3 * time.Second), virtual.Exp(time.Second)} {
		j := virtualJob(1, "", mock.ChargeAll, delay)
		require.Len(t, j.runVirtual(t.Context(), teller{}).Calls, planned(j))
	}
	mute := virtualJob(1, "silent-refusals", mock.ChargeAll, virtual.Exp(time.Millisecond))
	require.Len(t, mute.runVirtual(t.Context(), teller{}).Calls, planned(mute))
}

// A shared server can't be measured from above, and parts of a run must not end apart.
func TestWhoSharesAServerNeverEndsEarly(t *testing.T) {
	j := virtualJob(1, "", mock.ChargeAll, virtual.Exp(time.Millisecond))
	require.Less(t, len(j.runVirtual(t.Context(), teller{}).Calls), planned(j))
	shared := j
	shared.Shared = true
	require.Len(t, shared.runVirtual(t.Context(), teller{}).Calls, planned(shared))
	part := j
	part.Part = shard.Part{Nth: 1, Of: 2}
	require.Len(t, part.runVirtual(t.Context(), teller{}).Calls, planned(part))
}

// A run that ended early has shown what it passes for: every check that the longest plan
// passes is passed, the limit is certified to the precision, and a few calls of either
// answer are there.
func TestAnEarlyEndIsNoHollowPass(t *testing.T) {
	for seed := range uint64(12) {
		for _, precision := range []float64{0.003, 0.01, 0.05} {
			j := virtualJob(seed, "", mock.ChargeAll, virtual.Exp(time.Millisecond))
			j.Precision = precision
			s := judgeVirtually(t.Context(), j)
			require.Equal(t, verdict.Pass, s.Verdict, "seed %d at %g: %v", seed, precision, s.Scenarios)
			require.LessOrEqual(t, s.Measured.Rate.Hi-s.Measured.Rate.Lo, 2*max(precision, 0.01)*s.Limit.Rate)
			require.LessOrEqual(t, s.Measured.Burst.Hi-s.Measured.Burst.Lo, 1.1)
			for _, sc := range s.Scenarios {
				if sc.Scenario == "overload" {
					require.GreaterOrEqual(t, sc.Calls.Limited, 5)
					require.GreaterOrEqual(t, sc.Calls.Admitted, 8)
				}
			}
		}
	}
}

// What is left of a plan, once a scenario ended early, is what then is sent if none does any
// more.
func TestAnObserverHearsWhatIsLeft(t *testing.T) {
	j := virtualJob(1, "", mock.ChargeAll, virtual.Exp(time.Millisecond))
	var rest []history.Arrival
	c := j.course(j.Scenarios, j.Planned(), 0, nil)
	c.changed = func(left []history.Arrival) { rest = left }
	clock := virtual.NewClock()
	server, err := VirtualServer(clock, j.Mock, j.Virtual, rand.New(rand.NewPCG(1, 1)))
	require.NoError(t, err)
	var sent []history.Arrival
	for a := range c.arrivals() {
		require.NoError(t, clock.Wait(t.Context(), a.Due, nil))
		server.Send(t.Context(), a, c.saw)
		sent = append(sent, a)
	}
	require.NotEmpty(t, rest)
	require.Equal(t, sent[len(sent)-len(rest):], rest)
}

// hidden are the faults that some run of a precision doesn't catch, with the precision of
// which all runs do; 0: how often it is caught is a matter of luck at each.
var hidden = map[string]map[float64]float64{
	"leak-3%":          {0.01: 0, 0.003: 0, 0.05: 0},
	"false-refusal-5%": {0.01: 0.003, 0.05: 0.003},
	"clock-forward":    {0.05: 0.01},
}

// Every fault that a whole plan catches is caught at each precision, but for those of the
// list, and no precision says anything of those that can't be.
func TestEveryFaultAtEachPrecision(t *testing.T) {
	const seeds = 2
	for _, fault := range mock.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			for _, precision := range []float64{0.003, 0.01, 0.05} {
				r := faultAt(t.Context(), fault, seeds, virtual.Exp(2*time.Millisecond), precision)
				finer, listed := hidden[fault.Name][precision]
				switch {
				case !fault.Detectable:
					require.Zero(t, r.Caught, "at %g", precision)
				case !listed:
					require.Equal(t, seeds, r.Caught+r.Withheld, "at %g", precision)
				case finer > 0:
					require.Less(t, finer, precision)
					_, listed = hidden[fault.Name][finer]
					require.False(t, listed, "the list says that %g catches it", finer)
				}
			}
		})
	}
}

// The setting of a plan carries the precision to everybody who asks for it.
func TestAJobsPlanHasItsPrecision(t *testing.T) {
	j := virtualJob(0, "", mock.ChargeAll, nil)
	whole := planned(j)
	j.Precision = scenarios.CoarsestPrecision
	require.Less(t, planned(j), whole)
	require.Equal(t, j.Precision, j.Planned().AskedPrecision())
	require.Len(t, target.ClientNames(j.ClientCount()), 2)
}
