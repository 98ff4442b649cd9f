package drive

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// Asked is what a server is tried by, in the words of a command line, whose flags its
// errors name. Most users want Choose, Take and Press, in this order.
type Asked struct {
	Server   *target.Asked
	Rows     []string // by their ids; empty: all
	Strict   bool
	Fault    string // of the mock that is tried
	Under    string
	Restart  string // command for a shell
	Counter  string
	Fuzz     time.Duration
	Budget   string // as a time, or time=D as other budgets are written
	DryRun   bool
	OtherEnv string // variable that holds somebody else's token

	all, own []conform.Row
	part     shard.Part
}

// Choose finds the rows that are asked for.
func (a *Asked) Choose() error {
	a.all = conform.Rows()
	if len(a.Rows) == 0 {
		return nil
	}
	known := a.all
	if a.Under != "" {
		known = slices.Concat(known, conform.LoadRows())
	}
	a.all = nil
	for _, id := range a.Rows {
		k := slices.IndexFunc(known, func(r conform.Row) bool { return strings.EqualFold(r.ID, strings.TrimSpace(id)) })
		if k < 0 {
			return hint.New(fmt.Errorf("--row %q is in no table", id), "mcpload list conform names them all")
		}
		a.all = append(a.all, known[k])
	}
	return nil
}

// Take leaves a part of the rows: of those that send, its own by their index; all those
// that only watch, as each part sends something else.
func (a *Asked) Take(part shard.Part) error {
	a.part, a.own = part, nil
	n := 0
	for _, r := range a.all {
		if r.Watch != nil || part.Owns(n) {
			a.own = append(a.own, r)
		}
		if r.Watch == nil {
			n++
		}
	}
	if !part.Whole() && n < part.Of {
		return fmt.Errorf("--shard: %d rows that send for %d shards: each needs one at least", n, part.Of)
	}
	return nil
}

// Named are the ids of the rows to try; nil: all.
func (a *Asked) Named() (ids []string) {
	if len(a.Rows) > 0 || !a.part.Whole() {
		ids = idsOf(a.own)
	}
	return ids
}

func idsOf(rows []conform.Row) (ids []string) {
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}

// Consistent refuses a server that can't be tried so.
func (a *Asked) Consistent(command []string) error {
	s := a.Server
	switch {
	case s.Protocol != "auto" && !slices.Contains(conform.Revisions(), s.Protocol):
		return fmt.Errorf("--protocol %q is none of auto, %s", s.Protocol, strings.Join(conform.Revisions(), ", "))
	case s.All || len(s.Servers) > 1:
		return errors.New("conform takes one server at a time")
	case a.Fault != "" && (s.URL != "" || len(command) > 0 || s.Live):
		return errors.New("--conform-fault breaks the mock, and this is no mock")
	}
	return nil
}

// Pressed is what is asked of the server beside the rows.
type Pressed struct {
	Under    float64
	Restart  []string
	Fuzz     time.Duration
	Budget   time.Duration
	Seed     uint64
	Baseline results.Baseline
}

// Press is what is asked of the server beside the rows, and what is known of them: of a
// part, what is the part's.
func (a *Asked) Press() (p Pressed, err error) {
	if a.Under != "" {
		if p.Under, err = promise.ParseRate(a.Under); err != nil {
			return p, fmt.Errorf("--under: %w", err)
		}
	}
	if p.Restart, err = a.restarting(p.Under); err != nil {
		return p, err
	}
	if p.Fuzz = a.Fuzz; p.Fuzz < 0 {
		return p, fmt.Errorf("--fuzz %s: want a time such as 60s", a.Fuzz)
	}
	budget, err := invoked.ParseBudget(a.Budget, invoked.Budget{})
	if err != nil {
		return p, err
	}
	p.Budget = budget.Time
	if a.DryRun && (p.Under > 0 || p.Fuzz > 0) {
		return p, errors.New("--dry-run can't list what --under and --fuzz send: it depends on time")
	}
	if p.Fuzz > 0 {
		p.Seed = a.Server.Seed
	}
	return p, nil
}

// Share leaves of what is known, and of what is asked beside the rows, what is the part's.
func (a *Asked) Share(p *Pressed) error {
	if a.part.Whole() {
		return nil
	}
	if len(p.Restart) > 0 {
		return errors.New("--shard with --restart: each shard would restart what the others try")
	}
	p.Under = a.part.Fraction(p.Under)
	if p.Fuzz > 0 {
		p.Seed += uint64(a.part.Nth - 1) // each tries others
	}
	p.Baseline = slices.DeleteFunc(slices.Clone(p.Baseline), func(e results.BaselineEntry) bool {
		return !slices.Contains(idsOf(a.own), e.Row)
	})
	return nil
}

// restarting is the command that restarts the server.
func (a *Asked) restarting(under float64) ([]string, error) {
	switch {
	case a.Restart == "" && a.Counter != "":
		return nil, hint.New(errors.New("--executions-from tells what a restart does, and nothing is restarted"),
			"add --restart CMD")
	case a.Restart == "":
		return nil, nil
	case under == 0:
		return nil, hint.New(errors.New("--restart belongs into the middle of load"), "add --under 50/s")
	case a.Server.URL == "":
		return nil, errors.New("--restart is for a server with a --url")
	case a.Counter != "" && a.Counter == a.Server.Tool:
		return nil, hint.New(errors.New("--executions-from and --tool name the same tool"), "one is called, the "+
			"other tells how often")
	case runtime.GOOS == "windows":
		return []string{"cmd", "/C", a.Restart}, nil
	}
	return []string{"sh", "-c", a.Restart}, nil
}

// Calls says which rows call a tool, and which; empty: none does.
func (a *Asked) Calls() string {
	var ids []string
	for _, r := range a.own {
		if r.Effect == conform.Calls || r.Effect == conform.Many {
			ids = append(ids, r.ID)
		}
	}
	for _, r := range conform.LoadRows() {
		if a.Under != "" && len(a.Rows) == 0 && r.Effect == conform.Many {
			ids = append(ids, r.ID)
		}
	}
	if a.Fuzz > 0 {
		ids = append(ids, "F01, F02, F03 (with odd arguments, many times)")
	}
	if len(ids) == 0 {
		return ""
	}
	which := "tools that say that they only read"
	if a.Server.Tool != "" {
		which = "the tool " + a.Server.Tool
	}
	return strings.Join(ids, ", ") + " call " + which
}

// Mark says of a document that it is a part, and of which plan.
func (a *Asked) Mark(doc *results.Document) {
	if a.part.Whole() {
		return
	}
	t, others := a.Server, 0
	if a.OtherEnv != "" {
		others = 1
	}
	s := &doc.Servers[0]
	s.Shard = &results.Shard{Part: a.part.Nth, Of: a.part.Of, Clocks: []results.ShardClock{},
		Plan: shard.Fingerprint(s.Server, []any{"conform", idsOf(a.all), t.Protocol, a.Strict, a.Under, a.Fuzz, t.Seed,
			t.Tool, t.Args, a.Fault, others, a.part.Of})}
	s.Notes = append(s.Notes, fmt.Sprintf("this is shard %d of %d, and has a part of the rows: mcpload merge puts "+
		"all of them together", a.part.Nth, a.part.Of))
}
