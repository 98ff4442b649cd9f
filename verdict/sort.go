package verdict

// sortBy orders places in marks by an instant; equal instants keep the order
// that they have. It is a radix sort over the bits that differ at all: a
// million calls are sorted in a few passes, whatever order they come in.
func (b *bucket) sortBy(list []int32, instant func(*mark) int64) {
	const bits, mask = 11, 1<<11 - 1
	if len(list) < 2 || b.sorted(list, instant) {
		return
	}
	lowest, highest := int64(never), int64(0)
	for _, i := range list {
		if at := instant(&b.marks[i]); at != never {
			lowest, highest = min(lowest, at), max(highest, at)
		}
	}
	key := func(i int32) uint64 {
		at := instant(&b.marks[i])
		if at == never {
			at = highest + 1 // after everything that ended
		}
		return uint64(at - lowest)
	}
	from, to := list, make([]int32, len(list))
	for shift := 0; uint64(highest+1-lowest)>>shift > 0; shift += bits {
		var starts [mask + 1]int
		for _, i := range from {
			starts[key(i)>>shift&mask]++
		}
		sum := 0
		for d, n := range starts {
			starts[d], sum = sum, sum+n
		}
		for _, i := range from {
			d := key(i) >> shift & mask
			to[starts[d]] = i
			starts[d]++
		}
		from, to = to, from
	}
	copy(list, from)
}

func (b *bucket) sorted(list []int32, instant func(*mark) int64) bool {
	for k := 1; k < len(list); k++ {
		if instant(&b.marks[list[k]]) < instant(&b.marks[list[k-1]]) {
			return false
		}
	}
	return true
}
