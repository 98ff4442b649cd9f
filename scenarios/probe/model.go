package probe

import (
	"context"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// ModelCostly is a token bucket from which refused calls take tokens too.
const ModelCostly = "token bucket whose refused calls cost a token too"

// tellApart names every model that explains the history, and sends traffic
// that tells them apart while there are several.
func (p *probe) tellApart(ctx context.Context) error {
	defer p.nameModels()
	p.nameModels()
	if len(p.report.Models) == 0 && !p.gaveUp {
		if err := p.watch(ctx); err != nil {
			return err
		}
		p.nameModels()
	}
	if err := p.findLaws(ctx); err != nil || p.lawsCertain {
		return err
	}
	p.nameModels()
	for range 4 {
		var err error
		window := slices.ContainsFunc(p.report.Models, isWindow)
		switch {
		case len(p.report.Models) == 0, len(p.report.Models) == 1 && (p.confirmed || !window):
			return nil
		case p.has(verdict.ConcurrencyCap):
			err = p.oneByOne(ctx)
		default:
			err = p.straddle(ctx)
			p.straddled++
			p.confirmed = err == nil && p.straddled > 1
		}
		if err != nil {
			return err
		}
		p.nameModels()
	}
	return nil
}

// nameModels asks which models explain what was seen, and says what would tell
// several of them apart.
func (p *probe) nameModels() {
	p.report.Models = nil
	for _, m := range p.evidence(p.history()).Models(p.cfg.Tolerance) {
		if m.Box != nil && p.report.Box != nil {
			m.Box, m.Number = p.report.Box, p.report.Box.Burst
		}
		p.report.Models = append(p.report.Models, m)
	}
	p.report.Apart = nil
	if len(p.report.Models) < 2 {
		return
	}
	if p.has(verdict.ConcurrencyCap) {
		p.report.Apart = append(p.report.Apart, "calls strictly one after the other: a concurrency cap never refuses "+
			"them, anything else does once they come faster than it grants")
	}
	if slices.ContainsFunc(p.report.Models, isWindow) {
		p.report.Apart = append(p.report.Apart, "half the calls of a window, half a window of rest, a whole window's "+
			"calls, and as many again just after a window's length from the first: a window that opens with its "+
			"first call lets all of those through, a sliding one half of them, a fixed one opens wholly at its own "+
			"edge, and a token bucket steadily")
	}
}

// has reports if a model is among those that explain the history.
func (p *probe) has(name string) bool {
	_, ok := p.named(name)
	return ok
}

func (p *probe) named(name string) (verdict.Model, bool) {
	for _, m := range p.report.Models {
		if m.Name == name {
			return m, true
		}
	}
	return verdict.Model{}, false
}

func isWindow(m verdict.Model) bool { return m.Window > 0 }

// window is the length and the number of a window that may be at work, or of
// the time in which a bucket fills.
func (p *probe) window() (length time.Duration, number int) {
	for _, name := range []string{verdict.SlidingWindow, verdict.OpenedWindow, verdict.FixedWindow} {
		if m, ok := p.named(name); ok {
			return m.Window, max(1, int(m.Number.Lo))
		}
	}
	return seconds(p.burst / max(p.rate, 1e-3)), max(1, int(p.burst))
}

// watch empties the limiter several times and looks each time when it opens
// again: first by growing pauses, and then finely around the instant at which it
// did the time before. A window has a sharp edge there.
func (p *probe) watch(ctx context.Context) error {
	const looks = 40 // a closed time is divided into so many
	wait := time.Duration(0)
	for range 3 {
		if _, err := p.drain(ctx, p.client); err != nil {
			return err
		}
		closed := p.prober.Now()
		gap := wait / looks
		p.rest(wait * 17 / 20)
		for first := true; ; first = false {
			if wait == 0 {
				gap = max(10*time.Millisecond, (p.prober.Now()-closed)/5)
			}
			p.rest(gap)
			calls, err := p.send(ctx, p.volley(p.client, 1, 0))
			if err != nil {
				return err
			}
			if calls[0].Outcome != history.OK {
				continue
			}
			wait = calls[0].Sent - closed
			if first {
				wait = wait * 3 / 5 // it had opened before we looked
			}
			break
		}
	}
	return nil
}

// oneByOne sends calls each after the reply to the one before: a cap on
// concurrency admits them all, and no other limit does for long.
func (p *probe) oneByOne(ctx context.Context) error {
	p.rest(100 * time.Millisecond)
	limit := 8
	for _, m := range p.report.Models {
		limit = max(limit, int(1.3*m.Number.Hi)+3)
	}
	for range limit {
		calls, err := p.send(ctx, p.volley(p.client, 1, 0))
		if err != nil {
			return err
		}
		if calls[0].Outcome == history.Limited {
			return nil
		}
	}
	return nil
}

// straddle sends what Apart describes.
func (p *probe) straddle(ctx context.Context) error {
	length, number := p.window()
	if p.room() < length*5/2 {
		return errSpent
	}
	half := max(1, number/2)
	plan := p.volley(p.client, half, time.Millisecond)
	put := func(calls []history.Arrival, at time.Duration) {
		for _, a := range calls {
			a.Due += at
			plan = append(plan, a)
		}
	}
	put(p.volley(p.client, number+1, time.Millisecond), length/2)
	// Where the first call's window ends is looked for, and right after it the whole
	// number is asked for: by then only as many looks were let through as a window
	// has ended before its time.
	const looks = 12
	for i := range looks {
		put(p.volley(p.client, 1, 0), length*6/10+time.Duration(i)*length*4/10/looks)
	}
	put(p.volley(p.client, number+1, min(time.Millisecond, length/time.Duration(20*number))), p.pastWindow(length))
	for i := range looks {
		put(p.volley(p.client, 1, 0), length*115/100+time.Duration(i)*length*45/100/looks)
	}
	rest := length * 11 / 10
	if p.straddled > 0 {
		// A small bucket that fills slowly looks like a window as long as it never
		// gets the time to hold more than that lets through at once.
		rest = max(rest, min(5*length, p.room()-length*5/2))
	}
	p.rest(rest)
	_, err := p.send(ctx, byDue(plan))
	return err
}

// pastWindow is when a window that a call opened has surely ended: a little more
// than its length, whichever of those that explain the answers it is.
func (p *probe) pastWindow(length time.Duration) time.Duration {
	longest := length
	for _, m := range p.report.Models {
		if longer := seconds(m.Length.Hi); isWindow(m) && longer < length*11/10 {
			longest = max(longest, longer)
		}
	}
	return longest + length/100 + time.Millisecond
}
