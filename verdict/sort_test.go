package verdict

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSortByAgreesWithTheStandardLibrary(t *testing.T) {
	disordered := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 6))
		b := &bucket{marks: make([]mark, r.IntN(300))}
		list := make([]int32, len(b.marks))
		spread := int64(1) << r.IntN(62)
		base := r.Int64N(1 << 61)
		for i := range b.marks {
			b.marks[i].received = base + r.Int64N(spread)
			if r.IntN(10) == 0 {
				b.marks[i].received = never
			}
			list[i] = int32(i)
		}
		if seed%2 == 0 && len(list) > 0 { // nearly in order, as histories are
			slices.SortFunc(b.marks, func(x, y mark) int { return cmp.Compare(x.received, y.received) })
			for range r.IntN(10) {
				i := r.IntN(len(list))
				j := max(0, i-r.IntN(5))
				b.marks[i], b.marks[j] = b.marks[j], b.marks[i]
			}
		}
		want := slices.Clone(list)
		slices.SortStableFunc(want, func(x, y int32) int {
			return cmp.Compare(b.marks[x].received, b.marks[y].received)
		})
		received := func(m *mark) int64 { return m.received }
		if !b.insert(slices.Clone(list), received) {
			disordered++
		}
		radix := slices.Clone(list)
		b.radix(radix, received)
		require.Equal(t, want, radix, "seed %d", seed)
		b.sortBy(list, received)
		require.Equal(t, want, list, "seed %d", seed)
	}
	require.Greater(t, disordered, 50)
	require.Less(t, disordered, 150)
}
