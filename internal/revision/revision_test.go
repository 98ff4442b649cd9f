package revision_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/revision"
)

func TestTheNewestComesFirst(t *testing.T) {
	all := revision.All()
	slices.Sort(all)
	slices.Reverse(all)
	require.Equal(t, revision.All(), all)
	require.Len(t, slices.Compact(all), 5)
	for i, r := range revision.All() {
		require.Equal(t, i == 0, revision.Stateless(r), r)
	}
}
