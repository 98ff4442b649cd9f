package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// trialOf is the trial of calls under 10/s burst 5.
func trialOf(calls []history.Call) *Trial {
	for i := range calls {
		calls[i].Label = "overload"
	}
	return NewCourt(promise.Terms{Limit: testLimit(10, 5)}, calls, Config{}).Trial("overload")
}

// stream is a call every 100 ms, each of which takes a millisecond.
func stream(n int) []history.Call {
	var calls []history.Call
	for i := range n {
		calls = append(calls, flight("c1", 100*i, 100*i+1, history.OK))
	}
	return calls
}

// late has the calls that are due in a span sent at its end.
func late(calls []history.Call, from, to int) []history.Call {
	for i := range calls {
		if c := &calls[i]; c.Due >= time.Duration(from)*msec && c.Due < time.Duration(to)*msec {
			c.Sent, c.Received = time.Duration(to)*msec, time.Duration(to+1)*msec
		}
	}
	return calls
}

// A standstill costs its own time, and not the scenario.
func TestTheGeneratorMayLoseATenthOfTheTime(t *testing.T) {
	short := Generator.Judge(trialOf(late(stream(100), 5000, 5800)))
	require.Equal(t, Pass, short.Verdict, short.Saw)
	require.Contains(t, short.Saw, "our machine stood still for")
	long := Generator.Judge(trialOf(late(stream(100), 5000, 6200)))
	require.Equal(t, Inconclusive, long.Verdict, long.Saw)
	unsent := late(stream(100), 5000, 5800)
	unsent[3].Outcome = history.Unsent
	require.Equal(t, Inconclusive, Generator.Judge(trialOf(unsent)).Verdict)
}

func TestDisturbancesAreSaid(t *testing.T) {
	require.Empty(t, trialOf(stream(100)).Disturbance())
	require.Equal(t, "our machine stood still for 1.1s", trialOf(late(stream(100), 5000, 5999)).Disturbance())
	stalled := stream(100)
	stalled[50].Received += 2 * time.Second
	for i := 51; i < 70; i++ {
		stalled[i].Received = stalled[50].Received + msec
	}
	require.Equal(t, "nothing was answered for 2s", trialOf(stalled).Disturbance())
	lost := stream(100)
	lost[7].Outcome = history.Broken
	require.Equal(t, "1 call got no answer", trialOf(lost).Disturbance())

	slow := stream(100) // each takes as long as the others: that is the server
	for i := range slow {
		slow[i].Received += 400 * msec * time.Duration(1+i%2)
	}
	require.Empty(t, trialOf(slow).Disturbance())
}

// Refusals that delays explain are let pass only where the run has certified
// the limit otherwise.
func TestServedLetsAFewExplainedRefusalsPass(t *testing.T) {
	honest := func(rate float64) []history.Call {
		bucket := newLevel(rate, 5)
		var calls []history.Call
		for i := range 300 { // 15 a second
			c := flight("c1", 67*i, 67*i, history.OK)
			if !bucket.take(c.Sent) {
				c.Outcome = history.Limited
			}
			calls = append(calls, c)
		}
		return calls
	}
	judge := func(calls []history.Call) Finding {
		for i := range calls {
			calls[i].Label = "overload"
		}
		end := int(calls[len(calls)-1].Due / msec)
		for i := range 20 { // just under 10/s from an empty bucket, the first of them refused
			c := flight("c1", end+1+105*i, end+2+105*i, history.OK)
			if i == 0 {
				c.Outcome = history.Limited
			}
			c.Label = "sustained"
			calls = append(calls, c)
		}
		return Served.Judge(NewCourt(promise.Terms{Limit: testLimit(10, 5)}, calls, Config{}).Trial("sustained"))
	}
	f := judge(honest(10))
	require.Equal(t, Pass, f.Verdict, f.Saw)
	require.Contains(t, f.Saw, "certified")
	f = judge(honest(10)[:17])
	require.Equal(t, Inconclusive, f.Verdict, f.Saw)
}
