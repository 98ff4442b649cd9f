package results

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results/screen"
	"github.com/mcpload/mcpload/verdict"
)

// A ProbedLine is a thing that a probe says.
type ProbedLine struct {
	Name string // what it is about; empty: what the line before is about
	Text string
	cost []string // of what a kind of request costs: what Text is made of
}

// probedWidth is how wide a probe's screen is, in columns, at most.
const probedWidth = 100

// Table says a probe's document to a person: what was found first, and again at the end.
func (p *Probed) Table(w io.Writer) error {
	s := newPage(probedWidth, false, false)
	if wide := screen.Columns(w); wide > 0 {
		s.width = min(probedWidth, wide)
	}
	s.text(0, "", p.Headline())
	for _, l := range p.Lines() {
		head := fmt.Sprintf("  %-13s ", l.Name)
		if l.cost != nil && s.width < probedWidth-20 { // no room for three beside each other
			l.Text, l.cost = l.cost[0]+": "+l.cost[1]+": "+l.cost[2], nil
		}
		if l.cost != nil {
			s.beside(head+fmt.Sprintf("%-29s %-10s ", s.clean(l.cost[0]), l.cost[1]), l.cost[2])
			continue
		}
		s.beside(head, l.Text)
	}
	s.blank()
	s.text(0, "", p.Headline())
	_, err := io.WriteString(w, s.b.String())
	return err
}

// Headline is what was found of whom, in a sentence.
func (p *Probed) Headline() string {
	name := p.Server
	if p.Target.Kind == "mock" {
		name = "the mock of " + name
	}
	return name + ": " + p.found()
}

// Lines are what a probe says to a person, in order.
func (p *Probed) Lines() []ProbedLine {
	t := &probedTable{Probed: p}
	probed := fmt.Sprintf("%s over %s, protocol %s", p.Load.words(), p.Target.Transport, p.Target.Protocol)
	if p.Target.Protocol == "" {
		probed = p.Load.words() + " in " + p.Target.Transport + " time"
	}
	if p.Target.Label != "" {
		probed += ", " + p.Target.Label
	}
	t.line("probed", "%s", probed)
	if p.Load.Chosen {
		t.line("", "%s", p.Load.Why)
	}
	t.line("spent", "%d of %d calls, %s of %s: %d admitted, %d refused for their rate, %d failed", p.Spent.Calls,
		p.Budget.Calls, lasting(p.Spent.Seconds).Round(100*time.Millisecond), promise.Span(lasting(p.Budget.Seconds)),
		p.Spent.Admitted, p.Spent.Limited, p.Spent.Failed)
	t.limiter()
	if p.Result != ProbeNoLimit && (p.Refusal != nil || p.Spent.Limited > 0) {
		t.value("scope", p.Scope, nil)
		t.value("new session", p.Evasion, map[string]string{"yes": "evades the limit",
			"no": "does not evade the limit", "resets": "gives everybody a full limit again"})
		if t.Tools != nil {
			t.value("other tool", *t.Tools, map[string]string{"shared": "shares the limit",
				"per tool": "has a limit of its own, of the same size", "unlimited": "isn't limited",
				"not so": "has another limit"})
		}
		t.tricks()
		t.costs()
		t.refusals()
	}
	for _, n := range p.Notes {
		t.line("note", "%s", n)
	}
	return t.lines
}

// A probedTable is a screen under way.
type probedTable struct {
	*Probed
	lines []ProbedLine
}

func (t *probedTable) line(name, format string, args ...any) {
	t.lines = append(t.lines, ProbedLine{Name: name, Text: fmt.Sprintf(format, args...)})
}

func lasting(seconds float64) time.Duration { return time.Duration(seconds * 1e9) }

// words name the call.
func (l ProbedLoad) words() string { return strings.TrimSpace(l.Method + " " + l.Tool) }

