package results

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// aLoad is a document of a general load with all that there can be in one.
func aLoad() *Document {
	q := Quantiles{N: 5000, Mean: 3, P50: 2.5, P90: 8, P95: 9, P99: 25, P999: 80, Max: 120}
	l := &Load{
		Shape: "burst 16 every 10s on 100/s", Arrivals: "poisson", Seconds: 50, Sessions: 20, Connections: 256,
		HTTP: "1.1", Stopped: "interrupted",
		Outcomes: map[string]int64{"ok": 4900, "limited": 60, "timed-out": 40, "unsent": 10}, Waited: q, Service: q,
		HDR: "x",
		Tools: []LoadTool{
			{Tool: "search", Calls: Counts{Planned: 3010, Sent: 3000, Admitted: 2900, Limited: 60, Unknown: 40},
				Outcomes: map[string]int64{"ok": 2900, "limited": 60, "timed-out": 40, "unsent": 10}, Waited: q,
				Service: q},
			{Tool: "a-tool-with-a-name-that-is-far-too-long-for-any-column-of-a-table", Calls: Counts{Planned: 2000,
				Sent: 2000, Admitted: 2000}, Outcomes: map[string]int64{"ok": 2000}, Waited: Quantiles{N: 50, P50: 1,
				P99: 3, Max: 3}},
		},
		Failures: []LoadFailure{{"limited", "HTTP 429: slow down", 60}, {"timed-out", "no reply in time", 40}},
		Setup: LoadSetup{Handshake: Quantiles{N: 20, P50: 5, Max: 9}, Connect: Quantiles{N: 20, P50: 1, Max: 2},
			TLS: Quantiles{N: 20, P50: 3, Max: 4}, FirstByte: q},
		Recovery:  &LoadRecovery{Bursts: 4, Normal: 9, Median: 450, Longest: 1200, Step: 100, Never: 1},
		Integrity: &LoadIntegrity{Checked: 4900},
		Server: &LoadServer{Samples: 100, CPU: 0.7, RSS: LoadSpan{40 << 20, 90 << 20, 90 << 20},
			FDs: LoadSpan{10, 30, 30}, Threads: LoadSpan{8, 8, 9},
			Growth: []LoadSlope{{What: "rss", PerMin: 60 << 20, Lo: 50 << 20, Hi: 70 << 20, Leak: true},
				{What: "fds", PerMin: 0.1, Lo: -1, Hi: 1}}},
		Generator: LoadGenerator{Pacing: q, Late: q, CPU: 0.3, Cores: 2, GC: Quantiles{N: 3, Max: 0.5}, Peak: 80},
	}
	for i := range 50 {
		p := LoadInterval{At: float64(i), Seconds: 1, OK: 98, Refused: 1, P50: 2, P99: 20, Max: float64(i)}
		if i > 45 {
			p = LoadInterval{At: float64(i), Seconds: 1, Failed: 10}
		}
		l.Series = append(l.Series, p)
	}
	l.Series = append(l.Series, LoadInterval{At: 50, Seconds: 1, OK: 5, Max: 99})
	return &Document{Version: "v1", Started: "2026-11-25T12:00:00Z", Seed: 1, Servers: []Server{{
		Server: "server", Target: Target{Kind: "url", Transport: "http", Protocol: "2025-11-25",
			Address: "http://127.0.0.1:8000/mcp"},
		Notes: []string{"the run ended after 50.0s of 60s: interrupted"},
		Scenarios: []Scenario{{Scenario: "load", Calls: Counts{Planned: 5010, Sent: 5000, Admitted: 4900, Limited: 60,
			Unknown: 40}, Rate: Achieved{Seconds: 50, Offered: 100, Admitted: 98},
			Load: l, Findings: Findings([]verdict.Finding{
				{Check: "generator", Verdict: verdict.Pass, Saw: "p99 1ms late, 0.30 of 2 processors"},
				{Check: "answers", Verdict: verdict.Pass, Saw: "4900 results of 5000 calls"},
				{Check: "threshold p99<10ms", Verdict: verdict.Fail, Want: "p99<10ms", Saw: "25ms (n=4940, 40 of " +
					"them given up)", Cause: "calls take too long"},
			})}},
	}}}
}

func onScreen(t *testing.T, d *Document, width int) string {
	t.Helper()
	d.Finish()
	var b bytes.Buffer
	require.NoError(t, Table(&b, d, TableOptions{Width: width}))
	for line := range strings.Lines(b.String()) {
		require.LessOrEqual(t, columns(strings.TrimRight(line, "\n")), width, "%q", line)
	}
	return b.String()
}

func TestLoadOnTheScreen(t *testing.T) {
	text := onScreen(t, aLoad(), 120)
	for _, want := range []string{
		"fail: server fails p99<10ms (25ms (n=4940, 40 of them given up))",
		"20 sessions over up to 256 connections, HTTP/1.1",
		"burst 16 every 10s on 100/s, Poisson arrivals, for 50s: 5000 calls sent, 10 unsent",
		"0.30 of 2 processors",
		"what to do next",
		"60× refused: HTTP 429: slow down",
		"back to normal (9 in 10 calls within 9ms) within 450ms in the median, within 1.2s at longest, of 4 bursts",
		"memory 40.0 MiB at first, 90.0 MiB at last",
		"memory grows by 60.0 MiB a minute (99 % sure: 50.0 MiB to 70.0 MiB)",
		"a row is 5 s",
		"the run ended after 50.0s of 60s: interrupted",
		"~3.00", // a p99 of 50 calls is their maximum
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "hold their streams")
	streaming := aLoad()
	streaming.Servers[0].Scenarios[0].Load.Streams = 20
	assert.Contains(t, onScreen(t, streaming, 200),
		"20 sessions over up to 256 connections beside 20 that hold their streams, HTTP/1.1")
	assert.NotContains(t, text, "tool errors", "an empty column is left out")
	assert.NotContains(t, text, "descriptors grow", "what doesn't leak is not said to grow")
	onScreen(t, aLoad(), 80)
	onScreen(t, aLoad(), 40)
}

