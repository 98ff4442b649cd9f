package apikey

import (
	"slices"
	"sort"
	"sync"
	"unicode/utf8"
)

// A view is a text as a reader may take it: with an encoding undone, or without
// what a terminal doesn't show. It knows where in its parent each of its bytes
// came from, so that what is found in a view is taken out of the source.
type view struct {
	text   []byte
	parent *view                           // nil: the text is the source
	back   func(i, j int) (begin, end int) // where in the parent bytes i to j came from
	pieces []piece                         // where that is told by a list
	last   int                             // the piece that was last asked for
}

// A piece is a part of a view that stands for a part of its parent: byte by byte
// where n is 0, else all of it for n bytes.
type piece struct {
	at, src, n int32
	gap        gap // what was left out before it
}

// A gap says what a view left out.
type gap uint8

const (
	none gap = iota
	// what is no part of a word, and doesn't end one either: colour codes, control characters, zero-width ones
	noise
	space // white space
)

// pieced returns a view that is made of pieces, with nothing in it yet.
func pieced(parent *view) *view {
	v := &view{text: make([]byte, 0, len(parent.text)), parent: parent}
	v.back = v.byPiece
	return v
}

// copied appends bytes i to j of the parent.
func (v *view) copied(i, j int, before gap) {
	v.pieces = append(v.pieces, piece{int32(len(v.text)), int32(i), 0, before})
	v.text = append(v.text, v.parent.text[i:j]...)
}

// put appends bytes that stand for bytes i to j of the parent.
func (v *view) put(i, j int, before gap, text ...byte) {
	v.pieces = append(v.pieces, piece{int32(len(v.text)), int32(i), int32(j - i), before})
	v.text = append(v.text, text...)
}

// pieceOf is the place of the piece that byte i belongs to.
func (v *view) pieceOf(i int) int {
	// It is near the last one, mostly.
	for k := v.last; k < min(len(v.pieces), v.last+3) && int(v.pieces[k].at) <= i; k++ {
		if k+1 == len(v.pieces) || int(v.pieces[k+1].at) > i {
			v.last = k
			return k
		}
	}
	k := sort.Search(len(v.pieces), func(k int) bool { return int(v.pieces[k].at) > i }) - 1
	v.last = max(0, k)
	return k
}

func (v *view) byPiece(i, j int) (begin, end int) {
	p := v.pieces[v.pieceOf(i)]
	if begin = int(p.src); p.n == 0 {
		begin += i - int(p.at)
	}
	p = v.pieces[v.pieceOf(j-1)]
	if p.n == 0 {
		return begin, int(p.src) + j - int(p.at)
	}
	return begin, int(p.src + p.n)
}

// gap says what was left out before byte i.
func (v *view) gap(i int) gap {
	if len(v.pieces) == 0 {
		return none
	}
	if p := v.pieces[v.pieceOf(i)]; int(p.at) == i {
		return p.gap
	}
	return none
}

// match is what bytes i to j are, in the source.
func (v *view) match(i, j int, family string) Match {
	for ; v.parent != nil; v = v.parent {
		i, j = v.back(i, j)
	}
	return Match{i, j, family, ""}
}

// The kinds of bytes that solid tells apart.
const (
	plainByte = iota
	spaceByte
	noiseByte
	escapeByte
	highByte
)

var byteKinds = newByteKinds()

func newByteKinds() (kinds [256]uint8) {
	for c := range kinds {
		switch {
		case c == ' ' || c >= '\t' && c <= '\r':
			kinds[c] = spaceByte
		case c == 0x1b:
			kinds[c] = escapeByte
		case c < ' ' || c == 0x7f:
			kinds[c] = noiseByte
		case c >= utf8.RuneSelf:
			kinds[c] = highByte
		}
	}
	return kinds
}

// solids are the views that solid makes, to be used again: each is as long as what
// it was made of, and has a piece for every word.
var solids = sync.Pool{New: func() any {
	v := &view{}
	v.back = v.byPiece
	return v
}}

// free gives a solid view back. Nobody may look at it, or at views of it, afterwards.
func (v *view) free() {
	clear(v.text) // of what was read, nothing is kept
	v.parent = nil
	solids.Put(v)
}

