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
func (s *Store) Tools() []string { return s.toolsAt("") }

// toolsAt are those that were called at an address, with its scheme or without; empty: at any.
func (s *Store) toolsAt(address string) (names []string) {
	for _, e := range s.newest(10) { // a document may be large, and a shell waits
		doc, err := e.Run()
		if err != nil {
			continue // a run of another kind, or a damaged one
		}
		for _, s := range doc.Servers {
			if !strings.HasSuffix(s.Target.Address, address) {
				continue
			}
			if s.Target.Call != nil && s.Target.Call.Tool != "" && !slices.Contains(names, s.Target.Call.Tool) {
				names = append(names, s.Target.Call.Tool)
			}
		}
	}
	return names
}

// Behind is what may stand behind arguments of a command that takes a server's address and,
// where it calls one, a tool: addresses that kept runs know, or tools that they called.
func Behind(calls bool, arguments []string) func(*Store) []string {
	switch {
	case len(arguments) == 0:
		return (*Store).Addresses
	case calls && len(arguments) == 1:
		return func(s *Store) []string {
			if list := s.toolsAt(arguments[0]); len(list) > 0 {
				return list
			}
			return s.Tools()
		}
	}
	return func(*Store) []string { return nil }
}

// Addresses are those of the servers of the newest runs.
func (s *Store) Addresses() (list []string) {
	for _, e := range s.newest(50) {
		for _, of := range e.Servers {
			if of.Target == nil || !strings.HasPrefix(of.Target.Address, "http") { // others are words for people
				continue
			}
			if !slices.Contains(list, of.Target.Address) {
				list = append(list, of.Target.Address)
			}
		}
	}
	return list
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
