package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/olekukonko/tablewriter"
	"golang.org/x/term"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// tableOptions fits the table to where it goes.
func (a *app) tableOptions(output string, verbose bool, histories map[string][]history.Call) results.TableOptions {
	o := results.TableOptions{Width: 100, Verbose: verbose, Histories: histories, ASCII: !utf8Locale()}
	if file, ok := a.stdout.(*os.File); ok && (output == "-" || output == "") && term.IsTerminal(int(file.Fd())) {
		if w, _, err := term.GetSize(int(file.Fd())); err == nil && w > 40 {
			o.Width = w
		}
		o.Color = os.Getenv("NO_COLOR") == ""
	}
	return o
}

// utf8Locale reports if what is printed may go beyond ASCII: yes, unless the
// locale says otherwise. Containers and CI often set none.
func utf8Locale() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToUpper(os.Getenv(name)); value != "" {
			return strings.Contains(value, "UTF-8") || strings.Contains(value, "UTF8")
		}
	}
	return true
}

// printPlan prints what would be sent, and sends nothing.
func (a *app) printPlan(jobs []drive.Job, format string) error {
	for _, j := range jobs {
		if j.Laws != nil {
			if err := printLaws(a.stdout, &j); err != nil {
				return err
			}
			continue
		}
		a.plannedAudit(&j)
		plan := j.Own(j.Plan(j.Planned()))
		if format == "json" {
			if err := writePlan(a.stdout, j, plan); err != nil {
				return err
			}
			continue
		}
		l := j.Profile.Limit
		what := j.Profile.Call.Method
		if tool := j.Profile.Call.Tool; tool != "" {
			what += " " + tool
		}
		fmt.Fprintf(a.stdout, "%s: %g/s burst %d, scope %s; each call is %s; seed %d\n",
			j.Profile.Name, l.Rate, l.Burst, l.Scope, what, j.Seed)
		if err := planTable(a.stdout, j, plan); err != nil {
			return err
		}
	}
	return nil
}

// planTable has a row a scenario.
func planTable(w io.Writer, j drive.Job, plan []history.Arrival) error {
	table := tablewriter.NewWriter(w)
	table.Header("scenario", "calls", "from", "to", "what is sent")
	for _, s := range j.Scenarios {
		var n int
		var from, to time.Duration
		for _, a := range plan {
			if a.Label == s.Name {
				if n == 0 {
					from = a.Due
				}
				n, to = n+1, a.Due
			}
		}
		if err := table.Append(s.Name, n, round(from), round(to), s.Doc); err != nil {
			return err
		}
	}
	return table.Render()
}

// A plannedCall is one line of a plan in JSON.
type plannedCall struct {
	DueNS    int64  `json:"due_ns"`
	Scenario string `json:"scenario"`
	Client   string `json:"client"`
	Method   string `json:"method"`
	Tool     string `json:"tool,omitempty"`
}

// writePlan prints one plan as a JSON document (schema mcpload.plan/v1).
func writePlan(w io.Writer, j drive.Job, plan []history.Arrival) error {
	calls := make([]plannedCall, len(plan))
	for i, a := range plan {
		calls[i] = plannedCall{int64(a.Due), a.Label, a.Client, a.Method, a.Tool}
	}
	return json.NewEncoder(w).Encode(planJSON{Schema: "mcpload.plan/v1", Server: j.Profile.Name, Seed: j.Seed,
		Limit: results.LimitOf(j.Profile.Limit), Calls: calls})
}

func round(d time.Duration) string { return d.Round(10 * time.Millisecond).String() }

// judged judges the jobs as often as asked for and merges what every run said.
func (a *app) judged(ctx context.Context, f *runFlags, jobs []drive.Job) (*results.Document, drive.Histories, error) {
	p := a.newProgress("mcpload run · " + words.Count(len(jobs), "server"))
	for i := range jobs {
		beside(ctx, &jobs[i].Settle, p, jobs[i].Profile.Name)
	}
	defer p.start(ctx)()
	histories := drive.Histories{}
	doc, err := mcpload.Run(ctx, mcpload.Config{Prepared: jobs, Seed: f.seed, Repeat: f.repeat, Observer: p, Drain: a.drain,
		Histories: func(server string, calls []history.Call) { histories[server] = calls }})
	if err != nil {
		return nil, nil, spoken(err)
	}
	doc.Version = version()
	return doc, histories, nil
}

// draining reports if the run was interrupted.
func (a *app) draining() bool {
	select {
	case <-a.drain:
		return true
	default:
		return false
	}
}

// readQuarantine reads the list of known findings, where there is one.
func readQuarantine(name string) (results.Quarantine, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--quarantine: %w", err)
	}
	defer file.Close() // it was only read
	return results.ReadQuarantine(file, filepath.Base(name), time.Now())
}
