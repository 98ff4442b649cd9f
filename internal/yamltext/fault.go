package yamltext

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Fault is one thing that is wrong with a file.
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

// Faults are all that is wrong, in the order of the files and of the lines in them.
type Faults []Fault

// Error returns one line a fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the faults, so that errors.As finds the first Fault too.
func (f Faults) Unwrap() []error {
	list := make([]error, len(f))
	for i := range f {
		list[i] = f[i]
	}
	return list
}

// Sort sorts the faults of one file as a reader meets them.
func (f Faults) Sort() {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
