package promise

import (
	"fmt"
	"math"
	"path"
	"slices"
	"time"
)

// The numbers that this tool can work with. Beyond them a plan's instants no longer
// fit a time.Duration, or its arrivals the memory.
const (
	minRate  = 1e-6 // tokens a second: one in eleven days
	maxRate  = 1e9
	maxN     = 1_000_000_000
	maxEvery = 366 * 24 * time.Hour
)

// Validate reports the first thing that no server can promise.
func (p Promise) Validate() error {
	if len(p) > MaxLaws {
		return fmt.Errorf("%d laws, at most %d", len(p), MaxLaws)
	}
	seen := map[string]int{}
	for i, l := range p {
		if err := l.Validate(); err != nil {
			return fmt.Errorf("law %d: %w", i+1, err)
		}
		if first, ok := seen[l.String()]; ok {
			return fmt.Errorf("law %d says what law %d says: %s", i+1, first, l)
		}
		seen[l.String()] = i + 1
	}
	return nil
}

// Validate reports the first thing that makes the law one that no server can promise.
// Its error has no prefix.
func (l Law) Validate() error {
	if problem := l.problem(); problem != "" {
		return fmt.Errorf("%s", problem)
	}
	return nil
}

func (l Law) problem() string {
	if l.N < 1 || l.N > maxN {
		return fmt.Sprintf("%d is not from 1 to %d", l.N, maxN)
	}
	for _, problem := range []string{l.numbers(), l.strangers(), l.spans(), l.Charge.problem()} {
		if problem != "" {
			return problem
		}
	}
	return ""
}

// numbers judges what the law's kind needs.
func (l Law) numbers() string {
	switch l.Kind {
	case Bucket:
		switch rate := float64(l.Step) / l.Every.Seconds(); {
		case !(l.Rate >= minRate && l.Rate <= maxRate):
			return fmt.Sprintf("a rate of %g/s is not from 0.000001/s to 1000000000/s", l.Rate)
		case l.Step < 0 || l.Step > l.N:
			return fmt.Sprintf("a bucket of %d can't get %d tokens at once", l.N, l.Step)
		case l.Step > 0 && l.Every <= 0:
			return "tokens that come in steps need the time between two"
		case l.Step > 0 && math.Abs(rate-l.Rate) > 1e-9*l.Rate:
			return fmt.Sprintf("%d tokens every %s are %g/s, not %g/s", l.Step, l.Every, rate, l.Rate)
		}
	case Window:
		switch l.Style {
		case Unsaid, Sliding, Fixed, Aligned, Counter:
		default:
			return fmt.Sprintf("a window is sliding, fixed, aligned or counter, not %q", l.Style)
		}
		if l.Every < time.Millisecond || l.Every > maxEvery {
			return fmt.Sprintf("a window of %s is not from 1ms to %s", l.Every, Span(maxEvery))
		}
	case Quota:
		if l.Unit.Length() == 0 {
			return fmt.Sprintf("a quota is of an hour, a day or a month, not of %q", l.Unit)
		}
		if _, err := time.LoadLocation(l.Zone); err != nil || l.Zone == "Local" {
			return fmt.Sprintf("no time zone is called %q", l.Zone)
		}
	case Cap:
	case Sessions:
		return l.ofSessions()
	default:
		return fmt.Sprintf("a law is a bucket, a window, a quota, a cap or sessions, not %q", l.Kind)
	}
	return ""
}

// ofSessions judges a law of sessions.
func (l Law) ofSessions() string {
	c := l.Charge
	switch {
	case !slices.Equal(c.Methods, SessionCharge().Methods) || c.May != nil || c.Free != nil || c.Tools != nil ||
		c.Units != nil || c.Outcomes != All || c.Refused:
		return "sessions are opened by initialize, which is all that a law of them charges"
	case l.Key.Has(Session) || l.Key.Has(Tool) || l.Key.Has(Method):
		return fmt.Sprintf("sessions are counted by credential, by address, or all of them, not per %s", l.Key)
	case l.Wait > 0 || l.Lockout > 0:
		return "sessions at a time have no queue and no lockout"
	}
	return ""
}

// strangers judges what the law's kind has no use for.
func (l Law) strangers() string {
	for _, f := range []struct {
		name string
		said bool
		of   Kind
	}{
		{"a rate", l.Rate != 0, Bucket},
		{"steps", l.Step != 0, Bucket},
		{"a style", l.Style != Unsaid, Window},
		{"elastic ends", l.Elastic, Window},
		{"a calendar's unit", l.Unit != "", Quota},
		{"a time zone", l.Zone != "", Quota},
	} {
		if f.said && l.Kind != f.of {
			return fmt.Sprintf("a %s has no use for %s", l.Kind, f.name)
		}
	}
	stepped := l.Kind == Bucket && l.Step > 0
	if l.Every != 0 && l.Kind != Window && !stepped {
		return fmt.Sprintf("a %s has no use for a length of %s", l.Kind, l.Every)
	}
	return ""
}

// spans judges the times that any law may have.
func (l Law) spans() string {
	switch {
	case l.Wait < 0 || l.Wait > maxEvery:
		return fmt.Sprintf("a queue of %s is not from 0s to %s", l.Wait, Span(maxEvery))
	case l.Lockout < 0 || l.Lockout > maxEvery:
		return fmt.Sprintf("a lockout of %s is not from 0s to %s", l.Lockout, Span(maxEvery))
	case l.Elastic && l.Style == Sliding:
		return "a sliding window that refused requests prolong is one that charges them: say that refusals are charged"
	}
	return ""
}

func (c Charge) problem() string {
	switch c.Outcomes {
	case All, Failures, Successes:
	default:
		return fmt.Sprintf("failures or successes are charged, not %q", c.Outcomes)
	}
	for _, pattern := range c.Tools {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return fmt.Sprintf("%q is no pattern of tools", pattern)
		}
	}
	for pattern, n := range c.Units {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return fmt.Sprintf("%q is no pattern of tools", pattern)
		}
		if n < 0 || n > maxN {
			return fmt.Sprintf("%d units of %s are not from 0 to %d", n, pattern, maxN)
		}
	}
	if problem := c.contradiction(); problem != "" {
		return problem
	}
	if c.Methods != nil && c.May == nil && len(c.Methods) == 0 || c.Tools != nil && len(c.Tools) == 0 {
		return "nothing is charged"
	}
	return ""
}

// contradiction is what two lists of a charge say against each other.
func (c Charge) contradiction() string {
	lists := []struct {
		name    string
		methods []string
	}{{"methods", c.Methods}, {"may", c.May}, {"free", c.Free}}
	for i, list := range lists {
		for _, other := range lists[:i] {
			for _, m := range list.methods {
				if slices.Contains(other.methods, m) {
					return fmt.Sprintf("%q is in %s and in %s", m, other.name, list.name)
				}
			}
		}
	}
	for _, m := range slices.Concat(c.Methods, c.May, c.Free) {
		if m == "" {
			return "a method has no name"
		}
	}
	if _, most := c.method(call); most == 0 && (len(c.Tools) > 0 || len(c.Units) > 0) {
		return "tools are named, but " + call + " isn't charged"
	}
	return ""
}
