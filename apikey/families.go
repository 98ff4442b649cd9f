package apikey

import (
	"bytes"
	"slices"
)

// A scanner looks for families in a solid view. It remembers the runs of a
// token's parts, so that a text which begins a token again and again is still
// read once.
type scanner struct {
	*view
	marks *marks
	runs  [3][2]int
	dull  map[*class][2]int // stretches of a class that have nothing random in them
}

// families finds credentials of known families.
func families(v *view, m *marks, found []Match) []Match {
	s := scanner{view: v, marks: m}
	text := v.text
	if len(text) < 3 {
		return found
	}
	three := first(text, 0)
	for i := 0; i+2 < len(text); i++ {
		three = three>>8 | uint32(small[text[i+2]])<<16
		h := hash(three)
		if c := text[i]; m.begun[h/64]>>(h%64)&1 == 0 && c != '-' && c != '.' {
			continue
		}
		if bucket := m.starts[h]; bucket != 0 {
			if begin, end, family := s.at(i, m.buckets[bucket]); end > 0 {
				found = append(found, v.match(begin, end, family))
				i = end - 1
				three = first(text, i+1)
				continue
			}
		}
		if c := text[i]; c == '-' || c == '.' {
			if begin, end, family := s.middle(i); end > 0 {
				found = append(found, v.match(begin, end, family))
				i = end - 1
				three = first(text, i+1)
			}
		}
	}
	return s.weakly(found)
}

// first are the two bytes from i on that a third one makes three of.
func first(text []byte, i int) uint32 {
	if i+1 >= len(text) {
		return 0
	}
	return uint32(small[text[i]])<<8 | uint32(small[text[i+1]])<<16
}

