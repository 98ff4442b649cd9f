package drive

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// markName is the variable by which the processes of a start are known again,
// however far they have moved away: children inherit it.
const markName = "MCPLOAD_START"

// A marked process is one of a start.
type marked struct {
	pid     int
	command string
}

// findMarked looks for processes whose environment holds a mark. It can only
// where the kernel shows environments (Linux), and is false elsewhere.
func findMarked(mark string) (list []marked, can bool) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(dirs) == 0 {
		return nil, false
	}
	want := []byte(markName + "=" + mark)
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil || !slices.ContainsFunc(bytes.Split(env, []byte{0}),
			func(v []byte) bool { return bytes.Equal(v, want) }) {
			continue // gone, or somebody else's
		}
		command, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil {
			continue // gone
		}
		list = append(list, marked{pid, strings.TrimSpace(strings.ReplaceAll(string(command), "\x00", " "))})
	}
	return list, true
}

// sweepMarked kills what is left of a start, and returns how many there were.
// It looks again until nothing is left, since a process may fork meanwhile.
func sweepMarked(mark string) int {
	killed := map[int]bool{}
	for range 20 {
		left, _ := findMarked(mark)
		if len(left) == 0 {
			break
		}
		for _, p := range left {
			killed[p.pid] = true
			if process, err := os.FindProcess(p.pid); err == nil {
				_ = process.Kill() // it may have ended by itself
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return len(killed)
}

// A watcher looks at the command lines of a start again and again: often at
// first, as a process that rewrites its command line does so early.
type watcher struct {
	mark string
	stop context.CancelFunc
	wg   sync.WaitGroup

	looks    int
	commands []string
}

func watch(ctx context.Context, mark string) *watcher {
	w := &watcher{mark: mark}
	ctx, w.stop = context.WithCancel(ctx)
	w.wg.Go(func() {
		pause := 5 * time.Millisecond
		for {
			w.look()
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, 150*time.Millisecond)
		}
	})
	return w
}

func (w *watcher) look() {
	list, can := findMarked(w.mark)
	if !can {
		return
	}
	for _, p := range list {
		w.looks++
		if p.command != "" && !slices.Contains(w.commands, p.command) {
			w.commands = append(w.commands, p.command)
		}
	}
}

// end ends the looking, and returns what was seen.
func (w *watcher) end() (looks int, commands []string) {
	w.stop()
	w.wg.Wait()
	return w.looks, w.commands
}
