package probe_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/probe"
)

// Two limits at once as people set them are named with what the screen says that they need, also
// where the last answers that one of them explains have it look slower than it is; and with less
// they are left open, with one word of what to allow.
func TestTwoLimitsAreNamedWithWhatTheyNeed(t *testing.T) {
	for _, laws := range [][]string{
		{"5/s burst 10", "60 per 1m sliding"},
		{"10/s burst 10", "100 per 1m fixed"},
		{"10 per 1s sliding", "100 per 1m sliding"},
	} {
		t.Run(strings.Join(laws, ", "), func(t *testing.T) {
			t.Parallel()
			named := 0
			for seed := uint64(1); seed <= 4; seed++ {
				r := run(t, keeping(t, "", seed, laws...), probe.Config{Seed: seed})
				require.Equal(t, probe.Unfinished, r.Result)
				require.Equal(t, 1, strings.Count(strings.Join(r.Notes, "\n"), "Allow "), "%q", r.Notes)
				r = run(t, keeping(t, "", seed, laws...), probe.Config{Seed: seed,
					Budget: probe.Budget{Calls: 2500, Time: 20 * time.Minute}})
				if r.Result == probe.OtherModel {
					named++
					require.Equal(t, laws, lawsOf(r))
				} else {
					show(t, r)
				}
			}
			require.GreaterOrEqual(t, named, 3)
		})
	}
}

// A bucket that some answers contradicted is not named for those that don't, as where a second
// limit stands beside it.
func TestASlowLimitIsNotNamedForItsPartner(t *testing.T) {
	for seed := uint64(1); seed <= 12; seed++ {
		r := run(t, keeping(t, "", seed, "1/s burst 1", "30 per 1m fixed"), probe.Config{Seed: seed})
		require.NotEqual(t, probe.OtherModel, r.Result, "seed %d: %v", seed, r.Models)
		if r.Result == probe.Measured { // which nothing contradicted: more than was let in may be forbidden
			require.Contains(t, strings.Join(r.Notes, "\n"), "would not have shown")
		}
	}
}

// Calls that wait and then are refused as well are told of.
func TestAQueueThatRefusesIsTold(t *testing.T) {
	s := newServer(t, limit(12, 16), "", "")
	var now, free time.Duration
	s.take = func(at time.Duration) bool {
		if now = at; free-at > 2500*time.Millisecond {
			return false
		}
		free = max(free+125*time.Millisecond, at)
		return true
	}
	s.target.Back = func(*rand.Rand) time.Duration { return free - now + time.Millisecond }
	r := run(t, s, probe.Config{Seed: 1})
	require.Contains(t, strings.Join(r.Notes, "\n"), "were answered one after the other over ")
}
