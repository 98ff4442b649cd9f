package apikey

import (
	"cmp"
	"slices"
	"strings"
)

// A mark is how a family of credentials is known in the middle of a text. It is
// looser than a format: a key that was cut, or has a length that nobody has
// seen, is a key all the same.
type mark struct {
	prefix, family string
	class          *class
	least, usual   int       // characters behind the prefix: fewer are none, and so many there usually are at most
	shaped         []*format // only what is of one of these formats, in any case
	exact          bool      // least and usual are one, and whatever goes on behind makes it none
	before         [2]int    // of class, as many stand before the prefix: least and most
	apart          bool      // only where no letter, digit or - stands before it
	mixed          bool      // only with a digit, an upper and a lower case letter, or digits all over it
	near           []string  // only where one of these words stands shortly before it
	special        func(s *scanner, i int) (begin, end int)
}

// Marks is what texts are searched for: the marks by their first three bytes in
// small letters, and the formats that have none, by their length.
type marks struct {
	list    []mark
	buckets [][]uint16 // marks that begin alike; the first is empty
	starts  [1 << 15]uint16
	begun   [1 << 15 / 64]uint64 // by bits, which of starts are there: what a processor keeps at hand
	weak    []weak
	lengths [mostWeak + 1]bool
}

// telling is how long a prefix must be for what it begins to be taken for a key of a
// kind that isn't known yet.
const telling = len("sk-ant-")

// knownMarks are those of the table.
var knownMarks = newMarks(issued)

func newMarks(providers []*provider) *marks {
	m := &marks{buckets: [][]uint16{nil}}
	byPrefix := map[string]int{}
	for _, p := range providers {
		for _, f := range p.formats {
			if f.hidden || p.open || f.role == plausible && len(f.prefix()) < telling {
				continue
			}
			if len(f.prefix()) < 3 {
				m.addWeak(p, f)
				continue
			}
			made := newMark(p, f)
			if i, ok := byPrefix[made.prefix+" "+p.name]; ok {
				m.list[i] = m.list[i].joined(made)
				continue
			}
			byPrefix[made.prefix+" "+p.name] = len(m.list)
			m.list = append(m.list, made)
		}
	}
	if slices.Contains(providers, generic) {
		m.list = append(m.list, specials()...)
	}
	// The longer prefix first, where one begins with another.
	slices.SortStableFunc(m.list, func(a, b mark) int { return cmp.Compare(len(b.prefix), len(a.prefix)) })
	for i := range m.list {
		h := start(m.list[i].prefix[0], m.list[i].prefix[1], m.list[i].prefix[2])
		if m.starts[h] == 0 {
			m.starts[h] = uint16(len(m.buckets))
			m.buckets = append(m.buckets, nil)
		}
		m.buckets[m.starts[h]] = append(m.buckets[m.starts[h]], uint16(i))
		m.begun[h/64] |= 1 << (h % 64)
	}
	return m
}

// start is where three bytes stand in a table of starts, in any case.
func start(a, b, c byte) uint16 {
	return hash(uint32(small[a]) | uint32(small[b])<<8 | uint32(small[c])<<16)
}

func hash(three uint32) uint16 { return uint16(three * 0x9E3779B1 >> 17) }

var small = func() (t [256]byte) {
	for c := range t {
		if t[c] = byte(c); c >= 'A' && c <= 'Z' {
			t[c] = byte(c) | 0x20
		}
	}
	return t
}()

// newMark makes the mark of a format with a prefix.
func newMark(p *provider, f *format) mark {
	m := mark{prefix: strings.ReplaceAll(f.prefix(), " ", ""), family: p.name, near: f.near}
	var all [256]bool
	fixed, strict := true, true
	for i := range f.parts[1:] {
		q := &f.parts[1+i]
		for k := range len(q.text) {
			all[q.text[k]] = true
		}
		for k := range len(q.alphabet()) {
			all[q.alphabet()[k]] = true
		}
		m.least, m.usual = m.least+len(q.text)+q.min, m.usual+q.typical()
		fixed = fixed && (q.class == nil || q.min == q.max)
		strict = strict && q.class != nil
	}
	m.class = covering(all)
	signs := strings.ContainsAny(m.prefix, "_-.:/")
	strong := len(m.prefix) >= 5 && signs
	m.apart = len(m.prefix) < 4 || strings.Contains(m.prefix, ".") || strings.Count(m.prefix, "-") > 0 &&
		len(m.prefix) < 12 || !signs || m.prefix[0] <= '9'
	m.exact = fixed && strict && m.usual <= 24
	m.mixed = !m.exact && !(strong && m.usual <= 30)
	// a UUID, most often
	if fixed && m.usual < 64 && !strict && m.class == hyphened || m.prefix == "pat-" || m.prefix == "pat" ||
		f.near != nil && fixed {
		m.shaped, m.mixed = []*format{f}, false
	}
	switch {
	case m.exact || m.near != nil:
	case strong:
		m.least = min(20, m.least*5/6)
	default:
		m.least = min(30, m.least*5/6)
	}
	if m.prefix == "sk-" { // what stands in so many words: see specials
		m.shaped, m.mixed = []*format{f}, false
	}
	return m
}

