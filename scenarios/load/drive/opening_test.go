package drive

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPatienceOfASetUp: it grows with what was seen, unless somebody said how long.
func TestPatienceOfASetUp(t *testing.T) {
	t.Parallel()
	c := &sessionPool{patient: true, slowest: time.Second}
	require.Equal(t, 4*time.Second, c.patience())
	c.sessions = append(c.sessions, nil)
	require.Equal(t, dialing*time.Second, c.patience(), "the first one had the server to itself")
	c.slowest = time.Minute
	require.Equal(t, mostPatience, c.patience())
	c.patient = false
	require.Zero(t, c.patience())
}
