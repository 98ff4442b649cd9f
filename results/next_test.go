package results

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// What the calls themselves say to do comes first, once, and in place of what the
// checks say that are open for the same reason.
func TestWhatTheCallsSayComesFirst(t *testing.T) {
	next := "38 calls were answered …: add --refusal reset"
	open := func(check, next string) Finding {
		return Finding{Check: check, Verdict: verdict.Inconclusive, Next: next}
	}
	s := Server{Verdict: verdict.Inconclusive, Scenarios: []Scenario{
		{Scenario: "burst", Findings: []Finding{open("pressure", next), open("generator", "")}},
		{Scenario: "overload", Findings: []Finding{open("complete", next)}},
	}}
	require.Equal(t, []string{next, Hint("generator", verdict.Inconclusive)}, s.openHints())
	for i := range s.Scenarios {
		for j := range s.Scenarios[i].Findings {
			s.Scenarios[i].Findings[j].Next = ""
		}
	}
	require.Contains(t, s.openHints(), Hint("pressure", verdict.Inconclusive))
	require.Contains(t, s.openHints(), Hint("complete", verdict.Inconclusive))

	require.Equal(t, next, findingOf(verdict.Finding{Next: next}).Next)
}
