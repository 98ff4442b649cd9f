package results

import (
	"fmt"
	"slices"
	"strings"
)

// conformed are the parts of a screen about conformance.
func (s *view) conformed() []func() error {
	return []func() error{s.conformHeadline, s.conformSummary, s.conformFails, s.conformOpen, s.conformPassed,
		s.remarks, s.footer, s.last}
}

// conformHeadline adds the verdict in words, and what it rests on.
func (s *view) conformHeadline() error {
	word, says := s.verdictWords()
	s.item(0, 0, colorOf(s.doc.Verdict), word+":", says)
	if len(s.doc.Servers) > 0 && s.sameTarget() {
		s.item(0, 11, "", "target:", s.targetWords())
	}
	return nil
}

// conformSummary adds a line a revision.
func (s *view) conformSummary() error {
	s.blank()
	for _, v := range s.doc.Servers {
		for _, sc := range v.Scenarios {
			if sc.Conform == nil {
				continue
			}
			n := sc.Conform.tally()
			text := fmt.Sprintf("%d MUST and %d other demands not kept, %d kept, %d not testable here", n[RowFail],
				n["weak"], n[RowPass], n[RowNotTestable])
			if n["untried"] > 0 {
				text += fmt.Sprintf(", %d not tried", n["untried"])
			}
			if n["known"] > 0 {
				text = fmt.Sprintf("%d known, ", n["known"]) + text
			}
			label := "MCP " + sc.Conform.Protocol + ":"
			if len(s.doc.Servers) > 1 {
				label = v.Server + ", " + label
			}
			s.item(0, 16, colorOf(sc.Verdict), label, text)
		}
	}
	return nil
}

// tally counts the rows: "known", "weak" for fails below a MUST, "untried", and else by their answer.
func (c *Conform) tally() map[string]int {
	n := map[string]int{}
	for _, r := range c.Rows {
		switch {
		case r.Answer == RowFail && r.Known != "":
			n["known"]++
		case r.Answer == RowFail && r.Level != "MUST":
			n["weak"]++
		case strings.HasPrefix(r.Saw, RowUntried) && r.Answer == RowNotTestable:
			n["untried"]++
		default:
			n[r.Answer]++
		}
	}
	return n
}

// conformFails adds every breach by its area, those that count first.
func (s *view) conformFails() error {
	for i := range s.doc.Servers {
		v := &s.doc.Servers[i]
		rows := v.conformRows(RowFail)
		slices.SortStableFunc(rows, func(a, b conformRow) int { return a.rank() - b.rank() })
		area := ""
		for _, r := range rows {
			if r.Area != area {
				area = r.Area
				title := area
				if len(s.doc.Servers) > 1 {
					title = v.Server + ": " + area
				}
				s.heading(title)
			}
			s.breach(v, r)
		}
	}
	return nil
}

// rank sorts breaches: areas stay together, in the order of the first that counts.
func (r *conformRow) rank() int {
	rank := slices.Index(areaOrder, r.Area) * 4
	switch {
	case r.Known != "":
		return rank + 3
	case r.Level == "MUST":
		return rank
	case r.Level == "SHOULD":
		return rank + 1
	}
	return rank + 2
}

// areaOrder is that of the table.
var areaOrder = []string{"messages", "lifecycle", "transport", "authorization", "tools", "resources", "prompts",
	"utilities"}

// breach adds one breach: what is demanded, what was seen, and how to see it again.
func (s *view) breach(v *Server, r conformRow) {
	sgr := yellow
	if r.counts && r.Known == "" {
		sgr = red
	}
	s.item(2, 6, sgr, strings.TrimSpace(r.Level+" "+r.ID), fmt.Sprintf("the server %s (%s)", r.Says, r.Section))
	saw := r.Saw
	if len(v.conformRevisions()) > 1 {
		saw = "in " + strings.Join(r.in, ", ") + ": " + saw
	}
	s.item(4, 8, "", "saw:", saw)
	if r.Known != "" {
		s.item(4, 8, "", "known:", r.Known)
	}
	for _, e := range r.Exchanges {
		if e.Line != "" {
			s.raw("    again: " + s.clean(e.Line)) // a command is copied, and so stays on one line
		}
		if s.verbose {
			s.item(4, 8, "", "reply:", e.Reply)
		}
	}
}

// conformOpen adds what wasn't testable, rows of one reason together.
func (s *view) conformOpen() error {
	for i := range s.doc.Servers {
		v := &s.doc.Servers[i]
		open := v.OpenRows()
		if len(open) == 0 {
			continue
		}
		title := "Not testable here"
		if len(s.doc.Servers) > 1 {
			title = v.Server + ": not testable here"
		}
		s.heading(title)
		for _, o := range open {
			s.item(2, 6, yellow, o.Names()+":", o.Why)
		}
	}
	return nil
}

// conformPassed adds what was kept, where every check is asked for.
func (s *view) conformPassed() error {
	if !s.verbose {
		return nil
	}
	for i := range s.doc.Servers {
		v := &s.doc.Servers[i]
		s.heading(v.Server + ": kept")
		for _, r := range v.conformRows(RowPass) {
			s.item(2, 6, green, strings.TrimSpace(r.Level+" "+r.ID), fmt.Sprintf("the server %s: %s", r.Says, r.Saw))
		}
	}
	return nil
}
