package drive

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
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

// A stall is when a server stands still.
type stall struct{ from, to time.Duration }

// inVirtualTime takes all scenarios, those that are repeated too, through a
// server of 12/s burst 16 that stands still now and then.
func inVirtualTime(t *testing.T, fault string, delay virtual.Delay, stalls ...stall) (Outcome, string) {
	t.Helper()
	var said bytes.Buffer
	limit := profiles.Limit{Rate: 12, Burst: 16, Scope: profiles.Global, Charges: []string{"*"}}
	j := &Job{Target: target.Target{Profile: profiles.Profile{Name: "acb", Limit: limit,
		Call: profiles.LoadCall{Method: "ping"}}, Seed: 1}, Scenarios: scenarios.Catalogue()}
	clock := virtual.NewClock()
	still := func(r *rand.Rand) time.Duration {
		for _, s := range stalls {
			if now := clock.Now(); now >= s.from && now < s.to {
				return s.to - now + delay(r)
			}
		}
		return delay(r)
	}
	server, err := VirtualServer(clock, mock.Config{Profile: j.Profile, Fault: fault, Seed: 1}, delay,
		rand.New(rand.NewPCG(1, 1)))
	require.NoError(t, err)
	server.There = still
	l := &line{job: j, setting: scenarios.Setting{Clients: target.ClientNames(target.DefaultClients), Seed: 1},
		clock: clock, pace: clock, target: server, release: func() {}, tell: teller{saying{&said}, "acb"}}
	out := Outcome{Server: results.Server{Server: "acb"}}
	l.run(t.Context(), 0, &out)
	return out, said.String()
}

// saying writes down what is said.
type saying struct{ to *bytes.Buffer }

func (s saying) Saw(string, history.Call) {}

func (s saying) Tell(e Event) {
	if e.Say != "" {
		fmt.Fprintf(s.to, "%s: %s\n", e.Server, e.Say)
	}
}

// when is when a scenario begins and ends, the last time.
func when(calls []history.Call, name string) (from, to time.Duration) {
	from = 1 << 62
	last := history.LastAttempts(calls)
	for _, c := range calls {
		if c.Label == name && c.Nth() == last[name] {
			from, to = min(from, c.Sent), max(to, c.Sent)
		}
	}
	return from, to
}

func TestAScenarioThatAStallSpoiltIsRepeated(t *testing.T) {
	quick := virtual.Exp(time.Millisecond)
	calm, said := inVirtualTime(t, "", quick)
	require.Equal(t, "pass", calm.Said())
	require.NotContains(t, said, "repeated", "nothing is repeated without need")
	from, _ := when(calm.Calls, "burst")

	out, said := inVirtualTime(t, "", quick, stall{from - 100*time.Millisecond, from + 3*time.Second})
	require.Equal(t, "acb: 155 calls in 9.3s at most\nacb: burst: repeated, nothing was answered for 3s\nacb: "+
		"sustained: repeated, nothing was answered for 2.25s\n", said)
	require.Equal(t, "pass", out.Said())
	require.Equal(t, 2, out.Server.Scenarios[0].Attempts)
	require.Zero(t, out.Server.Scenarios[2].Attempts)
	require.Equal(t, []string{"burst: repeated, nothing was answered for 3s", "sustained: repeated, nothing was " +
		"answered for 2.25s"}, out.Server.Notes)
	require.Equal(t, 22, out.Server.Scenarios[0].Calls.Sent, "of the last attempt")
	burst := 0
	for _, c := range out.Calls {
		burst += b2i(c.Label == "burst")
	}
	require.Equal(t, 44, burst, "the history has both")
	began, _ := when(out.Calls, "burst")
	before := out.Calls[len(calm.Calls)-1]
	require.GreaterOrEqual(t, began-before.Received, 16*time.Second/12, "every honest bucket is full again")

	twice, _ := inVirtualTime(t, "", quick, stall{from - 100*time.Millisecond, from + 3*time.Second})
	require.Equal(t, out.Calls, twice.Calls, "the same seed and the same answers give the same traffic")
}

func TestNothingIsTriedMoreThanThreeTimes(t *testing.T) {
	var always []stall
	for at := time.Duration(0); at < 5*time.Minute; at += 2 * time.Second {
		always = append(always, stall{at, at + 900*time.Millisecond})
	}
	out, said := inVirtualTime(t, "", virtual.Exp(time.Millisecond), always...)
	require.NotEqual(t, "fail", out.Said())
	require.NotEmpty(t, said)
	most := 0
	for name, n := range history.LastAttempts(out.Calls) {
		require.LessOrEqual(t, n, maxAttempts, name)
		most = max(most, n)
		require.LessOrEqual(t, strings.Count(said, name+": repeated"), maxAttempts-1)
	}
	require.Equal(t, maxAttempts, most)
}

// A server that is slow all the time would be as slow again.
func TestWhatNothingDisturbedIsNotRepeated(t *testing.T) {
	out, said := inVirtualTime(t, "", virtual.Constant(2*time.Second))
	require.Equal(t, "inconclusive", out.Said())
	require.Regexp(t, `^acb: \d+ calls in [\d.]+s at most\n$`, said, "how long it takes, and nothing else")
}

// A stall is no way out: the fault that a spoilt run hides shows in the next.
func TestAFaultIsFoundWhereTheFirstAttemptWasSpoilt(t *testing.T) {
	calm, _ := inVirtualTime(t, "", virtual.Exp(time.Millisecond))
	from, to := when(calm.Calls, "recovery")
	for _, fault := range []string{"burst+1", "rate+5%", "idle-reset", "never-refills"} {
		out, _ := inVirtualTime(t, fault, virtual.Exp(time.Millisecond), stall{from, to + time.Second})
		require.Equal(t, "fail", out.Said(), fault)
	}
}

// What failed in an attempt that was spoilt stays a fail: a witness is a
// witness.
func TestAFailOfAnyAttemptCounts(t *testing.T) {
	limit := profiles.Limit{Rate: 1, Burst: 2, Scope: profiles.Global, Charges: []string{"*"}}
	var calls []history.Call
	send := func(at time.Duration, n, attempt int) {
		for range n {
			calls = append(calls, history.Call{Arrival: history.Arrival{Due: at, Client: "c1", Method: "ping",
				Label: "burst", Attempt: attempt},
				Sent: at, Received: at + 1, Outcome: history.OK})
		}
	}
	send(0, 9, 0) // seven too many: more than a step of the server's clock explains
	send(time.Minute, 2, 2)
	burst, _ := scenarios.Named("burst")
	var server results.Server
	set := verdict.Setting{Terms: promise.Terms{Limit: limit},
		Questions: scenarios.Questions([]scenarios.Scenario{burst})}
	judge.Server(&server, set, calls)
	s := server.Scenarios[0]
	require.Equal(t, verdict.Fail, s.Verdict)
	require.Equal(t, 2, s.Calls.Sent)
	for _, f := range s.Findings {
		if f.Check == "over-admission" {
			require.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9}, f.Witness.Calls)
		}
	}
}