// solid is a view without white space and noise, full-width letters made narrow.
// UTF-16 is ASCII with noise in it, so it needs no treatment of its own.
func (v *view) solid() *view {
	out := solids.Get().(*view)
	out.last = 0
	out.text, out.pieces, out.parent = slices.Grow(out.text[:0], len(v.text)),
		slices.Grow(out.pieces[:0], len(v.text)/8+1), v
	before := none
	for i := 0; i < len(v.text); {
		n := 1
		switch byteKinds[v.text[i]] {
		case plainByte:
			at := len(out.text)
			text := out.text[:cap(out.text)] // no view is longer than what it is made of
			text[at] = v.text[i]
			for i+n < len(v.text) && byteKinds[v.text[i+n]] == plainByte {
				text[at+n] = v.text[i+n]
				n++
			}
			out.text = text[:at+n]
			out.pieces = append(out.pieces, piece{int32(at), int32(i), 0, before})
			before = none
		case spaceByte:
			before = space
		case noiseByte:
			before = max(before, noise)
		case escapeByte:
			before, n = max(before, noise), sequence(v.text[i:])
		default:
			before, n = out.character(i, before)
		}
		i += n
	}
	return out
}

// character takes in the character beyond ASCII that is at i in the parent of a
// solid view, and returns how long it is, and what is left out by then.
func (v *view) character(i int, before gap) (gap, int) {
	text := v.parent.text[i:]
	r, n := utf8.DecodeRune(text)
	switch kind := runeKind(r); {
	case r == 0x9b: // CSI in one character
		return max(before, noise), n + parameters(text[n:])
	case kind != none:
		return max(before, kind), n
	case r >= 0xff01 && r <= 0xff5e:
		v.put(i, i+n, before, byte(r-0xff01+'!'))
	case r >= 0x1d400 && r < 0x1d6a4: // bold, italic and other letters of mathematics
		v.put(i, i+n, before, (uppers + lowers)[(r-0x1d400)%52])
	case r >= 0x1d7ce && r < 0x1d800: // and digits
		v.put(i, i+n, before, digits[(r-0x1d7ce)%10])
	case r >= 0x24b6 && r < 0x24ea: // in circles
		v.put(i, i+n, before, (uppers + lowers)[r-0x24b6])
	default:
		v.put(i, i+n, before, text[:n]...)
	}
	return none, n
}

// runeKind says if a character beyond ASCII shows.
func runeKind(r rune) gap {
	switch {
	case r == utf8.RuneError: // a byte that is no UTF-8, or what stands for one
		return noise
	case r < 0xa0, r == 0xad, r >= 0x0300 && r <= 0x036f,
		r == 0x061c, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5,
		r >= 0x180b && r <= 0x180e,
		r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0x3164,
		r >= 0xfe00 && r <= 0xfe0f,
		r == 0xfeff, r == 0xffa0, r >= 0xfff0 && r <= 0xfffb, r >= 0x1bca0 && r <= 0x1bca3,
		r >= 0xe0000 && r <= 0xe0fff:
		return noise
	case r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200a, r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f,
		r == 0x2800, r == 0x3000:
		return space
	}
	return none
}

// longestSequence bounds what a terminal is believed to swallow: an OSC that
// nobody ends would hide the rest of the text.
const longestSequence = 256

// sequence is how long the terminal sequence is that begins a text: CSI (ESC [
// ... letter), OSC and kin (ESC ] ... BEL or ESC \), or two bytes.
func sequence(text []byte) int {
	if len(text) < 2 {
		return len(text)
	}
	switch text[1] {
	case '[':
		return 2 + parameters(text[2:])
	case ']', 'P', '^', '_', 'X':
		for i := 2; i < min(len(text), longestSequence); i++ {
			switch {
			case text[i] == 0x07:
				return i + 1
			case text[i] == 0x1b && i+1 < len(text) && text[i+1] == '\\':
				return i + 2
			}
		}
		return 2
	case '(', ')', '#', '%':
		return min(3, len(text))
	}
	return 1 // what follows may be a letter of a key
}

// parameters is how long the rest of a CSI is, with the letter that ends it.
func parameters(text []byte) int {
	for i := range min(len(text), longestSequence) {
		if c := text[i]; c >= 0x40 && c <= 0x7e {
			return i + 1
		} else if c < 0x20 || c > 0x3f {
			return i
		}
	}
	return 0
}
