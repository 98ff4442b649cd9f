package page

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// bucketCalls are n calls to a bucket of a rate and a burst, at a third more
// than the rate, answered after about a millisecond.
func bucketCalls(n int, rate, burst float64) []history.Call {
	r := rand.New(rand.NewPCG(1, 2))
	level, last := burst, time.Duration(0)
	calls := make([]history.Call, n)
	for i := range calls {
		due := time.Duration(float64(i) / rate / 1.3 * 1e9)
		at := due + time.Duration(r.ExpFloat64()*5e5)
		at = max(at, last)
		level, last = min(burst, level+rate*(at-last).Seconds()), at
		c := history.Call{Sent: due, Received: at + time.Duration(r.ExpFloat64()*5e5), Outcome: history.Limited}
		c.Due, c.Client, c.Method, c.Tool, c.Label = due, "c1", "tools/call", "ping", "overload"
		if level >= 1 {
			level--
			c.Outcome = history.OK
		}
		calls[i] = c
	}
	return calls
}

// judged is a document about calls, with the finding that they give.
func judged(calls []history.Call, rate float64, burst int) *results.Document {
	limit := profiles.Limit{Rate: rate, Burst: burst, Scope: profiles.Global, Charges: []string{"*"}}
	j := verdict.Gather(limit, calls).Check(limit, verdict.DefaultTolerance)
	f := verdict.Finding{Check: "over-admission", Verdict: j.Verdict, Want: "what the limit allows",
		Saw: "what was seen", Witness: j.OverAdmission.Witness}
	if j.OverRejection.Violated {
		f.Check, f.Witness = "over-rejection", j.OverRejection.Witness
	}
	d := &results.Document{Started: "2026-11-25T10:00:00Z", Servers: []results.Server{{
		Server: "acb", Target: results.Target{Kind: "mock", Transport: "http"}, Limit: results.LimitOf(limit),
		Scenarios: []results.Scenario{results.NewScenario("overload", calls, []verdict.Finding{f})},
	}}}
	d.Finish()
	return d
}

func drawn(t testing.TB, d *results.Document, calls []history.Call) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, HTML(&b, d, map[string][]history.Call{"acb": calls}))
	return b.String()
}

// attribute returns the path data of the first path of a class in a chart.
func attribute(t *testing.T, html, chart, class string) string {
	t.Helper()
	at := strings.Index(html, `id="`+chart+`"`)
	require.GreaterOrEqual(t, at, 0, "no chart %s", chart)
	end := strings.Index(html[at:], "</figure>")
	m := regexp.MustCompile(`<path class="` + class + `" d="([^"]*)"`).FindStringSubmatch(html[at : at+end])
	require.NotNil(t, m, "no path %q in %s", class, chart)
	return m[1]
}

func TestEveryCallOfASmallRunIsDrawn(t *testing.T) {
	calls := bucketCalls(300, 15, 40)
	counts := results.Count(calls)
	html := drawn(t, judged(calls, 15, 40), calls)
	assert.Equal(t, counts.Admitted, strings.Count(attribute(t, html, "s1-t1", "mark admitted"), "M"))
	assert.Equal(t, counts.Limited, strings.Count(attribute(t, html, "s1-t1", "mark refused"), "M"))
	assert.Equal(t, counts.Admitted, strings.Count(attribute(t, html, "s1-wait", "mark admitted"), "M"))
	assert.NotContains(t, html, "are drawn: the")
	assert.NotContains(t, html, `class="witness"`, "an honest server has none")
	assert.NotContains(t, html, "impossible\"", "an honest bucket is never under 0")
}

// The calls of a witness are all there, and where the band leaves what an
// honest bucket can hold.
func TestTheTimelineShowsTheWitness(t *testing.T) {
	for _, c := range []struct {
		name        string
		rate, burst float64
		class       string
	}{{"over-admission", 15, 42, "halo admitted"}, {"over-rejection", 15, 37, "halo refused"}} {
		t.Run(c.name, func(t *testing.T) {
			calls := bucketCalls(300, c.rate, c.burst)
			d := judged(calls, 15, 40)
			w := d.Servers[0].Scenarios[0].Findings[0].Witness
			require.NotNil(t, w)
			html := drawn(t, d, calls)
			halos := strings.Count(attribute(t, html, "s1-t1", "halo admitted(?: weak)?"), "M") +
				strings.Count(attribute(t, html, "s1-t1", "halo refused"), "M")
			assert.Equal(t, len(w.Calls), halos)
			assert.Positive(t, strings.Count(attribute(t, html, "s1-t1", c.class), "M"))
			assert.Regexp(t, `href="#s1-(w1-close|t1)" data-show="s1-w1"`, html)
			assert.Contains(t, html, fmt.Sprintf(`data-from="%d" data-to="%d"`, w.FromNS, w.ToNS))
		})
	}
}

