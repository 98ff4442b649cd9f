package verdict

import (
	"slices"
	"sort"
)

// Sparing is the evidence as it is where nobody knows whether the calls at these positions,
// in order, cost anything: they may have.
func (e *Evidence) Sparing(positions []int32) *Evidence {
	out := &Evidence{limit: e.limit, split: e.split, byName: map[string]*bucket{}, weight: e.weight, clocks: e.clocks,
		calls: e.calls, granted: e.granted, limited: e.limited, misdated: e.misdated}
	for _, b := range e.buckets {
		marks := slices.Clone(b.marks)
		for i := range marks {
			m := &marks[i]
			k := sort.Search(len(positions), func(k int) bool { return positions[k] >= m.pos })
			if k < len(positions) && positions[k] == m.pos && m.kind == admitted {
				m.least = 0
			}
		}
		spared := out.bucketOf(b.client)
		spared.marks, spared.tacit = marks, slices.Clone(b.tacit)
	}
	return out
}
