package apikey

import (
	"encoding/binary"
	"math/bits"
)

// numbers undoes lists of bytes as decimal numbers, as Go, Python and JavaScript
// print them, and as PHP and SQL spell them: [103 104], (103, 104), chr(103); also with an index
// before each, and in octal digits.
func numbers(v *view, least int) []*view {
	const furthest = 8 // characters between two numbers
	var out []*view
	var text []byte
	var begins, ends []int32
	end := func() {
		if len(text) >= least {
			out = append(out, legible(listed(v, text, begins, ends), least)...)
			out = append(out, legible(listed(v, octals(v.text, begins), begins, ends), least)...)
			out = append(out, countedOut(v, text, begins, ends, least)...)
			text, begins, ends = nil, nil, nil
		}
		text, begins, ends = text[:0], begins[:0], ends[:0]
	}
	last := 0
	for i := nextDigit(v.text, 0); i < len(v.text); i = nextDigit(v.text, i) {
		r, n := number(v.text[i:], 10, 1, 4)
		for i+n < len(v.text) && v.text[i+n] >= '0' && v.text[i+n] <= '9' {
			n++
		}
		if n > 3 || r > 255 || i-last > furthest {
			end()
		}
		if n <= 3 && r <= 255 {
			text, begins, ends = append(text, byte(r)), append(begins, int32(i)), append(ends, int32(i+n))
		}
		i += n
		last = i
	}
	end()
	return out
}

// octals are the bytes for which numbers of three digits stand as od -b prints them, and what
// is no text for others.
func octals(text []byte, begins []int32) []byte {
	out := make([]byte, len(begins))
	for i, at := range begins {
		if r, n := number(text[at:], 8, 3, 3); n > 0 && r < 0x80 {
			out[i] = byte(r)
		} else {
			out[i] = 0xff
		}
	}
	return out
}

// countedOut are numbers that stand behind their index each, as an array of bytes does that
// JavaScript writes as an object: {"0":103,"1":104}.
func countedOut(v *view, text []byte, begins, ends []int32, least int) []*view {
	var out []*view
	for i := 0; i+1 < len(text); i++ {
		to := i + 2
		for to+1 < len(text) && text[to] == text[to-2]+1 {
			to += 2
		}
		if (to-i)/2 < least {
			continue
		}
		var values []byte
		var from, until []int32
		for ; i < to; i += 2 {
			values, from, until = append(values, text[i+1]), append(from, begins[i+1]), append(until, ends[i+1])
		}
		out = append(out, legible(listed(v, values, from, until), least)...)
		i--
	}
	return out
}

// nextDigit is where the first decimal digit stands from i on, or the text's end.
// Eight bytes are looked at together: of one that is a digit, exclusive or with '0'
// leaves less than 10, and then adding 118 doesn't reach the highest bit.
func nextDigit(text []byte, i int) int {
	const each = 0x0101010101010101
	for ; i+8 <= len(text); i += 8 {
		left := binary.LittleEndian.Uint64(text[i:]) ^ '0'*each
		if hit := ^(left&(0x7f*each) + 118*each | left) & (0x80 * each); hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for i < len(text) && (text[i] < '0' || text[i] > '9') {
		i++
	}
	return i
}
