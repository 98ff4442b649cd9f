package store

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
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
			return fmt.Errorf("the calls of %s in run %s can't be used: %w", s.Server, e.Name(), err)
		}
		if err := fn(s.Server, calls); err != nil {
			return err
		}
	}
	return nil
}

// Most is the number of calls of the server that has most of them.
func (e *Entry) Most() int {
	most := 0
	for _, s := range e.Servers {
		most = max(most, s.Calls)
	}
	return most
}

// EachCall calls fn with every call, one server's after the other's. Fn must not
// keep it. It stops at fn's first error, which it returns.
func (e *Entry) EachCall(fn func(server string, c *history.Call) error) error {
	for _, s := range e.Servers {
		if s.History == "" {
			continue
		}
		var own error
		err := e.scan(s, func(c *history.Call) error {
			own = fn(s.Server, c)
			return own
		})
		if own != nil {
			return own
		}
		if err != nil {
			return fmt.Errorf("the calls of %s in run %s can't be used: %w", s.Server, e.Name(), err)
		}
	}
	return nil
}

// scan reads the calls of one server.
func (e *Entry) scan(s Server, fn func(c *history.Call) error) (err error) {
	if s.History != filepath.Base(s.History) { // the environment may come from anywhere
		return fmt.Errorf("%q is no name of a file", s.History)
	}
	f, err := openKept(filepath.Join(e.path, historiesFolder, s.History))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewReader(bufio.NewReaderSize(f, 64<<10))
	if err != nil {
		return fmt.Errorf("%s: %w", s.History, err)
	}
	n := 0
	err = history.NewReader(z).Each(func(_ int, c *history.Call) error {
		n++
		return fn(c)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s.History, err)
	}
	if n != s.Calls {
		return fmt.Errorf("%s has %d calls, and %d were kept", s.History, n, s.Calls)
	}
	return nil
}

// read reads them all.
func (e *Entry) read(s Server) (calls []history.Call, err error) {
	calls = make([]history.Call, 0, max(0, min(s.Calls, 1<<20))) // the number may come from anywhere
	err = e.scan(s, func(c *history.Call) error {
		calls = append(calls, *c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return calls, nil
}
