package drive

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/verdict"
)

// lastSent is when the last call of an outcome was sent, and if the witness ended it.
func lastSent(o Outcome) (last time.Duration, ended bool) {
	for _, c := range o.Calls {
		if c.Outcome != history.Unsent {
			last = max(last, c.Sent)
		}
	}
	return last, slices.ContainsFunc(o.Server.Notes, func(n string) bool {
		return strings.Contains(n,
			"first witness")
	})
}

// A gross fault ends a run within three seconds, and the run fails all the same.
func TestFailFastEndsAtTheFirstWitness(t *testing.T) {
	for _, row := range []struct{ promise, fault string }{
		{"30 per 10s fixed", "law-missing@1"}, {"30 per 10s fixed", "law-n-x2@1"}, {"30 per 10s fixed", "law-n-1@1"},
		{"100 per 15m sliding", "law-missing@1"}, {"10/s burst 20", "law-n-x2@1"}, {"10/s burst 20", "law-missing@1"},
		{"4 at a time", "law-n-x2@1"}, {"quota 50 per day UTC", "law-missing@1"},
	} {
		t.Run(row.promise+" "+row.fault, func(t *testing.T) {
			j := virtualLawJob(keeper{promise: parsed([]string{row.promise})}, row.fault, 3, virtual.Exp(time.Millisecond))
			j.FailFast = true
			o := j.Run(t.Context(), nil, nil)
			last, ended := lastSent(o)
			require.True(t, ended, "%v", o.Server.Notes)
			require.LessOrEqual(t, last, 3*time.Second)
			require.Equal(t, verdict.Fail.String(), o.Said())
		})
	}
}

// What is still on its way may have taken something: however late replies are, no honest
// run is ended.
func TestFailFastNeverEndsAnHonestRun(t *testing.T) {
	for _, text := range []string{"30 per 10s fixed", "30 per 10s sliding", "10/s burst 20", "4 at a time"} {
		for seed := range uint64(5) {
			for _, delay := range []time.Duration{time.Millisecond, 100 * time.Millisecond, time.Second} {
				j := virtualLawJob(keeper{promise: parsed([]string{text})}, "", seed, virtual.Exp(delay))
				j.FailFast = true
				o := j.Run(t.Context(), nil, nil)
				_, ended := lastSent(o)
				require.False(t, ended, "%s, seed %d, delay %s", text, seed, delay)
				require.NotEqual(t, verdict.Fail.String(), o.Said())
			}
		}
	}
}
