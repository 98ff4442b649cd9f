package results

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// limitChecks are the checks whose fail means that a limit is broken, and how
// a headline says so. Others fail for other reasons.
var limitChecks = []struct{ check, says string }{
	{"evasion", "a refused client evades it"},
	{"over-admission", "it lets more calls through than that"},
	{"over-rejection", "it refuses calls that the limit allows"},
	{"scope", "its buckets aren't shared as promised"},
	{"isolation", "its buckets aren't shared as promised"},
	{"served", "it refuses calls that the limit allows"},
	{"measured", "it behaves like another bucket"},
	{"refusals", "it refuses calls that the promise grants"},
	{"tricks", "a trick buys calls beyond it"},
	{"restart", "a restart gives back what was used up"},
}

// otherFails are what a server does that fails a check of which no limit is broken. Of the
// checks that aren't here the name says it.
var otherFails = []struct{ check, says string }{
	{"alive", "stopped serving during the run"},
	{"executions", "does something else than its answers say"},
}

// wrongs say what a server does that breaks no limit.
func (s *Server) wrongs() string {
	var said, named []string
	for _, id := range s.failedChecks() {
		at := slices.IndexFunc(otherFails, func(o struct{ check, says string }) bool { return o.check == id })
		if at < 0 {
			named = append(named, id)
			continue
		}
		said = append(said, otherFails[at].says)
	}
	if len(named) > 0 {
		said = append(said, "fails "+words.And(named))
	}
	return strings.Join(said, ", and ")
}

// broken says in which way a server breaks its limit, or is empty where it
// doesn't.
func (s *Server) broken() string {
	for _, l := range limitChecks {
		if s.failed(l.check) {
			return l.says
		}
	}
	for _, l := range s.Laws {
		if l.State == verdict.Broken {
			return "it lets more calls through than " + l.Law
		}
	}
	return ""
}

func (s *Server) failed(check string) bool {
	return slices.ContainsFunc(s.failedChecks(), func(id string) bool { return id == check })
}

// failedChecks lists the checks that a server fails, each once.
func (s *Server) failedChecks() []string { return s.checks(verdict.Fail) }

// checks lists the checks with a verdict, each once, in the order of the run.
func (s *Server) checks(of verdict.Verdict) []string {
	var ids []string
	for _, sc := range s.Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict == of && !slices.Contains(ids, f.Check) {
				ids = append(ids, f.Check)
			}
		}
	}
	return ids
}

// headline adds the verdict in words, and what it rests on.
func (s *view) headline() error {
	word, says := s.verdictWords()
	sgr := colorOf(s.doc.Verdict)
	s.item(0, 0, sgr, word+":", says)
	if len(s.doc.Servers) == 0 {
		return nil
	}
	if s.sameTarget() {
		s.item(0, 11, "", "target:", s.targetWords())
	}
	if src := s.promiseSource(); src != "" {
		s.item(0, 11, "", "promise:", "read from "+src)
	}
	s.calls()
	if health, ok := s.generator(); health != "" {
		sgr := ""
		if !ok {
			sgr = yellow
		}
		s.item(0, 11, sgr, "generator:", health)
	}
	return nil
}

// typed is the source of laws that were typed: whoever did so knows.
const typed = "--promise"

// promiseSource is where laws were read from, where that is one file.
func (s *view) promiseSource() string {
	src := s.doc.Servers[0].PromiseSource
	for _, v := range s.doc.Servers {
		if v.PromiseSource != src {
			return ""
		}
	}
	if src == typed {
		return ""
	}
	return src
}

// verdictWords returns the headline's first word and the rest of it, which says so where
// somebody ended the run before its time.
func (s *view) verdictWords() (word, says string) {
	word, says = s.judgedWords()
	if slices.ContainsFunc(s.doc.Servers, func(v Server) bool { return v.interrupted() }) &&
		!strings.Contains(says, "interrupted") {
		says += "; " + InterruptedRun
	}
	return word, says
}

// judgedWords are the same of what was judged.
func (s *view) judgedWords() (word, says string) {
	var unsure, idle []string
	passed, n := 0, len(s.doc.Servers)
	first := s.doc.names()[:min(1, n)]
	for _, v := range s.doc.Servers {
		switch {
		case v.idle():
			idle = append(idle, v.Server)
		case v.Verdict == verdict.Inconclusive:
			unsure = append(unsure, v.Server)
		case v.Verdict == verdict.Pass:
			passed++
		}
	}
	word = s.doc.Verdict.String()
	if v, sc := s.doc.load(); v != nil && !v.idle() {
		return word, v.loadWords(sc)
	}
	if n == 1 && len(idle) == 0 && s.doc.conforms() {
		return word, s.doc.Servers[0].conformWords()
	}
	switch {
	case n == 0:
		return "could not run", "no server was named"
	case len(idle) == n:
		return "could not run", s.doc.named(idle) + "; nothing was judged"
	case s.doc.Verdict == verdict.Fail:
		return word, s.failWords() + rest(n, passed, s.doc.startsOnly(), unsure, idle)
	case s.doc.Verdict == verdict.Pass && s.doc.startsOnly():
		if n > 1 {
			return word, s.doc.all() + " start with good credentials, refuse bad ones and show none"
		}
		return word, s.doc.named(first) + " starts with good credentials, refuses bad ones and shows none"
	case s.doc.Verdict == verdict.Pass && n == 1:
		return word, fmt.Sprintf("%s keeps its limit of %s%s", s.doc.named(first), s.doc.Servers[0].Promised(),
			s.doc.Servers[0].unshown())
	case s.doc.Verdict == verdict.Pass:
		if one := s.doc.revised(); one != "" {
			return word, fmt.Sprintf("%s keeps its limit in %s revisions", one, inWords(n))
		}
		return word, s.doc.all() + " keep their limit"
	case len(unsure) == 0:
		return word, strings.TrimPrefix(rest(n, passed, s.doc.startsOnly(), nil, idle), "; ")
	}
	if v := &s.doc.Servers[0]; n == 1 && v.toolless() {
		return word, fmt.Sprintf("%s refused nothing, but tool calls, which most limits are about, were not tried",
			s.doc.named(first))
	}
	if v := &s.doc.Servers[0]; n == 1 && v.neverServed() {
		return word, s.doc.named(first) + " doesn't start with good credentials either, so that nothing could be told"
	}
	missed := ", but this run could have missed one"
	if slices.ContainsFunc(s.doc.Servers, func(v Server) bool { return v.interrupted() }) {
		missed = " until " + InterruptedRun
	}
	return word, fmt.Sprintf("no fault was found in %s%s%s%s", s.doc.named(unsure), missed,
		rest(n, passed, s.doc.startsOnly(), nil, idle), s.doc.Servers[0].unseen(n))
}

