package drive

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios/audit"
)

// AskedAudit is what a run tries beside its scenarios, and who it says that it is.
type AskedAudit struct {
	All   bool
	Allow []string
	Name  string // of the client, or name/version
	Agent string // User-Agent

	Executions string // tool or page that tells how many calls were carried out
	Restart    string // command that restarts the server
	Keeps      bool   // that counters are kept across it is promised
	BudgetFlag string // what changes the budget; empty: --budget

	attempts []string // those that --scenario names, or another flag implies
}

// Wanted reports if anything is to be tried.
func (a *AskedAudit) Wanted() bool { return a.All || len(a.attempts) > 0 }

// split takes the names of attempts out of those of scenarios.
func (a *AskedAudit) split(names []string) (rest []string) {
	for _, name := range names {
		if _, ok := audit.Named(name); ok {
			a.attempts = append(a.attempts, name)
		} else {
			rest = append(rest, name)
		}
	}
	return rest
}

// present gives jobs the name under which they speak.
func (a *AskedAudit) present(jobs []Job) error {
	if a.Agent != "" && strings.ContainsFunc(a.Agent, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Errorf("--user-agent %q holds what no header can", a.Agent)
	}
	for i := range jobs {
		o := &jobs[i].Options
		if a.Name != "" {
			name, version, _ := strings.Cut(a.Name, "/")
			o.Name, o.Version = name, cmp.Or(version, o.Version)
		}
		if a.Agent != "" {
			if o.Header.Get("User-Agent") != "" {
				return errors.New("--user-agent and --header both say the User-Agent")
			}
			if o.Header = o.Header.Clone(); o.Header == nil {
				o.Header = http.Header{}
			}
			o.Header.Set("User-Agent", a.Agent)
		}
	}
	return nil
}

// audits gives jobs their audit, where one is asked for.
func (a *Asked) audits(jobs []Job) error {
	f := &a.Audit
	if !f.Wanted() {
		if len(f.Allow) > 0 {
			return hint.New(errors.New("--allow is of an audit, and there is none"), "add --audit, or name an "+
				"attempt with --scenario: "+strings.Join(audit.Names(), ", "))
		}
		return nil
	}
	// all, unless some are named
	one := Audit{Names: f.attempts, Allow: f.Allow, Counter: f.Executions, Kept: f.Keeps}
	most, err := invoked.ParseBudget(a.Laws.Budget, invoked.Budget{Time: audit.DefaultTime, Calls: math.MaxInt})
	if err != nil {
		return err
	}
	one.Budget.Time, one.Budget.Flag = most.Time, f.BudgetFlag
	if most.Calls < math.MaxInt {
		one.Budget.Calls = most.Calls
	}
	for _, name := range f.Allow {
		if !slices.ContainsFunc(audit.Attempts(), func(t audit.Attempt) bool { return t.Allow && t.Name == name }) {
			return hint.New(fmt.Errorf("--allow %q is nothing that has to be allowed", name),
				"there are flood and forgery")
		}
	}
	for i := range jobs {
		own := one
		jobs[i].Restart.Command = f.Restart
		if !f.countedByPage() {
			jobs[i].Mock.Counter = f.Executions
		} else if jobs[i].CounterURL, own.Counter = f.Executions, audit.Page; jobs[i].Kind == target.Mock {
			return hint.New(errors.New("--executions-from asks a page of the server's, and a mock has none"),
				"name its tool: --executions-from executions")
		}
		jobs[i].Audit = &own
	}
	return nil
}

// countedByPage reports if a page, and no tool, says how many calls were carried out.
func (a *AskedAudit) countedByPage() bool {
	return strings.HasPrefix(a.Executions, "http://") || strings.HasPrefix(a.Executions, "https://")
}

// impliedAttempts has a run try what a flag alone asks for: several urls, a counter and a
// restart.
func (a *Asked) impliedAttempts() error {
	f, s := &a.Audit, a.Server
	for i, u := range s.Replicas {
		if u == "" || slices.Contains(append([]string{s.URL}, s.Replicas[:i]...), u) {
			return hint.New(errors.New("--url names the same endpoint twice, or none"), "each --url is another way "+
				"to what shares one limit")
		}
		if p, err := url.Parse(u); err != nil || p.Host == "" {
			return errors.New("a --url is no address of an endpoint")
		}
	}
	if f.Executions != "" && f.Executions == s.Tool {
		return hint.New(errors.New("--executions-from and --tool name the same tool"), "one is called, the other "+
			"tells how often")
	}
	f.imply("executions", f.Executions != "")
	f.imply("restart", f.Restart != "")
	if f.Keeps && !f.Wanted() {
		return hint.New(errors.New("--restart-keeps is of a restart, and there is none"), "add --restart CMD, or "+
			"--scenario restart for a server that mcpload starts")
	}
	f.imply("replicas", len(s.Replicas) > 0)
	return nil
}

// imply has an attempt made, where a flag asks for it and nothing else does.
func (a *AskedAudit) imply(attempt string, asked bool) {
	if asked && !a.All && !slices.Contains(a.attempts, attempt) {
		a.attempts = append(a.attempts, attempt)
	}
}

// PlanAudit adds what is tried to a job that is only planned, and returns what there is to
// say of it.
func (j *Job) PlanAudit() (lines []string) {
	if j.Audit == nil {
		return nil
	}
	transport := j.Options.Transport
	if j.Kind == target.Mock && transport == wire.Auto {
		transport = wire.HTTP
	}
	plan := j.AddAudit(transport)
	for _, line := range plan.Listed {
		lines = append(lines, "audit: "+line)
	}
	for _, l := range plan.Left {
		lines = append(lines, l.String())
	}
	return lines
}
