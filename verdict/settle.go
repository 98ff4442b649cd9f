package verdict

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
)

// settle decides what one answer alone can't tell: if it is a refusal.
//
// HTTP 503 with Retry-After is a limiter's no as well as an outage's (RFC 9110,
// section 15.6.4). It is taken for a refusal where the profile says so, or else
// where the history does: what is promised can have given all of them, or
// there are no other refusals and some bucket can. An outage comes whether the
// bucket is full or empty, so that it soon refuses what no bucket would.
//
// Where refusals of one look prove the promise broken, and those of every other look are
// as promised to the last, somebody in front of the server or behind its tool
// refuses as well: a proxy with its own 429, or a tool that passes on what its provider
// said. That is a failed call, and no refusal by the limit. Only one look can be so: of
// a server that words each refusal anew, none is taken out.
//
// A result that speaks of a limit, and says nothing that makes it a refusal, may
// be one. Where other results don't speak of it, or more such results came than
// the promise lets through, nobody knows, and they are held against nobody.
//
// A failure that speaks of a limit, or has a code that limiters use, is settled as a 503 is
// where it says when to come back. Else it is taken for a refusal where the limit has shown
// no other, and what is promised can have given each of them: it comes under pressure, and
// goes without it.
//
// What was refused after a crowd of an audit's own may be a ban, and isn't held against the
// server either.
//
// It changes outcomes only, never the order or the number of calls. What is
// settled once is settled the same way again.
func (c *Court) settle() *Court {
	return c.withSessions().withoutOutages().withoutOthers().withoutWords().withoutBans().withPressure()
}

// Calls are the whole history, as it was settled.
func (c *Court) Calls() []history.Call { return c.calls }

// Doubted says what was not taken for a refusal although it looks like one, and
// why; it is empty where there is nothing to say.
func (c *Court) Doubted() string { return c.doubted }

// doubtful reports if a call may be a refusal or met an outage: it says when to come back.
func (c *Court) doubtful(call *history.Call) bool {
	if call.Detail == history.Unavailable {
		return call.Status == http.StatusServiceUnavailable &&
			(call.Outcome == history.Limited || call.Outcome == history.Rejected) &&
			!slices.Contains(c.terms.Statuses, http.StatusServiceUnavailable)
	}
	return call.Hints != "" && c.weak(call)
}

// weak reports if a failed call may be a refusal by what it says.
func (c *Court) weak(call *history.Call) bool {
	meant := c.cfg.Laws != nil && c.cfg.Laws.Fails != "" && call.Tool == c.cfg.Laws.Fails
	return (call.Outcome == history.Rejected || call.Outcome == history.ToolError) && !meant &&
		!slices.Contains(notLimits, call.Status) && // before any text is read: nearly all calls end here
		history.SpeaksOfLimit(call.Code, call.Detail)
}

func (c *Court) withoutOutages() *Court {
	n, said, others := 0, "", ""
	for i := range c.calls {
		switch call := &c.calls[i]; {
		case call.Label == Handshake:
		case c.doubtful(call):
			n, said = n+1, call.Detail
		case call.Outcome == history.Limited && others == "":
			others = shape(*call)
		}
	}
	if n == 0 {
		return c
	}
	taken := c.with(func(call *history.Call) {
		if c.doubtful(call) {
			call.Outcome = history.Limited
		}
	})
	bucket := c.cfg.Laws == nil
	if taken.justified() || bucket && others == "" && taken.Measured() != nil {
		return taken
	}
	left := c.with(func(call *history.Call) {
		if call.Outcome == history.Limited && c.doubtful(call) {
			call.Outcome = history.Rejected
		}
	})
	why := "no " + c.promiseWord() + " would have refused those calls"
	if others != "" {
		why = "its refusals are " + others + ", and " + why
	}
	such, sign := fmt.Sprintf("such as %.160q, which say when to come back,", said), ""
	if said == history.Unavailable {
		such, sign = "with HTTP 503 and Retry-After", " status=503"
	}
	left.doubted = fmt.Sprintf("%s %s counted as failed, not as refused: %s (--refusal%s says that they are refusals, "+
		"--not-refusal%s that they aren't)", plural(n, "answer"), such, why, sign, sign)
	return left
}

// mostLooks is how many looks refusals may have for one of them to be somebody else's.
const mostLooks = 4

