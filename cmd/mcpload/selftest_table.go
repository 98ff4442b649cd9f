package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/mcpload/mcpload/scenarios/drive"
)

// headline is what the selftest comes to, and what the honest mock did.
func headline(d *drive.Selftest) string {
	s := "pass: every fault that can be caught was, with its cause, and no honest run failed"
	if !d.Pass {
		s = "fail: the checks are not what they should be"
	}
	s += fmt.Sprintf("\nhonest mock: %d runs, %d failed, %d inconclusive (delays of up to seconds are among them)\n", d.Honest.Runs, d.Honest.Failed, d.Honest.Inconclusive)
	for _, line := range d.Honest.First {
		s += fmt.Sprintf("  failed: %s\n", line)
	}
	for _, r := range d.Faults {
		if r.Missed() {
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

func groupOf(r drive.FaultRow) faultGroup {
	switch {
	case !r.Expected:
		return unseen
	case r.Caught == 0 && r.Withheld == r.Runs:
		return withheld
	}
	return shown
}

// rowsOf are those of a group.
func rowsOf(d *drive.Selftest, g faultGroup) []drive.FaultRow {
	var rows []drive.FaultRow
	for _, r := range d.Faults {
		if groupOf(r) == g {
			rows = append(rows, r)
		}
	}
	return rows
}

// caught says in how many runs a fault was.
func caught(r drive.FaultRow) string {
	s := fmt.Sprintf("%d of %d", r.Caught, r.Runs)
	if r.Withheld > 0 {
		s += fmt.Sprintf(", %d inconclusive", r.Withheld)
	}
	return s
}

// selftestTable prints the matrix for people.
func selftestTable(w io.Writer, d *drive.Selftest) error {
	if _, err := fmt.Fprintln(w, headline(d)); err != nil {
		return err
	}
	t := tablewriter.NewTable(w, tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithRowMaxWidth(52))
	t.Header("fault", "caught", "by", "cause named")
	for _, r := range rowsOf(d, shown) {
		if err := t.Append(r.Fault, caught(r), strings.Join(r.Checks, ", "), r.Cause); err != nil {
			return err
		}
	}
	if err := t.Render(); err != nil {
		return err
	}
	var s strings.Builder
	list := func(title string, rows []drive.FaultRow) {
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

// selftestMarkdown prints the matrix for documents.
func selftestMarkdown(w io.Writer, d *drive.Selftest) error {
	var s strings.Builder
	fmt.Fprintf(&s, "Honest mock: %d runs, %d failed, %d inconclusive.\n\n", d.Honest.Runs, d.Honest.Failed, d.Honest.Inconclusive)
	markdownRow(&s, "fault", "what is wrong", "failed", "by", "cause named")
	markdownRow(&s, "---", "---", "---", "---", "---")
	for _, r := range rowsOf(d, shown) {
		markdownRow(&s, r.Fault, r.Doc, caught(r), strings.Join(r.Checks, ", "), r.Cause)
	}
	s.WriteString("\nNot caught:\n\n")
	markdownRow(&s, "fault", "what is wrong", "what comes of it", "why")
	markdownRow(&s, "---", "---", "---", "---")
	for _, r := range rowsOf(d, withheld) {
		markdownRow(&s, r.Fault, r.Doc, "inconclusive", r.Note)
	}
	for _, r := range rowsOf(d, unseen) {
		came := "passes"
		if r.Caught+r.Withheld > 0 {
			came = "failed in " + caught(r)
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
