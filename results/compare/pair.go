package compare

import (
	"maps"
	"slices"
)

// pair are the two sides. Where each has one server, and its name says only where it was,
// such as an address, two that aren't named alike are of different targets: they are
// compared only across, as profiles of different names are, by the name of NEW's, which is
// what changes are told of, with that of BASE's: what the one does isn't said of the other.
func (r *Report) pair(base, now []Run, across bool) ([2]side, error) {
	sides := [2]side{sideOf(base), sideOf(now)}
	if len(sides[0].servers) != 1 || len(sides[1].servers) != 1 || sides[0].servers[0] == sides[1].servers[0] {
		return sides, nil
	}
	was, is := sides[0].servers[0], sides[1].servers[0]
	one, other := sides[0].of(was)[0].server.Target, sides[1].of(is)[0].server.Target
	switch {
	case across:
	case one.Label == "" || other.Label == "": // profiles' names, which say who they are
		return sides, nil
	default:
		return sides, &OtherError{was + " and " + is, one.Identity(), other.Identity()}
	}
	r.note("%s is compared with %s", was, is)
	name := is + " (beside " + was + ")"
	return [2]side{sideOf(renamed(base, was, name)), sideOf(renamed(now, is, name))}, nil
}

// renamed are runs in which a server has another name.
func renamed(runs []Run, from, to string) []Run {
	out := slices.Clone(runs)
	for i := range out {
		doc := *out[i].Document
		doc.Servers = slices.Clone(doc.Servers)
		for k := range doc.Servers {
			if doc.Servers[k].Server == from {
				doc.Servers[k].Server = to
			}
		}
		out[i].Document = &doc
		out[i].Histories = maps.Clone(runs[i].Histories)
		if calls, ok := runs[i].Histories[from]; ok {
			out[i].Histories[to] = calls
		}
	}
	return out
}
