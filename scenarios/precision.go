package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// Precisions of a plan: the least error of the rate, as a part of it, that the plan is
// long enough to show. The burst is told to one token by all of them.
const (
	DefaultPrecision  = 0.01
	FinestPrecision   = 0.0005
	CoarsestPrecision = 0.05

	// wholePrecision is that of plans at their whole length: the lengths of steady
	// traffic that the catalogue names are this one's.
	wholePrecision = 0.003
)

// ParsePrecision reads "1%", "0.3 %" or "0.01": from FinestPrecision to CoarsestPrecision.
func ParsePrecision(text string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	p, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		p /= 100
	}
	if err != nil {
		return 0, fmt.Errorf("%q is no precision, such as 1%%", text)
	}
	return p, CheckPrecision(p)
}

// CheckPrecision refuses what no plan is made for. 0 is the default.
func CheckPrecision(p float64) error {
	if p == 0 || p >= FinestPrecision && p <= CoarsestPrecision {
		return nil
	}
	return fmt.Errorf("a precision of %.4g%% is not from %g%% to %g%%", 100*p, 100*FinestPrecision,
		100*CoarsestPrecision)
}

// AskedPrecision is the precision that a plan is made for: the default where none is asked.
func (s Setting) AskedPrecision() float64 {
	if s.Precision == 0 {
		return DefaultPrecision
	}
	return s.Precision
}

// lasts is how long steady traffic takes at the asked precision, of so many seconds at the
// whole one. A finer one takes in proportion. A coarser one takes more than that: the
// traffic also shows what has nothing to do with rates.
func (s Setting) lasts(whole float64) time.Duration {
	k := wholePrecision / s.AskedPrecision()
	if k < 1 {
		k = math.Pow(k, 0.7)
	}
	return seconds(max(1, s.times) * k * whole)
}

// brings is how long so many tokens take to flow in, at most, in which a rate shows: as many
// at the default precision as at the whole one, as slow servers far away are hard to measure.
// Near ones are known before.
func (s Setting) brings(tokens, rate float64) time.Duration {
	p := s.AskedPrecision()
	return seconds(max(1, s.times) * max(wholePrecision/p, min(1, DefaultPrecision/p)) * tokens / rate)
}

// Least is the time that no plan can do without which shows an error of the rate as small
// as the precision, and how a server rests: one refill, the longest rest, and the time in
// which the error comes to a token.
func Least(l profiles.Limit, precision float64) time.Duration {
	refill := float64(l.Burst) / l.Rate
	return seconds(refill + longestRest(l) + 1/(l.Rate*precision))
}

// longestRest is how long the idle scenario sends nothing, in seconds. The bucket must not
// be full by itself after it, or a bucket that fills up by resting couldn't be told from an
// honest one.
func longestRest(l profiles.Limit) float64 { return min(1.5, 0.8*float64(l.Burst)/l.Rate) }

// lookEvery is how much of a scenario lies between two questions if it may end.
const lookEvery = 250 * time.Millisecond

// atLeast is how many calls of either answer a scenario shows before it may end: enough to
// compare how long they take.
const atLeast = 8

// measured reports if overload has shown what it is for: the bucket is known to within the
// precision on either side and a token, be it the promised one or another.
func measured(t *verdict.Trial, precision float64) bool {
	no, yes := 0, 0
	for i := range t.Calls {
		switch t.Calls[i].Outcome {
		case history.Limited:
			no++
		case history.OK:
			yes++
		}
	}
	return no >= atLeast && yes >= atLeast && t.Pinned(2*precision, 1)
}

// refuted reports if a scenario that a kept promise passes can't pass any more, and what
// bucket it is instead is known already.
func refuted(t *verdict.Trial, precision float64) bool {
	return t.Broken() && t.Pinned(2*precision, 1)
}
