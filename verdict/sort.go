package verdict

// A keyed place is what the radix sort moves about.
type keyedPlace struct {
	key   uint64
	place int32
}

// sortBy orders places in marks by an instant; equal instants keep the order
// that they have. It is a radix sort over the bits that differ at all: a
// million calls are sorted in a few passes, whatever order they come in.
func (b *bucket) sortBy(list []int32, instant func(*mark) int64) {
	const bits, mask = 11, 1<<11 - 1
	lowest, highest, sorted := int64(never), int64(0), true
	last := int64(0)
	for _, i := range list {
		at := instant(&b.marks[i])
		sorted = sorted && at >= last
		last = at
		if at != never {
			lowest, highest = min(lowest, at), max(highest, at)
		}
	}
	if sorted {
		return
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
