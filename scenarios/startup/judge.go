package startup

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

func judgeStarts(t *Trial, f *Finding) {
	controls := t.controls()
	if t.served() {
		f.Warnings = t.remarks(func(s Start) (string, bool) { return s.Case.IfRefuses, s.Seen.refused() })
	}
	var answered, silent []string
	for _, s := range controls {
		if s.Seen.Answered {
			answered = append(answered, span(s.Seen.AnswerAt))
		} else {
			silent = append(silent, t.ending(s))
		}
	}
	switch {
	case t.served():
		f.Verdict, f.Saw = verdict.Pass, fmt.Sprintf("%s of %s answered, after %s", fmt.Sprint(len(answered)),
			plural(len(controls), "start"), strings.Join(answered, " and "))
	case len(controls) == 0:
		f.Saw = "no start was made"
	case len(silent) == 0:
		f.Saw = fmt.Sprintf("%s made, which answered; one alone may be luck", plural(len(controls), "good start"))
	case len(answered) > 0:
		f.Saw = fmt.Sprintf("%d of %s answered; the other %s", len(answered), plural(len(controls), "start"),
			few(silent))
		f.Cause = "what it needs beside its credentials is not always there"
	default:
		f.Saw = "it " + silent[0]
		if len(silent) > 1 {
			f.Saw += fmt.Sprintf("; so did %s", plural(len(silent)-1, "more good start"))
		}
		f.Cause = "the command, or what the server needs beside its credentials; or it asks the provider, who knows " +
			"no made-up key (--use-env takes yours)"
		if other, ok := t.startsWith(); ok && t.missing() == 0 {
			f.Verdict = verdict.Fail
			f.Saw += "; but with " + other.About() + " it started"
			f.Cause = "its validation knows other formats than those that " + t.Provider[other.Env] + " issues today"
		} else if advice := t.advice(controls); advice != "" {
			f.Saw += "; " + advice // no screen shows the cause of what isn't sure
		}
	}
}

// remarks are what is worth knowing of the starts that policy decides.
func (t *Trial) remarks(of func(Start) (remark string, applies bool)) []string {
	var list []string
	for _, s := range t.seen(func(s Start) bool { return s.Expect == Either }) {
		if remark, applies := of(s); applies && remark != "" {
			list = append(list, s.About()+": "+remark)
		}
	}
	return list
}

// startsWith finds a start that served with another made-up credential. Who
// asks the provider would have refused that one too, so that what it refused
// was the form of the good one. Placeholders don't count: some servers have a
// demonstration mode for them.
func (t *Trial) startsWith() (Start, bool) {
	made := t.seen(func(s Start) bool { return s.Seen.Answered && s.Case.Random && s.Case.Name != Good })
	if len(made) == 0 {
		return Start{}, false
	}
	return made[0], true
}

// ending says how a start that never answered went, and what it said.
func (t *Trial) ending(s Start) string {
	o := s.Seen
	how := fmt.Sprintf("neither answered nor ended within %s", span(o.Ran))
	if o.Exited {
		how = fmt.Sprintf("ended with %s after %s", o.Ended, span(o.ExitAt))
	}
	if line := excerpt(o.said(), s.Env); line != "" {
		how += ", saying " + t.quoted(line)
	}
	return how
}

func wantRefuses(t *Trial) string {
	return fmt.Sprintf("with a bad credential it ends by itself within %s, before it answers any request of MCP",
		t.Limit)
}

