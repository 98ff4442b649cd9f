package compare_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/compare"
)

// conformRun is a run whose rows were answered so: "H01" is a MUST, and "P01" none.
func conformRun(name string, answers map[string]string) compare.Run {
	c := results.Conform{Protocol: "2025-11-25", Rows: []results.ConformRow{}}
	for _, id := range []string{"H01", "H03", "P01"} {
		if answer, ok := answers[id]; ok {
			level := map[bool]string{true: "SHOULD", false: "MUST"}[id == "P01"]
			c.Rows = append(c.Rows, results.ConformRow{ID: id, Level: level, Answer: answer, Saw: "saw of " + id})
		}
	}
	d := &results.Document{Servers: []results.Server{{Server: "s",
		Scenarios: []results.Scenario{results.NewConform(c, results.Counts{})}}}}
	d.Finish()
	return compare.Run{Name: name, Document: d}
}

// TestConformRows says what got fixed and what broke, also where both runs fail.
func TestConformRows(t *testing.T) {
	const pass, fail, open = results.RowPass, results.RowFail, results.RowNotTestable
	for _, c := range []struct {
		name      string
		base, new map[string]string
		want      compare.Outcome
		says      []string
	}{
		{"the same", map[string]string{"H01": fail, "H03": pass}, map[string]string{"H01": fail, "H03": pass},
			compare.Fine,
			[]string{"no row is answered otherwise"}},
		{"fixed", map[string]string{"H01": fail, "H03": pass}, map[string]string{"H01": pass, "H03": pass},
			compare.Fine,
			[]string{"fixed: MUST H01 in 2025-11-25"}},
		{"broke while another was fixed", map[string]string{"H01": fail, "H03": pass},
			map[string]string{"H01": pass, "H03": fail}, compare.Regression,
			[]string{"fixed: MUST H01", "broke: MUST H03 in 2025-11-25: saw of H03", "s breaks MUST H03"}},
		{"broke what doesn't count", map[string]string{"H01": pass, "P01": pass},
			map[string]string{"H01": pass, "P01": fail}, compare.Fine,
			[]string{"broke: SHOULD P01"}},
		{"can't be judged any more", map[string]string{"H01": pass, "H03": pass},
			map[string]string{"H01": pass, "H03": open}, compare.Undecided,
			[]string{"s can't be judged any more by H03", "no longer judged: H03 (pass) in 2025-11-25: saw of H03"}},
		{"what failed can't be judged any more", map[string]string{"H01": pass, "H03": fail},
			map[string]string{"H01": pass, "H03": open}, compare.Fine,
			[]string{"no longer judged: H03 (fail) in 2025-11-25: saw of H03"}},
		{"new and gone", map[string]string{"H01": pass, "H03": pass}, map[string]string{"H01": pass, "P01": pass},
			compare.Fine,
			[]string{"2 other rows were kept for the first time, or new, or gone"}},
		{"a new row that fails", map[string]string{"H01": pass}, map[string]string{"H01": pass, "H03": fail},
			compare.Regression,
			[]string{"fails, and was not judged before: MUST H03", "s fails in conform 2025-11-25, which was pass"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := compare.Compare([]compare.Run{conformRun("a", c.base)}, []compare.Run{conformRun("b", c.new)},
				compare.Options{})
			require.NoError(t, err)
			assert.Equal(t, c.want, r.Outcome, r.Reasons)
			var page strings.Builder
			require.NoError(t, r.HTML(&page))
			for _, row := range r.Servers[0].Conform {
				assert.Contains(t, page.String(), `<th scope="row">`+row.Level+" "+row.Row+"</th>")
			}
			assert.NotContains(t, page.String(), "measured, base", "no bucket is measured")
			var b strings.Builder
			require.NoError(t, r.Table(&b))
			for _, want := range c.says {
				assert.Contains(t, b.String(), want)
			}
			for _, about := range []string{"confidence", "admitted calls", "Noise is"} {
				assert.NotContains(t, b.String(), about, "there are no figures")
			}
		})
	}
}
