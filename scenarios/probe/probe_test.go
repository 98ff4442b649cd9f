package probe_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// show logs a report, for whoever reads why a test failed.
func show(t *testing.T, r probe.Report) {
	t.Helper()
	t.Logf("%s: %v; %d calls in %s; %v; %v", r.Result, r.Box, r.Sent, r.Elapsed, r.Models, r.Notes)
	t.Logf("apart %q", r.Apart)
	t.Logf("scope %+v; evasion %+v", r.Scope, r.Evasion)
	for _, c := range r.Costs {
		t.Logf("cost %+v", c)
	}
	t.Logf("signal %+v", r.Signal)
}

func TestHonestBucketsAreMeasured(t *testing.T) {
	for _, c := range []struct {
		rate   float64
		burst  int
		budget probe.Budget
	}{
		{0.5, 3, probe.Budget{Time: 20 * time.Minute}},
		{3, 1, probe.Budget{Time: 2 * time.Minute}},
		{5, 15, probe.Budget{}},
		{12, 16, probe.Budget{}},
		{15, 40, probe.Budget{}},
		{100, 200, probe.Budget{Calls: 2500}},
	} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("%g-%d-%d", c.rate, c.burst, seed), func(t *testing.T) {
				r := run(t, newServer(t, limit(c.rate, c.burst), "", ""), probe.Config{Budget: c.budget, Seed: seed +
					1})
				show(t, r)
				require.Equal(t, probe.Measured, r.Result)
				require.True(t, probe.Narrow(*r.Box))
				require.LessOrEqual(t, r.Box.Rate.Lo, c.rate)
				require.GreaterOrEqual(t, r.Box.Rate.Hi, c.rate)
				require.LessOrEqual(t, r.Box.Burst.Lo, float64(c.burst))
				require.GreaterOrEqual(t, r.Box.Burst.Hi, float64(c.burst))
				require.Len(t, r.Models, 1)
				require.Equal(t, "token bucket", r.Models[0].Name)
				require.Equal(t, probe.Global, r.Scope.Answer)
				require.Equal(t, "no", r.Evasion.Answer)
				require.Len(t, r.Notes, 1)
				require.Contains(t, r.Notes[0], "beside it, of more than that a minute or of hours, would not have shown")
				require.LessOrEqual(t, r.Sent, max(c.budget.Calls, probe.DefaultCalls))
				require.LessOrEqual(t, r.Elapsed, max(c.budget.Time, probe.DefaultTime)+time.Second)
			})
		}
	}
}

// costs returns the known costs by kind.
func costs(r probe.Report) map[string]int {
	known := map[string]int{}
	for _, c := range r.Costs {
		if n, ok := c.Known(); ok {
			known[c.Kind] = n
		}
	}
	return known
}

func TestCostsAreMapped(t *testing.T) {
	all := map[string]int{"tools/call ping": 1, "tools/list": 1, "ping": 1, "initialize": 1, "notifications": 0,
		"a call of an unknown tool": 1, "a call with invalid arguments": 1, "a refused call": 0}
	tools := map[string]int{"tools/call ping": 1, "tools/list": 0, "ping": 0, "initialize": 0, "notifications": 0,
		"a call of an unknown tool": 1, "a call with invalid arguments": 1, "a refused call": 0}
	for _, size := range []struct {
		rate  float64
		burst int
		time  time.Duration
	}{{12, 16, 0}, {15, 40, 0}, {5, 15, 0}, {0.5, 3, 20 * time.Minute}, {2, 1, 5 * time.Minute}} {
		for charge, want := range map[mock.Charging]map[string]int{mock.ChargeAll: all, mock.ChargeTools: tools} {
			t.Run(fmt.Sprintf("%g-%d-%s", size.rate, size.burst, charge), func(t *testing.T) {
				r := run(t, newServer(t, limit(size.rate, size.burst), "", charge),
					probe.Config{Budget: probe.Budget{Time: size.time}})
				show(t, r)
				require.Equal(t, want, costs(r))
			})
		}
	}
}

