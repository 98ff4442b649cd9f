package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/olekukonko/tablewriter"
	"golang.org/x/term"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
)

// runAll judges every job at the same time, but live servers one after the
// other, and fills the document in. It
// returns an error where the only server could not be used.
func (a *app) runAll(ctx context.Context, jobs []job, doc *results.Document) (map[string][]history.Call, error) {
	p := a.newProgress("mcpload run · " + words.Count(len(jobs), "server"))
	stop := p.start(ctx)
	outcomes := make([]outcome, len(jobs))
	var work sync.WaitGroup
	for i, j := range jobs {
		one := func() { outcomes[i] = j.run(ctx, p, a.drain) }
		switch {
		case j.Live == nil:
			work.Go(one)
		case a.draining():
			outcomes[i].server = j.describe()
			outcomes[i].server.Error = "not started: the run was interrupted"
		default: // they are real processes, and would take each other's processors
			one()
		}
	}
	work.Wait()
	stop()
	histories := map[string][]history.Call{}
	usable := 0
	for i, o := range outcomes {
		doc.Servers = append(doc.Servers, o.server)
		histories[jobs[i].Profile.Name] = o.calls
		if o.server.Error == "" {
			usable++
		}
	}
	doc.Finish()
	if usable == 0 && len(outcomes) == 1 {
		s := outcomes[0].server
		return histories, hint.New(errors.New(s.Error), s.Hint)
	}
	return histories, nil
}

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
func (a *app) printPlan(jobs []job, format string) error {
	for _, j := range jobs {
		if j.laws != nil {
			if err := j.printLaws(a.stdout); err != nil {
				return err
			}
			continue
		}
		plan := j.plan(j.planned())
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
func planTable(w io.Writer, j job, plan []history.Arrival) error {
	table := tablewriter.NewWriter(w)
	table.Header("scenario", "calls", "from", "to", "what is sent")
	for _, s := range j.scenarios {
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
func writePlan(w io.Writer, j job, plan []history.Arrival) error {
	calls := make([]plannedCall, len(plan))
	for i, a := range plan {
		calls[i] = plannedCall{int64(a.Due), a.Label, a.Client, a.Method, a.Tool}
	}
	return json.NewEncoder(w).Encode(map[string]any{
		"schema": "mcpload.plan/v1", "server": j.Profile.Name, "seed": j.Seed,
		"limit": results.LimitOf(j.Profile.Limit), "calls": calls,
	})
}

func round(d time.Duration) string { return d.Round(10 * time.Millisecond).String() }
