package store

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 123, time.UTC)

// calls are n calls, the third of which was refused.
func calls(n int) []history.Call {
	list := make([]history.Call, n)
	for i := range list {
		at := time.Duration(i) * time.Millisecond
		list[i] = history.Call{Arrival: history.Arrival{Due: at, Client: "c1", Method: "tools/call", Tool: "ping",
			Label: "burst"}, Sent: at, Received: at + 500_000, Outcome: history.OK, ID: int64(i + 1)}
		if i == 2 {
			list[i].Outcome, list[i].Code, list[i].Detail = history.Limited, -32000, "rate limit exceeded"
		}
	}
	return list
}

// aRun is a run of two servers, the second of which has an awkward name.
func aRun(t testing.TB, at time.Time, v verdict.Verdict) Run {
	t.Helper()
	all := map[string][]history.Call{"acb": calls(5), "/usr/bin/python 3/ä": calls(7)}
	doc := &results.Document{Version: "v1", Started: at.Format(time.RFC3339), Seed: 7}
	for _, name := range []string{"acb", "/usr/bin/python 3/ä"} {
		doc.Servers = append(doc.Servers, results.Server{
			Server: name, Target: results.Target{Kind: "mock", Transport: "http"},
			Scenarios: []results.Scenario{results.NewScenario("burst", all[name],
				[]verdict.Finding{{Check: "served", Verdict: v}})},
		})
	}
	doc.Finish()
	var b bytes.Buffer
	require.NoError(t, doc.JSON(&b))
	return Run{Kind: "run", Started: at, Document: b.Bytes(), Histories: all, Screen: []byte("a screen\n"),
		Machine: Machine{Host: "h", CPUs: 2}}
}

func open(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "kept", "results"))
	require.NoError(t, err)
	return s
}

func keep(t testing.TB, s *Store, at time.Time, v verdict.Verdict) *Entry {
	t.Helper()
	e, err := s.Keep(aRun(t, at, v))
	require.NoError(t, err)
	return e
}

