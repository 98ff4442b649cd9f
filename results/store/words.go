package store

import (
	"slices"
	"strings"
)

// newest are the newest runs, as far as a shell waits for them.
func (s *Store) newest(n int) []*Entry {
	list, _, err := s.List(Filter{Limit: n})
	if err != nil {
		return nil
	}
	return list
}

// Words are the names of the newest runs, for shells that complete a command line, each
// with what it is behind a tab.
func (s *Store) Words() []string {
	names := []string{Last + "\tthe newest run", LastPass + "\tthe newest that passed"}
	for _, e := range s.newest(50) {
		servers, _ := e.ServerNames()
		names = append(names, e.ID+"\t"+strings.Join([]string{e.Kind, e.Verdict, servers}, " "))
	}
	return names
}

// Tools are those that the newest runs called.
func (s *Store) Tools() (names []string) {
	for _, e := range s.newest(10) { // a document may be large, and a shell waits
		doc, err := e.Run()
		if err != nil {
			continue // a run of another kind, or a damaged one
		}
		for _, s := range doc.Servers {
			if s.Target.Call != nil && s.Target.Call.Tool != "" && !slices.Contains(names, s.Target.Call.Tool) {
				names = append(names, s.Target.Call.Tool)
			}
		}
	}
	return names
}

// Labels are those of the servers of the newest runs.
func (s *Store) Labels() (names []string) {
	for _, e := range s.newest(50) {
		for _, of := range e.Servers {
			if of.Target != nil && of.Target.Label != "" && !slices.Contains(names, of.Target.Label) {
				names = append(names, of.Target.Label)
			}
		}
	}
	return names
}
