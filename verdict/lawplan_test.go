package verdict_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

func promised(t *testing.T, texts ...string) promise.Promise {
	var p promise.Promise
	for _, text := range texts {
		l, err := promise.Parse(text)
		require.NoError(t, err)
		p = append(p, l)
	}
	return p
}

func planned(p promise.Promise, seed uint64) scenarios.LawPlan {
	return scenarios.PlanLaws(p, scenarios.LawSetting{
		Load: history.Arrival{Method: "tools/call", Tool: "a"}, Clients: []string{"c1", "c2"}, Seed: seed})
}

// TestLawPlanShowsHonestServers: with the traffic of its plan, a server that keeps its
// promise is never failed, and where the kind says where windows lie, each law is shown
// to be kept.
func TestLawPlanShowsHonestServers(t *testing.T) {
	for _, row := range []struct {
		laws  []string
		shown int // laws that are kept in every run
	}{
		{[]string{"10/s burst 20"}, 1},
		{[]string{"30 per 10s fixed"}, 1},
		{[]string{"30 per 10s sliding per session"}, 1},
		{[]string{"30 per 10s aligned"}, 1},
		{[]string{"30 per 10s"}, 0},
		{[]string{"30 per 10s counter"}, 0},
		{[]string{"10/s burst 20", "60 per 20s fixed"}, 2},
		{[]string{"10 per 2s sliding per session", "20 per 10s fixed"}, 2},
		{[]string{"10/s burst 20 steps 10 every 1s"}, 0},
		{[]string{"quota 50 per day UTC"}, 1},
		{[]string{"5 per 1m fixed", "100 per 15m fixed"}, 1},
		{[]string{"5 per 5s fixed per tool", "8 per 5s sliding"}, 1},
		{[]string{"100 per 24h sliding"}, 1},
		{[]string{"10/1h burst 10"}, 1},
		{[]string{"20 per 1m", "100 per 24h"}, 0}, // in time, as all are
		{[]string{"5/s burst 8 per session", "8/s burst 14"}, 2},
	} {
		t.Run(strings.Join(row.laws, " + "), func(t *testing.T) {
			p := promised(t, row.laws...)
			for seed := range uint64(30) {
				plan := planned(p, seed)
				require.LessOrEqual(t, plan.Length, scenarios.DefaultLawBudget+10*time.Second)
				for _, delay := range []float64{0.0002, 0.005} {
					calls := verdict.Answer(rand.New(rand.NewPCG(seed, 5)), p, plan.Arrivals, delay)
					j := verdict.JudgeLaws(p, calls, verdict.LawConfig{Clocks: verdict.DefaultClocks()})
					require.NotEqual(t, verdict.Fail, j.Verdict, "seed %d: %+v", seed, j)
					kept := 0
					for _, f := range j.Laws {
						if f.State == verdict.Kept {
							kept++
						}
						n := float64(f.Law.N)
						require.LessOrEqual(t, f.Units.Lo, n+verdict.DefaultTolerance, "seed %d: %v", seed, f)
						require.GreaterOrEqual(t, f.Units.Hi, n-verdict.DefaultTolerance, "seed %d: %v", seed, f)
					}
					if delay < 0.001 {
						require.GreaterOrEqual(t, kept, row.shown, "seed %d: %+v\n%v", seed, j.Laws, plan.Left)
					}
				}
			}
		})
	}
}

