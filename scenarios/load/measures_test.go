package load

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/shard"
	"github.com/mcpload/mcpload/verdict"
)

// drawCalls are calls of several sessions in the order of their ends.
func drawCalls(t *rapid.T, sessions int) []history.Call {
	kinds := []history.Outcome{history.OK, history.OK, history.OK, history.OK, history.OK, history.Limited,
		history.TimedOut,
		history.Broken, history.Unsent, history.ToolError, history.Rejected, history.ClosedIdle}
	due := rapid.Int64Range(0, int64(5*time.Second))
	took := rapid.Int64Range(1000, int64(3*time.Second))
	n := rapid.IntRange(1, 80).Draw(t, "calls")
	calls := make([]history.Call, n)
	for i := range calls {
		c := &calls[i]
		c.Client = fmt.Sprintf("c%d", 1+rapid.IntRange(0, sessions-1).Draw(t, "client"))
		c.Method, c.Tool, c.Label = "tools/call", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "tool"), Label
		c.Due = time.Duration(due.Draw(t, "due"))
		c.Sent = c.Due + time.Duration(took.Draw(t, "late")/100)
		c.Received = c.Sent + time.Duration(took.Draw(t, "took"))
		if c.Outcome = rapid.SampledFrom(kinds).Draw(t, "outcome"); c.Outcome == history.Broken {
			c.Detail = rapid.SampledFrom([]string{"lost", "reset"}).Draw(t, "why")
		}
	}
	slices.SortStableFunc(calls, func(a, b history.Call) int { return int(a.Received - b.Received) })
	return calls
}

// What is merged from the parts of a load is what the load would have measured
// unsplit: counts, distributions, series, recovery and every threshold.
func TestJoinedIsUnsplit(t *testing.T) {
	shape, err := ParseShape("burst 4 every 2s on 5/s")
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 3).Draw(t, "of")
		sessions := of + rapid.IntRange(0, 3).Draw(t, "more")
		calls := drawCalls(t, sessions)
		whole := NewMetrics(shape)
		parts := make([]*Metrics, of)
		for i := range parts {
			parts[i] = NewMetrics(shape)
			parts[i].Split()
		}
		for _, c := range calls {
			whole.Add(c)
			for i, m := range parts {
				var nth int
				fmt.Sscanf(c.Client, "c%d", &nth)
				if (shard.Part{Nth: i + 1, Of: of}).Owns(nth - 1) {
					m.Add(c)
				}
			}
		}
		var measured []*results.LoadMeasures
		for _, m := range parts {
			l, err := m.Measures()
			if err != nil {
				t.Fatal(err)
			}
			l = throughJSON(t, l)
			measured = append(measured, l)
		}
		joined, err := Join(shape, measured)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range calls {
			joined.Recovers(c)
		}
		if a, b := told(t, whole), told(t, joined); a != b {
			t.Fatalf("unsplit:\n%s\nof %d parts:\n%s", a, of, b)
		}
	})
}

// told is all that metrics say, as JSON.
func told(t *rapid.T, m *Metrics) string {
	var l results.Load
	if err := m.Report(&l); err != nil {
		t.Fatal(err)
	}
	all := []any{l, m.Scenario(Label, 8), m.JudgeAnswers(8*time.Second, 0), m.Flight(8 * time.Second),
		m.crossed.harm("a"), m.crossed.harm("b")}
	for _, text := range []string{"p50<500ms", "p99<2s", "max<3s", "mean<1s", "errors<10%", "refused<5%", "timeouts<5%",
		"rate>=1/s", "p90{tool=a}<1s"} {
		th, err := verdict.ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		f, none := m.Judge(th, 8)
		all = append(all, f, none)
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func throughJSON(t *rapid.T, l *results.LoadMeasures) *results.LoadMeasures {
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var out results.LoadMeasures
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

// A run of more seconds than a series has points is put together as one is.
func TestLongSeriesAreJoined(t *testing.T) {
	whole, parts := NewMetrics(Shape{}), []*Metrics{NewMetrics(Shape{}), NewMetrics(Shape{})}
	parts[0].Split()
	parts[1].Split()
	for i := range (maxPoints + 900) / 45 {
		at := time.Duration(i) * 45 * time.Second
		c := history.Call{Arrival: history.Arrival{Due: at, Method: "ping", Label: Label}, Sent: at,
			Received: at + time.Duration(1+i%7)*50*time.Millisecond, Outcome: history.OK}
		whole.Add(c)
		parts[i%2].Add(c)
	}
	var measured []*results.LoadMeasures
	for _, m := range parts {
		l, err := m.Measures()
		require.NoError(t, err)
		measured = append(measured, l)
	}
	joined, err := Join(Shape{}, measured)
	require.NoError(t, err)
	require.Equal(t, whole.series.points(), joined.series.points())
}
