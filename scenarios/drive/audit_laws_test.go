package drive

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/verdict"
)

// auditOfLaws is a job in virtual time that is held to laws, and tries tricks against them.
func auditOfLaws(t *testing.T, fault string, seed uint64, names []string, laws ...string) Job {
	t.Helper()
	p := profiles.Profile{Name: "audited", Call: profiles.LoadCall{Method: "tools/call", Tool: "echo"},
		Promised: "test"}
	for _, text := range laws {
		law, err := promise.Parse(text)
		require.NoError(t, err)
		p.Promise = append(p.Promise, law)
	}
	p.Settle()
	j := Job{Target: target.Target{Profile: p, Kind: target.Mock, Seed: seed, Mock: mock.Config{Profile: p, Fault: fault}},
		Scenarios: []scenarios.Scenario{scenarios.Laws()},
		Laws: &Laws{Promise: p.Promise, Budget: 12 * time.Minute, Calls: audit.DefaultLawCalls, Hasty: true, Fresh: true,
			Spend: true},
		Audit: &Audit{Names: names}, Virtual: virtual.Exp(2 * time.Millisecond)}
	j.Profile.Limit = profiles.Limit{Rate: 1e9, Burst: 1e9, Scope: profiles.Global, Charges: []string{"*"}}
	return j
}

var auditedLaws = [][]string{
	{"30 per 10s fixed"}, {"20 per 5s sliding"}, {"12 per 6s"}, {"12/s burst 16"}, {"40 per 8s aligned"},
	{"8/s burst 12", "60 per 20s fixed"}, {"quota 60 per day UTC"}, {"4 at a time"},
}

// lawsCaughtBy are the attempts that see each fault.
var lawsCaughtBy = map[string]string{"law-per-forwarded": "forgery", "law-per-cookie": "forgery",
	"law-batch-costs-one": "batch", "law-high-ids-free": "variety", "law-only-this-agent": "disguise",
	"law-open-in-floods": "flood"}

func tricksOf(t *testing.T, s results.Server) results.Finding {
	t.Helper()
	require.Empty(t, s.Error)
	at := slices.IndexFunc(s.Scenarios[0].Findings, func(f results.Finding) bool { return f.Check == "tricks" })
	require.GreaterOrEqual(t, at, 0)
	return s.Scenarios[0].Findings[at]
}

// What keeps any laws passes an audit of them, by tricks that would have shown; whatever
// breaks them for a trick only passes a run without an audit, and is named by one.
func TestAnAuditOfLaws(t *testing.T) {
	for _, laws := range auditedLaws {
		t.Run(strings.Join(laws, "; "), func(t *testing.T) {
			t.Parallel()
			s := judgeVirtually(t.Context(), auditOfLaws(t, "", uint64(len(laws[0])), nil, laws...))
			require.Empty(t, findings(s))
			f := tricksOf(t, s)
			require.Equal(t, verdict.Pass, f.Verdict, f.Saw)
			for _, trick := range []string{"X-Forwarded-For", "batch of 10", "id above 20,000,000",
				"another client (claude-ai)", "twenty unknown arguments"} {
				require.Contains(t, strings.Split(f.Saw, "not to be told of")[0], trick)
			}
			for i, fault := range mock.AuditLawFaults() {
				if i%2 != len(laws[0])%2 {
					continue // each of them against half of the laws
				}
				if can, _ := fault.Of(auditOfLaws(t, "", 1, nil, laws...).Laws.Promise[0]); !can {
					continue
				}
				by := lawsCaughtBy[fault.Name]
				require.NotEmpty(t, by)
				plain := auditOfLaws(t, fault.Name, 1, nil, laws...)
				plain.Audit = nil
				require.Empty(t, findings(judgeVirtually(t.Context(), plain)), fault.Name)
				f := tricksOf(t, judgeVirtually(t.Context(), auditOfLaws(t, fault.Name, 1,
					[]string{by}, laws...)))
				require.Equal(t, verdict.Fail, f.Verdict, "%s: %s", fault.Name, f.Saw)
				require.Regexp(t, "("+fault.Cause+").* buys ", f.Cause)
				require.NotEmpty(t, f.Witness.Calls)
			}
		})
	}
}

// A counter for each of something isn't evaded by being another one.
func TestAnAuditOfLawsForEachOfSomething(t *testing.T) {
	for _, row := range []struct{ key, another, same string }{
		{"session", "session of its own", "X-Forwarded-For"},
		{"credential", "made-up credential", "session of its own"},
		{"address", "source address", "session of its own"},
	} {
		for _, law := range []string{"20 per 5s sliding per ", "12/s burst 16 per "} {
			if row.key == "credential" && !strings.Contains(law, "sliding") {
				continue // a mock's bucket takes a session for a credential where none is sent
			}
			for _, seed := range []uint64{1, 2} {
				j := auditOfLaws(t, "", seed, nil, law+row.key)
				s := judgeVirtually(t.Context(), j)
				require.Empty(t, findings(s), "%s%s", law, row.key)
				f := tricksOf(t, s)
				require.Equal(t, verdict.Pass, f.Verdict)
				require.Contains(t, f.Saw, row.same)
				require.NotContains(t, f.Saw, row.another)
				require.Regexp(t, regexp.MustCompile("what tricks of another client buy isn't shown: .*"+row.another),
					strings.Join(s.Laws[0].Left, "\n"))
			}
		}
	}
}

// A trick that shows nothing is not said to have bought nothing: there a law that isn't
// evaded refuses before.
func TestATrickThatShowsNothingIsSilent(t *testing.T) {
	j := auditOfLaws(t, "", 1, []string{"forgery"}, "12/s burst 16")
	out := j.Run(t.Context(), nil, nil)
	for i := range out.Calls {
		if name, _ := verdict.TrickOf(out.Calls[i].Session); name == "Cookie" && out.Calls[i].Outcome == history.Limited {
			out.Calls[i].Outcome = history.TimedOut
		}
	}
	out.judge(auditedJob(j))
	f := tricksOf(t, out.Server)
	require.Contains(t, f.Saw, "not to be told of Cookie")
}

func auditedJob(j Job) Job { j.AddAudit("http"); return j }

// What doesn't fit is named, and no more of a quota is used up than somebody agreed to.
func TestAnAuditOfLawsSaysWhatItLeavesOut(t *testing.T) {
	j := auditOfLaws(t, "", 1, nil, "12/s burst 16", "quota 1000000 per day UTC")
	j.Laws.Spend, j.Laws.Budget = false, time.Minute
	plan := j.AddAudit("http")
	text := strings.Join(plan.Listed, "\n")
	require.Contains(t, text, "leaves no room for")
	require.Contains(t, text, "of law 12/s burst 16")
	traffic := j.LawPlan(target.ClientNames(2))
	require.LessOrEqual(t, traffic.Spends[1], MostUnasked+100)
	require.Regexp(t, `restart: it is tried against a token bucket only|nothing is named that restarts`,
		plan.Left[len(plan.Left)-2].String())
	require.Contains(t, plan.Left[len(plan.Left)-1].String(), "not tried: repeated ids, ")
	require.LessOrEqual(t, traffic.Length, time.Minute+5*time.Second)
}
