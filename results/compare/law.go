package compare

import (
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// A LawMove is what became of one law of a promise.
type LawMove struct {
	Law    string `json:"law"`
	Base   string `json:"base"` // what was found of it, in words
	New    string `json:"new"`
	Proven bool   `json:"moved"` // no number, no length or no kind explains both
}

// laws compares the laws that both sides were held to.
func laws(base, now []part) (moves []LawMove) {
	for _, b := range found(base) {
		for _, n := range found(now) {
			if b.Law == n.Law {
				moves = append(moves, LawMove{Law: b.Law, Base: lawWords(b), New: lawWords(n), Proven: lawsApart(b, n)})
			}
		}
	}
	return moves
}

// found are a side's laws: of several runs what all of them leave.
func found(parts []part) (list []results.Law) {
	for _, p := range parts {
		for _, l := range p.server.Laws {
			k := slices.IndexFunc(list, func(o results.Law) bool { return o.Law == l.Law })
			if k < 0 {
				list = append(list, l)
				continue
			}
			if worse(l.State, list[k].State) {
				list[k].State = l.State
			}
			if both := overlap(list[k].Units, l.Units); both.Lo <= both.Hi {
				list[k].Units = both
			}
		}
	}
	return list
}

// worse reports if a state says more against a law than another.
func worse(a, b verdict.LawState) bool {
	order := []verdict.LawState{verdict.Kept, verdict.NotObserved, verdict.Broken}
	return slices.Index(order, a) > slices.Index(order, b)
}

func lawWords(l results.Law) string { return fmt.Sprintf("%s: %s", l.State, l.Number()) }

// lawsApart reports if nothing explains both findings of a law: what was let through and what
// was refused leave no number that is the same, no length, or no kind.
func lawsApart(a, b results.Law) bool {
	if u := overlap(a.Units, b.Units); u.Lo > u.Hi {
		return true
	}
	if a.Every != nil && b.Every != nil {
		if e := overlap(*a.Every, *b.Every); e.Lo > e.Hi {
			return true
		}
	}
	if len(a.Kinds) == 0 || len(b.Kinds) == 0 {
		return false
	}
	for _, k := range a.Kinds {
		if slices.Contains(b.Kinds, k) {
			return false
		}
	}
	return true
}
