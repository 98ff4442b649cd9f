package history

import (
	"fmt"
	"strings"
)

// A LineError is one line that holds no call, and why.
type LineError struct {
	Line    int    // 1-based, blank lines counted
	Byte    int    // 1-based place in the line (a byte order mark not counted); 0 where no one place is to blame
	Field   string // the field at fault, such as "sent_ns"; empty where the line is no object at all
	Problem string // a sentence; quotes numbers, outcomes and single characters, never a client or a detail

	cut bool // the line ended too soon, which in the last one means that the file is truncated
}

func (e *LineError) Error() string { return fmt.Sprintf("history: line %d: %s", e.Line, e.Problem) }

// MaxErrors is how many bad lines an Errors holds.
const MaxErrors = 10

// Errors are the bad lines of one file: enough of them to mend a filter in one
// go, and the number of all.
type Errors struct {
	First []*LineError // the first MaxErrors, in the file's order
	Total int          // all bad lines, 1 or more
}

func (e *Errors) Error() string {
	var b strings.Builder
	for i, line := range e.First {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line.Error())
	}
	if more := e.Total - len(e.First); more > 0 {
		fmt.Fprintf(&b, "\nhistory: and %d more bad lines, %d in all", more, e.Total)
	}
	return b.String()
}

// Unwrap lets errors.As find the first LineError.
func (e *Errors) Unwrap() []error {
	errs := make([]error, len(e.First))
	for i, line := range e.First {
		errs[i] = line
	}
	return errs
}

// with counts a bad line, and keeps it if it is among the first. It makes the
// Errors if there is none yet.
func (e *Errors) with(line *LineError) *Errors {
	if e == nil {
		e = &Errors{}
	}
	if e.Total++; len(e.First) < MaxErrors {
		e.First = append(e.First, line)
	}
	return e
}
