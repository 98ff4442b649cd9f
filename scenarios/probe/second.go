package probe

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// firsts are limits that explain the answers up to where a second one stood in the way.
func (p *probe) firsts() (list []promise.Law) {
	list = p.firstBuckets()
	for _, calls := range [][]history.Call{p.untilContradicted(), p.untilSilence()} {
		for _, l := range p.windowsOf(calls) {
			if !holdsLaw(list, l) {
				list = append(list, l)
			}
		}
	}
	return list
}

// untilContradicted are the answers from the beginning on that a window explains, as many as
// one does.
func (p *probe) untilContradicted() []history.Call {
	calls := p.history()
	return calls[:longest(len(calls), func(n int) bool {
		return slices.ContainsFunc(p.evidence(calls[:n]).Models(p.cfg.Tolerance), isWindow)
	})]
}

// longest is how many of so many calls, from the beginning on, something explains: a longer
// beginning is explained by less.
func longest(calls int, explained func(n int) bool) int {
	from, to := 0, calls
	for from < to {
		middle := (from + to + 1) / 2
		if explained(middle) {
			from = middle
		} else {
			to = middle - 1
		}
	}
	return from
}

// mayOutlive reports if one window was found for certain, which a longer one may stand beside.
func (p *probe) mayOutlive() bool {
	return p.lawsCertain && len(p.report.Laws) == 1 && p.report.Laws[0].Law.Kind == promise.Window
}

// windowsInTurn is how many windows' worth shows if another limit stands beside one.
const windowsInTurn = 12

// outlive asks for nearly all that a window grants for many windows in turn, as far as the
// budget goes: a longer one beside it shows only then.
func (p *probe) outlive(ctx context.Context) error {
	l := p.report.Laws[0].Law
	pace := 0.95 * l.Pace()
	n := min(windowsInTurn*l.N, p.left(), int(pace*p.room().Seconds()))
	if n < 2*l.N {
		p.note("that no longer limit stands beside it would take %d calls more to see", windowsInTurn*l.N)
		return nil
	}
	if _, err := p.send(ctx, p.stream(n, pace)); err != nil {
		return ignoreSpent(err)
	}
	l.Style, l.Charge = promise.Unsaid, p.charge()
	if p.settleLaws(guess{l}); p.report.Laws != nil {
		p.note("no longer limit showed beside it in %d calls at nearly its pace", n)
		return nil
	}
	p.report.Models = nil
	p.note("%s explains what was let through at first, and not what was refused later", l.String())
	return p.findLaws(ctx)
}

// unasked says what limit beside a measured bucket would not have shown, as never so much was
// let in within a minute, where the bucket alone grants more.
func (p *probe) unasked() {
	var admitted []time.Duration
	for i := range p.calls {
		if c := &p.calls[i]; c.Outcome.Admitted() && c.Kind == history.Request && c.Method == p.report.Load.Method {
			admitted = append(admitted, c.Received)
		}
	}
	slices.Sort(admitted)
	most, from := 0, 0
	for k, at := range admitted {
		for admitted[from] < at-time.Minute {
			from++
		}
		most = max(most, k-from+1)
	}
	if box := p.report.Box; float64(most) < box.Burst.Lo+60*box.Rate.Lo {
		p.note("no more than %d calls were let in within a minute, which this limit alone doesn't forbid: another one "+
			"beside it, of more than that a minute or of hours, would not have shown", most)
	}
}

// findSecond looks once for what stands beside the first limit that leaves refusals
// unexplained, where there is one.
func (p *probe) findSecond(ctx context.Context) error {
	for _, first := range p.firsts() {
		if p.freshFrom == 0 && len(p.unexplained(first, p.lawCalls())) > 0 {
			return ignoreSpent(p.outlast(ctx, first))
		}
	}
	return nil
}

