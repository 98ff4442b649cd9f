package merge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/conform"
)

func isConform(p Part) bool {
	return slices.ContainsFunc(p.server().Scenarios, func(sc results.Scenario) bool { return sc.Conform != nil })
}

// conform puts the rows of all parts together, each revision's in the order of the
// table. A row that several parts tried, as those do that only watch, fails where it
// failed in any of them.
func (w *Whole) conform(sorted []Part, missing []string) {
	s := &w.Document.Servers[0]
	s.Scenarios = nil
	var spoken []string
	for _, revision := range revisions(sorted) {
		c, calls := results.Conform{Protocol: revision, Ended: strings.Join(missing, "; ")}, results.Counts{}
		for _, p := range sorted {
			i := slices.IndexFunc(p.server().Scenarios, func(sc results.Scenario) bool {
				return sc.Conform != nil && sc.Conform.Protocol == revision
			})
			if i < 0 {
				continue
			}
			sc := &p.server().Scenarios[i]
			calls = added(calls, sc.Calls)
			c.Strict = sc.Conform.Strict
			if sc.Conform.Ended != "" && c.Ended == "" {
				c.Ended = fmt.Sprintf("shard %d: %s", p.shard().Part, sc.Conform.Ended)
			}
			for _, r := range sc.Conform.Rows {
				c.Rows = joined(c.Rows, r)
			}
		}
		slices.SortStableFunc(c.Rows, func(a, b results.ConformRow) int { return place(a.ID) - place(b.ID) })
		spoken = append(spoken, revision)
		s.Scenarios = append(s.Scenarios, results.NewConform(c, calls))
	}
	s.Target.Protocol = strings.Join(spoken, ", ")
	s.Notes = slices.DeleteFunc(s.Notes, func(note string) bool { return !holds(note, sorted, s.Scenarios) })
}

func added(a, b results.Counts) results.Counts {
	return results.Counts{Planned: a.Planned + b.Planned, Sent: a.Sent + b.Sent, Admitted: a.Admitted + b.Admitted,
		Limited: a.Limited + b.Limited,
		Failed:  a.Failed + b.Failed, Unknown: a.Unknown + b.Unknown, ClosedIdle: a.ClosedIdle + b.ClosedIdle}
}

// holds reports if a note of some part is true of the whole: where all parts say so, or
// it is about a row's entry in a baseline, and no part's answer contradicts it.
func holds(note string, parts []Part, whole []results.Scenario) bool {
	entry, known := strings.CutPrefix(note, "the baseline's ")
	if !known {
		return !slices.ContainsFunc(parts, func(p Part) bool { return !slices.Contains(p.server().Notes, note) })
	}
	id, says, _ := strings.Cut(entry, " ")
	revision := ""
	if rest, one := strings.CutPrefix(says, "in "); one {
		revision, says, _ = strings.Cut(rest, " ")
	}
	for _, sc := range whole {
		for _, r := range sc.Conform.Rows {
			if r.ID != id || revision != "" && revision != sc.Conform.Protocol {
				continue
			}
			if strings.HasPrefix(says, "fails no more") && r.Answer == results.RowFail ||
				strings.HasPrefix(says, "could not be judged") && r.Answer != results.RowNotTestable {
				return false
			}
		}
	}
	return true
}

// revisions are those that any part tried, in their order.
func revisions(parts []Part) (list []string) {
	for _, revision := range conform.Revisions() {
		if slices.ContainsFunc(parts, func(p Part) bool {
			return slices.ContainsFunc(p.server().Scenarios, func(sc results.Scenario) bool {
				return sc.Conform != nil && sc.Conform.Protocol == revision
			})
		}) {
			list = append(list, revision)
		}
	}
	return list
}

// strength is how much an answer says: a fail was seen, a pass wasn't contradicted.
var strength = map[string]int{results.RowFail: 2, results.RowPass: 1, results.RowNotTestable: 0}

// joined takes a row in, beside what another part saw of the same one.
func joined(rows []results.ConformRow, r results.ConformRow) []results.ConformRow {
	i := slices.IndexFunc(rows, func(o results.ConformRow) bool { return o.ID == r.ID })
	if i < 0 {
		return append(rows, r)
	}
	if strength[r.Answer] > strength[rows[i].Answer] {
		rows[i] = r
	}
	return rows
}

// table are the places of the rows that are in the table; those of load and odd
// arguments stand behind it.
var table = func() map[string]int {
	m := map[string]int{}
	for i, r := range conform.Rows() {
		m[r.ID] = i
	}
	return m
}()

func place(id string) int {
	if i, ok := table[id]; ok {
		return i
	}
	return len(table)
}
