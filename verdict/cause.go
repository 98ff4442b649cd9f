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

// cause says why the promise was broken, from the whole history, or that nobody
// knows. It is for whoever mends the server; no verdict depends on it. It is
// worked out once: every failed check of a run has the same one.
//
// A cause is named only if it explains the answers and none that is simpler does.
// Simplest is a bucket of another size, or the promised one for other people;
// then another kind of limiter, or the promised bucket with one thing wrong; then
// two things at once. Where several that are as simple explain the answers, all
// of them are named: the traffic can't tell. What explains all but a few calls
// says how few; and where nothing does, what was seen is told.
func (c *Court) cause() string {
	if c.why == "" {
		c.why = c.diagnose()
	}
	return c.why
}

func (c *Court) diagnose() string {
	if words := c.evaded(); words != "" {
		return words
	}
	p := newPast(c.terms.Limit, c.cfg.Tolerance, c.evidence)
	p.calls, p.measured = c.calls, c.Measured()
	if c.apart() {
		p.scope = "each client keeps the limit alone: the buckets are per session or per connection"
	}
	if c.together() {
		p.scope = "the clients share one bucket"
	}
	return p.cause()
}

// Cause says why the evidence breaks a limit's rate and burst, or that nobody knows, as
// the causes in findings do. Of a history of more than 100,000 calls it says nothing:
// that would take longer than judging it.
func (e *Evidence) Cause(l promise.Limit, tolerance float64) string {
	if e.calls > long || !possible(l) || l.Rate == 0 {
		return ""
	}
	held := e.limit
	held.Rate, held.Burst = l.Rate, l.Burst
	p := newPast(held, tolerance, e)
	if m, ok := e.MeasureAround(l.Rate, tolerance); ok {
		p.measured = &m
	}
	return p.cause()
}

// A past is a history as its cause is looked for.
type past struct {
	limit     promise.Limit
	tolerance float64
	evidence  *Evidence
	bucket    *bucket // the busiest, of the first calls where there are very many
	story     *story
	odd       []int // the calls of the story that the promise doesn't explain
	measured  *Measured
	scope     string         // who shares a bucket, where that explains the answers
	calls     []history.Call // where they are at hand
}

func newPast(l promise.Limit, tolerance float64, e *Evidence) *past {
	p := &past{limit: l, tolerance: tolerance, evidence: e, bucket: e.busiest().firstCalls(longest)}
	p.story = newStory(p.bucket, l.Rate, tolerance)
	p.odd = p.story.unexplained(&flow{l: l}, 0, len(p.story.calls))
	return p
}

// firstCalls is the part of a bucket that its first calls make, without those that
// got no answer: nobody knows when they were decided, if ever, and what may have
// happened at any time explains anything.
func (b *bucket) firstCalls(n int) *bucket {
	part := &bucket{client: b.client, evidence: b.evidence}
	for _, i := range b.bySentAll() {
		if b.marks[i].received != never && len(part.marks) < n {
			part.marks = append(part.marks, b.marks[i])
		}
	}
	part.aside().prepare()
	return part
}

// An account is what a hypothesis leaves unexplained.
type account struct {
	kind, words, vague string
	left               int
}

func (p *past) cause() string {
	if p.evidence.Limited() == 0 {
		return p.unrefused()
	}
	if size := p.otherSize(); len(size) > 0 {
		return named(size)
	}
	few := max(1, len(p.story.calls)/100)
	one, unsure := p.otherKinds()
	if len(p.odd) >= 3 { // fewer can be explained in too many ways
		one = append(one, p.account(p.defects(), few)...)
	}
	if words := named(complete(one)); words != "" {
		return words
	}
	if len(p.odd) < 3 {
		return p.unknown()
	}
	two := p.account(p.pairs(), few)
	if len(complete(two)) == 0 {
		two = append(two, p.nests(3*few)...) // now and then the second token is not taken
	}
	if len(unsure) > 0 && len(complete(two)) == 0 {
		return "we don't know: " + named(unsure) + " would explain the answers, but its ends were seen too seldom to " +
			"put that to the test"
	}
	for i := range unsure {
		unsure[i].words = "it is " + unsure[i].words
	}
	two = append(unsure, two...)
	if words := named(complete(two)); words != "" {
		return words
	}
	all := append(one, two...)
	slices.SortStableFunc(all, func(x, y account) int { return x.left - y.left })
	if len(all) > 0 && 5*all[0].left <= len(p.odd) {
		best := slices.DeleteFunc(all, func(a account) bool { return a.left > all[0].left })
		return fmt.Sprintf("%s, but for %s of %d", named(best), plural(best[0].left, "call"), len(p.story.calls))
	}
	return p.unknown()
}

// account holds hypotheses against the story, and keeps those that leave a few
// calls unexplained at most.
func (p *past) account(list []hypothesis, few int) []account {
	var out []account
	for _, h := range list {
		few := few
		if h.exact {
			few = 0
		}
		left := p.story.unexplained(h.model(), h.spare, few)
		if f, ok := h.model().(*flow); ok && len(left) > 0 && few > 0 {
			f.mends = true
			if mended := p.story.unexplained(f, h.spare, few); len(mended) < len(left) {
				left = mended
			}
		}
		if len(left) <= few {
			out = append(out, account{h.kind, h.words, h.vague, len(left)})
		}
	}
	return out
}

