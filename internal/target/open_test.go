package target

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOpenWithin(t *testing.T) {
	require.Equal(t, 2*time.Second, openWithin(time.Millisecond, 10*time.Second))
	require.Equal(t, 6*time.Second, openWithin(300*time.Millisecond, 10*time.Second))
	require.Equal(t, 10*time.Second, openWithin(time.Minute, 10*time.Second))
	require.Equal(t, time.Second, openWithin(time.Minute, time.Second))
}