// outlast looks for a second limit beside a first: it asks for no more than the first grants
// until it is refused, and then once in a while until something is let through. After a rest
// of twice as long it does so again, until as many are let through as the time before: the
// second had forgotten everything then. How many those were, and how long it took, is the
// second.
func (p *probe) outlast(ctx context.Context, first promise.Law) error {
	p.allow(mostForLaws)
	gap := seconds(1 / (0.95 * first.Pace()))
	for before := -1; ; {
		from, since, let := len(p.calls), p.prober.Now()+p.pause, 0
		for refused := 0; refused < 2; {
			calls, err := p.send(ctx, p.volley(p.client, 5, gap))
			if err != nil {
				return err
			}
			p.rest(gap)
			admitted, limited := tally(calls)
			let, refused = let+admitted, refused+limited
		}
		opened, err := p.untilLetIn(ctx, since)
		if err != nil {
			return err
		}
		if let == before {
			p.freshFrom = from
			return nil
		}
		before = let
		p.rest(2 * (opened - since))
	}
}

// untilLetIn asks once in a while until a call is let through, each time a sixtieth later
// than since an instant, and returns when that was.
func (p *probe) untilLetIn(ctx context.Context, since time.Duration) (time.Duration, error) {
	for {
		p.rest(max(20*time.Millisecond, (p.prober.Now()-since)/60))
		calls, err := p.send(ctx, p.volley(p.client, 1, 0))
		if err != nil {
			return 0, err
		}
		if calls[0].Outcome == history.OK {
			return calls[0].Sent, nil
		}
	}
}

// unrivalled reports if several limits are certain: their windows are as long as people would set,
// and with other numbers, lengths or kinds, as far as those are likely, the answers aren't
// explained.
func (p *probe) unrivalled(g guess, found []Law) bool {
	g = slices.Clone(g)
	for x, l := range found {
		if l.Law.Kind == promise.Window && !isRound(l.Law.Every) {
			return false
		}
		g[x].Style = l.Law.Style
	}
	for _, other := range p.guesses() {
		if len(other) != len(g) {
			continue
		}
		for _, v := range p.holding(other) {
			if !other.near(g) || !slices.EqualFunc(v, g, func(a, b promise.Law) bool { return a.Style == b.Style }) {
				return false
			}
		}
	}
	return true
}

// unexplained are the refusals among calls that a law alone can't have made.
func (p *probe) unexplained(l promise.Law, calls []history.Call) []verdict.Unexplained {
	alone := promise.Promise{withStyle(l)}
	if alone.Validate() != nil { // a handful of answers may speak for a rate without bounds
		return nil
	}
	return p.judged(alone, calls).Unexplained
}

// firstBuckets are buckets that explain the answers from the beginning on, as many as one does
// and a little fewer: the last of them may be the second limit's already, and have the bucket
// look slower than it is.
func (p *probe) firstBuckets() (list []promise.Law) {
	calls := p.lawCalls()
	fits := func(n int) (verdict.Measured, bool) { return p.evidence(calls[:n]).Measure(p.cfg.Tolerance) }
	from := longest(len(calls), func(n int) bool {
		_, ok := fits(n)
		return ok
	})
	for _, share := range []int{100, 95, 90, 85, 80, 75} {
		back := from * share / 100
		m, ok := fits(back)
		for ; back > from*3/4 && (!ok || m.Or != nil || rateWidth(m) >= 0.2); back-- {
			m, ok = fits(back - 1)
		}
		if !ok || m.Or != nil || m.Rate.Lo <= 0 || math.IsInf(m.Burst.Hi, 1) || rateWidth(m) > 0.2 ||
			burstWidth(m) > 3 {
			continue
		}
		l := promise.Law{Kind: promise.Bucket, N: RoundBurst(m.Burst), Rate: RoundRate(m.Rate), Charge: p.charge()}
		if !slices.ContainsFunc(list, func(o promise.Law) bool { return o.N == l.N && o.Rate == l.Rate }) {
			list = append(list, l)
		}
	}
	return list
}