func TestARequestThatCostsTwoIsFound(t *testing.T) {
	for _, size := range [][2]int{{12, 16}, {15, 40}} {
		s := newServer(t, limit(float64(size[0]), size[1]), "", "")
		s.double = "tools/list"
		r := run(t, s, probe.Config{})
		show(t, r)
		require.Equal(t, 2, costs(r)["tools/list"])
		require.Equal(t, 1, costs(r)["ping"])
	}
}

// names are those of the models that explain a server, without their numbers.
func names(r probe.Report) []string {
	var list []string
	for _, m := range r.Models {
		kind, _, _ := strings.Cut(m.String(), " (")
		list = append(list, kind)
	}
	return list
}

func TestKindsOfLimitersAreNamed(t *testing.T) {
	for fault, want := range map[string]struct {
		result probe.Result
		kinds  []string
	}{
		"":             {probe.Measured, []string{"token bucket"}},
		"fixed-window": {probe.OtherModel, []string{"fixed window"}},
		"sliding-log":  {probe.OtherModel, []string{"sliding window"}},
		// 12/s: delays of 1 ms hide 2 % of a gap
		"leaky": {probe.Unfinished, []string{"leaky bucket without burst"}},
		// the mock's calls hold a place for 50 ms and answer at once
		"concurrency-cap": {probe.OtherModel, []string{"sliding window"}},
		"off":             {probe.NoLimit, []string{"no limit"}},
		"refusals-cost":   {probe.OtherModel, []string{probe.ModelCostly}},
		"lockout":         {probe.Unfinished, nil},
		"stepwise-1s":     {probe.Unfinished, nil},
		"silent-refusals": {probe.Unfinished, nil},
		"start-empty":     {probe.Measured, []string{"token bucket"}},
	} {
		t.Run(fault, func(t *testing.T) {
			r := run(t, newServer(t, limit(12, 16), fault, ""), probe.Config{})
			show(t, r)
			require.Equal(t, want.kinds, names(r))
			require.Equal(t, want.result, r.Result)
			require.LessOrEqual(t, r.Sent, probe.DefaultCalls)
			if fault == "silent-refusals" {
				require.Less(t, r.Sent, 40, "nothing more is sent to a server that falls silent")
				require.Len(t, r.Notes, 1)
			}
			if r.Box != nil && fault != "leaky" {
				require.InDelta(t, 12, (r.Box.Rate.Lo+r.Box.Rate.Hi)/2, 0.2)
				require.InDelta(t, 16, (r.Box.Burst.Lo+r.Box.Burst.Hi)/2, 0.6)
			}
			for _, m := range r.Models {
				switch m.Name {
				case "fixed window":
					require.InDelta(t, 16.0/12, m.Window.Seconds(), 0.02)
					require.Equal(t, 16.0, m.Number.Lo)
				case "sliding window":
					require.Equal(t, 16.0, m.Number.Lo)
				}
			}
		})
	}
}

func TestNoLimitIsToldWithHowFarItWasTried(t *testing.T) {
	r := run(t, newServer(t, limit(12, 16), "off", ""), probe.Config{Budget: probe.Budget{Calls: 200,
		Time: 30 * time.Second}})
	require.Equal(t, probe.NoLimit, r.Result)
	require.False(t, r.Refused)
	require.Equal(t, 64, r.Open.AtOnce)
	require.Greater(t, r.Open.Calls, 30)
	require.InDelta(t, float64(r.Open.Calls-1)/r.Open.Stretch.Seconds(), r.Open.Rate, 0.1)
	require.Equal(t, 200, r.Sent)
	require.Empty(t, r.Costs)
}

