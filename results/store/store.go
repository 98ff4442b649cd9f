// Package store keeps runs: one folder a run, and an index to find them by.
//
// Most users want Open, Store.Keep and Store.Find. A kept run is a folder of its
// own below runs/:
//
//	environment.json            what it is and where it ran (Entry)
//	document.json               the result document, to the letter as it was printed
//	histories/SERVER.jsonl.gz   the calls, as JSON Lines; zcat reads them
//	screen.txt                  what a person was shown, where no renderer can make it again
//
// The folders are the store; index.db beside them is a cache, which readers bring
// up to date and anybody may delete. So a run that is being kept never waits for
// another, and a folder that is copied in, or deleted by hand, is noticed.
//
// The package deliberately reads no clock and no environment variable, judges
// nothing and renders nothing. What must never be kept, its callers redact with
// Run.Redact.
package store

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Names inside a store and inside a run's folder.
const (
	runsFolder      = "runs"
	indexFile       = "index.db"
	environmentFile = "environment.json"
	documentFile    = "document.json"
	screenFile      = "screen.txt"
	historiesFolder = "histories"
	historySuffix   = ".jsonl.gz"
	unfinished      = ".new-" // how the name of a folder begins that isn't whole yet
)

// A Store is a folder of kept runs. Several processes may use one at once.
type Store struct {
	dir    string
	create func(path string) (io.WriteCloser, error) // for tests: a disk that fills up
}

// Open returns the store in a folder. Nothing is created until a run is kept, and
// a store that isn't there yet is an empty one.
func Open(dir string) (*Store, error) {
	if dir == "" {
		return nil, fmt.Errorf("no folder is named")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return &Store{dir: abs, create: createFile}, nil
}

// Dir is the store's folder.
func (s *Store) Dir() string { return s.dir }

func (s *Store) runs() string { return filepath.Join(s.dir, runsFolder) }

// A syncedFile is on the disk, and not only on its way there, once Close returns.
type syncedFile struct{ *os.File }

func createFile(path string) (io.WriteCloser, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return syncedFile{f}, nil
}

func (f syncedFile) Close() error {
	if err := f.Sync(); err != nil {
		_ = f.File.Close() // the first error says it
		return err
	}
	return f.File.Close()
}
