package drive

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// TestListens hears each answer of a run, the set-up's too, over a loop and without one:
// what breaks the protocol fails the run, and nothing else does.
func TestListens(t *testing.T) {
	for _, c := range []struct {
		fault     string
		transport wire.Transport
		row       string
	}{
		{"", wire.HTTP, ""}, {"", wire.SSE, ""}, {"unknown-content", wire.HTTP, "T09"},
		{"number-description", wire.HTTP, "R16"}, {"typeless", wire.HTTP, "R11"},
	} {
		t.Run(c.fault+" "+string(c.transport), func(t *testing.T) {
			t.Parallel()
			p := profiles.ForURL(profiles.Limit{Rate: 1000, Burst: 20})
			p.Name = "heard"
			quiet, ok := scenarios.Named("results")
			require.True(t, ok)
			j := Job{Scenarios: []scenarios.Scenario{quiet}, Listen: true,
				Target: target.Target{Profile: p, Kind: target.Mock, Mock: mock.Config{Profile: p, ConformFault: c.fault},
					Options: wire.Options{Transport: c.transport}}}
			o := j.Run(t.Context(), nil, nil)
			require.Empty(t, o.Server.Error)
			heard := o.Server.Scenarios[len(o.Server.Scenarios)-1]
			require.NotNil(t, heard.Conform)
			assert.True(t, strings.HasPrefix(heard.Scenario, Conform+" "))
			assert.Empty(t, heard.Conform.Ended, "every answer was looked into")
			judged := 0
			for _, r := range heard.Conform.Rows {
				if r.Answer != results.RowNotTestable {
					judged++
				}
				if r.ID == "T09" {
					assert.NotEqual(t, results.RowNotTestable, r.Answer, "the calls of the run are among what is heard")
				}
				assert.Equal(t, r.ID == c.row, r.Answer == results.RowFail, "%s: %s", r.ID, r.Saw)
			}
			assert.GreaterOrEqual(t, judged, 2)
			assert.Equal(t, c.row != "", heard.Verdict == verdict.Fail)
		})
	}
}
