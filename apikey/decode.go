package apikey

import "strings"

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
	fourBits = newAlphabet(digits+"abcdef", digits+"ABCDEF")
)

// A coding is an encoding whose digits have a fixed number of bits.
type coding struct {
	name  string
	digit *alphabet
	bits  int
	group int // digits until a byte begins at a digit again
}

var codings = []coding{{"base64", sixBits, 6, 4}, {"hex", fourBits, 4, 2}}

// leastDecoded is the fewest bytes that an encoded credential of a family has:
// a prefix and something behind it.
const leastDecoded = 24

// decoded finds what is encoded in a text, and says where.
func (r *Redactor) decoded(text string, depth int) []Match {
	least := leastDecoded
	for _, v := range r.secrets().values {
		least = min(least, len(v))
	}
	var found []Match
	for _, c := range codings {
		for from := 0; from < len(text); {
			to := from
			for to < len(text) && c.digit[text[to]] != 0xff {
				to++
			}
			if (to-from)*c.bits >= least*8 {
				found = append(found, r.undo(c, text[from:to], from, depth)...)
			}
			from = to + 1
		}
	}
	if strings.Contains(text, "%") {
		found = append(found, r.percent(text, depth)...)
	}
	return found
}

// undo decodes a run of digits from each place at which a group may begin, since
// nobody knows what stands before a credential inside the run.
func (r *Redactor) undo(c coding, run string, at, depth int) []Match {
	var found []Match
	for phase := range c.group {
		if phase >= len(run) {
			break
		}
		for _, m := range r.find(decode(c, run[phase:]), depth+1) {
			first, last := m.Start*8/c.bits, (m.End*8+c.bits-1)/c.bits
			found = append(found, Match{at + phase + first, at + phase + min(last, len(run)-phase), m.Family, c.name})
		}
	}
	return found
}

// decode turns digits into bytes, and drops the bits that are left over.
func decode(c coding, run string) string {
	out := make([]byte, 0, len(run)*c.bits/8)
	acc, n := uint32(0), 0
	for i := range len(run) {
		acc, n = acc<<c.bits|uint32(c.digit[run[i]]), n+c.bits
		if n >= 8 {
			n -= 8
			out = append(out, byte(acc>>n))
		}
	}
	return string(out)
}

// percent undoes %XX.
func (r *Redactor) percent(text string, depth int) []Match {
	out := make([]byte, 0, len(text))
	var places []int // where a byte of out was, from the first %XX on
	first := -1
	for i := 0; i < len(text); {
		n, b := 1, text[i]
		if b == '%' && i+2 < len(text) && fourBits[text[i+1]] != 0xff && fourBits[text[i+2]] != 0xff {
			n, b = 3, fourBits[text[i+1]]<<4|fourBits[text[i+2]]
			if first < 0 {
				first = i
			}
		}
		if first >= 0 {
			places = append(places, i)
		}
		out = append(out, b)
		i += n
	}
	if first < 0 {
		return nil
	}
	places = append(places, len(text))
	was := func(i int) int {
		if i < first {
			return i
		}
		return places[i-first]
	}
	var found []Match
	for _, m := range r.find(string(out), depth+1) {
		found = append(found, Match{was(m.Start), was(m.End), m.Family, "percent"})
	}
	return found
}
