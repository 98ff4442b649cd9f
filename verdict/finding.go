package verdict

import (
	"fmt"
	"time"
)

// A Verdict is the answer of a check. The zero value is Inconclusive, so that
// a check that forgot to answer never passes.
type Verdict uint8

// The verdicts.
const (
	Inconclusive Verdict = iota // consistent, but the run could not have told
	Pass                        // consistent, and a violation would have been seen
	Fail                        // a witness exists
)

var verdictNames = [...]string{"inconclusive", "pass", "fail"}

// String returns the verdict's name in result documents.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "inconclusive"
}

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It refuses unknown names.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, name := range verdictNames {
		if name == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not one of pass, fail, inconclusive", text)
}

// Worst combines verdicts: any fail is a fail, else any inconclusive is
// inconclusive, else pass. Of nothing it is Inconclusive.
func Worst(vs ...Verdict) Verdict {
	if len(vs) == 0 {
		return Inconclusive
	}
	worst := Pass
	for _, v := range vs {
		if v == Fail {
			return Fail
		}
		if v == Inconclusive {
			worst = Inconclusive
		}
	}
	return worst
}

// A Witness is the evidence of a fail: calls that no honest server could have
// answered so, and the window that they lie in.
type Witness struct {
	From  time.Duration // the window's first instant, from the run's start
	To    time.Duration // its last
	Calls []int         // 1-based positions in the history: the line numbers of a history file
	// tokens that were certainly (over-admission) or at most (over-rejection) taken in the window
	Admitted int
	Allowed  float64 // tokens that the limit grants in it
}

// A Finding is what one check says of one scenario.
type Finding struct {
	Scenario string   // whose calls were asked; empty where a check was asked by itself
	Check    string   // the check's ID
	Verdict  Verdict  // zero value: Inconclusive
	Want     string   // what the promise demands, in words and numbers
	Saw      string   // what happened, with its sample size
	Cause    string   // the most likely reason of a fail, in words; empty where nothing can be said
	Witness  *Witness // nil unless the verdict is Fail and calls prove it
	Warnings []string // what is worth knowing, and changes no verdict
	Next     string   // what to do about it, where the calls say more than the check alone; empty elsewhere
}

// Measured is the bounding box of every token bucket that explains a history.
type Measured struct {
	Rate  Interval  `json:"rate"`         // tokens a second
	Burst Interval  `json:"burst"`        // tokens
	Or    *Measured `json:"or,omitempty"` // where faster buckets can't be excluded: what bounds them
}
