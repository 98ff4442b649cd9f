package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// unrefused is the cause where nothing was refused: then it can't be known if
// there is no limiter or one that grants more than was asked for.
func (p *past) unrefused() string {
	if words := p.delayed(); words != "" {
		return words
	}
	words := fmt.Sprintf("none of %s was refused: no limiter is at work", plural(p.evidence.Calls(), "call"))
	if n := p.copies(); n > 1 {
		words += fmt.Sprintf(", or one that grants %d times what was promised or more, as that many processes would "+
			"with a full limit each: this traffic can't tell", n)
	}
	return words
}

// copies is how many limits as promised together grant what was granted.
func (p *past) copies() int {
	const tried = 50
	for n := 1; n <= tried; n++ {
		if p.evidence.BurstMin(float64(n)*p.limit.Rate) <= float64(n*p.limit.Burst)+p.tolerance {
			return n
		}
	}
	return 0
}

// delayed is the cause where nothing was refused and some calls took far longer
// than others.
func (p *past) delayed() string {
	var took []time.Duration
	for _, c := range p.story.calls {
		took = append(took, time.Duration((c.end-c.sent)*1e9))
	}
	slices.Sort(took)
	usual, late := quantile(took, 0.2), quantile(took, 0.8)
	if len(took) < 10 || late < 100*time.Millisecond+4*usual {
		return ""
	}
	return fmt.Sprintf("none of %s was refused, but a fifth took %s or less and a fifth %s or more: calls are "+
		"delayed and not refused (a queue, a slow-down), or the server is slow and no limiter is at work: this "+
		"traffic can't tell",
		plural(p.evidence.Calls(), "call"), span(usual), span(late))
}

// otherBucket says how the bucket that was measured differs from the promise.
func (p *past) otherBucket(m Measured) string {
	l := p.limit
	burst := float64(l.Burst)
	n := math.Round(m.Rate.Lo / l.Rate)
	switch {
	case m.Rate.Hi < 0.05*l.Rate && m.Rate.Lo == 0:
		return fmt.Sprintf("the bucket never refills, or hardly: %s; or so many calls are let through in a time that "+
			"is longer than this traffic of %s, or that calls prolong", m, seconds(math.Ceil(p.story.span())))
	case m.Rate.Hi < 0.05*l.Rate:
		return fmt.Sprintf("the bucket hardly refills: %s", m)
	case n > 1 && m.Rate.holds(n*l.Rate) && m.Burst.holds(n*burst):
		return fmt.Sprintf("rate and burst are %g times what was promised, as of %g processes with a full limit "+
			"each: it behaves like a bucket of %s", n, n, m)
	case m.Rate.Lo > l.Rate && m.Burst.Hi < burst, m.Rate.Hi < l.Rate && m.Burst.Lo > burst:
		return fmt.Sprintf("it is another bucket than promised: it behaves like one of %s", m)
	case m.Rate.Hi < l.Rate && m.Burst.Hi < burst:
		return fmt.Sprintf("the rate is too low and the burst is too small, as of a lower limit behind the promised "+
			"one, or of two tokens a call: it behaves like a bucket of %s", m)
	case m.Rate.Lo > l.Rate:
		return fmt.Sprintf("the rate is too high: it behaves like a bucket of %s", m)
	case m.Rate.Hi < l.Rate:
		return fmt.Sprintf("the rate is too low: it behaves like a bucket of %s", m)
	case m.Burst.Lo > burst:
		return fmt.Sprintf("the burst is too big: it behaves like a bucket of %s", m)
	case m.Burst.Hi < 2:
		return fmt.Sprintf("the burst is too small, as of a leaky bucket without burst: it behaves like a bucket of %s",
			m)
	case m.Burst.Hi < burst:
		return fmt.Sprintf("the burst is too small: it behaves like a bucket of %s", m)
	}
	return fmt.Sprintf("it behaves like a bucket of %s", m)
}

// holds reports if a number lies in a range.
func (i Interval) holds(x float64) bool { return i.Lo <= x && x <= i.Hi }

// unknown is the cause where nothing explains the answers: what was seen.
func (p *past) unknown() string {
	s := p.story
	words := "we don't know: no token bucket of any rate and burst explains the answers, nor any other limiter that " +
		"we know"
	if through, turned := p.oddities(); 5*len(p.odd) <= len(s.calls) && len(p.odd) > 0 {
		few := []string{}
		if through > 0 {
			few = append(few, plural(through, "call")+" let through")
		}
		if turned > 0 {
			few = append(few, plural(turned, "call")+" refused although a token was there")
		}
		words += "; one as promised does, but for " + strings.Join(few, " and ")
	}
	if len(s.calls) >= longest {
		words += fmt.Sprintf("; only the first %d calls were looked at", longest)
	}
	return words + ". Seen: " + strings.Join(p.seen(), ", ")
}

// oddities counts the calls that the promise doesn't explain.
func (p *past) oddities() (through, turned int) {
	for _, i := range p.odd {
		if p.story.calls[i].admitted {
			through++
		} else {
			turned++
		}
	}
	return through, turned
}

// seen is what there is to be said of any limiter.
func (p *past) seen() []string {
	s := p.story
	granted, longest, run := 0, 0.0, -1
	for i, c := range s.calls {
		if c.admitted {
			granted++
			run = -1
			continue
		}
		if run < 0 {
			run = i
		}
		longest = max(longest, c.sent-s.calls[run].sent)
	}
	list := []string{fmt.Sprintf("%d of %s let through in %s", granted, plural(len(s.calls), "call"),
		seconds(math.Ceil(s.span()*10)/10))}
	if s.first < len(s.calls) {
		list = append(list, fmt.Sprintf("the first refused at %.1fs after %d", s.calls[s.first].sent, s.first))
	}
	if longest > 0 {
		list = append(list, fmt.Sprintf("up to %s without one let through", seconds(math.Round(longest*10)/10)))
	}
	if n := p.copies(); n > 2 {
		list = append(list, fmt.Sprintf("more than %d limits as promised would grant together", n-1))
	}
	return append(list, p.hints()...)
}

// hints are the waits that refusals asked for, where they differ much: another
// limit may speak then.
func (p *past) hints() []string {
	least, most := time.Duration(math.MaxInt64), time.Duration(0)
	for _, c := range p.calls {
		if c.Outcome == history.Limited && c.RetryAfter > 0 {
			least, most = min(least, c.RetryAfter), max(most, c.RetryAfter)
		}
	}
	if most <= 3*least || most < 2*time.Second {
		return nil
	}
	return []string{fmt.Sprintf("refusals asked to wait from %s to %s", span(least), span(most))}
}

// apart reports if the history breaks a shared limit, but not one a client:
// each client's own calls, admitted and refused, are those of a whole bucket.
func (c *Court) apart() bool {
	l := c.terms.Limit
	if l.Scope == promise.Client || len(c.clients()) < 2 {
		return false
	}
	alone := c.gather(promise.Client).Check(l, c.cfg.Tolerance)
	return alone.Verdict == Pass && c.needs(promise.Global) > float64(l.Burst)+c.cfg.Tolerance
}

// together reports if the history breaks a limit a client, but not a shared one.
func (c *Court) together() bool {
	l := c.terms.Limit
	if l.Scope != promise.Client || len(c.clients()) < 2 {
		return false
	}
	return c.gather(promise.Global).Check(l, c.cfg.Tolerance).Verdict == Pass
}
