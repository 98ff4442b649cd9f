package verdict

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A beat is a clock that shows a new time once a token's time has passed, and again once
// another has. Limiters that count whole tokens, and add one at each of their ticks, keep a
// bucket by such a clock, and what they promise is a rate and a burst. When it ticks nobody
// says: by any other clock they may seem to let one more through, or to refuse with up to one
// token more. It is one and the same for a whole history, which tells it from a bucket that is
// one token too deep.
type beat struct {
	phase, period float64 // nanoseconds
	origin        int64
	spare, drift  float64 // by how much a tick may be off, at first and for each nanosecond
}

// What is tried.
const (
	beatPhases  = 64     // instants of the first tick
	beatCalls   = 20_000 // calls of a bucket, at most, and
	beatBuckets = 1000   // buckets
	beatSpare   = 0.25   // of a token's time, by which ticks may be off: else they tell nothing
)

// beats are the clocks of that kind that a bucket of a rate may be kept by, of a history that
// lasts from its origin for so long.
func beats(period float64, clocks Clocks, origin int64, lasts int64) (list []beat) {
	spare := period/beatPhases/2 + float64(clocks.Tick+clocks.Error)
	if spare+clocks.Drift*float64(lasts) > beatSpare*period {
		return nil
	}
	for k := range beatPhases {
		list = append(list, beat{period * (float64(k) + 0.5) / beatPhases, period, origin, spare, clocks.Drift})
	}
	return list
}

// spans is between which two of its own instants a call was decided.
func (b beat) spans(sent, received int64) (from, to int64) {
	shown := func(at int64, way float64) int64 {
		since := float64(at - b.origin)
		ticks := math.Floor((since + way*(b.spare+b.drift*since) - b.phase) / b.period)
		return b.origin + int64(math.Round(b.phase+ticks*b.period))
	}
	if received == never {
		return shown(sent, -1), never
	}
	return shown(sent, -1), shown(received, 1)
}

// BeatWords say what callers get from a bucket that is kept by such a clock.
func BeatWords(rate float64, burst int) string {
	return fmt.Sprintf("tokens come one at a time, every %s by a clock of the limiter's own: at times %d calls get "+
		"through at once", seconds(1/rate), burst+1)
}

// InBeats is the evidence as the limiter's clock shows it where that ticks once a token's
// time, if this explains what breaks a limit, and no other bucket does; nil else. It is unsure
// where something else explains it too.
func (e *Evidence) InBeats(l promise.Limit, tolerance float64) (in *Evidence, unsure bool) {
	if found := e.beatsOf(l, token(l), tolerance); found != nil && !e.simply(l, tolerance) {
		return e.inBeats(found), e.severally(l, tolerance)
	}
	return nil, false
}

// token is the time in which a token comes.
func token(l promise.Limit) time.Duration { return time.Duration(math.Round(1e9 / l.Rate)) }

// beatsOf are the clocks that tick every so often by which its buckets are as a limit says, by
// their clients; nil where nothing breaks it, or none explains it.
func (e *Evidence) beatsOf(l promise.Limit, every time.Duration, tolerance float64) map[string]beat {
	j := e.Check(l, tolerance)
	if j.Verdict != Fail || l.Rate < 0.001 || j.OverAdmission.Burst > float64(l.Burst)+1+tolerance ||
		j.OverRejection.Burst <= float64(l.Burst)-1-tolerance || len(e.buckets) > beatBuckets {
		return nil
	}
	found := map[string]beat{}
	for _, b := range e.buckets {
		alone := e.alike()
		alone.bucketNamed(b.client).marks = b.marks
		if alone.Check(l, tolerance).Verdict != Fail {
			continue
		}
		t, ok := alone.ticks(b, l, every, tolerance)
		if !ok {
			return nil
		}
		found[b.client] = t
	}
	return found
}

// ticks is the clock that explains the evidence, which is that of one bucket.
func (e *Evidence) ticks(b *bucket, l promise.Limit, every time.Duration, tolerance float64) (beat, bool) {
	first, last := int64(never), int64(0)
	for i := range b.marks {
		first, last = min(first, b.marks[i].sent), max(last, b.marks[i].sent)
	}
	if len(b.marks) > beatCalls {
		return beat{}, false
	}
	for _, t := range beats(float64(every), e.clocks, first, last-first) {
		if e.inBeats(map[string]beat{b.client: t}).Check(l, tolerance).Verdict == Pass {
			return t, true
		}
	}
	return beat{}, false
}

