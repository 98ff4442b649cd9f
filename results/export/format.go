// Package export knows the formats that each kind of document can be asked for in, and
// writes it so: a run (Runs, Starts), a fleet (Fleets), and what reads as rows
// (Listings). Named is the one place that decides whether a document has a format.
//
// The package deliberately opens no file and reads no flag: it is handed a writer and
// what there is to write.
package export

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
)

// A Format is a way to write a document of one kind.
type Format[T any] struct {
	Name, Doc string
	Draws     Draws
	Write     func(io.Writer, T) error
}

// Draws says which of the single calls a format draws on, where there are any.
type Draws int

// What a format draws on.
const (
	DrawsNone    Draws = iota
	DrawsProof         // those of witnesses, which loads don't have
	DrawsPicture       // of a load so many as a picture needs
	DrawsAll
)

// A Set is the formats that a kind of document has, the usual one first.
type Set[T any] []Format[T]

// An UnknownError is the error about a format that a document doesn't have.
type UnknownError struct {
	Name string   // what was asked for
	Has  []string // what there is
}

// Error implements error.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("%q is none of %s", e.Name, words.And(e.Has))
}

// Named is the format of a name; empty is the usual one. Any other is an *UnknownError.
func (s Set[T]) Named(name string) (Format[T], error) {
	if name == "" {
		return s[0], nil
	}
	for _, f := range s {
		if f.Name == name {
			return f, nil
		}
	}
	return Format[T]{}, &UnknownError{name, s.names()}
}

// Names are the formats' names, separated by commas, for a flag's help.
func (s Set[T]) Names() string { return strings.Join(s.names(), ", ") }

func (s Set[T]) names() []string {
	var list []string
	for _, f := range s {
		list = append(list, f.Name)
	}
	return list
}

// Help lists the formats with what they are for, a line each.
func (s Set[T]) Help() string {
	var lines []string
	for _, f := range s {
		lines = append(lines, fmt.Sprintf("  %-11s %s", f.Name, f.Doc))
	}
	return strings.Join(lines, "\n")
}

// Without is the set less some formats.
func (s Set[T]) Without(names ...string) Set[T] {
	return slices.DeleteFunc(slices.Clone(s), func(f Format[T]) bool { return slices.Contains(names, f.Name) })
}
