package wire

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// ticksPerSecond is USER_HZ, which Linux has kept at 100 for programs on every
// architecture that Go runs on.
const ticksPerSecond = 100

// Usage reads what the process and its group use now (proc_pid_stat(5)). What
// ends while it is read is left out. The error is not nil once nothing of the
// group is left.
func (p *Process) Usage() (Usage, error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return Usage{}, fmt.Errorf("wire: cannot list processes: %w", err)
	}
	var u Usage
	found := false
	for _, dir := range dirs {
		one, group, err := readStat(filepath.Join(dir, "stat"))
		if err != nil || group != p.PID() {
			continue // gone by now, or not ours
		}
		// Descriptors of a process of another user can't be counted; the rest can.
		if fds, err := os.ReadDir(filepath.Join(dir, "fd")); err == nil {
			one.FDs = len(fds)
		}
		found = true
		u.CPU += one.CPU
		u.RSS += one.RSS
		u.FDs += one.FDs
		u.Threads += one.Threads
	}
	if !found {
		return Usage{}, errors.New("wire: the process is gone")
	}
	return u, nil
}

// readStat reads one process's stat file, and the number of its group.
func readStat(path string) (Usage, int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Usage{}, 0, err
	}
	return parseStat(text)
}

// parseStat reads the text of a stat file. The name, in brackets, may hold
// anything; what counts comes after it.
func parseStat(text []byte) (Usage, int, error) {
	const (
		group, user, system, threads, rss = 2, 11, 12, 17, 21 // fields behind the name
	)
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= rss {
		return Usage{}, 0, errors.New("wire: a process's stat is too short")
	}
	if state := fields[0][0]; state == 'Z' || state == 'X' {
		return Usage{}, 0, errors.New("wire: the process is dead, and nobody has reaped it")
	}
	number := func(i int) int64 {
		n, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return 0 // the kernel writes numbers
		}
		return n
	}
	return Usage{
		CPU:     time.Duration(number(user)+number(system)) * (time.Second / ticksPerSecond),
		RSS:     number(rss) * int64(os.Getpagesize()),
		Threads: int(number(threads)),
	}, int(number(group)), nil
}
