package results

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// startDocument is of a server with two credentials that takes anything for the
// second.
func startDocument() *Document {
	sc := NewScenario("startup", nil, []verdict.Finding{
		{Check: "starts", Verdict: verdict.Pass, Want: "it starts", Saw: "2 of 2"},
		{Check: "refuses", Verdict: verdict.Fail, Want: "it refuses", Saw: "1 of 2 bad starts served: absent B"},
		{Check: "no-leak-output", Verdict: verdict.Fail, Want: "it shows none", Saw: "absent A: in stderr"},
		{Check: "made-up", Verdict: verdict.Fail, Want: "nobody knows this one", Saw: "-"},
	})
	good := Start{Case: "good", Expected: "serve", Did: "served", Exit: "exit status 0", AfterMS: 812,
		Verdict: verdict.Pass}
	sc.Starts = []Start{
		good,
		{Case: "absent", Env: "A", Expected: "refuse", Did: "refused", Exit: "exit status 1", AfterMS: 20.5,
			Says: []string{"variable", "traceback"}, Leaked: []string{"output"}, Verdict: verdict.Fail},
		{Case: "old-format", Env: "A", Expected: "either", Did: "served", AfterMS: 1, Verdict: verdict.Pass},
		{Case: "absent", Env: "B", Expected: "refuse", Did: "served", AfterMS: 1200, Verdict: verdict.Fail},
		{Case: "blank", Env: "B", Expected: "refuse", Did: "not made"},
		good,
	}
	return &Document{Version: "v1", Started: "2026-11-01T00:00:00Z",
		Servers: []Server{{Server: "acme", Target: Target{Kind: "command", Transport: "stdio"},
			Scenarios: []Scenario{sc}}}}
}

func screenOf(t *testing.T, d *Document, o TableOptions) string {
	t.Helper()
	d.Finish()
	var b bytes.Buffer
	require.NoError(t, Table(&b, d, o))
	return b.String()
}

func TestStartsOnTheScreen(t *testing.T) {
	text := screenOf(t, startDocument(), TableOptions{Width: 100})
	for _, want := range []string{
		"fail: acme starts wrongly: it serves, or hangs, with a bad credential and it prints credentials\n",
		"acme: starts, all credentials good\n", "acme: starts, by A\n", "acme: starts, by B\n",
		"│ pass │ good │ serve  │ served │ 812ms │ 0    │",
		"│ fail │ absent     │ refuse │ refused │ 20.5ms │ 1    │ variable, no format, stack trace │ output │",
		"│      │ old-format │ either │ served  │    1ms │ -    │ -",
		"│ ?    │ blank  │ refuse │ not made │     - │ -    │",
		"fail refuses in startup", "check every credential before the server is made",
	} {
		require.Contains(t, text, want, text)
	}
	for _, wrong := range []string{"limit", "p50/p99", "0/s burst 0", "admitted"} {
		require.NotContains(t, text, wrong)
	}
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, columns(strings.TrimRight(line, "\n")), 100)
	}
	screenOf(t, startDocument(), TableOptions{Width: 40, ASCII: true, Verbose: true}) // narrow, and it doesn't fail
}

// Beside other scenarios the starts have their table, and none of the rows that
// are about calls.
func TestStartsBesideCalls(t *testing.T) {
	d := startDocument()
	d.Servers[0].Limit = Limit{Rate: 5, Burst: 7}
	d.Servers[0].Scenarios = append(d.Servers[0].Scenarios, Scenario{Scenario: "burst",
		Findings: []Finding{{Check: "over-admission", Verdict: verdict.Pass}}})
	text := screenOf(t, d, TableOptions{Width: 100})
	require.Contains(t, text, "5/s burst 7")
	require.Contains(t, text, "acme: starts, by A\n")
	require.Contains(t, text, "│ burst    │ pass    │")
	require.NotContains(t, text, "│ startup  │ fail    │ 0")
}

func TestStartsOfManyServers(t *testing.T) {
	d := startDocument()
	ok := startDocument().Servers[0]
	ok.Server, ok.Scenarios[0].Findings = "fine", ok.Scenarios[0].Findings[:1]
	d.Servers = append(d.Servers, ok)
	text := screenOf(t, d, TableOptions{Width: 100})
	require.Contains(t, text, "acme: starts, by A\n")
	require.NotContains(t, text, "fine: starts")
	require.Contains(t, text, "│ fine   │      5 │ pass    │")
	d.Servers = []Server{ok, ok}
	require.Contains(t, screenOf(t, d, TableOptions{}), "pass: 2 of 2 servers start with good credentials")
}

func TestStartsRoundTrip(t *testing.T) {
	d := startDocument()
	d.Finish()
	var b bytes.Buffer
	require.NoError(t, d.JSON(&b))
	back, err := Decode(&b)
	require.NoError(t, err)
	require.Equal(t, d.Servers[0].Scenarios[0].Starts, back.Servers[0].Scenarios[0].Starts)
	require.Equal(t, verdict.Fail, back.Verdict)
}

// Every check has a hint and words for the headline.
func TestStartChecksHaveWords(t *testing.T) {
	require.Len(t, startHints, len(startChecks))
	for _, c := range startChecks {
		require.NotEmpty(t, Hint(c.check, verdict.Fail), c.check)
		require.NotEmpty(t, Hint(c.check, verdict.Inconclusive), c.check)
		require.NotEmpty(t, c.says)
	}
}
