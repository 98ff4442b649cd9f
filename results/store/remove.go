package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Remove deletes a run. It is gone at once and as a whole: its folder loses its
// name before anything in it goes.
func (s *Store) Remove(e *Entry) error {
	if e.bare || filepath.Dir(e.path) != s.runs() {
		return fmt.Errorf("%s is not in %s, so it isn't mcpload's to delete", e.path, s.dir)
	}
	return s.remove(e.path)
}

// RemoveDamaged deletes what below runs/ is no readable run, by its name there.
func (s *Store) RemoveDamaged(name string) error {
	path := filepath.Join(s.runs(), name)
	if name == "" || filepath.Base(name) != name || strings.HasPrefix(name, ".") {
		return fmt.Errorf("%q is no name of a run", name)
	}
	if _, err := s.readOwn(path); err == nil {
		return fmt.Errorf("%s is a whole run", name)
	}
	return s.remove(path)
}

func (s *Store) remove(path string) error {
	doomed := filepath.Join(s.runs(), unfinished+"gone-"+filepath.Base(path))
	if err := os.Rename(path, doomed); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil // somebody else was quicker
		}
		return fmt.Errorf("cannot delete the run: %w", err)
	}
	if err := os.RemoveAll(doomed); err != nil {
		return fmt.Errorf("cannot delete all of the run: %w", err)
	}
	return nil
}

// Prune deletes the runs that began before an instant, but always leaves the
// newest of all and the newest pass of every server, which later runs are compared
// with. It returns those that it deleted, the newest first; with dry set it only
// names them.
func (s *Store) Prune(before time.Time, dry bool) ([]*Entry, error) {
	list, _, err := s.List(Filter{})
	if err != nil {
		return nil, err
	}
	var gone []*Entry
	passed := map[string]bool{}
	for i, e := range list { // the newest first
		keep := i == 0
		for _, server := range e.Servers {
			if server.Verdict == "pass" && !passed[server.Server] {
				passed[server.Server], keep = true, true
			}
		}
		if keep || !e.Started.Before(before) {
			continue
		}
		if !dry {
			if err := s.Remove(e); err != nil {
				return gone, err
			}
		}
		gone = append(gone, e)
	}
	s.sweep(before)
	return gone, nil
}
