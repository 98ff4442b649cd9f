package export_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
)

// TestAFormatThatADocumentLacks holds the one place that decides: what a document has is
// found by name, the usual one by none, and all else is refused with what there is.
func TestAFormatThatADocumentLacks(t *testing.T) {
	f, err := export.Listings().Named("csv")
	require.NoError(t, err)
	assert.Equal(t, "csv", f.Name)
	f, err = export.Listings().Named("")
	require.NoError(t, err)
	assert.Equal(t, "table", f.Name)
	_, err = export.Listings().Named("junit")
	var unknown *export.UnknownError
	require.True(t, errors.As(err, &unknown))
	assert.Equal(t, `"junit" is none of table, json, markdown and csv`, err.Error())
	_, err = export.Starts().Named("vegeta")
	require.ErrorContains(t, err, "none of table, json, html, markdown, junit, sarif and prometheus")
	all := export.Runs()
	require.Len(t, all.Without("vegeta"), len(all)-1)
	_, err = all.Named("vegeta")
	require.NoError(t, err, "Without must leave the set that it is of")
}

// TestRowsInEveryFormat writes one document in all formats of rows.
func TestRowsInEveryFormat(t *testing.T) {
	rows := export.Rows{Document: map[string]int{"a": 1}, Before: "two\n", After: "end\n",
		Sheets: []screen.Sheet{{Header: []string{"x", "y"}, Rows: [][]string{{"1", "a|b"}}}}}
	for name, want := range map[string]string{
		"table":    "two\n┌───┬─────┐\n│ x │  y  │\n├───┼─────┤\n│ 1 │ a|b │\n└───┴─────┘\nend\n",
		"json":     "{\n  \"a\": 1\n}\n",
		"markdown": "two\n\n| x | y |\n| --- | --- |\n| 1 | a\\|b |\n\nend\n",
		"csv":      "x,y\n1,a|b\n",
	} {
		f, err := export.Listings().Named(name)
		require.NoError(t, err)
		var b strings.Builder
		require.NoError(t, f.Write(&b, rows))
		assert.Equal(t, want, b.String(), name)
	}
	rows.OneLine = true
	f, err := export.Texts().Named("json")
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, f.Write(&b, rows))
	assert.Equal(t, "{\"a\":1}\n", b.String())
}
