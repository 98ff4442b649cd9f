package probe_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/probe"
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
				r := run(t, newServer(t, limit(c.rate, c.burst), "", ""), probe.Config{Budget: c.budget, Seed: seed + 1})
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
				require.Empty(t, r.Notes)
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
				r := run(t, newServer(t, limit(size.rate, size.burst), "", charge), probe.Config{Budget: probe.Budget{Time: size.time}})
				show(t, r)
				require.Equal(t, want, costs(r))
			})
		}
	}
}

func TestFaults(t *testing.T) {
	for _, fault := range []string{"fixed-window", "sliding-log", "leaky", "concurrency-cap", "off", "refusals-cost", "retry-after-short", "retry-after-long",
		"per-session", "per-connection", "session-reset", "start-empty", "never-refills", "only-success-counted", "per-method", "replicas-3", "silent-refusals", "dies-after-60", "lockout", "burst-once", "idle-reset", "stepwise-1s", "stepwise-100ms", "leak-3%", "false-refusal-5%", "racy"} {
		t.Run(fault, func(t *testing.T) {
			s := newServer(t, limit(12, 16), fault, "")
			begin := time.Now()
			r, err := probe.Probe(t.Context(), s, probe.Config{Load: load, Client: "c1", Seed: 1})
			t.Log("error:", err, time.Since(begin))
			show(t, r)
		})
	}
}
