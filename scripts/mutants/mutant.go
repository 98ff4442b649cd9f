//go:build unix

package main

import (
	"fmt"
	"strings"
)

// A mutant is one small mistake that could stand in a source file.
type mutant struct {
	file       string // by its path from the module's root, with slashes
	fn         string // the function it is in
	from, to   string // what the source says, and what the mutant says instead
	nth        int    // which of the same mistakes in one function, from 1
	begin, end int    // the bytes to be replaced …
	text       string // … by these
}

// longestText is as much of a source text as is shown.
const longestText = 100

// newMutant replaces source[begin:end] by text. What is shown is the smallest
// expression or statement around it, source[low:high].
func newMutant(source []byte, low, high, begin, end int, text string) mutant {
	changed := string(source[low:begin]) + text + string(source[end:high])
	if strings.TrimSpace(changed) == "" {
		changed = "(nothing)"
	}
	return mutant{from: oneLine(string(source[low:high])), to: oneLine(changed), begin: begin, end: end, text: text}
}

// oneLine shows a piece of source on one line.
func oneLine(text string) string {
	words := []rune(strings.Join(strings.Fields(text), " "))
	if len(words) > longestText {
		return string(words[:longestText]) + " …"
	}
	return string(words)
}

// name tells a mutant from every other, and stays the same while the lines
// around it come and go: the list of known survivors goes by it.
func (m mutant) name() string {
	return fmt.Sprintf("%s %s: %s -> %s #%d", m.file, m.fn, m.from, m.to, m.nth)
}

// apply returns the source with the mistake in it.
func (m mutant) apply(source []byte) []byte {
	out := append([]byte(nil), source[:m.begin]...)
	out = append(out, m.text...)
	return append(out, source[m.end:]...)
}