// inBeats is the evidence by some clocks. Where a bucket for everybody has one, each client's
// part of it has that.
func (e *Evidence) inBeats(found map[string]beat) *Evidence {
	out := e.alike()
	for _, b := range e.buckets {
		marks, t := slices.Clone(b.marks), found[b.client]
		if all, ok := found[""]; ok {
			t = all
		}
		for i := range marks {
			if m := &marks[i]; t.period > 0 {
				m.sent, m.received = t.spans(m.sent, m.received)
			}
		}
		out.bucketNamed(b.client).marks = marks
	}
	return out
}

// simply reports if another bucket explains the evidence, of another rate or number of tokens, or one answer
// that was wrong.
func (e *Evidence) simply(l promise.Limit, tolerance float64) bool {
	m, ok := e.MeasureAround(l.Rate, tolerance)
	for n := math.Ceil(m.Burst.Lo); ok && n <= m.Burst.Hi; n++ {
		if n != float64(l.Burst) {
			return true
		}
	}
	return ok && !m.Rate.holds(l.Rate) || e.once(l, tolerance)
}

// severally reports if several tokens at a time explain it, as one at a time does: nothing that who
// gets one at a time could be failed for.
func (e *Evidence) severally(l promise.Limit, tolerance float64) bool {
	for _, step := range []time.Duration{100 * time.Millisecond, 250 * time.Millisecond} {
		if several := step.Seconds() * l.Rate; several > 1.01 && e.beatsOf(l, step, tolerance) != nil {
			return true
		}
	}
	return false
}

// once reports if all is as a limit says but for one answer: the first that isn't.
func (e *Evidence) once(l promise.Limit, tolerance float64) bool {
	out := e.inBeats(nil)
	var first *mark
	odd := func(m *mark) {
		if first == nil || m.received < first.received {
			first = m
		}
	}
	for _, b := range out.buckets {
		b.sweepAdmissions(l.Rate, func(i int32, burst float64) {
			if burst > float64(l.Burst)+tolerance {
				odd(&b.marks[i])
			}
		})
		b.sweepRejections(l.Rate, func(j int32, burst float64, _ int64) {
			if burst <= float64(l.Burst)-tolerance {
				odd(&b.marks[j])
			}
		})
	}
	if first == nil {
		return false
	}
	first.kind, first.least = maybe, 0
	for _, b := range out.buckets {
		b.leave()
	}
	return out.Check(l, tolerance).Verdict != Fail
}

// alike is evidence of the same kind, without the calls.
func (e *Evidence) alike() *Evidence {
	return &Evidence{limit: e.limit, split: e.split, byName: map[string]*bucket{}, weight: e.weight, clocks: e.clocks,
		calls: e.calls, granted: e.granted, limited: e.limited, misdated: e.misdated}
}

// tick takes the court's history by such clocks, where nothing else explains it.
func (c *Court) tick() {
	l := c.terms.Limit
	found := c.evidence.beatsOf(l, token(l), c.cfg.Tolerance)
	switch {
	case found == nil:
	case c.evidence.simply(l, c.cfg.Tolerance):
		c.mayTick = true
	case c.evidence.severally(l, c.cfg.Tolerance):
		c.mayTick, c.unsure = true, token(l)
	default:
		c.evidence, c.beats = c.evidence.inBeats(found), found
	}
}

// ticked is a part of the court's history as the whole is told.
func (c *Court) ticked(e *Evidence) *Evidence {
	if c.beats == nil {
		return e
	}
	return e.inBeats(c.beats)
}

// MayTick reports if what breaks the promise may be due to tokens that come one at a time, by
// a clock of the limiter's own, or to another size of the bucket: more of the same tells.
func (c *Court) MayTick() bool {
	if c.cfg.Laws != nil {
		return c.byLaws().mayTick
	}
	return c.mayTick
}

