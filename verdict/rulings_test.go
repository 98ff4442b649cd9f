package verdict_test

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/verdict"
)

var update = flag.Bool("update", false, "write testdata/rulings anew")

// rulings are what is said of histories, to be held against what was said before. What is
// longer than a line is there as a fingerprint.
type rulings struct{ b strings.Builder }

// digits are those of a number that two machines may compute differently.
var digits = regexp.MustCompile(`\d+\.\d{6,}(e[-+]\d+)?`)

// rounded is a value in words, with seven digits of each number: one that holds pointers has a
// String, or is taken apart by who asks.
func rounded(v any) string {
	return digits.ReplaceAllStringFunc(fmt.Sprintf("%+v", v), func(s string) string {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return s
		}
		return strconv.FormatFloat(f, 'g', 7, 64)
	})
}

// print is a fingerprint of values.
func print(values ...any) string {
	h := fnv.New32a()
	for _, v := range values {
		fmt.Fprintln(h, rounded(v))
	}
	return fmt.Sprintf("%08x", h.Sum32())
}

// findings adds what checks said: at length where it is no pass.
func (r *rulings) findings(list []verdict.Finding) {
	passes, all := 0, fnv.New32a()
	for _, f := range list {
		var proof verdict.Witness
		if f.Witness != nil {
			proof = *f.Witness
		}
		f.Witness = nil
		fmt.Fprintln(all, rounded(f), rounded(proof))
		if f.Verdict == verdict.Pass {
			passes++
			continue
		}
		fmt.Fprintf(&r.b, "  %s %s %s: %s", f.Scenario, f.Check, f.Verdict, rounded(f.Saw))
		if f.Cause != "" {
			fmt.Fprintf(&r.b, "; %s", rounded(f.Cause))
		}
		if n := len(proof.Calls); n > 0 {
			fmt.Fprintf(&r.b, "; %d calls from %d", n, proof.Calls[0])
		}
		r.b.WriteString("\n")
	}
	fmt.Fprintf(&r.b, "  %d of %d pass; in all words %08x\n", passes, len(list), all.Sum32())
}

