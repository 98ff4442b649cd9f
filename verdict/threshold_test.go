package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseThreshold(t *testing.T) {
	for text, want := range map[string]Threshold{
		"p99<250ms":             {Quantile: 0.99, Op: "<", Max: 250 * time.Millisecond},
		"p(95)<500":             {Quantile: 0.95, Op: "<", Max: 500 * time.Millisecond},
		"p99.9 <= 1.5s":         {Quantile: 0.999, Op: "<=", Max: 1500 * time.Millisecond},
		"max<2s":                {Quantile: 1, Op: "<", Max: 2 * time.Second},
		"med<20ms":              {Quantile: 0.5, Op: "<", Max: 20 * time.Millisecond},
		"avg<20":                {Metric: Mean, Op: "<", Max: 20 * time.Millisecond},
		"errors<0.1%":           {Metric: Errors, Op: "<", Bound: 0.001},
		"errors<=0":             {Metric: Errors, Op: "<=", Bound: 0},
		"timeouts<0.01":         {Metric: TimedOut, Op: "<", Bound: 0.01},
		"tool-errors<1%":        {Metric: ToolErrors, Op: "<", Bound: 0.01},
		"refused>5%":            {Metric: Refused, Op: ">", Bound: 0.05},
		"rate>=1900/s":          {Metric: Rate, Op: ">=", Bound: 1900},
		"rate > 60/1m":          {Metric: Rate, Op: ">", Bound: 1},
		"p99{tool=search}<1s":   {Quantile: 0.99, Tool: "search", Op: "<", Max: time.Second},
		"errors{ tool: a b }<1": {Metric: Errors, Tool: "a b", Op: "<", Bound: 1},
	} {
		got, err := ParseThreshold(text)
		require.NoError(t, err, text)
		require.NotEmpty(t, got.Text)
		got.Text = ""
		assert.InDelta(t, want.Quantile, got.Quantile, 1e-12, text)
		got.Quantile = want.Quantile
		assert.InDelta(t, want.Bound, got.Bound, 1e-12, text)
		got.Bound = want.Bound
		assert.Equal(t, want, got, text)
	}
}

func TestGarbageIsNoThreshold(t *testing.T) {
	for text, why := range map[string]string{
		"":                  "is not a threshold",
		"p99":               "is not a threshold",
		"p99<":              "is not a threshold",
		"p100<1s":           "is not a threshold",
		"p0<1s":             "percentile above 0",
		"p99<0s":            "not a time",
		"p99<-1s":           "not a time",
		"p99<fast":          "not a time",
		"errors<5":          "not a share",
		"errors<101%":       "not a share",
		"errors<NaN":        "not a share",
		"rate>=x":           "not a rate",
		"rate>=0/s":         "not above 0",
		"speed<1s":          `no metric "speed"`,
		"p99=1s":            "is not a threshold",
		"p99{tool=}<1s":     "is not a threshold",
		"p99{server=a}<1s":  "is not a threshold",
		"p99<1s and max<2s": "is not a threshold",
	} {
		_, err := ParseThreshold(text)
		assert.ErrorContains(t, err, why, text)
	}
}

func TestHolds(t *testing.T) {
	for _, row := range []struct {
		text  string
		value float64
		want  bool
	}{
		{"p99<1s", 1e9, false}, {"p99<1s", 1e9 - 1, true}, {"p99<=1s", 1e9, true},
		{"rate>=10/s", 10, true}, {"rate>10/s", 10, false}, {"errors<1%", 0.01, false}, {"errors<=0", 0, true},
	} {
		th, err := ParseThreshold(row.text)
		require.NoError(t, err)
		assert.Equal(t, row.want, th.Holds(row.value), "%s of %v", row.text, row.value)
	}
}

func TestRunsTakeLatencyOnly(t *testing.T) {
	for text, ok := range map[string]bool{"p99<1s": true, "max<1s": true, "mean<1s": false, "errors<1%": false,
		"p99{tool=x}<1s": false, "p99>1s": false} {
		th, err := ParseThreshold(text)
		require.NoError(t, err)
		assert.Equal(t, ok, th.ForRuns() == nil, text)
	}
}
