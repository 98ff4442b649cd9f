package store

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mcpload/mcpload/history"
)

// Histories returns every server's calls by its name, or nil where none were
// kept. A file that is cut short, or holds other than the calls that were kept,
// is an error: half a history would be judged as if it were whole.
func (e *Entry) Histories() (map[string][]history.Call, error) {
	var all map[string][]history.Call
	err := e.Each(func(server string, calls []history.Call) error {
		if all == nil {
			all = map[string][]history.Call{}
		}
		all[server] = calls
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Each calls fn with one server's calls after the other's, so that not all of
// them are in memory at once. It stops at fn's first error, which it returns.
func (e *Entry) Each(fn func(server string, calls []history.Call) error) error {
	for _, s := range e.Servers {
		if s.History == "" {
			continue
		}
		calls, err := e.read(s)
		if err != nil {
			return fmt.Errorf("store: the calls of %s in run %s can't be used: %w", s.Server, e.Name(), err)
		}
		if err := fn(s.Server, calls); err != nil {
			return err
		}
	}
	return nil
}

func (e *Entry) read(s Server) (calls []history.Call, err error) {
	if s.History != filepath.Base(s.History) { // the environment may come from anywhere
		return nil, fmt.Errorf("%q is no name of a file", s.History)
	}
	f, err := os.Open(filepath.Join(e.path, historiesFolder, s.History))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewReader(bufio.NewReaderSize(f, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.History, err)
	}
	calls, err = history.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.History, err)
	}
	if len(calls) != s.Calls {
		return nil, fmt.Errorf("%s has %d calls, and %d were kept", s.History, len(calls), s.Calls)
	}
	return calls, nil
}
