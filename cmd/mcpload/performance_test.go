//go:build performance

package main

import (
	"context"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/verdict"
)

// suite are the scenarios of the performance suite.
var suite = []string{"burst", "sustained", "results"}

// fleet are the nine servers, in the order of the catalogue.
var fleet = []string{"acb", "session-mgmt-mcp", "crackerjack", "opera-cloud-mcp", "raindropio-mcp",
	"excalidraw-mcp", "mailgun-mcp", "unifi-mcp", "fastblocks"}

// A pending outcome of a server that is being judged.
type pending struct {
	done chan struct{}
	drive.Outcome
}

// came is what a server's findings come to.
func came(s results.Server) verdict.Verdict {
	doc := &results.Document{Servers: []results.Server{s}}
	doc.Finish()
	return doc.Verdict
}

// judgeAll judges mocks over real loopback sockets, all at once, and returns at
// once; each outcome is there when its channel is closed. What a busy machine left
// open is judged again, up to so many tries.
func judgeAll(t *testing.T, names []string, flags targetFlags, scenarioNames []string, tries int) map[string]*pending {
	t.Helper()
	a := &app{stdout: io.Discard, stderr: io.Discard, drain: make(chan struct{})}
	flags.Servers, flags.Protocol, flags.Transport, flags.Timeout = names, "auto", "auto", 10*time.Second
	jobs, err := a.jobs(&flags, nil)
	require.NoError(t, err)
	require.Len(t, jobs, len(names))
	var list []scenarios.Scenario
	for _, name := range scenarioNames {
		s, ok := scenarios.Named(name)
		require.True(t, ok, name)
		list = append(list, s)
	}
	all := map[string]*pending{}
	p := a.newProgress("")
	for _, j := range jobs {
		j.Scenarios, j.Seed, j.Precision = list, 1, 0.003 // three scenarios alone, so at their whole length
		one := &pending{done: make(chan struct{})}
		all[j.Profile.Name] = one
		go func() {
			defer close(one.done)
			for range tries {
				if one.Outcome = j.Run(context.Background(), p, a.drain); came(one.Server) != verdict.Inconclusive {
					break
				}
			}
		}()
	}
	return all
}

// TestFleetKeepsItsLimits is the performance suite: 28 tests by name, one for
// each of nine servers and three scenarios, and a summary.
func TestFleetKeepsItsLimits(t *testing.T) {
	servers := judgeAll(t, fleet, targetFlags{}, suite, 3)
	for _, name := range fleet {
		for i, scenario := range suite {
			t.Run(name+"/"+scenario, func(t *testing.T) {
				s := servers[name]
				<-s.done
				require.Empty(t, s.Server.Error)
				require.Len(t, s.Server.Scenarios, len(suite))
				assertScenario(t, s.Server, s.Server.Scenarios[i], scenario)
			})
		}
	}
	t.Run("summary", func(t *testing.T) {
		doc := &results.Document{}
		for _, name := range fleet {
			<-servers[name].done
			doc.Servers = append(doc.Servers, servers[name].Server)
		}
		doc.Finish()
		require.Len(t, doc.Servers, 9)
		require.Equal(t, verdict.Pass, doc.Verdict)
		require.Equal(t, exitPass, results.ExitStatus(doc))
		for _, s := range doc.Servers {
			require.NotNil(t, s.Measured, s.Server)
			assert.LessOrEqual(t, s.Measured.Burst.Lo, float64(s.Limit.Burst), s.Server)
			assert.Greater(t, s.Measured.Burst.Hi, float64(s.Limit.Burst), s.Server)
			assert.LessOrEqual(t, s.Measured.Rate.Lo, s.Limit.Rate, s.Server)
			assert.GreaterOrEqual(t, s.Measured.Rate.Hi, s.Limit.Rate, s.Server)
		}
	})
}

