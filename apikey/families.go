package apikey

import (
	"bytes"
	"strings"
)

// A mark is how a family of credentials is known in the middle of a text. It is
// looser than a format: a key that was cut, or has a length that nobody has
// seen, is a key all the same.
type mark struct {
	prefix, family string
	class          *class
	least, usual   int  // characters behind the prefix: fewer are none, and so many there usually are at most
	apart          bool // only where no letter, digit or - stands before it
	mixed          bool // only with a digit, an upper and a lower case letter
}

// marks, the longer prefix first where one begins with another. sk- stands in
// ordinary words, such as help-desk-tickets, and so do its longer kin.
var marks = []mark{
	{"sk-" + "ant-", "anthropic", urlSafes, 20, 100, true, true},
	{"sk-" + "proj-", "openai", urlSafes, 20, 156, true, true},
	{"sk-" + "svcacct-", "openai", urlSafes, 20, 156, true, true},
	{"sk-" + "admin-", "openai", urlSafes, 20, 140, true, true},
	{"sk-", "openai", urlSafes, 32, 48, true, true},
	{"AI" + "za", "gemini", urlSafes, 30, 35, false, false},
	{"A" + "Q.", "gemini", urlSafes, 40, 50, true, true},
	{"key-", "mailgun", bothHexes, 32, 32, true, false},
	{"gh" + "p_", "github", alnums, 30, 36, false, true},
	{"gh" + "o_", "github", alnums, 30, 36, false, true},
	{"gh" + "u_", "github", alnums, 30, 36, false, true},
	{"gh" + "s_", "github", dotted, 30, 300, false, true},
	{"gh" + "r_", "github", alnums, 30, 76, false, true},
	{"github_" + "pat_", "github", words, 30, 82, false, true},
}

// leastGlued is how long a key must be, whose prefix has two parts, to be one at
// the end of another word.
const leastGlued = 48

// bothHexes are hex digits in either case: a text may be in capitals.
var bothHexes = newClass(0, digits+"abcdefABCDEF")

// firsts and seconds say with which marks a text that begins with two bytes may
// go on, in any case: the bits are their places, and the last is a JSON web
// token's.
var firsts, seconds = newStarts(0), newStarts(1)

const tokenStart = 1 << 15

func newStarts(place int) (t [256]uint16) {
	set := func(c byte, bit uint16) {
		t[c] |= bit
		if alnums.has[c] && c > '9' {
			t[c^0x20] |= bit
		}
	}
	for k := range marks {
		set(marks[k].prefix[place], 1<<k)
	}
	set(("ey" + "J")[place], tokenStart)
	return t
}

// A scanner looks for families in a solid view. It remembers the runs of a
// token's parts, so that a text which begins a token again and again is still
// read once.
type scanner struct {
	*view
	runs [3][2]int
}

// families finds credentials of known families.
func families(v *view) []Match {
	var found []Match
	s := scanner{view: v}
	for i := 0; i+1 < len(v.text); {
		if bits := firsts[v.text[i]] & seconds[v.text[i+1]]; bits != 0 {
			if end, family := s.at(i, bits); end > 0 {
				found = append(found, v.match(i, end, family))
				i = end
				continue
			}
		} else if v.text[i] == '-' {
			if begin, end := s.mailgun(i); end > 0 {
				found = append(found, v.match(begin, end, "mailgun"))
				i = end
				continue
			}
		}
		i++
	}
	return found
}

// apart reports if no word goes on into i. An escaped line break ends one, as
// in JSON that nobody read.
func (s *scanner) apart(i int) bool {
	if i == 0 || s.gap(i) == space {
		return true
	}
	c := s.text[i-1]
	return c != '-' && !alnums.has[c] || i > 1 && s.text[i-2] == '\\'
}

// at finds a credential that begins at i.
func (s *scanner) at(i int, bits uint16) (end int, family string) {
	for k := range marks {
		m := &marks[k]
		if bits&(1<<k) == 0 || !s.begins(i, m.prefix) {
			continue
		}
		glued := m.apart && !s.apart(i)
		if glued && strings.Count(m.prefix, "-") < 2 {
			continue
		}
		end = s.body(m, i)
		if end > 0 && (!glued || end-i >= leastGlued && mixed(s.text[i:end]) && loud(s.text[i:end])) {
			return end, m.family
		}
	}
	if bits&tokenStart != 0 && s.begins(i, "ey"+"J") {
		return s.token(i), "jwt"
	}
	return 0, ""
}

func (s *scanner) begins(i int, prefix string) bool {
	if len(s.text)-i < len(prefix) {
		return false
	}
	for k := range len(prefix) {
		a, b := s.text[i+k], prefix[k]
		if a != b && (a^b != 0x20 || !alnums.has[b]) {
			return false
		}
	}
	return true
}

// body returns where the credential ends that begins with a mark at i, or 0.
func (s *scanner) body(m *mark, i int) int {
	const looked = 256
	from := i + len(m.prefix)
	limit := min(len(s.text), from+looked)
	n := from // as far as the least that must be there, and then what is looked at
	w := walk{s: s, class: m.class}
	w.least, w.usual = from+m.least, from+m.usual
	for n < limit && w.goesOn(i, n) {
		n++
	}
	body := s.text[from:n]
	switch {
	case n-from < m.least, 2*w.wordy > n-from:
		return 0
	case m.mixed && !mixed(body) && !loud(body):
		return 0
	case !various(string(body[:min(len(body), 64)])):
		return 0
	case m.family == "mailgun" && (n-from != m.least || n < len(s.text) && s.gap(n) != space && urlSafes.has[s.text[n]] || !s.named(i, "mailgun", "mg.", "api:", "api_key", "api-key", "apikey", "authorization")):
		return 0
	}
	for n < len(s.text) && w.goesOn(i, n) {
		n++
	}
	return n
}

