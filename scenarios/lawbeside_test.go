package scenarios_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/scenarios"
)

// stageOf are the calls of a plan's stage.
func stageOf(plan scenarios.LawPlan, label string) (calls []history.Arrival) {
	for _, a := range plan.Arrivals {
		if a.Label == label {
			calls = append(calls, a)
		}
	}
	return calls
}

// TestWhatCameBeforeIsAskedForToo: where nobody said what a law charges, what was sent before
// the plan is sent again once the law has nothing left, between two calls that it refuses.
func TestWhatCameBeforeIsAskedForToo(t *testing.T) {
	before := []history.Arrival{{Method: "initialize"}, {Method: "tools/list"}, {Method: "tools/call", Tool: "ping"}}
	for _, row := range []struct {
		law   string
		lists int
	}{
		{"60 per 1m fixed", 4}, {"5/s burst 20", 5}, {"6/min burst 20", 4}, {"40/s burst 90", 0}, {"quota 50 per day", 4}, {"30 per 10s", 4},
		{"60 per 1m fixed methods tools/call", 0}, {"4 at a time", 0}, {"quota 5 per day", 0}, {"1000 per 1s", 0},
	} {
		load := history.Arrival{Method: "tools/call", Tool: "ping"}
		plan := scenarios.PlanLaws(scenarios.Held(parsedLaws(t, []string{row.law}), load), scenarios.LawSetting{Load: load,
			Clients: []string{"c1"}, Beside: before})
		var at []int
		fill := append(stageOf(plan, "law 1: fill"), stageOf(plan, "law 1: burst")...)
		for k, a := range fill {
			if a.Method == "tools/list" {
				at = append(at, k)
			}
		}
		require.Len(t, at, row.lists, row.law)
		if row.lists == 0 {
			continue
		}
		first, last := fill[at[0]], fill[at[len(at)-1]]
		require.Equal(t, load.Method, fill[at[0]-row.lists-1].Method, row.law) // as many of initialize lie between
		require.Greater(t, first.Due-fill[at[0]-row.lists-1].Due, 50*time.Millisecond, row.law)
		require.Equal(t, load.Method, fill[at[len(at)-1]+1].Method, row.law)
		require.Greater(t, fill[at[len(at)-1]+1].Due-last.Due, 50*time.Millisecond, row.law)
	}
}

// TestABucketIsAskedWhenTheHandshakeIsForgotten: what may have cost it something before has
// flowed back, unless that takes long.
func TestABucketIsAskedWhenTheHandshakeIsForgotten(t *testing.T) {
	load := history.Arrival{Method: "tools/call", Tool: "ping"}
	before := []history.Arrival{{Method: "initialize"}, {Method: "tools/list"}, load}
	for law, want := range map[string]time.Duration{
		"30/min burst 30 per address": 6 * time.Second, "30/min burst 30 per address methods tools/call": 0,
		"6/min burst 30 per address": 0, "10/s burst 20": 300 * time.Millisecond,
	} {
		plan := scenarios.PlanLaws(scenarios.Held(parsedLaws(t, []string{law}), load), scenarios.LawSetting{Load: load,
			Clients: []string{"c1"}, Beside: before})
		require.Equal(t, want, plan.Arrivals[0].Due, law)
	}
}

// TestAWindowIsToldFromOneThatMoreShare: of the same number and length, the one that more
// share is opened half its length before, by another client.
func TestAWindowIsToldFromOneThatMoreShare(t *testing.T) {
	for _, row := range []struct {
		laws  []string
		first string
		wait  time.Duration
	}{
		{[]string{"20 per 10s fixed per session", "20 per 10s fixed"}, "c2", 5 * time.Second},
		{[]string{"20 per 10s fixed per session", "30 per 10s fixed"}, "c1", 0},
		{[]string{"20 per 10s sliding per session", "20 per 10s sliding"}, "c1", 0},
		{[]string{"20 per 10s fixed per tool", "20 per 10s fixed"}, "c1", 0}, // clients are no tools
	} {
		plan := scenarios.PlanLaws(parsedLaws(t, row.laws), scenarios.LawSetting{
			Load: history.Arrival{Method: "tools/call", Tool: "ping"}, Clients: []string{"c1", "c2"}})
		fill := stageOf(plan, "law 1: fill")
		require.Equal(t, row.first, fill[0].Client, row.laws)
		if row.wait > 0 {
			require.Equal(t, "c1", fill[1].Client, row.laws)
			require.Equal(t, row.wait, fill[1].Due-fill[0].Due, row.laws)
		}
	}
}

// TestAQuotaIsAskedForWhatIsLeft: calls that other laws surely granted have taken a part of it;
// and for twice its number where nobody knows when it is reset and calls take long.
func TestAQuotaIsAskedForWhatIsLeft(t *testing.T) {
	asked := func(texts ...string) int {
		plan := scenarios.PlanLaws(parsedLaws(t, texts), scenarios.LawSetting{Budget: 24 * time.Hour,
			Load: history.Arrival{Method: "tools/call", Tool: "ping"}, Clients: []string{"c1"}})
		at := slices.IndexFunc(plan.Arrivals, func(a history.Arrival) bool { return a.Label == "law 2: fill" })
		if at < 0 {
			return 0
		}
		return len(stageOf(plan, "law 2: fill"))
	}
	alone := asked("5 at a time tools other", "quota 300 per day UTC")
	require.Equal(t, 303, alone)
	utc := asked("20 per 1m sliding", "quota 300 per day UTC")
	require.Less(t, utc, 260, "what was taken before is gone")
	require.Greater(t, utc, 180)
	require.Equal(t, utc+300, asked("20 per 1m sliding", "quota 300 per day"), "it may be reset meanwhile")
	require.Equal(t, utc, asked("20 per 1m sliding", "quota 300 per month"), "hardly")
}
