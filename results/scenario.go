package results

import (
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// A Scenario is what one scenario's traffic found.
type Scenario struct {
	Scenario string          `json:"scenario"`
	Verdict  verdict.Verdict `json:"verdict"` // worst of the findings'
	Calls    Counts          `json:"calls"`
	Latency  Latencies       `json:"latency"`
	Rate     Achieved        `json:"rate"`
	Late     Quantiles       `json:"late"` // our own fault: from the due instant to the sending
	Findings []Finding       `json:"findings"`
	Starts   []Start         `json:"starts,omitempty"`  // of the start-up scenario, which has no calls
	Load     *Load           `json:"load,omitempty"`    // of general load; nil elsewhere
	Conform  *Conform        `json:"conform,omitempty"` // of conformance, one revision; nil elsewhere

	// Attempts is how often it was tried, where something spoilt the first
	// attempt; then Calls, Latency, Rate and Late are those of the last one, and
	// Findings what that found and whatever failed before.
	Attempts int `json:"attempts,omitempty"`
}

// NewScenario computes the statistics of a scenario's calls and puts its
// findings beside them, as they are.
func NewScenario(name string, calls []history.Call, findings []verdict.Finding) Scenario {
	s := Scenario{
		Scenario: name,
		Calls:    Count(calls),
		Latency:  Measure(calls),
		Rate:     Rate(calls),
		Late:     Lateness(calls),
	}
	s.Findings = Findings(findings)
	s.Verdict = s.worst()
	return s
}

// Findings are findings as documents spell them.
func Findings(list []verdict.Finding) []Finding {
	out := make([]Finding, 0, len(list))
	for _, f := range list {
		out = append(out, findingOf(f))
	}
	return out
}

// A Finding is what one check says of one scenario.
type Finding struct {
	Check    string          `json:"check"`
	Verdict  verdict.Verdict `json:"verdict"`
	Want     string          `json:"want"`            // what the promise demands
	Saw      string          `json:"saw"`             // what happened, with its sample size
	Cause    string          `json:"cause,omitempty"` // the most likely reason of a fail
	Witness  *Witness        `json:"witness,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
	// what to do about it, where the calls say more than the check alone
	Next string `json:"next,omitempty"`

	Quarantined bool `json:"quarantined,omitempty"` // known, and not counted in the exit status
}

// A Witness is the evidence of a fail: the calls that no honest server could
// have answered so, and the window that they lie in.
type Witness struct {
	FromNS   int64   `json:"from_ns"`  // the window's first instant, nanoseconds from the run's start
	ToNS     int64   `json:"to_ns"`    // its last
	Calls    []int   `json:"calls"`    // 1-based positions in the server's history: line numbers of a history file
	Admitted int     `json:"admitted"` // tokens taken in the window, certainly (too many) or at most (refused wrongly)
	Allowed  float64 `json:"allowed"`  // tokens that the limit grants in it
}

func findingOf(f verdict.Finding) Finding {
	out := Finding{Check: f.Check, Verdict: f.Verdict, Want: f.Want, Saw: f.Saw, Cause: f.Cause, Warnings: f.Warnings,
		Next: f.Next}
	if w := f.Witness; w != nil {
		out.Witness = &Witness{
			FromNS: int64(w.From), ToNS: int64(w.To), Calls: w.Calls,
			Admitted: w.Admitted, Allowed: w.Allowed,
		}
	}
	return out
}

// evidence is the witness as the verdict package spells it.
func (w Witness) evidence() verdict.Witness {
	return verdict.Witness{
		From: time.Duration(w.FromNS), To: time.Duration(w.ToNS), Calls: w.Calls,
		Admitted: w.Admitted, Allowed: w.Allowed,
	}
}
