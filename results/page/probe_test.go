package page

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// found is a probe that measured a bucket, with what it says of everything.
func found() *results.Probed {
	one, yes := 1, "global"
	return &results.Probed{Schema: results.ProbeSchema, Server: "acb", Result: results.ProbeMeasured,
		Target:   results.ProbedTarget{Kind: "url", Transport: "http", Protocol: "2025-11-25", URL: "http://127.0.0.1:1/mcp"},
		Load:     results.ProbedLoad{Method: "tools/call", Tool: "ping"},
		Measured: &results.Measured{Rate: results.Range{Lo: 14.9, Hi: 15.1}, Burst: results.Range{Lo: 39.8, Hi: 40.2}},
		Models:   []results.ProbedModel{{Name: "token bucket", Words: "token bucket"}},
		Scope:    results.ProbedValue{Answer: &yes, Evidence: "another was refused too"},
		Refusal:  &results.ProbedRefusal{Refusals: 3},
		Costs:    []results.ProbedCost{{Kind: "tools/list", Tokens: &one, Evidence: "3 sent"}},
		Notes:    []string{"a note <script>alert(1)</script>", "another"}}
}

func probePage(t *testing.T, p *results.Probed, calls []history.Call) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Probe(&b, p, calls, nil))
	return b.String()
}

func TestTheProbesPage(t *testing.T) {
	html := probePage(t, found(), bucketCalls(200, 15, 40))
	for _, want := range []string{`<p class="badge ">measured</p>`, "acb: rate 14.90–15.10/s", "http://127.0.0.1:1/mcp",
		`id="box"`, `id="spread"`, `id="wait"`, "<dt>scope</dt>", "global: another was refused too",
		"<caption>What a request costs</caption>",
		`<th scope="row"><bdi>tools/list</bdi></th><td data-head="costs"><bdi>1 token</bdi>`,
		"a note &lt;script&gt;"} {
		assert.Contains(t, html, want)
	}
	assert.Contains(t, attribute(t, html, "box", "box"), "M")
	for _, never := range []string{"declared", "<script>alert", "weren&#39;t kept", "<dt>costs</dt>", "<dt></dt>"} {
		assert.NotContains(t, html[len(newShell("", nil).Style)+600:], never)
	}

	assert.Contains(t, probePage(t, found(), nil), "weren&#39;t kept")
	open := found()
	open.Result, open.Measured = results.ProbeUnfinished, nil
	html = probePage(t, open, nil)
	assert.Contains(t, html, `<p class="badge inconclusive">unfinished</p>`)
	assert.NotContains(t, html, `id="box"`, "nothing was measured")
}

// A document that says more than it holds draws no page.
func TestAHollowProbeIsRefused(t *testing.T) {
	for result, take := range map[string]func(p *results.Probed){
		results.ProbeMeasured: func(p *results.Probed) { p.Measured = nil },
		results.ProbeNoLimit:  func(p *results.Probed) {},
		results.ProbeOther:    func(p *results.Probed) { p.Models = nil },
		"whatever":            func(p *results.Probed) {},
	} {
		p := found()
		p.Result = result
		take(p)
		var b bytes.Buffer
		require.NoError(t, p.JSON(&b))
		_, err := results.DecodeProbed(&b)
		assert.ErrorContains(t, err, "without what it is of", result)
	}
	var b bytes.Buffer
	require.NoError(t, found().JSON(&b))
	p, err := results.DecodeProbed(&b)
	require.NoError(t, err)
	assert.Equal(t, found().Lines(), p.Lines())
}

// Handshakes are nobody's wait: the marks of a distribution leave them out as its bars do.
func TestQuantilesWithoutHandshakes(t *testing.T) {
	calls := bucketCalls(40, 15, 40)
	slow := history.Call{Received: 9e9, Outcome: history.OK}
	slow.Label, slow.Method = history.Handshake, "initialize"
	html := probePage(t, found(), append(calls, slow))
	assert.NotContains(t, html, "max 9,000 ms")
	assert.NotContains(t, html, "max 9")
	assert.Contains(t, html, ">max ")
}

// Flags of witnesses that stand close together turn away from each other.
func TestFlagsStandApart(t *testing.T) {
	of := func(n int, at int64) *exhibit {
		return &exhibit{Number: n, Witness: &results.Witness{FromNS: at, ToNS: at}}
	}
	a, b, far, same := of(1, 1e9), of(2, 1.05e9), of(3, 9e9), of(4, 9e9)
	tl := &timeline{x: axis{0, 10}, proofs: []*exhibit{a, b, far, same}}
	for e, want := range map[*exhibit]string{a: "end", b: "start", far: "end", same: "start"} {
		assert.Equal(t, want, tl.flagAnchor(e), e.Number)
	}
	alone := &timeline{x: axis{0, 10}, proofs: []*exhibit{a, far}}
	assert.Equal(t, "middle", alone.flagAnchor(a))
}

func TestOverlay(t *testing.T) {
	html, err := OverlayHTML(Overlay{ID: "o", Title: "Latency", Base: []float64{1, 1, 1, 2}, New: []float64{10, 20}})
	require.NoError(t, err)
	assert.NotEqual(t, attribute(t, string(html), "o", "before"), attribute(t, string(html), "o", "granted"))
	assert.Contains(t, string(html), "4 of base and 2 of new")
	assert.Contains(t, string(html), `<th scope="row"><bdi>base</bdi></th><td data-head="calls"><bdi>4</bdi></td>`+
		`<td data-head="p50"><bdi>1 ms</bdi></td>`)
	list, most := shares([]float64{1, 1, 1, 2}, axis{-1, 1})
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	assert.InDelta(t, 1, sum, 1e-9, "every call is in a bin")
	assert.InDelta(t, 0.75, most, 1e-9)
	html, err = OverlayHTML(Overlay{ID: "o", Base: []float64{1}})
	require.NoError(t, err)
	assert.Empty(t, html, "a side without calls has no distribution")
}
