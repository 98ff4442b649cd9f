package verdict

import (
	"fmt"
	"math"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
)

// cause names the most likely reason of a violation, from the whole history.
// It is a hint to whoever mends the server; no verdict depends on it. It is
// worked out once: every failed check of a run has the same one.
func (c *Court) cause() string {
	if c.why == "" {
		c.why = c.diagnose()
	}
	return c.why
}

func (c *Court) diagnose() string {
	if c.evidence.Limited() == 0 {
		return fmt.Sprintf("none of %s was refused: no limiter is at work", plural(c.evidence.Calls(), "call"))
	}
	if words := c.evaded(); words != "" {
		return words
	}
	if c.apart() {
		return "each client keeps the limit alone: the buckets are per session or per connection"
	}
	if c.emptyStart() {
		if m := c.Measured(); m != nil && m.Burst.Hi < 2 {
			return "the burst is too small, as of a leaky bucket without burst: it behaves like a bucket of " + m.String()
		}
		return "the first calls were refused: the bucket starts empty"
	}
	if m := c.Measured(); m != nil && !math.IsInf(m.Rate.Hi, 1) {
		return c.otherBucket(*m)
	}
	if words, ok := c.likeliest(); ok {
		return words
	}
	words := "no token bucket of any rate and burst explains the answers"
	if few := c.tally(); few != "" {
		return words + few
	}
	j := c.evidence.Check(c.profile.Limit.Rate, c.profile.Limit.Burst, c.cfg.Tolerance)
	switch {
	case !j.OverAdmission.Violated:
		words += "; less is granted than promised, as where tokens get lost or the rate is too low"
	case !j.OverRejection.Violated:
		words += "; more is granted than promised"
	}
	return words
}

// tally says how many calls a bucket as promised can't explain, where that is
// a few: then the limit is kept but for them.
func (c *Court) tally() string {
	calls := c.sights()
	through, turned := 0, 0
	m := &flow{l: c.profile.Limit}
	for _, s := range calls {
		level := m.level(s.at)
		switch {
		case s.admitted && level < 1-s.slack:
			through++
			m.tokens++ // a call that was let through took nothing
		case !s.admitted && level >= 1+s.slack:
			turned++
		}
		m.saw(s.at, s.admitted)
	}
	switch {
	case 5*(through+turned) > len(calls):
		return ""
	case through > 0 && turned > 0:
		return fmt.Sprintf("; one as promised, but for %s let through and %d refused although a token was there", plural(through, "call"), turned)
	case through > 0:
		return fmt.Sprintf("; one as promised, but for %s let through", plural(through, "call"))
	case turned > 0:
		return fmt.Sprintf("; one as promised, but for %s refused although a token was there", plural(turned, "call"))
	}
	return ""
}

// apart reports if the history breaks a shared limit, but not one a client:
// each client's own calls, admitted and refused, are those of a whole bucket.
func (c *Court) apart() bool {
	l := c.profile.Limit
	if l.Scope == profiles.Client || len(c.clients()) < 2 {
		return false
	}
	alone := c.gather(profiles.Client).Check(l.Rate, l.Burst, c.cfg.Tolerance)
	return alone.Verdict == Pass && c.needs(profiles.Global) > float64(l.Burst)+c.cfg.Tolerance
}

// otherBucket says how the bucket that was measured differs from the promise.
func (c *Court) otherBucket(m Measured) string {
	l := c.profile.Limit
	burst := float64(l.Burst)
	switch {
	case m.Rate.Hi < 0.05*l.Rate:
		return "the bucket never refills, or hardly: " + m.String()
	case m.Rate.Lo > l.Rate:
		return fmt.Sprintf("the rate is too high: it behaves like a bucket of %s", m)
	case m.Rate.Hi < l.Rate:
		return fmt.Sprintf("the rate is too low: it behaves like a bucket of %s", m)
	case m.Burst.Lo > burst:
		return fmt.Sprintf("the burst is too big: it behaves like a bucket of %s", m)
	case m.Burst.Hi < burst:
		return fmt.Sprintf("the burst is too small: it behaves like a bucket of %s", m)
	}
	return fmt.Sprintf("it behaves like a bucket of %s", m)
}

// emptyStart reports if calls were refused before as much as half of the burst
// had been admitted.
func (c *Court) emptyStart() bool {
	granted := 0.0
	for _, call := range c.calls {
		switch {
		case !call.Planned():
		case call.Outcome == history.OK:
			granted++
		case call.Outcome == history.Limited:
			return granted+float64(c.inFlightAt(call)) < math.Floor(float64(c.profile.Limit.Burst)/2)
		}
	}
	return false
}

// inFlightAt counts the admitted calls whose fate may have been decided before
// a call's.
func (c *Court) inFlightAt(call history.Call) int {
	n := 0
	for _, other := range c.calls {
		if other.Outcome != history.Limited && other.Outcome != history.Unsent &&
			other.Sent <= call.Received && other.Received > call.Sent {
			n++
		}
	}
	return n
}
