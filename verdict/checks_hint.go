package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// RetryHint is the check that a refusal's Retry-After tells the truth.
var RetryHint = Check{
	ID: "retry-after",
	Doc: "where refusals say when to retry, they can be read, agree, and aren't too early, nor later than the " +
		"limit ever asks for",
	Judge: judgeRetryHint,
}

// headerStep is the granularity of the Retry-After header (RFC 9110, section
// 10.2.3): whole seconds, so an honest hint may be up to one too long.
const headerStep = time.Second

func judgeRetryHint(t *Trial) Finding {
	f := Finding{Check: "retry-after", Want: "hints that can be read and agree: a retry is admitted when the refusal " +
		"said, and not long before"}
	r := t.readHints()
	f.Warnings = r.remarks()
	said := ReadClaims(t.court.calls)
	if claims, ok := said.Finding(false, t.court.cfg.Shared); ok {
		f.Warnings = append(f.Warnings, claims.Warnings...) // of all scenarios: what is left is one count
		l := t.court.terms.Limit
		bucket := promise.Law{Kind: promise.Bucket, N: l.Burst, Rate: l.Rate}
		f.Warnings = append(f.Warnings, said.unpromised(promise.Promise{bucket})...)
	}
	switch {
	case r.wrong != nil:
		f.Verdict, f.Saw, f.Witness = Fail, r.wrong.saw, r.wrong.witness
		f.Cause = "the header is there, and no client can heed it"
		return f
	case r.torn != nil:
		f.Verdict, f.Saw, f.Witness = Fail, r.torn.saw, r.torn.witness
		f.Cause = "two hints of one refusal contradict each other: clients that read the one do what the other forbids"
		return f
	case t.court.cfg.Shared:
		f.Verdict, f.Saw = Pass, "not judged: others may take the token that a refusal promised"
		return f
	}
	early, twice := t.tooEarly(r.waits)
	switch {
	case early != nil && (twice || t.court.cfg.Steady):
		f.Verdict, f.Saw, f.Witness, f.Cause = Fail, early.saw, early.witness, "Retry-After is too short"
		return f
	case early != nil:
		f.Verdict, f.Saw, f.Next = Inconclusive, early.saw+explainedOnce, OnceTooShort
		return f
	}
	var late *flaw
	for _, h := range r.waits {
		k, ok := t.court.tooLate(h)
		if !ok || late != nil && late.sure {
			continue
		}
		sure := t.court.promised(h) && r.workedOut(h.From)
		if late == nil || sure {
			late = &flaw{sure: sure, witness: pair(h, k), hint: h,
				saw: fmt.Sprintf("told to retry after %s, but a call was admitted within %s", h.said(),
					span(k.call.Received-h.call.Sent))}
		}
	}
	switch {
	case late != nil && late.sure:
		f.Verdict, f.Saw, f.Witness = Fail, late.saw, late.witness
		f.Cause = "Retry-After is too long: " + t.court.tooLong(late.hint)
		return f
	case late != nil:
		f.Warnings = append(f.Warnings, late.saw+": who heeds it waits longer than needed")
	}
	f.Verdict = Pass
	f.Saw = fmt.Sprintf("%s of %d with a hint, none contradicted", plural(r.hinted, "refusal"),
		t.count(history.Limited))
	return f
}

// A flaw is what is wrong with hints, and the calls that show it.
type flaw struct {
	saw     string
	witness *Witness
	sure    bool
	hint    hinted
}

// A placed call and its 1-based position in the history.
type placed struct {
	call history.Call
	pos  int
}

// A hinted is one hint of one refusal.
type hinted struct {
	placed
	history.Hint
}

// said quotes a hint as its refusal had it.
func (h hinted) said() string {
	if h.From == "" {
		return h.call.RetryAfter.String()
	}
	return fmt.Sprintf("%s (%s: %s)", span((h.Lo+h.Hi)/2), h.From, h.Raw)
}

// pair is the witness of a hint and of the call that gives it the lie.
func pair(h hinted, k placed) *Witness {
	return &Witness{From: h.call.Sent, To: k.call.Received, Calls: []int{h.pos, k.pos}}
}

// hintsOf are the hints of a refusal. Histories of before there were any have
// one duration: of whole seconds from a header, or exact to the millisecond.
func hintsOf(c history.Call) []history.Hint {
	list, err := history.ParseHints(c.Hints)
	if (err != nil || len(list) == 0) && c.RetryAfter > 0 { // hints of another writer say nothing to us
		step := time.Millisecond
		if c.RetryAfter%headerStep == 0 {
			step = headerStep
		}
		return []history.Hint{{Kind: history.HintWait, Lo: c.RetryAfter - step, Hi: c.RetryAfter + step}}
	}
	return list
}

