package load

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/verdict"
)

const ms = time.Millisecond

// call is a call that took a time, and was sent when it was due.
func call(due, took time.Duration, o history.Outcome) history.Call {
	return history.Call{Arrival: history.Arrival{Due: due, Method: "tools/call", Tool: "echo"}, Sent: due,
		Received: due + took, Outcome: o}
}

func threshold(t require.TestingT, text string) verdict.Threshold {
	th, err := verdict.ParseThreshold(text)
	require.NoError(t, err)
	return th
}

func TestHistogramKeepsThreeDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(1, int64(time.Hour)), 1, 200).Draw(t, "values")
		cut := rapid.IntRange(0, len(values)).Draw(t, "cut")
		var whole, a, b Histogram
		for i, v := range values {
			whole.Record(time.Duration(v))
			if i < cut {
				a.Record(time.Duration(v))
			} else {
				b.Record(time.Duration(v))
			}
		}
		a.Merge(&b)
		slices.Sort(values)
		for _, q := range []float64{0.1, 0.5, 0.9, 0.99, 1} {
			rank := max(1, int(q*float64(len(values))+1-1e-9))
			exact := values[min(rank, len(values))-1]
			require.InEpsilon(t, exact, int64(whole.Quantile(q)), 0.001, "q=%v", q)
			require.Equal(t, whole.Quantile(q), a.Quantile(q), "merged")
		}
		require.Equal(t, int64(len(values)), a.N())
		require.Equal(t, time.Duration(values[len(values)-1]), a.Quantile(1), "the maximum is exact")
	})
}

func TestHistogramTravels(t *testing.T) {
	var h Histogram
	for i := range 1000 {
		h.Record(time.Duration(i) * ms)
	}
	text, err := h.Encoded()
	require.NoError(t, err)
	back, err := hdr.Decode([]byte(text))
	require.NoError(t, err)
	require.Equal(t, h.N(), back.TotalCount())
	require.Equal(t, int64(h.Quantile(0.99)), back.ValueAtQuantile(99))
	var b bytes.Buffer
	require.NoError(t, h.WriteHGRM(&b))
	require.Contains(t, b.String(), "Percentile")
	require.Regexp(t, `Total count\s+=\s+1000`, b.String())
}

// stalls answers in a millisecond, but whatever is sent to it in one second is
// answered when that has passed.
type stalls struct {
	clock runner.Clock
	from  time.Duration
}

func (s stalls) Exchange(_ context.Context, a history.Arrival) history.Call {
	c := history.Call{Arrival: a, Sent: s.clock.Now(), Outcome: history.OK}
	if late := s.from + time.Second - c.Sent; 0 < late && late <= time.Second {
		time.Sleep(late)
	}
	time.Sleep(ms)
	c.Received = s.clock.Now()
	return c
}

// TestAStallShowsInTheTail: of 10 s at 100/s one second is a stall. A tenth of
// the callers met it, so that p95 must be about half a second. A closed loop
// of one connection would have met it once, and reported a p95 of 1 ms.
func TestAStallShowsInTheTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := runner.NewClock()
		shape := parsed(t, "100/s")
		m := NewMetrics(shape)
		plan := func(yield func(history.Arrival) bool) {
			for due := range shape.Arrivals(10 * time.Second) {
				if !yield(history.Arrival{Due: due, Client: "c", Method: "ping"}) {
					return
				}
			}
		}
		_, err := runner.Run(t.Context(), clock, runner.Sessions{"c": stalls{clock, 5 * time.Second}}, plan,
			runner.Config{Observe: m.Add})
		require.NoError(t, err)
		w := m.Total("").Waited()
		require.Equal(t, int64(1000), w.N())
		require.InDelta(t, float64(500*ms), float64(w.Quantile(0.95)), float64(20*ms))
		require.InDelta(t, float64(900*ms), float64(w.Quantile(0.99)), float64(20*ms))
		require.InEpsilon(t, ms, w.Quantile(0.5), 0.001)
		f, _ := m.Judge(threshold(t, "p99<250ms"), 10)
		require.Equal(t, verdict.Fail, f.Verdict, f.Saw)
		f, _ = m.Judge(threshold(t, "p85<250ms"), 10)
		require.Equal(t, verdict.Pass, f.Verdict, f.Saw)
	})
}

