package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/mcpload/mcpload/results"
)

// indexVersion is in the database's user_version: an index of another version is
// made again.
const indexVersion = 1

// A row of runs is an entry; rows of servers are what trends ask for.
const indexSchema = `
CREATE TABLE runs (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, started_ns INTEGER NOT NULL, verdict TEXT NOT NULL, entry TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_started ON runs (started_ns);
CREATE TABLE servers (
  run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, server TEXT NOT NULL
);
CREATE INDEX servers_server ON servers (server);
CREATE INDEX servers_run ON servers (run);
`

// A Damage is something below runs/ that is no readable run.
type Damage struct {
	Path string
	Err  error
}

func (d Damage) Error() string { return d.Err.Error() }

// Reindex makes the index again from the folders, and returns how many runs
// there are and what isn't one.
func (s *Store) Reindex() (runs int, damage []Damage, err error) {
	if err := s.dropIndex(); err != nil {
		return 0, nil, fmt.Errorf("the old index can't be removed: %w", err)
	}
	db, damage, err := s.index()
	if err != nil {
		return 0, damage, err
	}
	defer closeIndex(db)
	if err := db.QueryRow(`SELECT count(*) FROM runs`).Scan(&runs); err != nil {
		return 0, damage, fmt.Errorf("the index can't be read: %w", err)
	}
	return runs, damage, nil
}

// index opens the index and brings it up to date with the folders. A damaged one
// is made again. Where it can't be written (a read-only folder, a full disk, another
// process that holds it for too long), it is made in memory: it is but a cache.
func (s *Store) index() (*sql.DB, []Damage, error) {
	if _, err := os.Stat(s.runs()); errors.Is(err, os.ErrNotExist) {
		db, err := openIndex(":memory:")
		return db, nil, err
	}
	file := (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(filepath.Join(s.dir, indexFile)),
		RawQuery: "_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_txlock=immediate"}).String()
	db, damage, err := s.indexIn(file)
	if isDamaged(err) {
		if err := s.dropIndex(); err == nil { // else it is made in memory below
			db, damage, err = s.indexIn(file)
			if err == nil {
				return db, damage, nil
			}
		}
	}
	if err != nil {
		db, damage, err = s.indexIn("file::memory:?_pragma=foreign_keys(1)")
	}
	return db, damage, err
}

func (s *Store) dropIndex() error {
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(s.dir, indexFile+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// errSpoilt says that the index holds what nobody wrote there.
var errSpoilt = errors.New("it is damaged")

// isDamaged reports if the file is no database, a broken one, or somebody else's:
// whatever goes wrong with it that is no fault of the disk's, of rights or of
// another process.
func isDamaged(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return errors.Is(err, errSpoilt)
	}
	switch e.Code() & 0xff { // the rest is detail
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH,
		sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_PROTOCOL:
		return false
	case sqlite3.SQLITE_IOERR:
		return e.Code() == sqlite3.SQLITE_IOERR_SHORT_READ
	}
	return true
}

// sound looks through the whole database. An index is small, and one that is
// damaged in its middle would hide runs without a word.
func sound(db *sql.DB) error {
	var said string
	if err := db.QueryRow(`PRAGMA integrity_check(1)`).Scan(&said); err != nil {
		return err
	}
	if said != "ok" {
		return errSpoilt
	}
	return nil
}

func (s *Store) indexIn(file string) (*sql.DB, []Damage, error) {
	db, err := openIndex(file)
	if err != nil {
		return nil, nil, err
	}
	damage, err := s.catchUp(db)
	if err != nil {
		closeIndex(db)
		return nil, nil, fmt.Errorf("the index can't be brought up to date: %w", err)
	}
	return db, damage, nil
}

// openIndex opens a database and makes its tables where they aren't those of
// this version.
func openIndex(file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, fmt.Errorf("the index can't be opened: %w", err)
	}
	db.SetMaxOpenConns(1) // a database in memory is one connection's
	if err := cmp.Or(makeTables(db), sound(db)); err != nil {
		closeIndex(db)
		return nil, fmt.Errorf("the index can't be opened: %w", err)
	}
	return db, nil
}

func makeTables(db *sql.DB) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // fails once it was committed, as it should
	var version int
	if err := tx.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	if version == indexVersion {
		return nil
	}
	_, err = tx.Exec(`DROP TABLE IF EXISTS servers; DROP TABLE IF EXISTS runs;` + indexSchema +
		fmt.Sprintf(`PRAGMA user_version = %d`, indexVersion))
	if err != nil {
		return err
	}
	return tx.Commit()
}

// closeIndex closes a database. All that was to be written was committed.
func closeIndex(db *sql.DB) { _ = db.Close() }

// catchUp adds the runs that the index doesn't know and removes those whose
// folder has gone. Folders that can't be read are returned.
func (s *Store) catchUp(db *sql.DB) ([]Damage, error) {
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // fails once it was committed, as it should
	known, err := indexed(tx)
	if err != nil {
		return nil, err
	}
	list, err := os.ReadDir(s.runs())
	if err != nil {
		return nil, err
	}
	var damage []Damage
	for _, f := range list {
		if strings.HasPrefix(f.Name(), ".") { // unfinished, or some desktop's own
			continue
		}
		if known[f.Name()] {
			delete(known, f.Name())
			continue
		}
		path := filepath.Join(s.runs(), f.Name())
		e, err := s.readOwn(path)
		if err != nil {
			damage = append(damage, Damage{path, err})
			continue
		}
		if err := insert(tx, e); err != nil {
			return nil, err
		}
	}
	for id := range known {
		if _, err := tx.Exec(`DELETE FROM runs WHERE id = ?`, id); err != nil {
			return nil, err
		}
	}
	return damage, tx.Commit()
}