// saysWhen reports if a refusal says when to come back, be it wrongly.
func saysWhen(list []history.Hint) bool {
	return slices.ContainsFunc(list, func(h history.Hint) bool { return h.Kind != history.HintLeft })
}

// HintFlaw finds the first refusal of a history whose hints are wrong whatever
// came of the next call: a Retry-After that nobody can heed, or two hints that
// can't both be true. It says which, and is false where there is none.
func HintFlaw(calls []history.Call) (saw string, ok bool) {
	saw, _, ok = hintFlaw(calls)
	return saw, ok
}

// hintFlaw is HintFlaw, with the index of the refusal.
func hintFlaw(calls []history.Call) (saw string, at int, ok bool) {
	for i, c := range calls {
		if c.Outcome != history.Limited {
			continue
		}
		list := hintsOf(c)
		for _, h := range list {
			if h.Kind == history.HintWrong && h.From == "Retry-After" {
				return fmt.Sprintf("%s: %q is present and wrong: %s", h.From, h.Raw, h.Note), i, true
			}
		}
		if a, b, ok := contradicting(list); ok {
			return fmt.Sprintf("one refusal said %s: %s and %s: %s", a.From, a.Raw, b.From, b.Raw), i, true
		}
	}
	return "", 0, false
}

// A hintReading is what the refusals of a scenario say.
type hintReading struct {
	t      *Trial
	hinted int      // refusals that say when to come back
	waits  []hinted // what they say of the next call
	wrong  *flaw    // a Retry-After that nobody can heed
	torn   *flaw    // two hints of one refusal that can't both be true

	odd map[string]bool // other remarks
}

func (t *Trial) readHints() *hintReading {
	r := &hintReading{t: t, odd: map[string]bool{}}
	unreadable := map[string]int{}
	for i, c := range t.court.calls {
		if c.Label != t.Scenario || c.Outcome != history.Limited {
			continue
		}
		list := hintsOf(c)
		p := placed{c, i + 1}
		when := func(h history.Hint) bool {
			return (h.Kind == history.HintWait || h.Kind == history.HintReset) && !vague(h)
		}
		if slices.ContainsFunc(list, when) {
			r.hinted++
		}
		for _, h := range list {
			if vague(h) {
				r.odd[h.From+" names a moment, and no Date header says by which clock: some minutes from ours it "+
					"can't be told if it is right"] = true
			}
			switch {
			case h.Kind == history.HintWait:
				r.waits = append(r.waits, hinted{p, h})
			case h.Kind == history.HintLeft:
				r.odd[h.From+" says that calls are left where a call was refused"] = true
			case h.Kind == history.HintWrong && h.From == "Retry-After":
				if unreadable[h.Note]++; r.wrong == nil {
					r.wrong = &flaw{saw: fmt.Sprintf("%s: %q is present and wrong: %s", h.From, h.Raw, h.Note),
						witness: &Witness{From: c.Sent, To: c.Received, Calls: []int{p.pos}}}
				}
			case h.Kind == history.HintWrong:
				r.odd[fmt.Sprintf("%s is present and wrong: %s", h.From, h.Note)+quoteOne(h)] = true
			}
			if h.Note == history.NoteFraction {
				r.odd["Retry-After has "+h.Note+": some clients raise an error for it"+quoteOne(h)] = true
			}
		}
		if a, b, ok := contradicting(list); ok && r.torn == nil {
			r.torn = &flaw{saw: fmt.Sprintf("one refusal said %s: %s and %s: %s", a.From, a.Raw, b.From, b.Raw),
				witness: &Witness{From: c.Sent, To: c.Received, Calls: []int{p.pos}}}
		}
	}
	if n := sum(unreadable); r.wrong != nil && n > 1 {
		r.wrong.saw += fmt.Sprintf(" (%d refusals of %d have one that is)", n, t.count(history.Limited))
	}
	return r
}

