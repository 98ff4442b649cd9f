package scenarios_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// causeWords are the kinds of causes by what only they say.
var causeWords = map[string]*regexp.Regexp{
	"size":      regexp.MustCompile(`it behaves like (a bucket|one) of|never refills|hardly refills`),
	"none":      regexp.MustCompile(`no limiter is at work`),
	"delay":     regexp.MustCompile(`delayed and not refused`),
	"apart":     regexp.MustCompile(`each client keeps the limit alone`),
	"together":  regexp.MustCompile(`the clients share one bucket`),
	"refusals":  regexp.MustCompile(`refused calls cost`),
	"truncates": regexp.MustCompile(`fractions of`),
	"once":      regexp.MustCompile(`after the first burst`),
	"racy":      regexp.MustCompile(`aren't taken in one step`),
	"rest":      regexp.MustCompile(`makes the bucket hold more`),
	"idle":      regexp.MustCompile(`makes the bucket full again`),
	"steps":     regexp.MustCompile(`come in steps`),
	"timer":     regexp.MustCompile(`is full again`),
	"fixed":     regexp.MustCompile(`fixed window`),
	"sliding":   regexp.MustCompile(`sliding window`),
	"opened":    regexp.MustCompile(`opens with its first call`),
	"cap":       regexp.MustCompile(`limits calls at the same time`),
	"empty":     regexp.MustCompile(`the bucket starts`),
	"off":       regexp.MustCompile(`the limit was off`),
	"stops":     regexp.MustCompile(`stops refusing`),
	"refilled":  regexp.MustCompile(`was full again at`),
	"ban":       regexp.MustCompile(`(a refusal|refusals|a second) bars? everything`),
	"block":     regexp.MustCompile(`more than that bars`),
	"elastic":   regexp.MustCompile(`every call prolongs`),
	"behind":    regexp.MustCompile(`a lower limit stands behind`),
	"nested":    regexp.MustCompile(`charged too, such as`),
	"quota":     regexp.MustCompile(`second limit`),
	"unknown":   regexp.MustCompile(`^we don't know`),
}

