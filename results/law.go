package results

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// A Law is what a run found of one law of a promise.
type Law struct {
	Law   string           `json:"law"`   // as people write it; package promise reads it
	Kind  promise.Kind     `json:"kind"`  // "bucket", "window", "quota", "cap" or "sessions"
	Key   string           `json:"key"`   // who shares a counter: "everybody", "session", "session+tool"
	State verdict.LawState `json:"state"` // "kept", "broken" or "not observed"
	// what the history leaves of its number, the other laws as declared
	Units Range `json:"units"`
	// of a window that is kept: what the history leaves of its length, in seconds
	Every *Range `json:"every_s,omitempty"`
	// likewise: where its windows may lie, of all kinds that explain the history
	Kinds   []promise.Style `json:"kinds,omitempty"`
	Refused int             `json:"refused"` // calls that it may have refused, and no other law
	Whose   string          `json:"whose,omitempty"`
	Witness *Witness        `json:"witness,omitempty"` // of a broken law
	Left    []string        `json:"left,omitempty"`    // what the plan's budget left out
}

// LawOf is a finding of a law as documents spell it.
func LawOf(f verdict.LawFinding) Law {
	l := Law{Law: f.Law.String(), Kind: f.Law.Kind, Key: f.Law.Key.String(), State: f.State, Units: Range(f.Units),
		Refused: f.Refused, Whose: f.Key}
	if w := f.Witness; w != nil {
		l.Witness = &Witness{FromNS: int64(w.From), ToNS: int64(w.To), Calls: w.Calls, Admitted: w.Admitted,
			Allowed: w.Allowed}
	}
	return l
}

// unshown says what of the laws wasn't tried, in few words; empty where everything was.
func (s *Server) unshown() string {
	var parts []string
	for _, l := range s.Laws {
		var open []string
		for _, why := range l.Left {
			what, _, _ := strings.Cut(why, ": ")
			if what = strings.TrimSuffix(what, " isn't shown"); !slices.Contains(open, what) {
				open = append(open, what)
			}
		}
		switch said := words.And(open); {
		case len(open) == 0:
		case len(s.Laws) > 1:
			parts = append(parts, "of "+l.Law+" "+said)
		default:
			parts = append(parts, said)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; not tried: " + strings.Join(parts, "; ")
}

// unseen names the laws that weren't seen at work, of a run of one server.
func (s *Server) unseen(servers int) string {
	var names []string
	for _, l := range s.Laws {
		if l.State == verdict.NotObserved {
			names = append(names, l.Law)
		}
	}
	if servers != 1 || len(names) == 0 {
		return ""
	}
	return ": not seen at work: " + words.And(names)
}

// PromiseText is a promise as documents spell it: "; " stands between its laws.
func PromiseText(p promise.Promise) string {
	var parts []string
	for _, l := range p {
		parts = append(parts, l.String())
	}
	return strings.Join(parts, "; ")
}

// Promised is what the server was held to, in words.
func (s *Server) Promised() string {
	if s.Promise != "" {
		return s.Promise
	}
	return s.Limit.String()
}

// Number is what was measured of the law's number, in words, and of a window's length
// and kind.
func (l Law) Number() string {
	text := verdict.Interval(l.Units).String()
	if l.Every != nil {
		text += " per " + verdict.Interval(*l.Every).String() + "s"
	}
	if len(l.Kinds) > 0 {
		var kinds []string
		for _, k := range l.Kinds {
			kinds = append(kinds, string(k))
		}
		text += ", " + words.Or(kinds)
	}
	return text
}

// lawHeader heads tables of laws, a row each.
var lawHeader = []string{"law", "who shares a counter", "found", "its number", "refused by it alone"}

func (l Law) row() []string {
	found := string(l.State)
	if l.Whose != "" {
		found += " (" + l.Whose + ")"
	}
	return []string{l.Law, l.Key, found, l.Number(), strconv.Itoa(l.Refused)}
}

// lawWords say what was measured of each law, in few words.
func (s *Server) lawWords() string {
	var parts []string
	for _, l := range s.Laws {
		parts = append(parts, fmt.Sprintf("%s: %s", l.State, l.Number()))
	}
	return strings.Join(parts, "\n")
}
