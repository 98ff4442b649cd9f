package verdict

import (
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
)

// Why nothing is told of a trick: its session couldn't be opened, or the plain calls before it
// got no answer that tells. A third reason is barredTrick.
const (
	notSent   = "nothing could be sent"
	notServed = "plain calls just before were not answered"
)

// A reason is why nothing can be told of some tricks; empty where another finding says it.
type reason struct {
	why   string
	names []string
}

// untold are tricks of which nothing can be told.
type untold []reason

// add adds tricks.
func (u *untold) add(why string, names ...string) {
	i := slices.IndexFunc(*u, func(r reason) bool { return r.why == why })
	switch {
	case len(names) == 0:
	case i < 0:
		*u = append(*u, reason{why, names})
	default:
		(*u)[i].names = append((*u)[i].names, names...)
	}
}

// hidden reports if what the server did to one trick hides what it does to others.
func (u untold) hidden() bool {
	return slices.ContainsFunc(u, func(r reason) bool { return r.why == notServed || r.why == barredTrick })
}

// names are those of all of them.
func (u untold) names() (list []string) {
	for _, r := range u {
		list = append(list, r.names...)
	}
	return list
}

// String says them, with why behind those that it is the reason of.
func (u untold) String() string {
	var parts []string
	for _, r := range u {
		text := strings.Join(words.Once(r.names), ", ") // sessions of several clients try one trick
		if r.why != "" {
			text += " (" + r.why + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// unsentTricks names the tricks of which no call could be sent: those of the calls that
// count which are not among the names that were seen.
func unsentTricks(calls []history.Call, seen []string, counts func(*history.Call) bool) (names []string) {
	said := map[string]bool{"": true}
	for _, name := range seen {
		said[name] = true
	}
	for i := range calls {
		if name, _ := TrickOf(calls[i].Session); !said[name] && counts(&calls[i]) {
			said[name] = true
			names = append(names, name)
		}
	}
	return names
}
