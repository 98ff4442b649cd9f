package apikey

import "bytes"

// An alphabet maps bytes to digits; 0xff is none.
type alphabet [256]byte

func newAlphabet(groups ...string) *alphabet {
	var a alphabet
	for i := range a {
		a[i] = 0xff
	}
	for _, g := range groups {
		for i := range len(g) {
			a[g[i]] = byte(i)
		}
	}
	return &a
}

var (
	sixBits  = newAlphabet(uppers+lowers+digits+"+/", uppers+lowers+digits+"-_")
	fiveBits = newAlphabet(uppers + "234567")
	fourBits = newAlphabet(digits+"abcdef", digits+"ABCDEF")
	oneBit   = newAlphabet("01")
)

// leastDecoded is the fewest bytes that an encoded credential of a family has:
// a prefix and something behind it.
const leastDecoded = 20

// fullLine is how long a line of digits must be for the next line to go on with
// it: MIME has 76, PEM 64.
const fullLine = 24

// base64s undoes base 64 of either alphabet.
func base64s(v *view, least int) []*view { return radix(v, sixBits, 6, 4, least) }

// base32s undoes base 32.
func base32s(v *view, least int) []*view { return radix(v, fiveBits, 5, 8, max(least, leastDecoded/2)) }

// radix undoes an encoding whose digits have a fixed number of bits, group of
// them until a byte begins at a digit again. Nobody knows what stands before a
// credential inside a run of digits, so it is decoded from each of the places.
// v is solid.
func radix(v *view, digit *alphabet, bits, group, least int) []*view {
	var out []*view
	shortest := (least*8 + bits - 1) / bits
	for from := 0; ; {
		from = run(v.text, digit, from, shortest)
		if from < 0 {
			return out
		}
		to := from + shortest
		for to < len(v.text) && digit[v.text[to]] != 0xff {
			to++
		}
		piece := v.pieceOf(from) + 1
		for end := from; to-from >= shortest; from = end {
			end, piece = lines(v, from, to, piece, bits)
			if end-from < shortest {
				continue
			}
			for phase := range group {
				out = decoded{v, digit, from + phase, end, bits}.texts(out, least)
			}
		}
		from = to
	}
}

// run finds the first run of at least so many digits, or -1. It looks at the last
// byte of where one may be, and most of what is before it is passed over.
func run(text []byte, digit *alphabet, from, shortest int) int {
next:
	for from+shortest <= len(text) {
		for i := from + shortest - 1; i >= from; i-- {
			if digit[text[i]] == 0xff {
				from = i + 1
				continue next
			}
		}
		return from
	}
	return -1
}

// lines is where digits end that may be one run: behind lines as long as they
// are when somebody wraps them. next is the piece behind the one of from, and the
// one behind the end comes back.
func lines(v *view, from, to, next, bits int) (end, after int) {
	line := from
	for k := next; k < len(v.pieces) && int(v.pieces[k].at) < to; k++ {
		if p := v.pieces[k]; p.gap == space {
			if n := int(p.at) - line; n < fullLine && (bits > 1 || n != 8) { // bits stand in groups of eight
				return int(p.at), k + 1
			}
			line = int(p.at)
		}
	}
	return to, len(v.pieces)
}

// A decoded is what digits from one place to another stand for: bytes that are
// worked out when they are asked for, since most digits stand for no text.
type decoded struct {
	of       *view
	digit    *alphabet
	from, to int
	bits     int
}

// size is how many bytes there are. Bits that are left over are dropped.
func (d decoded) size() int { return max(0, (d.to-d.from)*d.bits/8) }

// byteAt is byte k. In base 64 it has its bits from two digits.
func (d decoded) byteAt(k int) byte {
	if d.bits == 6 {
		turn := k % 3
		i := d.from + k/3*4 + turn
		return d.digit[d.of.text[i]]<<(2*turn+2) | d.digit[d.of.text[i+1]]>>(4-2*turn)
	}
	i, off := d.from+k*8/d.bits, k*8%d.bits
	acc, n := uint32(d.digit[d.of.text[i]]), d.bits-off
	for n < 8 {
		i++
		acc, n = acc<<d.bits|uint32(d.digit[d.of.text[i]]), n+d.bits
	}
	return byte(acc >> (n - 8))
}

// textual are bytes that may stand in a text, beyond ASCII only beside others.
var textual = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= ' ' && c < 0x7f || c == 0 || c == '\n' || c == '\r' || c == '\t' || c == 0x1b
	}
	return t
}()

func (d decoded) textual(k, size int) bool {
	c := d.byteAt(k)
	return textual[c] || c >= 0x80 && c < 0xf5 && (k > 0 && d.byteAt(k-1) >= 0x80 || k+1 < size &&
		d.byteAt(k+1)&0xc0 == 0x80)
}

// texts appends views of the stretches of at least so many bytes that may be
// texts. It looks at the last byte of where one may be, so that most of what is
// before it is passed over.
func (d decoded) texts(out []*view, least int) []*view {
	size := d.size()
next:
	for p := 0; p+least <= size; {
		for k := p + least - 1; k >= p; k-- {
			if !d.textual(k, size) {
				p = k + 1
				continue next
			}
		}
		q := p + least
		for q < size && d.textual(q, size) {
			q++
		}
		out = append(out, legible(d.part(p, q), least)...)
		p = q
	}
	return out
}

// part is a view of bytes p to q.
func (d decoded) part(p, q int) *view {
	v := &view{text: make([]byte, 0, q-p), parent: d.of}
	for k := p; k < q; k++ {
		v.text = append(v.text, d.byteAt(k))
	}
	v.back = func(i, j int) (int, int) {
		return d.from + (p+i)*8/d.bits, min(d.from+((p+j)*8+d.bits-1)/d.bits, d.to)
	}
	return v
}