// limiter has the box, and what kind of limiter it is.
func (t *probedTable) limiter() {
	if box := t.Measured; box != nil {
		t.line("rate", "%s tokens a second", box.Rate)
		t.line("burst", "%s tokens", box.Burst)
		if or := box.Or; or != nil {
			t.line("", "or else a faster one: rate %s, burst %s", or.Rate, or.Burst)
		}
		t.line("", "given clocks within %s", t.Clocks.Judged())
	}
	switch {
	case t.Untold: // nothing can be told of it
	case len(t.Models) != 1 || t.Measured == nil:
		t.line("limiter", "%s", t.models())
	case t.Result == ProbeUnfinished:
		t.line("limiter", "not certain yet: so far a %s explains every answer", t.Models[0].kind())
	default:
		t.line("limiter", "%s", t.Models[0].kind())
	}
	for _, l := range t.Laws {
		text := l.Law
		if l.Seconds != nil {
			text += fmt.Sprintf(", its windows %s s long", *l.Seconds)
		}
		if len(l.Kinds) > 1 {
			text += ": " + words.Or(l.Kinds)
		}
		t.line("law", "%s", text)
	}
	for _, apart := range t.Apart {
		t.line("", "to tell them apart: %s", apart)
	}
}

// endedEarly reports if the probe ended before its budget did.
func (p *Probed) endedEarly() bool {
	return slices.ContainsFunc(p.Notes, func(n string) bool { return strings.HasPrefix(n, ProbeEndedEarly) })
}

// models says what explains the answers: the kinds that still do.
func (p *Probed) models() string {
	switch len(p.Models) {
	case 0:
		switch {
		case p.Measured != nil && p.endedEarly():
			return "not told apart from others yet: so far a token bucket explains every answer"
		case p.endedEarly():
			return "not told yet"
		}
		return "none of those known: no token bucket, window or concurrency cap explains the answers"
	case 1:
		return p.Models[0].Words
	}
	var list []string
	for _, m := range p.Models {
		list = append(list, m.Words)
	}
	return "several still explain it: " + strings.Join(list, "; ")
}

// kind is what kind of limiter a model is, without its numbers.
func (m ProbedModel) kind() string {
	kind, _, _ := strings.Cut(m.Words, " (")
	return kind
}

// judged is the box as the judge has it.
func (m *Measured) judged() verdict.Measured {
	out := verdict.Measured{Rate: verdict.Interval(m.Rate), Burst: verdict.Interval(m.Burst)}
	if m.Or != nil {
		or := m.Or.judged()
		out.Or = &or
	}
	return out
}

// found is what came of it, in a sentence.
func (p *Probed) found() string {
	if p.Untold {
		return fmt.Sprintf("none of %d calls of %s was refused, but tool calls, which most limits are about, were "+
			"not tried",
			p.Spent.Admitted, p.Load.Method)
	}
	switch p.Result {
	case ProbeNoLimit:
		s := fmt.Sprintf("no limit up to %d calls at once", p.NoLimit.AtOnce)
		if p.NoLimit.Rate > 0 {
			s += fmt.Sprintf(" and %.0f/s for %s", p.NoLimit.Rate,
				lasting(p.NoLimit.Seconds).Round(100*time.Millisecond))
		}
		return s + ", of calls that get a result"
	case ProbeMeasured:
		return fmt.Sprintf("%s, measured to 1 %% and half a token", p.Measured.judged())
	case ProbeOther:
		if len(p.Laws) > 1 {
			return "several limits at once: " + p.laws()
		}
		if m := p.Models[0]; m.Words == m.Name {
			return "a " + m.Name
		}
		return "no token bucket, but a " + p.Models[0].Words
	}
	if len(p.Laws) > 0 {
		return p.laws() + " explains every answer, and of which kind its windows are remains open"
	}
	ended := "the budget ran out"
	if p.endedEarly() {
		ended = "the probe ended"
	}
	if slices.Contains(p.Notes, ProbeEndedEarly+ProbeInterrupted) {
		ended = "the probe was interrupted"
	}
	if p.Measured == nil && len(p.Models) == 1 {
		return fmt.Sprintf("so far a %s explains every answer, but %s before that was put to the test",
			p.Models[0].Words, ended)
	}
	if p.endedEarly() && p.Spent.Limited > 0 {
		return "there is a limit, and " + ended + " before it was certain"
	}
	if p.endedEarly() {
		return ended + " before anything was found out"
	}
	if p.Measured != nil && p.Spent.Calls >= p.Budget.Calls*9/10 || p.Spent.Seconds >= p.Budget.Seconds*9/10 {
		return "the budget ran out before the limit was certain"
	}
	if p.Spent.Limited > 0 {
		return "there is a limit, and what it is remains open"
	}
	return "nothing was found out"
}

