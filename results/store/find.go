package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/results"
)

// ErrNone is returned where no run answers to a name.
var ErrNone = errors.New("no such run")

// Names that stand for a run by what it is.
const (
	Last     = "last"
	LastPass = "last-pass"
)

// dateForm is a day, or a day and part of a time, as RFC 3339 spells UTC.
var dateForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}([T ]\d{2}(:\d{2}(:\d{2})?)?Z?)?$`)

// Find returns the run of a name: last, last-pass, a day or a minute (UTC; its
// newest run), an id, the unique beginning of an id or of its random part, the
// folder of a run or of a copy of one, or a file with a result document. The
// filter says among which runs the first three look. An error wraps ErrNone
// where there is no such run.
func (s *Store) Find(name string, f Filter) (*Entry, error) {
	if name == "" {
		return nil, fmt.Errorf("an empty name: %w", ErrNone)
	}
	if strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".json") || name == "." || name == ".." {
		return openPath(name)
	}
	switch {
	case name == Last || name == LastPass:
		f.Limit = 1
		if name == LastPass {
			f.Verdict = "pass"
		}
		list, _, err := s.List(f)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("%s: %w in %s", name, ErrNone, s.dir)
		}
		return list[0], nil
	case dateForm.MatchString(name):
		return s.findDate(name, f)
	}
	return s.findID(name)
}

func (s *Store) findDate(date string, f Filter) (*Entry, error) {
	list, _, err := s.List(f)
	if err != nil {
		return nil, err
	}
	begins := strings.TrimSuffix(strings.Replace(date, " ", "T", 1), "Z")
	for _, e := range list { // the newest first
		if strings.HasPrefix(e.Started.UTC().Format("2006-01-02T15:04:05"), begins) {
			return e, nil
		}
	}
	return nil, fmt.Errorf("of %s (UTC): %w in %s", date, ErrNone, s.dir)
}

func (s *Store) findID(name string) (*Entry, error) {
	list, damage, err := s.List(Filter{})
	if err != nil {
		return nil, err
	}
	var found []*Entry
	for _, e := range list {
		if e.ID == name {
			return e, nil
		}
		if strings.HasPrefix(e.ID, name) || strings.HasPrefix(e.ID[strings.LastIndex(e.ID, "-")+1:], name) {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		for _, d := range damage {
			if filepath.Base(d.Path) == name {
				return nil, d.Err
			}
		}
		if _, err := os.Stat(name); err == nil {
			return openPath(name)
		}
		return nil, fmt.Errorf("%q: %w in %s", name, ErrNone, s.dir)
	}
	var ids []string
	for i, e := range found {
		if i == 4 {
			ids = append(ids, fmt.Sprintf("%d more", len(found)-i))
			break
		}
		ids = append(ids, e.ID)
	}
	return nil, fmt.Errorf("%q begins %d ids: %s", name, len(found), strings.Join(ids, ", "))
}

// openPath opens a run's folder wherever it is, or a document by itself.
func openPath(path string) (*Entry, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNone)
	}
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return readEntry(path)
	}
	e := &Entry{path: path, bare: true}
	text, err := e.Document()
	if err != nil {
		return nil, err
	}
	h, err := headOf(text)
	if err != nil {
		return nil, fmt.Errorf("%w (in %s)", err, path)
	}
	e.Kind = kindOf(h.Schema)
	e.Verdict, e.Seed, e.Machine.Version = h.Verdict, h.Seed, h.Version
	for _, p := range h.Servers {
		e.Servers = append(e.Servers, Server{Server: string(p.Server), Verdict: p.Verdict, Target: p.Target})
	}
	return e, nil
}

// kindOf takes the kind from a schema's name: mcpload.run/v1 is a run's.
func kindOf(schema string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(schema, "mcpload."), "/")
	return kind
}

// FindEach looks up names that are separated by commas. A run that is named twice is there
// once.
func (s *Store) FindEach(names string, f Filter) ([]*Entry, error) {
	var list []*Entry
	for name := range strings.SplitSeq(names, ",") {
		e, err := s.Find(strings.TrimSpace(name), f)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(list, func(o *Entry) bool { return o.Path() == e.Path() }) {
			list = append(list, e)
		}
	}
	return list, nil
}

// FindAll are the runs of a name: one, or all in a folder of them.
func (s *Store) FindAll(name string) ([]*Entry, error) {
	var folders []string
	for _, below := range []string{"runs/*", "*/runs/*", "*"} {
		found, err := filepath.Glob(filepath.Join(name, filepath.FromSlash(below), "environment.json"))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(found) > 0 {
			folders = found
			break
		}
	}
	if len(folders) == 0 {
		e, err := s.Find(name, Filter{})
		if err != nil {
			return nil, err
		}
		return []*Entry{e}, nil
	}
	var list []*Entry
	for _, folder := range folders {
		e, err := s.Find(filepath.Dir(folder)+string(filepath.Separator), Filter{})
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// TargetOf is what was sent to as a server in the run; nil where nobody recorded it.
func (e *Entry) TargetOf(server string) *results.Target {
	for _, s := range e.Servers {
		if s.Server == server {
			return s.Target
		}
	}
	return nil
}
