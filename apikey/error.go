package apikey

import (
	"errors"
	"fmt"
	"strings"
)

// The family of errors: errors.Is(err, ErrCredential) is true of whatever a
// credential can be wrong in, and of each kind's own sentinel.
var (
	ErrCredential   = errors.New("credential")
	ErrMissing      = errors.New("credential is missing")
	ErrBlank        = errors.New("credential is blank")
	ErrPlaceholder  = errors.New("credential is a placeholder")
	ErrWrongFamily  = errors.New("credential is of another kind")
	ErrMalformed    = errors.New("credential is malformed")
	ErrUnrecognised = errors.New("credential has an unknown format")
)

var sentinels = [...]error{ErrMissing, ErrBlank, ErrPlaceholder, ErrWrongFamily, ErrMalformed, ErrUnrecognised}

// An Error says what is wrong with one credential. It never holds the value.
type Error struct {
	Field    string  // the server's own name for it; may be empty
	Env      string  // the environment variable
	Provider string  // whose it should be
	Expected string  // the format in words
	Verdict  Verdict // never Valid
	Detail   string  // what is wrong, as a predicate
	Where    string  // where people get one; may be empty
	From     string  // NAME_FILE or CREDENTIALS_DIRECTORY, where the value came from a file
}

// Error is one line that names the variable, the fault, the format, and where to
// get one.
func (e *Error) Error() string {
	name := e.Env
	if e.Field != "" && e.Field != e.Env {
		name += " (" + e.Field + ")"
	}
	if e.From != "" {
		name += " (by " + e.From + ")"
	}
	s := "apikey: " + strings.TrimSpace(name+" "+e.Detail)
	if e.Expected != "" {
		s += fmt.Sprintf("; expected for %s: %s", e.Provider, e.Expected)
	}
	if e.Where != "" {
		s += "; get one at " + e.Where
	}
	return s
}

// Is reports if the target is ErrCredential or the sentinel of the verdict.
func (e *Error) Is(target error) bool {
	return target == ErrCredential || int(e.Verdict) < len(sentinels) && target == sentinels[e.Verdict]
}

// Errors is every fault of a start-up, in the order of its Spec. errors.Is and
// errors.As look into each.
type Errors []*Error

// Error is a line for each fault.
func (e Errors) Error() string {
	var lines []string
	for _, one := range e {
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the faults.
func (e Errors) Unwrap() []error {
	var list []error
	for _, one := range e {
		list = append(list, one)
	}
	return list
}
