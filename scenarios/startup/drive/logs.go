package drive

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/mcpload/mcpload/scenarios/startup"
)

// logFiles are a server's log files, as they were before a start.
type logFiles struct {
	patterns []string // absolute
	before   map[string]logState
}

// A logState is enough of a log file to know later if it was written anew or
// added to.
type logState struct {
	size     int64
	modified time.Time
	end      []byte // its last bytes
}

// endSize is how much of a file's end tells it from another one, in bytes.
const endSize = 4 << 10

// beforeStart notes the log files as they are. A pattern that isn't absolute
// counts from the server's folder.
func beforeStart(patterns []string, dir string) (*logFiles, error) {
	l := &logFiles{before: map[string]logState{}}
	for _, p := range patterns {
		if _, err := filepath.Match(p, ""); err != nil {
			return nil, fmt.Errorf("log file %q is no pattern: %w", p, err)
		}
		if !filepath.IsAbs(p) {
			p = filepath.Join(dir, p)
		}
		l.patterns = append(l.patterns, p)
	}
	return l, l.each(func(path string, info os.FileInfo) error {
		from := max(0, info.Size()-endSize)
		end, err := readFrom(path, from, info.Size()-from)
		l.before[path] = logState{info.Size(), info.ModTime(), end}
		return err
	})
}

// each visits the files that there are now.
func (l *logFiles) each(visit func(path string, info os.FileInfo) error) error {
	for _, p := range l.patterns {
		paths, err := filepath.Glob(p)
		if err != nil {
			return fmt.Errorf("log file %q is no pattern: %w", p, err)
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				if err := visit(path, info); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// added reads what a start has written: what stands behind the old end of a
// file, or all of one that is new or was written anew.
func (l *logFiles) added() (list []startup.Log, err error) {
	return list, l.each(func(path string, info os.FileInfo) error {
		was := l.before[path]
		if info.Size() == was.size && info.ModTime().Equal(was.modified) {
			return nil
		}
		old, err := readFrom(path, was.size-int64(len(was.end)), int64(len(was.end)))
		if err != nil {
			return err
		}
		from := was.size
		if !bytes.Equal(old, was.end) {
			from = 0
		}
		text, err := readFrom(path, from, mostOutput)
		if len(text) > 0 {
			list = append(list, startup.Log{Name: filepath.Base(path), Text: text})
		}
		return err
	})
}

// readFrom reads a part of a file, as much of it as there is.
func readFrom(path string, at, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the log file: %w", err)
	}
	defer file.Close() // it was only read
	text, err := io.ReadAll(io.NewSectionReader(file, at, most))
	if err != nil {
		return nil, fmt.Errorf("cannot read the log file: %w", err)
	}
	return text, nil
}
