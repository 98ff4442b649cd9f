package results

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func quarantine(t *testing.T, text string) Quarantine {
	t.Helper()
	q, err := ReadQuarantine(strings.NewReader(text), "known.yaml", noon)
	require.NoError(t, err)
	return q
}

func TestQuarantine(t *testing.T) {
	for _, row := range []struct {
		name, list string
		want       verdict.Verdict
		notes      []string
	}{
		{"nothing is listed", "", verdict.Fail, nil},
		{"the server", "- {server: unifi-mcp, until: 2026-12-31, reason: known}", verdict.Pass, nil},
		{"its last day", "- {server: unifi-mcp, until: 2026-11-25, reason: known}", verdict.Pass, nil},
		{"another server", "- {server: acb, until: 2026-12-31, reason: known}", verdict.Fail,
			[]string{"nothing was found for the quarantine of acb: take it off the list"}},
		{"a server that isn't in the run", "- {server: mailgun-mcp, until: 2026-12-31, reason: known}", verdict.Fail,
			nil},
		{"another check", "- {server: unifi-mcp, check: alive, until: 2026-12-31, reason: known}", verdict.Fail,
			[]string{"nothing was found for the quarantine of unifi-mcp alive: take it off the list"}},
		{"expired", "- {server: unifi-mcp, until: 2026-11-24, reason: \"see #7\"}", verdict.Fail,
			[]string{"the quarantine of unifi-mcp ended on 2026-11-24 and counts again (see #7)"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			bad, _ := generous()
			doc := document(honest("acb", 15, 40), bad)
			left, notes := quarantine(t, row.list).Apply(doc, noon)
			require.Equal(t, row.want, left)
			require.Equal(t, row.notes, notes)
			require.Equal(t, verdict.Fail, doc.Verdict, "the document's verdict stays")
			marked := 0
			for _, sc := range doc.Servers[1].Scenarios {
				for _, f := range sc.Findings {
					if f.Quarantined {
						marked++
						require.NotEqual(t, verdict.Pass, f.Verdict)
					}
				}
			}
			require.Equal(t, row.want == verdict.Pass, marked > 0)
		})
	}
}

// One of two failed checks in quarantine leaves the other to decide.
func TestQuarantineOfOneCheckLeavesTheOthers(t *testing.T) {
	bad, _ := generous()
	bad.Scenarios[1].Findings = append(bad.Scenarios[1].Findings, Finding{Check: "alive", Verdict: verdict.Fail})
	for _, row := range []struct {
		checks []string
		want   verdict.Verdict
	}{
		{[]string{"over-admission"}, verdict.Fail},
		{[]string{"alive"}, verdict.Fail},
		{[]string{"alive", "over-admission"}, verdict.Pass},
	} {
		list := ""
		for _, c := range row.checks {
			list += "- {server: unifi-mcp, check: " + c + ", until: 2026-12-31, reason: x}\n"
		}
		left, _ := quarantine(t, list).Apply(document(bad), noon)
		require.Equal(t, row.want, left, row.checks)
	}
}

func TestQuarantineOfAServerThatCannotRun(t *testing.T) {
	doc := document(honest("acb", 15, 40), dead())
	left, _ := Quarantine(nil).Apply(doc, noon)
	require.Equal(t, verdict.Inconclusive, left)
	left, _ = quarantine(t, "- {server: "+dead().Server+", until: 2026-12-31, reason: x}").Apply(doc, noon)
	require.Equal(t, verdict.Pass, left)
	require.Equal(t, 0, StatusOf(doc, left))
	alone := document(dead())
	require.Equal(t, 2, StatusOf(alone, verdict.Pass), "where nothing ran, nothing passed")
}

func TestFaultyQuarantineListsAreRefused(t *testing.T) {
	for _, row := range []struct{ list, want string }{
		{"server: acb", "known.yaml:1: a quarantine list is a list"},
		{"- acb", "known.yaml:1: an entry has the fields"},
		{"- {server: acb, until: 2026-12-31, reason: x}\n- {check: alive, until: 2026-12-31, reason: x}",
			"known.yaml:2: the entry names no server"},
		{"- {server: acb, until: 2026-12-31}", "known.yaml:1: the entry of acb gives no reason"},
		{"- {server: acb, reason: x}", "known.yaml:1: the entry of acb never expires"},
		{"- {server: acb, reason: x, until: soon}", `until: "soon" is no date`},
		{"- {server: acb, reason: x, until: 2031-01-01}", "lies more than 92 days ahead"},
		{"- {server: acb, reason: x, until: 2026-12-31, owner: me}", `unknown field "owner"`},
		{"- {server: [acb], reason: x, until: 2026-12-31}", "server is a text"},
		{"- {server: acb, reason: x, until: 2026-12-31, until: 2027-12-31}", "known.yaml:1: until is given twice"},
		{"- {server: acb", "known.yaml:2:1: is not YAML: did not find"},
		{"[]\n---\n[]", "known.yaml:3:1: has a second document, want one quarantine list a file"},
	} {
		_, err := ReadQuarantine(strings.NewReader(row.list), "known.yaml", noon)
		require.ErrorContains(t, err, row.want, row.list)
	}
}

// zeros has no end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAQuarantineListWithoutEnd(t *testing.T) {
	_, err := ReadQuarantine(zeros{}, "zero", time.Now())
	require.EqualError(t, err, "cannot read the quarantine list: zero is longer than 4 MiB")
}
