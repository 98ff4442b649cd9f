package promise

import "strconv"

// A SyntaxError says why a text can't be read. Problem and Want stand without a
// prefix, for callers that say where the text stands: in a flag, or a line of a file.
type SyntaxError struct {
	Problem string // what is wrong, the text quoted in it
	Want    string // what would be right; may be empty
}

// Sentence is the error without its prefix.
func (e *SyntaxError) Sentence() string {
	if e.Want == "" {
		return e.Problem
	}
	return e.Problem + ", want " + e.Want
}

func (e *SyntaxError) Error() string { return e.Sentence() }

// quote quotes what a file or a flag says, cut to what fits a line.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}