// middle finds what is known by the sign in its middle.
func (s *scanner) middle(i int) (begin, end int, family string) {
	if s.text[i] == '-' {
		begin, end = s.mailgun(i)
		return begin, end, "mailgun"
	}
	begin, end = s.discord(i)
	return begin, end, "discord"
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

// at finds a credential that begins at i, or around it.
func (s *scanner) at(i int, bucket []uint16) (begin, end int, family string) {
	for _, k := range bucket {
		m := &s.marks.list[k]
		if !s.begins(i, m.prefix) {
			continue
		}
		if m.special != nil {
			if begin, end = m.special(s, i); end > 0 {
				return begin, end, m.family
			}
			continue
		}
		begin = s.back(m, i)
		if begin < 0 {
			continue
		}
		glued := m.apart && (!s.apart(begin) || !signed(m.prefix) && s.inBlob(begin) ||
			len(m.prefix) < shortPrefix && begin > 0 && (s.text[begin-1] == '_' || s.inBlob(begin)))
		if glued && bytes.Count([]byte(m.prefix), []byte("-")) < 2 {
			continue
		}
		end = s.body(m, i)
		if end > 0 && !s.written(i, end, m.prefix) || s.inURLBlob(begin) {
			continue
		}
		if end > 0 && (!glued || end-i >= leastGlued && mixed(s.text[i:end]) && loud(s.text[i:end])) {
			return begin, end, m.family
		}
	}
	return 0, 0, ""
}

// written reports if a prefix stands as its provider writes it, or all in one case,
// as the rest does then: chance writes four letters eight times as often in any case.
func (s *scanner) written(i, end int, prefix string) bool {
	return string(s.text[i:i+len(prefix)]) == prefix || !bothCased(s.text[i+len(prefix):end])
}

// bothCased reports if there are small letters and capitals.
func bothCased(v []byte) bool {
	upper, lower := false, false
	for _, c := range v {
		upper, lower = upper || c >= 'A' && c <= 'Z', lower || c >= 'a' && c <= 'z'
	}
	return upper && lower
}

// leastGlued is how long a key must be, whose prefix has two parts, to be one at
// the end of another word.
const leastGlued = 48

// back is where a credential begins whose mark is at i, or -1.
func (s *scanner) back(m *mark, i int) int {
	if m.before[1] == 0 {
		return i
	}
	c := m.class
	if m.prefix[0] == ':' {
		c = numbers10
	}
	begin := i
	for begin > 0 && i-begin < m.before[1] && c.has[s.text[begin-1]] && s.gap(begin) != space {
		begin--
	}
	if i-begin < m.before[0] {
		return -1
	}
	return begin
}

func (s *scanner) begins(i int, prefix string) bool {
	if len(s.text)-i < len(prefix) {
		return false
	}
	for k := range len(prefix) {
		if small[s.text[i+k]] != small[prefix[k]] {
			return false
		}
	}
	return len(prefix) > shortPrefix && signed(prefix) || s.gapless(i, len(prefix))
}

// shortPrefix is what is so short that white space in it makes another text of it.
const shortPrefix = 4

// signed reports if a prefix has a sign in it, so that letters of several words
// aren't taken for it.
func signed(prefix string) bool {
	for k := range len(prefix) {
		if !alnums.has[prefix[k]] {
			return true
		}
	}
	return false
}

// gapless reports if no white space stands between n bytes from i on.
func (s *scanner) gapless(i, n int) bool {
	for k := i + 1; k < i+n; k++ {
		if s.gap(k) == space {
			return false
		}
	}
	return true
}

// body returns where the credential ends that begins with a mark at i, or 0.
func (s *scanner) body(m *mark, i int) int {
	const looked = 256
	from := i + len(m.prefix)
	if d, ok := s.dull[m.class]; ok && d[0] <= from && from < d[1] && m.mixed {
		return 0
	}
	limit := min(len(s.text), from+looked)
	n := from // as far as the least that must be there, and then what is looked at
	w := walk{s: s, class: m.class}
	w.least, w.usual = from+m.least, from+m.usual
	for n < limit && w.goesOn(i, n) {
		n++
	}
	if m.shaped != nil && n-from > m.usual && !alnums.has[s.text[from+m.usual]] { // the full stop of a sentence
		n = from + m.usual
	}
	body := s.text[from:n]
	switch {
	case n-from < m.least, w.prose(n - from):
		return 0
	case m.mixed && !mixed(body) && !loud(body) && !scattered(body):
		if n < limit && !w.split { // it ends there for every mark of the class
			if s.dull == nil {
				s.dull = map[*class][2]int{}
			}
			s.dull[m.class] = [2]int{from, n}
		}
		return 0
	case !m.mixed && wordy(body):
		return 0
	case !various(body[:min(len(body), 64)]):
		return 0
	case m.exact && (n-from != m.least || n < len(s.text) && s.gap(n) != space && words.has[s.text[n]]):
		return 0
	case m.near != nil && (!s.ends(n) || !s.named(i, m.near)):
		return 0
	case m.shaped != nil && !slices.ContainsFunc(m.shaped, func(f *format) bool { return f.fits(s.text[i:n]) }):
		return 0
	}
	if unlikely(body) {
		return 0
	}
	for m.shaped == nil && n < len(s.text) && w.goesOn(i, n) {
		n++
	}
	return n
}

// ends reports if no token goes on at n.
func (s *scanner) ends(n int) bool {
	return n >= len(s.text) || s.gap(n) == space || !urlSafes.has[s.text[n]]
}

// wordy reports if a text is one that people write: letters in one case, between
// signs, without a digit.
func wordy(v []byte) bool {
	for _, c := range v {
		if c >= '0' && c <= '9' {
			return false
		}
	}
	return wordlike(v)
}

// How far before something the words are looked for that name it.
const nearby = 80

// named reports if one of the words stands shortly before i, in the view, in the text
// that it was made of, where white space ends words, or in the source: key- and a hash
// is the name of many things.
func (s *scanner) named(i int, names []string) bool {
	if s.hasWord(s.text[max(0, i-nearby):i], names) {
		return true
	}
	if s.parent == nil {
		return false
	}
	from, _ := s.view.back(i, i+1)
	return s.hasWord(s.parent.text[max(0, from-nearby):from], names) || s.hasWord(s.sourceBefore(i, nearby), names)
}

// assigned reports if what stands right before i is called a credential.
func (s *scanner) assigned(i int) bool {
	const close = 28
	return s.hasWordAnywhere(s.text[max(0, i-close):i]) || s.parent != nil && s.parent.parent != nil &&
		s.hasWordAnywhere(s.sourceBefore(i, close))
}

func (s *scanner) hasWordAnywhere(text []byte) bool {
	var room [nearby]byte
	lower := room[:len(text)]
	for i, c := range text {
		lower[i] = small[c]
	}
	return slices.ContainsFunc(naming, func(name string) bool { return bytes.Contains(lower, []byte(name)) })
}

// sourceBefore is what stands in the source before byte i.
func (s *scanner) sourceBefore(i, n int) []byte {
	v := s.view
	from := v.match(i, i+1, "").Start
	for v.parent != nil {
		v = v.parent
	}
	return v.text[max(0, from-n):from]
}

// hasWord reports if one of the names is in a text, in any case, and not at the
// end of another word.
func (s *scanner) hasWord(text []byte, names []string) bool {
	var room [nearby]byte
	lower := room[:len(text)]
	for i, c := range text {
		lower[i] = small[c]
	}
	for _, name := range names {
		for at := 0; ; {
			i := bytes.Index(lower[at:], []byte(name))
			if i < 0 {
				break
			}
			if i += at; i == 0 || lower[i-1] < 'a' || lower[i-1] > 'z' || i > 1 && lower[i-2] == '\\' {
				return true
			}
			at = i + 1
		}
	}
	return false
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

// scattered reports if a text without a digit is a token all the same, as Hugging Face's
// are: a long stretch of letters in both cases, most of them in no word. Of 34 random
// ones about ten seem to be in one.
func scattered(v []byte) bool {
	const least = 24
	letters, _, signs := wordsIn(v)
	return bothCased(v) && len(v)-signs >= least && 2*letters < len(v)-signs
}

// various reports if a key's body is not a placeholder's: xxxx and the like stay
// readable.
func various[T string | []byte](v T) bool {
	_, bad := trivial(string(v))
	return !bad && !(len(v) >= 3 && string(v[:3]) == "***")
}
