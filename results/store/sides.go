package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
)

// Earlier is where runs are looked for that a run can be compared with: before it, of its
// kind and of a server, its first where none is named; unless across, of what was reached
// as its server was.
func (e *Entry) Earlier(server string, across bool) Filter {
	if server == "" && len(e.Servers) > 0 {
		server = e.Servers[0].Server
	}
	f := Filter{Kind: e.Kind, Before: e.Started, Server: server}
	if !across {
		f.Target = e.TargetOf(server)
	}
	return f
}

// Sides looks up the runs that are to be compared, several a side separated by commas: now
// first, as base comes before it.
func (s *Store) Sides(base, now, server string, across bool) (older, newer []*Entry, err error) {
	if newer, err = s.FindEach(now, Filter{Server: server}); err != nil {
		return nil, nil, err
	}
	older, err = s.FindEach(base, newer[0].Earlier(server, across))
	if errors.Is(err, ErrNone) {
		err = fmt.Errorf("BASE, which is looked for among the runs of the same server before %s: %w",
			newer[0].Name(), err)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, e := range older {
		if slices.ContainsFunc(newer, func(n *Entry) bool { return n.Path() == e.Path() }) {
			return nil, nil, hint.New(fmt.Errorf("run %s is on both sides", e.Name()), "a run compared with itself "+
				"shows no difference, whatever is wrong")
		}
	}
	return older, newer, nil
}

// EachServer hands out the filter's server in each of its runs, of which the list has the
// newest first: the oldest first. What can't be read is given to warn, and left out.
func (f Filter) EachServer(list []*Entry, warn func(error), do func(e *Entry, server *results.Server)) {
	for _, e := range slices.Backward(list) {
		doc, err := e.Run()
		if err != nil {
			warn(err)
			continue
		}
		i := slices.IndexFunc(doc.Servers, func(o results.Server) bool {
			return (f.Server == "" || o.Server == f.Server) && (f.Label == "" || o.Target.Label == f.Label)
		})
		if i >= 0 {
			do(e, &doc.Servers[i])
		}
	}
}

// RemoveNamed deletes runs, and what is no run any more, by their names, and tells of each.
// All are looked up before the first goes: last is the same run twice.
func (s *Store) RemoveNamed(names []string, tell func(name string)) error {
	_, damage, err := s.List(Filter{Limit: 1})
	if err != nil {
		return err
	}
	var doomed []*Entry
	var wrecks []string
	for _, name := range names {
		if IsDamage(damage, name) {
			wrecks = append(wrecks, name)
			continue
		}
		e, err := s.Find(name, Filter{})
		if err != nil {
			return err
		}
		doomed = append(doomed, e)
	}
	for _, name := range wrecks {
		if err := s.RemoveDamaged(name); err != nil {
			return err
		}
		tell(name)
	}
	for _, e := range doomed {
		if err := s.Remove(e); err != nil {
			return err
		}
		tell(e.ID)
	}
	return nil
}
