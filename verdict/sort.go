package verdict

import "math"

// A keyed place is what the radix sort moves about.
type keyedPlace struct {
	key   uint64
	place int32
}

// sortBy orders places in marks by an instant; equal instants keep the order
// that they have. Histories are written in about the order of their instants,
// and then an insertion sort is done in one pass; where it isn't, a radix sort
// over the bits that differ at all takes a few, whatever the order is.
func (b *bucket) sortBy(list []int32, instant func(*mark) int64) {
	if !b.insert(list, instant) {
		b.radix(list, instant)
	}
}

// insert is sortBy by insertion. It returns false where that takes too many
// moves, and leaves the list somewhat nearer to its order.
func (b *bucket) insert(list []int32, instant func(*mark) int64) bool {
	moves := 8 * len(list)
	last := int64(math.MinInt64)
	for k, i := range list {
		at := instant(&b.marks[i])
		if at >= last {
			last = at
			continue
		}
		to := k
		for ; to > 0 && instant(&b.marks[list[to-1]]) > at; to-- {
			list[to] = list[to-1]
			moves--
		}
		list[to] = i
		if moves < 0 {
			return false
		}
	}
	return true
}

// radix is sortBy in a few passes over a list of any order.
func (b *bucket) radix(list []int32, instant func(*mark) int64) {
	const bits, mask = 11, 1<<11 - 1
	lowest, highest := int64(never), int64(0)
	for _, i := range list {
		if at := instant(&b.marks[i]); at != never {
			lowest, highest = min(lowest, at), max(highest, at)
		}
	}
	from, to := make([]keyedPlace, len(list)), make([]keyedPlace, len(list))
	for k, i := range list {
		at := instant(&b.marks[i])
		if at == never {
			at = highest + 1 // after everything that ended
		}
		from[k] = keyedPlace{uint64(at - lowest), i}
	}
	for shift := 0; uint64(highest+1-lowest)>>shift > 0; shift += bits {
		var starts [mask + 1]int
		for k := range from {
			starts[from[k].key>>shift&mask]++
		}
		sum := 0
		for d, n := range starts {
			starts[d], sum = sum, sum+n
		}
		for k := range from {
			d := from[k].key >> shift & mask
			to[starts[d]] = from[k]
			starts[d]++
		}
		from, to = to, from
	}
	for k := range from {
		list[k] = from[k].place
	}
}
