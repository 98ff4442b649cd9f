package compare

import (
	"bytes"
	_ "embed" // the layout of the page
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results/page"
	"github.com/mcpload/mcpload/verdict"
)

//go:embed page.html
var layout string

// mostCharts is how many scenarios of a server are drawn.
const mostCharts = 8

// A view is what the page shows.
type view struct {
	Report     *Report
	Badge      string
	Servers    []drawn
	Confidence int // of all intervals together, in per cent
	Body       template.HTML
}

// A drawn is a server with its charts.
type drawn struct {
	*Server
	Bucket, OfConform bool // a bucket is measured; it is rows of conformance that are compared
	Charts            []template.HTML
	Undrawn           int // scenarios
}

// Badge is the class of the outcome's badge: that of a verdict.
func (o Outcome) Badge() string {
	return map[Outcome]string{Fine: "pass", Regression: "fail", Undecided: "inconclusive"}[o]
}

// Says is the outcome in a sentence.
func (r *Report) Says() string {
	switch r.Outcome {
	case Regression:
		return "The new run is worse"
	case Undecided:
		return "It can't be told if the new run is worse"
	}
	return "No regression is proven"
}

// HTML writes the report as one page that needs nothing beside it.
func (r *Report) HTML(w io.Writer) error {
	body, err := r.Body()
	if err != nil {
		return err
	}
	v := view{Report: r, Badge: r.Outcome.Badge(), Body: body}
	whole, err := v.execute("page")
	if err != nil {
		return err
	}
	return page.Frame(w, "mcpload: "+r.Headline(), nil, whole)
}

// Body is what stands below a page's header: what changed of each server, with both sides'
// distributions of latencies over each other.
func (r *Report) Body() (template.HTML, error) {
	v := view{Report: r, Confidence: int(100 * Confidence)}
	for i := range r.Servers {
		s := &r.Servers[i]
		d := drawn{Server: s, OfConform: s.ofConform, Bucket: !s.ofConform && len(s.Laws) == 0 && !s.ofLoad()}
		for j := range s.Rows {
			row := &s.Rows[j]
			if len(d.Charts) == mostCharts {
				d.Undrawn = len(s.Rows) - j
				break
			}
			html, err := page.OverlayHTML(page.Overlay{ID: fmt.Sprintf("s%d-%d", i+1, j+1), Title: "Latency of " +
				row.called(), Base: row.samples[0].all, New: row.samples[1].all})
			if err != nil {
				return "", err
			}
			if html != "" {
				d.Charts = append(d.Charts, html)
			}
		}
		v.Servers = append(v.Servers, d)
	}
	return v.execute("body")
}

// called is a row's name in a title.
func (r *Row) called() string {
	if r.Scenario == "" {
		return "all scenarios"
	}
	return r.Scenario
}

func (v view) execute(name string) (template.HTML, error) {
	t, err := template.New("compare").Funcs(template.FuncMap{"badge": badge, "join": JoinNames, "dash": words.Dash,
		"noise": ms, "scenario": func(r Row) string { return r.name() },
		"distribution": func(r Row) string { return r.distribution() }, "delta": spanned,
		"whys": func(s *Server) []string { return s.whys() }}).Parse(layout)
	if err != nil {
		return "", fmt.Errorf("internal error: %w", err)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, v); err != nil {
		return "", fmt.Errorf("cannot draw the comparison: %w", err)
	}
	return template.HTML(b.String()), nil
}

func badge(v verdict.Verdict) template.HTML {
	return template.HTML(fmt.Sprintf(`<span class="badge %s">%[1]s</span>`, v))
}

// spanned says a quantile's change with its units and interval, or ~ where nothing is sure.
func spanned(d Delta) string {
	text := fmt.Sprintf("%s → %s", words.Span(time.Duration(d.Base*1e6)), words.Span(time.Duration(d.New*1e6)))
	switch {
	case d.Lo == nil && d.Base == 0 && d.New == 0:
		return "~"
	case d.Lo == nil:
		return text + " ~"
	case d.Changed && d.Base > 0:
		text += fmt.Sprintf(" %+.0f %%", 100*(d.New/d.Base-1))
	case !d.Changed:
		text += " ~"
	}
	return text + fmt.Sprintf(" [%+.3g, %+.3g ms]", *d.Lo, *d.Hi)
}
