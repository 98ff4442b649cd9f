package startup

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"index/suffixarray"
	"math"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// How many of a secret's own characters make a part of it a leak, and the least
// that a secret must have to be looked for at all: less may be an ordinary word.
const (
	leakLength  = 8
	leastSecret = 6
)

// chance is the highest probability of a part standing in a text by accident
// with which it is still taken for a leak.
const chance = 1e-6

// A Secret is a credential that must not show.
type Secret struct {
	Env   string // the variable that it was passed in
	value string // without surrounding white space
	own   []bool // for each byte: nobody but the holder knows it
}

// NewSecret returns a secret. The others are values of the same kind that were
// made up independently: what all of them share, such as a prefix, is public,
// and nobody leaks it by printing it.
func NewSecret(env, value string, others ...string) Secret {
	value = strings.TrimSpace(value)
	s := Secret{Env: env, value: value, own: make([]bool, len(value))}
	for i := range value {
		s.own[i] = !shared(value, i, others)
	}
	// A prefix may vary in length among the others; what all begin with is
	// public whatever comes behind it.
	for i := 0; i < len(value) && len(others) > 0; i++ {
		begin := value[:i+1]
		if slices.ContainsFunc(others, func(o string) bool { return !strings.HasPrefix(o, begin) }) {
			break
		}
		s.own[i] = false
	}
	return s
}

// shared reports if all values have the same byte at a place, counted from the
// beginning.
func shared(value string, i int, others []string) bool {
	if len(others) < 3 {
		return false // too few to tell a rule from an accident
	}
	return !slices.ContainsFunc(others, func(o string) bool { return len(o) != len(value) || o[i] != value[i] })
}

// A leak is a place where a secret shows.
type leak struct {
	env   string
	form  string // how it is encoded there: "", "base64", "hex", "URL-encoded", "JSON-escaped"
	part  string // as it stands in the text
	at    int    // where in the text
	whole bool
}

// windows are the shortest parts that are leaks: begin and end of each.
func (s Secret) windows() [][2]int {
	need := min(leakLength, s.secretLength())
	if need < leastSecret {
		return nil
	}
	var list [][2]int
	for begin := range s.value {
		if !s.own[begin] {
			continue
		}
		n := 0
		for end := begin; end < len(s.value); end++ {
			if s.own[end] {
				n++
			}
			if n == need {
				list = append(list, [2]int{begin, end + 1})
				break
			}
		}
	}
	return list
}

func (s Secret) secretLength() int {
	n := 0
	for _, own := range s.own {
		if own {
			n++
		}
	}
	return n
}

// A haystack is a text in which secrets are looked for.
type haystack struct {
	text  []byte
	index *suffixarray.Index
}

func newHaystack(text []byte) *haystack {
	return &haystack{text: text, index: suffixarray.New(text)}
}

// leaks finds the first place where a secret shows, plain or encoded.
func (h *haystack) leaks(s Secret) (leak, bool) {
	if len(h.text) == 0 {
		return leak{}, false
	}
	windows := s.windows()
	for _, w := range windows {
		if l, ok := h.plain(s, w, len(windows)); ok {
			return l, true
		}
	}
	for _, w := range windows {
		for _, e := range encodings {
			for _, part := range e.spell(s.value[w[0]:w[1]]) {
				if at := h.find(part); at >= 0 {
					return leak{env: s.Env, form: e.name, part: part, at: at}, true
				}
			}
		}
	}
	return leak{}, false
}

// plain looks for a part as it is, and sees how far it goes on.
func (h *haystack) plain(s Secret, w [2]int, windows int) (leak, bool) {
	at := h.find(s.value[w[0]:w[1]])
	if at < 0 {
		return leak{}, false
	}
	begin, end, from, to := w[0], w[1], at, at+w[1]-w[0]
	for begin > 0 && from > 0 && s.value[begin-1] == h.text[from-1] {
		begin, from = begin-1, from-1
	}
	for end < len(s.value) && to < len(h.text) && s.value[end] == h.text[to] {
		end, to = end+1, to+1
	}
	if h.accident(s, begin, end, windows) > chance {
		return leak{}, false
	}
	return leak{env: s.Env, part: string(h.text[from:to]), at: from, whole: end-begin == len(s.value)}, true
}

// find returns the first place of a part, or -1.
func (h *haystack) find(part string) int {
	at := h.index.Lookup([]byte(part), -1)
	if len(at) == 0 {
		return -1
	}
	return slices.Min(at)
}

// accident bounds the probability that some part of a random secret as long as
// this one stands in the text by accident: the number of places where only
// characters of its alphabet stand, times the number of parts, over the number
// of parts that there could be.
func (h *haystack) accident(s Secret, begin, end, windows int) float64 {
	own := 0
	for _, secret := range s.own[begin:end] {
		if secret {
			own++
		}
	}
	alphabet := alphabetOf(s.value)
	places, run := 0, 0
	for _, c := range h.text {
		if run++; strings.IndexByte(alphabet, c) < 0 {
			run = 0
		}
		if run >= end-begin {
			places++
		}
	}
	size := len(alphabet)
	return float64(places) * float64(windows) / math.Pow(float64(size), float64(own))
}

// alphabetOf guesses the characters that a secret is drawn from: the smallest
// of the usual sets that holds all of it.
func alphabetOf(value string) string {
	const digits, hexa, lower, upper = "0123456789", "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, set := range []string{digits, hexa, strings.ToUpper(hexa), digits + lower, digits + upper} {
		if strings.Trim(value, set) == "" {
			return set
		}
	}
	return digits + lower + upper + "_-"
}

// An encoding spells a part in another way, in as many as there are.
type encoding struct {
	name  string
	spell func(part string) []string
}

// encodings are those in which secrets are met: Basic authorization, tokens,
// dumps, URLs and JSON.
var encodings = []encoding{
	{"base64", inBase64},
	{"hex", func(part string) []string {
		low := hex.EncodeToString([]byte(part))
		return []string{low, strings.ToUpper(low)}
	}},
	{"URL-encoded", func(part string) []string { return otherwise(part, url.QueryEscape(part), url.PathEscape(part)) }},
	{"JSON-escaped", func(part string) []string {
		if !utf8.ValidString(part) {
			return nil
		}
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		if enc.Encode(part) != nil {
			return nil // strings always marshal
		}
		return otherwise(part, strings.TrimSuffix(text.String(), "\"\n")[1:])
	}},
}

// otherwise returns the spellings that differ from the part itself.
func otherwise(part string, spellings ...string) []string {
	return slices.DeleteFunc(spellings, func(s string) bool { return s == part })
}

// inBase64 spells a part as it stands inside a longer base64 text, in which it
// may begin at any of three places of a group. Characters that also depend on
// what is around it are left out.
func inBase64(part string) []string {
	var list []string
	for shift := range 3 {
		text := append(make([]byte, shift), part...)
		whole := len(text) * 8 / 6 // characters that depend on nothing behind
		first := (shift*8 + 5) / 6 // characters that depend on something before
		for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			spelt := alphabet.EncodeToString(text)[first:whole]
			if !slices.Contains(list, spelt) {
				list = append(list, spelt)
			}
		}
	}
	return list
}
