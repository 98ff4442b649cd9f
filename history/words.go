package history

// words keeps one copy of each string that turns up again and again, so that
// reading a million calls of three clients allocates three names.
type words struct {
	last  string // most often it is this again
	known map[string]string
}

// Limits on what is kept, so that a file in which every line has another name
// is still read in bounded memory.
const (
	maxWords = 1 << 14
	maxWord  = 256 // bytes; longer ones hardly come twice
)

// word returns text as a string.
func (w *words) word(text []byte) string {
	if string(text) == w.last {
		return w.last
	}
	s, ok := w.known[string(text)]
	if !ok {
		s = string(text)
		w.keep(s)
	}
	w.last = s
	return s
}

func (w *words) keep(s string) {
	switch {
	case len(s) > maxWord:
		return
	case w.known == nil:
		w.known = make(map[string]string)
	case len(w.known) >= maxWords:
		clear(w.known) // names change over a long file; the current ones are soon back
	}
	w.known[s] = s
}