func TestAPageWithoutCallsSaysSo(t *testing.T) {
	calls := bucketCalls(300, 15, 42)
	d := judged(calls, 15, 40)
	html := drawn(t, d, nil)
	assert.Contains(t, html, "weren&#39;t kept")
	assert.NotContains(t, html, "s1-t1")
	html = drawn(t, d, calls[:10])
	assert.Contains(t, html, "aren&#39;t those of this run")
	assert.NotContains(t, html, "s1-t1")
}

// The page of one server has one header, which says each thing once; of several each has its
// own below.
func TestOneServerHasOneHeader(t *testing.T) {
	const address = "http://127.0.0.1:8000/mcp"
	d := judged(bucketCalls(50, 15, 40), 15, 40)
	d.Servers[0].Target = results.Target{Kind: "url", Transport: "http", Address: address, Protocol: "2025-11-25"}
	page := drawn(t, d, nil)
	assert.Equal(t, 1, strings.Count(page, address))
	assert.Equal(t, 1, strings.Count(page, "<dt>target</dt>"))
	assert.Equal(t, 1, strings.Count(page, "15/s burst 40</bdi></dd>"))
	assert.Contains(t, page, `<h2 id="s1-name" class="unseen">`)
	d.Servers = append(d.Servers, d.Servers[0])
	d.Servers[1].Server = "another"
	d.Servers[1].Target.Address = "http://127.0.0.1:8001/mcp"
	d.Finish()
	page = drawn(t, d, nil)
	assert.Equal(t, 3, strings.Count(page, "<dt>target</dt>"), "and what they share")
	assert.Contains(t, page, `<h2 id="s2-name">`)
}

// The page of a probe, too, says its target once; a label that says more stands beside it.
func TestAProbesTargetStandsOnce(t *testing.T) {
	drawn := func(label string) string {
		p := &results.Probed{Server: label, Result: results.ProbeUnfinished, Target: results.ProbedTarget{
			URL: "http://127.0.0.1:8000/mcp", Label: label}}
		var b bytes.Buffer
		require.NoError(t, Probe(&b, p, nil, nil))
		return b.String()
	}
	assert.NotContains(t, drawn("127.0.0.1:8000/mcp"), "<dt>label</dt>")
	assert.Contains(t, drawn("staging"), "<dt>label</dt>")
}

// The charts that decide a load stand above what could not be told.
func TestALoadsChartsComeFirst(t *testing.T) {
	l := loaded(t)
	d := judged(bucketCalls(50, 15, 40), 15, 40)
	d.Servers[0].Scenarios[0].Load = l
	d.Servers[0].Scenarios[0].Findings = []results.Finding{{Check: "generator", Verdict: verdict.Inconclusive}}
	d.Finish()
	var b bytes.Buffer
	require.NoError(t, HTML(&b, d, nil))
	page := b.String()
	chart, cards := strings.Index(page, "Asked and achieved"), strings.Index(page, "What the run could not tell")
	assert.Positive(t, chart)
	assert.Less(t, chart, cards)
	assert.Equal(t, 1, strings.Count(page, `id="s1-l1-rate"`))
}

func TestAnUnfinishedDocumentIsRefused(t *testing.T) {
	assert.ErrorIs(t, HTML(&bytes.Buffer{}, &results.Document{}, nil), results.ErrUnfinished)
}

// The policy names the very script and style that the page has: one letter off,
// and the browser would run nothing.
func TestThePolicyForbidsAllButItsOwn(t *testing.T) {
	calls := bucketCalls(50, 15, 40)
	html := drawn(t, judged(calls, 15, 40), calls)
	assert.Contains(t, html, "default-src &#39;none&#39;; script-src &#39;sha256-")
	assert.Contains(t, html, clean(script))
	assert.Contains(t, html, clean(style))
	for _, forbidden := range []string{"http:", "https:", "url(", "@import", " style=", "onclick", "javascript:"} {
		text := strings.ReplaceAll(html, "http://www.w3.org/2000/svg", "")
		assert.NotContains(t, text, forbidden)
	}
}

