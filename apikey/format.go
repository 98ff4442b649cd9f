package apikey

import (
	"math/rand/v2"
	"strings"
)

// A class is a set of bytes.
type class struct {
	words string // as a message names it
	chars string
	has   [256]bool
}

func newClass(words, chars string) *class {
	c := &class{words: words, chars: chars}
	for i := range len(chars) {
		c.has[chars[i]] = true
	}
	return c
}

const (
	digits = "0123456789"
	lowers = "abcdefghijklmnopqrstuvwxyz"
	uppers = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// The alphabets of credentials.
var (
	hexes     = newClass("hex digits", digits+"abcdef")
	anyHexes  = newClass("hex digits", digits+"abcdefABCDEF")
	hexesToH  = newClass("of 0-9 a-h", digits+"abcdefgh")
	numbers10 = newClass("digits", digits)
	base36s   = newClass("small letters or digits", digits+lowers)
	capitals  = newClass("capitals or digits", digits+uppers)
	base32s32 = newClass("of A-Z 2-7", uppers+"234567")
	letters   = newClass("letters", uppers+lowers)
	alnums    = newClass("letters or digits", digits+uppers+lowers)
	words     = newClass("letters, digits or _", digits+uppers+lowers+"_")
	hyphened  = newClass("letters, digits or -", digits+uppers+lowers+"-")
	urlSafes  = newClass("letters, digits, _ or -", digits+uppers+lowers+"_-")
	stdBase64 = newClass("letters, digits, + or /", digits+uppers+lowers+"+/")
	padded    = newClass("letters, digits, +, / or =", digits+uppers+lowers+"+/=_-")
	dotted    = newClass("letters, digits or signs", digits+uppers+lowers+"_-.")
	tilded    = newClass("letters, digits or signs", digits+uppers+lowers+"_-.~")
	either64  = newClass("letters, digits or signs", digits+uppers+lowers+"+/_-")
	kebab     = newClass("small letters, digits or -", digits+lowers+"-")
	signed64  = newClass("letters, digits or signs", digits+uppers+lowers+"+_-")
	commas    = newClass("letters, digits or signs", digits+uppers+lowers+"+/=_-,")
	pemLines  = newClass("lines of base64", digits+uppers+lowers+"+/=- \\\n\r")
	base64ish = newClass("letters, digits or signs", digits+uppers+lowers+"_-.+/=~:")
)

// A part is a stretch of a format: fixed text, or min to max bytes of a class.
// A part whose min and max differ is the last one, or its class hasn't what comes
// next, so that matching never has to go back.
type part struct {
	text     string
	class    *class
	min, max int
	usual    int // how many there are in what is made up; 0: min
}

// padding reports if a part is what base 64 ends with.
func (p *part) padding() bool { return p.text == "=" || p.text == "==" }

// typical is how many bytes a part usually has.
func (p *part) typical() int {
	if p.class == nil {
		return len(p.text)
	}
	return max(p.min, p.usual)
}

// A role says what it means that a value has a format.
type role uint8

const (
	current   role = iota // issued today
	old                   // no longer issued, still accepted
	plausible             // not known, but as a newer format may look
	wrong                 // of this provider, but not what is asked for
)

// A format is one shape of a credential. It is never changed once it is made.
type format struct {
	name     string
	role     role
	parts    []part
	source   string
	read     string   // the date that the source was read, as 2006-01-02
	checksum bool     // the last six characters are GitHub's checksum
	near     []string // so weak that it is looked for in texts only behind one of these words; nil: by its prefix
	middle   bool     // found by what stands in its middle
	hidden   bool     // not looked for in texts: a name, or by other means
	shared   bool     // another provider's keys look the same: texts name that one, and nothing is told from it
}

// form makes a format that is issued today.
func form(name, source string, parts ...part) *format {
	return &format{name: name, parts: parts, source: source, read: readLater}
}

func (f *format) as(r role) *format              { f.role = r; return f }
func (f *format) summed() *format                { f.checksum = true; return f }
func (f *format) behind(words ...string) *format { f.near = words; return f }
func (f *format) unsought() *format              { f.hidden = true; return f }

// alsoOthers says that the keys of a provider with more users look the same.
func (f *format) alsoOthers() *format { f.hidden, f.shared = true, true; return f }

// byMiddle says that texts are searched for it by what stands in its middle.
func (f *format) byMiddle() *format { f.hidden, f.middle = true, true; return f }

// prefix is the fixed text that the format begins with.
func (f *format) prefix() string { return f.parts[0].text }

// least is how many bytes a value of the format has at least.
func (f *format) least() int {
	n := 0
	for i := range f.parts {
		n += len(f.parts[i].text) + f.parts[i].min
	}
	return n
}

// match reports if v is of the format, from its first byte to its last.
func (f *format) match(v string) bool {
	for i := range f.parts {
		p := &f.parts[i]
		if p.class == nil {
			if !strings.HasPrefix(v, p.text) {
				return false
			}
			v = v[len(p.text):]
			continue
		}
		has, n := &p.class.has, 0
		for stretch := v[:min(len(v), p.max)]; n < len(stretch) && has[stretch[n]]; n++ {
		}
		if n < p.min {
			return false
		}
		v = v[n:]
	}
	return v == ""
}

// describe is the format in words for a message, and in shape for a table: the
// fixed text, and the number of characters behind it.
func (f *format) describe() string {
	var b strings.Builder
	for i := range f.parts {
		p := &f.parts[i]
		switch {
		case p.class == nil:
			b.WriteString(p.text)
		case p.min == p.max:
			b.WriteString("<" + itoa(p.min) + " " + p.class.words + ">")
		case p.usual > 0:
			b.WriteString("<about " + itoa(p.usual) + " " + p.class.words + ">")
		default:
			b.WriteString("<" + itoa(p.min) + " or more " + p.class.words + ">")
		}
	}
	return b.String()
}

func (p *part) alphabet() string {
	if p.class == nil {
		return ""
	}
	return p.class.chars
}

// found says if the format is looked for in texts.
func (f *format) found() string {
	switch {
	case f.near != nil:
		return "by name"
	case f.shared && f.role != wrong:
		return "anywhere"
	case f.hidden && !f.middle || f.role == plausible:
		return "no"
	}
	return "anywhere"
}

// masked is an example of which only the fixed beginning is real.
func (f *format) masked() string { return f.prefix() + "***" }

// sample makes up a value of the format.
func (f *format) sample(r *rand.Rand) string {
	for {
		var b strings.Builder
		for i := range f.parts {
			p := &f.parts[i]
			b.WriteString(p.text)
			for range p.typical() * min(1, len(p.alphabet())) {
				b.WriteByte(p.alphabet()[r.IntN(len(p.alphabet()))])
			}
		}
		v := b.String()
		if f.checksum {
			v = v[:len(v)-checksumLength] + checksum(v[len(f.prefix()):len(v)-checksumLength])
		}
		if _, bad := trivial(v[len(f.prefix()):]); !bad { // once in 10^9 values or so
			return v
		}
	}
}
