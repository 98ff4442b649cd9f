package page

import (
	"io"
	"strings"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// A probed is the page of a probe.
type probed struct {
	shell
	Badge, Word, Says string
	Facts             [][2]string
	Found             []answer
	Top, Below        []chart
	Costs             table
	Missing           string // why there are no charts of the calls
}

// An answer is what a probe says of one thing.
type answer struct {
	Name  string
	Texts []string
}

// probedWords are the badges: a probe judges nobody, so that none is a pass or a fail.
var probedWords = map[string]string{results.ProbeMeasured: "measured", results.ProbeOther: "found",
	results.ProbeNoLimit: "no limit seen", results.ProbeUnfinished: "unfinished"}

// Probe writes what a probe found as one page that needs nothing beside it. Without calls
// it has no charts of them. With links to other pages of the same server they stand on top.
func Probe(w io.Writer, p *results.Probed, calls []history.Call, nav []Link) error {
	v := &probed{Says: p.Headline(), Word: probedWords[p.Result]}
	if p.Result == results.ProbeUnfinished || p.Untold {
		v.Badge = "inconclusive"
	}
	v.shell = newShell("mcpload: probe of "+p.Server, nav)
	for _, f := range [][2]string{{"reached by", p.Target.Transport}, {"MCP", p.Target.Protocol},
		{"address", p.Target.URL}, {"label", p.Target.OwnLabel()}, {"mcpload", p.Version}} {
		if f[1] != "" {
			v.Facts = append(v.Facts, f)
		}
	}
	v.answers(p)
	if p.Measured != nil {
		v.Top = append(v.Top, newBox("box", &results.Server{Measured: p.Measured}))
	}
	v.charts(calls)
	return execute(w, "probe", v)
}

// charts draws what was waited for, where there are calls.
func (v *probed) charts(calls []history.Call) {
	if len(calls) == 0 {
		v.Missing = "The calls of this probe weren't kept, so there are no charts of them."
		return
	}
	x := span(calls)
	if waits, ok := newWaiting(calls, x); ok {
		v.Top = append(v.Top, waits.distribution("spread"))
		v.Below = append(v.Below, waits.overTime("wait", (&timeline{x: x}).clock(5)))
	}
}

// answers puts what the probe says of one thing together; what requests cost is a table.
func (v *probed) answers(p *results.Probed) {
	costs := false
	for _, l := range p.Lines() {
		switch {
		case l.Name == "costs":
			costs = true
			v.Costs = table{Caption: "What a request costs", Said: true,
				Head: []string{"request", "costs", "seen from"}, Rows: p.CostRows()}
		case l.Name != "" && (len(v.Found) == 0 || v.Found[len(v.Found)-1].Name != l.Name):
			costs = false
			v.Found = append(v.Found, answer{l.Name, []string{strings.TrimSpace(l.Text)}})
		case !costs:
			last := &v.Found[len(v.Found)-1]
			last.Texts = append(last.Texts, strings.TrimSpace(l.Text))
		}
	}
}
