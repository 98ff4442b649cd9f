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
	shut      = "they were turned away as plain calls were"
	sameWay   = "their connection and order of headers are others than plain calls' too, which buys calls by itself"
	notServed = "plain calls just before were not answered"
)

// Unopened is the Detail of a call that wasn't sent because the server opened no session for it.
const Unopened = "its session could not be opened"

// plainRejections are the looks of rejections that plain calls got as well: they say that
// everything is turned away, as in a ban, and nothing of how a call was written.
func plainRejections(calls []history.Call) map[string]bool {
	looks := map[string]bool{}
	for i := range calls {
		if c := &calls[i]; c.Outcome == history.Rejected && c.Planned() && c.Session == "" {
			looks[look(*c)] = true
		}
	}
	return looks
}

// anyLike reports if any of some calls was rejected in one of those ways.
func anyLike(looks map[string]bool, calls []history.Call, positions []int) bool {
	return len(looks) > 0 && slices.ContainsFunc(positions, func(i int) bool {
		return calls[i].Outcome == history.Rejected && looks[look(calls[i])]
	})
}

// unopened are the calls of an audit's tricks that weren't sent because the server opened no
// session of their kind: it need take none, and the tricks say so.
func (t *Trial) unopened() (n int) {
	for i := range t.Calls {
		if c := &t.Calls[i]; c.Outcome == history.Unsent && crowding(c) &&
			(c.Detail == Unopened || c.Method == "initialize") {
			n++
		}
	}
	return n
}

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
	return slices.ContainsFunc(u, func(r reason) bool {
		return r.why == notServed || r.why == shut || r.why == barredTrick
	})
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
