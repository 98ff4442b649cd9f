package drive

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
)

// headline is what the selftest comes to, and what the honest mock did.
func headline(d *Selftest) string {
	s := "pass: every fault that can be caught was, with its cause, and no honest run failed"
	if !d.Pass {
		s = "fail: the checks are not what they should be"
	}
	s += fmt.Sprintf("\nhonest mock: %d runs, %d failed, %d inconclusive (delays of up to seconds are among them)\n",
		d.Honest.Runs, d.Honest.Failed, d.Honest.Inconclusive)
	for _, line := range d.Honest.First {
		s += fmt.Sprintf("  failed: %s\n", line)
	}
	for _, r := range d.Faults {
		if r.Missed() {
			s += fmt.Sprintf("  missed: %s: failed %d of %d runs, %d of them for the right cause\n", r.Fault, r.Caught,
				r.Runs, r.Named)
		}
	}
	return s
}

// faultGroup is why a row stands where it does.
type faultGroup int

const (
	shown    faultGroup = iota // failed, with calls that prove it
	withheld                   // never passed, and never failed either
	unseen                     // passed, as the plan can't see it
)

func groupOf(r FaultRow) faultGroup {
	switch {
	case !r.Expected:
		return unseen
	case r.Caught == 0 && r.Withheld == r.Runs:
		return withheld
	}
	return shown
}

// rowsOf are those of a group.
func rowsOf(d *Selftest, g faultGroup) []FaultRow {
	var rows []FaultRow
	for _, r := range d.Faults {
		if groupOf(r) == g {
			rows = append(rows, r)
		}
	}
	return rows
}

// caught says in how many runs a fault was.
func caught(r FaultRow) string {
	s := fmt.Sprintf("%d of %d", r.Caught, r.Runs)
	if r.Withheld > 0 {
		s += fmt.Sprintf(", %d inconclusive", r.Withheld)
	}
	for _, f := range r.Finer {
		s += fmt.Sprintf("; with --precision %g%%: %d of %d", 100*f.Precision, f.Caught, f.Runs)
	}
	return s
}

// Rows is the matrix, for people and for documents.
func (d *Selftest) Rows() export.Rows {
	return export.Rows{Document: d,
		Text:     func(w io.Writer) error { return errors.Join(d.table(w), d.Laws.table(w)) },
		Markdown: func(w io.Writer) error { return errors.Join(d.markdown(w), d.Laws.markdown(w)) },
	}
}

// table writes the matrix for a terminal.
func (d *Selftest) table(w io.Writer) error {
	if _, err := fmt.Fprintln(w, headline(d)); err != nil {
		return err
	}
	t := screen.Sheet{Header: []string{"fault", "caught", "by", "cause named"}, Widest: 52}
	for _, r := range rowsOf(d, shown) {
		t.Add(r.Fault, caught(r), strings.Join(r.Checks, ", "), r.Cause)
	}
	if err := t.Table(w); err != nil {
		return err
	}
	var s strings.Builder
	list := func(title string, rows []FaultRow) {
		if len(rows) == 0 {
			return
		}
		fmt.Fprintf(&s, "\n%s\n", title)
		for _, r := range rows {
			fmt.Fprintf(&s, "  %-22s %s\n", r.Fault, r.Note)
		}
	}
	list("never a pass, and no proof either:", rowsOf(d, withheld))
	list("not caught by the default plan, and why:", rowsOf(d, unseen))
	_, err := io.WriteString(w, s.String())
	return err
}

// markdown writes the matrix for a document.
func (d *Selftest) markdown(w io.Writer) error {
	t := screen.Sheet{Header: []string{"fault", "what is wrong", "failed", "by", "cause named"}}
	for _, r := range rowsOf(d, shown) {
		t.Add(r.Fault, r.Doc, caught(r), strings.Join(r.Checks, ", "), r.Cause)
	}
	not := screen.Sheet{Header: []string{"fault", "what is wrong", "what comes of it", "why"}}
	for _, r := range rowsOf(d, withheld) {
		not.Add(r.Fault, r.Doc, "inconclusive", r.Note)
	}
	for _, r := range rowsOf(d, unseen) {
		came := "passes"
		if r.Caught+r.Withheld > 0 {
			came = "failed in " + caught(r)
		}
		not.Add(r.Fault, r.Doc, came, r.Note)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Honest mock: %d runs, %d failed, %d inconclusive.\n\n", d.Honest.Runs, d.Honest.Failed,
		d.Honest.Inconclusive)
	err := t.Markdown(&b)
	b.WriteString("\nNot caught:\n\n")
	err = errors.Join(err, not.Markdown(&b))
	_, written := io.WriteString(w, b.String())
	return errors.Join(err, written)
}

// markdown writes the matrix of law faults for a document: a row a fault, and for each
// promise in how many runs it failed.
func (l *LawMatrix) markdown(w io.Writer) error {
	t := screen.Sheet{Header: []string{"promise", "fault", "what is wrong", "failed", "by", "cause named, or why not"}}
	for _, r := range l.Faults {
		said := r.Cause
		if !r.Expected {
			said = "not told: " + r.Note
		}
		t.Add(r.Promise, r.Fault, r.Doc, caught(r.FaultRow), strings.Join(r.Checks, ", "), said)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nMocks of laws, honest: %d runs, %d failed, %d inconclusive.\n\n", l.Honest.Runs, l.Honest.Failed,
		l.Honest.Inconclusive)
	err := t.Markdown(&b)
	_, written := io.WriteString(w, b.String())
	return errors.Join(err, written)
}

// table writes how many law faults are caught, and those that nobody can tell.
func (l *LawMatrix) table(w io.Writer) error {
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
	fmt.Fprintf(&s, "\nlaws: %d of %d faults of %d promises are caught by name, of the limiter that servers embed too "+
		"(--format markdown lists them); honest mocks: %d runs, %d failed, %d inconclusive\n",
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