// untilSilence are the answers up to the longest time in which nothing but refusals
// came: a second limit may have stood in the way from there on.
func (p *probe) untilSilence() []history.Call {
	calls := p.history()
	last, longest, end := time.Duration(0), time.Duration(0), len(calls)
	refused := 0
	for i, c := range calls {
		switch {
		case c.Outcome == history.Limited:
			refused++
		case c.Outcome == history.OK && c.Planned():
			if refused > 1 && c.Sent-last > longest {
				longest, end = c.Sent-last, i-refused
			}
			last, refused = c.Sent, 0
		}
	}
	return calls[:max(0, end)]
}

// secondLimits are second limits beside a first: what refused calls that the first can't
// have refused. Of what outlast sent they are told by that alone: before it the second may
// have forgotten a part.
func (p *probe) secondLimits(first promise.Law) (list []promise.Law) {
	calls := p.lawCalls()[p.freshFrom:]
	refused := p.unexplained(first, calls)
	if len(refused) == 0 {
		return nil
	}
	barred := calls[refused[0].Call-1]
	began, opened, spent, most := time.Duration(-1), time.Duration(-1), 0, 0
	refusedUntil := barred.Sent
	for _, c := range calls {
		if c.Sent <= barred.Received && c.Outcome != history.Limited && c.Outcome != history.Unsent {
			most++ // it may have been charged
		}
		switch {
		case c.Outcome == history.Limited && c.Sent >= barred.Sent && opened < 0:
			refusedUntil = max(refusedUntil, c.Sent)
		case c.Outcome != history.OK || !p.isLoad(c):
		case c.Received <= barred.Sent:
			if spent++; began < 0 {
				began = c.Sent
			}
		case c.Sent > barred.Sent && opened < 0:
			opened = c.Received
		}
	}
	if began < 0 {
		return nil
	}
	lasting := []verdict.Interval{}
	if opened > 0 {
		lasting = append(lasting, verdict.Interval{Lo: (refusedUntil - began).Seconds(),
			Hi: (opened - began).Seconds() + 0.01})
	}
	if wait := barred.RetryAfter; wait > 0 {
		at := (barred.Sent + wait - began).Seconds()
		lasting = append(lasting, verdict.Interval{Lo: at - 1.1, Hi: at + 1.1})
	}
	for _, i := range lasting {
		lengths := []time.Duration{people(i)}
		for _, s := range spans { // one by the clock had begun before
			if s.Seconds() > i.Hi {
				lengths = append(lengths, s)
			}
		}
		for _, every := range lengths {
			for _, n := range roundest(spent, most) {
				l := promise.Law{Kind: promise.Window, N: n, Every: every, Charge: p.charge()}
				if l.Every > 0 && !holdsLaw(list, l) {
					list = append(list, l)
				}
			}
		}
	}
	return list
}

// roundest are the numbers in a range that people would set, the likeliest first, and
// those at its lower end.
func roundest(lo, hi int) (list []int) {
	for _, unit := range []int{100, 50, 20, 10, 5} {
		if n := roundUp(lo, unit); n > 0 && n <= hi && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	for n := max(1, lo); n <= min(hi, lo+2); n++ {
		if !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}

// pins reports if a bucket beside other laws is certain: with a token more or less, or a
// rate that is a twentieth off, the answers aren't explained.
func (p *probe) pins(v promise.Promise, x int, calls []history.Call) bool {
	for _, change := range []func(l *promise.Law){
		func(l *promise.Law) { l.N++ }, func(l *promise.Law) { l.N-- },
		func(l *promise.Law) { l.Rate *= 1.05 }, func(l *promise.Law) { l.Rate /= 1.05 },
	} {
		other := slices.Clone(v)
		if change(&other[x]); other.Validate() == nil && p.judged(other, calls).Verdict != verdict.Fail {
			return false
		}
	}
	return true
}
