package compare

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// A law has moved where nothing explains both sides of it.
func TestLawsMove(t *testing.T) {
	of := func(l results.Law) []part {
		l.Law = "30 per 10s fixed"
		return []part{{server: &results.Server{Laws: []results.Law{l}}}}
	}
	kept := results.Law{State: verdict.Kept, Units: results.Range{Lo: 30, Hi: 30},
		Every: &results.Range{Lo: 9.9, Hi: 10.1}, Kinds: []promise.Style{promise.Fixed}}
	less, longer, sliding, wide := kept, kept, kept, kept
	less.Units = results.Range{Lo: 20, Hi: 29}
	longer.Every = &results.Range{Lo: 10.2, Hi: 11}
	sliding.Kinds = []promise.Style{promise.Sliding, promise.Counter}
	wide.Units, wide.Every, wide.Kinds = results.Range{Lo: 20, Hi: math.Inf(1)}, nil, nil
	for name, row := range map[string]struct {
		now   results.Law
		moved bool
	}{"the same": {kept, false}, "fewer": {less, true}, "longer": {longer, true}, "another kind": {sliding, true},
		"hardly seen": {wide, false}} {
		moves := laws(of(kept), of(row.now))
		require.Len(t, moves, 1, name)
		require.Equal(t, row.moved, moves[0].Proven, name)
		require.Equal(t, "kept: 30 per 9.90–10.10s, fixed", moves[0].Base, name)
	}
	other := of(kept)
	other[0].server.Laws[0].Law = "31 per 10s fixed"
	require.Empty(t, laws(of(kept), other), "another law is another promise")
	require.Equal(t, results.Range{Lo: 25, Hi: 29},
		found(append(of(less), of(results.Law{Units: results.Range{Lo: 25, Hi: 40}})...))[0].Units)
	broken := less
	broken.State = verdict.Broken
	require.Equal(t, verdict.Broken, found(append(of(kept), of(broken)...))[0].State, "one broken run is enough")
	require.Equal(t, verdict.Broken, found(append(of(broken), of(kept)...))[0].State)
}
