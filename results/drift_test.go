package results

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// driftOf is a fleet of one of each: kept, with another limit, without one, and
// one that could not be measured.
func driftOf() *Fleet {
	required := Limit{Rate: 15, Burst: 40}
	return &Fleet{
		Version: "devel", Started: "2026-11-25T00:00:00Z",
		Rows: []Drift{
			{Server: "a", Package: "a-mcp==1.2", Required: required, Observed: &Observed{Rate: 15, Burst: 40},
				Attached: "yes",
				Measured: &Measured{Rate: Range{Lo: 14.97, Hi: 15.02}, Burst: Range{Lo: 39.9, Hi: 40.1}},
				Refusal:  "-32000",
				Charged:  []Charge{{"tools/call", 1}, {"ping", 0}, {"initialize", 2}, {"tools/list", 0}},
				Conform: &DriftConform{Verdict: verdict.Fail, Revisions: []string{"2025-11-25"}, Broken: []string{"R04",
					"H10"}, Judged: 60, Rows: 70}},
			{Server: "b", Required: required, Observed: &Observed{}, Attached: "yes", Limiter: "a fixed window",
				Headers: "X-RateLimit-Remaining: contradicted | <b>"},
			{Server: "c", Required: required, Attached: "no", Tried: "450 at once"},
			{Server: "d", Required: required, Attached: "?", Trouble: "it ended:\n| <b>status</b> 1 |"},
		},
		Run: &Document{Servers: []Server{{Verdict: verdict.Pass}, {Verdict: verdict.Fail}, {Verdict: verdict.Pass},
			{Verdict: verdict.Inconclusive}}},
	}
}

func TestDriftInMarkdown(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, driftOf().Markdown(&b))
	require.Equal(
		t, `| server | required | its code says | measured live | attached? | how it refuses | what is charged | keeps MCP? |
| --- | --- | --- | --- | --- | --- | --- | --- |
| a-mcp 1.2 | 15/s burst 40 | 15/s burst 40 | 14.97–15.02/s, 39.90–40.10 | yes | -32000 | tools/call 1; initialize 2; free: ping, tools/list | no: 2 MUST (R04 and H10) |
| b | 15/s burst 40 | no limit | a fixed window | yes | - | - | - |
| c | 15/s burst 40 | not read | no limit: 450 at once | no | - | - | - |
| d | 15/s burst 40 | not read | it ended: \| &lt;b&gt;status&lt;/b&gt; 1 \| | ? | - | - | - |

- b sends X-RateLimit-Remaining: contradicted \| &lt;b&gt;

Of 4 servers, 1 kept the requirement, 1 broke it, 1 had no limit, 1 could not be measured. Measured 2026-11-25T00:00:00Z by mcpload devel.
`, b.String())
}

func TestDriftOfLaws(t *testing.T) {
	law := Law{Law: "30 per 10s fixed", State: verdict.Broken, Units: Range{Lo: 31, Hi: 31}}
	cells := Drift{Server: "e", Promise: "30 per 10s fixed; 4 at a time", Attached: "yes",
		Observed: &Observed{Promise: "60 per 10s fixed"}, Limiter: "a fixed window", Laws: []Law{law,
			{Law: "4 at a time", State: verdict.Kept, Units: Range{Lo: 4, Hi: 4}}}}.cells()
	require.Equal(t, []string{"e", "30 per 10s fixed; 4 at a time", "60 per 10s fixed", "broken: 31; kept: 4"},
		cells[:4])
}

// What the run judged stands, whatever came of a probe after it; what it couldn't tell is
// no broken limit.
func TestASummaryOfRunsAndProbes(t *testing.T) {
	called := []Scenario{{Scenario: "burst", Calls: Counts{Sent: 9}}}
	f := Fleet{
		Rows: []Drift{
			{Server: "a", Attached: "?", Trouble: "the probe failed", Promise: "9 per 1s sliding",
				Laws: []Law{{Law: "9 per 1s sliding", State: verdict.Kept, Units: Range{Lo: 9, Hi: 9}}}},
			{Server: "b", Attached: "yes", Trouble: "the probe failed"},
			{Server: "c", Attached: "yes"},
			{Server: "d", Attached: "?", Trouble: "doesn't start"},
		},
		Run: &Document{Servers: []Server{{Verdict: verdict.Pass, Scenarios: called},
			{Verdict: verdict.Fail, Scenarios: called}, {Scenarios: called}, {Verdict: verdict.Fail}}}}
	require.Equal(t, "Of 4 servers, 1 kept the requirement, 1 broke it, 0 had no limit, 1 could not be measured, "+
		"1 could not be told.", f.summary())
	require.Equal(t, "kept: 9; the probe failed", f.Rows[0].cells()[3])
}

