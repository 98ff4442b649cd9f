package verdict

import "math"

// A history of half a million clients is half a million small buckets, and the
// search for the box asks all of them again at every rate. What follows keeps
// that short, and changes no answer: a tiny bucket is judged by trying all its
// windows, without a tree; and one that what it said at another rate proves not
// to matter isn't asked.

// tiny is how many calls a bucket may have to be judged without a tree.
const tiny = 8

// A said is what a bucket needed, or allowed, at the rate that it was last asked
// for. Both only fall with the rate, and by no more than its length times that.
type said struct {
	known       bool
	rate, burst float64
}

// atMost bounds what is needed at a rate from above, by a length in seconds.
func (s said) atMost(rate, length float64) float64 {
	if !s.known {
		return math.Inf(1)
	}
	return s.burst + max(0, s.rate-rate)*length
}

// atLeast bounds what is allowed at a rate from below.
func (s said) atLeast(rate, length float64) float64 {
	if !s.known {
		return math.Inf(-1)
	}
	return s.burst - max(0, rate-s.rate)*length
}

// review works out what all rates have in common, once, and puts a tiny bucket's
// marks in the order of their sending.
func (b *bucket) review() {
	if b.reviewed {
		return
	}
	b.reviewed, b.needs, b.allows = true, said{}, said{}
	b.settle()
	if b.desk != nil && b.of == b {
		b.of = nil
	}
	first, last := int64(never), int64(0)
	for k := range b.marks {
		m := b.marks[k]
		first = min(first, m.sent)
		if last = max(last, m.sent); m.received != never || m.kind == refused {
			last = max(last, m.received)
		}
		for i := k; len(b.marks) <= tiny && len(b.tacit) == 0 && i > 0 && b.marks[i-1].sent > m.sent; i-- {
			b.marks[i], b.marks[i-1] = b.marks[i-1], m
		}
	}
	c := b.evidence.clocks
	b.ages = last > never/2
	b.length = (1 + c.Drift) * (float64(last-first) + float64(2*int64(c.Error)+c.lag())) / 1e9
}

// plain reports if a bucket may be judged without a tree: it is tiny, every mark has an
// answer of its own or none for ever, and none of its instants would run over where it
// is widened. The sweeps look out for that.
func (b *bucket) plain() bool { return len(b.marks) <= tiny && len(b.tacit) == 0 && !b.ages }

// tightestTiny is tightest of a tiny bucket, without the window.
func (b *bucket) tightestTiny(rate float64) float64 {
	c := b.evidence.clocks
	wide, lag := 2*int64(c.Error), c.lag()
	rho := perNano(rate) * b.fast()
	tick := rho * float64(lag)
	best, any := math.Inf(-1), false
	for k := range b.marks {
		last := &b.marks[k]
		if last.least == 0 || last.kind != admitted {
			continue
		}
		tokens := int32(0)
		for i := len(b.marks) - 1; i >= 0; i-- {
			m := &b.marks[i]
			if m.kind != admitted || m.least == 0 || m.received > last.received {
				continue
			}
			tokens += int32(m.least)
			best, any = max(best, float64(tokens)-rho*float64(last.received-m.sent+wide)-tick), true
		}
	}
	if !any {
		return 0
	}
	return best
}

// loosestTiny is loosest of a tiny bucket: the bound, the refusal and the instant
// that excuses it best.
func (b *bucket) loosestTiny(rate float64, watched int32, seen *float64) (burst float64, worst int32, at int64) {
	rho := perNano(rate) * b.slow()
	burst, worst = math.Inf(1), -1
	early := int64(b.evidence.clocks.Error)
	for j := range b.marks {
		if b.marks[j].kind != refused {
			continue
		}
		from, to := b.marks[j].sent-early, b.marks[j].received+early
		level, when := b.demandTiny(rho, from), from
		for i := j + 1; i < len(b.marks); i++ { // they are in the order of their sending
			if t := b.marks[i].sent - early; b.marks[i].kind != refused && t > from && t <= to {
				if l := b.demandTiny(rho, t); l > level {
					level, when = l, t
				}
			}
		}
		if int32(j) == watched {
			*seen = 1 + level
		}
		if 1+level < burst {
			burst, worst, at = 1+level, int32(j), when
		}
	}
	return burst, worst, at
}

// demandTiny is demand at one instant of the history's clock.
func (b *bucket) demandTiny(rho float64, t int64) float64 {
	c := b.evidence.clocks
	early, late := int64(c.Error), int64(c.Error)+c.lag()
	level := 0.0
	for k := range b.marks {
		if b.marks[k].kind == refused || b.marks[k].sent-early > t {
			continue
		}
		u := t
		if r := b.marks[k].received; r != never {
			u = min(t, r+late)
		}
		tokens := 0
		for i := range b.marks {
			m := &b.marks[i]
			if m.kind != refused && m.sent-early <= t && (m.received == never || m.received+late >= u) {
				tokens += int(m.most)
			}
		}
		level = max(level, float64(tokens)-rho*float64(t-u))
	}
	return level
}

// tightestAbove is tightest over all buckets, as far as one needs more than a
// burst; -Inf where none does.
func (e *Evidence) tightestAbove(rate, least float64) (w window, burst float64) {
	w, burst = window{refusal: -1}, math.Inf(-1)
	var of *bucket
	ask := func(b *bucket) {
		b.review()
		if b.needs.atMost(rate, b.length) <= max(burst, least) {
			return
		}
		needs, bw := 0.0, window{}
		if b.plain() {
			needs = b.tightestTiny(rate)
		} else {
			bw, needs = b.tightest(rate)
		}
		if b.needs = (said{true, rate, needs}); needs > max(burst, least) {
			of, w, burst = b, bw, needs
		}
	}
	if e.greediest != nil {
		ask(e.greediest)
	}
	for _, b := range e.buckets {
		ask(b)
	}
	if e.greediest = of; of != nil && w.bucket == nil {
		w, _ = of.tightest(rate)
	}
	return w, burst
}

// loosestBeside is loosest over all buckets, and returns beside it what the
// refusal of another window bounds the burst by at this rate; +Inf where it has
// none.
func (e *Evidence) loosestBeside(rate float64, other window) (w window, burst, beside float64) {
	w, burst, beside = window{refusal: -1}, math.Inf(1), math.Inf(1)
	var of *bucket
	var worst int32
	var at int64
	ask := func(b *bucket, watched int32) {
		b.review()
		if watched < 0 && max(1, b.allows.atLeast(rate, b.length)) >= burst {
			return
		}
		allows, bw := 0.0, window{}
		var j int32
		var t int64
		if b.plain() {
			allows, j, t = b.loosestTiny(rate, watched, &beside)
		} else {
			bw, allows = b.loosest(rate, watched, &beside)
		}
		if b.allows = (said{true, rate, allows}); allows < burst {
			of, w, burst, worst, at = b, bw, allows, j, t
		}
	}
	if other.bucket != nil {
		ask(other.bucket, other.refusal)
	}
	if e.stingiest != nil {
		ask(e.stingiest, -1)
	}
	for _, b := range e.buckets {
		ask(b, -1)
	}
	if e.stingiest = of; of != nil && w.bucket == nil {
		of.prepare()
		w = of.windowExcusing(worst, at-of.origin, rate)
	}
	return w, burst, beside
}
