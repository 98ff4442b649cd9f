package drive

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// All parts of a run together send what the run sends, as the same clients at the same
// instants, those that come back in disguise among them.
func TestPartsOfARunAreTheRun(t *testing.T) {
	for _, scope := range []profiles.Scope{profiles.Global, profiles.Client} {
		for _, of := range []int{1, 2, 3, 5} {
			t.Run(fmt.Sprintf("%s/%d", scope, of), func(t *testing.T) {
				j := Job{Target: target.Target{Profile: profiles.Profile{Name: "s",
					Limit: profiles.Limit{Rate: 10, Burst: 20, Scope: scope, Charges: []string{"*"}},
					Call:  profiles.LoadCall{Method: "ping"}}, Clients: 6}, Scenarios: scenarios.All()}
				j.Identity.Header = "X-Client-Id"
				whole := j.Own(j.Plan(j.Planned()))
				require.NotEmpty(t, whole)
				var all []history.Arrival
				for nth := 1; nth <= of; nth++ {
					j.Part = shard.Part{Nth: nth, Of: of}
					own := j.Own(j.Plan(j.Planned()))
					require.NotEmpty(t, own, "shard %d of %d", nth, of)
					all = append(all, own...)
				}
				require.Equal(t, sorted(whole), sorted(all))
			})
		}
	}
}

func sorted(list []history.Arrival) []string {
	var out []string
	for _, a := range list {
		out = append(out, fmt.Sprintf("%015d %s %s %s %s", a.Due, a.Client, a.Session, a.Method, a.Label))
	}
	slices.Sort(out)
	return out
}