// named reports if one of the words stands shortly before i: key- and a hash
// is the name of many things.
func (s *scanner) named(i int, names ...string) bool {
	const near = 64
	before := bytes.ToLower(s.text[max(0, i-near):i])
	for _, name := range names {
		if bytes.Contains(before, []byte(name)) {
			return true
		}
	}
	return false
}

// A walk goes through a credential that may have white space in it: a line that
// was wrapped, or groups of characters.
type walk struct {
	s     *scanner
	class *class
	least int // where it may end
	usual int // where it ends at a white space
	piece int // how long the piece is that was gone through
	begin int // where the piece begins
	wordy int // how many bytes stand in pieces that look like words
	split bool
}

// goesOn reports if the credential that begins at first goes on at n. Before
// least, white space is crossed whatever follows: what was gone through is
// judged as a whole. Behind usual, it is the end.
func (w *walk) goesOn(first, n int) bool {
	s := w.s
	if !w.class.has[s.text[n]] {
		return false
	}
	if w.begin == 0 {
		w.begin = first
	}
	if s.gap(n) != space {
		return true
	}
	next := s.stretch(n, w.class)
	if n >= w.usual || n >= w.least && !(w.split && len(next) <= w.piece) && !coded(next) {
		return false
	}
	w.piece, w.begin, w.split = n-w.begin, n, true
	if wordlike(next) {
		w.wordy += len(next)
	}
	return true
}

// stretch is the run of a class at n up to white space, as far as it matters.
func (s *scanner) stretch(n int, c *class) []byte {
	const most = 128
	end := n + 1
	for end < min(len(s.text), n+most) && c.has[s.text[end]] && s.gap(end) != space {
		end++
	}
	return s.text[n:end]
}

// coded reports if a piece looks as if chance had written it, not a person.
func coded(piece []byte) bool {
	const least = 6
	return len(piece) >= least && !wordlike(piece) && bytes.ContainsAny(piece, digits) && len(bytes.Trim(piece, digits+"-_.")) > 0
}

// wordlike reports if a piece may be a word: letters in one case, but for the
// first one.
func wordlike(piece []byte) bool {
	if len(piece) < 2 {
		return false
	}
	lower, upper := 0, 0
	for _, c := range piece[1:] {
		switch {
		case c >= 'a' && c <= 'z':
			lower++
		case c >= 'A' && c <= 'Z':
			upper++
		case c != '-' && c != '.' && c != '_':
			return false
		}
	}
	return lower == 0 || upper == 0
}

// mailgun finds 32, 8 and 8 hex digits that nothing surrounds, by the first
// hyphen. Bare 32 are left alone: most of them are hashes and trace ids.
func (s *scanner) mailgun(hyphen int) (begin, end int) {
	begin, end = hyphen-32, hyphen+1+8+1+8
	if begin < 0 || end > len(s.text) || s.text[hyphen+9] != '-' {
		return 0, 0
	}
	for i := begin; i < end; i++ {
		if i != hyphen && i != hyphen+9 && !bothHexes.has[s.text[i]] {
			return 0, 0
		}
	}
	if end < len(s.text) && s.gap(end) != space && urlSafes.has[s.text[end]] || !s.apart(begin) || s.text[max(begin-1, 0)] == '_' {
		return 0, 0
	}
	return begin, end
}

// token finds a JSON web token: a header and a payload, both JSON objects in
// base 64, and a signature. What stands in its middle is so telling that white
// space is no matter there.
func (s *scanner) token(i int) int {
	const leastHead, leastBody, leastSign, usualSign = 15, 10, 20, 43
	head := s.run(0, i)
	if head-i < leastHead || head >= len(s.text) || s.text[head] != '.' || !s.begins(head+1, "ey"+"J") {
		return 0
	}
	body := s.run(1, head+1)
	if body-head < leastBody || body >= len(s.text) || s.text[body] != '.' {
		return 0
	}
	end := body + 1
	w := walk{s: s, class: urlSafes, least: body + leastSign, usual: body + 1 + usualSign}
	for end < len(s.text) && w.goesOn(body+1, end) {
		end++
	}
	if end-body < leastSign {
		return 0
	}
	return end
}

// run is where the bytes of a token's part end that begin at i.
func (s *scanner) run(part, i int) int {
	if known := s.runs[part]; known[0] <= i && i < known[1] {
		return known[1]
	}
	j := i
	for j < len(s.text) && urlSafes.has[s.text[j]] {
		j++
	}
	s.runs[part] = [2]int{i, j}
	return j
}

// mixed reports if there are a digit, an upper and a lower case letter, as in
// every random token and few words that hyphens join.
func mixed(v []byte) bool {
	var digit, upper, lower bool
	for _, c := range v {
		switch {
		case c >= '0' && c <= '9':
			digit = true
		case c >= 'A' && c <= 'Z':
			upper = true
		case c >= 'a' && c <= 'z':
			lower = true
		}
	}
	return digit && upper && lower
}

// loud reports if a text in one case is a token that somebody wrote in capitals,
// or in small letters: a long stretch with digits all over it.
func loud(v []byte) bool {
	const least, leastDigits = 18, 3
	n, figures := 0, 0
	for _, c := range v {
		switch {
		case c >= '0' && c <= '9':
			n, figures = n+1, figures+1
		case alnums.has[c]:
			n++
		default:
			n, figures = 0, 0
		}
		if n >= least && figures >= leastDigits && figures < n-leastDigits {
			return true
		}
	}
	return false
}

// various reports if a key's body is not a placeholder's: xxxx and the like stay
// readable.
func various(v string) bool {
	_, bad := trivial(v)
	return !bad && !strings.HasPrefix(v, "***")
}
