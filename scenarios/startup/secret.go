package startup

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
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
	form  string // how it is encoded there: "", "base64", "hex", "URL-encoded", "JSON-escaped", "reversed"
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

// leaks finds the first place where a secret shows in a text, plain, encoded or
// backwards.
func leaks(text []byte, s Secret) (leak, bool) {
	if l, ok := s.shown(text); ok {
		return l, true
	}
	l, ok := s.reversed().shown(text)
	if ok && l.form == "" {
		l.form, l.whole = "reversed", false
	}
	return l, ok
}

// reversed is the secret from its last character to its first.
func (s Secret) reversed() Secret {
	value := []byte(s.value)
	s.own = slices.Clone(s.own)
	slices.Reverse(value)
	slices.Reverse(s.own)
	s.value = string(value)
	return s
}

// shown finds the first place where a secret shows in a text, plain or encoded.
func (s Secret) shown(text []byte) (leak, bool) {
	windows := s.windows()
	var parts []string
	encoded := map[string]string{} // to the name of the encoding
	for _, w := range windows {
		parts = append(parts, s.value[w[0]:w[1]])
		for _, e := range encodings {
			for _, part := range e.spell(s.value[w[0]:w[1]]) {
				parts, encoded[part] = append(parts, part), e.name
			}
		}
	}
	at := findAll(text, parts)
	for _, w := range windows {
		if i, ok := at[s.value[w[0]:w[1]]]; ok {
			if l, ok := s.grow(text, w, i, len(windows)); ok {
				return l, true
			}
		}
	}
	for _, part := range parts {
		if i, ok := at[part]; ok && encoded[part] != "" {
			return leak{env: s.Env, form: encoded[part], part: part, at: i}, true
		}
	}
	return leak{}, false
}

// grow sees how far a part that stands in a text goes on.
func (s Secret) grow(text []byte, w [2]int, at, windows int) (leak, bool) {
	begin, end, from, to := w[0], w[1], at, at+w[1]-w[0]
	for begin > 0 && from > 0 && s.value[begin-1] == text[from-1] {
		begin, from = begin-1, from-1
	}
	for end < len(s.value) && to < len(text) && s.value[end] == text[to] {
		end, to = end+1, to+1
	}
	if s.accident(text, begin, end, windows) > chance {
		return leak{}, false
	}
	return leak{env: s.Env, part: string(text[from:to]), at: from, whole: end-begin == len(s.value)}, true
}

// findAll returns the first place of each part that stands in a text. It goes
// through the text once, whatever the number of parts: a key has hundreds, and
// some servers log megabytes. Parts are told apart by their first eight bytes
// (Rabin and Karp, "Efficient randomized pattern-matching algorithms", 1987,
// with the bytes themselves for a fingerprint).
func findAll(text []byte, parts []string) map[string]int {
	const n = 8
	found := map[string]int{}
	table := map[uint64][]string{}
	var maybe [1 << 16]bool // a cheap look before the table
	for _, part := range parts {
		if len(part) < n {
			if i := bytes.Index(text, []byte(part)); i >= 0 {
				found[part] = i
			}
			continue
		}
		key := binary.BigEndian.Uint64([]byte(part[:n]))
		table[key] = append(table[key], part)
		maybe[mix(key)] = true
	}
	var key uint64
	for i, c := range text {
		key = key<<8 | uint64(c)
		if i < n-1 || !maybe[mix(key)] {
			continue
		}
		for _, part := range table[key] {
			if _, known := found[part]; !known && bytes.HasPrefix(text[i-n+1:], []byte(part)) {
				found[part] = i - n + 1
			}
		}
	}
	return found
}

// mix spreads a fingerprint over 16 bits (Fibonacci hashing).
func mix(key uint64) uint16 { return uint16(key * 0x9E3779B97F4A7C15 >> 48) }

// accident bounds the probability that some part of a random secret as long as
// this one stands in the text by accident: the number of places where only
// characters of its alphabet stand, times the number of parts, over the number
// of parts that there could be.
func (s Secret) accident(text []byte, begin, end, windows int) float64 {
	own := 0
	for _, secret := range s.own[begin:end] {
		if secret {
			own++
		}
	}
	alphabet := alphabetOf(s.value)
	places, run := 0, 0
	for _, c := range text {
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
	const digits, hexa, lower, upper = "0123456789", "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
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
