package scenarios_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios"
)

// longest is when a plan of the whole catalogue sends its last call.
func longest(p profiles.Profile, precision float64) time.Duration {
	set := two
	set.Precision = precision
	a := slices.Collect(scenarios.Plan(p, scenarios.Catalogue(), set))
	return a[len(a)-1].Due
}

// Before precisions there were, plans of the servers' promises took so long.
var before = map[float64]time.Duration{15: 19433 * time.Millisecond, 12: 17583 * time.Millisecond} // by rate

// At the default precision each of the nine servers is asked within 1.5 times what no plan
// can do without, and within 60 % of what it took before.
func TestTheNineServersAreAskedQuickly(t *testing.T) {
	fleet, err := profiles.Load()
	require.NoError(t, err)
	n := 0
	for _, p := range fleet.All() {
		old, ok := before[p.Limit.Rate]
		require.True(t, ok, "%s: %v", p.Name, p.Limit)
		takes := longest(p, 0)
		require.LessOrEqual(t, takes.Seconds(), 0.6*old.Seconds(), p.Name)
		require.LessOrEqual(t, takes.Seconds(), 1.5*scenarios.Least(p.Limit, scenarios.DefaultPrecision).Seconds(),
			p.Name)
		require.Equal(t, takes, longest(p, 0.01), "it is the default")
		require.InDelta(t, old.Seconds(), longest(p, 0.003).Seconds(), 0.1*old.Seconds(), "as before, or shorter")
		for seed := range uint64(50) { // in whatever order and length
			set := scenarios.Setting{Clients: two.Clients, Seed: seed, Varied: true}
			a := slices.Collect(scenarios.Plan(p, scenarios.Catalogue(), set))
			least := scenarios.Least(p.Limit, scenarios.DefaultPrecision)
			require.LessOrEqual(t, a[len(a)-1].Due.Seconds(), 1.5*least.Seconds(), "%s, seed %d", p.Name, seed)
		}
		n++
	}
	require.Equal(t, 9, n)
}

func TestAFinerPlanIsLonger(t *testing.T) {
	for _, l := range limits {
		p := promise(l.rate, l.burst)
		last := time.Duration(0)
		for _, precision := range []float64{0.05, 0.02, 0.01, 0.005, 0.003, 0.001, 0.0005} {
			takes := longest(p, precision)
			require.Greater(t, takes, last, "%v at %g", l, precision)
			last = takes
		}
	}
	// 40/15 s of refill, 1.5 s of rest, and 1/(15 · 1 %).
	require.InDelta(t, 40.0/15+1.5+1/0.15, scenarios.Least(profiles.Limit{Rate: 15, Burst: 40}, 0.01).Seconds(), 1e-6)
}

func TestPrecisionsAreRead(t *testing.T) {
	for text, want := range map[string]float64{"1%": 0.01, " 0.3 %": 0.003, "0.05": 0.05, "5%": 0.05, "0.05%": 0.0005} {
		p, err := scenarios.ParsePrecision(text)
		require.NoError(t, err, text)
		require.InDelta(t, want, p, 1e-12, text)
	}
	for _, text := range []string{"", "%", "x%", "10%", "0.01%", "-1%", "NaN", "Inf", "1"} {
		_, err := scenarios.ParsePrecision(text)
		require.Error(t, err, text)
	}
}

// A scenario that is over ends, what follows moves up, and nothing else changes.
func TestAScenarioThatIsOverMakesRoom(t *testing.T) {
	p := promise(15, 40)
	set := two
	var asked []time.Duration
	set.Over = func(s scenarios.Scenario, due time.Duration) bool {
		if s.Name == "overload" {
			asked = append(asked, due)
		}
		return s.Name == "overload" && len(asked) == 3
	}
	long, short := plan(p, two), slices.Collect(scenarios.Plan(p, scenarios.Catalogue(), set))
	require.Len(t, asked, 3)
	over := labelled(short, "overload")
	require.Equal(t, asked[2], over[len(over)-1].Due, "the last call is the one after which it was asked")
	require.Equal(t, labelled(long, "overload")[:len(over)], over)
	for _, name := range []string{"burst", "sustained"} {
		require.Equal(t, labelled(long, name), labelled(short, name))
	}
	for _, name := range []string{"results", "recovery", "idle"} {
		require.GreaterOrEqual(t, len(labelled(short, name)), len(labelled(long, name))-2, "as many calls but those "+
			"that drain")
		require.Less(t, labelled(short, name)[0].Due, labelled(long, name)[0].Due)
	}
}
