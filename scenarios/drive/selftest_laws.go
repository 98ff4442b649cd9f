package drive

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// selftestPromises are what selftest holds mocks of laws to: every kind, and stacks.
var selftestPromises = [][]string{
	{"30 per 10s fixed"}, {"30 per 10s sliding"}, {"30 per 10s aligned"}, {"30 per 10s counter"}, {"30 per 10s"},
	{"10/s burst 20"}, {"10/s burst 20 steps 10 every 1s"}, {"10/s burst 20 queue 500ms"}, {"quota 50 per day UTC"},
	{"4 at a time"}, {"10 per 10s fixed only failures"}, {"30 per 10s fixed units echo=2"},
	{"10/s burst 20", "60 per 20s fixed"}, {"8 per 2s sliding", "30 per 20s aligned"},
	{"20 per 5s sliding per session", "40 per 20s fixed"}, {"4 at a time", "quota 50 per day UTC"},
	{"10/s burst 20", "5 at a time"}, {"6 sessions at a time"}, {"4 sessions at a time", "30 per 10s fixed"},
}

// A LawRow is what came of one fault of one promise's first law.
type LawRow struct {
	Promise string `json:"promise"`
	FaultRow
}

// A LawMatrix is what selftest finds of mocks that keep laws.
type LawMatrix struct {
	Honest Honest   `json:"honest"`
	Faults []LawRow `json:"faults"`
}

// A keeper is a promise, and whether the limiter that servers embed keeps it, which stands
// in its own name.
type keeper struct {
	promise  promise.Promise
	embedded bool
}

// selftestKeepers are those of every promise: the mock's own limiter, and the embedded one
// where it can.
func selftestKeepers() (list []keeper) {
	for _, texts := range selftestPromises {
		k := keeper{promise: parsed(texts)}
		list = append(list, k)
		if k.embedded = true; k.can("") {
			list = append(list, k)
		}
	}
	return list
}

// config is a mock that keeps the promise, or has a fault.
func (k keeper) config(fault string) mock.Config {
	return mock.Config{Profile: profiles.Profile{Name: "selftest", Promise: k.promise,
		Call: profiles.LoadCall{Method: "tools/call", Tool: "echo"}}, Fault: fault, Embedded: k.embedded}
}

// can reports if there can be one with a fault.
func (k keeper) can(fault string) bool {
	_, err := k.config(fault).Limiter(time.Time{})
	return err == nil
}

func (k keeper) String() string {
	text := results.PromiseText(k.promise)
	if k.embedded {
		text += " (embedded)"
	}
	return text
}

// selftestLaws tries the keepers of every promise, honest and with every fault.
func selftestLaws(ctx context.Context, honest, faulty int, delay virtual.Delay) LawMatrix {
	out := LawMatrix{Honest: Honest{}}
	var group sync.WaitGroup
	var mu sync.Mutex
	keepers := selftestKeepers()
	rows := make([][]LawRow, len(keepers))
	for i, p := range keepers {
		group.Go(func() {
			one := honestLaws(ctx, p, max(1, honest/len(selftestPromises)))
			mu.Lock()
			out.Honest.Runs += one.Runs
			out.Honest.Failed += one.Failed
			out.Honest.Inconclusive += one.Inconclusive
			out.Honest.First = append(out.Honest.First, one.First...)
			mu.Unlock()
			rows[i] = lawFaultRows(ctx, p, faulty, delay)
		})
	}
	group.Wait()
	slices.Sort(out.Honest.First)
	out.Faults = slices.Concat(rows...)
	return out
}

// virtualLawJob is one virtual run that is held to laws.
func virtualLawJob(k keeper, fault string, seed uint64, delay virtual.Delay) Job {
	config := k.config(fault)
	j := Job{
		Target:    target.Target{Profile: config.Profile, Kind: target.Mock, Seed: seed, Mock: config},
		Scenarios: []scenarios.Scenario{scenarios.Laws()}, Virtual: delay,
		Laws: &Laws{Promise: k.promise, Budget: scenarios.DefaultLawBudget, Hasty: true},
	}
	j.Profile.Limit = judge.Permissive()
	return j
}

func honestLaws(ctx context.Context, p keeper, runs int) Honest {
	delays := []virtual.Delay{nil, virtual.Exp(time.Millisecond), virtual.Exp(20 * time.Millisecond),
		virtual.Exp(300 * time.Millisecond), virtual.Exp(3 * time.Second)}
	out := Honest{Runs: runs}
	for seed := range uint64(runs) {
		s := judgeVirtually(ctx, virtualLawJob(p, "", seed, delays[seed%uint64(len(delays))]))
		switch s.Verdict {
		case verdict.Fail:
			out.Failed++
			out.First = append(out.First, fmt.Sprintf("%s, seed %d: %s", p, seed,
				strings.Join(failedChecks(s), ", ")))
		case verdict.Inconclusive:
			out.Inconclusive++
		}
	}
	return out
}

// lawFaultRows breaks the first law in every way in which it can be.
func lawFaultRows(ctx context.Context, p keeper, runs int, delay virtual.Delay) []LawRow {
	var rows []LawRow
	for _, f := range mock.LawFaults() {
		can, told := f.Of(p.promise[0])
		if !can || !p.can(f.Name+"@1") {
			continue // no other law to mix it up with, or not by the limiter that servers embed
		}
		r := FaultRow{Fault: f.Name, Doc: f.Doc, Runs: runs, Expected: told, Checks: []string{}}
		if !told {
			r.Note = f.Note
		}
		right := regexp.MustCompile("(?i)" + f.Cause)
		for seed := range uint64(runs) {
			r.judged(judgeVirtually(ctx, virtualLawJob(p, f.Name+"@1", seed, delay)), right)
		}
		rows = append(rows, LawRow{p.String(), r})
	}
	return rows
}

// Missed names the law faults that were.
func (l *LawMatrix) Missed() (names []string) {
	for _, r := range l.Faults {
		if r.Missed() {
			names = append(names, fmt.Sprintf("%s of %s: failed %d of %d runs, %d of them for the right cause", r.Fault,
				r.Promise, r.Caught, r.Runs, r.Named))
		}
	}
	return names
}

// parsed is a promise that is known to be one.
func parsed(texts []string) promise.Promise {
	var p promise.Promise
	for _, text := range texts {
		l, err := promise.Parse(text)
		if err != nil {
			panic("drive: internal error: " + err.Error())
		}
		p = append(p, l)
	}
	return p
}

// LawPromises is how many promises selftest breaks.
func (l *LawMatrix) LawPromises() int { return len(selftestPromises) }