// TestLawPlanCatchesFaults: what another server than the promised one does is seen.
func TestLawPlanCatchesFaults(t *testing.T) {
	for _, row := range []struct {
		promised, kept string
		least          int // of 30 runs
	}{
		{"30 per 10s fixed", "31 per 10s fixed", 30}, {"30 per 10s fixed", "29 per 10s fixed", 30},
		{"30 per 10s fixed", "30 per 9500ms fixed", 30}, {"30 per 10s fixed", "30 per 10500ms fixed", 30},
		{"30 per 10s fixed", "30 per 10s sliding", 30}, {"30 per 10s fixed", "30 per 10s aligned", 25},
		{"30 per 10s fixed", "30 per 10s counter", 25}, {"30 per 10s fixed", "30 per 10s fixed refusals charged", 0},
		{"30 per 10s fixed", "quota 30 per day", 30}, {"30 per 10s fixed", "3/s burst 30", 30},
		{"30 per 10s sliding", "31 per 10s sliding", 30}, {"30 per 10s sliding", "29 per 10s sliding", 30},
		{"30 per 10s sliding", "30 per 9500ms sliding", 30}, {"30 per 10s sliding", "30 per 10500ms sliding", 30},
		{"30 per 10s sliding", "30 per 10s fixed", 30}, {"30 per 10s sliding", "30 per 10s aligned", 25},
		{"30 per 10s sliding", "30 per 10s sliding refusals charged", 30},
		{"30 per 10s aligned", "31 per 10s aligned", 30}, {"30 per 10s aligned", "29 per 10s aligned", 30},
		{"30 per 10s aligned", "30 per 10s fixed", 20}, {"30 per 10s aligned", "30 per 10s sliding", 20},
		{"30 per 10s aligned", "30 per 10500ms aligned", 10},
		{"30 per 10s", "61 per 10s sliding", 30}, {"30 per 10s", "29 per 10s sliding", 30},
		{"30 per 10s", "3/s burst 30", 0},
		{"30 per 10s fixed per session", "30 per 10s fixed", 30}, {"30 per 10s fixed", "30 per 10s fixed per session",
			30},
		{"10/s burst 20", "10/s burst 22", 30}, {"10/s burst 20", "10/s burst 18", 30},
		{"10/s burst 20", "10500/1000s burst 20", 30},
		{"10/s burst 20", "9500/1000s burst 20", 30}, {"10/s burst 20", "10/s burst 20 steps 10 every 1s", 30},
		{"10/s burst 20", "20 per 2s sliding", 30},
	} {
		t.Run(fmt.Sprintf("%s for %s", row.kept, row.promised), func(t *testing.T) {
			p, kept, seen := promised(t, row.promised), promised(t, row.kept), 0
			for seed := range uint64(30) {
				calls := verdict.Answer(rand.New(rand.NewPCG(seed, 6)), kept, planned(p, seed).Arrivals, 0.001)
				if verdict.JudgeLaws(p, calls,
					verdict.LawConfig{Clocks: verdict.DefaultClocks()}).Verdict == verdict.Fail {
					seen++
				}
			}
			t.Logf("%s for %s: %d of 30", row.kept, row.promised, seen)
			require.GreaterOrEqual(t, seen, row.least)
		})
	}
}

// TestLawPlanIsAsFineAsAsked: what a precision asks for is seen in each run, and a coarser
// plan is shorter.
func TestLawPlanIsAsFineAsAsked(t *testing.T) {
	for _, row := range []struct{ promised, fast, slow string }{
		{"10/s burst 20", "1000/99s burst 20", "1000/101s burst 20"},
		{"30 per 10s fixed", "30 per 9900ms fixed", "30 per 10100ms fixed"},
		{"30 per 10s sliding", "30 per 9900ms sliding", "30 per 10100ms sliding"},
	} {
		p, last := promised(t, row.promised), time.Duration(0)
		for _, precision := range []float64{0.05, 0.01, 0.003} {
			plan := scenarios.PlanLaws(p, scenarios.LawSetting{Load: history.Arrival{Method: "tools/call", Tool: "a"},
				Clients: []string{"c1", "c2"}, Seed: 3, Precision: precision})
			if precision >= 0.01 || strings.Contains(row.promised, "burst") {
				require.Greater(t, plan.Length, last, "%s at %g", row.promised, precision)
			}
			last = plan.Length
			for _, kept := range []string{row.promised, row.fast, row.slow} {
				for seed := range uint64(10) {
					calls := verdict.Answer(rand.New(rand.NewPCG(seed, 8)), promised(t, kept), plan.Arrivals, 0.0005)
					j := verdict.JudgeLaws(p, calls, verdict.LawConfig{Clocks: verdict.DefaultClocks()})
					switch {
					case kept == row.promised:
						require.NotEqual(t, verdict.Fail, j.Verdict)
					case precision < 0.01 || precision == 0.01 && strings.Contains(row.promised, "burst"):
						require.Equal(t, verdict.Fail, j.Verdict, "%s for %s at %g", kept, row.promised, precision)
					}
				}
			}
		}
	}
}
