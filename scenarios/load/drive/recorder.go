package drive

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/mcpload/mcpload/history"
)

// A callRecorder writes calls to files as they end: the user's, and the store's.
type callRecorder struct {
	mu     sync.Mutex
	file   *os.File
	zip    *gzip.Writer
	out    *history.Writer // to the user's file; nil where none is named
	spool  *history.Spool  // to the store; nil where nothing is kept
	redact func(string) string
	every  int // one call in so many
	seen   int
	err    error
}

// spooledCalls is how many calls of a load stay in memory until the run is
// kept.
const spooledCalls = 20_000

// newRecorder returns a recorder into a file, and for the store, unless nothing is
// named and nothing is kept.
func newRecorder(name string, keep bool, every int, redact func(string) string) (*callRecorder, error) {
	r := &callRecorder{every: every, redact: redact}
	if keep {
		r.spool = history.NewSpool(spooledCalls, "")
	}
	if name == "" {
		return r, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("cannot save the history: %w", err)
	}
	r.file = file
	if strings.HasSuffix(name, ".gz") {
		r.zip, err = gzip.NewWriterLevel(file, gzip.BestSpeed) // it runs beside the load
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		r.out = history.NewWriter(r.zip)
		return r, nil
	}
	r.out = history.NewWriter(file)
	return r, nil
}

// add writes a call. Its first error ends the recording, and comes with close.
func (r *callRecorder) add(c history.Call) {
	if r.out == nil && r.spool == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen++
	if (r.seen-1)%r.every != 0 {
		return
	}
	c.Arguments = nil // histories hold none, and they would be held in memory
	r.clean(&c)
	if r.out != nil && r.err == nil {
		r.err = r.out.Write(&c)
	}
	if r.spool != nil {
		r.spool.Add(c)
	}
}

// clean takes the secrets out of a call's texts.
func (r *callRecorder) clean(c *history.Call) {
	if r.redact == nil {
		return
	}
	for _, text := range []*string{&c.Client, &c.Method, &c.Tool, &c.Label, &c.Detail, &c.Media} {
		if *text != "" {
			*text = r.redact(*text)
		}
	}
}

// close ends the files.
func (r *callRecorder) close() error {
	if r.spool != nil {
		if err := r.spool.Close(); err != nil {
			return err
		}
	}
	if r.out == nil {
		return nil
	}
	err := errors.Join(r.err, r.out.Flush())
	if r.zip != nil {
		err = errors.Join(err, r.zip.Close())
	}
	if err = errors.Join(err, r.file.Close()); err != nil {
		return fmt.Errorf("cannot save the history: %w", err)
	}
	return nil
}