// joined is a mark for two formats of one prefix.
func (m mark) joined(o mark) mark {
	var all [256]bool
	for c := range all {
		all[c] = m.class.has[c] || o.class.has[c]
	}
	m.class, m.least = covering(all), min(m.least, o.least)
	if o.usual >= 100 { // what is so long is wrapped; a longer usual would take the next line for more of it
		m.usual = max(m.usual, o.usual)
	}
	m.exact = m.exact && o.exact
	if m.shaped == nil || o.shaped == nil {
		m.mixed, m.shaped = m.mixed || o.mixed, nil
		return m
	}
	m.shaped = slices.Concat(m.shaped, o.shaped)
	return m
}

// covering is the smallest class that holds some bytes, in either case: a text may
// be in capitals.
func covering(all [256]bool) *class {
	for _, c := range []*class{numbers10, anyHexes, alnums, words, hyphened, urlSafes, dotted, tilded, padded} {
		if holdsAll(c, &all) {
			return c
		}
	}
	return base64ish
}

func holdsAll(c *class, all *[256]bool) bool {
	for b, in := range all {
		if in && !c.has[b] {
			return false
		}
	}
	return true
}

// specials are what has its mark in its middle, or parts that are found together.
func specials() []mark {
	list := []mark{
		{prefix: "ey" + "J", family: "jwt", special: func(s *scanner, i int) (int, int) { return i, s.token(i) }},
		{prefix: "sk-", family: "openai", class: urlSafes, least: 32, usual: 48, apart: true, mixed: true},
		{prefix: "JQQJ99", family: "azure-key", class: alnums, least: 26, usual: 26, before: [2]int{52, 52},
			mixed: true},
		{prefix: ":AA", family: "telegram", class: urlSafes, least: 33, usual: 33, before: [2]int{8, 10}, exact: true,
			mixed: true},
		{prefix: ".atlasv1.", family: "terraform", class: urlSafes, least: 60, usual: 67, before: [2]int{14, 14},
			mixed: true},
		{prefix: "|" + convexKey, family: "convex", class: padded, least: 24, usual: 44},
		{prefix: "!AQ", family: "salesforce", class: dotted, least: 60, usual: 94, before: [2]int{15, 15}, mixed: true},
		{prefix: "!AR", family: "salesforce", class: dotted, least: 60, usual: 94, before: [2]int{15, 15}, mixed: true},
		{prefix: "://", family: "basic-auth-url", special: (*scanner).address},
		{prefix: pemBegin[:10], family: "pem", special: (*scanner).pem},
	}
	for d := byte('0'); d <= '9'; d++ {
		list = append(list, mark{prefix: string(d) + "Q~", family: "azure", class: tilded, least: 31, usual: 34,
			before: [2]int{3, 3}, mixed: true, apart: true})
	}
	return list
}

// A weak format has no prefix that tells it: it is looked for only behind the name
// of its provider, and of what it is.
type weak struct {
	family   string
	f        *format
	min, max int
	near     []string
}

// mostWeak is the longest of them.
const mostWeak = 90

func (m *marks) addWeak(p *provider, f *format) {
	if f.near == nil {
		return
	}
	w := weak{family: p.name, f: f, near: f.near}
	for i := range f.parts {
		q := &f.parts[i]
		if q.padding() {
			continue // which no run has
		}
		w.min, w.max = w.min+len(q.text)+q.min, w.max+len(q.text)+max(q.min, q.max)
	}
	if w.max > mostWeak {
		w.max = mostWeak
	}
	m.weak = append(m.weak, w)
	for n := w.min; n <= w.max; n++ {
		m.lengths[n] = true
	}
}

// naming are the words of which one must stand before a weak format too.
var naming = []string{"key", "token", "secret", "passw", "auth", "cred", "_pat", "api", "bearer", "sid"}