// failWords says who fails, and what.
func (s *view) failWords() string {
	var breaking, others []string
	var one *Server
	for i := range s.doc.Servers {
		v := &s.doc.Servers[i]
		switch {
		case v.Verdict != verdict.Fail:
		case v.broken() != "":
			breaking, one = append(breaking, v.Server), v
		case v.failed("comes-up"):
			others = append(others, s.doc.named([]string{v.Server})+" doesn't start")
		case v.misstarts() != "":
			others = append(others, s.doc.named([]string{v.Server})+" starts wrongly: "+v.misstarts())
		default:
			others = append(others, s.doc.named([]string{v.Server})+" "+v.wrongs())
		}
	}
	var parts []string
	switch len(breaking) {
	case 0:
	case 1:
		says := fmt.Sprintf("%s breaks its limit of %s: %s", s.doc.named(breaking), one.Promised(), one.broken())
		if one.Flaky {
			says += ", though not in every run"
		}
		parts = append(parts, says)
	default:
		parts = append(parts, s.doc.named(breaking)+" break their limits")
	}
	return strings.Join(append(parts, others...), "; ")
}

// rest says what became of the servers that a headline hasn't named.
func rest(n, passed int, startsOnly bool, unsure, idle []string) string {
	s := ""
	if len(unsure) > 0 {
		s += "; " + words.And(unsure) + " could not be judged"
	}
	if len(idle) > 0 {
		s += "; " + words.And(idle) + " could not run"
	}
	switch {
	case n == 1, startsOnly:
	case passed == 1:
		s += fmt.Sprintf("; 1 of %d servers keeps its limit", n)
	case passed > 1:
		s += fmt.Sprintf("; %d of %d servers keep theirs", passed, n)
	}
	return s
}

// targetWords says how all servers were reached.
func (s *view) targetWords() string {
	v := s.doc.Servers[0]
	text := v.Target.Kind
	if len(s.doc.Servers) > 1 && v.Target.Kind == "mock" {
		text = fmt.Sprintf("%d mocks", len(s.doc.Servers))
	}
	switch v.Target.Transport {
	case "":
	case "virtual":
		text += " in virtual time"
	default:
		text += " over " + v.Target.Transport
	}
	same := func(field func(Target) string) bool {
		return !slices.ContainsFunc(s.doc.Servers, func(o Server) bool { return field(o.Target) != field(v.Target) })
	}
	if v.Target.Address != "" && same(func(t Target) string { return t.Address }) {
		text += ", " + v.Target.Address
	}
	if v.Target.Label != "" && !v.Target.addressed() && same(func(t Target) string { return t.Label }) {
		text += ", " + v.Target.Label
	}
	if v.Target.Protocol != "" && same(func(t Target) string { return t.Protocol }) {
		text += ", MCP " + v.Target.Protocol
	}
	return text
}

// generator says if our own traffic was sent when it was due, and true if so.
func (s *view) generator() (string, bool) {
	planned, sent := 0, 0
	var late Quantiles // the worst of every scenario's
	var behind, unsent []string
	for _, v := range s.doc.Servers {
		for _, sc := range v.Scenarios {
			planned += sc.Calls.Planned
			sent += sc.Calls.Sent
			late = Quantiles{N: late.N + sc.Late.N, P99: max(late.P99, sc.Late.P99), Max: max(late.Max, sc.Late.Max)}
			if !slices.ContainsFunc(sc.Findings, func(f Finding) bool {
				return f.Check == "generator" && f.Verdict != verdict.Pass
			}) {
				continue
			}
			list := &behind
			if sc.Calls.Sent < sc.Calls.Planned { // such as where the run was interrupted
				list = &unsent
			}
			*list = append(*list, v.Server+" "+sc.Scenario)
		}
	}
	if planned == 0 {
		return "", true
	}
	text := fmt.Sprintf("%d of %s sent", sent, words.Count(planned, "planned call"))
	switch {
	case late.N > 0 && late.Max <= 0:
		text += ", each when it was due"
	case late.N > 0:
		text += fmt.Sprintf(", at most %s late (p99 %s)", ms(late.Max), ms(late.P99))
	}
	if len(unsent) > 0 {
		text += "; not all in " + words.Few(unsent)
	}
	if len(behind) > 0 {
		text += "; behind schedule in " + words.Few(behind)
	}
	return text, len(unsent)+len(behind) == 0
}
