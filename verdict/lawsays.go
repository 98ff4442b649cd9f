package verdict

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
)

// mostSaid is how many contradictions of one sort are told.
const mostSaid = 3

// headersFinding is what the headers of a court's history claim, held against its
// refusals. They speak of one limit: where several are promised, another one may have
// refused what a header says is left.
func (l *Laws) headersFinding(c *Court) Finding {
	declared := l.Refusal.Headers != "" && l.Refusal.Headers != "none"
	promised, one := declared || l.Headers, len(l.Said) == 1
	claims := ReadClaims(c.calls)
	if promised && one { // they speak of its units
		claims = readClaims(c.calls, func(k *history.Call) int { _, most := costOf(&l.Held[0], k); return most })
	}
	f, ok := claims.Finding(promised && one, c.cfg.Shared)
	if ok {
		if !l.Headers {
			f.Warnings = append(slices.Clone(f.Warnings), claims.unpromised(l.Said)...)
		}
		return f
	}
	f = Finding{Check: "headers", Verdict: Pass, Want: "what is left, as headers say it, is let in",
		Saw: "no reply says what is left"}
	replied := func(k history.Call) bool { return k.Outcome == history.OK && k.Status != 0 }
	refused := func(k history.Call) bool { return k.Outcome == history.Limited }
	said := func(k history.Call) bool { return refused(k) && k.Hints != "" }
	if !declared || !slices.ContainsFunc(c.calls, replied) || slices.ContainsFunc(c.calls, said) {
		return f
	}
	f.Want = "refusals have the headers that are promised: " + l.Refusal.Headers
	if f.Verdict, f.Saw = Inconclusive, "no call was refused"; slices.ContainsFunc(c.calls, refused) {
		f.Verdict, f.Saw, f.Cause = Fail, "no refusal says what is left", "the headers aren't there"
	}
	return f
}

// saysFinding holds what refusals say of themselves against the laws that can have made
// them: how long to wait, and which law it was. A refusal in the words of a law that surely
// had room, or isn't about the call, contradicts what is declared, and so does a wait after
// which the same law refuses again though nothing was admitted. A wait beyond every law is
// only told: who says to wait longer than needed breaks none.
func (l *Laws) saysFinding(c *Court) Finding {
	j := l.Judged(c)
	f := Finding{Check: "refusals-say", Verdict: Pass, Want: "what refusals say of themselves fits a law that can " +
		"have made them"}
	said, long, names := 0, 0, 0
	var wrong []int
	for i := range c.calls {
		k := &c.calls[i]
		by := j.By(i)
		if k.Outcome != history.Limited || !k.Planned() || len(by) == 0 {
			continue
		}
		if k.RetryAfter > 0 {
			said++
			if text := l.tooLong(by, k.RetryAfter); text != "" {
				if long++; long <= mostSaid {
					f.Warnings = append(f.Warnings, fmt.Sprintf("call %d was told to wait %s, but %s", i+1,
						promise.Span(k.RetryAfter), text))
				}
			}
		}
		if text := l.misnamed(by, k); text != "" {
			wrong = append(wrong, i+1)
			if names++; names <= mostSaid {
				f.Warnings = append(f.Warnings, fmt.Sprintf("call %d was refused in the words of %s", i+1, text))
			}
		}
	}
	f.Warnings = append(f.Warnings, l.lateReset(c)...)
	f.Saw = fmt.Sprintf("%s say how long to wait, %d of them longer than a law that can have refused ever takes",
		words.Count(said, "refusal"), long)
	if names > 0 {
		f.Saw += fmt.Sprintf("; %d name a law that can't have", names)
	}
	if len(wrong) > 0 {
		f.Verdict, f.Cause = Fail, "refusals are in the words of a law that can't have refused: its name, its number "+
			"or what it is about is another one"
		f.Witness = &Witness{Calls: wrong[:min(len(wrong), 20)]}
		return f
	}
	if l.unheeded(c, &f) {
		return f
	}
	if c.cfg.Shared { // others may have taken what was promised
		return f
	}
	l.shortFinding(c, j, &f)
	return f
}

