package results_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
)

// TestConformInMarkdown: a line a revision, each breach once with a command that can be copied, what
// counts first, and why it ended; no column of limits.
func TestConformInMarkdown(t *testing.T) {
	rows := []results.ConformRow{
		{ID: "P01", Area: "utilities", Level: "SHOULD", Says: "refuses a cursor", Section: "s", Answer: results.RowFail,
			Saw: "a list"},
		{ID: "H01", Area: "transport", Level: "MUST", Says: "answers with 403", Section: "s", Answer: results.RowFail,
			Saw: "it is *served*", Exchanges: []results.Exchange{{Line: "curl 'http://a@b' -d `x` | tr \"_\" '*'"}}},
		{ID: "H03", Area: "transport", Level: "MUST", Answer: results.RowNotTestable, Saw: results.RowUntried + "no time"},
	}
	d := &results.Document{Servers: []results.Server{{Server: "s", Target: results.Target{Kind: "url"},
		Scenarios: []results.Scenario{
			results.NewConform(results.Conform{Protocol: "2025-11-25", Rows: rows}, results.Counts{}),
			results.NewConform(results.Conform{Protocol: "2025-06-18", Rows: rows}, results.Counts{}),
			results.NewConform(results.Conform{Protocol: "2025-03-26", Rows: rows[2:], Ended: "the budget ended"},
				results.Counts{})}}}}
	d.Finish()
	var b strings.Builder
	require.NoError(t, results.Markdown(&b, d))
	got := b.String()
	for _, want := range []string{
		"| 2025-11-25 | ❌ fail | 1 | 1 | 0 | 0 | 0 | 1 |\n",
		"- **MUST H01** in 2025-11-25, 2025-06-18: the server answers with 403 (s)\n  - saw: it is \\*served\\*\n" +
			"  - again: `` curl 'http://a@b' -d `x` | tr \"_\" '*' ``\n",
		"MCP 2025-03-26: the budget ended\n",
	} {
		assert.Contains(t, got, want)
	}
	assert.Less(t, strings.Index(got, "MUST H01"), strings.Index(got, "SHOULD P01"))
	assert.NotContains(t, got, "limit")
	assert.Equal(t, 1, strings.Count(got, "MUST H01"))
}