// What an audit came to is a column where there was one.
func TestDriftUnderAudit(t *testing.T) {
	of := func(v verdict.Verdict) Finding { return Finding{Check: "tricks", Verdict: v} }
	early := Finding{Check: "over-rejection", Verdict: verdict.Fail}
	s := &Server{Scenarios: []Scenario{{Scenario: "burst"},
		{Scenario: "rest", Verdict: verdict.Fail, Findings: []Finding{early, of(verdict.Pass)}},
		{Scenario: "flood", Verdict: verdict.Fail, Findings: []Finding{early, of(verdict.Fail)}},
		{Scenario: "batch", Verdict: verdict.Fail, Findings: []Finding{early, of(verdict.Inconclusive)}}}}
	f := driftOf()
	require.NotContains(t, f.Sheet().Header, "under audit")
	f.Rows[0].Audit = AuditOf(s, []string{"rest", "flood", "batch", "replicas"})
	require.Equal(t, &DriftAudit{Failed: []string{"flood"}, Held: []string{"rest"}, Open: []string{"batch"},
		Untried: []string{"replicas"}}, f.Rows[0].Audit)
	f.Rows[1].Audit = AuditOf(s, []string{"rest"})
	f.Rows[2].Audit = AuditOf(s, []string{"replicas"})
	var b strings.Builder
	require.NoError(t, f.Markdown(&b))
	for _, words := range []string{"| keeps MCP? | under audit |",
		"| fail (flood); not to be told: batch; not tried: replicas |", "| 1 of 1 attempts held |",
		"| not tried: replicas |", "1\\| | ? | - | - | - | - |"} {
		require.Contains(t, strings.ReplaceAll(b.String(), "1 \\|", "1\\|"), words)
	}
}

func TestDriftOnATerminalAndAsADocument(t *testing.T) {
	var table, document bytes.Buffer
	require.NoError(t, driftOf().Table(&table))
	for _, words := range []string{"a-mcp 1.2", "no limit: 450 at once", "a fixed window",
		"b sends X-RateLimit-Remaining: contradicted", "Of 4 servers, 1 kept the requirement"} {
		require.Contains(t, table.String(), words)
	}
	require.NoError(t, driftOf().JSON(&document))
	var again Fleet
	require.NoError(t, json.Unmarshal(document.Bytes(), &again))
	want := driftOf()
	want.Schema = FleetSchema
	require.Equal(t, want.Rows, again.Rows)
	require.Equal(t, FleetSchema, again.Schema)
}

// FuzzDrift holds the table to its columns, whatever a server calls itself and
// says: a row stays one line, and has as many cells as the head.
func FuzzDrift(f *testing.F) {
	f.Add("a", "a-mcp==1", "no answer", "-32000", "tools/call")
	f.Add("a|b", "x\\|", "two\nlines\r\n", "\\", "`|`")
	f.Add("<b>", "\\\\|", "|", "\u2028|", "\x00\xff|")
	f.Fuzz(func(t *testing.T, server, pack, trouble, refusal, kind string) {
		fleet := &Fleet{Version: server, Started: trouble, Rows: []Drift{
			{Server: server, Package: pack, Trouble: trouble, Refusal: refusal, Attached: kind,
				Charged: []Charge{{kind, 1}, {refusal, 0}}},
			{Server: server, Limiter: refusal}, {Server: server, Attached: "no", Tried: trouble},
		}}
		var b bytes.Buffer
		require.NoError(t, fleet.Markdown(&b))
		lines := strings.Split(b.String(), "\n")
		require.Len(t, lines, 2+len(fleet.Rows)+3, "%q", b.String())
		for _, line := range lines[:2+len(fleet.Rows)] {
			require.Equal(t, len(driftHeads)+1, bars(line), "%q", line)
		}
		require.NoError(t, fleet.Table(&b))
	})
}

// bars counts the bars of a line of Markdown that nothing escapes.
func bars(line string) int {
	n := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '|':
			n++
		}
	}
	return n
}
