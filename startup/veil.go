package startup

import (
	"strings"
	"unicode"
)

// How much of a line is quoted, and looked at for that, in bytes.
const (
	longest = 200
	looked  = 2000
)

// least is the shortest run of a secret's characters that is veiled. It is
// shorter than a leak, since what is quoted goes into documents.
const least = 6

// quoted is a line in quotation marks.
func (t *Trial) quoted(line string) string { return `"` + quote(line, t.secrets()) + `"` }

// quote makes a line of a server's output fit to be shown: short, without
// control characters, and with every secret veiled.
func quote(line string, secrets []Secret) string {
	line = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, line)
	line = veil(line[:min(len(line), looked)], secrets)
	if len(line) > longest {
		return strings.ToValidUTF8(line[:longest], "") + " …"
	}
	return strings.ToValidUTF8(line, "")
}

// veil replaces what a line shows of secrets.
func veil(line string, secrets []Secret) string {
	hidden := make([]bool, len(line))
	for _, s := range secrets {
		s.hide(line, hidden)
	}
	var b strings.Builder
	for i := range len(line) {
		switch {
		case !hidden[i]:
			b.WriteByte(line[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString("***")
		}
	}
	return b.String()
}

// hide marks the bytes of a line that show a secret.
func (s Secret) hide(line string, hidden []bool) {
	for at := range len(line) {
		for from := range len(s.value) {
			n, own := 0, 0
			for at+n < len(line) && from+n < len(s.value) && line[at+n] == s.value[from+n] {
				if s.own[from+n] {
					own++
				}
				n++
			}
			if own >= min(least, s.secretLength()) && own > 0 {
				mark(hidden, at, n)
			}
		}
	}
	for _, w := range s.windows() {
		for _, e := range encodings {
			for _, part := range e.spell(s.value[w[0]:w[1]]) {
				for at := strings.Index(line, part); at >= 0; {
					mark(hidden, at, len(part))
					next := strings.Index(line[at+1:], part)
					if next < 0 {
						break
					}
					at += 1 + next
				}
			}
		}
	}
}

func mark(hidden []bool, at, n int) {
	for i := at; i < at+n; i++ {
		hidden[i] = true
	}
}
