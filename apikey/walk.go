package apikey

import "bytes"

// A walk goes through a credential that may have white space in it: a line that
// was wrapped, or groups of characters.
type walk struct {
	s     *scanner
	class *class
	least int // where it may end
	usual int // where it ends at a white space
	piece int // how long the piece is that was gone through
	begin int // where the piece begins
	wordy int // how many bytes stand in pieces that look like words or are numbers
	words int // how many pieces look like words
	inner int // how long the last piece was that is neither the first nor the last one
	split bool
	mixed bool // pieces but for the first and the last one differ in length
}

// prose reports if n bytes that were gone through are rather a sentence: words or
// numbers for the most part, or three words that nobody cut to one length.
func (w *walk) prose(n int) bool { return 2*w.wordy > n || w.words >= 3 && w.mixed }

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
	if w.inner > 0 && w.inner != n-w.begin {
		w.mixed = true
	}
	if w.split {
		w.inner = n - w.begin
	}
	w.piece, w.begin, w.split = n-w.begin, n, true
	if wordlike(next) {
		w.words++
		w.wordy += len(next)
	} else if len(bytes.Trim(next, digits)) == 0 {
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
	return len(piece) >= least && !wordlike(piece) && bytes.ContainsAny(piece, digits) &&
		len(bytes.Trim(piece, digits+"-_.")) > 0
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

// inRun are the bytes of which weak formats consist.
var inRun = newClass("", digits+uppers+lowers+"-_+/")

// weakly appends the credentials that nothing tells but their length, their
// alphabet and the name before them. What stands between white space is looked at
// only where it is long enough to be the begin of one.
func (s *scanner) weakly(found []Match) []Match {
	begin, behind := 0, 0 // what was found last ends at behind
	for k := 0; begin < len(s.text); {
		for k < len(s.pieces) && (s.pieces[k].gap != space || int(s.pieces[k].at) <= begin) {
			k++
		}
		stop := len(s.text)
		if k < len(s.pieces) {
			stop = int(s.pieces[k].at)
		}
		if stop-begin >= leastPiece {
			found, behind = s.weaklyIn(max(begin, behind), stop, k, found)
		}
		begin = stop
	}
	return found
}

// weaklyIn looks at what stands from i to stop, where white space follows.
func (s *scanner) weaklyIn(i, stop, next int, found []Match) ([]Match, int) {
	for {
		from := runOf(s.text[:stop], &inRun.has, i, leastPiece)
		if from < 0 {
			return found, stop
		}
		i = from
		n, digit := i, false
		for ; n < stop && inRun.has[s.text[n]]; n++ {
			digit = digit || s.text[n] <= '9' && s.text[n] >= '0'
		}
		if digit && n-i <= mostWeak {
			if to, family := s.weak(i, n, n == stop, next); to > 0 {
				found = append(found, s.match(i, to, family))
				n = max(n, to)
			}
		}
		i = n
	}
}

// runOf finds the first run of at least so many bytes of a class, or -1. It looks
// at the last byte of where one may be, and most of what is before it is passed
// over.
func runOf(text []byte, in *[256]bool, from, shortest int) int {
next:
	for from+shortest <= len(text) {
		for i := from + shortest - 1; i >= from; i-- {
			if !in[text[i]] {
				from = i + 1
				continue next
			}
		}
		return from
	}
	return -1
}

// leastPiece is how long a piece of a weak format is at least.
const leastPiece = 8

// weak judges the piece from i to n, and where it looks random and white space ends
// it, those that go on behind it as wrapped lines do.
func (s *scanner) weak(i, n int, spaced bool, next int) (to int, family string) {
	first := n
	for called := false; ; {
		if n-i >= leastNamed {
			if called = called || s.called(i); !called {
				return 0, ""
			}
			switch found := s.weakOf(i, n); {
			case found == generic.name && n == first: // unless what goes on makes it another's
				to, family = s.tokenEnd(n), found
			case found != "" && found != generic.name:
				return n, found
			}
		}
		if !spaced || n >= len(s.text) || !coded(s.text[i:n]) {
			return to, family
		}
		for next < len(s.pieces) && (int(s.pieces[next].at) <= n || s.pieces[next].gap != space) {
			next++
		}
		stop := len(s.text)
		if next < len(s.pieces) {
			stop = int(s.pieces[next].at)
		}
		from := n
		for n < stop && n-i <= mostWeak && inRun.has[s.text[n]] {
			n++
		}
		if n == from || n-i > mostWeak {
			return to, family
		}
		spaced = n == stop
	}
}

// weakOf names the family of which the piece is a credential.
func (s *scanner) weakOf(i, n int) string {
	piece := s.text[i:n]
	if !bytes.ContainsAny(piece, digits) || wordlike(piece) || !various(piece) || unlikely(piece) {
		return ""
	}
	list := s.marks.weak
	if !s.marks.lengths[n-i] {
		list = nil // none is so long
	}
	for k := range list {
		w := &list[k]
		if n-i >= w.min && n-i <= w.max && w.f.fits(piece) && s.named(i, w.near) {
			return w.family
		}
	}
	if n-i <= mostWeak && (mixed(piece) || loud(piece) || uuidLike(piece)) && !identifier(piece) &&
		s.secretBefore(i, piece) {
		return generic.name
	}
	return ""
}

// leastNamed is how long a value is at least that is a credential for its name alone.
const leastNamed = 14

var inToken = newClass("", digits+uppers+lowers+"-._~+/=%")

// tokenEnd is where a value ends that may have any of the signs of a token68 (RFC 9110,
// section 11.2).
func (s *scanner) tokenEnd(n int) int {
	for n < len(s.text) && s.gap(n) != space && inToken.has[s.text[n]] {
		n++
	}
	return n
}

// called reports if what begins at i may be a value that a name says is a credential.
func (s *scanner) called(i int) bool {
	return (i == 0 || s.opens(i)) && (s.assigned(i) || login(s.sourceBefore(i, nearby))) && !s.disowned(i)
}

// opens reports if a value may begin at i: behind a sign that assigns, a quotation
// mark, or white space.
func (s *scanner) opens(i int) bool {
	if s.gap(i) == space {
		return true
	}
	switch s.text[i-1] {
	case '=', ':', '"', '\'', '`', '>', '(', ',', '[', '{', ';', '&', '?', '|':
		return true
	}
	return s.text[i-1] == '\\' || i > 1 && s.text[i-2] == '\\'
}

// fits reports if a piece is of the format, in any case.
func (f *format) fits(piece []byte) bool {
	for i := range f.parts {
		p := &f.parts[i]
		if p.padding() {
			continue
		}
		if p.class == nil {
			if len(piece) < len(p.text) || !bytes.EqualFold(piece[:len(p.text)], []byte(p.text)) {
				return false
			}
			piece = piece[len(p.text):]
			continue
		}
		n := 0
		for n < min(len(piece), p.max) && (p.class.has[piece[n]] || p.class.has[small[piece[n]]]) {
			n++
		}
		if n < p.min {
			return false
		}
		piece = piece[n:]
	}
	return len(piece) == 0
}
