package results

import (
	"fmt"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results/screen"
)

// Words say what a second judgement came to: "judged again: 42 findings, as they were
// stored".
func (a *Again) Words() string {
	text := "judged again: " + words.Count(a.Judged, "finding")
	switch n := len(a.Differences); n {
	case 0:
		return text + ", as they were stored"
	default:
		return text + "; " + words.Count(n, "thing") + " said otherwise than when the run was stored"
	}
}

// Words say a difference in one sentence.
func (d Difference) Words() string {
	was, is := d.Was, d.Is
	if was == "" {
		was = "nothing"
	}
	if is == "" {
		is = "nothing"
	}
	return d.where() + " was " + was + "; is " + is
}

func (d Difference) where() string {
	if d.Scenario == "" {
		return d.Check
	}
	return d.Scenario + ", " + d.Check
}

// Words say what stands as it was stored, and why.
func (u Unjudged) Words() string {
	what := "the server as a whole"
	switch {
	case u.Scenario != "" && u.Check != "":
		what = u.Scenario + ", " + u.Check
	case u.Scenario != "":
		what = u.Scenario
	}
	return what + ": " + u.Why
}

// again adds what a second judgement of a kept run came to.
func (s *view) again() error {
	a := s.doc.Again
	if a == nil {
		return nil
	}
	s.heading(a.Words())
	for _, d := range a.Differences {
		s.item(inset, inset+18, yellow, d.Server+":", d.Words())
	}
	if len(a.Kept) > 0 {
		s.heading("not judged again, and so as it was stored")
		for _, u := range a.Kept {
			s.item(inset, inset+18, "", u.Server+":", u.Words())
		}
	}
	return nil
}

// again is the same in Markdown.
func (m *markdown) again(d *Document) {
	if d.Again == nil {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\n", screen.MarkdownText(d.Again.Words()))
	for _, x := range d.Again.Differences {
		fmt.Fprintf(&b, "* **%s**: %s\n", screen.MarkdownText(x.Server), screen.MarkdownText(x.Words()))
	}
	for _, x := range d.Again.Kept {
		fmt.Fprintf(&b, "* %s: as it was stored: %s\n", screen.MarkdownText(x.Server), screen.MarkdownText(x.Words()))
	}
	m.add("the second judgement", b.String())
}
