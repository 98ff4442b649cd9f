package drive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/merge"
	"github.com/mcpload/mcpload/results/store"
)

// Received are the parts that came, and of those that didn't what they told of. Ours
// reports if a call failed for want of something of ours.
func Received(outcomes []Outcome, folder string, ours func(*history.Call) bool) ([]merge.Part, error) {
	var parts []merge.Part
	s, err := store.Open(filepath.Join(folder, "parts"))
	if err != nil {
		return nil, err
	}
	outcomes = slices.Clone(outcomes)
	for i := range outcomes {
		o := &outcomes[i]
		if o.Archive == "" {
			continue
		}
		p, err := received(o, s, folder)
		if errors.Is(err, syscall.ENOSPC) { // which isn't the worker's fault
			return nil, hint.New(err, "make room (TMPDIR names another folder), and mcpload merge the folders "+
				"that the workers kept their shards in")
		}
		if err != nil { // the others' are worth no less
			o.Archive, o.Lost = "", fmt.Sprintf("its result can't be read: %v", err)
			continue
		}
		p.Ours = ours
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("no shard came back, so that there is nothing to judge: %s", losses(outcomes))
	}
	for _, o := range outcomes { // and the rest as far as they told
		if o.Archive != "" || o.Shard == nil || len(o.Shard.Clocks) == 0 {
			continue
		}
		lost, err := merge.Lost(parts[0], results.Shard{Part: o.Part, Of: len(outcomes), BeganNS: o.Shard.BeganNS,
			Clocks: o.Shard.Clocks},
			o.Calls, o.Planned, o.Lost)
		if err != nil {
			return nil, err
		}
		parts = append(parts, lost)
	}
	return parts, nil
}

// losses says of each shard why it has no result; what several say, once.
func losses(outcomes []Outcome) string {
	var whys []string
	whose := map[string][]string{}
	for _, o := range outcomes {
		if whose[o.Lost] == nil {
			whys = append(whys, o.Lost)
		}
		whose[o.Lost] = append(whose[o.Lost], fmt.Sprint("shard ", o.Part))
	}
	for i, why := range whys {
		whys[i] = words.And(whose[why]) + ": " + why
	}
	return strings.Join(whys, "; ")
}

// Kept are the parts that names say: each a kept run, or a folder of them. Ours is as
// Received has it.
func Kept(s *store.Store, names []string, ours func(*history.Call) bool) (parts []merge.Part, err error) {
	var list []*store.Entry
	for _, name := range names {
		found, err := s.FindAll(name)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	for _, e := range list {
		doc, err := e.Run()
		if err != nil {
			return nil, err
		}
		parts = append(parts, merge.Part{Name: e.Name(), Document: doc, Each: e.EachCall, Ours: ours})
	}
	return parts, nil
}

// received is the part of a result that came.
func received(o *Outcome, s *store.Store, folder string) (merge.Part, error) {
	p := merge.Part{Name: fmt.Sprintf("shard %d", o.Part)}
	file, err := os.Open(o.Archive)
	if err != nil {
		return p, err
	}
	dir, err := store.Unpack(file, filepath.Join(folder, fmt.Sprintf("shard-%d", o.Part)))
	if err = errors.Join(err, file.Close()); err != nil {
		return p, err
	}
	e, err := s.Find(dir, store.Filter{})
	if err != nil {
		return p, err
	}
	p.Each = e.EachCall
	if p.Document, err = e.Run(); err != nil {
		return p, err
	}
	if list := p.Document.Servers; len(list) != 1 || list[0].Shard == nil || list[0].Shard.Part != o.Part {
		return p, errors.New("it is that of another run or shard")
	}
	return p, nil
}

// DeliverRun sends a run that was kept.
func (w *Worker) DeliverRun(ctx context.Context, kept *store.Entry) (err error) {
	file, err := os.CreateTemp("", "mcpload-shard-*.tar.gz")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if err := store.Archive(file, []*store.Entry{kept}); err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return w.Deliver(ctx, file, info.Size())
}
