// Package judge holds what a run sent, fresh or stored, against what it was asked,
// and writes what was found into the result document.
//
// Most users want Server, for calls that were sent a moment ago, or Again, for a
// run out of a store: both go through verdict.Judge's door, so that a kept run is
// judged as it was when it was fresh, and one whose calls were changed is not.
//
// The package deliberately sends nothing, opens no store and reads no clock.
package judge

import (
	"fmt"
	"math"
	"slices"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/verdict"
)

// Permissive is a bucket that explains whatever is let through: where laws are
// promised, no bucket is held against the server.
func Permissive() profiles.Limit {
	return profiles.Limit{Rate: 1e9, Burst: 1_000_000_000, Scope: profiles.Global, Charges: []string{"*"}}
}

// Server judges a server's whole history and fills in its part of a document. It
// returns the calls as they were settled: an answer alone doesn't always tell if it
// is a refusal.
func Server(s *results.Server, set verdict.Setting, calls []history.Call) []history.Call {
	court, laws := set.Court(calls), set.Config.Laws
	calls = court.Calls()
	last := history.LastAttempts(calls)
	latency := results.Measure(slices.DeleteFunc(slices.Clone(calls), func(c history.Call) bool {
		return !c.Planned() || c.Nth() < last[c.Label]
	}))
	s.Clocks, s.Latency = results.ClocksOf(court.Clocks()), &latency
	s.Measured, s.Laws, s.LawCauses, s.Scenarios = nil, nil, nil, nil
	if laws != nil {
		s.LawCauses = laws.Causes(court)
		for x, f := range laws.Judged(court).Laws {
			law := results.LawOf(f)
			if x < len(laws.Left) {
				law.Left = laws.Left[x]
			}
			if m, ok := laws.Measure(court, x); ok {
				every := results.Range(m.Every)
				if law.Kinds = m.Kinds; every.Lo > 0 || !math.IsInf(every.Hi, 1) {
					law.Every = &every
				}
				if n := float64(f.Law.N); m.Exact {
					law.Units = results.Range{Lo: n, Hi: n}
				}
			}
			s.Laws = append(s.Laws, law)
		}
	} else if m := court.Measured(); m != nil {
		s.Measured = results.Box(*m)
	}
	for _, q := range set.Questions {
		sc := results.NewScenario(q.Scenario, court.Trial(q.Scenario).Calls, court.Judge(q))
		if n := court.Attempts(q.Scenario); n > 1 {
			sc.Attempts = n
		}
		s.Scenarios = append(s.Scenarios, sc)
	}
	excuse(s)
	return calls
}

// excuse takes back what is said of laws that no finding holds against the server, though calls
// were let through that they forbid.
func excuse(s *results.Server) {
	failed := map[string]bool{}
	for _, sc := range s.Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict == verdict.Fail {
				failed[f.Check] = true
			}
		}
	}
	if len(failed) == 0 {
		s.LawCauses = nil
	}
	for x := range s.Laws {
		if l := &s.Laws[x]; l.State == verdict.Broken && !failed[fmt.Sprintf("law %d", x+1)] {
			l.State = verdict.NotObserved
		}
	}
}

// Identify says which calls have a credential in common: all, unless something tells
// clients apart. A call of an audit's trick is of its client's first session, unless it has
// one of its own, and of the address that it was sent from.
func Identify(apart bool) func(promise.Dimension, *history.Call) (string, bool) {
	return func(d promise.Dimension, c *history.Call) (string, bool) {
		if d == promise.Credential && !apart {
			return "of all", true
		}
		if c.Session == "" || d != promise.Session && d != promise.Address {
			return "", false
		}
		g, trick := audit.GuiseOf(c.Session)
		switch {
		case trick && d == promise.Session && !g.Own():
			return c.Client, true
		case trick && d == promise.Address && g.From != "":
			return g.From, true
		}
		return "", false
	}
}
