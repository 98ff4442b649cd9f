package interop

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// nginx charges every HTTP request: notifications, answers, ends of sessions. It
// keeps its limit, so that no scenario may fail it, whatever those take.
func TestNginxOnEveryRequestIsNeverFailed(t *testing.T) {
	const runs = 4
	for _, scenario := range []string{"isolation,evasion", "all"} {
		for i := range runs {
			t.Run(fmt.Sprint(scenario, " ", i+1), func(t *testing.T) {
				t.Parallel()
				reach := nginx(mcpGo(0), 429, "nodelay")(t)
				var doc struct {
					Verdict string `json:"verdict"`
					Servers []struct {
						Scenarios []struct {
							Scenario, Verdict string
							Findings          []struct{ Check, Verdict, Saw, Cause string }
						} `json:"scenarios"`
					} `json:"servers"`
				}
				mcpload(t, &doc, append([]string{"run", "--format", "json", "--no-store", "--protocol", "2025-11-25",
					"--rate", fmt.Sprintf("%d/s", rate), "--burst", fmt.Sprint(burst),
					"--tool", "ping", "--scenario", scenario, "--seed", fmt.Sprint(i + 1)}, reach...)...)
				require.NotEmpty(t, doc.Servers)
				require.NotEmpty(t, doc.Servers[0].Scenarios)
				require.NotEqual(t, "fail", doc.Verdict, "%+v", doc)
			})
		}
	}
}