// What a server says can't leave its place, turn the reading direction or hide.
func TestHostileText(t *testing.T) {
	bad := "</script><script>alert(1)</script><img src=x onerror=1>\u202e\u2066\x00\x1b\xff' \" `"
	calls := bucketCalls(60, 15, 42)
	for i := range calls {
		calls[i].Tool, calls[i].Client, calls[i].Label, calls[i].Detail = bad, bad, bad, bad+strings.Repeat("y", 1<<16)
	}
	d := judged(calls, 15, 40)
	s := &d.Servers[0]
	s.Server, s.Error, s.Hint, s.Notes, s.Target.Address, s.Limit.Inherited = bad, bad, bad, []string{bad}, bad, bad
	s.Scenarios[0].Scenario = bad
	f := &s.Scenarios[0].Findings[0]
	f.Check, f.Want, f.Saw, f.Cause, f.Warnings = bad, bad, bad, bad, []string{bad}
	d.Finish()
	var b bytes.Buffer
	require.NoError(t, HTML(&b, d, map[string][]history.Call{bad: calls}))
	html := b.String()
	assert.Contains(t, html, "alert(1)", "the text isn't there at all")
	assert.Equal(t, 1+strings.Count(html, `<script type="application/json">`), strings.Count(html, "<script"),
		"a script of the server's")
	assert.NotContains(t, html, "<img")
	for _, r := range []string{"\u202e", "\u2066", "\x00", "\x1b", "\xff"} {
		assert.NotContains(t, html, r)
	}
	assert.Contains(t, html, "\uFFFD")
	assert.Less(t, len(html), 1<<20, "a long text makes a long page")
}

// Many calls make a page of bounded size, in which the extremes are kept and
// what isn't drawn is said. The benchmark below draws a million.
func TestManyCalls(t *testing.T) {
	const n = 200_000
	calls := bucketCalls(n, 1000, 40)
	calls[n/2].Received = calls[n/2].Sent + 9*time.Second // the slowest of all
	d := judged(calls, 1000, 40)
	html := drawn(t, d, calls)
	assert.Less(t, len(html), 1_500_000)
	counts := results.Count(calls)
	assert.Contains(t, html, fmt.Sprintf("of %s admitted calls are drawn", grouped(counts.Admitted)))
	assert.Contains(t, html, fmt.Sprintf("of %s refused calls are drawn", grouped(counts.Limited)))
	assert.Contains(t, html, "<td data-head=\"max\"><bdi>9000 ms</bdi></td>", "the slowest call is in the table")
	highest := 1e9
	for _, m := range regexp.MustCompile(` ([0-9.]+)v`).FindAllStringSubmatch(attribute(t, html, "s1-wait",
		"mark (?:admitted|refused)"), -1) {
		var y float64
		_, err := fmt.Sscan(m[1], &y)
		require.NoError(t, err)
		highest = min(highest, y)
	}
	assert.Less(t, highest, 12.0, "and drawn at the top")
}

func BenchmarkAMillionCalls(b *testing.B) {
	calls := bucketCalls(1_000_000, 1000, 40)
	d := judged(calls, 1000, 40)
	for b.Loop() {
		b.ReportMetric(float64(len(drawn(b, d, calls))), "bytes/page")
	}
}

// What a run has beside calls is shown too: starts, general load, repeats that
// disagree, and known findings.
func TestWhatElseARunHas(t *testing.T) {
	d := judged(nil, 15, 40)
	s := &d.Servers[0]
	s.Limit = results.Limit{}
	s.Flaky, s.Repeats = true, []results.Repeat{{Started: "2026-11-25T10:00:00Z", Verdict: verdict.Fail,
		Failed: []string{"served"}}, {Started: "2026-11-25T10:01:00Z", Verdict: verdict.Pass}}
	s.Scenarios[0].Findings[0] = results.Finding{Check: "refuses", Verdict: verdict.Fail, Want: "w", Saw: "s",
		Quarantined: true}
	s.Scenarios[0].Starts = []results.Start{{Case: "placeholder", Env: "ACB_TOKEN", Expected: "refuse", Did: "served",
		AfterMS: 812.4, Verdict: verdict.Fail, Leaked: []string{"log"}}}
	load := results.NewScenario("load", nil, nil)
	load.Load = &results.Load{Shape: "200/s", Arrivals: "even", Waited: results.Quantiles{N: 5, P50: 3, Max: 7},
		Series: []results.LoadInterval{{At: 0, Seconds: 1, OK: 200, P50: 1, P99: 2, Max: 3}, {At: 1, Seconds: 1},
			{At: 2, Seconds: 1, OK: 100, Refused: 50, P50: 10, P99: 20, Max: 30}},
		Failures: []results.LoadFailure{{Outcome: "broken", Detail: "connection reset", Count: 12}},
		Capacity: &results.LoadCapacity{Why: "narrow enough", Trials: []results.LoadTrial{{Rate: 400, Phase: "bisect",
			Verdict: "kept"}}}}
	s.Scenarios = append(s.Scenarios, load)
	d.Finish()
	html := drawn(t, d, nil)
	for _, want := range []string{"they disagree: flaky", "2026-11-25T10:01:00Z", "known, in quarantine", "placeholder",
		"812 ms", "200/s",
		"connection reset", "narrow enough", `id="s1-l2-rate"`} {
		assert.True(t, strings.Contains(html, want), "not in the page: %s", want)
	}
	// The idle second is a gap in the latencies, and a 0 in the counts.
	assert.Equal(t, 2, strings.Count(attribute(t, html, "s1-l2-wait", "granted"), "M"))
	assert.Equal(t, 1, strings.Count(attribute(t, html, "s1-l2-rate", "granted"), "M"))
	assert.False(t, strings.Contains(html, "declared limit"), "nothing was declared")
	assert.False(t, strings.Contains(html, "s1-box"), "nor measured")
}

