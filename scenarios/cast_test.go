package scenarios_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// everyDisguise is what HTTP with sessions and an identity header has.
var everyDisguise = []scenarios.Disguise{scenarios.NewSession, scenarios.NewConnection, scenarios.NewIdentity,
	scenarios.NewIDs}

// perform runs a scenario on request in virtual time and returns its findings
// by check.
func perform(t *testing.T, p profiles.Profile, name string, identity bool, s server) map[string]verdict.Finding {
	t.Helper()
	sc, ok := scenarios.Named(name)
	require.True(t, ok)
	clock := virtual.NewClock()
	header := ""
	if identity {
		header = "X-Client-Id"
	}
	target := s.against(t, clock, p, header, s.lots)
	disguises := s.disguises
	if disguises == nil {
		disguises = everyDisguise
	}
	set := scenarios.Setting{Clients: []string{"c1", "c2"}, Seed: s.seed, Disguises: disguises, Identity: identity}
	calls, err := runner.Run(t.Context(), clock, target, scenarios.Plan(p, []scenarios.Scenario{sc}, set),
		runner.Config{})
	require.NoError(t, err)
	court := verdict.NewCourt(p.Terms(), calls, verdict.Config{})
	findings := map[string]verdict.Finding{}
	for _, c := range sc.Checks {
		f := c.Judge(court.Trial(name))
		require.NotEmpty(t, f.Want)
		require.NotEmpty(t, f.Saw)
		findings[c.ID] = f
	}
	return findings
}

// perClient is a promise of one bucket a client.
func perClient(rate float64, burst int) profiles.Profile {
	p := promise(rate, burst)
	p.Limit.Scope = profiles.Client
	return p
}

func TestWhoIsCaught(t *testing.T) {
	for _, row := range []struct {
		scenario, fault string
		promise         profiles.Profile
		identity        bool
		check, cause    string // of the fail; empty: none
	}{
		{"isolation", "", promise(12, 16), false, "isolation", ""},
		{"isolation", "", perClient(12, 16), false, "isolation", ""},
		{"isolation", "", perClient(12, 16), true, "isolation", ""},
		{"isolation", "per-session", promise(12, 16), false, "isolation", "a bucket of its own"},
		{"isolation", "shared", perClient(12, 16), false, "isolation", "pays for the greedy one"},
		{"isolation", "shared", perClient(15, 40), true, "isolation", "pays for the greedy one"},

		{"evasion", "", promise(12, 16), false, "evasion", ""},
		{"evasion", "", promise(15, 40), true, "evasion", ""},
		{"evasion", "", perClient(12, 16), false, "evasion", ""},
		{"evasion", "", perClient(12, 16), true, "evasion", ""},
		{"evasion", "session-reset", promise(12, 16), false, "evasion", "a new session"},
		{"evasion", "per-session", promise(15, 40), true, "evasion", "a new session, and by a new identity"},
		{"evasion", "per-connection", promise(12, 16), false, "evasion", "a new connection"},
		{"evasion", "per-identity", promise(12, 16), true, "evasion", "a new identity"},
		{"evasion", "per-id-range", promise(12, 16), true, "evasion", "another range of request ids"},
		{"evasion", "per-id-range", perClient(12, 16), false, "evasion", "another range of request ids"},
		{"evasion", "per-session", perClient(12, 16), true, "evasion", "a new session"},
	} {
		t.Run(fmt.Sprintf("%s/%s/%s/identity=%v", row.scenario, row.fault, row.promise.Limit.Scope, row.identity),
			func(t *testing.T) {
				for seed := range uint64(5) {
					findings := perform(t, row.promise, row.scenario, row.identity, server{fault: row.fault,
						delay: virtual.Exp(2 * time.Millisecond), seed: seed})
					f := findings[row.check]
					if row.cause == "" {
						require.Empty(t, failed(findings), "%v", findings)
						require.Equal(t, verdict.Pass, f.Verdict, f.Saw)
						continue
					}
					require.Equal(t, verdict.Fail, f.Verdict, f.Saw)
					require.Contains(t, f.Cause, row.cause)
					require.NotNil(t, f.Witness)
					require.NotEmpty(t, f.Witness.Calls)
					if over := findings["over-admission"]; row.check == "evasion" && over.Verdict == verdict.Fail {
						require.Equal(t, f.Cause, over.Cause, "both say the same")
					}
				}
			})
	}
}