func judgeRefuses(t *Trial, f *Finding) {
	var served, hung []string
	var slow time.Duration
	bad := t.bad()
	for _, s := range bad {
		switch o := s.Seen; {
		case o.Answered:
			served = append(served, fmt.Sprintf("%s: it answered after %s", s.About(), span(o.AnswerAt)))
		case !o.Exited || o.ExitAt > t.Limit:
			hung = append(hung, fmt.Sprintf("%s: it had not ended after %s", s.About(), span(o.Ran)))
		default:
			slow = max(slow, o.ExitAt)
		}
	}
	for _, s := range t.seen(func(s Start) bool { return s.Expect == Refuse && s.Doubt != "" }) {
		f.Warnings = append(f.Warnings, fmt.Sprintf("%s proves nothing: %s", s.About(), s.Doubt))
	}
	f.Warnings = append(f.Warnings, t.remarks(func(s Start) (string, bool) {
		return s.Case.IfServes,
			s.Seen.Answered
	})...)
	total := plural(len(bad), "bad start")
	switch {
	case len(served) > 0:
		f.Verdict = verdict.Fail
		f.Saw = fmt.Sprintf("%d of %s served: %s", len(served), total, few(served))
		f.Cause = t.whyServed(len(served) < len(bad)-len(hung))
	case t.unproven() != "":
		f.Saw = t.unproven()
	case len(hung) > 0 && 2*t.slowest() > t.Limit:
		f.Saw = fmt.Sprintf("%s; but a good start takes up to %s here, so that this may be slowness", few(hung),
			span(t.slowest()))
	case len(hung) > 0:
		f.Verdict = verdict.Fail
		f.Saw = fmt.Sprintf("%d of %s hung: %s", len(hung), total, few(hung))
		f.Cause = "the server stays up without serving: who started it can't tell that it is of no use"
	case len(bad) == 0:
		f.Saw = "no bad start was made"
	case t.missing() > 0:
		f.Saw = fmt.Sprintf("%s, all refused; %s not made", total, plural(t.missing(), "start"))
	default:
		f.Verdict = verdict.Pass
		f.Saw = fmt.Sprintf("%s, all refused, the slowest after %s", total, span(slow))
	}
}

func judgeExit(t *Trial, f *Finding) {
	var zero []string
	refused := 0
	for _, s := range t.seen(nil) {
		o := s.Seen
		if o.Exited && o.Answered && o.ExitAt < o.AnswerAt {
			f.Warnings = append(f.Warnings, s.About()+": it went into the background, where nobody sees its "+
				"exit status")
			continue
		}
		unasked := o.Exited && (s.Expect != Either || o.Answered) && s.Doubt == ""
		switch {
		case unasked && o.Code == 0 && o.Answered:
			zero = append(zero, fmt.Sprintf("%s: it ended with 0 after %s although nobody had asked it to", s.About(),
				span(o.ExitAt)))
		case unasked && o.Code == 0:
			zero = append(zero, fmt.Sprintf("%s: it ended with 0 after %s without having served", s.About(),
				span(o.ExitAt)))
		case unasked && s.Expect == Refuse:
			refused++
		}
		if s.Expect == Serve {
			f.Warnings = append(f.Warnings, s.stopped(t.Stdio)...)
		}
	}
	f.Warnings = words.Once(f.Warnings)
	switch {
	case len(zero) > 0:
		f.Verdict, f.Saw = verdict.Fail, few(zero)
		f.Cause = "an error that ends the server is caught, reported and forgotten: a supervisor takes the exit for " +
			"a success"
	case t.unproven() != "":
		f.Saw = t.unproven()
	case t.asks() && refused == 0:
		f.Saw = "it refused no bad credential, so that there was no exit status to look at"
	default:
		f.Verdict = verdict.Pass
		f.Saw = fmt.Sprintf("%s with another status than 0; %s ended only when asked", plural(refused, "refusal"),
			plural(len(t.controls()), "good start"))
	}
}

// stopped says what is worth knowing of how a served start came to its end.
func (s Start) stopped(stdio bool) []string {
	var list []string
	o := s.Seen
	switch {
	case o.Exited || o.StopAt == 0:
	case o.Ignored:
		list = append(list, "it had to be killed: neither the end of its stdin nor SIGTERM ended it in time")
	case o.Ended == "signal: terminated" && stdio:
		list = append(list, "the end of its stdin doesn't end it; SIGTERM did")
	case o.Ended == "signal: terminated": // what SIGTERM does to who has no other plans
	case o.Code != 0:
		list = append(list, "after a clean stop it ends with "+o.Ended+", not with 0")
	}
	if o.Orphans > 0 {
		list = append(list, fmt.Sprintf("it left %s behind that had moved out of its process group; ended now",
			plural(o.Orphans, "process")))
	}
	return list
}

