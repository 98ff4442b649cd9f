package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// headline is what the selftest comes to, and what the honest mock did.
func (d *selftestDoc) headline() string {
	s := "pass: every fault that can be caught was, with its cause, and no honest run failed"
	if !d.Pass {
		s = "fail: the checks are not what they should be"
	}
	s += fmt.Sprintf("\nhonest mock: %d runs, %d failed, %d inconclusive (delays of up to seconds are among them)\n", d.Honest.Runs, d.Honest.Failed, d.Honest.Inconclusive)
	for _, line := range d.Honest.First {
		s += fmt.Sprintf("  failed: %s\n", line)
	}
	for _, r := range d.Faults {
		if r.missed() {
			s += fmt.Sprintf("  missed: %s: failed %d of %d runs, %d of them for the right cause\n", r.Fault, r.Caught, r.Runs, r.Named)
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

func (r faultRow) group() faultGroup {
	switch {
	case !r.Expected:
		return unseen
	case r.Caught == 0 && r.Withheld == r.Runs:
		return withheld
	}
	return shown
}

// rows are those of a group.
func (d *selftestDoc) rows(g faultGroup) []faultRow {
	var rows []faultRow
	for _, r := range d.Faults {
		if r.group() == g {
			rows = append(rows, r)
		}
	}
	return rows
}

// caught says in how many runs a fault was.
func (r faultRow) caught() string {
	s := fmt.Sprintf("%d of %d", r.Caught, r.Runs)
	if r.Withheld > 0 {
		s += fmt.Sprintf(", %d inconclusive", r.Withheld)
	}
	return s
}

// table prints the matrix for people.
func (d *selftestDoc) table(w io.Writer) error {
	if _, err := fmt.Fprintln(w, d.headline()); err != nil {
		return err
	}
	t := tablewriter.NewTable(w, tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithRowMaxWidth(52))
	t.Header("fault", "caught", "by", "cause named")
	for _, r := range d.rows(shown) {
		if err := t.Append(r.Fault, r.caught(), strings.Join(r.Checks, ", "), r.Cause); err != nil {
			return err
		}
	}
	if err := t.Render(); err != nil {
		return err
	}
	var s strings.Builder
	list := func(title string, rows []faultRow) {
		if len(rows) == 0 {
			return
		}
		fmt.Fprintf(&s, "\n%s\n", title)
		for _, r := range rows {
			fmt.Fprintf(&s, "  %-22s %s\n", r.Fault, r.Note)
		}
	}
	list("never a pass, and no proof either:", d.rows(withheld))
	list("not caught by the default plan, and why:", d.rows(unseen))
	_, err := io.WriteString(w, s.String())
	return err
}

// markdown prints the matrix for documents.
func (d *selftestDoc) markdown(w io.Writer) error {
	var s strings.Builder
	fmt.Fprintf(&s, "Honest mock: %d runs, %d failed, %d inconclusive.\n\n", d.Honest.Runs, d.Honest.Failed, d.Honest.Inconclusive)
	markdownRow(&s, "fault", "what is wrong", "failed", "by", "cause named")
	markdownRow(&s, "---", "---", "---", "---", "---")
	for _, r := range d.rows(shown) {
		markdownRow(&s, r.Fault, r.Doc, r.caught(), strings.Join(r.Checks, ", "), r.Cause)
	}
	s.WriteString("\nNot caught:\n\n")
	markdownRow(&s, "fault", "what is wrong", "what comes of it", "why")
	markdownRow(&s, "---", "---", "---", "---")
	for _, r := range d.rows(withheld) {
		markdownRow(&s, r.Fault, r.Doc, "inconclusive", r.Note)
	}
	for _, r := range d.rows(unseen) {
		came := "passes"
		if r.Caught+r.Withheld > 0 {
			came = "failed in " + r.caught()
		}
		markdownRow(&s, r.Fault, r.Doc, came, r.Note)
	}
	_, err := io.WriteString(w, s.String())
	return err
}

func markdownRow(s *strings.Builder, cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(cell, "|", "\\|")
	}
	fmt.Fprintf(s, "| %s |\n", strings.Join(cells, " | "))
}
