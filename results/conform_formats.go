package results

import (
	"cmp"
	"strings"

	"github.com/mcpload/mcpload/verdict"
)

// junitRows are the cases of conformance: a row each. One that isn't testable, or
// doesn't count, is skipped with its reason, and never passed.
func (s Scenario) junitRows(class string) []junitCase {
	var list []junitCase
	for _, r := range s.Conform.Rows {
		c := junitCase{Class: class, Name: r.ID, Time: junitSeconds(0)}
		switch {
		case r.Answer == RowNotTestable:
			c.Skipped = &junitSkip{Message: "not testable: " + r.Saw}
		case r.Answer == RowFail && r.Known != "":
			c.Skipped = &junitSkip{Message: "known: " + r.Known + ": " + r.Saw}
		case r.Answer == RowFail && !s.Conform.counts(r):
			c.Skipped = &junitSkip{Message: r.Level + ", which counts with --strict: " + r.Saw}
		case r.Answer == RowFail:
			c.Failure = &junitReason{Message: r.Saw, Type: r.ID, Text: r.text()}
		}
		list = append(list, c)
	}
	for _, f := range s.Findings {
		if f.Verdict == verdict.Inconclusive {
			list = append(list, f.junit(class, 0))
		}
	}
	return list
}

// text is all that there is to say of a breach.
func (r ConformRow) text() string {
	lines := []string{r.demand(), "saw: " + r.Saw}
	for _, e := range r.Exchanges {
		lines = append(lines, "again: "+cmp.Or(e.Line, e.Request), "reply: "+e.Reply)
	}
	return strings.Join(lines, "\n")
}