// hold compares with the file, or writes it.
func (r *rulings) hold(t *testing.T, file string) {
	t.Helper()
	path := "testdata/rulings/" + file
	if *update {
		require.NoError(t, os.MkdirAll("testdata/rulings", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(r.b.String()), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	got, was := strings.Split(r.b.String(), "\n"), strings.Split(string(want), "\n")
	name := ""
	for i, line := range got {
		if !strings.HasPrefix(line, " ") {
			name = line
		}
		before := "nothing"
		if i < len(was) {
			before = was[i]
		}
		require.Equal(t, before, line, "%s:%d, of %q; if that is meant: go test ./verdict -run Rulings -update", path, i+1,
			name)
	}
	require.Len(t, got, len(was), path)
}

// sent is what comes of a plan at a server in virtual time.
func sent(t *testing.T, target runner.Target, clock *virtual.Clock,
	plan func(func(history.Arrival) bool)) []history.Call {
	t.Helper()
	calls, err := runner.Run(t.Context(), clock, target, plan, runner.Config{})
	if err != nil {
		require.ErrorIs(t, err, runner.ErrGone)
	}
	return calls
}

// TestRulingsOnBuckets: what is said of each fault of a mock that promises a bucket. A change
// of the judge shows here, wanted or not.
func TestRulingsOnBuckets(t *testing.T) {
	var r rulings
	faults := []mock.Fault{{}}
	faults = append(faults, mock.Faults()...)
	for i, fault := range faults {
		limit := promise.Limit{Rate: 12, Burst: 16, Scope: promise.Global, Charges: []string{"*"}}
		if i%3 == 1 {
			limit = promise.Limit{Rate: 15, Burst: 40, Scope: promise.Client, Charges: []string{"tools/call"}}
		}
		p := profiles.ForURL(limit).Loading("ping", nil)
		delay := []virtual.Delay{virtual.Exp(time.Millisecond), virtual.Exp(40 * time.Millisecond)}[i%2]
		clock := virtual.NewClock()
		target, err := drive.VirtualServer(clock, mock.Config{Profile: p, Fault: fault.Name, Seed: 1, Shape: fault.Shape},
			delay, rand.New(rand.NewPCG(uint64(i), 1)))
		require.NoError(t, err)
		target.Timeout = 10 * time.Second
		list := scenarios.Catalogue()
		calls := sent(t, target, clock, scenarios.Plan(p, list, scenarios.Setting{Clients: []string{"a", "b"}, Seed: 1,
			Disguises: []scenarios.Disguise{scenarios.NewSession}}))
		set := verdict.Setting{Terms: p.Terms(), Config: verdict.Config{Steady: i%2 == 0},
			Questions: scenarios.Questions(list)}
		fmt.Fprintf(&r.b, "%s, promised %v\n", fault.Name, limit)
		r.findings(verdict.Judge(set, calls))
		e := verdict.Gather(limit, calls).Under(verdict.DefaultClocks())
		j := e.Judge(limit, verdict.DefaultTolerance)
		if j.Measured != nil {
			fmt.Fprintf(&r.b, "  measured %v\n", j.Measured)
		}
		jump, jumped := e.Jump(limit, verdict.DefaultTolerance)
		s, suspected := verdict.Suspect(limit, calls)
		fmt.Fprintf(&r.b, "  models %s, bands %s, jump %v %s, suspicion %v %s, claims %s\n",
			print(e.Models(verdict.DefaultTolerance)), print(e.Bands(limit)), jumped, print(jump), suspected, print(s),
			print(verdict.ReadClaims(calls)))
	}
	r.hold(t, "buckets.txt")
}

// ruledLaws are promises of every kind, with the kinds of what may be kept in their place.
var ruledLaws = [][]string{
	{"10/s burst 20 steps 10 every 1s"}, {"10/s burst 20 queue 500ms"}, {"10/s burst 20", "60 per 20s fixed"},
	{"30 per 10s fixed"}, {"30 per 10s sliding"}, {"30 per 10s aligned"}, {"30 per 10s counter"}, {"30 per 10s"},
	{"20 per 5s sliding per session", "40 per 20s fixed"}, {"30 per 10s fixed units ping=2"},
	{"quota 50 per day UTC"}, {"4 at a time"}, {"10 per 10s fixed only failures"}, {"6 per 20s sliding", "3 at a time"},
	{"6 sessions at a time"},
}

// TestRulingsOnLaws: the same of each fault of a mock that promises laws.
func TestRulingsOnLaws(t *testing.T) {
	var r rulings
	for i, texts := range ruledLaws {
		p := promised(t, texts...)
		names := []string{""}
		for _, f := range mock.LawFaults() {
			if can, _ := f.Of(p[0]); can {
				names = append(names, f.Name)
			}
		}
		for k, name := range names {
			limiter, err := mock.NewLaws(mock.LawConfig{Promise: p, Fault: name, Epoch: ruledFrom})
			if err != nil {
				continue // of these laws nobody can break it so
			}
			r.laws(t, p, limiter, name, uint64(10*i+k))
		}
	}
	r.hold(t, "laws.txt")
}

var ruledFrom = time.Date(2026, 1, 15, 12, 1, 0, 0, time.UTC)

// laws adds what is said of a limiter that is promised to keep laws.
func (r *rulings) laws(t *testing.T, p promise.Promise, limiter mock.Limiter, name string, seed uint64) {
	clock, lasts := virtual.NewClock(), time.Duration(0)
	for _, l := range p {
		if l.Kind == promise.Cap {
			lasts = 300 * time.Millisecond
		}
	}
	delay := []virtual.Delay{virtual.Exp(time.Millisecond), virtual.Exp(30 * time.Millisecond)}[seed%2]
	target := &virtual.Server{Clock: clock, There: delay, Back: delay, Rand: rand.New(rand.NewPCG(seed, 8)),
		Timeout: 20 * time.Second}
	target.Decide = func(at time.Duration, a history.Arrival) virtual.Reply {
		answer := limiter.Decide(mock.Request{At: at, Client: a.Client, Method: a.Method, Tool: a.Tool,
			Fails: a.Tool == "fail", Lasts: lasts})
		switch {
		case a.Method == "DELETE":
			return virtual.Reply{Outcome: history.OK, Status: 200, Kind: history.Deletion}
		case answer.Limited:
			return virtual.Reply{Outcome: history.Limited, Status: 429}
		case a.Tool == "fail":
			return virtual.Reply{Outcome: history.Rejected, Status: 400, Takes: answer.Delay + lasts}
		}
		return virtual.Reply{Outcome: history.OK, Status: 200, Takes: answer.Delay + lasts}
	}
	plan := scenarios.PlanLaws(p, scenarios.LawSetting{Load: history.Arrival{Method: "tools/call", Tool: "ping"},
		Failing: &history.Arrival{Method: "tools/call", Tool: "fail"}, Clients: []string{"c1", "c2"}, Seed: seed,
		Lasts: lasts})
	calls := sent(t, target, clock, func(yield func(history.Arrival) bool) {
		for _, a := range plan.Arrivals {
			a.Label = scenarios.LawScenario
			if !yield(a) {
				return
			}
		}
	})
	cfg := verdict.LawConfig{Epoch: ruledFrom, Clocks: verdict.DefaultClocks()}
	if lasts > 0 {
		cfg.Lasts = func(*history.Call) time.Duration { return lasts }
	}
	j := verdict.JudgeLaws(p, calls, cfg)
	fmt.Fprintf(&r.b, "%v, %s: %s\n", p, name, j.Verdict)
	for x, f := range j.Laws {
		m, ok := verdict.MeasureLaw(p, x, calls, cfg)
		fmt.Fprintf(&r.b, "  %s %s, units %s, measured %v %s, witness %s\n", f.Key, f.State, rounded(f.Units), ok, print(m),
			print(f.Refused, f.PutOut, f.Witness))
	}
	if j.Verdict == verdict.Fail {
		for _, c := range verdict.LawCauses(p, calls, cfg) {
			fmt.Fprintf(&r.b, "  cause %s\n", c.Says)
		}
	}
	if j.Verdict == verdict.Fail && len(calls) < 100 { // it takes hundreds of judgements
		jump, jumped := verdict.LawJump(p, calls, cfg)
		step, stepped := verdict.LawStep(p, calls, cfg)
		fmt.Fprintf(&r.b, "  jump %v %s, step %v %s\n", jumped, print(jump), stepped, print(step))
	}
	fmt.Fprintf(&r.b, "  unexplained %d %s, lanes %s\n", len(j.Unexplained), print(j.Unexplained),
		print(verdict.Lanes(p, calls, cfg)))
	laws := &verdict.Laws{Said: p, Held: p, Epoch: ruledFrom, Fails: "fail", Lasts: lasts, Hasty: true,
		Left: make([][]string, len(p)), Audited: seed%3 == 0}
	r.findings(verdict.Judge(verdict.Setting{Terms: promise.Terms{Promise: p, Method: "tools/call"},
		Config:    verdict.Config{Laws: laws, Steady: seed%2 == 1},
		Questions: []verdict.Question{scenarios.LawQuestion(scenarios.Laws(), laws)}}, calls))
}

// TestRulingsOnChance: what is said of buckets and stacks of laws drawn by lot, of random
// traffic; every other one is promised something else.
func TestRulingsOnChance(t *testing.T) {
	var r rulings
	for seed := range uint64(150) {
		dice := rand.New(rand.NewPCG(seed, 21))
		rate, burst := 0.5+20*dice.Float64(), 1+dice.IntN(20)
		calls := verdict.RandomBucket(dice, 20+dice.IntN(200), rate, burst)
		limit := promise.Limit{Rate: rate * []float64{1, 1, 0.8, 1.3}[dice.IntN(4)], Burst: max(1, burst+dice.IntN(5)-2),
			Scope: promise.Global, Charges: []string{"*"}}
		e := verdict.Gather(limit, calls).Under([]verdict.Clocks{{}, verdict.DefaultClocks()}[dice.IntN(2)])
		j := e.Judge(limit, verdict.DefaultTolerance)
		suspicion, suspected := verdict.Suspect(limit, calls)
		fmt.Fprintf(&r.b, "bucket %d: %s, burst %.4g to %.4g, %s; %s; models %s, bands %s, suspicion %v %s\n",
			seed, j.Verdict, j.OverAdmission.Burst, j.OverRejection.Burst,
			print(j.OverAdmission.Witness, j.OverRejection.Witness, j.Measured), e.Cause(limit, verdict.DefaultTolerance),
			print(e.Models(verdict.DefaultTolerance)), print(e.Bands(limit)), suspected, print(suspicion))
	}
	for seed := range uint64(300) {
		dice := rand.New(rand.NewPCG(seed, 22))
		var p, kept promise.Promise
		for range 1 + dice.IntN(3) {
			l, err := promise.Parse(verdict.RandomLaw(dice))
			other, err2 := promise.Parse(verdict.RandomLaw(dice))
			if err != nil || err2 != nil {
				continue
			}
			p = append(p, l)
			if dice.IntN(3) == 0 {
				l = other
			}
			kept = append(kept, l)
		}
		if len(p) == 0 || p.Validate() != nil || kept.Validate() != nil {
			continue
		}
		calls := verdict.RandomTraffic(dice, kept)
		cfg := verdict.LawConfig{Clocks: verdict.Clocks{Drift: 0.02, Tick: time.Millisecond}, Shared: dice.IntN(5) == 0}
		j := verdict.JudgeLaws(p, calls, cfg)
		fmt.Fprintf(&r.b, "laws %d: %s", seed, j.Verdict)
		for _, f := range j.Laws {
			fmt.Fprintf(&r.b, "; %s %s %s %d %s", f.State, f.Key, rounded(f.Units), f.Refused, print(f.Witness))
		}
		fmt.Fprintf(&r.b, "; unexplained %d %s, lanes %s", len(j.Unexplained), print(j.Unexplained),
			print(verdict.Lanes(p, calls, cfg)))
		if j.Verdict == verdict.Fail && seed%10 == 0 {
			fmt.Fprintf(&r.b, "; causes %s", rounded(verdict.LawCauses(p, calls, cfg)))
		}
		r.b.WriteString("\n")
	}
	r.hold(t, "chance.txt")
}
