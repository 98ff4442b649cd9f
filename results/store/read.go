package store

import (
	"fmt"
	"os"

	"github.com/mcpload/mcpload/internal/invoked"
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
	return invoked.Text(f, most)
}
