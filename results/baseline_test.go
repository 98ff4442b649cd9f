package results_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

var baselineDay = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func anyRow(row, _ string) error {
	if !strings.HasPrefix(row, "H") {
		return fmt.Errorf("there is no row %q", row)
	}
	return nil
}

func conformed() *results.Document {
	row := func(id, answer string) results.ConformRow {
		return results.ConformRow{ID: id, Area: "transport", Level: "MUST", Answer: answer, Saw: "x"}
	}
	return &results.Document{Servers: []results.Server{{Server: "s", Target: results.Target{Kind: "url"},
		Scenarios: []results.Scenario{
			results.NewConform(results.Conform{Protocol: "2025-11-25", Rows: []results.ConformRow{
				row("H01", results.RowFail), row("H03", results.RowPass), row("H05", results.RowNotTestable),
			}}, results.Counts{Planned: 3, Sent: 3, Admitted: 3}),
		}}}}
}

// TestBaseline marks what is known, and tells what is out of date.
func TestBaseline(t *testing.T) {
	for _, c := range []struct {
		name, list string
		want       verdict.Verdict
		notes      []string
	}{
		{"nothing is known", "", verdict.Fail, nil},
		{"known", "- {row: H01, until: 2026-12-31, reason: it is mended in December}", verdict.Pass, nil},
		{"known until today", "- {row: H01, until: 2026-11-28, reason: r}", verdict.Pass, nil},
		{"known until yesterday", "- {row: H01, until: 2026-11-27, reason: why}", verdict.Fail,
			[]string{"the baseline's H01 ended on 2026-11-27 and counts again (why)"}},
		{"known in another revision", "- {row: H01, protocol: 2025-06-18, until: 2026-12-31, reason: r}", verdict.Fail,
			[]string{"the baseline's H01 in 2025-06-18 could not be judged here"}},
		{"mended", "- {row: H01, until: 2026-12-31, reason: r}\n- {row: H03, until: 2026-12-31, reason: r}",
			verdict.Pass,
			[]string{"the baseline's H03 fails no more: take it off the list"}},
		{"not judged", "- {row: H01, until: 2026-12-31, reason: r}\n- {row: H05, until: 2026-12-31, reason: r}",
			verdict.Pass,
			[]string{"the baseline's H05 could not be judged here"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := results.ReadBaseline(strings.NewReader(c.list), "known.yaml", baselineDay, anyRow)
			require.NoError(t, err)
			d := conformed()
			notes := b.Apply(d, baselineDay)
			d.Finish()
			assert.Equal(t, c.want, d.Verdict)
			assert.Equal(t, c.notes, notes)
			assert.Equal(t, results.RowFail, d.Servers[0].Scenarios[0].Conform.Rows[0].Answer, "it stays a fail")
			assert.Equal(t, 3, d.Servers[0].Scenarios[0].Calls.Sent)
		})
	}
}

// TestBaselineFaults refuses lists that would hide more than they say, each fault with
// its line.
func TestBaselineFaults(t *testing.T) {
	for list, want := range map[string]string{
		"row: H01":                             "known.yaml:1: a baseline is a list of entries",
		"- H01":                                "known.yaml:1: an entry has the fields",
		"- {until: x}":                         "known.yaml:1: the entry names no row",
		"- {row: X01}":                         `known.yaml:1: there is no row "X01"`,
		"- {row: H01}":                         "known.yaml:1: the entry of H01 gives no reason",
		"- {rows: H01}":                        `known.yaml:1: unknown field "rows"`,
		"\n- {row: H01, reason: r}":            "known.yaml:2: the entry of H01 never expires",
		"- {row: H01, row: H02}":               "known.yaml:1: row is given twice",
		"- {row: H01, reason: r, until: soon}": `known.yaml:1: until: "soon" is no date`,
		"- {row: H01, reason: r, until: 2027-11-28}":   "known.yaml:1: until: 2027-11-28 lies more than 92 days ahead",
		"- {row: [H01], reason: r, until: 2026-12-01}": "known.yaml:1: row is a text",
	} {
		_, err := results.ReadBaseline(strings.NewReader(list), "known.yaml", baselineDay, anyRow)
		assert.ErrorContains(t, err, want, list)
	}
}

