package profiles

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Fault is one thing that is wrong with a profile file.
type Fault struct {
	File    string // the file's path, or a folder's
	Line    int    // from 1; 0 where the fault has no place in the file
	Column  int    // from 1, in characters; 0 where Line is
	Field   string // the field's path, such as "limit.rate"; empty for the whole file
	Problem string // what was found
	Want    string // what was expected; may be empty
	Warning bool   // it is worth knowing, and stops nothing
}

// Error implements error:
//
//	profiles: acb.yaml:7:9: limit.rate: "abc" is not a rate, want such as 12, 12/s, 300/1m, 0.5/s
func (f Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", f.Line, f.Column)
	}
	if f.Field != "" {
		b.WriteString(": " + f.Field)
	}
	b.WriteString(": " + f.Problem)
	if f.Want != "" {
		b.WriteString(", want " + f.Want)
	}
	return b.String()
}

// Errors are all the faults of all the files of one load, in the order of the
// files and of the lines in them. None is a warning.
type Errors []Fault

// Error returns one line a fault.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, f := range e {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the faults, so that errors.As finds the first Fault too.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, f := range e {
		list[i] = f
	}
	return list
}

// inFile sorts the faults of one file as a reader meets them.
func inFile(faults []Fault) {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