// shortFinding adds to a finding the waits that were too short.
func (l *Laws) shortFinding(c *Court, j LawJudgement, f *Finding) {
	switch short := l.tooShort(c, j, true); {
	case len(short) == 0:
		if short = l.tooShort(c, j, false); len(short) > 1 {
			f.Warnings = append(f.Warnings, short[0].says(c.calls)+": that was too short, unless refused "+
				"calls prolong what they met")
		}
	case len(short) == 1 && !c.cfg.Steady:
		f.Verdict, f.Saw, f.Next = Inconclusive, short[0].says(c.calls)+explainedOnce, OnceTooShort
	default:
		f.Verdict, f.Saw, f.Cause = Fail, short[0].says(c.calls), "Retry-After is too short"
		short = short[:min(2, len(short))]
		f.Witness = &Witness{From: c.calls[short[0].told].Received, To: c.calls[short[len(short)-1].later].Sent}
		for _, w := range short {
			f.Witness.Calls = append(f.Witness.Calls, w.told+1, w.later+1)
		}
	}
}

// tooLong says why a wait is longer than any of the laws that can have refused asks for;
// empty where it isn't, or nobody can tell.
func (l *Laws) tooLong(by []int, wait time.Duration) string {
	longest, which := time.Duration(0), 0
	for _, x := range by {
		law := &l.Held[x]
		if law.Returned() || law.Charge.Refused || law.Wait > 0 {
			return "" // how long that takes depends on others, or on how often it refused
		}
		if d := max(law.Refilled(), law.Lockout); d > longest {
			longest, which = d, x
		}
	}
	// Hints are whole seconds, rounded either way, and clocks drift.
	if wait <= longest+longest/100+2*headerStep {
		return ""
	}
	return fmt.Sprintf("what can have refused it (%s) has forgotten everything after %s", l.Said[which],
		promise.Span(longest.Round(time.Millisecond)))
}

// misnamed names the law that a refusal's words are of and that can't have refused;
// empty where there is none, or they are of one that can have as well. A name is a word of
// its own in the text; that of the tool or the method that was called says nothing, since
// texts quote those, and nor does one of words that are in the refusals of any limit.
func (l *Laws) misnamed(by []int, k *history.Call) string {
	text, wrong := strings.ToLower(k.Detail), ""
	for x := range l.Said {
		name := strings.ToLower(l.Said[x].Name)
		switch {
		case len(name) < 3 || anyRefusal.MatchString(name) || !holdsWord(text, name) ||
			holdsWord(strings.ToLower(k.Tool), name) || holdsWord(strings.ToLower(k.Method), name):
		case slices.Contains(by, x):
			return ""
		default:
			wrong = fmt.Sprintf("%q, which can't have refused it", l.Said[x].Name)
		}
	}
	return wrong
}

// anyRefusal is a name of words that say nothing of which limit refused.
var anyRefusal = regexp.MustCompile(`^(?:(?:rate|usage|limit(?:s|ed|er)?|quotas?|requests?|calls?|tokens?|tools?|api|mcp|` +
	`server|clients?|users?|sessions?|too|many|exceeded|throttled?|default|retry|try|again|later|wait)\b[ _-]?)+$`)

// holdsWord reports if a text has a word that is neither begun nor ended by other letters
// or digits.
func holdsWord(text, word string) bool {
	letter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(word):])
		if !letter(before) && !letter(after) {
			return true
		}
		from = at + len(word)
	}
}

// By are the places, in the promise, of the laws that can have refused a call, which is
// an index in the history.
func (j LawJudgement) By(call int) (laws []int) {
	if call >= len(j.by) {
		return nil
	}
	for x := range promise.MaxLaws {
		if j.by[call]&(1<<x) != 0 {
			laws = append(laws, x)
		}
	}
	return laws
}