// assertScenario holds one scenario's numbers against what was promised.
func assertScenario(t *testing.T, server results.Server, s results.Scenario, name string) {
	t.Helper()
	require.Equal(t, name, s.Scenario)
	for _, f := range s.Findings {
		assert.Equal(t, verdict.Pass, f.Verdict, "%s: want %s, saw %s", f.Check, f.Want, f.Saw)
	}
	c := s.Calls
	require.Equal(t, c.Planned, c.Sent)
	require.Equal(t, c.Sent, c.Admitted+c.Limited+c.Failed+c.Unknown)
	require.Zero(t, c.Failed+c.Unknown)
	switch name {
	case "burst":
		require.Equal(t, server.Limit.Burst+6, c.Sent)
		require.GreaterOrEqual(t, c.Admitted, server.Limit.Burst)
		require.Positive(t, c.Limited)
	case "sustained":
		require.Zero(t, c.Limited)
		require.Greater(t, c.Admitted, server.Limit.Burst, "more than the bucket holds, so it must refill")
	case "results":
		require.Equal(t, c.Sent, c.Admitted)
		require.Equal(t, c.Admitted, s.Latency.Admitted.N)
		require.GreaterOrEqual(t, s.Latency.Admitted.P99, s.Latency.Admitted.P50)
		require.Positive(t, s.Latency.Admitted.P50)
	}
}

// blind are the faults that these three scenarios can't see, or can't be sure to,
// though a whole run can, as the matrix of the scenarios shows: they show under
// overload, after a rest, or in one client's burst.
var blind = map[string]string{
	"rate+10%":               "nothing is offered above the rate",
	"rate+5%":                "nothing is offered above the rate",
	"rate+2%":                "nothing is offered above the rate",
	"rate-10%":               "the tokens that are there at the start last for four seconds of 5 % too little",
	"rate-5%":                "95 % of the rate is still served",
	"rate-2%":                "95 % of the rate is still served",
	"refusals-cost":          "the wait before sustained pays what the burst's refusals cost",
	"truncating-refill":      "the fractions that it loses are small at a steady rate",
	"stepwise-100ms":         "one step is little more than a token",
	"stepwise-250ms":         "three tokens are there from the start, as much as one step brings",
	"periodic-reset":         "nothing is offered above the rate",
	"off-after-first-window": "nothing is offered above the rate",
	"clock-forward":          "nothing is offered above the rate",
	"idle-reset":             "there is no rest after a drain",
	"over-capacity":          "there is no rest before a burst",
	"leak-3%":                "few calls are refused, so few can leak",
	"retry-after-short":      "the check of hints belongs to recovery",
	"retry-after-long":       "the check of hints belongs to recovery",
}

// TestTheSuiteFailsOnEveryFault runs the same suite against every fault of the
// mock that the catalogue says can be caught: each must fail, or else the suite
// above proved nothing. The mocks share the machine twelve at a time; where that
// blurred the millisecond by which a fault shows, so that the suite honestly had
// nothing to hold against it, the fault is judged again with the machine to itself,
// and must fail in one of three runs.
func TestTheSuiteFailsOnEveryFault(t *testing.T) {
	var mu sync.Mutex
	var missed []string
	var group sync.WaitGroup
	slots := make(chan struct{}, 12) // mocks at one time, so that two cores keep millisecond delays
	for _, fault := range mock.Faults() {
		if !fault.Detectable || blind[fault.Name] != "" {
			continue
		}
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if passesTheSuite(t, fault.Name) {
				mu.Lock()
				defer mu.Unlock()
				missed = append(missed, fault.Name)
			}
		})
	}
	group.Wait()
	slices.Sort(missed)
	t.Logf("judged again, alone: %q", missed)
	for range 3 {
		missed = slices.DeleteFunc(missed, func(fault string) bool { return !passesTheSuite(t, fault) })
	}
	require.Empty(t, missed, "these faults passed the suite")
}

// passesTheSuite says whether a mock with that fault passes.
func passesTheSuite(t *testing.T, fault string) bool {
	t.Helper()
	asked := targetFlags{Asked: target.Asked{Fault: fault}}
	s := judgeAll(t, []string{"crackerjack"}, asked, suite, 1)["crackerjack"]
	<-s.done
	return came(s.Server) == verdict.Pass
}