// Of a sample of the calls, nothing is certain of the bucket.
func TestNoTimelineOfASample(t *testing.T) {
	calls := bucketCalls(300, 15, 40)
	d := judged(calls, 15, 40)
	d.Servers[0].Scenarios[0].Load = &results.Load{Generator: results.LoadGenerator{Sampled: 10}}
	html := drawn(t, d, calls)
	assert.True(t, strings.Contains(html, "Only a part of the calls is drawn"))
	assert.False(t, strings.Contains(html, "s1-t1"))
	assert.True(t, strings.Contains(html, "s1-wait"))
}

// Whatever a document and its calls are, there is a page: no panic, no NaN in a
// path, and one script.
func TestAnyRunIsAPage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		instant := rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.OneOf(rapid.Int64Range(-1e9, 1e10), rapid.Int64Range(0, 1000),
				rapid.Just[int64](1_764_000_000_000_000_000)).Draw(t, "instant"))
		})
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "burst", "c1", "<b>", "\xff"}))
		calls := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) history.Call {
			c := history.Call{Sent: instant.Draw(t, "sent"), Received: instant.Draw(t, "received"),
				Outcome: history.Outcome(rapid.IntRange(0, 7).Draw(t, "outcome")), Detail: text.Draw(t, "detail")}
			c.Received = max(c.Received, c.Sent) // a history holds no other call
			c.Due, c.Client, c.Label = instant.Draw(t, "due"), text.Draw(t, "client"), text.Draw(t, "label")
			c.Method = rapid.SampledFrom([]string{"tools/call", "ping", ""}).Draw(t, "method")
			return c
		}), 0, 30).Draw(t, "calls")
		bound := func(name string) results.Range {
			lo := rapid.Float64Range(0, 1e6).Draw(t, name)
			return results.Range{Lo: lo, Hi: lo + rapid.SampledFrom([]float64{0, 1e-9, 5, math.Inf(1)}).Draw(t, name+
				" length")}
		}
		s := results.Server{Server: "acb", Limit: results.Limit{Rate: rapid.SampledFrom([]float64{0, 1e-6, 15,
			1e6}).Draw(t, "rate"), Burst: rapid.IntRange(0, 50).Draw(t, "burst"),
			Scope: rapid.SampledFrom([]string{"global", "client", ""}).Draw(t, "scope"), Charges: []string{"*"},
			MayCharge: []string{"ping"}}}
		if rapid.Bool().Draw(t, "measured") {
			s.Measured = &results.Measured{Rate: bound("rate"), Burst: bound("burst")}
			if rapid.Bool().Draw(t, "or") {
				s.Measured.Or = &results.Measured{Rate: bound("other rate"), Burst: bound("other burst")}
			}
		}
		f := verdict.Finding{Check: "over-admission", Verdict: verdict.Verdict(rapid.IntRange(0, 2).Draw(t, "verdict"))}
		if rapid.Bool().Draw(t, "witness") {
			f.Witness = &verdict.Witness{From: instant.Draw(t, "from"), To: instant.Draw(t, "to"),
				Calls: rapid.SliceOfN(rapid.IntRange(-1, 40), 0, 5).Draw(t, "named")}
		}
		s.Scenarios = []results.Scenario{results.NewScenario("burst", calls, []verdict.Finding{f})}
		d := &results.Document{Servers: []results.Server{s}}
		d.Finish()
		var b bytes.Buffer
		require.NoError(t, HTML(&b, d, map[string][]history.Call{"acb": calls}))
		html := b.String()
		require.Equal(t, 1+strings.Count(html, `<script type="application/json">`), strings.Count(html, "<script"))
		require.NotRegexp(t, `d="[^"]*(NaN|Inf)`, html)
		require.NotRegexp(t, `viewBox="[^"]*(NaN|Inf)`, html)
	})
}
