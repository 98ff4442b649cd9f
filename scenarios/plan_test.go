package scenarios_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios"
)

func promise(rate float64, burst int) profiles.Profile {
	return profiles.Profile{
		Name:  "test",
		Limit: profiles.Limit{Rate: rate, Burst: burst, Scope: profiles.Global, Charges: []string{"*"}},
		Call:  profiles.LoadCall{Method: "tools/call", Tool: "ping"},
	}
}

var two = scenarios.Setting{Clients: []string{"c1", "c2"}, Seed: 1, Precision: 0.003}

func plan(p profiles.Profile, set scenarios.Setting, names ...string) []history.Arrival {
	list := scenarios.Catalogue()
	if len(names) > 0 {
		list = nil
		for _, name := range names {
			s, ok := scenarios.Named(name)
			if !ok {
				panic(name)
			}
			list = append(list, s)
		}
	}
	return slices.Collect(scenarios.Plan(p, list, set))
}

func labelled(as []history.Arrival, label string) []history.Arrival {
	return slices.DeleteFunc(slices.Clone(as), func(a history.Arrival) bool { return a.Label != label })
}

func TestThePlanIsPureAndInOrder(t *testing.T) {
	a := plan(promise(12, 16), two)
	require.Equal(t, a, plan(promise(12, 16), two))
	other := two
	other.Seed = 2
	require.NotEqual(t, a, plan(promise(12, 16), other))
	require.True(t, slices.IsSortedFunc(a, func(x, y history.Arrival) int { return int(x.Due - y.Due) }))
	for _, x := range a {
		require.Equal(t, "tools/call", x.Method)
		require.Equal(t, "ping", x.Tool)
	}
}

// With each seed scenarios come in another order and with other lengths, and with the same
// one in the same; no seed's plan takes much longer than the catalogue's.
func TestTheSeedVariesOrderAndLengths(t *testing.T) {
	orders, lengths := map[string]bool{}, map[int]bool{}
	for seed := range uint64(30) {
		set := two
		set.Seed, set.Varied = seed, true
		a := plan(promise(12, 16), set)
		require.Equal(t, a, plan(promise(12, 16), set))
		var order []string
		for _, x := range a {
			if len(order) == 0 || order[len(order)-1] != x.Label {
				order = append(order, x.Label)
			}
		}
		require.Len(t, order, 6, "each comes once, and none between another's calls")
		if seed <= 1 {
			require.Equal(t, []string{"burst", "sustained", "overload", "results", "recovery", "idle"}, order)
		}
		orders[strings.Join(order, " ")], lengths[len(labelled(a, "overload"))] = true, true
		least := max(7, 40.0/12) * 12 * 1.3 * 0.9
		require.Greater(t, len(labelled(a, "overload")), int(least))
	}
	require.Greater(t, len(orders), 8)
	require.Greater(t, len(lengths), 3)
	for _, p := range []profiles.Profile{promise(12, 16), promise(15, 40)} {
		set := scenarios.Setting{Clients: two.Clients, Seed: 1, Varied: true}
		usual := lasts(plan(p, set))
		for set.Seed = 2; set.Seed < 200; set.Seed++ {
			a := plan(p, set)
			require.Contains(t, []string{"burst", "recovery"}, a[0].Label, "the bucket is full")
			require.Less(t, lasts(a), usual+usual/10, "seed %d", set.Seed)
		}
	}
}

func lasts(plan []history.Arrival) time.Duration { return plan[len(plan)-1].Due }