func TestJudge(t *testing.T) {
	m := NewMetrics(Shape{})
	for i := range 90 {
		m.Add(call(time.Duration(i)*ms, 10*ms, history.OK))
	}
	for i := range 10 {
		o := []history.Outcome{history.TimedOut, history.Limited, history.ToolError, history.Broken,
			history.Rejected}[i%5]
		c := call(time.Duration(i)*ms, 5*time.Second, o)
		c.Tool = "slow"
		m.Add(c)
	}
	m.Add(call(0, 0, history.Unsent))
	for text, want := range map[string]verdict.Verdict{
		"p50<11ms":              verdict.Pass,
		"p97<11ms":              verdict.Pass,
		"p99<11ms":              verdict.Inconclusive, // 92 calls are too few
		"p99<6s":                verdict.Pass,         // even the slowest keeps it
		"max<4s":                verdict.Fail,         // those that were given up waited longer
		"max{tool=echo}<11ms":   verdict.Pass,
		"mean<1ms":              verdict.Fail,
		"errors<10%":            verdict.Fail, // the refused among them, the unsent not
		"errors<=10%":           verdict.Pass,
		"errors{tool=echo}<=0":  verdict.Pass,
		"errors{tool=slow}<99%": verdict.Fail,
		"refused<=2%":           verdict.Pass,
		"timeouts<2%":           verdict.Fail,
		"tool-errors<3%":        verdict.Pass,
		"rate>=90/s":            verdict.Pass,
		"rate>90.5/s":           verdict.Fail,
		"rate{tool=echo}>80/s":  verdict.Pass,
	} {
		f, nodata := m.Judge(threshold(t, text), 1)
		assert.Equal(t, want, f.Verdict, "%s: %s", text, f.Saw)
		assert.False(t, nodata, text)
		assert.NotEmpty(t, f.Saw, text)
	}
	for _, text := range []string{"p99{tool=nope}<1s", "errors{tool=nope}<1%", "rate{tool=nope}>=1/s"} {
		f, nodata := m.Judge(threshold(t, text), 1)
		assert.Equal(t, verdict.Inconclusive, f.Verdict, text)
		assert.True(t, nodata, text)
		assert.Contains(t, f.Saw, "matches no data")
	}
}

func TestReportAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := NewMetrics(Shape{})
		n := rapid.IntRange(0, 300).Draw(t, "n")
		for i := range n {
			c := call(time.Duration(i)*100*ms, time.Duration(rapid.IntRange(0, 9000).Draw(t, "took"))*ms,
				history.Outcome(rapid.IntRange(0, outcomes-1).Draw(t, "outcome")))
			c.Tool = rapid.SampledFrom([]string{"a", "b", ""}).Draw(t, "tool")
			m.Add(c)
		}
		var l results.Load
		require.NoError(t, m.Report(&l))
		sum := func(counts map[string]int64) (s int64) {
			for _, v := range counts {
				s += v
			}
			return s
		}
		tools, seconds := int64(0), int64(0)
		for _, tool := range l.Tools {
			tools += sum(tool.Outcomes)
		}
		for _, p := range l.Series {
			seconds += p.OK + p.Refused + p.Failed + p.Unsent + p.ClosedIdle
		}
		require.EqualValues(t, n, sum(l.Outcomes))
		require.EqualValues(t, n, tools)
		require.EqualValues(t, n, seconds)
		require.EqualValues(t, n, m.Scenario("load", 1).Calls.Planned)
	})
}

func TestSeriesIsBounded(t *testing.T) {
	m := NewMetrics(Shape{})
	const n = 3 * maxPoints
	for i := range n {
		m.Add(call(time.Duration(i)*time.Second, ms, history.OK))
	}
	points := m.series.points()
	require.LessOrEqual(t, len(points), maxPoints)
	total, at := int64(0), 0.0
	for _, p := range points {
		require.Equal(t, at, p.At)
		at += p.Seconds
		total += p.OK
	}
	require.EqualValues(t, n, total)
}

// TestMemoryIsConstant: thirty times the calls take no more memory.
func TestMemoryIsConstant(t *testing.T) {
	m := NewMetrics(parsed(t, "burst 10 every 1s on 100/s"))
	grow := func(n int) uint64 {
		for i := range n {
			c := call(time.Duration(i)*10*time.Microsecond, time.Duration(i%1000)*time.Microsecond,
				history.Outcome(i%outcomes))
			c.Detail = fmt.Sprintf("a reply with id %d", i)
			m.Add(c)
		}
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	small := grow(10_000)
	large := grow(300_000)
	require.Less(t, float64(large)-float64(small), 1e6)
	require.LessOrEqual(t, len(m.reasons), maxReasons+1)
}

func TestRecovery(t *testing.T) {
	s := parsed(t, "burst 20 every 10s on 20/s")
	measure := func(took func(since time.Duration, k int) time.Duration) *results.LoadRecovery {
		m := NewMetrics(s)
		for due := range s.Arrivals(40 * time.Second) {
			k := int(due / (10 * time.Second))
			m.Add(call(due, took(due-time.Duration(k)*10*time.Second, k), history.OK))
		}
		var l results.Load
		require.NoError(t, m.Report(&l))
		require.Equal(t, 3, l.Recovery.Bursts)
		return l.Recovery
	}
	// Back to 5 ms within 3 s of the first burst, 1 s of the others.
	r := measure(func(since time.Duration, k int) time.Duration {
		if k == 1 && since < 3*time.Second || k > 1 && since < time.Second {
			return 800 * ms
		}
		return 5 * ms
	})
	require.Zero(t, r.Never)
	require.InDelta(t, 1000, r.Median, 500)
	require.InDelta(t, 3000, r.Longest, 500)
	// Never back.
	r = measure(func(_ time.Duration, k int) time.Duration {
		if k > 0 {
			return 800 * ms
		}
		return 5 * ms
	})
	require.Equal(t, 3, r.Never)
	// Nothing to see.
	r = measure(func(time.Duration, int) time.Duration { return 5 * ms })
	require.Zero(t, r.Longest)
	require.Zero(t, r.Never)
}

func BenchmarkAdd(b *testing.B) {
	m := NewMetrics(Shape{})
	c := call(0, ms, history.OK)
	b.ReportAllocs()
	for b.Loop() {
		m.Add(c)
	}
}
