package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// load is the server and the scenario of a run of general load; nil where the
// document is of something else.
func (d *Document) load() (*Server, *Scenario) {
	if len(d.Servers) == 1 && len(d.Servers[0].Scenarios) == 1 && d.Servers[0].Scenarios[0].Load != nil {
		return &d.Servers[0], &d.Servers[0].Scenarios[0]
	}
	return nil, nil
}

// loaded are the parts of the screen of a general load.
func (s *view) loaded() []func() error {
	return []func() error{s.loadHeadline, s.loadCapacity, s.loadChecks, s.loadCalls, s.loadFailures, s.loadSeries,
		s.loadRecovery,
		s.loadServer, s.remarks, s.again, s.loadFooter, s.last}
}

// loadWords is the headline of a general load.
func (v *Server) loadWords(sc *Scenario) string {
	if c := sc.Load.Capacity; c != nil {
		return v.spoken() + " " + c.Words()
	}
	var broken, open []string
	for _, f := range sc.Findings {
		switch f.Verdict {
		case verdict.Fail:
			broken = append(broken, strings.TrimPrefix(f.Check, "threshold ")+" ("+f.Saw+")")
		case verdict.Inconclusive:
			open = append(open, strings.TrimPrefix(f.Check+": "+f.Saw, "generator: "))
		}
	}
	switch {
	case len(broken) > 0:
		return v.spoken() + " fails " + strings.Join(broken, ", ") + sc.Load.mostly(broken)
	case len(open) > 0:
		return strings.Join(open, "; ")
	}
	text := fmt.Sprintf("%s served %s of %s", v.spoken(), perSecond(sc.Rate.Admitted)+" results/s", sc.Load.Shape)
	if sc.Load.Shape == "max" && sc.Load.Generator.Limited == "" {
		text = fmt.Sprintf("%s served %s results/s, as many as it could", v.spoken(), perSecond(sc.Rate.Admitted))
	}
	if w := sc.Load.Waited; w.N >= 100 {
		text += fmt.Sprintf(", p99 %s", ms(w.P99))
	} else if w.N > 0 {
		text += fmt.Sprintf(", at most %s", ms(w.Max)) // a p99 of so few is their maximum
	}
	return text + sc.without()
}

// without says what of a load that passed got no result, and what else a reader
// of one line must know.
func (sc *Scenario) without() string {
	text, c, g := "", sc.Calls, sc.Load.Generator
	if c.Limited > 0 {
		text += fmt.Sprintf("; %s of %d calls were refused", percent(c.Limited, c.Sent), c.Sent)
	}
	if n := c.Sent - c.Admitted - c.Limited; n > 0 {
		text += fmt.Sprintf("; %d of %d calls got no result", n, c.Sent)
	}
	if n := c.Unsent(); n > 0 {
		text += fmt.Sprintf("; %d of %d were not sent", n, c.Planned)
	}
	if g.Limited != "" {
		text += "; but " + g.Limited
	}
	return text
}

// percent says a share in percent.
func percent(n, of int) string {
	x := 100 * float64(n) / float64(max(1, of))
	if n > 0 && x < 0.1 {
		return "under 0.1%"
	}
	return fmt.Sprintf("%.1f%%", x)
}

// mostly quotes why most of the calls failed that did, where the checks that are
// broken are of failures.
func (l *Load) mostly(broken []string) string {
	of := func(text string) bool {
		return strings.HasPrefix(text, "errors") || strings.HasPrefix(text, "timeouts") || strings.HasPrefix(text,
			"tool-errors") || strings.HasPrefix(text, "answers")
	}
	if !slices.ContainsFunc(broken, of) {
		return ""
	}
	for _, f := range l.Failures {
		if f.Outcome != "limited" && f.Outcome != "unsent" && f.Outcome != "unknown" {
			return ": " + f.Words()
		}
	}
	return ""
}

func (s *view) loadHeadline() error {
	v, sc := s.doc.load()
	l := sc.Load
	word, says := s.verdictWords()
	s.item(0, 0, colorOf(s.doc.Verdict), word+":", says)
	s.item(0, 11, "", "target:", s.targetWords()+l.width())
	s.calls()
	s.item(0, 11, "", "load:", l.asked(sc))
	health, sgr := l.health(), ""
	if l.Generator.Limited != "" {
		health, sgr = "LIMITED, "+l.Generator.Limited, yellow
	}
	s.item(0, 11, sgr, "generator:", health)
	if v.Error != "" {
		s.item(0, 11, yellow, "error:", v.Error)
	}
	return nil
}

