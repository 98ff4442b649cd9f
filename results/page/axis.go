package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// An axis maps values to shares of a length.
type axis struct{ lo, hi float64 }

// share is where a value stands, 0 at lo and 1 at hi.
func (a axis) share(v float64) float64 {
	if a.hi <= a.lo {
		return 0
	}
	return (v - a.lo) / (a.hi - a.lo)
}

// padded widens an axis by a part of its length on both sides.
func (a axis) padded(part float64) axis {
	by := (a.hi - a.lo) * part
	return axis{a.lo - by, a.hi + by}
}

// ticks are round values on the axis, at most about n of them.
func (a axis) ticks(n int) []float64 {
	return a.every(roundStep((a.hi - a.lo) / float64(max(n, 1))))
}

// every are the multiples of a step on the axis.
func (a axis) every(step float64) []float64 {
	if step <= 0 || math.IsInf(step, 0) || math.IsNaN(step) {
		return nil
	}
	var out []float64
	for k := math.Ceil(a.lo/step - 1e-9); k*step <= a.hi+1e-9*step && len(out) < 50; k++ {
		out = append(out, k*step)
	}
	return out
}

// roundStep is the smallest of 1, 2, 5, 10 … that is at least x.
func roundStep(x float64) float64 {
	if x <= 0 {
		return 0
	}
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// timeStep is roundStep for seconds: from half a minute on, it is round on a
// clock.
func timeStep(x float64) float64 {
	for _, s := range []float64{30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400} {
		if x > 20 && s >= x {
			return s
		}
	}
	return roundStep(x)
}

// short writes a number in as little room as there is: 1.5M, 20k.
func short(x float64) string {
	switch {
	case math.Abs(x) >= 1e6:
		return trimmed(x/1e6, 2) + "M"
	case math.Abs(x) >= 1e4:
		return trimmed(x/1e3, 1) + "k"
	}
	return figure(x)
}

// figure writes a number as short as its size allows: 1,234; 12.5; 0.05.
func figure(x float64) string {
	switch size := math.Abs(x); {
	case size >= 1000:
		return grouped(int64(math.Round(x)))
	case size >= 100:
		return trimmed(x, 1)
	case size >= 0.1 || size == 0:
		return trimmed(x, 2)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

func trimmed(x float64, digits int) string {
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if digits > 0 {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return strings.Replace(s, "-", "−", 1)
}

// grouped writes a whole number with a comma at every third digit.
func grouped[N int | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// counted is "1 call" or "1,234 calls".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// clock writes an instant of a time axis, with as many decimals as the step
// between its ticks needs.
func clock(at, step time.Duration) string {
	unit, name := time.Second, "s"
	switch {
	case step < time.Millisecond && at.Abs() < time.Second:
		unit, name = time.Microsecond, "µs"
		if at.Abs() >= time.Millisecond || step >= 100*time.Microsecond {
			unit, name = time.Millisecond, "ms"
		}
	case step < 100*time.Millisecond && at.Abs() < 10*time.Second:
		unit, name = time.Millisecond, "ms"
	}
	if unit == time.Second && step >= 30*time.Second {
		return fmt.Sprintf("%d:%02d", int(at.Minutes()), int(at.Seconds())%60)
	}
	digits := 0
	for s := step; s > 0 && s < unit && digits < 6; s *= 10 {
		digits++
	}
	return trimmed(float64(at)/float64(unit), digits) + " " + name
}

// millis writes a latency in milliseconds.
func millis(ms float64) string {
	switch {
	case ms >= 10000:
		return trimmed(ms/1000, 1) + " s"
	case ms >= 100:
		return trimmed(ms, 0) + " ms"
	case ms >= 1:
		return trimmed(ms, 2) + " ms"
	}
	return trimmed(ms*1000, 0) + " µs"
}
