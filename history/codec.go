package history

import (
	"cmp"
	"fmt"
	"io"
	"time"
)

// MaxLine is the longest line that a history file may have, in bytes without
// its line break.
const MaxLine = 1 << 20

// The three outcomes that a verdict tells apart.
const (
	wordAdmitted = "admitted"
	wordLimited  = "limited"
	wordUnknown  = "unknown"
)

// word is what a file says in its outcome field.
func (o Outcome) word() string {
	switch o {
	case OK:
		return wordAdmitted
	case Limited:
		return wordLimited
	default:
		return wordUnknown
	}
}

// Write writes calls as a history file, one a line in the order given, so that
// the call at index i is on line i+1. Arguments aren't stored. It fails if w
// does, or at the first call that a Reader would refuse.
func Write(w io.Writer, calls []Call) error {
	out := NewWriter(w)
	for i := range calls {
		if err := out.Write(&calls[i]); err != nil {
			// The calls before a bad one are kept. If w fails as well, that is
			// what to mend first.
			return cmp.Or(out.Flush(), err)
		}
	}
	return out.Flush()
}

// ReadAll reads a whole history file, in the order of its lines. A file
// without a call is no error: it is the caller who knows that there is nothing
// to judge. If lines are bad, it returns no calls and an *Errors, which has
// the first MaxErrors bad lines and counts all of them.
//
// The position of a call in the slice is its line number less one only where
// the file has no blank lines; use Reader.Each where line numbers count.
func ReadAll(r io.Reader) ([]Call, error) {
	var calls []Call
	err := NewReader(r).Each(func(_ int, c *Call) error {
		calls = append(calls, *c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return calls, nil
}

// fault says what is wrong with a call's instants, and of which field; both
// are empty for a call that a file can hold. It keeps writer and reader of one
// mind.
func (c *Call) fault() (field, problem string) {
	if min(c.Sent, c.Received, c.Due) >= 0 && c.Received >= c.Sent {
		return "", "" // nearly always
	}
	for _, instant := range [...]struct {
		field string
		at    time.Duration
	}{{keySent, c.Sent}, {keyReceived, c.Received}, {keyDue, c.Due}} {
		if instant.at < 0 {
			return instant.field, fmt.Sprintf("%s %d is negative", instant.field, int64(instant.at))
		}
	}
	return keyReceived, fmt.Sprintf("received_ns %d is before sent_ns %d", int64(c.Received), int64(c.Sent))
}
