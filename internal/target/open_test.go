package target

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios/shard"
)

func TestOpenWithin(t *testing.T) {
	require.Equal(t, 2*time.Second, openWithin(time.Millisecond, 10*time.Second))
	require.Equal(t, 6*time.Second, openWithin(300*time.Millisecond, 10*time.Second))
	require.Equal(t, 10*time.Second, openWithin(time.Minute, 10*time.Second))
	require.Equal(t, time.Second, openWithin(time.Minute, time.Second))
}

// A part opens its own clients' sessions, under the names that they have in the whole.
func TestAPartOpensItsOwnClients(t *testing.T) {
	profile := profiles.Profile{Name: "s", Limit: profiles.Limit{Rate: 100, Burst: 100, Scope: profiles.Global,
		Charges: []string{"*"}},
		Call: profiles.LoadCall{Method: "tools/list"}}
	j := Target{Profile: profile, Clients: 6, Part: shard.Part{Nth: 2, Of: 3}}
	j.Mock.Profile = profile
	require.NoError(t, j.Aim(Place{Transport: "inprocess"}))
	j.Options.Transport = wire.InProcess
	s, stop, err := j.Open(t.Context())
	defer stop()
	require.NoError(t, err)
	require.Equal(t, []string{"c2", "c5"}, s.Names())
}
