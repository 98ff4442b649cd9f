package drive

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// A note is a line of the journal that a coordinator keeps in its folder: what another
// one, started on the same folder, has to know of the workers. Of each field the last
// note counts.
type note struct {
	Plan    *Plan  `json:"plan,omitempty"` // with Shards: the first line
	Shards  int    `json:"shards,omitempty"`
	Part    int    `json:"part,omitempty"` // the rest is of its worker; 0: of all
	Worker  string `json:"worker,omitempty"`
	Host    string `json:"host,omitempty"`
	Ready   bool   `json:"ready,omitempty"`
	Planned int    `json:"planned,omitempty"`
	Whole   bool   `json:"whole,omitempty"`
	Lost    string `json:"lost,omitempty"`
	BegunNS int64  `json:"begun_ns,omitempty"`
	Clock   string `json:"clock,omitempty"` // by which it began
	Stop    bool   `json:"stop,omitempty"`
}

// ErrOtherPlan is wrapped where a folder keeps what belongs to another plan.
var ErrOtherPlan = errors.New("the state is that of another plan")

// write puts a note where it outlives us. It needs mu.
func (c *Coordinator) write(n note) error {
	if c.journal == nil {
		return nil
	}
	line, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if _, err = c.journal.Write(append(line, '\n')); err == nil {
		err = c.journal.Sync()
	}
	return err
}

// noted writes a note, and answers where it can't: what nobody kept didn't happen. It
// needs mu.
func (c *Coordinator) noted(w http.ResponseWriter, n note) bool {
	err := c.write(n)
	if err != nil {
		http.Error(w, "the coordinator can't write", http.StatusServiceUnavailable)
		c.say("cannot keep what happens: %v", err)
	}
	return err == nil
}

// resume reads what the folder keeps, and goes on there; a new folder has nothing.
func (c *Coordinator) resume() error {
	f, err := os.OpenFile(filepath.Join(c.Folder, "journal.jsonl"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	c.journal = f
	text, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1 // the line behind was cut short: nobody was told of it
	_, err = f.Seek(int64(whole), io.SeekStart)
	if err = errors.Join(err, f.Truncate(int64(whole))); err != nil {
		return err
	}
	if whole == 0 {
		return c.write(note{Plan: &c.Plan, Shards: c.Shards})
	}
	lines := json.NewDecoder(bytes.NewReader(text[:whole]))
	for lines.More() {
		var n note
		if err := lines.Decode(&n); err != nil {
			return fmt.Errorf("%s can't be read: %w", f.Name(), err)
		}
		if n.Plan != nil && (n.Shards != c.Shards || !reflect.DeepEqual(files(*n.Plan), files(c.Plan))) {
			return ErrOtherPlan
		}
		if n.Part < 0 || n.Part > c.Shards {
			return fmt.Errorf("%s names a shard %d of %d", f.Name(), n.Part, c.Shards)
		}
		c.recall(n)
	}
	for _, w := range c.workers {
		if w != nil {
			if err := c.refill(w); err != nil {
				return err
			}
		}
	}
	if c.begun > 0 {
		c.begins()
	}
	p := c.Progress()
	c.say("went on with the state in %s: %d of %d shards had joined, %d were done", c.Folder, p.Joined, c.Shards,
		p.Done)
	return nil
}

// Forget removes what a coordinator kept in a folder, and the folder if nothing else is
// in it. Where it kept nothing, no folder is named.
func Forget(folder string) error {
	if folder == "" {
		return nil
	}
	names, err := filepath.Glob(filepath.Join(folder, "shard-*"))
	for _, name := range append(names, filepath.Join(folder, "journal.jsonl")) {
		err = errors.Join(err, os.Remove(name))
	}
	_ = os.Remove(folder) // somebody else's files are theirs
	return err
}

// files is a plan in which no files are none.
func files(p Plan) Plan {
	if len(p.Files) == 0 {
		p.Files = nil
	}
	return p
}

// recall takes a note in again.
func (c *Coordinator) recall(n note) {
	c.stop = c.stop || n.Stop
	if n.BegunNS > 0 {
		c.begun, c.began = time.Duration(n.BegunNS), n.Clock
	}
	if n.Part == 0 {
		return
	}
	at := &c.workers[n.Part-1]
	if n.Worker != "" {
		*at = &worker{part: n.Part, name: n.Worker, host: n.Host, heard: time.Now()}
	}
	w := *at
	if w == nil {
		return
	}
	if n.Ready {
		w.ready, w.planned = true, n.Planned
	}
	w.whole = w.whole || n.Whole
	if n.Lost != "" {
		w.lost = n.Lost
	}
}

// path is the file of a worker's part, by what is in it.
func (c *Coordinator) path(w *worker, what string) string {
	return filepath.Join(c.Folder, fmt.Sprintf("shard-%d.%s", w.part, what))
}

// refill reads what a worker had sent: its result as far as that came, and else its calls.
func (c *Coordinator) refill(w *worker) error {
	switch info, err := os.Stat(c.path(w, "tar.gz")); {
	case err == nil:
		w.file, w.size = c.path(w, "tar.gz"), info.Size()
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	if w.whole {
		return nil
	}
	switch text, err := os.ReadFile(c.path(w, "json")); {
	case err == nil:
		w.shard = new(results.Shard)
		if json.Unmarshal(text, w.shard) != nil {
			w.shard = nil // it is told again, by who still lives
		}
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	text, err := os.ReadFile(c.path(w, "calls"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for len(text) >= 4 {
		size := int64(binary.BigEndian.Uint32(text))
		if int64(len(text)) < 4+size {
			break // it was cut short: nobody was told of it
		}
		calls, err := unpacked(bytes.NewReader(text[4 : 4+size]))
		if err != nil {
			return fmt.Errorf("%s can't be read: %w", c.path(w, "calls"), err)
		}
		w.calls, w.next, w.kept, text = append(w.calls, calls...), w.next+1, w.kept+4+size, text[4+size:]
	}
	w.ended = int64(len(w.calls))
	return nil
}

// unpacked are the calls of a batch.
func unpacked(r io.Reader) ([]history.Call, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return history.ReadAll(http.MaxBytesReader(nil, z, 8*mostMessage))
}

// keepBatch writes a batch of a worker's calls behind those that are there. It needs mu.
func (c *Coordinator) keepBatch(me *worker, packed []byte) error {
	if c.journal == nil {
		return nil
	}
	framed := append(binary.BigEndian.AppendUint32(nil, uint32(len(packed))), packed...)
	n, err := writeAt(c.path(me, "calls"), framed, me.kept)
	if err == nil {
		me.kept += int64(n)
	}
	return err
}

// keepShard writes now and then how a worker's clock is led to ours. It needs mu.
func (c *Coordinator) keepShard(me *worker) error {
	if c.journal == nil || time.Since(me.shardKept) < 5*time.Second {
		return nil
	}
	text, err := json.Marshal(me.shard)
	if err != nil {
		return err
	}
	me.shardKept = time.Now()
	next := c.path(me, "json.next")
	if _, err := writeAt(next, text, 0); err != nil {
		return err
	}
	return os.Rename(next, c.path(me, "json"))
}

// writeAt writes at a place of a file, which ends there, and has it on the disk.
func writeAt(path string, text []byte, at int64) (n int, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	if err = f.Truncate(at); err == nil {
		n, err = f.WriteAt(text, at)
	}
	return n, errors.Join(err, f.Sync(), f.Close())
}
