package invoked

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
)

// MostGiven is how long a file may be that is read whole: a fleet, a certificate.
const MostGiven = 4 << 20

// File is the text of a file that somebody named, which may be a pipe or a device. One of
// more bytes than most is refused.
func File(name string, most int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, NoFile(err, name)
	}
	return Text(file, most)
}

// Text is the whole text of an open file, which it closes. One of more bytes than most is
// refused.
func Text(file *os.File, most int64) ([]byte, error) {
	defer file.Close() // it was only read
	return Bounded(file, file.Name(), most)
}

// Bounded is the whole text of what is called so. One of more bytes than most is refused,
// and none of it returned.
func Bounded(r io.Reader, name string, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(text)) > most:
		return nil, fmt.Errorf("%s is longer than %d MiB", name, most>>20)
	}
	return text, nil
}

// Authorities are those to trust that a PEM file of --cacert holds.
func Authorities(name string) (*x509.CertPool, error) {
	pem, err := File(name, MostGiven)
	if err != nil {
		return nil, fmt.Errorf("--cacert: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--cacert %s: holds no certificate in PEM", name)
	}
	return pool, nil
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

// WritableFolder is why no file can be written in a folder, made where it isn't there; nil where one can.
func WritableFolder(dir string) error {
	for _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir; _, err = os.Stat(dir) {
		dir = filepath.Dir(dir)
	}
	return Writable(filepath.Join(dir, ".mcpload-new"))
}

// Elsewhere is what to do where a file can't be written.
func Elsewhere(name string, err error) string {
	dir := filepath.Dir(name)
	if _, missing := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && missing != nil {
		return "there is no folder " + dir + ": mkdir -p " + Quoted(dir) + " makes it"
	}
	return "name another file"
}

// NoFile is an error about a file that isn't there. A server's address in its place is told
// where it belongs.
func NoFile(err error, name string) error {
	if !strings.Contains(name, "://") {
		return err
	}
	name = Address(name)
	return hint.New(fmt.Errorf("%s is an address, and a file is wanted", name), fmt.Sprintf("mcpload run %s --rate "+
		"10/s --burst 20 judges a server, mcpload probe %s measures its limit", name, name))
}
