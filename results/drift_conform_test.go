package results

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// TestConformOfAServer: a MUST that is broken in two revisions is one, what isn't a MUST
// is none, and what couldn't be judged is no yes.
func TestConformOfAServer(t *testing.T) {
	rows := func(list ...ConformRow) Scenario {
		return NewConform(Conform{Protocol: "2025-11-25", Rows: list}, Counts{})
	}
	bad := ConformRow{ID: "R04", Level: "MUST", Answer: RowFail}
	weak := ConformRow{ID: "P01", Level: "SHOULD", Answer: RowFail}
	good := ConformRow{ID: "L06", Level: "MUST", Answer: RowPass}
	open := ConformRow{ID: "T01", Level: "MUST", Answer: RowNotTestable}
	for _, c := range []struct {
		list  []Scenario
		words string
	}{
		{[]Scenario{rows(bad, weak, good, open), rows(bad)}, "no: 1 MUST (R04)"},
		{[]Scenario{rows(weak, good, open)}, "yes: 2 of 3 rows judged"},
		{[]Scenario{rows(open)}, "? 0 of 1 row judged"},
		{[]Scenario{rows()}, "? 0 of 0 rows judged"},
	} {
		d := &Document{Servers: []Server{{Server: "a", Scenarios: c.list}}}
		d.Finish()
		of := ConformOf(d)
		require.Equal(t, c.words, of.words())
		require.NotNil(t, of.Broken, "a list is spelt [], never null")
	}
	var none *DriftConform
	require.Equal(t, "-", none.words())
	require.Equal(t, "? it ended", (&DriftConform{Verdict: verdict.Pass, Judged: 1, Trouble: "it ended"}).words())
}
