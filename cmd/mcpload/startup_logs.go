package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/mcpload/mcpload/startup"
)

// logFiles are a server's log files before a start: how long each is.
type logFiles struct {
	patterns []string // absolute
	sizes    map[string]int64
}

// beforeStart notes the log files as they are. A pattern that isn't absolute
// counts from the server's folder.
func beforeStart(patterns []string, dir string) (*logFiles, error) {
	l := &logFiles{sizes: map[string]int64{}}
	for _, p := range patterns {
		if !filepath.IsAbs(p) {
			p = filepath.Join(dir, p)
		}
		if _, err := filepath.Match(p, ""); err != nil {
			return nil, fmt.Errorf("log file %q is no pattern: %w", p, err)
		}
		l.patterns = append(l.patterns, p)
	}
	l.each(func(path string, size int64) { l.sizes[path] = size })
	return l, nil
}

// each visits the files that there are now.
func (l *logFiles) each(visit func(path string, size int64)) {
	for _, p := range l.patterns {
		paths, err := filepath.Glob(p)
		if err != nil {
			continue // the pattern was checked
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				visit(path, info.Size())
			}
		}
	}
}

// added reads what a start has added. A file that has become shorter was
// begun anew.
func (l *logFiles) added() (list []startup.Log, err error) {
	l.each(func(path string, size int64) {
		before := l.sizes[path]
		if size < before {
			before = 0
		}
		if size == before || err != nil {
			return
		}
		var text []byte
		text, err = readFrom(path, before)
		list = append(list, startup.Log{Name: filepath.Base(path), Text: text})
	})
	return list, err
}

func readFrom(path string, at int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the log file: %w", err)
	}
	defer file.Close() // it was only read
	text, err := io.ReadAll(io.NewSectionReader(file, at, mostOutput))
	if err != nil {
		return nil, fmt.Errorf("cannot read the log file: %w", err)
	}
	return text, nil
}
