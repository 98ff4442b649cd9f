package apikey

import (
	"bytes"
	"slices"
	"strings"
)

// How values are looked for, by their length in bytes. Short ones may be
// ordinary words: they are found where they stand alone, as they are. Others are
// found in any case, with anything between their characters that a reader
// doesn't see, and in parts; those with enough letters and digits also with any
// other signs between these.
const (
	window      = 8  // the shortest part, and what is looked up at once
	leastLetter = 12 // letters and digits
)

// secrets are what was registered, made ready to be looked for.
type secrets struct {
	values  []string // all
	drawn   []string // those that were drawn by lot
	short   []string
	whole   index // by all that shows
	letters index // by letters and digits
	least   int   // the fewest bytes of a value that are looked for in digits
	longest int
	spaced  bool // a value has white space in it
	marks   *marks
	own     []*provider // beside those of the table
	sure    *secrets    // those that nobody would write by chance; nil: none
}

func newSecrets(values, drawn []string) *secrets {
	s := &secrets{marks: knownMarks, least: leastDecoded, whole: index{bytes: &wholeBytes},
		letters: index{bytes: &letterBytes}}
	for i, v := range slices.Concat(values, drawn) {
		v = strings.TrimSpace(v)
		if v == "" || strings.Contains(plainMark, v) || slices.Contains(s.values, v) {
			continue
		}
		byLot := i >= len(values)
		if s.values = append(s.values, v); byLot {
			s.drawn = append(s.drawn, v)
		}
		s.longest = max(s.longest, len(v))
		s.spaced = s.spaced || strings.ContainsAny(v, " \t\r\n")
		solid := (&view{text: []byte(v)}).solid().text
		letters := keptOf(solid, &letterBytes)
		if byLot && len(solid) >= window {
			s.whole.add(pattern{text: keptOf(solid, &wholeBytes), family: registered, public: len(publicPrefix(v)),
				parts: true, drawn: true})
		}
		switch {
		case len(letters) >= leastLetter:
			p := pattern{text: letters, family: registered, public: len(keptOf([]byte(publicPrefix(v)), &letterBytes)),
				parts: byLot || random(v), drawn: byLot}
			s.letters.add(p)
			slices.Reverse(letters)
			s.letters.add(pattern{text: letters, family: registered})
			s.least = min(s.least, max(window, len(v)/2))
		case len(solid) >= window:
			s.whole.add(pattern{text: keptOf(solid, &wholeBytes), family: registered})
			if plus := strings.ReplaceAll(v, " ", "+"); plus != v { // as a query has it
				s.whole.add(pattern{text: keptOf([]byte(plus), &wholeBytes), family: registered})
			}
			s.least = window
		default:
			s.short = append(s.short, v)
		}
	}
	if sure := slices.DeleteFunc(slices.Clone(s.values),
		func(v string) bool { return !random(v) }); len(sure) == len(s.values) && len(sure) > 0 {
		s.sure = s
	} else if len(sure) > 0 {
		s.sure = newSecrets(sure, nil)
	}
	return s
}

// with makes the secrets look for the families of some providers of one's own, too.
func (s *secrets) with(own []*provider) *secrets {
	if len(own) > 0 {
		s.own, s.marks = own, newMarks(slices.Concat(issued, own))
	}
	return s
}

// chosen are the values that weren't drawn by lot.
func (s *secrets) chosen() []string {
	return slices.DeleteFunc(slices.Clone(s.values), func(v string) bool { return slices.Contains(s.drawn, v) })
}

// random reports if nobody would write a part of a value by chance: it is one
// word, with a stretch of letters and digits.
func random(v string) bool {
	const least, digits = 12, 2
	if len(v) < 16 || strings.ContainsAny(v, " \t\r\n") || strings.Contains(v, "://") || !various(v) {
		return false
	}
	n, figures, letters := 0, 0, 0
	for i := range len(v) {
		switch c := v[i]; {
		case c >= '0' && c <= '9':
			n, figures = n+1, figures+1
		case alnums.has[c]:
			n, letters = n+1, letters+1
		default:
			n, figures, letters = 0, 0, 0
		}
		if n >= least && figures >= digits && letters > 0 {
			return true
		}
	}
	return false
}

// kept maps bytes to what they are compared as; 0 is passed over.
type kept [256]byte

var wholeBytes, letterBytes = newKept(false), newKept(true)

func newKept(lettersOnly bool) (k kept) {
	for c := 1; c < 256; c++ {
		switch b := byte(c); {
		case b >= 'A' && b <= 'Z':
			k[c] = b | 0x20
		case alnums.has[b] || b >= 0x80 || !lettersOnly:
			k[c] = b
		}
	}
	return k
}

func keptOf(text []byte, k *kept) []byte {
	var out []byte
	for _, c := range text {
		if k[c] != 0 {
			out = append(out, k[c])
		}
	}
	return out
}