// legible returns the parts of decoded bytes that may be texts: at least so many
// of what texts are made of, which chance seldom writes. UTF-16 has a NUL in every
// other byte.
func legible(v *view, least int) []*view {
	var out []*view
	begin, n := -1, 0
	end := func(i int) {
		if n >= least {
			out = append(out, v.part(begin, i))
		}
		begin, n = -1, 0
	}
	for i, c := range v.text {
		switch {
		case c >= ' ' && c < 0x7f,
			c >= 0x80 && c < 0xc0 && i > 0 && v.text[i-1] >= 0x80,
			c >= 0xc2 && c < 0xf5 && i+1 < len(v.text) && v.text[i+1]&0xc0 == 0x80:
			n++
		case c == 0 || c == '\n' || c == '\r' || c == '\t' || c == 0x1b:
		default:
			end(i)
			continue
		}
		if begin < 0 {
			begin = i
		}
	}
	end(len(v.text))
	return out
}

// part is bytes i to j of a view.
func (v *view) part(i, j int) *view {
	if i == 0 && j == len(v.text) {
		return v
	}
	return &view{text: v.text[i:j], parent: v.parent, back: func(a, b int) (int, int) { return v.back(i+a, i+b) }}
}

// listed is a view whose bytes have places of their own in the parent.
func listed(v *view, text []byte, begins, ends []int32) *view {
	return &view{text: text, parent: v, back: func(i, j int) (int, int) { return int(begins[i]), int(ends[j-1]) }}
}

// hexPairs undoes hex digits, two a byte, also with something between the bytes: a
// colon, a hyphen, a comma, 0x, \x. v is solid, so that white space is no matter.
func hexPairs(v *view, least int) []*view {
	var out []*view
	for i := 0; ; {
		if i = run(v.text, hexish, i, 2*least); i < 0 {
			return out
		}
		n, end := nibbles(v.text, i, nil)
		if n >= 2*least {
			places := make([]int32, 0, n)
			nibbles(v.text, i, &places)
			for phase := range 2 {
				out = append(out, legible(paired(v, places[phase:]), least)...)
			}
		}
		i = end
	}
}

// hexish are the bytes that a run of hex digits may have in it.
var hexish = newAlphabet(digits+"abcdef:-,;|.", digits+"ABCDEF\\xX")

// paired is the bytes of which the digits stand at some places.
func paired(v *view, places []int32) *view {
	text := make([]byte, 0, len(places)/2)
	for k := 0; k+1 < len(places); k += 2 {
		text = append(text, fourBits[v.text[places[k]]]<<4|fourBits[v.text[places[k+1]]])
	}
	return &view{text: text, parent: v, back: func(i, j int) (int, int) {
		return int(places[2*i]),
			int(places[2*j-1]) + 1
	}}
}

// nibbles counts the hex digits of the run at i, and says where it ends.
func nibbles(text []byte, i int, places *[]int32) (n, end int) {
	from := i
	for i < len(text) {
		c := text[i]
		switch {
		case (c == '0' || c == '\\') && i+1 < len(text) && text[i+1]|0x20 == 'x':
			i += 2
			continue
		case fourBits[c] != 0xff:
			if places != nil {
				*places = append(*places, int32(i))
			}
			n++
			i++
			continue
		case c == ':' || c == '-' || c == ',' || c == ';' || c == '|' || c == '.':
			if i+1 < len(text) && (fourBits[text[i+1]] != 0xff || text[i+1] == '\\') {
				i++
				continue
			}
		}
		break
	}
	return n, max(i, from+1)
}

// dumps undoes what xxd, hexdump -C and od -tx1 print: an offset, bytes in hex,
// and the characters again.
func dumps(v *view, least int) []*view {
	d := dump{of: v}
	for from := 0; from < len(v.text); {
		to := from + bytes.IndexByte(v.text[from:], '\n')
		if to < from {
			to = len(v.text)
		}
		d.line(from, to)
		from = to + 1
	}
	return legible(listed(v, d.text, d.begins, d.ends), least)
}

// A dump is the bytes that were read of one, and where they stand.
type dump struct {
	of           *view
	text         []byte
	begins, ends []int32
}

// line appends the bytes that a line of a dump stands for. Each ends where the
// line does, as the same characters stand there again.
func (d *dump) line(from, to int) {
	const leastOffset, most = 6, 16 // bytes a line, in all of them
	text := d.of.text[:to]
	i := run(text, fourBits, from, leastOffset) // something may stand before the first line
	if i < 0 {
		return
	}
	for i < to && fourBits[text[i]] != 0xff {
		i++
	}
	if i+1 >= to || text[i] != ':' && text[i] != ' ' || text[i+1] != ' ' {
		return
	}
	i++
	for n := 0; n < most; {
		begin := i
		for i < to && text[i] == ' ' {
			i++
		}
		if blanks := i - begin; n > 0 && blanks > 1 && (i >= to || fourBits[text[i]] == 0xff || blanks > 2) ||
			blanks > 4 {
			return // the characters follow
		}
		group := 0
		for i+1 < to && fourBits[text[i]] != 0xff && fourBits[text[i+1]] != 0xff {
			d.text = append(d.text, fourBits[text[i]]<<4|fourBits[text[i+1]])
			d.begins, d.ends = append(d.begins, int32(i)), append(d.ends, int32(to))
			i, group, n = i+2, group+1, n+1
		}
		if group == 0 {
			return
		}
	}
}
