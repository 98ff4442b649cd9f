package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/results"
)

// EnvironmentSchema names the format of environment.json. Fields may be added;
// a renamed or removed one needs a new name.
const EnvironmentSchema = "mcpload.environment/v1"

// The kinds of runs.
const (
	KindRun     = "run"
	KindProbe   = "probe"
	KindStartup = "startup"
	KindLoad    = "load"
	KindConform = "conform"
	KindFleet   = "fleet"
)

// An Entry is a kept run: what it was, and where it ran. The document and the
// calls are read by Document and Histories.
type Entry struct {
	Schema  string    `json:"schema"`
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`    // "run", "probe", "startup", "load", "conform" or "fleet"
	Started time.Time `json:"started"` // by the wall clock, also where the document's time is virtual
	// "pass", "fail" or "inconclusive"; of a probe its result; empty where the document has none
	Verdict string `json:"verdict"`
	Seed    uint64 `json:"seed"`
	Machine
	Servers []Server `json:"servers"`

	path string // the run's folder, or a document by itself
	bare bool   // path is a document: there is nothing beside it
}

// A Machine is where a run ran.
type Machine struct {
	Version string   `json:"version"`           // of mcpload
	Host    string   `json:"host,omitempty"`    // its name
	System  string   `json:"system,omitempty"`  // such as linux/amd64
	CPUs    int      `json:"cpus,omitempty"`    // that the program could use
	Go      string   `json:"go,omitempty"`      // version that built it
	Command []string `json:"command,omitempty"` // the command line, redacted
	Git     *Git     `json:"git,omitempty"`     // of the working directory; nil outside a repository
}

// Git is the state of a repository.
type Git struct {
	Commit string `json:"commit"`
	Dirty  bool   `json:"dirty,omitempty"` // with changes that aren't committed
}

// A Server is one server's part in a run.
type Server struct {
	Server  string          `json:"server"`
	Verdict string          `json:"verdict,omitempty"`
	Target  *results.Target `json:"target,omitempty"`
	History string          `json:"history,omitempty"` // its file below histories/; empty where no call was kept
	Calls   int             `json:"calls,omitempty"`   // lines of that file
}

// idForm is how run ids look: when the run began (UTC), and a random part.
var idForm = regexp.MustCompile(`^\d{8}-\d{6}-[0-9a-f]{6}$`)

// Path is the folder of the run, or the file of a document by itself.
func (e *Entry) Path() string { return e.path }

// Name is the id, or the path of what isn't in a store.
func (e *Entry) Name() string {
	if e.ID != "" {
		return e.ID
	}
	return e.path
}

// readEntry reads a run's environment.json.
func readEntry(dir string) (*Entry, error) {
	text, err := readKept(filepath.Join(dir, environmentFile), mostEntry)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is no kept run: it has no %s", dir, environmentFile)
	}
	if err != nil {
		return nil, err
	}
	e, err := decodeEntry(text)
	if err != nil {
		return nil, fmt.Errorf("%s %w", filepath.Join(dir, environmentFile), err)
	}
	e.path = dir
	return e, nil
}

// decodeEntry reads the text of an environment.json. Its errors continue the file's
// name.
func decodeEntry(text []byte) (*Entry, error) {
	e := &Entry{}
	if err := json.Unmarshal(text, e); err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	if e.Schema != EnvironmentSchema {
		return nil, fmt.Errorf("has schema %q, which is not %q: another version of mcpload kept it", e.Schema,
			EnvironmentSchema)
	}
	return e, nil
}

// Document returns the document as it was printed.
func (e *Entry) Document() ([]byte, error) {
	var text []byte
	var err error
	if e.bare {
		text, err = invoked.File(e.path, mostDocument)
	} else {
		text, err = readKept(filepath.Join(e.path, documentFile), mostDocument)
	}
	if err != nil {
		return nil, fmt.Errorf("the document of run %s can't be read: %w", e.Name(), err)
	}
	return text, nil
}

// Run returns the decoded document of a run of kind "run".
func (e *Entry) Run() (*results.Document, error) {
	if e.Kind == KindProbe {
		return nil, fmt.Errorf("run %s is a probe, and what that measures stands in no run's document", e.Name())
	}
	text, err := e.Document()
	if err != nil {
		return nil, err
	}
	doc, err := results.Decode(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("the document of run %s is damaged or of another kind: %w", e.Name(), err)
	}
	return doc, nil
}

// Screen returns what a person was shown, or nil where nothing was kept of it.
func (e *Entry) Screen() ([]byte, error) {
	if e.bare {
		return nil, nil
	}
	text, err := readKept(filepath.Join(e.path, screenFile), mostDocument)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return text, err
}
