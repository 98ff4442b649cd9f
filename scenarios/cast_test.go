package scenarios_test

import (
	"fmt"
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
var everyDisguise = []scenarios.Disguise{scenarios.NewSession, scenarios.NewConnection, scenarios.NewIdentity, scenarios.NewIDs}

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
	target := s.against(t, clock, p, header, 7)
	set := scenarios.Setting{Clients: []string{"c1", "c2"}, Seed: s.seed, Disguises: everyDisguise, Identity: identity}
	calls, err := runner.Run(t.Context(), clock, target, scenarios.Plan(p, []scenarios.Scenario{sc}, set), runner.Config{})
	require.NoError(t, err)
	court := verdict.NewCourt(p, calls, verdict.Config{})
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
		t.Run(fmt.Sprintf("%s/%s/%s/identity=%v", row.scenario, row.fault, row.promise.Limit.Scope, row.identity), func(t *testing.T) {
			for seed := range uint64(5) {
				findings := perform(t, row.promise, row.scenario, row.identity, server{fault: row.fault, delay: virtual.Exp(2 * time.Millisecond), seed: seed})
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

// Soundness: whatever the delays, nobody honest is failed for what clients do
// to each other.
func TestNoHonestServerFailsACast(t *testing.T) {
	for seed := range uint64(120) {
		mean := []time.Duration{time.Millisecond, 20 * time.Millisecond, 300 * time.Millisecond, 3 * time.Second}[seed%4]
		l := limits[seed%3]
		p := promise(l.rate, l.burst)
		if seed%2 == 1 {
			p = perClient(l.rate, l.burst)
		}
		charging := mock.Chargings()[seed/2%2]
		if charging == mock.ChargeTools { // the promise must leave open what opening a session costs
			p.Limit.Charges, p.Limit.MayCharge = []string{"tools/call"}, []string{"*"}
		}
		for _, name := range []string{"isolation", "evasion"} {
			s := server{charging: charging, delay: virtual.Exp(mean), seed: seed}
			findings := perform(t, p, name, seed%3 == 0, s)
			require.Empty(t, failed(findings), "seed %d, %s: %v", seed, name, findings)
		}
	}
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
