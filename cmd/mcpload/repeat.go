package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// maxRepeat bounds how often a run is repeated: a slip of the finger should not
// load a server for a day.
const maxRepeat = 1000

// runRepeated judges the jobs as often as asked for and merges what every run
// said. An interrupt ends the repeats as well as the run. The histories are
// those of the runs that the document shows.
func (a *app) runRepeated(ctx context.Context, f *runFlags, jobs []job) (*results.Document, map[string][]history.Call, error) {
	var runs []*results.Document
	var histories []map[string][]history.Call
	for n := range f.repeat {
		if n > 0 && a.draining() {
			a.say("ended after %d of %d runs", n, f.repeat)
			break
		}
		doc := &results.Document{Version: version(), Started: f.started(), Seed: f.seed}
		calls, err := a.runAll(ctx, jobs, doc)
		if err != nil && n == 0 {
			return nil, nil, err // later on it is one of the things that runs disagree in
		}
		runs, histories = append(runs, doc), append(histories, calls)
		if f.repeat > 1 {
			a.say("run %d of %d: %s", n+1, f.repeat, doc.Verdict)
		}
	}
	doc, from := results.Merge(runs)
	chosen := map[string][]history.Call{}
	for i, s := range doc.Servers {
		chosen[s.Server] = histories[from[i]][s.Server]
	}
	return doc, chosen, nil
}

// draining reports if the run was interrupted.
func (a *app) draining() bool {
	select {
	case <-a.drain:
		return true
	default:
		return false
	}
}

// readQuarantine reads the list of known findings, where there is one.
func readQuarantine(name string) (results.Quarantine, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--quarantine: %w", err)
	}
	defer file.Close() // it was only read
	return results.ReadQuarantine(file, filepath.Base(name), time.Now())
}
