package virtual

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"
)

// A Delay draws how long a message takes. Nil is no delay.
type Delay func(*rand.Rand) time.Duration

func (d Delay) draw(r *rand.Rand) time.Duration {
	if d == nil {
		return 0
	}
	return min(max(0, d(r)), longest)
}

// longest is what a message takes at most, whatever is drawn: so that the sums
// of a run's instants stay far from the end of time.
const longest = 24 * time.Hour

// Exp returns a delay that is exponentially distributed around a mean: most
// messages are quick, some take several times as long.
func Exp(mean time.Duration) Delay {
	return func(r *rand.Rand) time.Duration {
		return time.Duration(min(r.ExpFloat64()*float64(mean), float64(longest)))
	}
}

// Uniform returns a delay that is as likely anywhere in [lo, hi].
func Uniform(lo, hi time.Duration) Delay {
	return func(r *rand.Rand) time.Duration { return lo + time.Duration(r.Float64()*float64(hi-lo)) }
}

// Constant returns a delay that never changes.
func Constant(d time.Duration) Delay {
	return func(*rand.Rand) time.Duration { return d }
}

var delayForm = regexp.MustCompile(`^(exp|uniform|const)\(([^()]*)\)$`)

// ParseDelay reads `2ms`, `const(2ms)`, `exp(2ms)` or `uniform(1ms,20ms)`, each
// duration from 0 to 24 h.
func ParseDelay(s string) (Delay, error) {
	bad := func(why string) (Delay, error) {
		return nil, fmt.Errorf("virtual: %q is not a delay (%s), want such as 2ms, exp(2ms) or uniform(1ms,20ms)", s,
			why)
	}
	form, args := "const", []string{s}
	if m := delayForm.FindStringSubmatch(strings.ReplaceAll(s, " ", "")); m != nil {
		form, args = m[1], strings.Split(m[2], ",")
	}
	var ds []time.Duration
	for _, arg := range args {
		d, err := time.ParseDuration(arg)
		if err != nil || d < 0 || d > longest {
			return bad(fmt.Sprintf("%q is no duration from 0 to 24h", arg))
		}
		ds = append(ds, d)
	}
	switch {
	case form == "uniform" && len(ds) == 2 && ds[0] <= ds[1]:
		return Uniform(ds[0], ds[1]), nil
	case form == "uniform":
		return bad("uniform takes a least and a greatest delay")
	case len(ds) != 1:
		return bad(form + " takes one duration")
	case form == "exp":
		return Exp(ds[0]), nil
	}
	return Constant(ds[0]), nil
}
