package drive

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// What one step of the server's clock would explain is tried again, but of a mock, whose clock
// nobody sets, and where the first proof is enough.
func TestWhatAStepWouldExplainIsTriedAgain(t *testing.T) {
	limit := profiles.Limit{Rate: 10, Burst: 20, Scope: profiles.Global, Charges: []string{"tools/call"}}
	list := scenarios.Catalogue()[:1]
	j := Job{Target: target.Target{Kind: target.URL, Profile: profiles.Profile{Name: "acb", Limit: limit}},
		Scenarios: list}
	var out Outcome
	ask := func(at time.Duration, admitted int) {
		for i := range admitted + 1 {
			c := history.Call{Arrival: history.Arrival{Method: "tools/call", Client: "c1", Label: list[0].Name, Due: at},
				Sent: at + time.Duration(i)*time.Microsecond, Outcome: history.OK}
			if c.Received = c.Sent; i == admitted {
				c.Outcome = history.Limited
			}
			out.Calls = append(out.Calls, c)
		}
	}
	ask(0, 20)
	ask(500*time.Millisecond, 20) // 5 by the right clock
	ask(time.Second, 5)
	out.judge(j)
	require.Equal(t, verdict.Fail, out.Server.Scenarios[0].Verdict)

	again := out.spoilt(j, list)
	require.Len(t, again, 1)
	require.Contains(t, again[0].why, "the server's clock having been set forward once")
	require.Equal(t, verdict.MostClockStep, again[0].rest, "a step that refuses all for a while isn't to spoil the next")

	hasty, mocked := j, j
	hasty.FailFast, mocked.Kind = true, target.Mock
	require.Empty(t, out.spoilt(hasty, list))
	require.Empty(t, out.spoilt(mocked, list))

	once := []results.Finding{{Check: "retry-after", Verdict: verdict.Inconclusive, Next: verdict.OnceTooShort}}
	require.Contains(t, out.stepped(j, nil, once), "one refusal asked for too short a wait")
	require.Empty(t, out.stepped(mocked, nil, once))

	out = Outcome{} // what a coarse clock explains shows again, and proves nothing then either
	ask(0, 20)
	ask(90*time.Millisecond, 1)
	out.judge(j)
	require.Equal(t, verdict.Inconclusive, out.Server.Scenarios[0].Verdict)
	require.Empty(t, out.spoilt(j, list))
}
