package apikey

import "fmt"

// A Verdict says what a value is. The zero Verdict is Missing, so that one that
// nobody set never passes for good.
type Verdict uint8

// The verdicts. Only Valid is good; Unrecognised is good unless strict.
const (
	Missing      Verdict = iota // not set at all
	Blank                       // set, but empty or nothing but white space
	Placeholder                 // a template's text, or too trivial to be a secret
	WrongFamily                 // another provider's or another kind of key
	Malformed                   // no format that was ever issued
	Unrecognised                // may be a newer format
	Valid                       // a format that the provider issues
)

var verdictNames = [...]string{"missing", "blank", "placeholder", "wrong family", "malformed", "unrecognised", "valid"}

// String is the verdict in lower case.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("verdict %d", uint8(v))
}

// MarshalText is String.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// A Result is what Check found. It holds nothing of the value.
type Result struct {
	Verdict Verdict `json:"verdict"`
	Format  string  `json:"format,omitempty"`  // which format it is, or looks like
	Detail  string  `json:"detail,omitempty"`  // what is wrong; empty where nothing is
	Warning string  `json:"warning,omitempty"` // what is odd about a value that isn't bad
}

// OK reports if a server may start with the value: it is Valid, or Unrecognised
// and not strict.
func (r Result) OK(strict bool) bool {
	return r.Verdict == Valid || r.Verdict == Unrecognised && !strict
}