func (c *Court) withoutOthers() *Court {
	lawful := c.cfg.Laws != nil // then it takes longer to know if all are justified than how they look
	if c.cfg.Shared || !lawful && c.justified() {
		return c
	}
	looks, said := map[string]int{}, map[string]string{}
	for _, call := range c.calls {
		if call.Outcome == history.Limited && call.Label != Handshake {
			looks[look(call)]++
			said[look(call)] = call.Detail
		}
	}
	if len(looks) < 2 || len(looks) > mostLooks || lawful && c.justified() {
		return c
	}
	if b := c.withoutBans(); b != c && b.justified() {
		return c // a ban explains it, which looks as the limiter's refusals or not
	}
	var left *Court
	for one, n := range looks {
		others := c.with(func(call *history.Call) {
			if call.Outcome == history.Limited && look(*call) == one {
				call.Outcome = history.Rejected
			}
		})
		if others.held() != Pass {
			continue
		}
		if left != nil {
			return c // either may be the limit's
		}
		left, others.stray = others, said[one]
		left.doubted = fmt.Sprintf("%s %.160q counted as failed, not as refused: the promised %s would not have "+
			"given them, and gave every other refusal, so that somebody in front of the server or behind its tool "+
			"seems to refuse as well; --not-refusal says so for good", plural(n, "answer"), said[one], c.promiseWord())
	}
	if left == nil {
		return c
	}
	return left
}

// look is how a refusal looks: its shape, and its words without figures.
func look(c history.Call) string {
	return shape(c) + withoutFigures(c.Detail)
}

// withoutFigures is a text without its digits.
func withoutFigures(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, text)
}

func (c *Court) withoutWords() *Court {
	speak, silent := 0, 0
	for _, call := range c.calls {
		switch {
		case call.Label == Handshake || call.Outcome != history.OK:
		case strings.HasPrefix(call.Detail, history.Speaks):
			speak++
		default:
			silent++
		}
	}
	l := c.terms.Limit
	if speak == 0 || silent == 0 && c.evidence.BurstMin(l.Rate) <= float64(l.Burst)+c.cfg.Tolerance {
		return c
	}
	left := c.with(func(call *history.Call) {
		if call.Outcome == history.OK && strings.HasPrefix(call.Detail, history.Speaks) {
			call.Outcome = history.Unknown
		}
	})
	left.doubted, left.stray = c.doubted, c.stray
	return left
}

// leastPressure is how many failures have to look like refusals for all of them to be taken so.
const leastPressure = 3

func (c *Court) withPressure() *Court {
	laws := c.cfg.Laws
	if laws == nil && (c.terms.Limit.Rate <= 0 || c.terms.Lawful()) || c.cfg.Shared {
		return c
	}
	weak := func(call *history.Call) bool { return c.weak(call) && !c.doubtful(call) }
	n, said := 0, ""
	for i := range c.calls {
		call := &c.calls[i]
		switch shaken := call.Label == Handshake; {
		case !shaken && call.Outcome == history.Limited:
			return c
		case !weak(call):
		case shaken:
			return c
		default:
			n, said = n+1, call.Detail
		}
	}
	if n < leastPressure {
		return c
	}
	taken := c.with(func(call *history.Call) {
		if weak(call) {
			call.Outcome = history.Limited
		}
	})
	if !taken.justified() || !taken.seen() {
		return c
	}
	taken.doubted = fmt.Sprintf("%s such as %.160q counted as refused: no other refusal came, and the promised %s "+
		"can have given each of them (--refusal says so for good, --not-refusal that they aren't)", plural(n, "answer"),
		said, c.promiseWord())
	return taken
}

// promiseWord is in a word what the server is held to.
func (c *Court) promiseWord() string {
	switch {
	case c.cfg.Laws == nil:
		return "bucket"
	case len(c.cfg.Laws.Held) == 1:
		return "law"
	}
	return "laws"
}

// byLaws holds the calls, as they are taken, against the laws that are promised.
func (c *Court) byLaws() *LawJudgement {
	if c.settled == nil {
		j := JudgeLaws(c.cfg.Laws.Held, c.calls, c.cfg.Laws.config(c))
		c.settled = &j
	}
	return c.settled
}

// justified reports if what is promised can have made every refusal.
func (c *Court) justified() bool {
	if c.cfg.Laws != nil {
		return len(c.byLaws().Unexplained) == 0
	}
	return !c.unjustified(c.evidence.BurstMax(c.terms.Limit.Rate))
}

// seen reports if the calls show a limit at work.
func (c *Court) seen() bool {
	if c.cfg.Laws != nil {
		return slices.ContainsFunc(c.byLaws().Laws, func(f LawFinding) bool { return f.State == Kept })
	}
	return c.Measured() != nil
}

// held is what comes of the calls, held against what is promised.
func (c *Court) held() Verdict {
	if c.cfg.Laws != nil {
		return c.byLaws().Verdict
	}
	return c.evidence.Check(c.terms.Limit, c.cfg.Tolerance).Verdict
}

// with returns a court over the same calls, each changed.
func (c *Court) with(change func(*history.Call)) *Court {
	calls := slices.Clone(c.calls)
	for i := range calls {
		change(&calls[i])
	}
	return newCourt(c.terms, calls, c.cfg)
}
