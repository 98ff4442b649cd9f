package verdict

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

func TestVerdictsCombine(t *testing.T) {
	for _, row := range []struct {
		of   []Verdict
		want Verdict
	}{
		{nil, Inconclusive},
		{[]Verdict{Pass}, Pass},
		{[]Verdict{Pass, Inconclusive, Pass}, Inconclusive},
		{[]Verdict{Inconclusive}, Inconclusive},
		{[]Verdict{Inconclusive, Fail, Pass}, Fail},
		{[]Verdict{Fail}, Fail},
	} {
		require.Equal(t, row.want, Worst(row.of...), row.of)
	}
}

func TestVerdictsHaveNames(t *testing.T) {
	for v, name := range map[Verdict]string{Inconclusive: "inconclusive", Pass: "pass", Fail: "fail"} {
		text, err := v.MarshalText()
		require.NoError(t, err)
		require.Equal(t, name, string(text))
		var back Verdict
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, v, back)
	}
	require.Equal(t, "inconclusive", (Fail + 1).String())
	v := Pass
	require.ErrorContains(t, v.UnmarshalText([]byte("passed")), `"passed" is not one of`)
	require.Equal(t, Pass, v)
}

// What is known of calls that may have cost nothing, of clients that may be another, and of
// what came after the server began anew.
func TestWhoseTokenACallTakes(t *testing.T) {
	const burst = 5
	at := func(client string, o history.Outcome, n int) (calls []history.Call) {
		for range n {
			calls = append(calls, history.Call{Arrival: history.Arrival{Client: client, Method: "tools/call"}, Outcome: o,
				Received: time.Millisecond})
		}
		return calls
	}
	for _, row := range []struct {
		name     string
		scope    promise.Scope
		client   string
		min, max float64 // of the burst, by 3 calls of a client and 4 of that one, one refused
		buckets  int
	}{
		{"the same client", promise.Client, "a", 7, 8, 1},
		{"another one", promise.Client, "b", 4, 5, 2},
		{"one that may be another", promise.Client, "a?X-Forwarded-For", 3, math.Inf(1), 1},
		{"one that may be another, of one bucket for all", promise.Global, "a?X-Forwarded-For", 7, 8, 1},
		{"one that opens sessions, of one bucket for all", promise.Global, "a?opening", 3, math.Inf(1), 1},
		{"after a restart", promise.Client, "a!a restart", 4, math.Inf(1), 2},
		{"after a restart, of one bucket for all", promise.Global, "a!a restart", 4, math.Inf(1), 2},
	} {
		calls := append(at("a", history.OK, 3), append(at(row.client, history.OK, 4), at(row.client, history.Limited,
			1)...)...)
		limit := promise.Limit{Rate: 1e-9, Burst: burst, Scope: row.scope, Charges: []string{"*"}}
		e := Gather(limit, calls).Under(Clocks{})
		require.InDelta(t, row.min, e.BurstMin(limit.Rate), 1e-6, row.name)
		if math.IsInf(row.max, 1) {
			require.True(t, math.IsInf(e.BurstMax(limit.Rate), 1), row.name)
		} else {
			require.InDelta(t, row.max, e.BurstMax(limit.Rate), 1e-6, row.name)
		}
		require.Len(t, e.Bands(limit), row.buckets, row.name)
		require.Equal(t, 8, e.Calls(), row.name)
	}
}

// Calls that are spared may have cost something or nothing: what they took is no proof any
// more, and excuses refusals as before.
func TestWhatIsSparedMayHaveCostSomething(t *testing.T) {
	calls := make([]history.Call, 9)
	for i := range calls {
		calls[i] = history.Call{Arrival: history.Arrival{Client: "a", Method: "tools/call"}, Outcome: history.OK,
			Sent: time.Duration(i), Received: time.Duration(i)}
	}
	calls[8].Outcome = history.Limited
	limit := testLimit(1e-9, 5)
	e := exactly(limit, calls)
	require.InDelta(t, 8, e.BurstMin(limit.Rate), 1e-6)
	for _, row := range []struct {
		spared []int32
		want   float64
	}{
		{nil, 8}, {[]int32{1}, 7}, {[]int32{8}, 7}, {[]int32{2, 3, 4}, 5}, {[]int32{1, 8, 9, 12}, 6},
		{[]int32{1, 2, 3, 4, 5, 6, 7, 8}, 0},
	} {
		s := e.Sparing(row.spared)
		require.InDelta(t, row.want, s.BurstMin(limit.Rate), 1e-6, row.spared)
		require.InDelta(t, e.BurstMax(limit.Rate), s.BurstMax(limit.Rate), 1e-6, row.spared)
		require.Equal(t, []int{e.Calls(), e.Limited()}, []int{s.Calls(), s.Limited()})
		require.Equal(t, e.Judgeable(), s.Judgeable())
		require.Equal(t, e.Clocks(), s.Clocks())
	}
	require.InDelta(t, 8, e.BurstMin(limit.Rate), 1e-6, "the evidence itself is left alone")
	require.Equal(t, 9.0, e.BurstMax(limit.Rate), "and one refusal behind eight")
}
