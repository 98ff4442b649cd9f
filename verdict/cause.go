package verdict

import (
	"fmt"
	"math"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
)

// cause names the most likely reason of a violation, from the whole history.
// It is a hint to whoever mends the server; no verdict depends on it.
func (c *Court) cause(t *Trial) string {
	if c.evidence.Limited() == 0 {
		return fmt.Sprintf("none of %s was refused: no limiter is at work", plural(c.evidence.Calls(), "call"))
	}
	if c.apart() {
		return "each client keeps the limit alone: the buckets are per session or per connection"
	}
	if c.emptyStart() {
		return "the first calls were refused: the bucket starts empty"
	}
	if m := c.Measured(); m != nil {
		return c.otherBucket(*m)
	}
	return "no token bucket of any rate and burst explains the answers"
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
		case call.Label == Handshake:
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
