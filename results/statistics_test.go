package results

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
)

func TestCountEachOutcome(t *testing.T) {
	for outcome, want := range map[history.Outcome]Counts{
		history.Unknown:    {Planned: 1, Sent: 1, Unknown: 1},
		history.OK:         {Planned: 1, Sent: 1, Admitted: 1},
		history.ToolError:  {Planned: 1, Sent: 1, Failed: 1},
		history.Limited:    {Planned: 1, Sent: 1, Limited: 1},
		history.Rejected:   {Planned: 1, Sent: 1, Failed: 1},
		history.Broken:     {Planned: 1, Sent: 1, Failed: 1},
		history.TimedOut:   {Planned: 1, Sent: 1, Unknown: 1},
		history.Unsent:     {Planned: 1},
		history.ClosedIdle: {Planned: 1, Sent: 1, Unknown: 1, ClosedIdle: 1},
		99:                 {Planned: 1, Sent: 1, Unknown: 1}, // one that a later version may bring
	} {
		assert.Equal(t, want, Count([]history.Call{{Outcome: outcome}}), "%d %s", outcome, outcome)
	}
	assert.Equal(t, Counts{}, Count(nil))
}

func TestCountLosesNoCall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		outcomes := rapid.SliceOf(rapid.Uint8()).Draw(t, "outcomes")
		calls := make([]history.Call, len(outcomes))
		unsent := 0
		for i, o := range outcomes {
			calls[i].Outcome = history.Outcome(o % 10)
			if calls[i].Outcome == history.Unsent {
				unsent++
			}
		}
		c := Count(calls)
		assert.Equal(t, len(calls), c.Planned)
		assert.Equal(t, c.Sent, c.Admitted+c.Limited+c.Failed+c.Unknown)
		assert.Equal(t, unsent, c.Unsent())
	})
}

// naive is the definition, word for word: the smallest measured value that at
// least q of the samples don't exceed, q in thousandths.
func naive(sample []time.Duration, thousandths int) time.Duration {
	sorted := slices.Sorted(slices.Values(sample))
	for _, v := range sorted {
		within := 0
		for _, w := range sample {
			if w <= v {
				within++
			}
		}
		if within*1000 >= thousandths*len(sample) {
			return v
		}
	}
	panic("the maximum holds for all")
}

func TestQuantilesAgainstTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few values as well, so that many samples are equal.
		value := rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, int64(time.Hour)))
		raw := rapid.SliceOfN(value, 1, 120).Draw(t, "sample")
		sample := make([]time.Duration, len(raw))
		sum := int64(0)
		for i, v := range raw {
			sample[i] = time.Duration(v)
			sum += v
		}
		q := quantiles(slices.Clone(sample))
		assert.Equal(t, len(sample), q.N)
		for want, got := range map[int]float64{500: q.P50, 900: q.P90, 950: q.P95, 990: q.P99, 999: q.P999,
			1000: q.Max} {
			assert.Equal(t, millis(naive(sample, want)), got, "%d thousandths of %v", want, sample)
		}
		assert.InDelta(t, float64(sum)/float64(len(sample))/1e6, q.Mean, 1e-6)
	})
}

// Sizes at which q·n is whole are where floating point goes one rank too far.
func TestQuantilesAtWholeRanks(t *testing.T) {
	for _, n := range []int{1, 2, 10, 20, 100, 200, 1000, 2000} {
		sample := make([]time.Duration, n)
		for i := range sample {
			sample[i] = time.Duration(i+1) * time.Millisecond
		}
		q := quantiles(sample)
		assert.Equal(t, float64((950*n+999)/1000), q.P95, "n = %d", n)
		assert.Equal(t, float64((999*n+999)/1000), q.P999, "n = %d", n)
		assert.Equal(t, float64(n), q.Max)
	}
}

func TestMeasureFromTheDueInstant(t *testing.T) {
	call := func(o history.Outcome, due, sent, received time.Duration) history.Call {
		return history.Call{Arrival: history.Arrival{Due: due}, Sent: sent, Received: received, Outcome: o}
	}
	const ms = time.Millisecond
	calls := []history.Call{
		call(history.OK, 10*ms, 40*ms, 50*ms), // waited 40, although the server took 10
		call(history.Limited, 10*ms, 10*ms, 11*ms),
		call(history.TimedOut, 0, 0, 10_000*ms),
		call(history.ToolError, 0, 0, 7_000*ms),
		call(history.Unsent, 0, 0, 0),
	}
	l := Measure(calls)
	assert.Equal(t, Quantiles{N: 1, Mean: 40, P50: 40, P90: 40, P95: 40, P99: 40, P999: 40, Max: 40}, l.Admitted)
	assert.Equal(t, 1, l.Limited.N)
	assert.Equal(t, 1.0, l.Limited.Max)
	late := Lateness(calls)
	assert.Equal(t, 4, late.N)
	assert.Equal(t, 30.0, late.Max)
}

// An empty sample has no figures: a zero that nobody measured would be the best
// latency there is.
func TestEmptySampleIsNoZero(t *testing.T) {
	text, err := json.Marshal(Measure(nil))
	require.NoError(t, err)
	assert.JSONEq(t, `{"admitted":{},"limited":{}}`, string(text))
	text, err = json.Marshal(Measure([]history.Call{{Outcome: history.OK}}))
	require.NoError(t, err)
	assert.JSONEq(t,
		`{"limited":{},"admitted":{"n":1,"mean_ms":0,"p50_ms":0,"p90_ms":0,"p95_ms":0,"p99_ms":0,"p999_ms":0,"max_ms":0}}`, string(text))
	assert.Equal(t, "-", Quantiles{}.brief())
}

func TestRateCountsGaps(t *testing.T) {
	var calls []history.Call
	for i := range 11 {
		at := time.Duration(i) * 100 * time.Millisecond
		o := history.OK
		if i%2 == 1 {
			o = history.Limited
		}
		calls = append(calls, history.Call{Sent: at, Received: at + 200*time.Millisecond, Outcome: o})
	}
	calls = append(calls, history.Call{Sent: 99 * time.Second, Received: 99 * time.Second, Outcome: history.Unsent})
	a := Rate(calls)
	assert.InDelta(t, 10, a.Offered, 1e-9)
	assert.InDelta(t, 1.2, a.Seconds, 1e-9)
	assert.InDelta(t, 5, a.Admitted, 1e-9)
	slices.Reverse(calls) // the order of a history doesn't matter
	assert.Equal(t, a, Rate(calls))

	assert.Equal(t, Achieved{}, Rate(nil))
	assert.Equal(t, Achieved{}, Rate(calls[:1]), "nothing was sent")
	one := Rate([]history.Call{{Sent: time.Second, Received: 2 * time.Second, Outcome: history.OK}})
	assert.Equal(t, Achieved{Seconds: 1, Admitted: 1}, one, "one call has no rate of sending")
}
