package drive

import (
	"encoding/json"
	"fmt"
	"net/http"
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
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/verdict"
)

// auditOf is a job in virtual time that is an audit, and nothing before it.
func auditOf(l profiles.Limit, fault string, seed uint64, names ...string) Job {
	l.Charges = []string{"*"}
	p := profiles.Profile{Name: "audited", Limit: l, Call: profiles.LoadCall{Method: "tools/call", Tool: "echo"}}
	return Job{
		Target: target.Target{Profile: p, Kind: target.Mock, Seed: seed, Mock: mock.Config{Profile: p, Fault: fault,
			Counter: "executions"}, Replicas: []string{"http://localhost/mcp"}},
		Audit:   &Audit{Names: names, Budget: audit.Budget{Time: 5 * time.Minute}, Counter: "executions", Kept: true},
		Virtual: virtual.Exp(2 * time.Millisecond),
	}
}

func findings(s results.Server) (failed []results.Finding) {
	for _, sc := range s.Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict == verdict.Fail {
				failed = append(failed, f)
			}
		}
	}
	return failed
}

var auditLimits = []profiles.Limit{{Rate: 12, Burst: 16, Scope: profiles.Global},
	{Rate: 15, Burst: 40, Scope: profiles.Global}}

// caughtBy are the attempts that see each fault.
var caughtBy = map[string]string{
	"replicas-sticky": "affinity", "off-after-25s": "endurance", "off-after-600": "endurance",
	"full-every-25s": "endurance",
	"rest-bonus":     "rest", "open-in-flight": "flood", "open-in-floods": "flood", "batch-costs-one": "batch",
	"new-arguments-free": "variety", "spelling-free": "variety", "high-ids-free": "variety",
	"other-tools-refill": "variety", "per-language": "forgery", "per-token": "forgery",
	"escapes-free": "variety", "chunks-free": "variety", "ended-sessions-refill": "variety",
	"per-tenant": "forgery", "per-idempotency-key": "forgery", "overrides-free": "forgery", "retries-free": "forgery",
	"insiders-free": "forgery",
	"per-forwarded": "forgery", "per-cookie": "forgery", "per-origin": "forgery", "per-host": "replicas",
	"per-header-order": "forgery", "users-free": "disguise", "closed-free": "affinity",
	"only-this-agent": "disguise", "versionless-free": "variety", "twice-free": "variety", "old-http-free": "variety",
	"cancels-refund": "variety", "per-url": "forgery", "notifications-refund": "variety", "case-free": "variety",
	"unlike-calls-free": "forgery", "per-remote-addr": "forgery", "per-encoding": "forgery",
	"runs-refused": "executions", "skips-admitted": "executions", "forgets-at-restart": "restart",
}

// Each fault passes all scenarios of a run without an audit, and an audit catches it and
// names the trick.
func TestAnAuditCatchesWhatBehavesForTheTester(t *testing.T) {
	require.GreaterOrEqual(t, len(mock.AuditFaults()), 11)
	for _, fault := range mock.AuditFaults() {
		t.Run(fault.Name, func(t *testing.T) {
			right := regexp.MustCompile(fault.Cause)
			for seed, l := range auditLimits {
				plain := auditOf(l, fault.Name, uint64(seed))
				plain.Audit, plain.Scenarios = nil, scenarios.Catalogue()
				require.Empty(t, findings(judgeVirtually(t.Context(), plain)), "a run without an audit sees "+
					"nothing of it")

				failed := findings(judgeVirtually(t.Context(), auditOf(l, fault.Name, uint64(seed),
					caughtBy[fault.Name])))
				if by := caughtBy[fault.Name]; by == "executions" || by == "restart" {
					require.Equal(t, by, failed[0].Check)
					require.Regexp(t, right, failed[0].Cause)
					t.Log(failed[0].Cause)
					continue
				}
				tricks := slices.DeleteFunc(slices.Clone(failed),
					func(f results.Finding) bool { return f.Check != "tricks" })
				require.NotEmpty(t, tricks)
				require.True(t, slices.ContainsFunc(tricks,
					func(f results.Finding) bool { return right.MatchString(f.Cause) }), "%v", tricks)
				for _, f := range tricks {
					t.Log(f.Cause)
					require.NotEmpty(t, f.Witness.Calls)
					require.Contains(t, f.Cause, " buy")
				}
				require.True(t, slices.ContainsFunc(failed,
					func(f results.Finding) bool { return f.Check == "over-admission" }))
			}
		})
	}
}

