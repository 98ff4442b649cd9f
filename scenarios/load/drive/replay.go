package drive

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
func (j *Job) setReplay(a Asked) error {
	speed, err := strconv.ParseFloat(strings.TrimSuffix(a.Speed, "x"), 64)
	if err != nil || !(speed >= 0.001 && speed <= 1000) {
		return fmt.Errorf("--speed %q is not from 0.001x to 1000x", a.Speed)
	}
	if err := j.record(a); err != nil {
		return err
	}
	if len(j.Replay) == 0 {
		return fmt.Errorf("--replay %s: it holds no call", a.Replay)
	}
	slices.Sort(j.Replay)
	first := j.Replay[0]
	for i := range j.Replay {
		j.Replay[i] = time.Duration(float64(j.Replay[i]-first) / speed)
	}
	j.Length = j.Replay[len(j.Replay)-1] + time.Nanosecond
	if a.Duration > 0 {
		j.Length = min(j.Length, a.Duration)
	}
	j.Shape = load.Shape{Text: fmt.Sprintf("replay of %d calls at %gx", len(j.Replay), speed)}
	return nil
}

// record reads the recording: a history file where there is one of that name,
// else a kept run.
func (j *Job) record(a Asked) error {
	info, err := os.Stat(a.Replay)
	if err == nil && info.Mode().IsRegular() {
		if err := j.recordFile(a.Replay); err != nil {
			return fmt.Errorf("--replay %s: %w", a.Replay, err)
		}
		return nil
	}
	return j.recordRun(a)
}

// recordFile reads a history file, compressed or not: the calls of millions of
// lines are eight bytes each here.
func (j *Job) recordFile(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	from, err := history.Unpacked(file)
	if err != nil {
		return err
	}
	return history.NewReader(from).Each(func(_ int, c *history.Call) error {
		j.recordCall(c)
		return nil
	})
}

// recordCall notes when a call was due. Sessions are opened anew.
func (j *Job) recordCall(c *history.Call) {
	if c.Planned() {
		j.Replay = append(j.Replay, c.Due)
	}
}

// recordRun reads the calls of a kept run. Of several servers' it takes those of
// the one that --server names.
func (j *Job) recordRun(a Asked) error {
	s, err := a.Store()
	if err != nil {
		return err
	}
	e, err := s.Find(a.Replay, store.Filter{})
	if errors.Is(err, store.ErrNone) || errors.Is(err, os.ErrNotExist) {
		return hint.New(fmt.Errorf("--replay %s: there is no such file, and no such run in %s", a.Replay, s.Dir()),
			"mcpload results list shows which runs there are")
	}
	if err != nil {
		return fmt.Errorf("--replay %s: %w", a.Replay, err)
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
	case slices.Contains(names, j.Profile.Name):
		only = j.Profile.Name
	case len(names) > 1:
		return hint.New(fmt.Errorf("--replay %s: the run has calls of %s", a.Replay, words.First(names)),
			"name one of them with --server, or one of the files in "+e.Path())
	}
	return e.Each(func(server string, calls []history.Call) error {
		if server == only {
			for i := range calls {
				j.recordCall(&calls[i])
			}
		}
		return nil
	})
}