func sum(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// quoteOne quotes a value where it is likely to be the same in every refusal.
func quoteOne(h history.Hint) string {
	if len(h.Raw) > 4 {
		return ""
	}
	return fmt.Sprintf(" (%q)", h.Raw)
}

// contradicting finds two hints of one refusal that can't both be true, however
// they were rounded. Only what speaks of the same thing can: when a count starts
// anew may be later than when the next call is let in.
func contradicting(list []history.Hint) (a, b history.Hint, ok bool) {
	for i, a := range list {
		for _, b := range list[i+1:] {
			if a.Kind == history.HintWait && b.Kind == history.HintWait && !meet(a, b) {
				return a, b, true
			}
		}
	}
	return a, b, false
}

// meet reports if some reading of two hints has an instant in common. A number
// whose name doesn't say what it counts may be of seconds or of milliseconds.
func meet(a, b history.Hint) bool {
	for _, x := range readings(a) {
		for _, y := range readings(b) {
			if x.Lo < y.Hi && y.Lo < x.Hi {
				return true
			}
		}
	}
	return false
}

func readings(h history.Hint) []history.Hint {
	if h.Note != history.NoteUnit {
		return []history.Hint{h}
	}
	ms := h
	ms.Lo, ms.Hi = h.Lo/1000, h.Hi/1000
	return []history.Hint{h, ms}
}

// zero reports if a hint says to come back at once.
func (h hinted) zero() bool { return h.Lo < 0 && h.Lo == -h.Hi }

// end is when a hint has certainly run out, from its refusal's reply on. One of
// 0 tells to come back at once, whatever was rounded to it.
func (h hinted) end() time.Duration {
	if h.zero() {
		return 0
	}
	return h.Hi
}

// tooSoon finds a call that proves a hint too short: the same client's, and
// certainly decided after the hint had run out, it was refused although nobody
// can have taken a token meanwhile.
//
// That says nothing where the promised bucket certainly had a token by then:
// what refuses there is something else, a second limit or a ban, which may well
// have begun after the hint was given. So the later refusal has to be one that
// the promise explains.
func (c *Court) tooSoon(h hinted) (placed, bool) {
	before := c.taken(h.call)
	for i, k := range c.calls {
		if k.Outcome != history.Limited || !alike(h.call, k) || k.Sent < h.call.Received || k.Received >= before ||
			c.cfg.Clocks.Least(k.Sent-h.call.Received) < h.end() {
			continue
		}
		if bound, ok := c.perCall().excuses[i+1]; ok && i+1 != h.pos && !c.unjustified(bound) {
			return placed{k, i + 1}, true
		}
	}
	return placed{}, false
}

// taken is the instant from which on a token may have been taken since a call was
// sent.
func (c *Court) taken(j history.Call) time.Duration {
	first := time.Duration(never)
	for _, i := range c.calls {
		_, most := Cost(&c.terms.Limit, &i)
		if most == 0 || i.Outcome == history.Limited && i.Planned() || i.Outcome == history.Unsent ||
			!c.sameBucket(i, j) {
			continue
		}
		if i.Received >= j.Sent || !i.Outcome.Answered() {
			first = min(first, i.Sent)
		}
	}
	return first
}

// tooLate finds a call like the refused one that was certainly decided after it,
// and admitted more than a second before its hint ran out.
func (c *Court) tooLate(h hinted) (placed, bool) {
	late := min(h.Lo, (h.Lo+h.Hi)/2-headerStep)
	for i, k := range c.calls {
		least, _ := Cost(&c.terms.Limit, &k)
		if k.Outcome == history.OK && least > 0 && alike(h.call, k) && k.Sent >= h.call.Received &&
			c.cfg.Clocks.Most(k.Received-h.call.Sent) < late {
			return placed{k, i + 1}, true
		}
	}
	return placed{}, false
}

// fills is how long an empty bucket takes to be full: no wait that the promised
// limit can ask for is longer.
func (c *Court) fills() time.Duration {
	l := c.terms.Limit
	return time.Duration(min(float64(l.Burst)/l.Rate*1e9, float64(never/2)))
}

// promised reports if the promise says that a hint is too long: it is longer than
// an empty bucket takes to be full, and there is no doubt what it counts in. A
// shorter one may be longer than needed, as where every refusal names a whole
// window, and breaks no promise.
func (c *Court) promised(h hinted) bool {
	return h.Note != history.NoteUnit && min(h.Lo, (h.Lo+h.Hi)/2-headerStep) > c.fills()
}

// tooLong says how a hint that is too long may have come about.
func (c *Court) tooLong(h hinted) string {
	l := c.terms.Limit
	words := fmt.Sprintf("a bucket of %s burst %d is full again after %s", perSecond(l.Rate), l.Burst, span(c.fills()))
	if h.From == "Retry-After" && h.Lo/1000 <= c.fills() {
		words += "; it looks like milliseconds, where the header has seconds"
	}
	return words
}

// alike reports if two calls are the same client's, in the same session, for the
// same thing: then whatever law refused the one is asked about the other.
func alike(a, b history.Call) bool {
	return a.Client == b.Client && a.Session == b.Session && a.Method == b.Method && a.Tool == b.Tool
}

func (c *Court) sameBucket(a, b history.Call) bool {
	_, lifeA, _ := strings.Cut(a.Client, Anew)
	_, lifeB, _ := strings.Cut(b.Client, Anew)
	return lifeA == lifeB && (!c.evidence.split || a.Client == b.Client)
}