// complete keeps what leaves nothing unexplained.
func complete(list []account) []account {
	return slices.DeleteFunc(slices.Clone(list), func(a account) bool { return a.left > 0 })
}

// named names accounts that are as good as each other.
func named(list []account) string {
	var words []string
	for i, a := range list {
		if slices.ContainsFunc(list[:i], func(b account) bool { return b.kind == a.kind }) {
			continue
		}
		differ := slices.ContainsFunc(list[i:], func(b account) bool { return b.kind == a.kind && b.words != a.words })
		if differ && a.vague != "" {
			a.words = a.vague
		}
		words = append(words, a.words)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words, "; or ") + ": this traffic can't tell"
}

// otherSize accounts for buckets of another size and for other people.
func (p *past) otherSize() []account {
	var list []account
	if p.scope != "" {
		list = append(list, account{kind: "scope", words: p.scope})
	}
	if m := p.measured; m != nil && !math.IsInf(m.Rate.Hi, 1) {
		list = append(list, account{kind: "size", words: p.otherBucket(*m)})
	}
	return list
}

// otherKinds accounts for limiters that are no token bucket, and for a bucket that
// is right but starts empty, by what must hold for each whatever the delays were.
// An aligned window has a number, a length and a phase: where its ends weren't seen
// more often than that, and its length isn't the promise's, nothing put it to the
// test, and it is no simpler than two things at once. It is returned apart then. So is a
// window of another kind that takes more than a third of the traffic.
func (p *past) otherKinds() (list, unsure []account) {
	const moment = 0.3 // seconds: a shorter window is one of calls at the same time
	for _, fit := range []func() (Model, bool){p.bucket.fixed, p.bucket.opening, p.bucket.sliding} {
		m, ok := fit()
		// the promise's own length is the likeliest
		if full := float64(p.limit.Burst) / p.limit.Rate; m.Length.holds(full) {
			m.Window = time.Duration(full * 1e9)
		}
		switch {
		case !ok || m.Number.Lo < 2 || m.Length.Hi < moment && m.Name != SlidingWindow:
		case m.Length.Hi < moment:
			list = append(list, account{kind: "cap", words: fmt.Sprintf("it limits calls at the same time (a "+
				"concurrency cap of %s, or so many in %s), not a rate", m.Number.whole(), seconds(m.Window.Seconds()))})
		case (m.Name == FixedWindow && p.bucket.ends(m) < 4 || m.Name != FixedWindow &&
			3*m.Length.Hi > p.bucket.lasts()) &&
			!m.Length.holds(float64(p.limit.Burst)/p.limit.Rate):
			unsure = append(unsure, account{kind: m.Name, words: "a " + windowWords(m)})
		default:
			list = append(list, account{kind: m.Name, words: "it is a " + windowWords(m)})
		}
	}
	if most := p.bucket.leastOverlap(); most >= 1 {
		list = append(list, account{kind: "cap", words: fmt.Sprintf("it limits calls at the same time (a concurrency "+
			"cap of at most %d), not a rate", most)})
	}
	if n, ok := p.lacking(); ok {
		words := "the first calls were refused: the bucket starts empty"
		if n < p.limit.Burst {
			words = fmt.Sprintf("the first calls were refused: the bucket starts with %d of %d tokens", p.limit.Burst-n,
				p.limit.Burst)
		}
		list = append(list, account{kind: "empty", words: words})
	}
	return list, unsure
}

// lasts is how long a bucket's calls go on, in seconds.
func (b *bucket) lasts() float64 {
	first, last := math.Inf(1), 0.0
	for i := range b.marks {
		first, last = min(first, float64(b.marks[i].sent)), max(last, float64(b.marks[i].sent))
	}
	return max(0, last-first) / 1e9
}

// ends is how many ends of a window were seen, each within half its length.
func (b *bucket) ends(m Model) int {
	n, last := 0, math.Inf(-1)
	for _, e := range b.edges() {
		if e.width() < m.Length.Lo*1e9/2 && e.middle() > last+m.Length.Lo*1e9/2 {
			n, last = n+1, e.middle()
		}
	}
	return n
}

func windowWords(m Model) string {
	words := fmt.Sprintf("of %s in %s", m.Number.whole(), seconds(m.Window.Seconds()))
	if m.Name == OpenedWindow {
		return "window " + words + " that opens with its first call"
	}
	return m.Name + " " + words
}

// lacking returns how many tokens the promised bucket lacked at first, if that
// explains the answers: calls that nobody saw stand at the beginning.
func (p *past) lacking() (int, bool) {
	l := p.limit
	for _, n := range []int{l.Burst, l.Burst - 1, l.Burst / 2} {
		if n < 1 {
			continue
		}
		b := &bucket{marks: slices.Clone(p.bucket.marks), evidence: p.evidence}
		for range n {
			b.marks = append(b.marks, mark{sent: p.bucket.origin, received: p.bucket.origin, kind: admitted, least: 1,
				most: 1})
		}
		_, low := b.tightest(l.Rate)
		_, high := b.loosest(l.Rate, -1, nil)
		if low <= float64(l.Burst)+p.tolerance && high > float64(l.Burst)-p.tolerance {
			return n, true
		}
	}
	return 0, false
}
