package results

import (
	"fmt"
	"io"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results/screen"
	"github.com/mcpload/mcpload/verdict"
)

// SummaryLimit is how many bytes a CI step summary may have: GitHub refuses one
// that is longer.
const SummaryLimit = 1 << 20

// Markdown writes a finished document in GitHub's Markdown, for a CI step
// summary: the verdict in words, a row a server, the reason and proof of every
// fail and of what could not be told, and what to do. What would make it longer
// than SummaryLimit is left out from the end, server by server, and the text says
// so. It fails with ErrUnfinished where Finish wasn't called.
func Markdown(w io.Writer, d *Document) error {
	if d.Schema != Schema {
		return ErrUnfinished
	}
	m := &markdown{limit: SummaryLimit}
	if d.conforms() {
		m.conformed(d)
	} else {
		m.head(d)
		for i := range d.Servers {
			m.server(&d.Servers[i])
		}
	}
	m.again(d)
	m.foot(d)
	_, err := io.WriteString(w, m.b.String())
	return err
}

// markdown is a text with a limit. Pieces are added as wholes, so that what is
// cut off never leaves half a table.
type markdown struct {
	b     strings.Builder
	limit int
	left  []string // what there was no room for
}

// reserve is kept free for the last lines.
const reserve = 4096

// add adds a piece, or notes its name where there is no room.
func (m *markdown) add(name, piece string) {
	if len(m.left) > 0 || m.b.Len()+len(piece) > m.limit-reserve {
		m.left = append(m.left, name)
		return
	}
	m.b.WriteString(piece)
}

var badges = map[verdict.Verdict]string{verdict.Pass: "✅ pass", verdict.Fail: "❌ fail",
	verdict.Inconclusive: "❔ inconclusive"}

func (m *markdown) head(d *Document) {
	word, says := d.Headline()
	m.add("the headline", fmt.Sprintf("## mcpload: %s\n\n%s\n", word, screen.MarkdownText(says)))
	if len(d.Servers) == 0 {
		return
	}
	m.add("the header", "\n| server | verdict | limit | measured rate, burst | scenarios | admitted p50/p99 ms "+
		"|\n|---|---|---|---|---|---|\n")
	for i := range d.Servers {
		s := &d.Servers[i]
		badge := badges[s.Verdict]
		if s.idle() {
			badge = "⚠️ could not run"
		}
		if s.Flaky {
			badge += ", flaky"
		}
		latency := "-"
		if q := s.Waited(); q.N > 0 {
			latency = fmt.Sprintf("%s/%s of %d", milli(q.P50), milli(q.P99), q.N)
		}
		m.add("the row of "+s.Server, fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", screen.MarkdownText(s.Server),
			badge,
			screen.MarkdownText(s.Promised()), screen.MarkdownText(strings.ReplaceAll(s.box(), "\n", ", ")),
			screen.MarkdownText(strings.ReplaceAll(strings.TrimSpace(s.summary()), "\n", ", ")), latency))
	}
	for i := range d.Servers {
		m.laws(&d.Servers[i])
	}
}

// laws adds a row for each of the laws that a server was held to, where those are several,
// and says where they were read.
func (m *markdown) laws(s *Server) {
	if len(s.Laws) < 2 {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(lawHeader, " | "), strings.Repeat("---|", len(lawHeader)))
	for _, l := range s.Laws {
		for _, text := range l.row() {
			fmt.Fprintf(&b, "| %s ", screen.MarkdownText(text))
		}
		b.WriteString("|\n")
	}
	if s.PromiseSource != "" && s.PromiseSource != typed {
		fmt.Fprintf(&b, "\nThe laws of %s were read from %s.\n", screen.MarkdownText(s.Server),
			screen.MarkdownText(s.PromiseSource))
	}
	m.add("the laws of "+s.Server, b.String())
}

// server adds what there is to say of a server that didn't simply pass.
func (m *markdown) server(s *Server) {
	if s.Verdict == verdict.Pass {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s: %s\n", screen.MarkdownText(s.Server), s.Verdict)
	if s.Error != "" {
		fmt.Fprintf(&b, "\n%s\n", screen.MarkdownText(s.Error))
		if s.Hint != "" {
			fmt.Fprintf(&b, "\n%s\n", screen.MarkdownText(s.Hint))
		}
	}
	for _, v := range []verdict.Verdict{verdict.Fail, verdict.Inconclusive} {
		for _, p := range s.Found(v) {
			known := ""
			if p.Quarantined {
				known = ", known and in quarantine"
			}
			fmt.Fprintf(&b, "\n- **%s** %s in %s%s\n", screen.MarkdownText(p.Check), v, screen.MarkdownText(p.Scenario),
				known)
			for line := range strings.SplitSeq(p.words(), "\n") {
				fmt.Fprintf(&b, "  - %s\n", screen.MarkdownText(line))
			}
		}
	}
	if next := s.Next(); len(next) > 0 {
		b.WriteString("\n<details><summary>What to do next</summary>\n\n")
		for _, hint := range next {
			fmt.Fprintf(&b, "- %s\n", screen.MarkdownText(hint))
		}
		b.WriteString("\n</details>\n")
	}
	m.add(s.Server, b.String())
}

func (m *markdown) foot(d *Document) {
	if n := len(m.left); n > 0 {
		fmt.Fprintf(&m.b, "\n**Cut short:** there was no room for %s; the JSON document has all of it.\n",
			screen.MarkdownText(mdLimit(words.Few(m.left), reserve/8)))
	}
	fmt.Fprintf(&m.b, "\n<sub>%sstarted %s; mcpload %s%s</sub>\n", d.seedWords(), screen.MarkdownText(d.Started),
		screen.MarkdownText(mdLimit(d.Version, 100)), d.givenClocks())
}

// mdLimit cuts a text, and shows that it did.
func mdLimit(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
