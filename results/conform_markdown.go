package results

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/results/screen"
	"github.com/mcpload/mcpload/verdict"
)

// conformed adds what came of conformance: a line a revision, and each breach, those that are demanded
// most strongly first.
func (m *markdown) conformed(d *Document) {
	word, says := d.Headline()
	m.add("the headline", fmt.Sprintf("## mcpload: %s\n\n%s\n", word, screen.MarkdownText(says)))
	for i := range d.Servers {
		s := &d.Servers[i]
		var b strings.Builder
		fmt.Fprintf(&b, "\n### %s: %s\n\n| MCP | verdict | MUST not kept | other demands not kept | known | kept | "+
			"not testable | not tried |\n|---|---|---|---|---|---|---|---|\n", screen.MarkdownText(s.Server), s.Verdict)
		for _, sc := range s.Scenarios {
			n := sc.Conform.tally()
			fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d | %d | %d |\n", sc.Conform.Protocol, badges[sc.Verdict],
				n[RowFail], n["weak"], n["known"], n[RowPass], n[RowNotTestable], n["untried"])
		}
		m.add("the revisions of "+s.Server, b.String())
		rows := s.conformRows(RowFail)
		slices.SortStableFunc(rows, func(a, b conformRow) int { return a.rank()%4 - b.rank()%4 })
		for _, r := range rows {
			m.add(r.ID+" of "+s.Server, r.markdown())
		}
		for _, sc := range s.Scenarios {
			if sc.Conform.Ended != "" && sc.Verdict == verdict.Inconclusive {
				m.add("why it ended", fmt.Sprintf("\nMCP %s: %s\n", sc.Conform.Protocol,
					screen.MarkdownText(sc.Conform.Ended)))
			}
		}
	}
}

// markdown is a breach, with what sends it again.
func (r *conformRow) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n- **%s %s** in %s: the server %s (%s)\n  - saw: %s\n", r.Level, r.ID, strings.Join(r.in, ", "),
		screen.MarkdownText(r.Says), screen.MarkdownText(r.Section), screen.MarkdownText(r.Saw))
	if r.Known != "" {
		fmt.Fprintf(&b, "  - known: %s\n", screen.MarkdownText(r.Known))
	}
	for _, e := range r.Exchanges {
		if e.Line != "" {
			fmt.Fprintf(&b, "  - again: %s\n", screen.MarkdownCode(e.Line))
		}
	}
	return b.String()
}
