package results

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"

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
		return errors.New("results: a range has no lower bound")
	}
	out := Range{Lo: *in.Lo, Hi: math.Inf(1)}
	if in.Hi != nil {
		out.Hi = *in.Hi
	}
	if out.Hi < out.Lo {
		return errors.New("results: range " + string(text) + " is upside down")
	}
	*r = out
	return nil
}

// String says the range: "14.90–15.04", or "≥ 14.90" without an upper bound.
// It rounds outwards, so that what is shown stays certified.
func (r Range) String() string {
	if math.IsInf(r.Hi, 1) {
		return "≥ " + whole(outwards(r.Lo, math.Floor))
	}
	lo, hi := outwards(r.Lo, math.Floor), outwards(r.Hi, math.Ceil)
	switch {
	case lo == hi:
		return whole(lo)
	case whole(lo) != lo && whole(hi) != hi:
		return whole(lo) + "–" + whole(hi)
	}
	return lo + "–" + hi
}

// whole leaves out decimals that are all zero.
func whole(s string) string {
	if trimmed := strings.TrimRight(s, "0"); strings.HasSuffix(trimmed, ".") {
		return strings.TrimSuffix(trimmed, ".")
	}
	return s
}

// outwards shows two decimals, more where the number is small: a rate of one
// call a minute is 0.01667/s.
func outwards(x float64, to func(float64) float64) string {
	if x == 0 {
		return "0"
	}
	digits := 2
	if size := math.Abs(x); size < 1 {
		digits = min(9, 3-int(math.Floor(math.Log10(size))))
	}
	scale := math.Pow(10, float64(digits))
	nearest := math.Round(x*scale) / scale
	if math.Abs(nearest-x) > 1e-9*math.Abs(x) { // else the rounding would only show the noise of binary fractions
		nearest = to(x*scale) / scale
	}
	return strconv.FormatFloat(nearest, 'f', digits, 64)
}
