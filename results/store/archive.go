package store

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Archive writes runs as a gzipped tar file, each in a folder named for its id.
// Unpacked, such a folder is a RUN like any other, and below another store's
// runs/ it is one of its own.
func Archive(w io.Writer, entries []*Entry) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	for _, e := range entries {
		if e.bare {
			return fmt.Errorf("store: %s is a document by itself and no kept run", e.path)
		}
		if err := archive(t, e); err != nil {
			return fmt.Errorf("store: cannot export run %s: %w", e.ID, err)
		}
	}
	return errors.Join(t.Close(), z.Close())
}

func archive(t *tar.Writer, e *Entry) error {
	return filepath.WalkDir(e.path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(e.path, name)
		if err != nil {
			return err
		}
		err = t.WriteHeader(&tar.Header{Name: path.Join(e.ID, filepath.ToSlash(rel)), Mode: 0o600, Size: int64(len(text)), ModTime: e.Started})
		if err != nil {
			return err
		}
		_, err = t.Write(text)
		return err
	})
}
