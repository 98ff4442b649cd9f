package compare

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/screen"
)

// JSON writes the report's document.
func (r *Report) JSON(w io.Writer) error { return results.WriteJSON(w, r) }

// Table writes a report for people.
func (r *Report) Table(w io.Writer) error {
	var b strings.Builder
	wide := screen.Columns(w)
	fmt.Fprintf(&b, "%s\n", r.Headline())
	for _, reason := range r.Reasons {
		fmt.Fprintf(&b, "  - %s\n", reason)
	}
	fmt.Fprintf(&b, "base: %s\nnew:  %s\n", JoinNames(r.Base), JoinNames(r.New))
	for _, d := range r.Decisions {
		fmt.Fprintf(&b, "demand %s on %s: %s (%s)\n", d.Demand, d.Server,
			map[Outcome]string{Fine: "kept", Regression: "not kept", Undecided: "undecided"}[d.Outcome], d.Saw)
	}
	for i := range r.Servers {
		r.Servers[i].table(&b, wide)
	}
	if len(r.Notes) > 0 {
		b.WriteString("\nworth knowing\n")
		for _, n := range r.Notes {
			fmt.Fprintf(&b, "  - %s\n", n)
		}
	}
	if slices.ContainsFunc(r.Servers, func(s Server) bool { return !s.ofConform }) {
		b.WriteString(r.howSure())
	}
	_, err := io.WriteString(w, screen.Fold(b.String(), wide))
	return err
}

// howSure says what is needed for figures, and what their signs mean.
func (r *Report) howSure() string {
	least := make([]string, len(shown))
	for i, q := range shown {
		least[i] = fmt.Sprintf("%d for %s", r.Needed[q], q)
	}
	return fmt.Sprintf("\n~ nothing can be said; in [ ] how much it changed, at %g %% confidence for all together.\nA "+
		"side needs %s admitted calls. Noise is %s; seed %d\n",
		100*Confidence, strings.Join(least, ", "), ms(r.NoiseMS), r.Seed)
}

// Headline is what the comparison comes to, in a line.
func (r *Report) Headline() string {
	switch r.Outcome {
	case Regression:
		return fmt.Sprintf("regression: %s", words.Count(len(r.Reasons), "thing"))
	case Undecided:
		return fmt.Sprintf("undecided: %s", words.Count(len(r.Reasons), "thing"))
	}
	return fmt.Sprintf("no regression in %s", words.Count(len(r.Servers), "server"))
}

func (s *Server) table(b *strings.Builder, wide int) {
	fmt.Fprintf(b, "\n%s: %s\n", s.Server, s.Verdict)
	if s.ofConform {
		s.rowTable(b)
		return
	}
	for _, l := range s.Laws {
		switch {
		case l.Proven:
			fmt.Fprintf(b, "law moved: %s: %s → %s\n", l.Law, l.Base, l.New)
		default:
			fmt.Fprintf(b, "law %s: %s → %s ~\n", l.Law, l.Base, l.New)
		}
	}
	switch m := s.Measured; {
	case len(s.Laws) > 0 || s.ofLoad(): // no bucket is measured
	case m.Proven:
		fmt.Fprintf(b, "measured moved: %s → %s (no token bucket fits both)\n", m.Base, m.New)
	case m.Why != "":
		fmt.Fprintf(b, "measured ~ (%s)\n", m.Why)
	default:
		fmt.Fprintf(b, "measured %s → %s ~\n", m.Base, m.New)
	}
	if len(s.Rows) == 0 {
		return
	}
	s.latencies(b, wide)
	for _, why := range s.whys() {
		fmt.Fprintf(b, "  ~ %s\n", why)
	}
}

// ofLoad reports if no run of the server was of a promise, but of load.
func (s *Server) ofLoad() bool {
	return len(s.Measured.base)+len(s.Measured.now) == 0 && len(s.Rows) > 0 &&
		!slices.ContainsFunc(s.Rows, func(r Row) bool { return r.Scenario != "load" })
}

// latencies has a row a scenario, or on a narrow terminal a line a figure.
func (s *Server) latencies(b *strings.Builder, wide int) {
	sheet := screen.Sheet{Header: []string{"scenario", "verdict", "admitted", "distribution"}}
	for _, q := range shown {
		sheet.Header = append(sheet.Header, q+" ms")
	}
	for _, row := range s.Rows {
		v := "-"
		if row.Verdict != nil {
			v = row.Verdict.String()
		}
		cells := []string{row.name(), v, fmt.Sprintf("%d, %d", row.N[0], row.N[1]), row.distribution()}
		for _, d := range row.Quantiles {
			cells = append(cells, d.String())
		}
		sheet.Rows = append(sheet.Rows, cells)
	}
	var lines strings.Builder
	t := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{sheet.Header}, sheet.Rows...) {
		fmt.Fprintln(t, "  "+strings.Join(row, "\t"))
	}
	_ = t.Flush() // a strings.Builder takes everything
	if slices.ContainsFunc(strings.Split(lines.String(), "\n"), func(l string) bool {
		return wide > 0 && screen.Wide(l) > wide
	}) {
		lines.Reset()
		_ = sheet.TableIn(&lines, wide) // as above
	}
	b.WriteString(lines.String())
}

// whys are why nothing is said of what looks as if it had changed, and of what isn't known
// whole. How many calls a quantile needs stands below all servers.
func (s *Server) whys() []string {
	set := map[string]bool{}
	for _, row := range s.Rows {
		for _, d := range row.Quantiles {
			switch {
			case d.Why == lost || d.Why == noisy:
				set[d.Why] = true
			case d.Why != "" && d.Lo != nil:
				set[fmt.Sprintf("%s of %s: %s", d.Quantile, row.called(), d.Why)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func (row *Row) distribution() string {
	switch {
	case row.P == nil:
		return "~"
	case row.Changed && *row.P < 0.001:
		return "changed (p<0.001)"
	case row.Changed:
		return fmt.Sprintf("changed (p=%.3f)", *row.P)
	}
	return fmt.Sprintf("~ (p=%.3f)", *row.P)
}

// String says a quantile's change: "1.23 → 4.56 +270% [+3.1, +3.6]".
func (d Delta) String() string {
	if d.Lo == nil {
		if d.Base == 0 && d.New == 0 {
			return "~"
		}
		return fmt.Sprintf("%.3g → %.3g ~", d.Base, d.New)
	}
	text := fmt.Sprintf("%.3g → %.3g", d.Base, d.New)
	if !d.Changed {
		return text + fmt.Sprintf(" ~ [%+.3g, %+.3g]", *d.Lo, *d.Hi)
	}
	if d.Base > 0 {
		text += fmt.Sprintf(" %+.0f%%", 100*(d.New/d.Base-1))
	}
	return text + fmt.Sprintf(" [%+.3g, %+.3g]", *d.Lo, *d.Hi)
}

// ms says milliseconds to about three figures.
func ms(x float64) string { return words.Span(time.Duration(x * 1e6)) }
