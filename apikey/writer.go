package apikey

import (
	"fmt"
	"io"
	"strings"
)

// The most that a Writer holds back of a text without a break, and how much of
// that stays behind when it must let go: more than any key is long.
const (
	mostHeld  = 64 << 10
	leastHeld = 8 << 10
)

// A Writer takes credentials out of what passes through it, also where one is
// split across writes. For that it holds back what stands behind the last white
// space, so Close it, or Flush it, at the end. It is not safe for concurrent use.
type Writer struct {
	to func() *sink // a function, as in Redactor
}

type sink struct {
	w      io.Writer
	r      *Redactor
	held   []byte
	inside bool // what was let go ended inside a credential
	err    error
}

// Writer returns a writer that redacts what it passes on to w.
func (r *Redactor) Writer(w io.Writer) *Writer {
	s := &sink{w: w, r: r}
	return &Writer{func() *sink { return s }}
}

// Write takes all of p, unless the writer behind it failed before.
func (w *Writer) Write(p []byte) (int, error) {
	s := w.to()
	if s.err != nil {
		return 0, s.err
	}
	s.held = append(s.held, p...)
	cut := s.cut()
	if cut > 0 {
		s.pass(cut)
	}
	if s.err != nil {
		return 0, s.err
	}
	return len(p), nil
}

// cut is how much of what is held can be judged: it ends behind white space, of
// which no key has any. Where a registered value has some, it must have arrived
// whole.
func (s *sink) cut() int {
	text := string(s.held)
	end := len(text)
	if known := s.r.secrets(); known.spaced {
		end = max(0, end-known.longest)
	}
	cut := strings.LastIndexAny(text[:end], " \t\r\n") + 1
	if cut == 0 && len(text) > mostHeld+s.longest() {
		cut = len(text) - leastHeld - s.longest()
	}
	if cut == 0 {
		return 0
	}
	for _, m := range s.r.Find(text) {
		if m.Start < cut && cut < m.End {
			if len(text)-m.Start > 2*mostHeld {
				return m.End // no key is so long, and memory has an end
			}
			return m.Start
		}
	}
	return cut
}

// longest is the most bytes that a registered value has in a text: percent-encoded
// it is three times as long.
func (s *sink) longest() int { return s.r.secrets().longest * 3 }

// pass redacts the first n bytes that are held and writes them.
func (s *sink) pass(n int) {
	text := string(s.held[:n])
	if s.inside { // the rest of a credential that was too long to hold
		text = strings.TrimLeftFunc(text, func(c rune) bool { return c < 256 && dotted.has[byte(c)] })
		s.inside = text == ""
	}
	found := s.r.Find(text)
	if k := len(found); k > 0 && n > mostHeld && found[k-1].End == len(text) {
		s.inside = true
	}
	_, s.err = io.WriteString(s.w, s.r.Redact(text))
	s.held = append(s.held[:0], s.held[n:]...)
}

// Flush redacts and writes what is held back. Half a credential at its end can't
// be known for one, so flush where a text ends.
func (w *Writer) Flush() error {
	s := w.to()
	if s.err == nil && len(s.held) > 0 {
		s.pass(len(s.held))
	}
	return s.err
}

// Close is Flush. It doesn't close the writer behind.
func (w *Writer) Close() error { return w.Flush() }

// Format prints none of what is held back, whatever the verb.
func (w *Writer) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "apikey.Writer("+w.to().r.String()+")") // a Formatter can't report an error
}
