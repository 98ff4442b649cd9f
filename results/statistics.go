package results

import (
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/internal/words"
)

// statistics adds what was counted and timed: a row a scenario for a single
// server, else a row a server.
func (s *view) statistics() error {
	if s.doc.startsOnly() {
		return nil // no traffic
	}
	if len(s.doc.Servers) > 1 {
		if err := s.latencies("latency, from when a call was due, in ms", s.perServer()); err != nil || !s.verbose {
			return err
		}
	}
	for i := range s.doc.Servers {
		v := &s.doc.Servers[i]
		if len(v.Scenarios) == 0 {
			continue
		}
		s.heading(v.Server + ": calls")
		if err := s.counts(v); err != nil {
			return err
		}
		var rows []timed
		for _, sc := range v.Scenarios {
			if !withStarts(sc) {
				rows = append(rows, timed{sc.Scenario, sc.Latency})
			}
		}
		if err := s.latencies(v.Server+": latency, from when a call was due, in ms", rows); err != nil {
			return err
		}
	}
	return nil
}

// A timed is a row of the latency table.
type timed struct {
	name string
	Latencies
}

// perServer is a row a server. Where nobody computed the whole, it is that of
// its scenario with the most calls: quantiles can't be added up.
func (s *view) perServer() []timed {
	var rows []timed
	for _, v := range s.doc.Servers {
		if v.Latency != nil {
			rows = append(rows, timed{v.Server, *v.Latency})
			continue
		}
		if len(v.Scenarios) > 0 {
			sc := slices.MaxFunc(v.Scenarios, func(a, b Scenario) int { return a.Calls.Sent - b.Calls.Sent })
			rows = append(rows, timed{v.Server + " (" + sc.Scenario + ")", sc.Latency})
		}
	}
	return rows
}

// counts adds the table of what came of a server's calls.
func (s *view) counts(v *Server) error {
	g := &grid{header: []string{"scenario", "verdict", "sent", "admitted", "refused", "failed", "closed while idle",
		"unknown", "sent/s", "admitted/s"}, spare: []string{"sent/s", "admitted/s"}}
	for _, sc := range v.Scenarios {
		if withStarts(sc) {
			continue
		}
		c := sc.Calls
		sent := fmt.Sprint(c.Sent)
		if c.Unsent() > 0 {
			sent += fmt.Sprintf(" of %d", c.Planned)
		}
		row := []cell{{text: sc.Scenario}, {text: sc.Verdict.String(), sgr: colorOf(sc.Verdict)},
			{text: sent, right: true, stiff: true}}
		for _, n := range []int{c.Admitted, c.Limited, c.Failed, c.ClosedIdle, c.Unknown - c.ClosedIdle} {
			row = append(row, cell{text: fmt.Sprint(n), right: true})
		}
		offered, admitted := sc.Rate.words()
		g.rows = append(g.rows, append(row, cell{text: offered, right: true, stiff: true},
			cell{text: admitted, right: true}))
	}
	const failed, unknown = 5, 7 // columns that are empty most times
	return g.without(func(column int) bool {
		return failed <= column && column <= unknown && g.all(column, "0")
	}).draw(s.page)
}

// latencies adds a table of quantiles, admitted and refused calls apart, each
// with its sample size.
func (s *view) latencies(title string, rows []timed) error {
	if len(rows) == 0 {
		return nil
	}
	s.heading(title)
	g := &grid{header: []string{"", "admitted", "p50/p99/max", "refused", "p50/p99/max"}}
	few := false
	for _, r := range rows {
		row := []cell{{text: r.name}}
		for _, q := range []Quantiles{r.Admitted, r.Limited} {
			row = append(row, cell{text: fmt.Sprint(q.N), right: true}, cell{text: q.brief(), right: true})
			few = few || (q.N > 0 && q.N < 100)
		}
		g.rows = append(g.rows, row)
	}
	if err := g.draw(s.page); err != nil {
		return err
	}
	if few {
		s.text(0, faint, "~ is a p99 of fewer than 100 calls, which is their maximum")
	}
	return nil
}

// brief is the median, the 99th percentile and the maximum. A p99 of fewer
// than 100 calls is no more than their maximum, and is marked.
func (q Quantiles) brief() string {
	if q.N == 0 {
		return "-"
	}
	tilde := ""
	if q.N < 100 {
		tilde = "~"
	}
	return fmt.Sprintf("%s/%s%s/%s", milli(q.P50), tilde, milli(q.P99), milli(q.Max))
}

// milli says milliseconds to three figures or so.
func milli(x float64) string {
	switch {
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// ms says milliseconds as a duration.
func ms(x float64) string { return words.Span(time.Duration(x * 1e6)) }

// words says the rates, where the sending took long enough for one: a burst
// has none.
func (a Achieved) words() (offered, admitted string) {
	const shortest = 0.05 // seconds
	if a.Seconds < shortest {
		return "at once", "-"
	}
	return perSecond(a.Offered), perSecond(a.Admitted)
}

func perSecond(x float64) string {
	switch {
	case x == 0:
		return "-"
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// checks adds every finding, passed ones too.
func (s *view) checks() error {
	if !s.verbose {
		return nil
	}
	for _, v := range s.doc.Servers {
		if len(v.Scenarios) == 0 {
			continue
		}
		s.heading(v.Server + ": every check")
		g := &grid{header: []string{"scenario", "check", "verdict", "saw"}}
		for _, sc := range v.Scenarios {
			for i, f := range sc.Findings {
				name := sc.Scenario
				if i > 0 {
					name = ""
				}
				g.rows = append(g.rows, []cell{{text: name}, {text: f.Check}, {text: f.Verdict.String(),
					sgr: colorOf(f.Verdict)}, {text: f.Saw}})
			}
		}
		if err := g.draw(s.page); err != nil {
			return err
		}
	}
	return nil
}

// remarks adds what is worth knowing and changes no verdict: the notes of
// servers and the warnings of checks, each once.
func (s *view) remarks() error {
	var texts []string
	who := map[string][]string{}
	add := func(server, text string) {
		names, known := who[text]
		if !known {
			texts = append(texts, text)
		}
		if len(names) == 0 || names[len(names)-1] != server {
			who[text] = append(names, server)
		}
	}
	for _, v := range s.doc.Servers {
		for _, n := range v.Notes {
			add(v.Server, n)
		}
		for _, sc := range v.Scenarios {
			for _, f := range sc.Findings {
				for _, w := range f.Warnings {
					add(v.Server, w)
				}
			}
		}
	}
	if len(texts) == 0 {
		return nil
	}
	s.heading("worth knowing (changes no verdict)")
	for _, text := range texts {
		names := words.Few(who[text]) + ": "
		switch {
		case len(s.doc.Servers) == 1:
			names = ""
		case len(s.doc.Servers) == len(who[text]):
			names = fmt.Sprintf("all %d servers: ", len(who[text]))
		}
		s.item(inset, inset+2, "", "-", names+text)
	}
	return nil
}
