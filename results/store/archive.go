package store

import (
	"archive/tar"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Archive writes runs as a gzipped tar file, each in a folder named for its id.
// Unpacked, such a folder is a RUN like any other, and below another store's
// runs/ it is one of its own.
func Archive(w io.Writer, entries []*Entry) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	for _, e := range entries {
		if e.bare {
			return fmt.Errorf("%s is a document by itself and no kept run", e.path)
		}
		if err := archive(t, e); err != nil {
			return fmt.Errorf("cannot export run %s: %w", e.ID, err)
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
		err = t.WriteHeader(&tar.Header{Name: path.Join(e.ID, filepath.ToSlash(rel)), Mode: 0o600,
			Size: int64(len(text)), ModTime: e.Started})
		if err != nil {
			return err
		}
		_, err = t.Write(text)
		return err
	})
}

// Bounds of an archive that comes from elsewhere.
const (
	mostFiles    = 1000
	mostUnpacked = 64 << 30
)

// Unpack reads what Archive wrote of one run into a folder, and returns the run's own in
// it. Names that lead elsewhere are refused.
func Unpack(r io.Reader, into string) (folder string, err error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return "", fmt.Errorf("the archive can't be read: %w", err)
	}
	t := tar.NewReader(io.LimitReader(z, mostUnpacked))
	for n := 0; ; n++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) && folder != "" {
			if _, err := io.CopyN(io.Discard, z, 1<<20); !errors.Is(err, io.EOF) { // its checksum is behind all
				return "", fmt.Errorf("the archive can't be read: %w", cmp.Or(err, errors.New("more follows its end")))
			}
			return folder, nil
		}
		if err != nil {
			return "", fmt.Errorf("the archive can't be read: %w", err)
		}
		parts := strings.Split(h.Name, "/")
		if n == mostFiles || h.Typeflag != tar.TypeReg || !idForm.MatchString(parts[0]) ||
			!filepath.IsLocal(filepath.FromSlash(h.Name)) || path.Clean(h.Name) != h.Name {
			return "", fmt.Errorf("%q is nothing that an archive of a run holds", h.Name)
		}
		folder = filepath.Join(into, parts[0])
		if err := unpackFile(t, filepath.Join(into, filepath.FromSlash(h.Name))); err != nil {
			return "", fmt.Errorf("the archive can't be unpacked: %w", err)
		}
	}
}

func unpackFile(r io.Reader, name string) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
