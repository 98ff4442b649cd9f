package results

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// TableOptions say how a document is rendered. The zero value renders 80
// columns of UTF-8 without colour.
type TableOptions struct {
	Width     int                       // columns; 0 means 80, and anything under 40 means 40
	Color     bool                      // SGR colours
	ASCII     bool                      // plain ASCII only
	Verbose   bool                      // every check, every witness, every server's scenarios
	Histories map[string][]history.Call // a server's whole history by its name, for timelines; may be nil
}

// Table renders a finished document for people: the verdict in words, a row a
// server, the reason and the proof of every fail, what an inconclusive run was
// missing, what to do next, and the statistics. No line is wider than asked
// for, but the command that repeats a fail. It fails with ErrUnfinished where Finish wasn't called.
func Table(w io.Writer, d *Document, o TableOptions) error {
	if p := d.part(); p != nil {
		return p.Table(w)
	}
	if d.Schema != Schema {
		return ErrUnfinished
	}
	s := &view{page: newPage(o.Width, o.Color, o.ASCII), doc: d, verbose: o.Verbose, histories: o.Histories}
	parts := []func() error{s.headline, s.repeats, s.servers, s.laws, s.starts, s.fails, s.unsure, s.statistics,
		s.checks, s.remarks, s.again, s.footer, s.last}
	if v, _ := d.load(); v != nil {
		parts = s.loaded()
	}
	if d.conforms() {
		parts = s.conformed()
	}
	for _, part := range parts {
		if err := part(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, s.b.String())
	return err
}

// A view is a page that shows a document.
type view struct {
	*page
	doc       *Document
	verbose   bool
	histories map[string][]history.Call
}

// heading begins a part of the screen.
func (s *view) heading(text string) {
	s.blank()
	s.text(0, bold, text)
}

// servers adds the table of servers: one row each.
func (s *view) servers() error {
	if len(s.doc.Servers) == 0 || s.doc.startsOnly() {
		return nil
	}
	measured := "measured rate, burst"
	if slices.ContainsFunc(s.doc.Servers, func(v Server) bool { return len(v.Laws) > 0 }) {
		measured = "measured"
	}
	g := &grid{header: []string{"server", "target", "limit", measured, "scenarios"}}
	for i := range s.doc.Servers {
		v := &s.doc.Servers[i]
		limit := v.Limit.bucket() + "\n" + v.Limit.origin()
		if v.Promise != "" {
			limit = strings.ReplaceAll(v.Promise, "; ", "\n")
		}
		g.rows = append(g.rows, []cell{
			{text: v.Server}, {text: v.Target.String(), stiff: true}, {text: limit, stiff: true}, {text: v.box()},
			{text: v.summary(), tint: tint},
		})
	}
	if s.sameTarget() { // the line above the table says it for all
		g = g.without(func(column int) bool { return column == 1 })
	}
	s.blank()
	return g.draw(s.page)
}

// laws adds a row for each of the laws that a server was held to, where those are several,
// and says where they were read.
func (s *view) laws() error {
	for _, v := range s.doc.Servers {
		if len(v.Laws) < 2 {
			continue
		}
		s.heading(v.Server + ": laws")
		g := &grid{header: lawHeader}
		for _, l := range v.Laws {
			var row []cell
			for k, text := range l.row() {
				row = append(row, cell{text: text, stiff: k == 0, right: k == len(lawHeader)-1})
			}
			row[2].sgr = map[verdict.LawState]string{verdict.Kept: green, verdict.Broken: red,
				verdict.NotObserved: yellow}[l.State]
			g.rows = append(g.rows, row)
		}
		if err := g.draw(s.page); err != nil {
			return err
		}
		if s.promiseSource() == "" && v.PromiseSource != "" && v.PromiseSource != typed {
			s.text(0, faint, "read from "+v.PromiseSource)
		}
	}
	return nil
}

// sameTarget reports if all servers were reached in the same way, so that one
// line says it for all of them.
func (s *view) sameTarget() bool {
	first := s.doc.Servers[0].Target
	return !slices.ContainsFunc(s.doc.Servers, func(v Server) bool { return v.Target.String() != first.String() })
}

// box says what was measured.
func (s *Server) box() string {
	switch {
	case len(s.Laws) > 0:
		return s.lawWords()
	case s.Measured != nil && math.IsInf(s.Measured.Rate.Hi, 1) && math.IsInf(s.Measured.Burst.Hi, 1):
		if !s.called() {
			return "-" // nobody looked
		}
		return "no limit seen"
	case s.Measured != nil:
		return s.Measured.String()
	case s.Verdict == verdict.Fail && s.broken() != "":
		return "no token bucket fits"
	}
	return "-"
}

// summary says the verdict of every scenario, the passed ones last and counted
// where there are many.
func (s *Server) summary() string {
	if s.idle() {
		return "could not run"
	}
	text := ""
	for _, v := range []verdict.Verdict{verdict.Fail, verdict.Inconclusive, verdict.Pass} {
		var names []string
		for _, sc := range s.Scenarios {
			if sc.Verdict == v {
				names = append(names, sc.Scenario)
			}
		}
		switch {
		case len(names) == 0:
		case v != verdict.Pass:
			text += fmt.Sprintf("%s (%s)\n", v, strings.Join(names, ", "))
		case len(names) == len(s.Scenarios) && len(names) > 1:
			text += fmt.Sprintf("pass (all %d)\n", len(names))
		case len(names) > 1:
			text += fmt.Sprintf("pass (%d of %d)\n", len(names), len(s.Scenarios))
		default:
			text += fmt.Sprintf("pass (%s)\n", names[0])
		}
	}
	if s.Error != "" {
		text += "stopped early"
	}
	return text
}

// tint is the colour of a part of a summary.
func tint(part string) string {
	for _, v := range []verdict.Verdict{verdict.Pass, verdict.Fail} {
		if strings.HasPrefix(part, v.String()+" ") {
			return colorOf(v)
		}
	}
	return colorOf(verdict.Inconclusive)
}

// footer says what a reader needs to repeat the run.
func (s *view) footer() error {
	s.repeat()
	s.blank()
	text := fmt.Sprintf("%sstarted %s; mcpload %s", s.doc.seedWords(), s.doc.Started, s.doc.Version) +
		s.doc.givenClocks()
	if names := s.scenarioNames(); len(names) > 0 {
		text = words.Count(len(names), "scenario") + ": " + strings.Join(names, ", ") + "; " + text
	}
	s.text(0, faint, text)
	return nil
}

// last adds the verdict again: whoever looks at the end of a long report finds it too.
func (s *view) last() error {
	word, says := s.verdictWords()
	s.blank()
	s.item(0, 0, colorOf(s.doc.Verdict), word+":", says)
	return nil
}

// scenarioNames lists the scenarios of all servers, in the order of the run.
func (s *view) scenarioNames() []string {
	var names []string
	for _, v := range s.doc.Servers {
		for _, sc := range v.Scenarios {
			if !slices.Contains(names, sc.Scenario) {
				names = append(names, sc.Scenario)
			}
		}
	}
	return names
}
