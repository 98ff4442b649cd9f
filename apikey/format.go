package apikey

import (
	"math/rand/v2"
	"strings"
)

// A class is a set of bytes.
type class struct {
	chars string
	has   [256]bool
	id    int
}

func newClass(id int, chars string) *class {
	c := &class{chars: chars, id: id}
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
	hexes     = newClass(0, digits+"abcdef")
	hexesToH  = newClass(1, digits+"abcdefgh")
	alnums    = newClass(2, digits+uppers+lowers)
	words     = newClass(3, digits+uppers+lowers+"_")
	urlSafes  = newClass(4, digits+uppers+lowers+"_-")
	dotted    = newClass(5, digits+uppers+lowers+"_-.")
	base64ish = newClass(6, digits+uppers+lowers+"_-.+/=~:")
)

const classes = 7

// A part is a stretch of a format: fixed text, or min to max bytes of a class.
// Only the last part of a format may have min and max apart, so that matching
// never has to go back.
type part struct {
	text     string
	class    *class
	min, max int
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
	read     string // the date that the source was read, as 2006-01-02
	checksum bool   // the last six characters are GitHub's checksum
}

// prefix is the fixed text that the format begins with.
func (f *format) prefix() string { return f.parts[0].text }

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
	for _, p := range f.parts {
		switch {
		case p.class == nil:
			b.WriteString(p.text)
		case p.min == p.max:
			b.WriteString("<" + itoa(p.min) + " " + p.class.words() + ">")
		default:
			b.WriteString("<" + itoa(p.min) + " or more " + p.class.words() + ">")
		}
	}
	return b.String()
}

func (c *class) words() string {
	switch c {
	case hexes:
		return "hex digits"
	case hexesToH:
		return "of 0-9 a-h"
	case alnums:
		return "letters or digits"
	case words:
		return "letters, digits or _"
	case urlSafes:
		return "letters, digits, _ or -"
	}
	return "letters, digits or signs"
}

// masked is an example of which only the fixed beginning is real.
func (f *format) masked() string { return f.prefix() + "***" }

// sample makes up a value of the format.
func (f *format) sample(r *rand.Rand) string {
	for {
		var b strings.Builder
		for _, p := range f.parts {
			b.WriteString(p.text)
			for range p.min {
				b.WriteByte(p.class.chars[r.IntN(len(p.class.chars))])
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
