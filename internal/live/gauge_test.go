package live

import (
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

func TestLawsSayWhatIsTakenOfEach(t *testing.T) {
	var laws promise.Promise
	for _, text := range []string{"5 per 10s fixed per session", "2/s burst 8", "3 at a time", "20 per 1m tools other"} {
		l, err := promise.Parse(text)
		require.NoError(t, err)
		laws = append(laws, l)
	}
	b := NewBoard("mcpload run")
	b.Expect(Server{Name: "acb", Laws: laws, Began: dawn, Stages: []Stage{{Name: "laws", Calls: 9, End: time.Minute}}})
	saw := func(client string, at time.Duration, o history.Outcome) {
		c := call("laws", at, time.Millisecond, o)
		c.Client, c.Method, c.Tool = client, "tools/call", "echo"
		b.Saw("acb", c)
	}
	taken := func(at time.Duration) string { return b.snapshots(dawn.Add(at))[0].taken }
	require.Equal(t, "~0/5 ~0/8 ~0/20", taken(0))
	for range 4 {
		saw("a", 0, history.OK)
	}
	saw("a", 0, history.Limited)
	require.Equal(t, "~4/5 ~4/8 ~0/20", taken(2*time.Millisecond))
	saw("b", 0, history.OK)
	require.Equal(t, "~1/5 ~5/8 ~0/20", taken(2*time.Millisecond))
	require.Equal(t, "~1/5 ~1/8 ~0/20", taken(2*time.Second))
	saw("a", time.Second, history.OK) // a reply that is told late
	require.Equal(t, "~5/5 ~2/8 ~0/20", taken(time.Second))
	require.Contains(t, ansi.Strip(at(b, 130, 24).draw()), "~5/5 ~2/8 ~0/20 taken")
	require.Equal(t, "~0/5 ~0/8 ~0/20", taken(11*time.Second))
}