// loadChecks adds every finding: a load has few.
func (s *view) loadChecks() error {
	v, sc := s.doc.load()
	s.heading("checks")
	g := &grid{header: []string{"verdict", "check", "saw", "why"}}
	for _, f := range sc.Findings {
		g.rows = append(g.rows, []cell{{text: f.Verdict.String(), sgr: colorOf(f.Verdict)},
			{text: f.Check, stiff: true}, {text: f.Saw}, {text: f.Cause}})
	}
	if err := g.without(func(column int) bool { return column == 3 && g.all(column, "") }).draw(s.page); err != nil {
		return err
	}
	if next := v.Next(); len(next) > 0 {
		s.next(next)
	}
	return nil
}

// loadCalls adds what came of the calls, a row a tool.
func (s *view) loadCalls() error {
	_, sc := s.doc.load()
	l := sc.Load
	s.heading("calls, and what their callers waited from the due instant, in ms")
	g := &grid{header: []string{"", "sent", "results", "refused", "tool errors", "protocol errors", "broken",
		"closed while idle", "timed out", "unsent", "p50", "p90", "p99", "p99.9", "max"},
		spare: []string{"p90", "p99.9"}}
	add := func(name string, c Counts, o map[string]int64, q Quantiles) {
		row := []cell{{text: name}, {text: fmt.Sprint(c.Sent), right: true}}
		for _, outcome := range []string{"ok", "limited", "tool-error", "rejected", "broken", "closed-idle",
			"timed-out", "unsent"} {
			row = append(row, cell{text: fmt.Sprint(o[outcome]), right: true})
		}
		for i, x := range []float64{q.P50, q.P90, q.P99, q.P999, q.Max} {
			row = append(row, cell{text: quantileText(q.N, i, x), right: true})
		}
		g.rows = append(g.rows, row)
	}
	for _, t := range l.Tools {
		add(t.Tool, t.Calls, t.Outcomes, t.Waited)
	}
	if len(l.Tools) > 1 {
		add("all", sc.Calls, l.Outcomes, l.Waited)
	}
	const firstEmpty, lastEmpty = 3, 9 // columns that are empty most times
	err := g.without(func(column int) bool {
		return firstEmpty <= column && column <= lastEmpty && g.all(column, "0")
	}).draw(s.page)
	if err != nil {
		return err
	}
	s.text(0, faint, l.beside())
	return nil
}

// quantileText says a quantile, with ~ where the sample is too small for it to
// be more than the maximum.
func quantileText(n, i int, x float64) string {
	if n == 0 {
		return "-"
	}
	if least := []int{2, 10, 100, 1000, 1}[i]; n < least {
		return "~" + milli(x)
	}
	return milli(x)
}

// beside says service times, and what a set-up costs.
func (l *Load) beside() string {
	text := ""
	if l.Service.N > 0 {
		text = fmt.Sprintf("the server and the network took p50 %s, p99 %s of that", ms(l.Service.P50),
			ms(l.Service.P99))
	}
	if f := l.Setup.FirstByte; f.N > 0 {
		text += fmt.Sprintf("; first byte p50 %s, p99 %s", ms(f.P50), ms(f.P99))
	}
	if h := l.Setup.Handshake; h.N > 0 {
		text += fmt.Sprintf("; session set-up p50 %s, max %s (n=%d)", ms(h.P50), ms(h.Max), h.N)
	}
	if c := l.Setup.Connect; c.N > 0 {
		text += fmt.Sprintf("; connecting p50 %s, max %s (n=%d)", ms(c.P50), ms(c.Max), c.N)
	}
	if t := l.Setup.TLS; t.N > 0 {
		text += fmt.Sprintf("; TLS p50 %s, max %s (n=%d)", ms(t.P50), ms(t.Max), t.N)
	}
	if words := l.Client.Words(); words != "" {
		text += "; " + words
	}
	return strings.TrimPrefix(text, "; ")
}

// loadFailures adds why calls failed.
func (s *view) loadFailures() error {
	_, sc := s.doc.load()
	if len(sc.Load.Failures) == 0 {
		return nil
	}
	s.heading("why calls got no result")
	for _, f := range sc.Load.Failures {
		s.item(inset, inset+2, "", "-", f.Words())
	}
	return nil
}

