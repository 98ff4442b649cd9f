package results

import (
	"encoding/json"
	"errors"
	"math"

	"github.com/mcpload/mcpload/verdict"
)

// A Range is a certified interval. Hi is +Inf where there is no upper bound;
// JSON has no infinity, so documents spell that null.
type Range verdict.Interval

type rangeJSON struct {
	Lo *float64 `json:"lo"`
	Hi *float64 `json:"hi"`
}

// MarshalJSON implements json.Marshaler.
func (r Range) MarshalJSON() ([]byte, error) {
	out := rangeJSON{Lo: &r.Lo}
	if !math.IsInf(r.Hi, 1) {
		out.Hi = &r.Hi
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler. It refuses a range without a
// lower bound, and one that is upside down.
func (r *Range) UnmarshalJSON(text []byte) error {
	var in rangeJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	if in.Lo == nil {
		return errors.New("a range has no lower bound")
	}
	out := Range{Lo: *in.Lo, Hi: math.Inf(1)}
	if in.Hi != nil {
		out.Hi = *in.Hi
	}
	if out.Hi < out.Lo {
		return errors.New("range " + string(text) + " is upside down")
	}
	*r = out
	return nil
}

// Bounded reports if a range of rates or bursts has bounds on both sides, so that its
// middle says something. One from 0 is bounded from above only: nothing is below 0.
func (r Range) Bounded() bool { return r.Lo > 0 && !math.IsInf(r.Hi, 1) }

// String says the range: "14.90–15.04", or "≥ 14.9" without an upper bound,
// rounded outwards.
func (r Range) String() string { return verdict.Interval(r).String() }