// honestCast draws an honest server, what it promises and how clients come to it:
// delays from none to seconds, few tokens and many, some of the disguises in any order.
func honestCast(draw uint64) (p profiles.Profile, identity bool, s server) {
	r := rand.New(rand.NewPCG(draw, 97))
	rate, burst := limits[draw%3].rate, limits[draw%3].burst
	if r.IntN(2) == 0 {
		rate, burst = 1+float64(r.IntN(30)), 1+r.IntN(50)
	}
	p = promise(rate, burst)
	if r.IntN(3) > 0 {
		p.Limit.Scope = profiles.Client
	}
	s = server{charging: mock.Chargings()[r.IntN(2)], seed: draw, lots: r.Uint64(), disguises: []scenarios.Disguise{}}
	if s.charging == mock.ChargeTools { // the promise must leave open what opening a session costs
		p.Limit.Charges, p.Limit.MayCharge = []string{"tools/call"}, []string{"*"}
	}
	identity = r.IntN(2) == 0
	if identity && p.Limit.Scope == profiles.Client && r.IntN(3) == 0 {
		p.Limit.Key = profiles.SessionKey
	}
	mean := time.Duration(math.Pow(r.Float64(), 3) * 6e9)
	s.delay = []virtual.Delay{virtual.Exp(mean), virtual.Uniform(0, 2*mean), virtual.Constant(mean), nil}[r.IntN(4)]
	for _, at := range r.Perm(len(everyDisguise))[:1+r.IntN(len(everyDisguise))] {
		s.disguises = append(s.disguises, everyDisguise[at])
	}
	return p, identity, s
}

// Soundness: whatever the delays, nobody honest is failed for what clients do
// to each other.
func TestNoHonestServerFailsACast(t *testing.T) {
	seen := map[verdict.Verdict]int{}
	for draw := range uint64(600) {
		p, identity, s := honestCast(draw)
		for _, name := range []string{"isolation", "evasion"} {
			findings := perform(t, p, name, identity, s)
			require.Empty(t, failed(findings), "draw %d, %s, %v per %s%s as %v: %v",
				draw, name, p.Limit, p.Limit.Scope, p.Limit.Key, s.disguises, findings)
			seen[findings[name].Verdict]++
		}
	}
	require.Greater(t, seen[verdict.Pass], 600, "most draws press enough to be judged: %v", seen)
}

// A session under a limit for each session evades it, which is what was
// promised, and worth knowing.
func TestASessionOfItsOwnIsAWarning(t *testing.T) {
	f := perform(t, perClient(12, 16), "evasion", false, server{delay: virtual.Exp(time.Millisecond)})["evasion"]
	require.Equal(t, verdict.Pass, f.Verdict)
	require.Len(t, f.Warnings, 1)
	require.Contains(t, f.Warnings[0], "evades its limit by opening one")
	f = perform(t, perClient(12, 16), "evasion", true, server{delay: virtual.Exp(time.Millisecond)})["evasion"]
	require.Empty(t, f.Warnings, "the header says that it is the same client")
}

func TestWithoutPressureACastCannotTell(t *testing.T) {
	for _, name := range []string{"isolation", "evasion"} {
		f := perform(t, promise(12, 16), name, false, server{fault: "off", delay: virtual.Exp(time.Millisecond)})[name]
		require.Equal(t, verdict.Inconclusive, f.Verdict, f.Saw)
	}
}

// A scenario after a cast finds every bucket full, and before it the plan is
// what it would be without.
func TestACastLeavesFullBuckets(t *testing.T) {
	p := promise(12, 16)
	set := scenarios.Setting{Clients: []string{"c1", "c2"}, Seed: 1, Disguises: everyDisguise}
	isolation, _ := scenarios.Named("isolation")
	burst, _ := scenarios.Named("burst")
	all := slices.Collect(scenarios.Plan(p, []scenarios.Scenario{isolation, burst}, set))
	require.True(t, slices.IsSortedFunc(all, func(x, y history.Arrival) int { return int(x.Due - y.Due) }))
	first, second := labelled(all, "isolation"), labelled(all, "burst")
	full := time.Duration(float64(p.Limit.Burst) / p.Limit.Rate * 1e9)
	require.GreaterOrEqual(t, second[0].Due-first[len(first)-1].Due, full)
	require.Len(t, second, 22)
}