// Words say why so many calls failed.
func (f LoadFailure) Words() string {
	return fmt.Sprintf("%d× %s: %s", f.Count, outcomeWords(f.Outcome), f.Detail)
}

// outcomeWords name an outcome as the columns do.
func outcomeWords(outcome string) string {
	switch outcome {
	case "limited":
		return "refused"
	case "rejected":
		return "protocol error"
	}
	return strings.ReplaceAll(outcome, "-", " ")
}

// loadRecovery adds how long bursts were felt.
func (s *view) loadRecovery() error {
	_, sc := s.doc.load()
	r := sc.Load.Recovery
	if r == nil {
		return nil
	}
	s.heading("after bursts")
	switch {
	case r.Bursts == 0:
		s.item(inset, inset+2, "", "-", "not told: there was nothing to compare with before the first burst, or "+
			"no burst")
	case r.Never == r.Bursts:
		s.item(inset, inset+2, yellow, "-", fmt.Sprintf("not once of %d bursts did it get back to normal (9 in 10 "+
			"calls within %s) before the next, or the end", r.Bursts, ms(r.Normal)))
	default:
		after := func(x float64) string {
			if x == 0 {
				return "at once"
			}
			return "within " + ms(x)
		}
		text := fmt.Sprintf("back to normal (9 in 10 calls within %s) %s in the median, %s at longest, of %s; told "+
			"in steps of %s",
			ms(r.Normal), after(r.Median), after(r.Longest), words.Count(r.Bursts, "burst"), ms(r.Step))
		if r.Never > 0 {
			text += fmt.Sprintf("; after %d of them not before the next burst, or the end", r.Never)
		}
		s.item(inset, inset+2, "", "-", text)
	}
	return nil
}

// loadServer adds what the server's process used.
func (s *view) loadServer() error {
	_, sc := s.doc.load()
	p := sc.Load.Server
	if p == nil {
		return nil
	}
	s.heading("the server's processes, together")
	s.item(inset, inset+2, "", "-", fmt.Sprintf("%.2f processors; memory %s at first, %s at last, %s at most; %.0f "+
		"to %.0f descriptors, %.0f to %.0f threads",
		p.CPU, memory(p.RSS.First), memory(p.RSS.Last), memory(p.RSS.Max), p.FDs.First, p.FDs.Last, p.Threads.First,
		p.Threads.Last))
	if len(p.Growth) == 0 {
		s.item(inset, inset+2, "", "-", "too short a run to tell if it leaks")
	}
	for _, g := range p.Growth {
		if g.What == "rss" || g.Leak || g.Untold != "" {
			s.item(inset, inset+2, "", "-", Growth(g))
		}
	}
	return nil
}

// loadCapacity adds the trials of a search, by rate: the latency curve.
func (s *view) loadCapacity() error {
	_, sc := s.doc.load()
	c := sc.Load.Capacity
	if c == nil {
		return nil
	}
	s.heading("latency by rate")
	g := &grid{header: []string{"rate/s", "results/s", "p50 ms", "p99 ms", "errors", "trial", "", "why"}}
	for _, t := range byRate(c.Trials) {
		mark, sgr := t.Verdict, green
		if t.Verdict != "kept" {
			sgr = red
		}
		if t.Verdict == "generator" {
			mark, sgr = "generator-limited", yellow
		}
		g.rows = append(g.rows, []cell{{text: perSecond(t.Rate), right: true}, {text: perSecond(t.Achieved),
			right: true}, {text: milli(t.P50), right: true},
			{text: milli(t.P99), right: true}, {text: fmt.Sprintf("%.3g%%", t.Errors*100), right: true},
			{text: t.Phase}, {text: mark, sgr: sgr}, {text: t.Why}})
	}
	if err := g.draw(s.page); err != nil {
		return err
	}
	if text := c.Knee(); text != "" {
		s.text(0, "", text)
	}
	s.text(0, faint, "below: the best run that kept every threshold")
	return nil
}

// byRate sorts trials by their rate, those of one rate in the order of time.
func byRate(list []LoadTrial) []LoadTrial {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b LoadTrial) int { return cmp.Compare(a.Rate, b.Rate) })
	return sorted
}

func (s *view) loadFooter() error {
	s.blank()
	s.text(0, faint, fmt.Sprintf("seed %d; started %s; mcpload %s", s.doc.Seed, s.doc.Started, s.doc.Version))
	return nil
}