// readOwn reads the entry of a folder below runs/, whose name is its id.
func (s *Store) readOwn(path string) (*Entry, error) {
	id := filepath.Base(path)
	if !idForm.MatchString(id) {
		return nil, fmt.Errorf("%s is no kept run: its name is no run's id", path)
	}
	e, err := readEntry(path)
	if err == nil && e.ID != id {
		err = fmt.Errorf("%s says that it is run %q: it was copied or renamed", path, e.ID)
	}
	return e, err
}

func indexed(tx *sql.Tx) (map[string]bool, error) {
	rows, err := tx.Query(`SELECT id FROM runs`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		known[id] = true
	}
	return known, rows.Err()
}

func insert(tx *sql.Tx, e *Entry) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO runs VALUES (?, ?, ?, ?, ?)`, e.ID, e.Kind, e.Started.UnixNano(), e.Verdict,
		string(text)); err != nil {
		return err
	}
	for _, server := range e.Servers {
		if _, err := tx.Exec(`INSERT INTO servers VALUES (?, ?)`, e.ID, server.Server); err != nil {
			return err
		}
	}
	return nil
}

// A Filter says which runs. Its zero value is all of them.
type Filter struct {
	Kind    string
	Verdict string
	Server  string
	Since   time.Time // those that began then or later
	Before  time.Time // those that began earlier
	Limit   int       // the newest this many; 0 is no limit

	Label  string          // those with a server of this label
	Target *results.Target // those with no server that is certainly another; nil is all
}

// Check refuses a kind or a verdict that no run has, in the words of the flags.
func (f Filter) Check() error {
	for _, of := range []struct {
		flag, word string
		known      []string
	}{
		{"kind", f.Kind, []string{KindRun, KindProbe, KindStartup, KindLoad, KindConform, KindFleet}},
		{"verdict", f.Verdict, []string{"pass", "fail", "inconclusive"}},
	} {
		if of.word != "" && !slices.Contains(of.known, of.word) {
			return fmt.Errorf("--%s %q is none of %s", of.flag, of.word, strings.Join(of.known, ", "))
		}
	}
	return nil
}

// keeps reports if a run is one of those that the labels let through.
func (f Filter) keeps(e *Entry) bool {
	if f.Label != "" && !slices.ContainsFunc(e.Servers,
		func(s Server) bool { return s.Target != nil && s.Target.Label == f.Label }) {
		return false
	}
	return f.Target == nil || !slices.ContainsFunc(e.Servers, func(s Server) bool {
		return s.Target != nil && (f.Server == "" || s.Server == f.Server) && s.Target.Other(*f.Target)
	})
}

// List returns the runs, the newest first, and what below runs/ is none.
func (s *Store) List(f Filter) ([]*Entry, []Damage, error) {
	list, damage, err := s.list(f)
	if isDamaged(err) && s.dropIndex() == nil {
		return s.list(f)
	}
	return list, damage, err
}

func (s *Store) list(f Filter) ([]*Entry, []Damage, error) {
	db, damage, err := s.index()
	if err != nil {
		return nil, damage, err
	}
	defer closeIndex(db)
	where, args := f.where()
	rows, err := db.Query(`SELECT id, entry FROM runs WHERE `+where+` ORDER BY started_ns DESC, id DESC`, args...)
	if err != nil {
		return nil, damage, fmt.Errorf("the index can't be read: %w", err)
	}
	defer rows.Close()
	var list []*Entry
	for rows.Next() {
		var id, text string
		if err := rows.Scan(&id, &text); err != nil {
			return nil, damage, fmt.Errorf("the index can't be read: %w", err)
		}
		e := &Entry{}
		if err := json.Unmarshal([]byte(text), e); err != nil || e.ID != id {
			return nil, damage, fmt.Errorf("the index can't be read: %w", errSpoilt)
		}
		e.path = filepath.Join(s.runs(), e.ID)
		if f.keeps(e) {
			list = append(list, e)
		}
		if f.Limit > 0 && len(list) == f.Limit {
			break
		}
	}
	if err := rows.Err(); err != nil {
		return nil, damage, fmt.Errorf("the index can't be read: %w", err)
	}
	return list, damage, nil
}

// where is the filter as SQL.
func (f Filter) where() (string, []any) {
	parts, args := []string{"1"}, []any{}
	add := func(part string, arg any) { parts, args = append(parts, part), append(args, arg) }
	if f.Kind != "" {
		add("kind = ?", f.Kind)
	}
	if f.Verdict != "" {
		add("verdict = ?", f.Verdict)
	}
	if f.Server != "" {
		add("id IN (SELECT run FROM servers WHERE server = ?)", f.Server)
	}
	if !f.Since.IsZero() {
		add("started_ns >= ?", f.Since.UnixNano())
	}
	if !f.Before.IsZero() {
		add("started_ns < ?", f.Before.UnixNano())
	}
	where := strings.Join(parts, " AND ")
	if f.Limit > 0 && f.Label == "" && f.Target == nil { // what keeps lets through isn't known here
		where = "id IN (SELECT id FROM runs WHERE " + where + " ORDER BY started_ns DESC, id DESC LIMIT ?)"
		args = append(args, f.Limit)
	}
	return where, args
}
