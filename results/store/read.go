package store

import (
	"fmt"
	"io"
	"os"
)

// How much of a file is read, in bytes: far more than any run has, and little
// enough to be held.
const (
	mostEntry    = 16 << 20
	mostDocument = 256 << 20
)

// openKept opens a file of a run's folder. What is no file, such as a pipe that
// nobody writes to, is refused: opening it may wait without end.
func openKept(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", name)
	}
	return os.Open(name)
}

// readKept reads a file of a run's folder.
func readKept(name string, most int64) ([]byte, error) {
	f, err := openKept(name)
	if err != nil {
		return nil, err
	}
	return readAll(f, most)
}

// readGiven reads what somebody named, which may be a pipe or a device.
func readGiven(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return readAll(f, most)
}

// readAll reads and closes a file, which may be longer than it says.
func readAll(f *os.File, most int64) ([]byte, error) {
	defer f.Close() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		return nil, fmt.Errorf("%s is longer than %d MiB", f.Name(), most>>20)
	}
	return text, err
}