// A pattern is a value as texts are compared with it.
type pattern struct {
	text   []byte
	family string
	public int  // how many bytes of its beginning everybody knows
	parts  bool // a part of it is found as well
	drawn  bool // any part, as no person chose a word of it
}

// telling reports if bytes a to b of a pattern are enough of it to be taken out.
func (p *pattern) telling(a, b int) bool {
	n := len(p.text)
	if a == 0 && b == n || b-a >= leastLetter && 4*(b-a) >= 3*n {
		return true
	}
	a = max(a, p.public)
	if !p.parts || b-a < window {
		return false
	}
	if p.drawn {
		return true
	}
	digits := bytes.ContainsAny(p.text[a:b], "0123456789")
	return digits && len(bytes.Trim(p.text[a:b], "0123456789")) > 0
}

// An index finds patterns in texts by their parts of eight bytes: it goes
// through a text once, however many patterns there are (Rabin and Karp,
// "Efficient randomized pattern-matching algorithms", 1987, with the bytes
// themselves for a fingerprint).
type index struct {
	bytes    *kept
	patterns []pattern
	places   map[uint64][]place
	maybe    []bool // a cheap look before the map
}

type place struct{ pattern, at int }

// mostPlaces bounds how often one part is looked at: a value may be one
// character over and over.
const mostPlaces = 4

func (x *index) add(p pattern) {
	if x.places == nil {
		x.places, x.maybe = map[uint64][]place{}, make([]bool, 1<<16)
	}
	p.text = slices.Clone(p.text)
	x.patterns = append(x.patterns, p)
	var key uint64
	for i, c := range p.text {
		key = key<<8 | uint64(c)
		if i >= window-1 && len(x.places[key]) < mostPlaces {
			x.places[key] = append(x.places[key], place{len(x.patterns) - 1, i - window + 1})
			x.maybe[mix(key)] = true
		}
	}
}

// mix spreads a fingerprint over 16 bits (Fibonacci hashing).
func mix(key uint64) uint16 { return uint16(key * 0x9E3779B97F4A7C15 >> 48) }

// scan appends where patterns, or telling parts of them, stand in a view.
func (x *index) scan(v *view, found []Match) []Match {
	if len(x.patterns) == 0 {
		return found
	}
	tried := make([]attempt, len(x.patterns))
	var key uint64
	n, from, k := 0, 0, 0 // bytes in the key; where what is left begins; bytes not passed over
	for i := 0; i < len(v.text); i++ {
		c := x.bytes[v.text[i]]
		if c == 0 {
			continue
		}
		key, n, k = key<<8|uint64(c), n+1, k+1
		if n < window || !x.maybe[mix(key)] {
			continue
		}
		for _, pl := range x.places[key] {
			p := &x.patterns[pl.pattern]
			if t := tried[pl.pattern]; t.diagonal == k-pl.at && k <= t.end {
				continue // as far as that goes, it was looked at
			}
			begin, end, a, b := x.grow(v.text, from, i, pl)
			tried[pl.pattern] = attempt{k - pl.at, k + b - pl.at - window}
			if !p.telling(a, b) {
				continue
			}
			found = append(found, v.match(begin, end, p.family))
			i, from, n = end-1, end, 0 // k falls behind, and only its differences count
			break
		}
	}
	return found
}

// An attempt is where a pattern was last compared with a text, counted in bytes
// that aren't passed over, so that a text that nearly is the pattern isn't
// compared again at each of its bytes.
type attempt struct{ diagonal, end int }

// grow sees how far a text and a pattern agree around the eight bytes that end
// at i: bytes begin to end of the text, and a to b of the pattern.
func (x *index) grow(text []byte, least, i int, pl place) (begin, end, a, b int) {
	p := x.patterns[pl.pattern].text
	a, b = pl.at+window, pl.at+window
	begin = i + 1
	for k := i; k >= least && a > 0; k-- {
		if c := x.bytes[text[k]]; c == 0 {
			continue
		} else if c != p[a-1] {
			break
		}
		a, begin = a-1, k
	}
	end = i + 1
	for k := i + 1; k < len(text) && b < len(p); k++ {
		if c := x.bytes[text[k]]; c == 0 {
			continue
		} else if c != p[b] {
			break
		}
		b, end = b+1, k+1
	}
	return begin, end, a, b
}

// words appends where short values stand alone.
func (s *secrets) words(v *view, found []Match) []Match {
	for _, word := range s.short {
		for at := 0; ; {
			i := bytes.Index(v.text[at:], []byte(word))
			if i < 0 {
				break
			}
			i += at
			at = i + len(word)
			if !inWord(v.text, i-1) && !inWord(v.text, at) {
				found = append(found, v.match(i, at, registered))
			}
		}
	}
	return found
}

func inWord(text []byte, i int) bool {
	return i >= 0 && i < len(text) && (words.has[text[i]] || text[i] >= 0x80)
}