func TestScopeIsFound(t *testing.T) {
	for fault, want := range map[string][2]string{
		"":               {probe.Global, "no"},
		"per-session":    {probe.PerSession, "yes"},
		"per-connection": {probe.PerConnection, "yes"},
		"session-reset":  {probe.Global, "resets"},
	} {
		t.Run(fault, func(t *testing.T) {
			l, budget := limit(12, 16), probe.Budget{}
			if fault == "session-reset" { // so that the handshake itself can come through
				l.Charges, l.Free = []string{"tools/call"}, nil
				l.MayCharge = []string{"initialize"}
			}
			r := run(t, newServer(t, l, fault, ""), probe.Config{Budget: budget})
			show(t, r)
			require.Equal(t, want, [2]string{r.Scope.Answer, r.Evasion.Answer})
			require.NotEmpty(t, r.Scope.Evidence)
			require.Positive(t, r.Scope.Calls)
		})
	}
}

func TestALimitByIdentityIsFound(t *testing.T) {
	s := newServer(t, limit(12, 16), "per-session", "")
	s.identities = true
	r := run(t, s, probe.Config{})
	show(t, r)
	require.Equal(t, probe.PerIdentity, r.Scope.Answer)
	require.Equal(t, "no", r.Evasion.Answer)
}

func TestRetryAfterIsTakenAtItsWord(t *testing.T) {
	for fault, want := range map[string]string{"": probe.RetryHonest, "retry-after-short": probe.RetryShort,
		"retry-after-long": probe.RetryLong} {
		t.Run(fault, func(t *testing.T) {
			s := newServer(t, limit(12, 16), fault, "")
			s.status, s.code = 429, -32029
			r := run(t, s, probe.Config{Stateless: true})
			show(t, r)
			require.Equal(t, want, r.Signal.RetryAfter.Answer)
			require.Positive(t, r.Signal.RetryAfter.Calls)
			require.Equal(t, []probe.Tally{{Number: 429, Count: r.Signal.Refusals}}, r.Signal.Statuses)
			require.False(t, r.Signal.Legal, "-32029 is reserved in the stateless era")
			require.Positive(t, r.Signal.Took.Limited)
		})
	}
	s := newServer(t, limit(12, 16), "", "")
	s.quiet = true
	r := run(t, s, probe.Config{})
	require.Equal(t, probe.RetryAbsent, r.Signal.RetryAfter.Answer)
}

func TestASmallBudgetIsKept(t *testing.T) {
	for _, b := range []probe.Budget{{Calls: 1}, {Calls: 5}, {Calls: 30}, {Calls: 90}, {Time: 100 * time.Millisecond},
		{Time: 3 * time.Second}} {
		r := run(t, newServer(t, limit(5, 15), "", ""), probe.Config{Budget: b})
		require.LessOrEqual(t, r.Sent, max(b.Calls, 0)+probe.DefaultCalls*(1-min(1, b.Calls)), "%+v", b)
		if b.Time > 0 {
			require.LessOrEqual(t, r.Elapsed, b.Time+time.Second, "%+v", b) // a session's handshake may wait
		}
		require.NotEqual(t, probe.Measured, r.Result, "%+v", b)
		require.Contains(t, strings.Join(r.Notes, "\n"), "such as --budget ", "%+v", b)
		if r.Box != nil { // what it says is true however little it is
			require.LessOrEqual(t, r.Box.Rate.Lo, 5.0)
			require.GreaterOrEqual(t, r.Box.Burst.Hi, 15.0)
		}
	}
}

func TestAServerThatDiesEndsTheProbe(t *testing.T) {
	s := newServer(t, limit(12, 16), "dies-after-60", "")
	r, err := probe.Probe(t.Context(), s, probe.Config{Load: load, Client: "c1", Seed: 1})
	require.ErrorIs(t, err, probe.ErrGone)
	require.Equal(t, probe.Unfinished, r.Result)
	require.GreaterOrEqual(t, r.Failed, 25)
}

