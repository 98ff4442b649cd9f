package probe_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/probe"
)

// Windows as people configure them, so many calls a minute: the default budget
// ends before they are certain, and says so; with the time that it asks for they
// are named.
func TestLongWindowsAreNamedWithTheTimeThatTheyNeed(t *testing.T) {
	for fault, name := range map[string]string{"sliding-log": "sliding window", "fixed-window": "fixed window"} {
		for _, calls := range []int{20, 40} {
			for seed := uint64(1); seed <= 3; seed++ {
				t.Run(fmt.Sprint(fault, " ", calls, " ", seed), func(t *testing.T) {
					at := func(b probe.Budget) probe.Report {
						server := newServerOf(t, limit(float64(calls)/60, calls), fault, "", seed)
						w := weathers[1]
						server.target.There, server.target.Back, server.target.Rand = w.delay, w.delay,
							rand.New(rand.NewPCG(seed, 7))
						r, err := probe.Probe(t.Context(), server, probe.Config{Load: load, Client: "c1", Seed: seed,
							Budget: b})
						require.NoError(t, err)
						return r
					}
					require.Equal(t, probe.Unfinished, at(probe.Budget{}).Result)
					r := at(probe.Budget{Calls: 1500, Time: 20 * time.Minute})
					require.Equal(t, probe.OtherModel, r.Result, "%v", r.Notes)
					require.Equal(t, []string{name}, names(r), "%v", r.Notes)
					require.Equal(t, time.Minute, r.Models[0].Window)
				})
			}
		}
	}
}
