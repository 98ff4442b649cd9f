package verdict

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A hint without a unit is seconds, or thousandths of them, and nothing else.
func TestReadingsOfAHint(t *testing.T) {
	h := history.Hint{From: "X", Lo: 5 * time.Second, Hi: 9 * time.Second}
	require.Equal(t, []history.Hint{h}, readings(h))
	h.Note = history.NoteUnit
	ms := h
	ms.Lo, ms.Hi = 5*time.Millisecond, 9*time.Millisecond
	require.Equal(t, []history.Hint{h, ms}, readings(h))
}

// However long a bucket takes to fill, it is a time.
func TestABucketFillsInATime(t *testing.T) {
	for _, row := range []struct {
		rate  float64
		burst int
		want  time.Duration
	}{
		{10, 5, 500 * time.Millisecond},
		{1e-12, 1, never / 2},
		{1e-9, 1 << 30, never / 2},
	} {
		c := &Court{terms: promise.Terms{Limit: promise.Limit{Rate: row.rate, Burst: row.burst}}}
		require.InDelta(t, float64(row.want), float64(c.fills()), 1024, "%v", row)
		require.Positive(t, c.fills())
	}
}

// What is left at the end are the calls behind the last that was answered, in the order
// of their sending, whatever the order of the records.
func TestTheTailIsInOrder(t *testing.T) {
	call := func(at int, o history.Outcome) history.Call { return history.Call{Sent: time.Duration(at), Outcome: o} }
	calls := []history.Call{call(5, history.Broken), call(3, history.OK), call(1, history.OK), call(4, history.Broken),
		call(2, history.Broken), call(6, history.Unsent)}
	tr := Trial{Calls: calls}
	require.Equal(t, []history.Call{call(4, history.Broken), call(5, history.Broken)}, tr.tail())
	tr.Calls = calls[3:4]
	require.Equal(t, calls[3:4], tr.tail())
	tr.Calls = calls[1:3]
	require.Empty(t, tr.tail())
}

// A step explains a history if one of its size makes it right: between too little and
// too much, and none where the largest is too little or the least too much.
func TestAStepExplains(t *testing.T) {
	const ms = int64(time.Millisecond)
	between := func(enough, most int64, back bool) func(int64) Judgement {
		return func(by int64) (j Judgement) {
			little, much := &j.OverRejection.Violated, &j.OverAdmission.Violated
			if back {
				little, much = much, little
			}
			*little, *much = by < enough, by > most
			return j
		}
	}
	for _, back := range []bool{false, true} {
		s := step{least: 10 * ms, most: 10000 * ms, back: back}
		_, ok := s.explaining(between(20000*ms, 30000*ms, back))
		require.False(t, ok, "too little")
		_, ok = s.explaining(between(0, 5*ms, back))
		require.False(t, ok, "too much")
		_, ok = s.explaining(between(6000*ms, 2000*ms, back))
		require.False(t, ok, "no size is right")
		by, ok := s.explaining(between(0, 20000*ms, back))
		require.True(t, ok)
		require.Equal(t, [2]int64{10 * ms, 10000 * ms}, by, "every size is right")
		by, ok = s.explaining(between(2000*ms, 6000*ms, back))
		require.True(t, ok)
		require.InEpsilon(t, 2000*ms, by[0], 0.01)
		require.GreaterOrEqual(t, by[0], 2000*ms, "enough")
		require.InEpsilon(t, 6000*ms, by[1], 0.01)
		require.LessOrEqual(t, by[1], 6000*ms, "not too much")
	}
}

// A cause names its law only where there are several.
func TestACauseNamesItsLaw(t *testing.T) {
	c := LawCause{Law: 1, Says: "its N is 5"}
	require.Equal(t, "its N is 5", c.words(1))
	require.Equal(t, "law 2: its N is 5", c.words(2))
	c.Kept = promise.Law{Kind: promise.Cap, N: 5}
	require.Equal(t, "law 2: its N is 5 (5 at a time)", c.words(2))
}

// Instants that would run over where they are widened are judged by the tree, which
// looks out for that.
func TestInstantsNearTheEnd(t *testing.T) {
	for at, want := range map[int64]bool{1: true, never / 4: true, never/2 + 1: false, math.MaxInt64 - 1: false} {
		e := NewEvidence(promise.Limit{Scope: promise.Global, Rate: 1, Burst: 1, Charges: []string{"*"}})
		e.Add(1, &history.Call{Arrival: history.Arrival{Method: "tools/call"}, Sent: 0, Received: time.Duration(at),
			Outcome: history.OK})
		for _, b := range e.buckets {
			b.review()
			require.Equal(t, want, b.plain(), "%d", at)
		}
		require.NotEmpty(t, e.buckets)
	}
}

// How a refusal came is said by what it has: a status of refusals, an error's code, or
// neither.
func TestTheShapeOfARefusal(t *testing.T) {
	for _, row := range []struct {
		status, code int
		want         string
	}{
		{429, 0, "HTTP 429"}, {503, 0, "HTTP 503"}, {503, -32000, "HTTP 503"}, {200, -32000, "JSON-RPC error -32000"},
		{0, -32000, "JSON-RPC error -32000"}, {200, 0, "tool result that says so"}, {0, 0, "tool result that says so"},
	} {
		require.Equal(t, row.want, shape(history.Call{Status: row.status, Code: row.code}), row)
	}
}

// What is known of any limiter: how many like the promised one would grant as much, where
// more than two would have to.
func TestHowManyLimitsWouldGrantIt(t *testing.T) {
	limit := promise.Limit{Scope: promise.Global, Rate: 1, Burst: 1, Charges: []string{"*"}}
	for n, want := range map[int]string{1: "", 2: "", 3: "more than 2 limits as promised would grant together",
		4: "more than 3 limits as promised would grant together"} {
		var calls []history.Call
		for range n {
			calls = append(calls, history.Call{Arrival: history.Arrival{Method: "tools/call"},
				Received: time.Millisecond, Outcome: history.OK})
		}
		p := newPast(limit, 0, Gather(limit, calls))
		require.Equal(t, n, p.copies())
		if seen := strings.Join(p.seen(), ", "); want == "" {
			require.NotContains(t, seen, "would grant")
		} else {
			require.Contains(t, seen, want)
		}
	}
}

// Every outcome is counted once: what was sent is the sum of what came of it.
func TestWhatCameOfEveryCall(t *testing.T) {
	outcomes := map[history.Outcome]int{
		history.OK: 400, history.Limited: 32, history.ToolError: 16, history.Rejected: 8, history.Broken: 4,
		history.TimedOut: 3, history.Unknown: 2, history.ClosedIdle: 5, history.Unsent: 7,
	}
	var calls []history.Call
	for o, n := range outcomes {
		for range n {
			calls = append(calls, history.Call{Arrival: history.Arrival{Label: "burst", Method: "tools/call"},
				Received: time.Millisecond, Outcome: o})
		}
	}
	f := judgeComplete(NewCourt(promise.Terms{Limit: tenTwenty}, calls, Config{}).Trial("burst"))
	require.Contains(t, f.Saw, "470 = 400 + 32 + 28 + 10; 5 of the last on connections that the server closed "+
		"while idle")
}
