package results

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// The command that repeats a fail stands in one line, to be copied; where none is
// known nothing is said.
func TestTableRepeatsAFail(t *testing.T) {
	bad, _ := generous()
	d := document(bad)
	require.NotContains(t, rendered(t, d, TableOptions{}), "repeat:")
	d.Repeat = "mcpload run --url http://127.0.0.1:8000/mcp --rate 10/s --burst 20 --args '{\"q\":\"a  b\"}' " +
		"--scenario burst,overload --seed 7"
	require.Contains(t, rendered(t, d, TableOptions{Width: 60}), "\nrepeat: "+d.Repeat+"\n")
}

// Which call was chosen is said, and a run that refused nothing without a tool is
// no pass in words either.
func TestTableSaysWhichCallWasChosen(t *testing.T) {
	s := vague()
	for i := range s.Scenarios {
		s.Scenarios[i].Calls.Limited = 0
	}
	s.Target.Call = &Call{Method: "tools/list", Chosen: true, Why: "the server lists no tools"}
	text := rendered(t, document(s), TableOptions{})
	require.Contains(t, text, "call:      tools/list: the server lists no tools")
	require.Contains(t, strings.Join(strings.Fields(text), " "), s.Server+" refused nothing, but tool calls, which "+
		"most limits are about, were not tried")
	require.Contains(t, text, "- load with a tool: --tool NAME")

	for _, call := range []*Call{nil, {Method: "tools/list"}, {Method: "tools/call", Tool: "ping", Chosen: true,
		Why: "it is harmless"}} {
		s.Target.Call = call
		text := rendered(t, document(s), TableOptions{})
		require.NotContains(t, text, "were not tried")
		require.Equal(t, call != nil && call.Chosen, strings.Contains(text, "call:"))
	}
	require.Equal(t, verdict.Inconclusive, s.Verdict)

	s.Target.Call = &Call{Method: "tools/list", Chosen: true, Why: "the server lists no tools"}
	s.Scenarios[0].Calls.Limited = 1
	require.NotContains(t, rendered(t, document(s), TableOptions{}), "were not tried", "something was refused")
}
