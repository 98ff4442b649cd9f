package drive

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/verdict"
)

// A fault that is none is missed, and selftest says so.
func TestSelftestCanFail(t *testing.T) {
	none := mock.Fault{Name: "", Detectable: true, Cause: "anything"}
	row := faultRuns(t.Context(), none, 4, virtual.Exp(time.Millisecond), 0.01)
	require.Zero(t, row.Caught)
	require.True(t, row.Missed())
	row.Caught, row.Named = 3, 1
	require.False(t, row.Missed())
	row.Named = 0
	require.True(t, row.Missed(), "caught for another cause is not caught")
	row.Caught, row.Withheld = 0, 4
	require.False(t, row.Missed(), "never a pass")
}

// The smallest errors in the documents hold: a little more is always caught,
// and nothing at all never is.
func TestDetectionPower(t *testing.T) {
	r := PowerRow{Rate: 15, Burst: 40, DelayMS: 20, Precision: 0.01}
	promise := powerLimits[1]
	promise.Scope, promise.Charges = "global", []string{"*"}
	for seed := range uint64(6) {
		for _, off := range []struct {
			rate  float64
			burst int
			want  bool
		}{{15, 40, false}, {15 * 1.01, 40, true}, {15 * 0.99, 40, true}, {15, 41, true}, {15, 39, true}} {
			real := promise
			real.Rate, real.Burst = off.rate, off.burst
			require.Equal(t, off.want, r.run(t.Context(), promise, real, seed), "%v, seed %d", off, seed)
		}
	}
	require.Less(t, r.Longest, 11.0)
	require.Less(t, r.Ratio, 1.5)
	require.InDelta(t, 0.123, smallest(func(e float64) bool { return e >= 0.123 }), 1e-9)
}

// The shipped limiter is never failed at the edges either: by the whole line, in
// every scenario, with delays from nothing to many tokens' worth.
func TestTheHonestMockAtOddLimitsIsNeverFailed(t *testing.T) {
	judged := 0
	for i, l := range []profiles.Limit{
		{Rate: 0.01, Burst: 1}, {Rate: 0.01, Burst: 40}, {Rate: 1.0 / 3, Burst: 2}, {Rate: 0.7, Burst: 1},
		{Rate: 1.0 / 60, Burst: 5},
		{Rate: 15.015, Burst: 3}, {Rate: 99.9, Burst: 1}, {Rate: 333.3, Burst: 7}, {Rate: 1, Burst: 300},
	} {
		l.Scope, l.Charges = profiles.Global, []string{"*"}
		token := time.Duration(1e9 / l.Rate)
		for k, delay := range []virtual.Delay{nil, virtual.Exp(token / 20), virtual.Exp(3 * token)} {
			j := virtualJob(uint64(10*i+k), "", mock.ChargeAll, delay)
			j.Profile.Limit, j.Mock.Profile.Limit = l, l
			s := judgeVirtually(t.Context(), j)
			require.NotEqual(t, verdict.Fail, s.Verdict, "%g/s burst %d, delay %d: %v", l.Rate, l.Burst, k,
				failedChecks(s))
			require.Empty(t, s.Error)
			if s.Measured != nil {
				judged++
				box := s.Measured
				if delay == nil {
					require.LessOrEqual(t, box.Rate.Lo, l.Rate*(1+1e-9))
					require.GreaterOrEqual(t, box.Rate.Hi, l.Rate*(1-1e-9))
				}
			}
		}
	}
	require.Greater(t, judged, 15)
}

// The limiter that servers embed is among those that selftest breaks, of each kind that it has.
func TestSelftestBreaksTheEmbeddedLimiter(t *testing.T) {
	kinds := map[promise.Kind]int{}
	for _, k := range selftestKeepers() {
		if k.embedded {
			rows := lawFaultRows(t.Context(), k, 1, virtual.Exp(time.Millisecond))
			require.NotEmpty(t, rows)
			for _, r := range rows {
				require.False(t, r.Missed(), "%s: %s", r.Promise, r.Fault)
				require.Contains(t, r.Promise, "(embedded)")
				kinds[k.promise[0].Kind]++
			}
			if len(k.promise) > 1 {
				kinds["stack"]++
			}
		}
	}
	for _, kind := range []promise.Kind{promise.Bucket, promise.Window, promise.Cap, "stack"} {
		require.NotZero(t, kinds[kind], kind)
	}
}