// Every trick is able to fail: where each call is free that is written in any other way than
// plain ones, all tricks of an audit buy calls, by their names, but for those that send plain
// calls, which other faults show.
func TestEveryTrickCanFail(t *testing.T) {
	plainly := regexp.MustCompile(`^(a plain call after |session of |another connection and order of headers|call that (is cancelled|notifications)|` +
		`calls of a tool that there isn't|batch of |revision 2025-11-25$|message without empty arguments$)`)
	for _, arguments := range []string{`{"text":"a","times":2}`, "{}"} {
		for _, token := range []string{"", "Bearer given"} {
			bought, tried := map[string]bool{}, 0
			var failing []string
			for _, name := range []string{"variety", "disguise", "forgery", "revision"} {
				j := auditOf(auditLimits[0], "unlike-calls-free", 1, name)
				j.Profile.Call.Arguments = json.RawMessage(arguments)
				j.Mock.Profile = j.Profile
				j.Audit.Others = []history.Arrival{{Method: "tools/call", Tool: "echo"}, {Method: "tools/call",
					Tool: "other"}}
				j.Options.Header = http.Header{}
				if token != "" {
					j.Options.Header.Set("Authorization", token)
				}
				s := judgeVirtually(t.Context(), j)
				for _, f := range findings(s) {
					if f.Check == "tricks" {
						failing = append(failing, f.Cause)
					}
				}
				plan := j.AddAudit("http")
				for _, one := range plan.Scenarios {
					for _, cue := range one.Cast(j.Profile.Limit, scenarios.Setting{Clients: []string{"a"}, Seed: 1}) {
						if name, _ := verdict.TrickOf(cue.Session); name != "" {
							bought[name] = false
						}
					}
				}
			}
			all := strings.Join(failing, "; ")
			for name := range bought {
				tried++
				if !plainly.MatchString(name) && !strings.Contains(all, name+" buys ") {
					t.Errorf("%s of a call with %s buys nothing", name, arguments)
				}
			}
			require.Greater(t, tried, 100)
		}
	}
}

// Honest servers of every key trip nothing.
func TestAnAuditFailsNoHonestServer(t *testing.T) {
	rows := []struct {
		name   string
		limit  profiles.Limit
		fault  string // which under this promise is none
		header string // that says who a client is
		warns  string
	}{
		{name: "global", limit: profiles.Limit{Scope: profiles.Global}},
		{name: "session", limit: profiles.Limit{Scope: profiles.Client, Key: profiles.SessionKey}},
		{name: "client", limit: profiles.Limit{Scope: profiles.Client}},
		{name: "identity", limit: profiles.Limit{Scope: profiles.Client, Key: profiles.CredentialKey},
			header: "Authorization"},
		{name: "address behind a proxy", limit: profiles.Limit{Scope: profiles.Client}, fault: "per-forwarded",
			warns: "nothing proves who is who: each new X-Forwarded-For "},
	}
	delays := []virtual.Delay{virtual.Exp(time.Millisecond), virtual.Exp(20 * time.Millisecond),
		virtual.Exp(2 * time.Second)}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			for seed := range uint64(6) {
				l := row.limit
				l.Rate, l.Burst = auditLimits[seed%2].Rate, auditLimits[seed%2].Burst
				j := auditOf(l, row.fault, seed)
				j.Virtual, j.Audit.Kept = delays[seed%3], seed%2 == 0
				if j.Mock.Charge = mock.Chargings()[seed/3]; j.Mock.Charge == mock.ChargeTools {
					j.Profile.Limit.Charges, j.Profile.Limit.MayCharge = []string{"tools/call"}, []string{"*"}
					j.Mock.Profile = j.Profile // what is promised to be charged is
				}
				if row.header != "" {
					j.Identity = target.Identity{Header: row.header}
				}
				s := judgeVirtually(t.Context(), j)
				require.Empty(t, findings(s), "seed %d", seed)
				var warnings []string
				for _, sc := range s.Scenarios {
					for _, f := range sc.Findings {
						require.NotEmpty(t, f.Saw)
						warnings = append(warnings, f.Warnings...)
						if seed%3 == 0 && (f.Check == "tricks" || f.Check == "executions" || f.Check == "restart") {
							require.Equal(t, verdict.Pass, f.Verdict, "%s: %s", sc.Scenario, f.Saw)
						}
					}
				}
				if all := strings.Join(warnings, "; "); seed%3 == 0 { // how many ways to say so are shown hangs on the seed
					require.True(t, strings.HasPrefix(all, row.warns) && len(warnings) == min(1, len(row.warns)), all)
				}
			}
		})
	}
}