func TestLoadHeadlines(t *testing.T) {
	d := aLoad()
	sc := &d.Servers[0].Scenarios[0]
	sc.Findings = sc.Findings[:2]
	assert.Contains(t, onScreen(t, d, 200), "pass: server served 98.00 results/s of burst 16 every 10s on 100/s, p99 "+
		"25ms; 1.2% of 5000 calls were refused; 40 of 5000 calls got no result; 10 of 5010 were not sent; "+
		"the run was interrupted\n")
	sc.Load.Shape, sc.Load.Generator.Limited = "max", "we were slow"
	text := onScreen(t, d, 220)
	assert.Contains(t, text, "LIMITED, we were slow")
	assert.Contains(t, text, "; but we were slow; the run was interrupted\n", "the headline says so too")
	assert.NotContains(t, text, "as many as it could")
	sc.Load.Generator.Limited = ""
	assert.Contains(t, onScreen(t, d, 200), "served 98.00 results/s, as many as it could, p99 25ms; 1.2%")
	sc.Findings = Findings([]verdict.Finding{{Check: "threshold errors<1% (implied)", Verdict: verdict.Fail,
		Saw: "2% (100 of 5000)"}})
	assert.Contains(t, onScreen(t, d, 200), "fail: server fails errors<1% (implied) (2% (100 of 5000)): 40× timed "+
		"out: no reply in time; the run was interrupted\n",
		"the commonest error, which no refusal is")
	sc.Findings = Findings([]verdict.Finding{{Check: "generator", Verdict: verdict.Pass, Saw: "p99 1ms late"}})
	sc.Findings[0].Verdict = verdict.Inconclusive
	assert.Contains(t, onScreen(t, d, 200), "inconclusive: p99 1ms late")
	sc.Load.Capacity = &LoadCapacity{Rate: 100, Above: 105, Confirmed: 3, Why: "at 105/s a threshold is broken",
		Trials: []LoadTrial{{Rate: 105, Achieved: 104, P50: 2, P99: 300, Phase: "bisect", Verdict: "broken",
			Why: "p99<100ms: 300ms"}, {Rate: 100, Achieved: 100, Phase: "bracket", Verdict: "kept"}}}
	text = onScreen(t, d, 120)
	assert.Contains(t, text, "server sustains 100/s (3 runs); at 105/s a threshold is broken")
	assert.Contains(t, text, "the knee: p99 0s at 100/s, 300ms at 105/s")
	assert.Less(t, strings.Index(text, "kept"), strings.Index(text, "broken │"), "sorted by rate")
	sc.Load.Capacity = &LoadCapacity{Limited: true, Why: "at 200/s we ran out of it",
		Trials: []LoadTrial{{Rate: 100, Verdict: "kept"}, {Rate: 200, Verdict: "generator"}}}
	assert.Contains(t, onScreen(t, d, 200), "has no capacity that could be confirmed: at 200/s we ran out of it; "+
		"100/s was kept, and not confirmed")
}

func TestEveryLoadCheckHasAHint(t *testing.T) {
	for _, check := range []string{"generator", "answers", "sessions", "threshold errors<1% (implied)", "echo", "answered-once",
		"threshold p99<1s", "abort-on", "capacity"} {
		for _, v := range []verdict.Verdict{verdict.Fail, verdict.Inconclusive} {
			assert.NotEmpty(t, Hint(check, v), fmt.Sprint(check, v))
		}
	}
}

// What ended after the last call was due is a row of its own, unless it is next
// to nothing: neither a backlog nor a straggler may colour the last second.
func TestStragglersOfALoad(t *testing.T) {
	l := &Load{Seconds: 3, Series: []LoadInterval{
		{At: 0, Seconds: 1, OK: 100, P50: 1, P99: 2, Max: 3}, {At: 1, Seconds: 1, OK: 100, P50: 1, P99: 2, Max: 3},
		{At: 2, Seconds: 1, OK: 100, P50: 1, P99: 2, Max: 3}, {At: 3, Seconds: 1, OK: 2, P50: 25, P99: 25, Max: 25}}}
	due, late := l.intervals()
	assert.Empty(t, late)
	assert.Equal(t, LoadInterval{At: 2, Seconds: 1, OK: 102, P50: 1, P99: 2, Max: 25}, due[2])
	assert.EqualValues(t, 100, l.Series[2].OK, "the document stays as it is")

	l.Series[3].OK = 80
	due, late = l.intervals()
	assert.Equal(t, l.Series[:3], due)
	assert.Equal(t, l.Series[3:], late)

	l.Seconds = 2.5
	due, _ = l.intervals()
	assert.Equal(t, 0.5, due[2].Seconds)
	assert.Equal(t, []LoadInterval{{At: 0, Seconds: 2, OK: 200, P50: 1, P99: 2, Max: 3}, {At: 2, Seconds: 0.5, OK: 100,
		P50: 1, P99: 2, Max: 3}}, inRows(due, 2))
	due, late = (&Load{Seconds: 1}).intervals()
	assert.Empty(t, due)
	assert.Empty(t, late)
}
