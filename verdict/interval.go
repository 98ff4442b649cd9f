package verdict

import (
	"math"
	"strconv"
	"strings"
)

// An Interval is a certified range: the true value lies in [Lo, Hi].
type Interval struct {
	Lo float64 `json:"lo"`
	Hi float64 `json:"hi"` // +Inf where the history gives no upper bound
}

// String says the range: "14.90–15.04", or "≥ 14.9" without an upper bound.
// It rounds outwards, so that what is shown stays certified.
func (i Interval) String() string {
	if math.IsInf(i.Hi, 1) {
		return "≥ " + whole(outwards(i.Lo, math.Floor))
	}
	lo, hi := outwards(i.Lo, math.Floor), outwards(i.Hi, math.Ceil)
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
