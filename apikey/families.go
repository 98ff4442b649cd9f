package apikey

import "strings"

// A mark is how a family of credentials is known in the middle of a text. It is
// looser than a format: a key that was cut, or has a length that nobody has
// seen, is a key all the same.
type mark struct {
	prefix, family string
	class          *class
	least          int  // characters behind the prefix
	apart          bool // only where no letter, digit, _ or - stands before it
	mixed          bool // only with a digit, an upper and a lower case letter
}

// marks, the longer prefix first where one begins with another.
var marks = []mark{
	{"sk-" + "ant-", "anthropic", urlSafes, 20, false, true},
	{"sk-" + "proj-", "openai", urlSafes, 20, false, true},
	{"sk-" + "svcacct-", "openai", urlSafes, 20, false, true},
	{"sk-" + "admin-", "openai", urlSafes, 20, false, true},
	{"sk-", "openai", urlSafes, 32, false, true},
	{"AI" + "za", "gemini", urlSafes, 30, false, false},
	{"A" + "Q.", "gemini", urlSafes, 40, true, true},
	{"key-", "mailgun", hexes, 32, true, false},
	{"gh" + "p_", "github", alnums, 30, false, true},
	{"gh" + "o_", "github", alnums, 30, false, true},
	{"gh" + "u_", "github", alnums, 30, false, true},
	{"gh" + "s_", "github", dotted, 30, false, true},
	{"gh" + "r_", "github", alnums, 30, false, true},
	{"github_" + "pat_", "github", words, 30, false, true},
}

// begins are the bytes that a credential may begin with.
var begins = newClass(0, digits+"abcdefAgkse")

// A scanner remembers the run of a class that it measured last, so that a text
// which begins a credential again and again is still read once. The later parts
// of a token have slots of their own, lest they push out the run of the first.
type scanner struct {
	text string
	runs [classes + 2][2]int
}

// The slots of a token's second and third part.
const (
	bodySlot = classes
	signSlot = classes + 1
)

// run is where the bytes of a class that begin at i end.
func (s *scanner) run(c *class, i int) int { return s.measure(c, c.id, i) }

func (s *scanner) measure(c *class, slot, i int) int {
	if known := s.runs[slot]; known[0] <= i && i < known[1] {
		return known[1]
	}
	j := i
	for j < len(s.text) && c.has[s.text[j]] {
		j++
	}
	s.runs[slot] = [2]int{i, j}
	return j
}

// families finds credentials of known families as they stand.
func families(text string) []Match {
	var found []Match
	s := scanner{text: text}
	for i := 0; i < len(text); {
		if begins.has[text[i]] {
			if m, ok := s.at(i); ok {
				found = append(found, m)
				i = m.End
				continue
			}
		}
		i++
	}
	return found
}

// at finds a credential that begins at i.
func (s *scanner) at(i int) (Match, bool) {
	apart := i == 0 || !urlSafes.has[s.text[i-1]] || i > 1 && s.text[i-2] == '\\' // an escaped line break, as in JSON
	rest := s.text[i:]
	for k := range marks {
		m := &marks[k]
		if rest[0] != m.prefix[0] || m.apart && !apart || !strings.HasPrefix(rest, m.prefix) {
			continue
		}
		from := i + len(m.prefix)
		end := s.run(m.class, from)
		if end-from < m.least || m.mixed && !mixed(s.text[from:min(end, from+256)]) || !various(s.text[from:min(end, from+64)]) {
			continue
		}
		if m.family == "mailgun" && end-from != m.least {
			continue
		}
		return Match{i, end, m.family, ""}, true
	}
	if apart && hexes.has[rest[0]] {
		if m, ok := s.mailgun(i); ok {
			return m, true
		}
	}
	if strings.HasPrefix(rest, "ey"+"J") {
		return s.token(i)
	}
	return Match{}, false
}

// mailgun finds 32, 8 and 8 hex digits that nothing surrounds. Bare 32 are left
// alone: most of them are hashes and trace ids.
func (s *scanner) mailgun(i int) (Match, bool) {
	const length = 32 + 1 + 8 + 1 + 8
	end := i + length
	if end > len(s.text) || s.text[i+32] != '-' || s.text[i+41] != '-' || end < len(s.text) && urlSafes.has[s.text[end]] {
		return Match{}, false
	}
	for _, stretch := range [...][2]int{{0, 32}, {33, 41}, {42, 50}} {
		if stranger(s.text[i+stretch[0]:i+stretch[1]], hexes) >= 0 {
			return Match{}, false
		}
	}
	return Match{i, end, "mailgun", ""}, true
}

// token finds a JSON web token: a header and a payload, both JSON objects in
// base 64, and a signature.
func (s *scanner) token(i int) (Match, bool) {
	head := s.run(urlSafes, i)
	if head-i < 15 || !strings.HasPrefix(s.text[head:], ".ey"+"J") {
		return Match{}, false
	}
	body := s.measure(urlSafes, bodySlot, head+1)
	if body-head < 10 || body >= len(s.text) || s.text[body] != '.' {
		return Match{}, false
	}
	end := s.measure(urlSafes, signSlot, body+1)
	if end-body < 20 {
		return Match{}, false
	}
	return Match{i, end, "jwt", ""}, true
}

// mixed reports if there are a digit, an upper and a lower case letter, as in
// every random token and few words that hyphens join.
func mixed(v string) bool {
	var digit, upper, lower bool
	for i := range len(v) {
		switch c := v[i]; {
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

// various reports if a key's body is not a placeholder's: xxxx and the like stay
// readable.
func various(v string) bool {
	_, bad := trivial(v)
	return !bad
}
