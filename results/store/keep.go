package store

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// Keep stores a run, its secrets taken out, and returns the entry. It is all or
// nothing: the folder gets its name only once everything in it is on the disk,
// so that neither a kill nor a full disk leaves half a run to be found.
func (s *Store) Keep(r Run) (*Entry, error) {
	r, err := r.Redacted()
	if err != nil {
		return nil, err
	}
	e, err := newEntry(r)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.runs(), 0o700); err != nil {
		return nil, fmt.Errorf("cannot keep the run: %w", err)
	}
	s.sweep(r.Started)
	dir, err := os.MkdirTemp(s.runs(), unfinished)
	if err != nil {
		return nil, fmt.Errorf("cannot keep the run: %w", err)
	}
	e.path = filepath.Join(s.runs(), e.ID)
	err = s.fill(dir, e, r)
	if err == nil {
		err = os.Rename(dir, e.path)
	}
	if err == nil {
		err = syncFolder(s.runs())
	}
	if err != nil {
		// What is left is no run to anybody, and is swept some day, should it
		// not go now.
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("cannot keep the run: %w", err)
	}
	return e, nil
}

// newEntry describes a run.
func newEntry(r Run) (*Entry, error) {
	h, err := headOf(r.Document)
	if err != nil {
		return nil, err
	}
	random := make([]byte, 3)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	e := &Entry{
		Schema: EnvironmentSchema, Kind: r.Kind, Started: r.Started.UTC(), Verdict: h.Verdict, Seed: h.Seed,
		Machine: r.Machine,
		ID:      r.Started.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(random),
		Servers: []Server{},
	}
	e.Machine.Version = cmp.Or(e.Machine.Version, h.Version)
	for _, p := range h.Servers {
		e.Servers = append(e.Servers, Server{Server: string(p.Server), Verdict: p.Verdict, Target: p.Target})
	}
	counts := map[string]int{}
	for name, calls := range r.Histories {
		counts[name] = len(calls)
	}
	for name, file := range r.Spooled {
		counts[name] = file.Calls
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] == 0 {
			continue
		}
		i := slices.IndexFunc(e.Servers, func(s Server) bool { return s.Server == name })
		if i < 0 {
			i = len(e.Servers)
			e.Servers = append(e.Servers, Server{Server: name})
		}
		e.Servers[i].History, e.Servers[i].Calls = fileName(i, name), counts[name]
	}
	return e, nil
}

// fileName is a server's name as a file's. A command line may be a name, with
// slashes and all, and of any length; the number keeps two of them apart.
func fileName(i int, server string) string {
	safe := strings.NewReplacer("%", "_", ":", "_3A").Replace(url.PathEscape(server)) // Windows has no colons in names
	safe = strings.TrimLeft(safe, ".")
	if len(safe) > 60 {
		safe = safe[:60]
	}
	return fmt.Sprintf("%02d-%s%s", i+1, safe, historySuffix)
}

// fill writes everything of a run into a folder, onto the disk.
func (s *Store) fill(dir string, e *Entry, r Run) error {
	err := s.write(filepath.Join(dir, documentFile), func(w io.Writer) error {
		_, err := w.Write(r.Document)
		return err
	})
	if err != nil {
		return err
	}
	if len(r.Screen) > 0 {
		err := s.write(filepath.Join(dir, screenFile), func(w io.Writer) error {
			_, err := w.Write(r.Screen)
			return err
		})
		if err != nil {
			return err
		}
	}
	histories := filepath.Join(dir, historiesFolder)
	if err := os.Mkdir(histories, 0o700); err != nil {
		return err
	}
	for _, server := range e.Servers {
		if server.History == "" {
			continue
		}
		err := s.write(filepath.Join(histories, server.History), func(w io.Writer) error {
			if file, ok := r.Spooled[server.Server]; ok {
				return copySpooled(w, file)
			}
			return compress(w, r.Histories[server.Server])
		})
		if err != nil {
			return err
		}
	}
	err = s.write(filepath.Join(dir, environmentFile), func(w io.Writer) error { return results.WriteJSON(w, e) })
	return cmp.Or(err, syncFolder(histories), syncFolder(dir))
}

func copySpooled(w io.Writer, file Spooled) error {
	r, err := file.Open()
	if err == nil {
		_, err = io.Copy(w, r)
	}
	return err
}

func compress(w io.Writer, calls []history.Call) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed) // the run's user waits for it
	if err != nil {
		return err
	}
	return errors.Join(history.Write(z, calls), z.Close())
}

// write makes a file and puts it on the disk.
func (s *Store) write(path string, to func(io.Writer) error) error {
	f, err := s.create(path)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(f, 64<<10)
	return cmp.Or(to(b), b.Flush(), f.Close()) // all three are done, and the first error says it
}

// syncFolder puts a folder's list of names on the disk. Windows has no such call,
// and keeps names in order by itself.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	_ = d.Close() // nothing was written through it
	return err
}

// sweepAge is how old an unfinished folder must be to be nobody's: keeping a run
// takes seconds.
const sweepAge = time.Hour

// sweep removes what killed processes left. That is housekeeping: what can't be
// removed is in nobody's way.
func (s *Store) sweep(now time.Time) {
	list, err := os.ReadDir(s.runs())
	if err != nil {
		return // see above
	}
	for _, f := range list {
		if !strings.HasPrefix(f.Name(), unfinished) {
			continue
		}
		if info, err := f.Info(); err == nil && now.Sub(info.ModTime()) > sweepAge {
			_ = os.RemoveAll(filepath.Join(s.runs(), f.Name())) // see above
		}
	}
}