// unsureOfTicks is the time in which a token comes, where it may be due to those and no other bucket
// explains it: then nothing is held against the server. 0 elsewhere.
func (c *Court) unsureOfTicks() time.Duration {
	if c.cfg.Laws != nil {
		return c.byLaws().unsure
	}
	return c.unsure
}

// Unsure is the time in which a bucket's token comes, where the verdict is a fail and tokens that come
// one at a time, by a clock of the limiter's own, would explain it, as no other bucket would; 0 elsewhere.
func (j LawJudgement) Unsure() time.Duration { return j.unsure }

// judgeLaws is JudgeLaws that looks for no beats, for whoever asks time and again.
func judgeLaws(p promise.Promise, calls []history.Call, cfg LawConfig) LawJudgement {
	j := newLawJudge(p, calls, cfg)
	j.settle()
	return j.judgement()
}

// inBeats looks for counters of buckets that are kept so, and reports if all that was wrong is
// explained then.
func (j *lawJudge) inBeats() bool {
	all, tick := true, time.Duration(0)
	for x := range j.promise {
		l := &j.promise[x]
		flows := l.Kind == promise.Bucket && l.Step == 0 && l.Wait == 0
		for k, c := range j.counters[x] {
			_, _, broken := c.excessOf(j.cfg.Tolerance)
			switch {
			case !flows:
				all = all && !broken
			case j.wrong(x, c) > 0:
				all = len(c.stakes) <= beatCalls && j.beaten(x, k) && all
				tick = time.Duration(1e9 / l.Rate)
			}
		}
	}
	if all && j.mayTick {
		j.unsure = tick
	}
	return j.judgement().Verdict != Fail
}

// wrong is in how many ways a counter's history isn't as its law promises.
func (j *lawJudge) wrong(x int, c *counter) (n int) {
	if _, _, broken := c.excessOf(j.cfg.Tolerance); broken {
		n++
	}
	for _, i := range c.refuse {
		if j.by[c.stakes[i].call] == 0 {
			n++
		}
	}
	return n
}

// beaten puts a counter that is kept so in a counter's place, where one explains what is wrong, and
// nothing else does; it reports if one does, and no other bucket.
func (j *lawJudge) beaten(x, k int) (explained bool) {
	c := j.counters[x][k]
	need, _, _ := c.excessOf(j.cfg.Tolerance)
	if need > float64(c.law.N)+1+j.cfg.Tolerance {
		return false
	}
	limit, alike := promise.Limit{Rate: c.law.Rate, Burst: c.law.N}, j.alike(x, c)
	for _, t := range beats(1e9/c.law.Rate, c.clocks, 0, c.last()) {
		other := &counter{law: c.law, key: c.key, clocks: c.clocks, origin: c.origin, halts: c.halts, epoch: c.epoch,
			lasts: c.lasts, stays: c.stays, stakes: slices.Clone(c.stakes), beats: true}
		for i := range other.stakes {
			s := &other.stakes[i]
			s.sent, s.received = t.spans(s.sent, s.received)
		}
		other.line()
		j.counters[x][k] = other
		if j.settle(); j.wrong(x, other) == 0 {
			explained = !alike.simply(limit, j.cfg.Tolerance)
			if explained && !alike.severally(limit, j.cfg.Tolerance) {
				return true
			}
			j.mayTick = true
			break
		}
	}
	j.counters[x][k] = c
	j.settle()
	return explained
}

// alike is what a counter's stakes are to a bucket's evidence.
func (j *lawJudge) alike(x int, c *counter) *Evidence {
	e := NewEvidence(promise.Limit{}).Under(c.clocks)
	b := e.bucketOf("")
	for i := range c.stakes {
		s := &c.stakes[i]
		m := mark{sent: s.sent, received: s.received, pos: s.call + 1, least: uint8(min(s.least, math.MaxUint8)),
			most: uint8(min(s.most, math.MaxUint8))}
		switch {
		case s.refused && (j.by[s.call] == 0 || j.alone(x, s.call)):
			m.kind, e.limited = refused, e.limited+1
		case s.least > 0:
			e.granted++
		default:
			m.kind = maybe
		}
		b.marks = append(b.marks, m)
	}
	return e
}
