package results

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// What the calls themselves say to do comes first, once, and in place of what the
// checks say that are open for the same reason.
func TestWhatTheCallsSayComesFirst(t *testing.T) {
	next := "see if the server was away for a while: …"
	open := func(check, next string) Finding {
		return Finding{Check: check, Verdict: verdict.Inconclusive, Next: next}
	}
	s := Server{Verdict: verdict.Inconclusive, Scenarios: []Scenario{
		{Scenario: "burst", Findings: []Finding{open("pressure", next), open("alive", "")}},
		{Scenario: "overload", Findings: []Finding{open("complete", next)}},
	}}
	require.Equal(t, []string{next, Hint("alive", verdict.Inconclusive)}, s.openHints())
	for i := range s.Scenarios {
		for j := range s.Scenarios[i].Findings {
			s.Scenarios[i].Findings[j].Next = ""
		}
	}
	require.Contains(t, s.openHints(), Hint("pressure", verdict.Inconclusive))
	require.Contains(t, s.openHints(), Hint("complete", verdict.Inconclusive))

	require.Equal(t, next, findingOf(verdict.Finding{Next: next}).Next)
}

// Where the cause is sure, it is all that is said, and the one that hides others is.
func TestASureCauseStandsAlone(t *testing.T) {
	refusal := "38 calls were answered \"busy\", which isn't known as a refusal: if that is how the server refuses, " +
		"add --refusal reset"
	ours := Finding{Check: "generator", Verdict: verdict.Inconclusive}
	pressure := Finding{Check: "pressure", Verdict: verdict.Inconclusive}
	suspect := Finding{Check: "served", Verdict: verdict.Inconclusive, Next: refusal}
	server := func(findings ...Finding) *Server {
		return &Server{Verdict: verdict.Inconclusive, Scenarios: []Scenario{{Scenario: "burst", Findings: findings}}}
	}
	require.Equal(t, []string{Hint("generator", verdict.Inconclusive)}, server(pressure, ours).Next())
	require.Equal(t, []string{refusal}, server(pressure, suspect, ours).Next())
	two := server(pressure)
	two.Scenarios = append(two.Scenarios, Scenario{Scenario: "idle", Findings: []Finding{ours}})
	require.Equal(t, []string{Hint("generator", verdict.Inconclusive), Hint("pressure", verdict.Inconclusive)},
		two.Next())
	require.Equal(t, []string{Hint("pressure", verdict.Inconclusive)}, server(pressure).Next())
	open := func(check string) Finding { return Finding{Check: check, Verdict: verdict.Inconclusive} }
	require.Equal(t, []string{Hint("starts", verdict.Inconclusive)}, server(open("no-leak-command-line"),
		open("refuses"), open("starts")).Next(), "without a good start nothing else can be told")
	require.Len(t, server(open("no-leak-command-line"), open("refuses")).Next(), 2)
	s := server(pressure, ours)
	s.Notes = []string{"the run was interrupted; what was sent until then is judged"}
	require.Equal(t, []string{letItEnd}, s.Next())
	s.Server = "acb"
	d := Document{Servers: []Server{*s}, Verdict: verdict.Inconclusive}
	_, says := d.Headline()
	require.Equal(t, "no fault was found in acb until the run was interrupted", says)
	d.Servers[0].Verdict, d.Verdict = verdict.Fail, verdict.Fail
	_, says = d.Headline()
	require.Contains(t, says, "; the run was interrupted", "what it broke until then stands")
	s = server(pressure)
	s.Scenarios[0].Calls.Limited = 6
	require.Equal(t, []string{hidden}, s.Next(), "a limit that refused was pressed on")
	s = server(pressure)
	s.Scenarios[0].Load = &Load{Stopped: "interrupted"}
	require.Equal(t, []string{letItEnd}, s.Next())
	s.Scenarios[0].Findings = nil
	require.Empty(t, s.Next(), "nothing is open")
}

// A load of calls that all lack an argument says that, and nothing where one got through
// or failed for another reason.
func TestALoadWithoutItsArguments(t *testing.T) {
	with := func(admitted int, details ...string) *Server {
		s := &Server{Verdict: verdict.Fail, Scenarios: []Scenario{{Scenario: "load", Verdict: verdict.Fail,
			Load:  &Load{},
			Calls: Counts{Admitted: admitted}, Findings: []Finding{{Check: "answers", Verdict: verdict.Fail}}}}}
		for _, d := range details {
			s.Scenarios[0].Load.Failures = append(s.Scenarios[0].Load.Failures, LoadFailure{Outcome: "tool_error",
				Detail: d, Count: 9})
		}
		return s
	}
	for _, said := range []string{
		"1 validation error for call[search]\nq\n  Missing required argument [type=missing_argument]",
		"Input validation error: 'q' is a required property",
		"data must have required property 'q'", "required argument \"q\" is missing", "missing required parameter: q",
		"q: Field required", "the parameter q is required",
	} {
		s := with(0, said)
		require.Equal(t, []string{giveArguments}, s.Next(), said)
		s.Verdict, s.Scenarios[0].Findings[0].Verdict = verdict.Inconclusive, verdict.Inconclusive
		require.Equal(t, []string{giveArguments}, s.Next(), said)
	}
	for _, s := range []*Server{
		with(1, "'q' is a required property"), with(0, "'q' is a required property", "out of memory"), with(0),
		with(0, "authentication is required"),
	} {
		require.NotContains(t, s.Next(), giveArguments)
	}
}
