package drive

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/verdict"
)

var update = flag.Bool("update", false, "write the table of docs/FLEET.md")

// auditedAs says what an audit of a profile's promise makes of a mock that keeps another
// limit, or the promised one.
func auditedAs(t *testing.T, p profiles.Profile, kept profiles.Limit, fault string, names ...string) string {
	served := p
	served.Limit = kept
	out := judgeVirtually(t.Context(), Job{
		Target: target.Target{Profile: p, Kind: target.Mock, Seed: 1, Replicas: []string{"http://localhost/mcp"},
			Mock: mock.Config{Profile: served, Fault: fault, Counter: "executions"}},
		Audit:   &Audit{Names: names, Budget: audit.Budget{Time: 3 * time.Minute}, Counter: "executions", Kept: true},
		Virtual: virtual.Exp(2 * time.Millisecond)})
	require.Empty(t, out.Error)
	var failed, open []string
	for _, s := range out.Scenarios {
		switch s.Verdict {
		case verdict.Fail:
			failed = append(failed, s.Scenario)
		case verdict.Inconclusive:
			open = append(open, s.Scenario)
		}
	}
	text := fmt.Sprintf("pass (%d of %d attempts)", len(out.Scenarios)-len(failed)-len(open), len(out.Scenarios))
	if len(failed) > 0 {
		text = "fail (" + strings.Join(failed, ", ") + ")"
	}
	if len(open) > 0 {
		text += "; not to be told: " + strings.Join(open, ", ")
	}
	return text
}

// The nine servers under audit, as docs/FLEET.md has them: mocks in virtual time of what
// was promised, and of what each one's code was read to set.
func TestTheFleetUnderAuditIsDocumented(t *testing.T) {
	c, err := profiles.Load()
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("| server | promised | a mock that keeps it | a mock of what its code sets | mocks that behave for " +
		"a tester |\n|---|---|---|---|---|\n")
	for _, p := range c.All() {
		observed := "the code sets no limit"
		if o := p.Observed; o != nil && o.Rate > 0 {
			l := p.Limit
			l.Rate, l.Burst = o.Rate, o.Burst
			observed = fmt.Sprintf("%g/s burst %d: ", l.Rate, l.Burst) + auditedAs(t, p, l, "")
		}
		kept := auditedAs(t, p, p.Limit, "")
		require.True(t, strings.HasPrefix(kept, "pass ("), "%s: %s", p.Name, kept)
		caught, missed := 0, []string{}
		for _, fault := range mock.AuditFaults() {
			if strings.HasPrefix(auditedAs(t, p, p.Limit, fault.Name, caughtBy[fault.Name]), "fail (") {
				caught++
			} else {
				missed = append(missed, fault.Name)
			}
		}
		faulty := fmt.Sprintf("%d of %d caught", caught, caught+len(missed))
		if len(missed) > 0 {
			faulty += "; not " + strings.Join(missed, ", ")
		}
		fmt.Fprintf(&b, "| %s |\n",
			strings.Join(slices.Concat([]string{p.Name, fmt.Sprintf("%g/s burst %d", p.Limit.Rate, p.Limit.Burst)},
				[]string{kept, observed, faulty}), " | "))
	}
	doc, err := os.ReadFile("../../docs/FLEET.md")
	require.NoError(t, err)
	if *update {
		said := regexp.MustCompile(
			`(?m)^\| server \| promised \| a mock that keeps it [^\n]*\n(\|[^\n]*\n)+`).ReplaceAllLiteralString(
			string(doc), b.String())
		require.NoError(t, os.WriteFile("../../docs/FLEET.md", []byte(said), 0o644))
		return
	}
	require.True(t, strings.Contains(string(doc), b.String()), "docs/FLEET.md is another; -update writes it:\n%s",
		b.String())
}
