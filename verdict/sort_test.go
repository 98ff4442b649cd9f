package verdict

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSortByAgreesWithTheStandardLibrary(t *testing.T) {
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
		want := slices.Clone(list)
		slices.SortStableFunc(want, func(x, y int32) int {
			return cmp.Compare(b.marks[x].received, b.marks[y].received)
		})
		b.sortBy(list, func(m *mark) int64 { return m.received })
		require.Equal(t, want, list, "seed %d", seed)
	}
}
