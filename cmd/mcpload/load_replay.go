package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/scenarios/load"
)

// setReplay reads when the calls of a recording were due.
func (l *loadJob) setReplay(f *loadFlags) error {
	speed, err := strconv.ParseFloat(strings.TrimSuffix(f.speed, "x"), 64)
	if err != nil || !(speed >= 0.001 && speed <= 1000) {
		return fmt.Errorf("--speed %q is not from 0.001x to 1000x", f.speed)
	}
	if err := l.record(f); err != nil {
		return err
	}
	if len(l.Replay) == 0 {
		return fmt.Errorf("--replay %s: it holds no call", f.replay)
	}
	slices.Sort(l.Replay)
	first := l.Replay[0]
	for i := range l.Replay {
		l.Replay[i] = time.Duration(float64(l.Replay[i]-first) / speed)
	}
	l.Length = l.Replay[len(l.Replay)-1] + time.Nanosecond
	if f.duration > 0 {
		l.Length = min(l.Length, f.duration)
	}
	l.Shape = load.Shape{Text: fmt.Sprintf("replay of %d calls at %gx", len(l.Replay), speed)}
	return nil
}

// record reads the recording: a history file where there is one of that name,
// else a kept run.
func (l *loadJob) record(f *loadFlags) error {
	info, err := os.Stat(f.replay)
	if err == nil && info.Mode().IsRegular() {
		if err := l.recordFile(f.replay); err != nil {
			return fmt.Errorf("--replay %s: %w", f.replay, err)
		}
		return nil
	}
	return l.recordRun(f)
}

// recordFile reads a history file, compressed or not: the calls of millions of
// lines are eight bytes each here.
func (l *loadJob) recordFile(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	from, err := unpacked(file)
	if err != nil {
		return err
	}
	return history.NewReader(from).Each(func(_ int, c *history.Call) error {
		l.recordCall(c)
		return nil
	})
}

// recordCall notes when a call was due. Sessions are opened anew.
func (l *loadJob) recordCall(c *history.Call) {
	if c.Planned() {
		l.Replay = append(l.Replay, c.Due)
	}
}

// recordRun reads the calls of a kept run. Of several servers' it takes those of
// the one that --server names.
func (l *loadJob) recordRun(f *loadFlags) error {
	s, err := f.open()
	if err != nil {
		return err
	}
	e, err := s.Find(f.replay, store.Filter{})
	if errors.Is(err, store.ErrNone) || errors.Is(err, os.ErrNotExist) {
		return hint.New(fmt.Errorf("--replay %s: there is no such file, and no such run in %s", f.replay, s.Dir()),
			"mcpload results list shows which runs there are")
	}
	if err != nil {
		return fmt.Errorf("--replay %s: %w", f.replay, spoken(err))
	}
	var names []string
	for _, server := range e.Servers {
		if server.History != "" {
			names = append(names, server.Server)
		}
	}
	only := ""
	switch {
	case len(names) == 1:
		only = names[0]
	case slices.Contains(names, l.Profile.Name):
		only = l.Profile.Name
	case len(names) > 1:
		return hint.New(fmt.Errorf("--replay %s: the run has calls of %s", f.replay, words.First(names)),
			"name one of them with --server, or one of the files in "+e.Path())
	}
	return e.Each(func(server string, calls []history.Call) error {
		if server == only {
			for i := range calls {
				l.recordCall(&calls[i])
			}
		}
		return nil
	})
}
