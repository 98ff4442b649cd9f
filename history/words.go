package history

// words keeps one copy of each string that turns up again and again, so that
// reading a million calls of three clients allocates three names.
type words struct {
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
	if len(text) == 0 {
		return ""
	}
	if s, ok := w.known[string(text)]; ok {
		return s
	}
	s := string(text)
	if len(s) > maxWord {
		return s
	}
	if w.known == nil {
		w.known = make(map[string]string)
	} else if len(w.known) >= maxWords {
		clear(w.known) // names change over a long file; the current ones are soon back
	}
	w.known[s] = s
	return s
}
