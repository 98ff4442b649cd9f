package drive

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/store"
)

// Keep is what there is to keep of a load beside its document. Calls that are on disk are
// copied from there.
func (r Report) Keep(doc *results.Document, began time.Time) store.Run {
	k, server := store.Run{Kind: store.KindLoad, Started: began}, doc.Servers[0].Server
	switch {
	case r.Calls == nil:
	case r.Calls.OnDisk():
		k.Spooled = map[string]store.Spooled{server: {Open: r.Calls.Open, Calls: r.Calls.Len()}}
	default:
		k.Histories = map[string][]history.Call{server: r.Calls.Calls()}
	}
	return k
}

// Kept is a load as it was kept: with those of the calls on disk that a format draws on.
func (r Report) Kept(doc *results.Document, histories map[string][]history.Call, draws export.Draws) (export.Run,
	error) {
	if r.Calls == nil || !r.Calls.OnDisk() {
		return export.Run{Document: doc, Histories: histories}, nil
	}
	return export.Stored(spooled{r.Calls, doc.Servers[0].Server}, doc, true, draws)
}

// spooled are a fresh load's calls, as a stored run has its own.
type spooled struct {
	*history.Spool
	server string
}

func (s spooled) Most() int { return s.Len() }

func (s spooled) Histories() (map[string][]history.Call, error) { return nil, nil } // too many

func (s spooled) EachCall(fn func(string, *history.Call) error) error {
	return s.Each(func(c *history.Call) error { return fn(s.server, c) })
}

// WriteHGRM writes the latency distribution to the file that --hgrm names, if it names one.
func (r Report) WriteHGRM(name string) error {
	if name == "" || r.Waited == nil {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("--hgrm: %w", err)
	}
	return errors.Join(r.Waited.WriteHGRM(file), file.Close())
}