// TestKnownInOneRevision: a row that is known to fail in one revision, and fails in another too, is
// told as both; that all fails are known isn't told as if nothing had failed.
func TestKnownInOneRevision(t *testing.T) {
	b, err := results.ReadBaseline(strings.NewReader("- {row: H01, protocol: 2025-11-25, until: 2026-12-31, reason: why}"),
		"known.yaml", baselineDay, anyRow)
	require.NoError(t, err)
	screen := func(d *results.Document) string {
		d.Finish()
		var out strings.Builder
		require.NoError(t, results.Table(&out, d, results.TableOptions{Width: 200}))
		return out.String()
	}
	d := conformed()
	d.Servers[0].Notes = b.Apply(d, baselineDay)
	assert.Contains(t, screen(d), "pass: s breaks nothing but what is known (H01) of what could be judged of MCP 2025-11-25; "+
		"2 of 3 rows could be judged\n")

	d = conformed()
	older := *d.Servers[0].Scenarios[0].Conform
	older.Protocol, older.Rows = "2025-06-18", append([]results.ConformRow(nil), older.Rows...)
	d.Servers[0].Scenarios = append(d.Servers[0].Scenarios, results.NewConform(older, results.Counts{}))
	d.Servers[0].Notes = b.Apply(d, baselineDay)
	got := screen(d)
	assert.Contains(t, got, "fail: s breaks 1 demand (H01); 1 known (H01); 4 of 6 rows could be judged\n")
	assert.Contains(t, got, "in 2025-06-18: x")
	assert.Contains(t, got, "in 2025-11-25: x\n    known: why")
}

// TestSeedOfConformance: it is told where odd arguments are drawn by it, and nowhere else.
func TestSeedOfConformance(t *testing.T) {
	for seed, want := range map[uint64]string{0: "", 7: "seed 7; "} {
		d := conformed()
		d.Seed = seed
		d.Finish()
		var screen, text bytes.Buffer
		require.NoError(t, results.Table(&screen, d, results.TableOptions{}))
		require.NoError(t, results.Markdown(&text, d))
		for _, got := range []string{screen.String(), text.String()} {
			assert.Equal(t, want != "", strings.Contains(got, "seed"), got)
			assert.Contains(t, got, want+"started")
		}
	}
	d := results.Document{}
	assert.Equal(t, "0", d.SeedText(), "what isn't of conformance draws by it")
}

// TestRowsThatCountForNothing: chosen rows below a MUST, and known fails, are a pass where all
// could be judged.
func TestRowsThatCountForNothing(t *testing.T) {
	row := func(level, answer, known string) results.ConformRow {
		return results.ConformRow{ID: "H08", Area: "transport", Level: level, Answer: answer, Known: known, Saw: "x"}
	}
	for _, c := range []struct {
		rows []results.ConformRow
		want verdict.Verdict
	}{
		{nil, verdict.Inconclusive},
		{[]results.ConformRow{row("SHOULD", results.RowPass, "")}, verdict.Pass},
		{[]results.ConformRow{row("SHOULD", results.RowFail, "")}, verdict.Pass},
		{[]results.ConformRow{row("MUST", results.RowFail, "soon mended")}, verdict.Pass},
		{[]results.ConformRow{row("MUST", results.RowFail, "")}, verdict.Fail},
		{[]results.ConformRow{row("SHOULD", results.RowNotTestable, "")}, verdict.Inconclusive},
		{[]results.ConformRow{row("SHOULD", results.RowPass, ""), row("MUST", results.RowNotTestable, "")},
			verdict.Inconclusive},
	} {
		sc := results.NewConform(results.Conform{Protocol: "2025-11-25", Rows: c.rows}, results.Counts{})
		assert.Equal(t, c.want, sc.Verdict, "%v", c.rows)
	}
}
