package drive

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// TestLawsOfCompletionsAreAsked: a law that names completion/complete is asked with a request
// that the server's own lists make, and what was sent to find it is in the history.
func TestLawsOfCompletionsAreAsked(t *testing.T) {
	laws, err := ParsePromise([]string{"40/s burst 20 methods tools/call", "20/s burst 4 methods completion/complete"})
	require.NoError(t, err)
	p := profiles.Profile{Name: "reads", Promise: laws, Call: profiles.LoadCall{Method: "tools/call", Tool: "echo"}}
	p.Settle()
	signs, err := target.SignsOf(p)
	require.NoError(t, err)
	s, err := mock.New(mock.Config{Profile: p})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	at, err := s.Start("http", "127.0.0.1:0")
	require.NoError(t, err)
	j := Job{Target: target.Target{Profile: p, Kind: target.URL, Clients: 1,
		Options: wire.Options{URL: at, Transport: wire.HTTP, Name: "mcpload", ListTools: true, Refusal: signs}},
		Scenarios: []scenarios.Scenario{scenarios.Laws()},
		Laws:      &Laws{Promise: laws, Budget: time.Minute, Fresh: true, Hasty: true}}
	j.Complete()
	out := j.Run(t.Context(), nil, nil)
	require.Empty(t, out.Server.Error)
	require.NotEqual(t, verdict.Fail, out.Server.Verdict, says(out.Server))
	sent, met := map[string]int{}, map[history.Outcome]int{}
	for _, c := range out.Calls {
		sent[c.Method]++
		if c.Method == "completion/complete" {
			met[c.Outcome]++
		}
	}
	require.Equal(t, 1, sent["prompts/list"])
	require.Greater(t, met[history.OK], 4)
	require.Positive(t, met[history.Limited]+met[history.Rejected], met)
}