// Counters that a restart loses break no promise where nobody said that they are kept.
func TestARestartBreaksOnlyWhatIsPromisedOfIt(t *testing.T) {
	for _, row := range []struct {
		fault string
		kept  bool
		want  verdict.Verdict
		says  string
	}{
		{"", true, verdict.Pass, "counters are kept across a restart"},
		{"", false, verdict.Pass, "counters are kept across a restart"},
		{"forgets-at-restart", true, verdict.Fail, "counters are lost by it"},
		{"forgets-at-restart", false, verdict.Pass, "counters are lost by a restart"},
	} {
		for seed, l := range auditLimits {
			j := auditOf(l, row.fault, uint64(seed), "restart")
			j.Audit.Kept = row.kept
			s := judgeVirtually(t.Context(), j)
			require.Equal(t, row.want, s.Scenarios[0].Verdict)
			f := s.Scenarios[0].Findings[0]
			require.Equal(t, "restart", f.Check)
			require.Contains(t, f.Saw+f.Cause, row.says)
			require.Equal(t, row.fault != "" && !row.kept, len(f.Warnings) == 1)
		}
	}
}

// What an audit doesn't do it says by name, and with what does it.
func TestAnAuditSaysWhatItDoesNotTry(t *testing.T) {
	j := auditOf(auditLimits[0], "", 1)
	j.Kind, j.Options.URL, j.Virtual, j.Restart.Command = target.URL, "https://example.com/mcp", nil,
		"systemctl restart it"
	j.Audit.Budget = audit.Budget{Time: 90 * time.Second}
	plan := j.AddAudit("http")
	var left []string
	for _, l := range plan.Left {
		left = append(left, l.String())
	}
	text := strings.Join(left, "\n")
	require.Contains(t, text, "not tried: repeated ids, notifications, ")
	require.Contains(t, audit.Untried(), "more than some 100 sessions: nothing tries them")
	require.Contains(t, text, "not tried: forgery: it can cost money, or get the caller banned (--allow forgery)")
	require.Contains(t, text, "not tried: flood: it can cost money, or get the caller banned (--allow flood)")
	require.Contains(t, text, "not tried: a rest of ")
	alone := j
	alone.Replicas, alone.Scenarios, alone.Restart.Command = nil, nil, ""
	require.Contains(t, fmt.Sprint(alone.AddAudit("http").Left), "not tried: restart: nothing is named that restarts "+
		"the server (--restart CMD)")
	alone.Scenarios = nil
	require.Contains(t, fmt.Sprint(alone.AddAudit("http").Left), "not tried: replicas: only one url is named (--url "+
		"for each of them)")
	enough := regexp.MustCompile(`not tried: a rest of (\S+) .*--budget time=([^)]+)\)`).FindStringSubmatch(text)
	more := *j.Audit
	more.Budget.Time = duration(t, enough[2])
	again := j
	again.Scenarios, again.Audit = nil, &more
	for _, l := range again.AddAudit("http").Left {
		require.NotContains(t, l.Name, "a rest of "+enough[1]+" ", "the budget that was named is enough for it")
	}
	require.Len(t, plan.Listed, len(plan.Scenarios))

	j.Options.URL = "http://127.0.0.1:1/mcp"
	j.Scenarios, j.Audit.Budget.Time = nil, 10*time.Minute
	require.Len(t, j.AddAudit("http").Scenarios, len(audit.Attempts()), "all of them on this machine")
	j.Scenarios = nil
	for _, l := range j.AddAudit("stdio").Left {
		require.NotEqual(t, "endurance", l.Name)
	}
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

// A limit and a call that were put together by hand, and say nothing of what is charged,
// are judged like any others.
func TestAnAuditOfACallThatNobodySaidIsCharged(t *testing.T) {
	for _, limit := range []profiles.Limit{auditLimits[0], profiles.ForURL(profiles.Limit{Rate: 12, Burst: 16}).Limit} {
		j := auditOf(limit, "per-forwarded", 1, "forgery")
		j.Profile.Limit = limit
		j.Mock.Profile = j.Profile
		require.NotEmpty(t, findings(j.Run(t.Context(), nil, nil).Server))
	}
}
