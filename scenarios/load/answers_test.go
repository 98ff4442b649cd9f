package load

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// of is so many calls of each outcome, in order, at 10/s, each ended in 1 ms.
func of(blocks ...any) (calls []history.Call) {
	for i := 0; i < len(blocks); i += 2 {
		for range blocks[i].(int) {
			c := call(time.Duration(len(calls))*100*ms, ms, blocks[i+1].(history.Outcome))
			c.Detail = fmt.Sprintf("HTTP 4%02d", c.Outcome)
			calls = append(calls, c)
		}
	}
	return calls
}

func measuredOf(calls []history.Call) *Metrics {
	m := NewMetrics(Shape{})
	for _, c := range calls {
		m.Add(c)
	}
	return m
}

// TestResultsToTheEnd: to the end means to the end; refusals, calls that nobody
// waited for, and our own pauses are no end of the server's.
func TestResultsToTheEnd(t *testing.T) {
	const ok, refused, rejected, late, open, unsent = history.OK, history.Limited, history.Rejected, history.TimedOut,
		history.Unknown, history.Unsent
	for _, row := range []struct {
		name   string
		calls  []history.Call
		spoilt int64
		want   verdict.Verdict
		saw    string
	}{
		{"all", of(100, ok), 0, verdict.Pass, "100 results of 100 calls"},
		{"none", of(20, rejected), 0, verdict.Fail, "0 results of 20 calls"},
		{"none, refused", of(20, refused), 0, verdict.Inconclusive, "it refused the others"},
		{"none, some refused", of(20, refused, 1, rejected), 0, verdict.Fail, "0 results"},
		{"none, given up by us", of(20, open), 0, verdict.Inconclusive, "no reply was waited for"},
		{"none, while we stood still", of(20, late), 20, verdict.Inconclusive, "no reply was waited for"},
		{"nothing sent", of(20, unsent), 0, verdict.Inconclusive, "nothing was sent"},
		{"a token that expires", of(20, ok, 80, rejected), 0, verdict.Fail, "20 results of 100 calls, the last one " +
			"1.9s into a run of 10s; the 80 calls since then got none"},
		{"the last tenth and a bit", of(88, ok, 12, late), 0, verdict.Fail, "the 12 calls since then"},
		{"too few to tell", of(91, ok, 9, late), 0, verdict.Pass, ""},
		{"a quota that is used up", of(20, ok, 80, refused), 0, verdict.Inconclusive, "80 of them were refused"},
		{"cut off by a person", of(80, ok, 10, late, 10, open), 0, verdict.Inconclusive, ""},
		{"our own pause", of(80, ok, 20, late), 20, verdict.Inconclusive, ""},
		{"one result at the end", of(1, ok, 98, rejected, 1, ok), 0, verdict.Pass, ""},
		{"unsent ones say nothing", of(80, ok, 20, unsent), 0, verdict.Pass, "80 results of 80 calls"},
		{"every other call fails anyhow", slices.Concat(mixed(80), of(15, rejected)), 0, verdict.Pass, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			for i := range row.calls { // blocks put together go on in time
				row.calls[i].Due = time.Duration(i) * 100 * ms
				row.calls[i].Sent, row.calls[i].Received = row.calls[i].Due, row.calls[i].Due+ms
			}
			f := measuredOf(row.calls).JudgeAnswers(time.Duration(len(row.calls))*100*ms, row.spoilt)
			assert.Equal(t, row.want, f.Verdict, f.Saw)
			assert.Contains(t, f.Saw, row.saw)
			assert.Equal(t, f.Verdict == verdict.Fail, f.Cause != "")
		})
	}
}

// mixed is n calls every other of which fails, of which the last got a result.
func mixed(n int) (calls []history.Call) {
	for range n / 2 {
		calls = append(calls, of(1, history.Rejected, 1, history.OK)...)
	}
	return calls
}

// TestASlowServerAnswersToTheEnd: whatever an honest server takes, replies that
// come after the last call was due count.
func TestASlowServerAnswersToTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "calls")
		took := time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "took"))
		m := NewMetrics(Shape{})
		for i := range n {
			m.Add(call(time.Duration(i)*50*ms, took, history.OK))
		}
		end := time.Duration(n) * 50 * ms
		require.Equal(t, verdict.Pass, m.JudgeAnswers(end, 0).Verdict)
	})
}

// TestFailuresAtRandomAreNoEnd: a server that fails at random, at any share,
// never fails for how its run ended.
func TestFailuresAtRandomAreNoEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.IntRange(0, 95).Draw(t, "share")
		var calls []history.Call
		for _, x := range rapid.SliceOfN(rapid.IntRange(0, 99), 400, 400).Draw(t, "lots") {
			o := history.OK
			if (x+len(calls)*37)%100 < share {
				o = history.Rejected
			}
			calls = append(calls, of(1, o)...)
			c := &calls[len(calls)-1]
			c.Due = time.Duration(len(calls)) * 10 * ms
			c.Sent, c.Received = c.Due, c.Due+ms
		}
		m := measuredOf(calls)
		if m.Total("").Of(history.OK) == 0 {
			return
		}
		require.Equal(t, verdict.Pass, m.JudgeAnswers(4*time.Second, 0).Verdict)
	})
}

