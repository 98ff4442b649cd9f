// Package hint joins to an error what its reader may do about it: New where the
// error is made, Of where it is printed.
package hint

import "errors"

// An Error is an error with a hint.
type Error struct {
	err  error
	hint string
}

// New joins a hint to an error; an empty one hides those of the errors below.
func New(err error, hint string) error { return Error{err, hint} }

// Of is the hint of an error, or of the first below it that has one.
func Of(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

func (e Error) Error() string { return e.err.Error() }

// Unwrap is the error without the hint.
func (e Error) Unwrap() error { return e.err }

// Hint is what its reader may do.
func (e Error) Hint() string { return e.hint }