// judgeMessages judges what refusals say: which lacks what it should have.
func judgeMessages(t *Trial, f *Finding, lacks func(Start, string) bool, does string) {
	var silent []string
	refusals := t.refusals()
	for _, s := range refusals {
		said := s.Seen.said()
		if !lacks(s, said) {
			continue
		}
		line := excerpt(said, s.Env)
		if line == "" {
			silent = append(silent, s.About()+": it says nothing")
			continue
		}
		silent = append(silent, s.About()+": "+t.quoted(line))
	}
	switch {
	case t.unproven() != "":
		f.Saw = t.unproven()
	case len(refusals) == 0:
		f.Saw = "it refused no bad credential, so that there was no message to read"
	case len(silent) > 0:
		f.Verdict = verdict.Fail
		f.Saw = fmt.Sprintf("%d of %s did not: %s", len(silent), plural(len(refusals), "refusal"), few(silent))
	default:
		f.Verdict, f.Saw = verdict.Pass, plural(len(refusals), "refusal")+", "+does
	}
}

func judgeVariable(t *Trial, f *Finding) {
	judgeMessages(t, f, func(s Start, said string) bool { return !s.named(said) }, "each names it")
}

// named reports if a message names the variable, or one that would do in its place.
func (s Start) named(said string) bool {
	return namesVariable(said, s.Env) || slices.ContainsFunc(s.Others,
		func(env string) bool { return namesVariable(said, env) })
}

func judgeFormat(t *Trial, f *Finding) {
	judgeMessages(t, f, func(s Start, said string) bool { return !namesFormat(said, s.Telling) }, "each says so")
}

func judgeTraceback(t *Trial, f *Finding) {
	var list []string
	looked := 0
	for _, s := range t.seen(nil) {
		language, ok := traceback(s.Seen.said())
		bad := s.Expect == Refuse && s.Doubt == ""
		if bad {
			looked++
		}
		switch {
		case ok && bad:
			list = append(list, s.About()+": one of "+language)
		case ok:
			f.Warnings = append(f.Warnings, fmt.Sprintf("%s: a stack trace of %s", s.About(), language))
		}
	}
	switch {
	case t.unproven() != "":
		f.Saw = t.unproven()
	case len(list) > 0:
		f.Verdict = verdict.Fail
		f.Saw = fmt.Sprintf("%d of %s printed a stack trace: %s", len(list), plural(looked, "bad start"), few(list))
		f.Cause = "nobody catches the error of the check; a trace hides the reason, and often quotes the secret"
	case len(t.refusals()) == 0:
		f.Saw = "it refused no bad credential, so that there was no message to read"
	default:
		f.Verdict, f.Saw = verdict.Pass, plural(len(t.refusals()), "refusal")+", none with a stack trace"
	}
}

func judgeStdout(t *Trial, f *Finding) {
	var list []string
	starts := t.seen(nil)
	for _, s := range starts {
		if line, ok := s.Seen.pollution(); ok {
			list = append(list, s.About()+": "+t.quoted(line))
		}
	}
	switch {
	case t.unproven() != "":
		f.Saw = t.unproven()
	case len(list) > 0:
		f.Verdict = verdict.Fail
		f.Saw = fmt.Sprintf("%d of %s wrote something else: %s", len(list), plural(len(starts), "start"), few(list))
		f.Cause = "a banner, a log or an error message goes to stdout, where a client reads the protocol; stderr is " +
			"for those"
	default:
		f.Verdict, f.Saw = verdict.Pass, plural(len(starts), "start")+", every line a message"
	}
}