func TestTheImpliedThreshold(t *testing.T) {
	const ok, refused, tool, late, idle = history.OK, history.Limited, history.ToolError, history.TimedOut,
		history.ClosedIdle
	for _, row := range []struct {
		name   string
		calls  []history.Call
		given  []string
		spoilt int64
		want   verdict.Verdict
		saw    string
		cause  string
	}{
		{"all well", of(100, ok), nil, 0, verdict.Pass, "0% (0 of 100)", ""},
		{"one in 200", of(199, ok, 1, late), nil, 0, verdict.Pass, "0.50% (1 of 200)", ""},
		{"one in 100", of(99, ok, 1, late), nil, 0, verdict.Fail, "1.00% (1 of 100)", "1× timed out: HTTP 406"},
		{"39 of 40", of(1, ok, 39, late), nil, 0, verdict.Fail, "97.5% (39 of 40)", "calls fail: 39× timed out: " +
			"HTTP 406"},
		{"the commonest is quoted", of(50, ok, 20, late, 30, tool, 40, refused), nil, 0, verdict.Fail, "35.7% (50 of " +
			"140), beside 40 that were refused", "calls fail: 30× tool error: HTTP 402"},
		{"refusals are apart", of(10, ok, 90, refused), nil, 0, verdict.Pass, "0% (0 of 100), beside 90 that were " +
			"refused", ""},
		{"while we stood still", of(90, ok, 10, late), nil, 10, verdict.Inconclusive, "10 of them failed while this " +
			"machine stood still", ""},
		{"not all of them", of(90, ok, 10, late), nil, 5, verdict.Fail, "10.0% (10 of 100)", "calls fail"},
		{"a threshold on time says nothing of failures", of(90, ok, 10, tool), []string{"p99<1s"}, 0, verdict.Fail,
			"10.0%", "tool error"},
		{"tool errors are spoken of", of(90, ok, 10, tool), []string{"tool-errors<50%"}, 0, verdict.Pass,
			"0% (0 of 100)", ""},
		{"and time-outs not", of(80, ok, 10, tool, 10, late), []string{"tool-errors<50%"}, 0, verdict.Fail,
			"10.0% (10 of 100)", "10× "},
		{"time-outs are spoken of", of(90, ok, 10, late), []string{"timeouts<50%"}, 0, verdict.Pass, "0%", ""},
		{"closed while idle, and the next one works", of(50, ok, 10, idle, 50, ok), nil, 0, verdict.Pass,
			"0% (0 of 110), and beside 10 that crossed the end of an idle connection", ""},
		{"and the next one is refused, which is an answer", of(50, ok, 10, idle, 1, refused), nil, 0, verdict.Pass,
			"beside 10 that crossed", ""},
		{"closed while idle, and the next one fails too", of(90, ok, 5, idle, 1, late, 4, ok), nil, 0, verdict.Fail,
			"6.00% (6 of 100)", "calls fail: 1× timed out"},
		{"closed while idle, and nothing after it", of(90, ok, 10, idle), nil, 0, verdict.Fail, "10.0% (10 of 100)",
			"calls fail: 10× closed"},
		{"what is unsent shows nothing", of(90, ok, 10, idle, 9, history.Unsent), nil, 0, verdict.Fail,
			"10.0% (10 of 100)", "calls fail"},
		{"of another tool", of(90, ok, 10, late), []string{"errors{tool=other}<50%"}, 0, verdict.Fail, "10.0%",
			"timed out"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var given []verdict.Threshold
			for _, text := range row.given {
				given = append(given, threshold(t, text))
			}
			f, ok := measuredOf(row.calls).JudgeImplied(given, row.spoilt)
			require.True(t, ok)
			assert.Equal(t, row.want, f.Verdict, f.Saw)
			assert.Contains(t, f.Saw, row.saw)
			assert.Contains(t, f.Cause, row.cause)
			assert.Equal(t, f.Verdict == verdict.Fail, f.Cause != "")
			assert.Equal(t, "threshold errors<1% (implied)", f.Check)
		})
	}
	for _, text := range []string{"errors<=100%", "errors{tool=echo}<5%"} {
		_, ok := measuredOf(of(10, tool)).JudgeImplied([]verdict.Threshold{threshold(t, text)}, 0)
		require.False(t, ok, "%s speaks of all failures that there are", text)
	}
	_, judged := measuredOf(nil).JudgeImplied(nil, 0)
	require.False(t, judged)
}

// TestCrossingsByClient: what another client's call comes to shows nothing, and
// runs that are put together keep what they have seen.
func TestCrossingsByClient(t *testing.T) {
	one := func(client string, o history.Outcome) history.Call {
		return history.Call{Arrival: history.Arrival{Client: client, Method: "tools/list"}, Outcome: o}
	}
	m := measuredOf([]history.Call{one("a", history.ClosedIdle), one("b", history.OK)})
	require.EqualValues(t, 1, m.crossed.harm("tools/list"), "b's call says nothing of a's")
	require.EqualValues(t, 0, m.crossed.harm("echo"))
	sum := NewMetrics(Shape{})
	sum.Merge(m)
	sum.Merge(measuredOf([]history.Call{one("a", history.ClosedIdle), one("a", history.Broken)}))
	sum.Merge(measuredOf([]history.Call{one("a", history.OK)}))
	require.EqualValues(t, 2, sum.crossed.harm("tools/list"))
	m.Add(one("a", history.OK))
	require.EqualValues(t, 0, m.crossed.harm("tools/list"))
	require.Equal(t, 1, m.Total("").Counts().ClosedIdle)
	require.Equal(t, 1, m.Total("").Counts().Unknown)
}
