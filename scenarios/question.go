package scenarios

import (
	"slices"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// Questions are what the judge is asked of scenarios: their checks.
func Questions(list []Scenario) []verdict.Question {
	var out []verdict.Question
	for _, s := range list {
		out = append(out, verdict.Question{Scenario: s.Name, Checks: s.Checks})
	}
	return out
}

// LawScenario is what the traffic is called that asks laws.
const LawScenario = "laws"

// Laws is the one scenario of a run that is held to laws. Their own checks are made
// of the promise; see LawQuestion.
func Laws() Scenario {
	return Scenario{Name: LawScenario, Doc: "what the laws of a promise are asked",
		Checks: []verdict.Check{verdict.Generator, verdict.Alive, verdict.Complete}}
}

// LawQuestion is what the calls are asked that a promise of laws is held to: the
// scenario's checks, a check a law, and one of all refusals.
func LawQuestion(s Scenario, laws *verdict.Laws) verdict.Question {
	checks := slices.Concat(s.Checks, laws.Checks())
	for i := range checks {
		if checks[i].ID == verdict.Complete.ID {
			checks[i] = laws.Complete()
		}
	}
	return verdict.Question{Scenario: s.Name, Checks: checks}
}

// Held is a promise as a load meets it. Where a law doesn't say what is charged, nor names
// tools, the load surely is, and the rest may be.
func Held(said promise.Promise, load history.Arrival) promise.Promise {
	p := slices.Clone(said)
	for i := range p {
		if c := &p[i].Charge; c.Methods == nil && c.May == nil && c.Tools == nil {
			c.Methods, c.May, c.Presumed = []string{load.Method}, []string{promise.Any}, true
		}
	}
	return p
}

// Demanding is a scenario with a check of each demand on latency beside its own.
func (s Scenario) Demanding(list []verdict.Threshold) Scenario {
	s.Checks = slices.Clip(s.Checks)
	for _, th := range list {
		s.Checks = append(s.Checks, verdict.LatencyCheck(th))
	}
	return s
}
