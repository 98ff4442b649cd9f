package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/mcpload/mcpload/scenarios/drive"
)

// lawsMarkdown prints the matrix of law faults for documents: a row a fault, and for each
// promise in how many runs it failed.
func lawsMarkdown(w io.Writer, l *drive.LawMatrix) error {
	var s strings.Builder
	fmt.Fprintf(&s, "\nMocks of laws, honest: %d runs, %d failed, %d inconclusive.\n\n", l.Honest.Runs, l.Honest.Failed, l.Honest.Inconclusive)
	markdownRow(&s, "promise", "fault", "what is wrong", "failed", "by", "cause named, or why not")
	markdownRow(&s, "---", "---", "---", "---", "---", "---")
	for _, r := range l.Faults {
		said := r.Cause
		if !r.Expected {
			said = "not told: " + r.Note
		}
		markdownRow(&s, r.Promise, r.Fault, r.Doc, caught(r.FaultRow), strings.Join(r.Checks, ", "), said)
	}
	_, err := io.WriteString(w, s.String())
	return err
}

// lawsTable prints how many law faults are caught, and those that nobody can tell.
func lawsTable(w io.Writer, l *drive.LawMatrix) error {
	var s strings.Builder
	caught, told := 0, 0
	for _, r := range l.Faults {
		if r.Expected {
			told++
			if !r.Missed() {
				caught++
			}
		}
	}
	fmt.Fprintf(&s, "\nlaws: %d of %d faults of %d promises are caught by name (--format markdown lists them); honest mocks: %d runs, %d failed, %d inconclusive\n",
		caught, told, l.LawPromises(), l.Honest.Runs, l.Honest.Failed, l.Honest.Inconclusive)
	for _, line := range l.Honest.First {
		fmt.Fprintf(&s, "  failed: %s\n", line)
	}
	for _, line := range l.Missed() {
		fmt.Fprintf(&s, "  missed: %s\n", line)
	}
	_, err := io.WriteString(w, s.String())
	return err
}
