package verdict

import (
	"fmt"
	"math"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// LimitChecks are the checks that hold a history against the promised bucket.
// They are sound: no delay of the network or of the server can make one fail.
func LimitChecks() []Check { return []Check{overAdmission, overRejection} }

var overAdmission = Check{
	ID:    "over-admission",
	Doc:   "no window of time holds more admissions than burst + rate x its length",
	Judge: judgeOverAdmission,
}

var overRejection = Check{
	ID:    "over-rejection",
	Doc:   "no call is refused while the bucket certainly holds a token",
	Judge: judgeOverRejection,
}

// Scope is the check of who shares a bucket. It needs calls of two clients.
var Scope = Check{
	ID:    "scope",
	Doc:   "a global limit is shared by all clients, a per-client one isn't",
	Judge: judgeScope,
}

// Measure is the check that the run could tell the promised limit from its
// neighbours: the certified box is narrow, and the promise lies in it.
var Measure = Check{
	ID:    "measured",
	Doc:   "the rate is certified to ±5 % and the burst to ±2 tokens, around the promise",
	Judge: judgeMeasured,
}

func judgeOverAdmission(t *Trial) Finding {
	l := t.limit()
	f := Finding{Check: "over-admission", Want: fmt.Sprintf("at most %d + %s·t admitted in any t", l.Burst,
		perSecond(l.Rate))}
	if w := t.court.weight; w > 1 {
		f.Warnings = []string{fmt.Sprintf("each call takes %d tokens from the bucket: callers get %s and bursts of %d",
			w, perSecond(l.Rate/float64(w)), l.Burst/w)}
	}
	if t.court.beats != nil {
		f.Warnings = append(f.Warnings, BeatWords(l.Rate, l.Burst))
	}
	burst, pos := t.burstMin()
	if t.court.untold {
		f.Saw = t.untried()
		return f
	}
	if pos == 0 {
		f.Saw = "nothing was certainly admitted"
		return f
	}
	b, i := t.court.find(pos)
	w := b.windowEnding(i, l.Rate)
	proof := w.overAdmission(l)
	f.Saw = fmt.Sprintf("tightest window: %d admitted in %s, %s allowed", proof.Admitted, span(proof.To-proof.From),
		tokens(proof.Allowed))
	if burst <= float64(l.Burst)+t.Tolerance {
		f.Verdict = Pass
		return f
	}
	f.Verdict, f.Witness, f.Cause = Fail, proof, t.court.cause()
	return f
}

func judgeOverRejection(t *Trial) Finding {
	l := t.limit()
	f := Finding{Check: "over-rejection", Want: "no refusal while a token was certainly there"}
	if t.court.doubted != "" {
		f.Warnings = []string{t.court.doubted}
	}
	if t.court.cfg.Shared {
		f.Saw = "not judged: others may use the server during the run"
		f.Verdict = Pass
		f.Warnings = append(f.Warnings, "refusals were not held against the server, because it is shared")
		return f
	}
	burst, pos := t.burstMax()
	if barred := t.barred(); len(barred) > 0 && !t.court.unjustified(burst) {
		f.Saw, f.Next = barredWords(t.court.calls, barred), barredNext
		return f
	}
	if pos == 0 {
		f.Saw = fmt.Sprintf("nothing was refused of %s", plural(t.sent(), "call"))
		f.Verdict = Pass
		return f
	}
	refusals := t.count(history.Limited)
	if !t.court.unjustified(burst) {
		f.Saw = fmt.Sprintf("all %s can be explained (b < %s)", plural(refusals, "refusal"), tokens(burst))
		f.Verdict = Pass
		return f
	}
	w, proof := t.court.excuseOf(pos)
	left := float64(l.Burst) + l.Rate*w.seconds() - (w.tokens - 1)
	f.Saw = fmt.Sprintf("call %d was refused with at least %s in the bucket", pos, plural2(left, "token"))
	f.Verdict, f.Witness, f.Cause = Fail, proof, t.court.cause()
	return f
}

// excuseOf returns the window that excuses the refusal at a position best, and
// the witness that it makes.
func (c *Court) excuseOf(pos int) (window, *Witness) {
	l := c.terms.Limit
	b, j := c.find(pos)
	b.prepare()
	at := b.since(j)
	b.sweepRejections(l.Rate, func(k int32, _ float64, t int64) {
		if k == j {
			at = t
		}
	})
	w := b.windowExcusing(j, at, l.Rate)
	return w, w.overRejection(l)
}

func judgeScope(t *Trial) Finding {
	l := t.limit()
	f := Finding{Check: "scope", Want: "one bucket for all clients"}
	if l.Scope == promise.Client {
		f.Want = "one bucket a client"
	}
	clients := t.court.clients()
	if t.court.untold {
		f.Saw = t.untried()
		return f
	}
	if len(clients) < 2 {
		f.Saw = fmt.Sprintf("only %s got through, which can't tell", plural(len(clients), "client"))
		return f
	}
	union, alone := t.court.needs(promise.Global), t.court.needs(promise.Client)
	limit := float64(l.Burst) + t.Tolerance
	f.Saw = fmt.Sprintf("%d clients: together they need a burst of %s, the greediest alone %s", len(clients),
		tokens(union), tokens(alone))
	switch {
	case alone > limit: // the limit itself is broken; over-admission says so
		f.Saw += "; the limit doesn't hold for one client either"
	case l.Scope == promise.Client && union > limit, l.Scope != promise.Client && union <= limit:
		f.Verdict = Pass
	case l.Scope == promise.Client:
		f.Saw += "; that is no proof of buckets apart"
		if t.court.unjustified(t.court.evidence.BurstMax(l.Rate)) {
			f.Verdict = Fail
			f.Cause = "the clients share one bucket"
			_, pos := t.court.worstRefusal()
			_, f.Witness = t.court.excuseOf(pos)
		}
	case !t.court.apart():
		f.Saw += "; that is no proof of buckets apart, the limit itself doesn't hold"
	default:
		f.Verdict = Fail
		f.Cause = t.court.cause()
		ev := t.court.gather(promise.Global)
		w, _ := ev.tightest(l.Rate)
		f.Witness = w.overAdmission(l)
	}
	return f
}

// gather returns the evidence for another scope than the promised one.
func (c *Court) gather(scope promise.Scope) *Evidence {
	limit := c.terms.Limit
	limit.Scope = scope
	return c.ticked(c.weighing(limit, c.weight).gather(c.calls))
}

func (c *Court) needs(scope promise.Scope) float64 {
	return c.gather(scope).BurstMin(c.terms.Limit.Rate)
}

// worstRefusal is the least excusable refusal of the whole history.
func (c *Court) worstRefusal() (burst float64, pos int) {
	w, burst := c.evidence.loosest(c.terms.Limit.Rate)
	if w.refusal < 0 {
		return burst, 0
	}
	return burst, int(w.bucket.marks[w.refusal].pos)
}

// The resolution that a whole run must reach to be sure of a limit.
const (
	rateResolution  = 0.05 // of the promised rate, to either side
	burstResolution = 2    // tokens, to either side
)

func judgeMeasured(t *Trial) Finding {
	l := t.limit()
	f := Finding{
		Check: "measured",
		Want:  fmt.Sprintf("certified to ±5 %% of %s and ±2 tokens of %d", perSecond(l.Rate), l.Burst),
		Saw:   "no token bucket explains the history",
	}
	m := t.court.Measured()
	violated := t.court.violated()
	if m != nil {
		f.Saw = m.String()
	}
	switch {
	case violated:
		f.Verdict, f.Cause = Fail, t.court.cause()
	case m == nil: // nothing to judge: a bucket that isn't violated explains it
		f.Saw = "there was nothing to measure"
	case t.court.cfg.Shared:
		f.Saw += "; a shared server can't be measured from above"
		f.Verdict = Pass
	case t.court.certified():
		f.Verdict = Pass
	default:
		f.Saw += ": too wide to be sure"
	}
	return f
}

// certified reports if the whole run tells the promised limit from its
// neighbours, and keeps it.
func (c *Court) certified() bool {
	m, l := c.Measured(), c.terms.Limit
	return m != nil && !c.cfg.Shared && !c.violated() &&
		m.Rate.Hi-m.Rate.Lo <= 2*rateResolution*l.Rate && m.Burst.Hi-m.Burst.Lo <= 2*burstResolution+c.ticking()
}

// Pinned reports if the whole history so far is that of a bucket that is known this
// well: its rate within a part of the promised one, its burst within so many tokens, from
// edge to edge. It need not be the promised one.
func (t *Trial) Pinned(part, tokens float64) bool {
	m, c := t.court.Measured(), t.court
	return m != nil && m.Or == nil && !c.cfg.Shared && !c.untold &&
		m.Rate.Hi-m.Rate.Lo <= part*c.terms.Limit.Rate && m.Burst.Hi-m.Burst.Lo <= tokens+c.ticking()
}

// Broken reports if the whole history so far breaks the promise.
func (t *Trial) Broken() bool { return t.court.violated() }

// violated reports if the whole history breaks the promise.
func (c *Court) violated() bool {
	j := c.evidence.Check(c.terms.Limit, c.cfg.Tolerance)
	return j.OverAdmission.Violated || c.unjustified(j.OverRejection.Burst)
}

// String says the box in words: "rate 14.96–15.04/s, burst 39.97–40.25".
func (m Measured) String() string {
	s := fmt.Sprintf("rate %s/s, burst %s", m.Rate, m.Burst)
	if m.Or != nil {
		s += ", or " + m.Or.Faster()
	}
	return s
}

// Faster says which faster buckets are left: those "faster than 92.3/s that
// hold less than 12.41 tokens". It is for what stands in Or.
func (m Measured) Faster() string {
	return fmt.Sprintf("faster than %s/s and holding less than %s tokens", outwards(m.Rate.Lo, math.Floor),
		outwards(m.Burst.Hi, math.Ceil))
}

func perSecond(rate float64) string { return fmt.Sprintf("%g/s", rate) }

func tokens(n float64) string {
	if math.Abs(n) >= 1000 {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.2f", n)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func plural2(n float64, noun string) string { return fmt.Sprintf("%s %ss", tokens(n), noun) }

// span says a duration to three figures.
func span(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