func TestTheSameSeedGivesTheSameReport(t *testing.T) {
	one := run(t, newServer(t, limit(12, 16), "", ""), probe.Config{Seed: 7})
	require.Equal(t, one, run(t, newServer(t, limit(12, 16), "", ""), probe.Config{Seed: 7}))
	require.NotEqual(t, one.Calls, run(t, newServer(t, limit(12, 16), "", ""), probe.Config{Seed: 8}).Calls)
}

func TestLegality(t *testing.T) {
	for _, c := range []struct {
		code, status int
		stateless    bool
		legal        bool
	}{
		{0, 0, false, true}, {0, 429, false, true}, {-32603, 200, false, false}, {-32000, 200, true, true},
		{-32019, 200, true, true}, {-32020, 200, true, false}, {-32099, 200, true, false}, {-32029, 200, false, true},
		{-32100, 200, false, false}, {429, 429, true, true},
	} {
		legal, words := probe.Legality(c.code, c.status, c.stateless)
		require.Equal(t, c.legal, legal, "%+v", c)
		require.NotEmpty(t, words)
	}
}

// failing answers every call with an error, but for the first few.
type failing struct {
	*server
	good, sent int
	every      int // one of so many is good nevertheless; 0: none
	as         history.Outcome
}

func (f *failing) Run(ctx context.Context, plan []history.Arrival) ([]history.Call, error) {
	calls, err := f.server.Run(ctx, plan)
	for i := range calls {
		if f.sent++; f.sent > f.good && (f.every == 0 || f.sent%f.every != 0) {
			calls[i].Outcome, calls[i].Detail = f.as, "not like this"
		}
	}
	return calls, err
}

// What fails over and over is the call, or how refusals are read: a probe stops
// at 20, and quotes why.
func TestNothingButFailuresEndAProbe(t *testing.T) {
	for _, row := range []struct {
		good, sent int
		as         history.Outcome
		says       string
	}{
		{0, 20, history.Rejected, "all 20 calls failed, the last with rejected: not like this"},
		{0, 20, history.ToolError, "all 20 calls failed, the last with tool-error: not like this"},
		{0, 20, history.Broken, "all 20 calls failed, the last with broken: not like this"},
		{4, 31, history.Rejected, "the last 27 calls failed, the last one with rejected: not like this"},
	} {
		s := &failing{server: newServer(t, limit(12, 40), "", ""), good: row.good, as: row.as}
		r, err := probe.Probe(t.Context(), onlyRuns{s}, probe.Config{Load: load, Client: "c1", Seed: 1})
		require.ErrorIs(t, err, probe.ErrFailing)
		require.ErrorContains(t, err, row.says)
		require.Equal(t, row.sent, s.sent)
		require.Equal(t, probe.Unfinished, r.Result)
	}
}

// Failures with results among them are no reason to stop.
func TestSomeFailuresEndNoProbe(t *testing.T) {
	s := &failing{server: newServer(t, limit(12, 40), "", ""), as: history.Rejected, every: 10}
	_, err := probe.Probe(t.Context(), onlyRuns{s}, probe.Config{Load: load, Client: "c1", Seed: 1,
		Budget: probe.Budget{Calls: 100, Time: time.Minute}})
	require.NoError(t, err)
}

// onlyRuns hides that a server could open sessions too.
type onlyRuns struct{ probe.Prober }

// What nobody said is charged proves nothing by never being refused.
func TestAPresumedChargeIsNoSignOfNoLimit(t *testing.T) {
	r := run(t, newServer(t, limit(12, 16), "off", ""), probe.Config{Seed: 1, Presumed: true})
	require.Equal(t, probe.Unfinished, r.Result)
	require.True(t, r.Untold)
	require.Empty(t, r.Models)
	r = run(t, newServer(t, limit(12, 16), "off", ""), probe.Config{Seed: 1})
	require.Equal(t, probe.NoLimit, r.Result)
	require.False(t, r.Untold)
}
