package drive

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhereARowStands(t *testing.T) {
	require.Equal(t, withheld, groupOf(FaultRow{Expected: true, Runs: 4, Withheld: 4}))
	require.Equal(t, shown, groupOf(FaultRow{Expected: true, Runs: 4, Withheld: 3, Caught: 1}))
	require.Equal(t, unseen, groupOf(FaultRow{Runs: 4}))
}
