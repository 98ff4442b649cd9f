package compare

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

func TestPage(t *testing.T) {
	draw := func(base, now []Run) string {
		r, err := Compare(base, now, Options{Demands: demands(t, "burst=+1")})
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, r.HTML(&b))
		return b.String()
	}
	worse := with(same(2), func(p *plan) { p.mean, p.burst, p.verdict = 60, 42, verdict.Fail })
	html := draw([]Run{run(same(1))}, []Run{run(worse)})
	for _, want := range []string{`<p class="badge fail">regression</p><h1>The new run is worse</h1>`,
		"stands alone", "yes, proven: no token bucket fits both", `<caption>Demands</caption>`, `<figure class="chart"`,
		`<path class="before" d="M0 `, `<path class="granted" d="M0 `} {
		assert.Contains(t, html, want)
	}
	assert.NotContains(t, html, "href=\"/", "no link leads to a server that isn't there")
	html = draw([]Run{run(same(1))}, []Run{run(same(2))})
	assert.Contains(t, html, "No regression is proven")
	assert.NotContains(t, html, "yes, proven")
	gone := run(same(2))
	gone.Histories = nil
	assert.NotContains(t, draw([]Run{run(same(1))}, []Run{gone}), "<figure", "a side without calls has no distribution")

	many := func(seed uint64) Run {
		return run(with(same(seed), func(p *plan) { p.n, p.scenario = 30, strings.Fields("a b c d e f g h i j") }))
	}
	html = draw([]Run{many(1)}, []Run{many(2)})
	assert.Equal(t, mostCharts, strings.Count(html, "<figure"))
	assert.Contains(t, html, "Of 3 scenarios more the distributions aren")

	law := &Report{Outcome: Fine, Servers: []Server{{Server: "<s>", Laws: []LawMove{{Law: "30 per 10s fixed",
		Base: "kept: 30", New: "broken: 31", Proven: true}}}}}
	body, err := law.Body()
	require.NoError(t, err)
	assert.Contains(t, string(body), `30 per 10s fixed</bdi></th><td>kept: 30</td><td>broken: 31</td><td>yes, proven</td>`)
	assert.Contains(t, string(body), "<bdi>&lt;s&gt;</bdi>")
	assert.NotContains(t, string(body), "measured, base")
}
