package page

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
)

// TestConformMatrix shows each row once, with a cell for each revision, and each
// fail's exchanges, where the cell's link leads.
func TestConformMatrix(t *testing.T) {
	row := func(id, area, answer string) results.ConformRow {
		r := results.ConformRow{ID: id, Area: area, Level: "MUST", Section: "basic", Says: "keeps " + id,
			Answer: answer, Saw: "saw " + id}
		if answer == results.RowFail {
			r.Exchanges = []results.Exchange{{Line: "curl one", Request: "<request>", Reply: "<script>reply</script>"}}
		}
		return r
	}
	known := row("H03", "transport", results.RowFail)
	known.Known = "mended soon"
	d := &results.Document{Servers: []results.Server{{Server: "s", Target: results.Target{Kind: "url"},
		Scenarios: []results.Scenario{
			results.NewConform(results.Conform{Protocol: "2026-07-28", Rows: []results.ConformRow{
				row("R01", "messages", results.RowPass), row("H01", "transport", results.RowFail), known}},
				results.Counts{}),
			results.NewConform(results.Conform{Protocol: "2025-11-25", Rows: []results.ConformRow{
				row("H01", "transport", results.RowPass), row("R01", "messages", results.RowNotTestable)}},
				results.Counts{}),
		}}}}
	d.Finish()
	m := newMatrix("s1", &d.Servers[0])
	require.NotNil(t, m)
	assert.Equal(t, []string{"2026-07-28", "2025-11-25"}, m.Revisions)
	require.Len(t, m.Areas, 2)
	require.Len(t, m.Areas[1].Rows, 2)
	assert.Equal(t, []matrixCell{{"pass", "pass", "saw R01", ""}, {"inconclusive", "not testable", "saw R01", ""}},
		m.Areas[0].Rows[0].Cells)
	assert.Equal(t, []matrixCell{{"fail", "fail", "saw H01", "s1-H01-2026-07-28"}, {"pass", "pass", "saw H01", ""}},
		m.Areas[1].Rows[0].Cells)
	assert.Equal(t, []matrixCell{{"inconclusive", "known", "saw H03", "s1-H03-2026-07-28"}, {}},
		m.Areas[1].Rows[1].Cells)

	var b strings.Builder
	require.NoError(t, HTML(&b, d, nil))
	for _, link := range regexp.MustCompile(`href="#(s1-H[^"]+)"`).FindAllStringSubmatch(b.String(), -1) {
		assert.Contains(t, b.String(), `id="`+link[1]+`"`)
	}
	assert.Equal(t, 2, strings.Count(b.String(), "curl one"))
	assert.Contains(t, b.String(), "mended soon")
	assert.Less(t, strings.Index(b.String(), "What isn't kept"), strings.Index(b.String(), "Demands of the protocol"),
		"failures first")
	assert.NotContains(t, b.String(), "<script>reply")
}

// TestBreachesOnThePage: one card a row, whatever the revisions, what counts first and what is known
// last; why rows weren't testable can be read without a mouse.
func TestBreachesOnThePage(t *testing.T) {
	rows := func(saw string) []results.ConformRow {
		list := []results.ConformRow{
			{ID: "P01", Level: "SHOULD", Answer: results.RowFail, Saw: "a list"},
			{ID: "H01", Level: "MUST", Answer: results.RowFail, Saw: "long known", Known: "why"},
			{ID: "H03", Level: "MUST", Answer: results.RowFail, Saw: saw},
			{ID: "H08", Level: "practice", Answer: results.RowFail, Saw: "1, 2, 3"},
			{ID: "T07", Level: "MUST", Answer: results.RowNotTestable, Saw: "no tool", Need: "--tool NAME"},
			{ID: "T08", Level: "MUST", Answer: results.RowNotTestable, Saw: "no tool", Need: "--tool NAME"},
		}
		for k := range list {
			list[k].Area, list[k].Exchanges = "a", []results.Exchange{{Line: "curl", Request: "q", Reply: "r"}}
		}
		return list
	}
	d := &results.Document{Servers: []results.Server{{Server: "s", Target: results.Target{Kind: "url"},
		Scenarios: []results.Scenario{
			results.NewConform(results.Conform{Protocol: "2025-11-25", Rows: rows("201")}, results.Counts{}),
			results.NewConform(results.Conform{Protocol: "2025-06-18", Rows: rows("204")}, results.Counts{})}}}}
	d.Finish()
	m := newMatrix("s1", &d.Servers[0])
	var order []string
	for _, b := range m.Breaches {
		order = append(order, b.ConformRow.ID)
		assert.Equal(t, "2025-11-25, 2025-06-18", b.Revisions())
		assert.Equal(t, b.ConformRow.ID != "H03", b.Alike(), b.ConformRow.ID)
	}
	assert.Equal(t, []string{"H03", "P01", "H08", "H01"}, order)
	for _, cell := range m.Areas[0].Rows[0].Cells {
		assert.Equal(t, matrixCell{"inconclusive", "fail", "a list", "s1-P01-2025-11-25"}, cell, "it decides nothing")
	}
	var b strings.Builder
	require.NoError(t, HTML(&b, d, nil))
	assert.Contains(t, b.String(), "in 2025-06-18: <bdi>204</bdi>")
	assert.Contains(t, b.String(), "<dt>T07, T08</dt><dd><bdi>no tool; needs --tool NAME</bdi></dd>")
	assert.Equal(t, 8, strings.Count(b.String(), "To send it again"))
}
