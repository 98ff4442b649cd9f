package invoked

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// MostGiven is how long a file may be that is read whole: a fleet, a certificate.
const MostGiven = 4 << 20

// File is the text of a file that somebody named, which may be a pipe or a device. One of
// more bytes than most is refused.
func File(name string, most int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return Text(file, most)
}

// Text is the whole text of an open file, which it closes. One of more bytes than most is
// refused.
func Text(file *os.File, most int64) ([]byte, error) {
	defer file.Close() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(text)) > most {
		return nil, fmt.Errorf("%s is longer than %d MiB", file.Name(), most>>20)
	}
	return text, err
}

// Writable is why a file can't be written; nil where it can. It opens a file that is there,
// or makes one beside where it would be and removes it again.
func Writable(name string) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if file, err = os.CreateTemp(filepath.Dir(name), ".mcpload-*"); err == nil {
			defer os.Remove(file.Name())
		}
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	if err != nil {
		return err
	}
	return file.Close()
}
