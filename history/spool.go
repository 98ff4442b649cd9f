package history

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// A Spool takes in the calls of a run of any length in bounded memory: a few
// stay in memory, and where there are more, all of them go to a file, as JSON
// Lines compressed by gzip. The compressing is done on a goroutine of its own.
//
// Its methods are for one goroutine at a time. Close comes last, and Remove
// after it.
type Spool struct {
	memory int
	dir    string
	calls  []Call // those that aren't on their way to the file yet
	n      int

	batches chan []Call // to the file; nil while all are in memory
	spare   chan []Call // batches that were written, to be used again
	done    chan error
	file    *os.File
	path    string // of the file, where it has a name still
	err     error
}

// spoolBatch is how many calls go to the file at a time.
const spoolBatch = 512

// spoolName is what files are called.
const spoolName = "mcpload-*.jsonl.gz"

// NewSpool returns a spool that keeps up to a number of calls in memory, and
// more in a file in a folder; "" is the system's for temporary files.
func NewSpool(memory int, dir string) *Spool { return &Spool{memory: memory, dir: dir} }

// Add takes in a call. It blocks where the file can't keep up. What goes wrong
// with the file comes with Close.
func (s *Spool) Add(c Call) {
	s.calls = append(s.calls, c)
	s.n++
	if s.batches == nil && s.n > s.memory && s.err == nil {
		s.err = s.spill()
	}
	if s.batches != nil && len(s.calls) >= spoolBatch {
		s.hand()
	}
	if s.err != nil {
		s.calls = s.calls[:0] // the file couldn't be made: nothing is kept, and Close says so
	}
}

// spill begins the file.
func (s *Spool) spill() error {
	file, err := os.CreateTemp(s.dir, spoolName)
	if err != nil {
		return fmt.Errorf("history: cannot keep the calls on disk: %w", err)
	}
	// Whatever ends us, the system frees a file without a name. Where an open one
	// can't lose it, the next that spools removes those that nobody has open.
	if s.file = file; os.Remove(file.Name()) != nil {
		s.path = file.Name()
		s.removeAbandoned()
	}
	s.batches, s.spare, s.done = make(chan []Call, 16), make(chan []Call, 18), make(chan error, 1)
	go func() { s.done <- s.write(file) }()
	return nil
}

// removeAbandoned removes what others have left behind: what they still have open
// can't be removed where this is called for.
func (s *Spool) removeAbandoned() {
	list, err := filepath.Glob(filepath.Join(filepath.Dir(s.path), spoolName))
	if err != nil {
		return // a folder whose name is a bad pattern
	}
	for _, path := range list {
		if path != s.path {
			_ = os.Remove(path) // see above
		}
	}
}

// write writes batches until there are no more.
func (s *Spool) write(file *os.File) error {
	buffered := bufio.NewWriterSize(file, 256<<10)
	zip, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed) // it runs beside the load
	if err != nil {
		panic("history: internal error: " + err.Error()) // the level is a constant
	}
	out := NewWriter(zip)
	for batch := range s.batches {
		for i := range batch {
			if err == nil {
				err = out.Write(&batch[i])
			}
		}
		select {
		case s.spare <- batch[:0]:
		default:
		}
	}
	return errors.Join(err, out.Flush(), zip.Close(), buffered.Flush())
}

// hand gives the writer what there is.
func (s *Spool) hand() {
	s.batches <- s.calls
	select {
	case s.calls = <-s.spare:
	default:
		s.calls = make([]Call, 0, spoolBatch)
	}
}

// Close ends the file, if there is one.
func (s *Spool) Close() error {
	if s.batches == nil {
		return s.err
	}
	s.hand()
	s.calls = nil
	close(s.batches)
	if err := <-s.done; err != nil {
		return fmt.Errorf("history: cannot keep the calls on disk: %w", err)
	}
	return s.err
}

// Len is the number of calls.
func (s *Spool) Len() int { return s.n }

// Calls are the calls where all are in memory, in the order of Add; nil else.
func (s *Spool) Calls() []Call { return s.calls }

// Each hands all calls after Close to fn, in the order of Add, one by one. It
// stops at fn's first error, which it returns.
func (s *Spool) Each(fn func(*Call) error) (err error) {
	if s.n <= s.memory {
		for i := range s.calls {
			if err := fn(&s.calls[i]); err != nil {
				return err
			}
		}
		return nil
	}
	file, err := s.Open()
	if err != nil {
		return err
	}
	zip, err := gzip.NewReader(bufio.NewReaderSize(file, 64<<10))
	if err != nil {
		return fmt.Errorf("history: the calls on disk: %w", err)
	}
	return NewReader(zip).Each(func(_ int, c *Call) error { return fn(c) })
}

// OnDisk reports if the calls are in a file.
func (s *Spool) OnDisk() bool { return s.file != nil }

// Open returns the file's content from its beginning, after Close and before
// Remove; as often as it is called.
func (s *Spool) Open() (io.Reader, error) {
	if s.file == nil {
		return nil, fmt.Errorf("history: the calls on disk: %w", os.ErrNotExist)
	}
	info, err := s.file.Stat()
	if err != nil {
		return nil, fmt.Errorf("history: the calls on disk: %w", err)
	}
	return io.NewSectionReader(s.file, 0, info.Size()), nil
}

// Remove removes the file, if there is one.
func (s *Spool) Remove() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	if s.path == "" {
		return nil
	}
	if err := os.Remove(s.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}
