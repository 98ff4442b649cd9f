package results

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// A Start is what became of one start of a server, in the start-up scenario.
type Start struct {
	Case     string   `json:"case"`              // such as "placeholder"
	Env      string   `json:"env,omitempty"`     // the variable that the case is about; empty for a good start
	Format   string   `json:"format,omitempty"`  // which of the provider's formats, where the case has several
	Expected string   `json:"expected"`          // "serve", "refuse" or "either"
	Did      string   `json:"did"`               // "served", "refused", "hung" or "not made"
	Exit     string   `json:"exit,omitempty"`    // how it ended, such as "exit status 1"
	AfterMS  float64  `json:"after_ms"`          // until it answered, or ended, or was given up
	Says     []string `json:"says,omitempty"`    // what a refusal says: "variable", "format", "traceback"
	Message  string   `json:"message,omitempty"` // the line of a refusal that tells the most, its secrets veiled
	// where a credential showed: "output", "reply", "log", "command line"
	Leaked  []string        `json:"leaked,omitempty"`
	Verdict verdict.Verdict `json:"verdict"` // of what it did, by itself
}

// notMade is what a start did that was planned and left out.
const notMade = "not made"

// startChecks are the checks of the start-up scenario, and how a headline says
// that one fails.
var startChecks = []struct{ check, says string }{
	{"refuses", "it serves, or hangs, with a bad credential"},
	{"starts", "it refuses a good credential"},
	{"no-leak-output", "it prints credentials"},
	{"no-leak-reply", "it answers with credentials"},
	{"no-leak-log", "it logs credentials"},
	{"no-leak-command-line", "it shows credentials on a command line"},
	{"exit-status", "its exit status lies"},
	{"honest-readiness", "it claims what isn't so"},
	{"names-variable", "its refusals don't name the variable"},
	{"names-format", "its refusals don't say the format"},
	{"no-traceback", "its refusals are stack traces"},
	{"clean-stdout", "it writes on stdout what is no MCP"},
}

// misstarts says in which ways a server starts wrongly; empty where it doesn't.
func (v *Server) misstarts() string {
	var list []string
	for _, c := range startChecks {
		if slices.ContainsFunc(v.Scenarios, func(sc Scenario) bool {
			return len(sc.Starts) > 0 && sc.failed(c.check)
		}) {
			list = append(list, c.says)
		}
	}
	if len(list) > 3 {
		list = append(list[:3], fmt.Sprintf("%d more", len(list)-3))
	}
	return words.And(list)
}

func (s Scenario) failed(check string) bool {
	return slices.ContainsFunc(s.Findings, func(f Finding) bool {
		return f.Check == check && f.Verdict == verdict.Fail
	})
}

// neverServed reports if no start served that should have.
func (s *Server) neverServed() bool {
	good, served := 0, 0
	for _, sc := range s.Scenarios {
		for _, start := range sc.Starts {
			if start.Expected == "serve" && start.Did != notMade {
				good++
				if start.Did == "served" {
					served++
				}
			}
		}
	}
	return good > 0 && served == 0
}

// startsOnly reports if a document is about starts and nothing else: then there
// is no limit to speak of, and no traffic.
func (d *Document) startsOnly() bool {
	some := false
	for _, v := range d.Servers {
		for _, sc := range v.Scenarios {
			if len(sc.Starts) == 0 {
				return false
			}
			some = true
		}
	}
	return some
}

// withStarts reports if a scenario is about starts.
func withStarts(s Scenario) bool { return len(s.Starts) > 0 }

// starts adds the matrix of every server's starts: one table a variable, and
// where there are several servers, of those that didn't pass.
func (s *view) starts() error {
	if len(s.doc.Servers) > 1 && s.doc.startsOnly() {
		s.blank()
		if err := s.doc.startSummary().draw(s.page); err != nil {
			return err
		}
	}
	for _, v := range s.doc.Servers {
		for _, sc := range v.Scenarios {
			if !withStarts(sc) || len(s.doc.Servers) > 1 && sc.Verdict == verdict.Pass && !s.verbose {
				continue
			}
			vars, by := byVariable(sc.Starts)
			for _, name := range vars {
				title := v.Server + ": starts"
				switch {
				case len(vars) > 1 && name == "":
					title += ", all credentials good"
				case name != "":
					title += ", by " + name
				}
				s.heading(title)
				if err := startGrid(by[name]).draw(s.page); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// startSummary has a row a server.
func (d *Document) startSummary() *grid {
	g := &grid{header: []string{"server", "starts", "verdict"}}
	for i := range d.Servers {
		v := &d.Servers[i]
		made := 0
		for _, sc := range v.Scenarios {
			for _, st := range sc.Starts {
				if st.Did != notMade {
					made++
				}
			}
		}
		g.rows = append(g.rows, []cell{{text: v.Server}, {text: fmt.Sprint(made), right: true},
			{text: v.Verdict.String(), sgr: colorOf(v.Verdict)}})
	}
	return g
}

// byVariable sorts starts by the variable that they are about. Where there is
// only one, the good starts go with it.
func byVariable(list []Start) (vars []string, by map[string][]Start) {
	by = map[string][]Start{}
	for _, st := range list {
		if by[st.Env] == nil {
			vars = append(vars, st.Env)
		}
		by[st.Env] = append(by[st.Env], st)
	}
	if len(vars) <= 2 {
		last := vars[len(vars)-1]
		return []string{last}, map[string][]Start{last: list}
	}
	return vars, by
}

// startGrid has a row a start.
func startGrid(list []Start) *grid {
	g := &grid{header: []string{"", "case", "should", "did", "after", "exit", "its message names", "leaked"}}
	for _, st := range list {
		g.rows = append(g.rows, []cell{
			{text: st.mark(), sgr: colorOf(st.Verdict)}, {text: st.name(), stiff: true}, {text: st.Expected},
			{text: st.Did, stiff: true},
			{text: words.Dash(st.after()), right: true, stiff: true},
			{text: words.Dash(strings.TrimPrefix(st.Exit, "exit status "))},
			{text: words.Dash(st.says())}, {text: words.Dash(strings.Join(st.Leaked, ", ")), sgr: leakColor(st)},
		})
	}
	return g
}

// name is the case, and its format where it has several.
func (st Start) name() string {
	if st.Format == "" {
		return st.Case
	}
	return st.Case + "\n(" + st.Format + ")"
}

// mark is the row's verdict, short; nothing where nothing was demanded.
func (st Start) mark() string {
	switch {
	case st.Did == notMade:
		return "?"
	case st.Expected == "either" && st.Verdict == verdict.Pass:
		return ""
	case st.Verdict == verdict.Inconclusive:
		return "?"
	}
	return st.Verdict.String()
}

func (st Start) after() string {
	if st.Did == notMade {
		return ""
	}
	return ms(st.AfterMS)
}

// says is what a refusal names; of what it should name and doesn't, "no …".
func (st Start) says() string {
	if st.Did != "refused" {
		return ""
	}
	var list []string
	for _, what := range []string{"variable", "format"} {
		if st.Env == "" {
			break // nothing was at fault that it could have named
		}
		if slices.Contains(st.Says, what) {
			list = append(list, what)
		} else {
			list = append(list, "no "+what)
		}
	}
	if slices.Contains(st.Says, "traceback") {
		list = append(list, "stack trace")
	}
	return strings.Join(list, ", ")
}

func leakColor(st Start) string {
	if len(st.Leaked) > 0 {
		return red
	}
	return ""
}
