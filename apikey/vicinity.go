package apikey

// Escapes are all over source and logs, and undoing them gives another text that is
// nearly the same. It was read already, but for what stands around them.

// What is read anew of a text: as far before and behind something that was undone as a
// name stands before a credential, and as most credentials are long.
const (
	wayBefore = 256
	wayBehind = 4 << 10
)

// vicinities are the parts of a view that say something else than its parent, with what
// stands around them up to white space. Unless a registered value may stand there, which
// has any characters, what was undone in no more than a short word is passed over.
func (v *view) vicinities(familiesOnly bool) []*view {
	if len(v.pieces) == 0 {
		return []*view{v} // something else altogether
	}
	var parts []*view
	begin, end := 0, 0 // of the last part
	for k, p := range v.pieces {
		if p.n == 0 || int(p.at) < end || familiesOnly && !v.joins(k, end) {
			continue
		}
		from, to := max(end, int(p.at)-wayBefore), min(len(v.text), v.endOf(k)+wayBehind)
		for from > end && byteKinds[v.text[from-1]] != spaceByte {
			from--
		}
		for to < len(v.text) && byteKinds[v.text[to]] != spaceByte {
			to++
		}
		if from > end && end > begin {
			parts = append(parts, v.part(begin, end))
		}
		if from > end || end == begin {
			begin = from
		}
		end = to
	}
	if end > begin {
		parts = append(parts, v.part(begin, end))
	}
	return parts
}

// endOf is where a piece ends.
func (v *view) endOf(k int) int {
	if k+1 < len(v.pieces) {
		return int(v.pieces[k+1].at)
	}
	return len(v.text)
}

// joins reports if what was undone in one piece may be a part of a credential: it stands
// in a stretch of what they consist of, or close by others. Before floor nothing counts.
func (v *view) joins(k, floor int) bool {
	if v.closeBy(k, -1) && v.closeBy(k, 1) {
		return true
	}
	from, to := int(v.pieces[k].at), v.endOf(k)
	least := window - (to - from)
	for ; least > 0 && from > floor && base64ish.has[v.text[from-1]]; from-- {
		least--
	}
	for ; least > 0 && to < len(v.text) && base64ish.has[v.text[to]]; to++ {
		least--
	}
	return least <= 0
}

// closeBy reports if something was undone as well at most four bytes before piece k, or
// behind it.
func (v *view) closeBy(k, step int) bool {
	const most = 4
	next := k + step
	if next >= 0 && next < len(v.pieces) && v.pieces[next].n == 0 {
		if v.endOf(next)-int(v.pieces[next].at) > most {
			return false
		}
		next += step
	}
	return next >= 0 && next < len(v.pieces)
}
