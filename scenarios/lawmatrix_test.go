package scenarios_test

import (
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	laws "github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// lawMatrix are promises of every kind, each with a wider law beside it now and then.
var lawMatrix = [][]string{
	{"10/s burst 20 steps 10 every 1s"}, {"10/s burst 20 queue 500ms"}, {"10/s burst 20", "60 per 20s fixed"},
	{"30 per 10s fixed"}, {"30 per 10s sliding"}, {"30 per 10s aligned"}, {"30 per 10s counter"}, {"30 per 10s"},
	{"30 per 10s fixed per session"}, {"20 per 5s sliding per session", "40 per 20s fixed"},
	{"30 per 10s fixed units ping=2"},
	{"quota 50 per day UTC"}, {"4 at a time"}, {"4 at a time per session"}, {"10 per 10s fixed only failures"},
	{"4 at a time", "quota 50 per day UTC"}, {"6 per 20s sliding", "3 at a time"},
	{"6 sessions at a time"}, {"3 sessions at a time per credential", "20 per 5s fixed", "6 per 20s fixed methods initialize"},
}

// callLasts is how long a call of a mock lasts that promises how many may at a time.
const callLasts = 300 * time.Millisecond

// noon is when the runs begin.
var noon = time.Date(2026, 1, 15, 12, 1, 0, 0, time.UTC)

func lastsUnder(p laws.Promise) time.Duration {
	for _, l := range p {
		if l.Kind == laws.Cap {
			return callLasts
		}
	}
	return 0
}

func parsedLaws(t testing.TB, texts []string) laws.Promise {
	t.Helper()
	var p laws.Promise
	for _, text := range texts {
		l, err := laws.Parse(text)
		require.NoError(t, err)
		p = append(p, l)
	}
	return p
}

// performLaws plans for a promise, sends that to a mock, and judges what came of it.
func performLaws(t testing.TB, p laws.Promise, fault string, seed uint64, delay virtual.Delay) (verdict.LawJudgement,
	[]verdict.LawCause) {
	t.Helper()
	limiter, err := mock.NewLaws(mock.LawConfig{Promise: p, Fault: fault, Epoch: noon})
	require.NoError(t, err)
	return performBefore(t, p, limiter, seed, delay)
}

// performBefore is performLaws before any limiter.
func performBefore(t testing.TB, p laws.Promise, limiter mock.Limiter, seed uint64, delay virtual.Delay,
) (verdict.LawJudgement, []verdict.LawCause) {
	t.Helper()
	clock, lasts := virtual.NewClock(), lastsUnder(p)
	target := &virtual.Server{Clock: clock, There: delay, Back: delay, Rand: rand.New(rand.NewPCG(seed, 8)),
		Timeout: 20 * time.Second}
	target.Decide = func(at time.Duration, a history.Arrival) virtual.Reply {
		answer := limiter.Decide(mock.Request{At: at, Client: a.Client, Method: a.Method, Tool: a.Tool,
			Fails: a.Tool == "fail", Lasts: lasts})
		switch {
		case a.Method == http.MethodDelete:
			return virtual.Reply{Outcome: history.OK, Status: 200, Kind: history.Deletion}
		case answer.Limited:
			return virtual.Reply{Outcome: history.Limited, Status: 429}
		case a.Tool == "fail":
			return virtual.Reply{Outcome: history.Rejected, Status: 400, Takes: answer.Delay + lasts}
		}
		return virtual.Reply{Outcome: history.OK, Status: 200, Takes: answer.Delay + lasts}
	}
	plan := scenarios.PlanLaws(p, scenarios.LawSetting{
		Load: history.Arrival{Method: "tools/call", Tool: "ping"}, Failing: &history.Arrival{Method: "tools/call",
			Tool: "fail"},
		Clients: []string{"c1", "c2"}, Seed: seed, Lasts: lasts})
	calls, err := runner.Run(t.Context(), clock, target, func(yield func(history.Arrival) bool) {
		for _, a := range plan.Arrivals {
			if !yield(a) {
				return
			}
		}
	}, runner.Config{})
	require.NoError(t, err)
	cfg := verdict.LawConfig{Epoch: noon, Clocks: verdict.DefaultClocks(),
		Lasts: func(*history.Call) time.Duration { return lasts }}
	j := verdict.JudgeLaws(p, calls, cfg)
	if j.Verdict != verdict.Fail {
		return j, nil
	}
	return j, verdict.LawCauses(p, calls, cfg)
}

// TestLawMatrix: every fault of the mock's laws that can be told is, by a cause that names
// it, and no honest mock fails.
func TestLawMatrix(t *testing.T) {
	for _, texts := range lawMatrix {
		t.Run(strings.Join(texts, " + "), func(t *testing.T) {
			t.Parallel()
			p := parsedLaws(t, texts)
			for seed := range uint64(5) {
				for _, delay := range []virtual.Delay{nil, virtual.Exp(time.Millisecond),
					virtual.Exp(100 * time.Millisecond)} {
					j, _ := performLaws(t, p, "", seed, delay)
					require.NotEqual(t, verdict.Fail, j.Verdict, "seed %d: %+v", seed, j)
				}
			}
			for _, f := range mock.LawFaults() {
				can, told := f.Of(p[0])
				if !can || f.Name == "law-waits-short" { // what refusals say isn't looked at here, but by selftest
					continue
				}
				if _, err := mock.NewLaws(mock.LawConfig{Promise: p, Fault: f.Name}); err != nil {
					require.Equal(t, "law-tiers", f.Name)
					continue
				}
				caught, named, says := 0, 0, ""
				for seed := range uint64(4) {
					j, causes := performLaws(t, p, f.Name, seed, virtual.Exp(time.Millisecond))
					if j.Verdict == verdict.Fail {
						caught++
					}
					one := "refuses calls that its laws grant; "
					for _, f := range j.Laws {
						if f.State == verdict.Broken {
							one = "it lets more through; "
						}
					}
					for _, c := range causes {
						one += c.Says + "; "
					}
					if ok, _ := regexp.MatchString(f.Cause, one); ok {
						named++
					}
					says = one
				}
				t.Logf("%s / %-22s told %-5v caught %d named %d: %s", strings.Join(texts, "+"), f.Name, told, caught,
					named, says)
				assert.True(t, !told || caught >= 3, "%s: caught %d of 4", f.Name, caught)
				assert.True(t, caught == 0 || named > 0, "%s: not named: %s", f.Name, says)
			}
		})
	}
}

// TestTheResetIsLookedAtWhenAllIsBack: a server that takes a while over many calls at once
// gives a sliding window's places back as late. One call tells when the first is back, the
// number is asked for after that.
func TestTheResetIsLookedAtWhenAllIsBack(t *testing.T) {
	for _, text := range []string{"20 per 1m sliding", "20 per 10s sliding", "20 per 3s sliding"} {
		p := parsedLaws(t, []string{text})
		plan := scenarios.PlanLaws(p, scenarios.LawSetting{Load: history.Arrival{Method: "tools/call", Tool: "ping"},
			Clients: []string{"c1"}})
		stages := map[string][]time.Duration{}
		for _, a := range plan.Arrivals {
			stages[a.Label] = append(stages[a.Label], a.Due)
		}
		fill, reset := stages["law 1: fill"], stages["law 1: reset"]
		require.GreaterOrEqual(t, len(fill), p[0].N, text)
		require.Len(t, reset, p[0].N+4, text)
		require.Less(t, reset[2]-fill[0], p[0].Every+p[0].Every/20, text)
		require.GreaterOrEqual(t, reset[3]-fill[p[0].N-1], p[0].Every+60*time.Millisecond, text)
	}
}