func TestEveryScenarioSendsWhatItSays(t *testing.T) {
	a := plan(promise(12, 16), two)
	burst := labelled(a, "burst")
	require.Len(t, burst, 21+1)
	require.Equal(t, burst[0].Due, burst[20].Due, "all at once")
	require.InDelta(t, 0.7/12, (burst[21].Due - burst[0].Due).Seconds(), 1e-6)

	sustained := labelled(a, "sustained")
	drain := 0
	for sustained[drain].Due == sustained[0].Due {
		drain++
	}
	rest := sustained[drain:]
	rate := float64(len(rest)-1) / (rest[len(rest)-1].Due - rest[0].Due).Seconds()
	require.InDelta(t, 0.95*12, rate, 0.05)
	require.Greater(t, float64(len(rest)), 16*1.5, "long enough that a bucket which never refills runs dry")

	over := labelled(a, "overload")
	require.InDelta(t, 1.3*12, float64(len(over))/7, 1.5)

	recovery := labelled(a, "recovery")
	require.Len(t, recovery, 23+2+5)
	require.InDelta(t, 0.006, (recovery[1].Due - recovery[0].Due).Seconds(), 1e-6)
	require.InDelta(t, 4.5/12, (recovery[29].Due - recovery[22].Due).Seconds(), 1e-6)
	for _, x := range recovery {
		require.Equal(t, "c1", x.Client, "one client alone")
	}

	idle := labelled(a, "idle")
	gap := idle[len(idle)-1].Due - idle[0].Due
	require.InDelta(t, 0.8*16/12, gap.Seconds(), 1e-6, "a 12/16 bucket would be full after 1.33 s by itself")
	wide := labelled(plan(promise(15, 40), two), "idle")
	require.Equal(t, 1500*time.Millisecond, (wide[len(wide)-1].Due - wide[0].Due).Round(time.Millisecond))
}

func TestClientsTakeTurnsUnlessEachHasABucket(t *testing.T) {
	p := promise(12, 16)
	turns := labelled(plan(p, two), "burst")
	require.Equal(t, []string{"c1", "c2", "c1"}, []string{turns[0].Client, turns[1].Client, turns[2].Client})
	p.Limit.Scope = profiles.Client
	both := labelled(plan(p, two), "burst")
	require.Len(t, both, 44)
	require.Equal(t, both[0].Due, both[1].Due)
	require.NotEqual(t, both[0].Client, both[1].Client)
}

// The nine servers promise 15/40 and 12/16; the tiers, 5/15, 10/20 and 15/40.
func TestARunOfTheFleetTakesAtMostTwentySeconds(t *testing.T) {
	for _, l := range []struct {
		rate  float64
		burst int
	}{{15, 40}, {12, 16}, {10, 20}} {
		a := plan(promise(l.rate, l.burst), two)
		require.Less(t, a[len(a)-1].Due, 20*time.Second, "%v", l)
		quick := plan(promise(l.rate, l.burst), two, "burst", "sustained", "results")
		require.Less(t, quick[len(quick)-1].Due, 12*time.Second, "%v", l)
	}
}

// Scenarios know the bucket's history: alone or after others, each begins with
// the level that it needs.
func TestAScenarioAloneDrainsOrWaitsByItself(t *testing.T) {
	p := promise(12, 16)
	alone := labelled(plan(p, two, "overload"), "overload")
	require.Equal(t, alone[0].Due, alone[13].Due, "it drains the full bucket first")
	for _, s := range scenarios.Catalogue() {
		require.NotEmpty(t, plan(p, two, s.Name), s.Name)
		require.NotEmpty(t, s.Doc)
		require.NotEmpty(t, s.Criterion)
		require.NotEmpty(t, s.Checks)
	}
	twice := plan(p, two, "burst", "recovery")
	drained := labelled(twice, "burst")[0].Due
	again := labelled(twice, "recovery")[0].Due
	require.GreaterOrEqual(t, (again - drained).Seconds(), 16.0/12, "recovery waits until the bucket is full")
}

func TestExtremeLimitsHavePlans(t *testing.T) {
	for _, l := range []struct {
		rate  float64
		burst int
	}{{0.02, 1}, {0.5, 20}, {1, 1}, {2000, 1}, {2000, 4000}} {
		a := plan(promise(l.rate, l.burst), two)
		require.NotEmpty(t, a, "%v", l)
		for _, x := range a {
			require.GreaterOrEqual(t, x.Due, time.Duration(0))
		}
	}
}