func list(t testing.TB, s *Store, f Filter) []string {
	t.Helper()
	entries, damage, err := s.List(f)
	require.NoError(t, err)
	require.Empty(t, damage)
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestKeptRunComesBack(t *testing.T) {
	s := open(t)
	r := aRun(t, noon, verdict.Pass)
	kept, err := s.Keep(r)
	require.NoError(t, err)
	e, err := s.Find(Last, Filter{})
	require.NoError(t, err)
	assert.Equal(t, kept, e)
	assert.Regexp(t, `^20261124-120000-[0-9a-f]{6}$`, e.ID)
	assert.Equal(t, "run pass 7 v1 h", strings.Join([]string{e.Kind, e.Verdict, fmt.Sprint(e.Seed), e.Machine.Version,
		e.Host}, " "))
	assert.Equal(t, "http", e.Servers[0].Target.Transport)
	text, err := e.Document()
	require.NoError(t, err)
	assert.Equal(t, string(r.Document), string(text), "to the letter")
	histories, err := e.Histories()
	require.NoError(t, err)
	assert.Equal(t, r.Histories, histories)
	screen, err := e.Screen()
	require.NoError(t, err)
	assert.Equal(t, "a screen\n", string(screen))
	doc, err := e.Run()
	require.NoError(t, err)
	assert.Equal(t, verdict.Pass, doc.Verdict)
}

// A server's name may be an address or a command line, and becomes a file's name on any system.
func TestNamesOfHistories(t *testing.T) {
	assert.Equal(t, "01-127.0.0.1_3A8000_2Fmcp.jsonl.gz", fileName(0, "127.0.0.1:8000/mcp"))
	assert.NotContains(t, fileName(1, `..\..\"<x>|*?`), `\`)
}

func TestFind(t *testing.T) {
	s := open(t)
	_, err := s.Find(Last, Filter{})
	assert.ErrorIs(t, err, ErrNone)
	first := keep(t, s, noon, verdict.Pass)
	second := keep(t, s, noon.Add(time.Hour), verdict.Fail)
	third := keep(t, s, noon.Add(48*time.Hour), verdict.Fail)
	lone := filepath.Join(t.TempDir(), "lone.json")
	text, err := second.Document()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(lone, text, 0o600))
	random := func(e *Entry) string { return e.ID[strings.LastIndex(e.ID, "-")+1:] }
	for name, want := range map[string]*Entry{
		"last": third, "last-pass": first, "2026-11-24": second, "2026-11-24T12": first, "2026-11-24T12:00Z": first,
		"2026-11-24 13:00": second,
		third.ID:           third, "20261126": third, random(second): second, first.ID[:16] + random(first): first,
		first.Path(): first,
	} {
		e, err := s.Find(name, Filter{})
		require.NoError(t, err, name)
		assert.Equal(t, want.ID, e.ID, name)
	}
	e, err := s.Find(lone, Filter{})
	require.NoError(t, err)
	assert.Equal(t, "run fail 7 v1", strings.Join([]string{e.Kind, e.Verdict, fmt.Sprint(e.Seed), e.Machine.Version},
		" "))
	assert.Equal(t, lone, e.Name())
	none, err := e.Histories()
	require.NoError(t, err)
	assert.Nil(t, none)
	for name, want := range map[string]string{
		"20261124": `"20261124" begins 2 ids`, "zzz": `"zzz": no such run`, "2026-01-01": "2026-01-01 (UTC): no " +
			"such run", "": "an empty name",
		"./nothing.json": "no such run", t.TempDir(): "is no kept run: it has no environment.json",
	} {
		_, err := s.Find(name, Filter{})
		assert.ErrorContains(t, err, want, name)
	}
	_, err = s.Find(Last, Filter{Server: "nobody"})
	assert.ErrorIs(t, err, ErrNone)
}

func TestFilters(t *testing.T) {
	s := open(t)
	assert.Empty(t, list(t, s, Filter{}), "no folder is no run")
	a := keep(t, s, noon, verdict.Pass).ID
	b := keep(t, s, noon.Add(time.Hour), verdict.Fail).ID
	assert.Equal(t, []string{b, a}, list(t, s, Filter{}))
	assert.Equal(t, []string{b}, list(t, s, Filter{Limit: 1}))
	assert.Equal(t, []string{a}, list(t, s, Filter{Verdict: "pass", Kind: "run", Server: "acb", Limit: 1}))
	assert.Equal(t, []string{b}, list(t, s, Filter{Since: noon.Add(time.Minute)}))
	assert.Equal(t, []string{a}, list(t, s, Filter{Before: noon.Add(time.Minute)}))
	assert.Empty(t, list(t, s, Filter{Kind: "probe"}))
	assert.Empty(t, list(t, s, Filter{Server: "' OR 1=1 --"}))
}

// A folder that was deleted, copied in or spoilt is noticed, whatever the index said.
func TestIndexFollowsTheFolders(t *testing.T) {
	s := open(t)
	a, b := keep(t, s, noon, verdict.Pass), keep(t, s, noon.Add(time.Hour), verdict.Pass)
	require.Len(t, list(t, s, Filter{}), 2)
	require.NoError(t, os.RemoveAll(a.Path()))
	assert.Equal(t, []string{b.ID}, list(t, s, Filter{}))

	other := open(t)
	c := keep(t, other, noon.Add(2*time.Hour), verdict.Fail)
	require.NoError(t, os.CopyFS(filepath.Join(s.runs(), c.ID), os.DirFS(c.Path())))
	assert.Equal(t, []string{c.ID, b.ID}, list(t, s, Filter{}))
	n, damage, err := s.Reindex()
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	assert.Empty(t, damage)
}

func TestDamagedIndexIsMadeAgain(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"garbage":      func(p string) error { return os.WriteFile(p, bytes.Repeat([]byte("garbage "), 1000), 0o600) },
		"truncated":    func(p string) error { return os.Truncate(p, 5000) },
		"empty":        func(p string) error { return os.Truncate(p, 0) },
		"gone":         os.Remove,
		"other tables": statements(`DROP TABLE servers; DROP TABLE runs; CREATE TABLE runs (x)`),
		"no servers":   statements(`DROP TABLE servers`),
		"other rows":   statements(`UPDATE runs SET entry = '{"id":"x"}'`),
		"no JSON":      statements(`UPDATE runs SET entry = 'x'`),
		"no index":     statements(`PRAGMA writable_schema=1; DELETE FROM sqlite_schema WHERE name = 'runs_started'`),
		"a folder":     func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o700)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			e := keep(t, s, noon, verdict.Pass)
			require.Len(t, list(t, s, Filter{}), 1)
			require.NoError(t, spoil(filepath.Join(s.dir, indexFile)))
			assert.Equal(t, []string{e.ID}, list(t, s, Filter{}))
			assert.Equal(t, []string{e.ID}, list(t, s, Filter{Server: "acb"}))
		})
	}
}

// What below runs/ is no run is named with the reason, and hides no other.
func TestDamageIsNamed(t *testing.T) {
	s := open(t)
	good := keep(t, s, noon, verdict.Pass)
	spoilt := func(hour int, name, text string) string {
		e := keep(t, s, noon.Add(time.Duration(hour)*time.Hour), verdict.Pass)
		if name == "" {
			require.NoError(t, os.Remove(filepath.Join(e.Path(), environmentFile)))
		} else {
			require.NoError(t, os.WriteFile(filepath.Join(e.Path(), name), []byte(text), 0o600))
		}
		return e.ID
	}
	want := map[string]string{
		spoilt(1, environmentFile, "{"):                 "damaged",
		spoilt(2, environmentFile, `{"schema":"x/v9"}`): `has schema "x/v9", which is not`,
		spoilt(3, "", ""):                               "it has no environment.json",
		spoilt(4, environmentFile, strings.Replace(mustRead(t, good), good.ID, "20200101-000000-aaaaaa",
			1)): "copied or renamed",
		"holiday.jpg": "its name is no run's id",
	}
	require.NoError(t, os.WriteFile(filepath.Join(s.runs(), "holiday.jpg"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(s.runs(), ".DS_Store"), nil, 0o600))
	entries, damage, err := s.List(Filter{})
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Len(t, damage, len(want))
	for _, d := range damage {
		assert.ErrorContains(t, d, want[filepath.Base(d.Path)], d.Path)
		_, err := s.Find(filepath.Base(d.Path), Filter{})
		assert.ErrorContains(t, err, want[filepath.Base(d.Path)])
		require.NoError(t, s.RemoveDamaged(filepath.Base(d.Path)))
	}
	assert.ErrorContains(t, s.RemoveDamaged(good.ID), "is a whole run")
	assert.ErrorContains(t, s.RemoveDamaged("../runs"), "no name of a run")
	assert.Equal(t, []string{good.ID}, list(t, s, Filter{}))
}

func mustRead(t *testing.T, e *Entry) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(e.Path(), environmentFile))
	require.NoError(t, err)
	return string(text)
}

// Half a history, or none, is never taken for a whole one.
func TestDamagedHistoryIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"unexpected EOF": func(p string) error {
			info, err := os.Stat(p)
			return errors.Join(err,
				os.Truncate(p, info.Size()-12))
		},
		"invalid header": func(p string) error { return os.WriteFile(p, bytes.Repeat([]byte("x"), 100), 0o600) },
		"no such file":   os.Remove,
		"and 5 were kept": func(p string) error {
			f, err := os.Create(p)
			return errors.Join(err, compress(f, calls(4)), f.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := keep(t, open(t), noon, verdict.Pass)
			require.NoError(t, spoil(filepath.Join(e.Path(), historiesFolder, e.Servers[0].History)))
			all, err := e.Histories()
			assert.ErrorContains(t, err, name)
			assert.ErrorContains(t, err, "acb in run "+e.ID)
			assert.Nil(t, all)
		})
	}
	e := keep(t, open(t), noon, verdict.Pass)
	e.Servers[0].History = "../document.json"
	_, err := e.Histories()
	assert.ErrorContains(t, err, "is no name of a file")
	require.NoError(t, os.WriteFile(filepath.Join(e.Path(), documentFile), []byte("{"), 0o600))
	_, err = e.Run()
	assert.ErrorContains(t, err, "damaged")
}

// A full disk, at whatever byte it fills up, leaves nothing behind and is said.
func TestFullDisk(t *testing.T) {
	s := open(t)
	full := 0
	for room := 0; ; room += 150 {
		left := room
		s.create = func(path string) (io.WriteCloser, error) {
			f, err := createFile(path)
			return limited{f, &left}, err
		}
		_, err := s.Keep(aRun(t, noon, verdict.Pass))
		if err == nil {
			break
		}
		full++
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.ErrorContains(t, err, "cannot keep the run")
		files, err := os.ReadDir(s.runs())
		require.NoError(t, err)
		require.Empty(t, files)
	}
	assert.Greater(t, full, 10)
	assert.Len(t, list(t, s, Filter{}), 1)
}

type limited struct {
	io.WriteCloser
	left *int
}

func (l limited) Write(b []byte) (int, error) {
	if len(b) > *l.left {
		return 0, syscall.ENOSPC
	}
	*l.left -= len(b)
	return l.WriteCloser.Write(b)
}

func TestFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	s, err := Open(filepath.Join(file, "results"))
	require.NoError(t, err)
	_, err = s.Keep(aRun(t, noon, verdict.Pass))
	assert.ErrorContains(t, err, "not a directory")
	_, err = Open("")
	assert.ErrorContains(t, err, "no folder")
}

// Runs that are kept, listed and deleted at the same time don't disturb each other.
func TestAtTheSameTime(t *testing.T) {
	s := open(t)
	var work sync.WaitGroup
	const n = 8
	for i := range n {
		work.Go(func() {
			e, err := s.Keep(aRun(t, noon.Add(time.Duration(i)*time.Second), verdict.Pass))
			assert.NoError(t, err)
			_, damage, err := s.List(Filter{})
			assert.NoError(t, err)
			assert.Empty(t, damage)
			if i%2 == 0 {
				assert.NoError(t, s.Remove(e))
			}
		})
	}
	work.Wait()
	assert.Len(t, list(t, s, Filter{}), n/2)
}

func TestRemove(t *testing.T) {
	s, other := open(t), open(t)
	e, foreign := keep(t, s, noon, verdict.Pass), keep(t, other, noon, verdict.Pass)
	assert.ErrorContains(t, s.Remove(foreign), "isn't mcpload's to delete")
	assert.DirExists(t, foreign.Path())
	require.NoError(t, s.Remove(e))
	require.NoError(t, s.Remove(e), "gone already")
	assert.NoDirExists(t, e.Path())
	assert.Empty(t, list(t, s, Filter{}))
}

// The newest run, and the newest pass, stay however old they are.
func TestPrune(t *testing.T) {
	s := open(t)
	day := 24 * time.Hour
	old := keep(t, s, noon, verdict.Pass)
	pass := keep(t, s, noon.Add(day), verdict.Pass)
	fail := keep(t, s, noon.Add(2*day), verdict.Fail)
	last := keep(t, s, noon.Add(3*day), verdict.Fail)
	gone, err := s.Prune(noon.Add(30*day), true)
	require.NoError(t, err)
	require.Len(t, gone, 2)
	require.Len(t, list(t, s, Filter{}), 4, "it was dry")
	gone, err = s.Prune(noon.Add(30*day), false)
	require.NoError(t, err)
	assert.Equal(t, []string{fail.ID, old.ID}, []string{gone[0].ID, gone[1].ID})
	assert.Equal(t, []string{last.ID, pass.ID}, list(t, s, Filter{}))
	gone, err = s.Prune(noon, false)
	require.NoError(t, err)
	assert.Empty(t, gone)
}

func TestRedacted(t *testing.T) {
	secret := strings.Repeat("hush", 5)
	r := aRun(t, noon, verdict.Pass)
	r.Document = bytes.Replace(r.Document, []byte(`"version": "v1"`), []byte(`"version": "`+secret+`"`), 1)
	r.Screen = []byte("a " + secret)
	r.Machine.Command = []string{"mcpload", "--header", "x: " + secret}
	mine := r.Histories["acb"]
	mine[4].Detail = "bad token " + secret
	r.Redact = strings.NewReplacer(secret, "[redacted]").Replace
	s := open(t)
	e, err := s.Keep(r)
	require.NoError(t, err)
	assert.Equal(t, "bad token "+secret, mine[4].Detail, "the caller's calls are left as they are")
	var all strings.Builder
	require.NoError(t, filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			all.Write(text)
		}
		return err
	}))
	histories, err := e.Histories()
	require.NoError(t, err)
	text, err := json.Marshal(histories)
	require.NoError(t, err)
	assert.NotContains(t, all.String()+string(text), secret)
	assert.Contains(t, string(text), "bad token [redacted]")
	assert.Contains(t, all.String(), "a [redacted]")
	// Words of the document itself: texts go, and what makes it a document stays.
	for _, word := range []string{"2026", "pass", "inconclusive", "schema", "mcpload.run/v1", "server", `"`, "{", "7"} {
		r.Redact = strings.NewReplacer(word, "[redacted]").Replace
		clean, err := r.Redacted()
		require.NoError(t, err, word)
		_, err = results.Decode(bytes.NewReader(clean.Document))
		require.NoError(t, err, word)
	}
	r.Document = append(r.Document[:len(r.Document)/2], `"no end`...)
	_, err = s.Keep(r)
	require.ErrorIs(t, err, ErrNotRedacted)
}

func TestOtherDocuments(t *testing.T) {
	s := open(t)
	e, err := s.Keep(Run{Kind: "probe", Started: noon,
		Document: []byte(`{"schema":"mcpload.probe/v1","server":"acb","result":"measured"}`)})
	require.NoError(t, err)
	assert.Equal(t, "measured", e.Verdict)
	assert.Equal(t, []string{e.ID}, list(t, s, Filter{Server: "acb", Kind: "probe"}))
	_, err = e.Run()
	assert.ErrorContains(t, err, "is a probe")
	for text, want := range map[string]string{"{": "no result", "{}": "names no schema", "[]": "no result"} {
		_, err := s.Keep(Run{Document: []byte(text), Started: noon})
		assert.ErrorContains(t, err, want)
	}
}

func TestArchive(t *testing.T) {
	s := open(t)
	var a, b bytes.Buffer
	e := keep(t, s, noon, verdict.Pass)
	require.NoError(t, Archive(&a, []*Entry{e}))
	require.NoError(t, Archive(&b, []*Entry{e}))
	assert.Equal(t, a.Bytes(), b.Bytes(), "the same each time")
	dir := t.TempDir()
	untar(t, &a, dir)
	again, err := s.Find(filepath.Join(dir, e.ID), Filter{})
	require.NoError(t, err)
	histories, err := again.Histories()
	require.NoError(t, err)
	assert.Len(t, histories, 2)
	assert.ErrorContains(t, Archive(&a, []*Entry{{bare: true, path: "x.json"}}), "no kept run")
}

func TestSpooledCallsAreKept(t *testing.T) {
	s := open(t)
	r := aRun(t, noon, verdict.Pass)
	spool := history.NewSpool(1, t.TempDir())
	for _, c := range r.Histories["acb"] {
		spool.Add(c)
	}
	require.NoError(t, spool.Close())
	want := r.Histories["acb"]
	delete(r.Histories, "acb")
	r.Spooled = map[string]Spooled{"acb": {Open: spool.Open, Calls: spool.Len()}}
	r.Redact = func(s string) string { return s }
	e, err := s.Keep(r)
	require.NoError(t, err)
	histories, err := e.Histories()
	require.NoError(t, err)
	assert.Equal(t, want, histories["acb"])
	assert.Len(t, histories, 2)

	r.Spooled["acb"] = Spooled{Open: func() (io.Reader, error) { return nil, os.ErrNotExist }, Calls: 1}
	_, err = s.Keep(r)
	require.ErrorContains(t, err, "cannot keep the run")
	require.NoError(t, spool.Remove())
}

// statements spoil an index by SQL.
func statements(text string) func(path string) error {
	return func(path string) error {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			return err
		}
		_, err = db.Exec(text)
		return errors.Join(err, db.Close())
	}
}

// A page of the index that holds garbage, whichever it is, hides no run.
func TestGarbageInTheMiddleOfTheIndex(t *testing.T) {
	s := open(t)
	var want []string
	for i := range 12 {
		want = append(want, keep(t, s, noon.Add(-time.Duration(i)*time.Hour), verdict.Pass).ID)
	}
	require.Equal(t, want, list(t, s, Filter{}))
	file := filepath.Join(s.dir, indexFile)
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	const page = 4096
	require.Greater(t, len(whole), 5*page)
	for at := 0; at < len(whole); at += page {
		for _, from := range []int{0, 100, 2000} {
			spoilt := bytes.Clone(whole)
			for i := at + from; i < at+page; i++ {
				spoilt[i] = byte(i * 31)
			}
			require.NoError(t, os.WriteFile(file, spoilt, 0o600))
			require.Equal(t, want, list(t, s, Filter{}), "page %d from %d", at/page, from)
		}
		require.NoError(t, os.WriteFile(file, whole[:at], 0o600))
		require.Equal(t, want, list(t, s, Filter{}), "cut at page %d", at/page)
	}
}