// kindsOf are the kinds of causes that words name.
func kindsOf(words string) []string {
	var kinds []string
	for kind, re := range causeWords {
		if re.MatchString(words) {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// causeOf is the cause that the first failed check of a limit names; empty where
// none failed.
func causeOf(p profiles.Profile, calls []history.Call, list []scenarios.Scenario) string {
	court := verdict.NewCourt(p.Terms(), calls, verdict.Config{})
	for _, sc := range list {
		for _, c := range append(verdict.LimitChecks(), verdict.Scope, verdict.Measure) {
			if f := c.Judge(court.Trial(sc.Name)); f.Verdict == verdict.Fail {
				return f.Cause
			}
		}
	}
	return ""
}

// sent runs a plan against what decides a call.
func sent(t *testing.T, p profiles.Profile, list []scenarios.Scenario, seed uint64, mean time.Duration,
	decide func(at time.Duration, a history.Arrival) (virtual.Reply, time.Duration)) []history.Call {
	t.Helper()
	clock := virtual.NewClock()
	delay := virtual.Exp(mean)
	target := &virtual.Server{Clock: clock, There: delay, Rand: rand.New(rand.NewPCG(seed, 1)),
		Timeout: 10 * time.Second}
	after := time.Duration(0)
	target.Decide = func(at time.Duration, a history.Arrival) (r virtual.Reply) {
		r, after = decide(at, a)
		return r
	}
	target.Back = func(r *rand.Rand) time.Duration { return after + delay(r) }
	set := two
	set.Seed = seed
	calls, err := runner.Run(t.Context(), clock, target, scenarios.Plan(p, list, set), runner.Config{GiveUp: 25})
	if err != nil {
		require.ErrorIs(t, err, runner.ErrGone)
	}
	return calls
}

// requireRight demands that what is named alone is true, and that of several that
// the traffic can't tell apart one is true and the others are known to look alike.
// That nobody knows is never wrong.
func requireRight(t *testing.T, right, alike, kinds []string, words string) {
	t.Helper()
	require.NotEmpty(t, kinds, "a cause of no kind: %s", words)
	if slices.Contains(kinds, "unknown") {
		return
	}
	if len(kinds) == 1 {
		require.Contains(t, slices.Concat(right, []string{"unknown"}), kinds[0], words)
		return
	}
	require.Contains(t, words, "can't tell")
	true1 := func(kind string) bool { return slices.Contains(right, kind) }
	require.True(t, slices.ContainsFunc(kinds, true1), words)
	for _, kind := range kinds {
		require.Contains(t, slices.Concat(right, alike), kind, words)
	}
}

// No limiter is ever called what it isn't: neither the foreign ones, nor any
// fault of the mock; and each is called what it is in most runs.
func TestNoForeignLimiterIsCalledWhatItIsNot(t *testing.T) {
	require.GreaterOrEqual(t, len(foreigners), 20)
	for _, f := range foreigners {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			list := scenarios.Catalogue()
			if f.plan != nil {
				list = nil
				for _, name := range f.plan {
					sc, ok := scenarios.Named(name)
					require.True(t, ok)
					list = append(list, sc)
				}
			}
			p := promise(f.rate, f.burst)
			named, failed := 0, 0
			for seed := range uint64(4) {
				take := f.make(rand.New(rand.NewPCG(seed, 9)))
				words := causeOf(p, sent(t, p, list, seed, time.Millisecond, func(at time.Duration,
					_ history.Arrival) (virtual.Reply, time.Duration) {
					a := take(at)
					r := virtual.Reply{Outcome: history.OK}
					switch {
					case a.broken:
						r = virtual.Reply{Outcome: history.Broken, Detail: "connection refused"}
					case a.refused:
						r.Outcome = history.Limited
					}
					return r, a.after
				}), list)
				if words == "" {
					continue
				}
				failed++
				t.Log(words)
				kinds := kindsOf(words)
				requireRight(t, f.cause, f.alike, kinds, words)
				if slices.Contains(kinds, f.cause[0]) {
					named++
				}
			}
			require.Positive(t, failed, "it keeps the promise, so that there is no cause to look for")
			require.GreaterOrEqual(t, 2*named, failed, "most of the runs name it")
		})
	}
}

// faultCauses are the kinds of causes that are true of the mock's faults, each with
// those that may stand beside it because the plan can't tell them apart.
var faultCauses = map[string]string{
	"off": "none", "never-for-tools": "none", "refusal-as-success": "none", "replicas-3": "none",
	"burst+1": "size", "burst-1": "size", "burst-x2": "size", "ignores-burst": "size", "leaky": "size",
	"rate+10%": "size", "rate-10%": "size", "rate+5%": "size", "rate-5%": "size", "rate+2%": "size", "rate-2%": "size",
	"never-refills": "size", "double-charge": "size",
	"start-empty": "empty", "idle-reset": "idle stops", "periodic-reset": "timer", "stepwise-1s": "steps",
	"stepwise-250ms": "steps",
	"stepwise-100ms": "steps", "truncating-refill": "truncates", "over-capacity": "rest",
	"off-after-first-window": "stops cap timer",
	"fixed-window":           "fixed", "sliding-log": "sliding", "concurrency-cap": "cap timer stops",
	"burst-once":  "once",
	"lockout":     "ban",
	"per-session": "apart", "per-connection": "apart", "refusals-cost": "refusals", "racy": "racy",
	"leak-3%": "unknown", "false-refusal-5%": "unknown", "clock-back": "unknown", "clock-forward": "timer",
}

func TestNoFaultIsCalledWhatItIsNot(t *testing.T) {
	for _, fault := range mock.Faults() {
		want, ok := faultCauses[fault.Name]
		if !ok {
			continue // it breaks no limit under this plan; TestEveryFaultIsCaught says what of it is seen
		}
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			right := strings.Fields(want)
			named, failed := 0, 0
			for seed := range uint64(4) {
				l := limits[seed%3]
				p := promise(l.rate, l.burst)
				decide := server{fault: fault.Name, seed: seed}.against(t, virtual.NewClock(), p, "", 1).Decide
				words := causeOf(p, sent(t, p, scenarios.Catalogue(), seed, time.Millisecond, func(at time.Duration,
					a history.Arrival) (virtual.Reply, time.Duration) {
					return decide(at, a), 0
				}), scenarios.Catalogue())
				if words == "" {
					continue
				}
				failed++
				t.Log(seed, fmt.Sprint(l), words)
				kinds := kindsOf(words)
				requireRight(t, right[:1], right[1:], kinds, words)
				if slices.Contains(kinds, right[0]) {
					named++
				}
			}
			require.GreaterOrEqual(t, 2*named, failed, "most of the runs name it")
		})
	}
}