// laws are those that were found, in one line.
func (p *Probed) laws() string {
	var list []string
	for _, l := range p.Laws {
		list = append(list, l.Law)
	}
	return strings.Join(list, ", and ")
}

// value says an answer and what it rests on.
func (t *probedTable) value(name string, v ProbedValue, say map[string]string) {
	answer, evidence := "unknown", v.Evidence
	if v.Answer != nil {
		answer = *v.Answer
	} else if evidence == "" {
		evidence = t.unreached()
	}
	if w, ok := say[answer]; ok {
		answer = w
	}
	t.line(name, "%s: %s", answer, evidence)
}

// unreached is why nothing is known of what a probe comes to late.
func (p *Probed) unreached() string {
	if p.endedEarly() {
		return "the probe ended before"
	}
	return "the budget did not reach that far"
}

// tricks has a line for each attempt to get past the limit.
func (t *probedTable) tricks() {
	name := "tried"
	for _, k := range t.Tricks {
		answer := "can't tell"
		if k.Evades != nil {
			answer = map[bool]string{true: "evades the limit", false: "does not evade the limit"}[*k.Evades]
		}
		t.line(name, "%s: %s: %s", k.Attempt, answer, k.Evidence)
		name = ""
	}
}

// costs has a line a kind of request.
func (t *probedTable) costs() {
	name := "costs"
	for _, row := range t.CostRows() {
		t.lines = append(t.lines, ProbedLine{name, strings.Join(row, ": "), row})
		name = ""
	}
}

// CostRows are what each kind of request costs: the kind, its tokens in words, and what shows it.
func (p *Probed) CostRows() (rows [][]string) {
	for _, c := range p.Costs {
		costs, evidence := "unknown", c.Evidence
		switch {
		case c.Tokens != nil:
			costs = words.Count(*c.Tokens, "token")
		case c.Absent:
			costs = "-"
		case len(c.Possible) > 0:
			costs = "can't tell: " + strings.ReplaceAll(strings.Trim(fmt.Sprint(c.Possible), "[]"), " ", " or ")
		}
		if evidence == "" {
			evidence = p.unreached()
		}
		rows = append(rows, []string{c.Kind, costs, evidence})
	}
	return rows
}

// refusals says how refusals look.
func (t *probedTable) refusals() {
	g := t.Refusal
	if g == nil {
		return
	}
	var looks []string
	for _, s := range g.Statuses {
		if s.Number != 0 {
			looks = append(looks, fmt.Sprintf("HTTP %d (%d of %d)", s.Number, s.Count, g.Refusals))
		}
	}
	for _, c := range g.Codes {
		if c.Number != 0 {
			looks = append(looks, fmt.Sprintf("JSON-RPC error %d (%d of %d)", c.Number, c.Count, g.Refusals))
		} else {
			looks = append(looks, fmt.Sprintf("no error code (%d of %d)", c.Count, g.Refusals))
		}
	}
	for _, m := range g.Media {
		name := m.Name
		if name == "" {
			name = "no Content-Type"
		}
		looks = append(looks, fmt.Sprintf("%s (%d of %d)", name, m.Count, g.Refusals))
	}
	said := strings.Join(looks, ", ")
	if g.Words != "" {
		said += fmt.Sprintf(": %q", g.Words)
	}
	t.line("refusals", "%s", said)
	t.line("code", "%s: %s", map[bool]string{true: "allowed", false: "not allowed"}[g.Legal], g.Legality)
	if g.Misanswered == 0 {
		t.line("id", "echoed in every answer")
	} else {
		t.line("id", "%d answers carried another id, or came twice", g.Misanswered)
	}
	t.value("retry-after", g.RetryAfter, nil)
	took := func(m ProbedMedian) time.Duration { return lasting(m.P50MS / 1000).Round(10 * time.Microsecond) }
	t.line("latency", "median %s of %d refusals, %s of %d admissions", took(g.Latency.Limited), g.Latency.Limited.Calls,
		took(g.Latency.Admitted), g.Latency.Admitted.Calls)
}
