package page

import (
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
)

// loaded is a load of three seconds: the second half of its calls was refused.
func loaded(t *testing.T) *results.Load {
	t.Helper()
	h := hdr.New(1, time.Hour.Nanoseconds(), 3)
	for k := range int64(1000) {
		require.NoError(t, h.RecordValue((k+1)*1e6))
	}
	encoded, err := h.Encode(hdr.V2CompressedEncodingCookieBase)
	require.NoError(t, err)
	return &results.Load{Arrivals: "even", Seconds: 2.5, HDR: string(encoded), Series: []results.LoadInterval{
		{At: 0, Seconds: 1, Due: 10, OK: 10, InFlight: 0.5}, {At: 1, Seconds: 1, Due: 20, OK: 10, Refused: 10,
			InFlight: 3},
		{At: 2, Seconds: 1, Due: 15, OK: 5, Refused: 10, InFlight: 1},
	}, Server: &results.LoadServer{Series: []results.LoadUsage{{At: 1, CPU: 0.5, RSS: 10 << 20},
		{At: 2, CPU: 1.5, RSS: 20 << 20}}}}
}

// rows are a chart's table by its title.
func rows(t *testing.T, charts []chart, title string) [][]string {
	t.Helper()
	for _, c := range charts {
		if c.Title == title {
			require.NotEmpty(t, c.SVG)
			return c.Table.Rows
		}
	}
	t.Fatalf("there is no chart %q", title)
	return nil
}

func TestLoadCharts(t *testing.T) {
	l := loaded(t)
	charts := loadCharts("l", l)
	require.Equal(t, "Asked and achieved, calls a second", charts[0].Title)
	require.Equal(t, [][]string{{"0 s", "10", "10", "0"}, {"1 s", "20", "10", "10"}, {"2 s", "30", "5", "10"}},
		rows(t, charts, "Asked and achieved, calls a second"), "15 in the last half second are 30 a second")
	require.Equal(t, [][]string{{"0 s", "0.5"}, {"1 s", "3"}, {"2 s", "1"}}, rows(t, charts, "Calls in flight"))
	require.Equal(t, [][]string{{"0 s", "0 %"}, {"1 s", "50 %"}, {"2 s", "66.67 %"}},
		rows(t, charts, "Calls without a result"))
	require.Equal(t, [][]string{{"0 s", "0.5 cores"}, {"1 s", "1.5 cores"}}, rows(t, charts, "The server's CPU"))
	require.Equal(t, [][]string{{"0 s", "10 MiB"}, {"1 s", "20 MiB"}}, rows(t, charts, "The server's memory"))
	percentiles := rows(t, charts, "Latency by percentile")
	require.Len(t, percentiles, 6, "0, one, two and three nines of 1,000 calls, the middle and the end; no fourth")
	require.Equal(t, []string{"50 %", "500 ms", "500"}, percentiles[1])
	require.Equal(t, []string{"99 %", "990 ms", "10"}, percentiles[3])

	l.Arrivals, l.HDR, l.Server = "closed", "", nil
	for i := range l.Series {
		l.Series[i].OK, l.Series[i].Refused, l.Series[i].InFlight = l.Series[i].OK+l.Series[i].Refused, 0, 0
	}
	charts = loadCharts("l", l)
	require.Len(t, charts, 2, "what there is nothing to tell of isn't drawn")
	require.Equal(t, "Calls a second", charts[0].Title, "a closed loop asks for what it gets")
}
