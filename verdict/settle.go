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
// where the history does: the promised bucket can have given all of them, or
// there are no other refusals and some bucket can. An outage comes whether the
// bucket is full or empty, so that it soon refuses what no bucket would.
//
// A result that speaks of a limit, and says nothing that makes it a refusal, may
// be one. Where other results don't speak of it, or more such results came than
// the promise lets through, nobody knows, and they are held against nobody.
//
// It changes outcomes only, never the order or the number of calls. What is
// settled once is settled the same way again.
func (c *Court) settle() *Court {
	return c.withoutOutages().withoutWords()
}

// Calls are the whole history, as it was settled.
func (c *Court) Calls() []history.Call { return c.calls }

// Doubted says what was not taken for a refusal although it looks like one, and
// why; it is empty where there is nothing to say.
func (c *Court) Doubted() string { return c.doubted }

// doubtful reports if a call may be a refusal or met an outage.
func (c *Court) doubtful(call history.Call) bool {
	return call.Status == http.StatusServiceUnavailable && call.Detail == history.Unavailable &&
		(call.Outcome == history.Limited || call.Outcome == history.Rejected) &&
		!slices.Contains(c.profile.Refusal.Statuses, http.StatusServiceUnavailable)
}

func (c *Court) withoutOutages() *Court {
	n, others := 0, ""
	for _, call := range c.calls {
		switch {
		case call.Label == Handshake:
		case c.doubtful(call):
			n++
		case call.Outcome == history.Limited && others == "":
			others = shape(call)
		}
	}
	if n == 0 {
		return c
	}
	taken := c.with(func(call *history.Call) {
		if c.doubtful(*call) {
			call.Outcome = history.Limited
		}
	})
	if !taken.unjustified(taken.evidence.BurstMax(c.profile.Limit.Rate)) || others == "" && taken.Measured() != nil {
		return taken
	}
	left := c.with(func(call *history.Call) {
		if c.doubtful(*call) {
			call.Outcome = history.Rejected
		}
	})
	why := "no bucket would have refused those calls"
	if others != "" {
		why = "its refusals are " + others + ", and " + why
	}
	left.doubted = fmt.Sprintf("%s with HTTP 503 and Retry-After counted as failed, not as refused: %s (--refusal status=503 says that they are refusals, --not-refusal status=503 that they aren't)",
		plural(n, "answer"), why)
	return left
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
	l := c.profile.Limit
	if speak == 0 || silent == 0 && c.evidence.BurstMin(l.Rate) <= float64(l.Burst)+c.cfg.Tolerance {
		return c
	}
	left := c.with(func(call *history.Call) {
		if call.Outcome == history.OK && strings.HasPrefix(call.Detail, history.Speaks) {
			call.Outcome = history.Unknown
		}
	})
	left.doubted = c.doubted
	return left
}

// with returns a court over the same calls, each changed.
func (c *Court) with(change func(*history.Call)) *Court {
	calls := slices.Clone(c.calls)
	for i := range calls {
		change(&calls[i])
	}
	return newCourt(c.profile, calls, c.cfg)
}
