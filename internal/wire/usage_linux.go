package wire

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// ticksPerSecond is USER_HZ, which Linux has kept at 100 for programs on every
// architecture that Go runs on.
const ticksPerSecond = 100

// Usage reads what the process, its group and its descendants use now
// (proc_pid_stat(5)): a child that left the group is still part of the server, and
// one that was seen once is, also when its parent has ended since. What ends while
// it is read is left out. The error is not nil once nothing is left.
func (p *Process) Usage() (Usage, error) {
	all := living(everyone())
	p.kinMu.Lock()
	defer p.kinMu.Unlock()
	p.kin = kinOf(p.PID(), all, p.kin)
	if len(p.kin) == 0 {
		return Usage{}, errors.New("wire: the process is gone")
	}
	var u Usage
	for pid := range p.kin {
		one := all[pid]
		// Descriptors of a process of another user can't be counted; the rest can.
		if fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)); err == nil {
			u.FDs += len(fds)
		}
		u.CPU += one.CPU
		u.RSS += one.RSS
		u.Threads += one.Threads
	}
	return u, nil
}

// kinOf are the processes that belong to a leader's, with when each was started:
// those of its group, all that descend from one, and those that did when last
// looked at. A number that was given to another process since is none of them.
func kinOf(leader int, all map[int]stat, before map[int]int64) map[int]int64 {
	kin := map[int]int64{}
	for pid, s := range all {
		if began, known := before[pid]; s.group == leader || known && began == s.began {
			kin[pid] = s.began
		}
	}
	for grown := true; grown; {
		grown = false
		for pid, s := range all {
			_, in := kin[pid]
			if _, parent := kin[s.parent]; parent && !in {
				kin[pid], grown = s.began, true
			}
		}
	}
	return kin
}

// A stat is what a process's stat file tells.
type stat struct {
	Usage
	pid, parent, group int
	began              int64 // in ticks since the system's start
	dead               bool  // it has ended, and nobody has waited for it
}

// parseStat reads the text of a stat file. The name, in brackets, may hold
// anything; what counts comes after it.
func parseStat(text []byte) (stat, error) {
	const (
		parent, group, user, system, threads, began, rss = 1, 2, 11, 12, 17, 19, 21 // fields behind the name
	)
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= rss {
		return stat{}, errors.New("wire: a process's stat is too short")
	}
	parse := func(text []byte) int64 {
		n, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return 0 // the kernel writes numbers
		}
		return n
	}
	number := func(i int) int64 { return parse(fields[i]) }
	pid, _, _ := bytes.Cut(text, []byte(" "))
	u := Usage{
		CPU:     time.Duration(number(user)+number(system)) * (time.Second / ticksPerSecond),
		RSS:     number(rss) * int64(os.Getpagesize()),
		Threads: int(number(threads)),
	}
	return stat{Usage: u, pid: int(parse(pid)), parent: int(number(parent)), group: int(number(group)),
		began: number(began),
		dead:  fields[0][0] == 'Z' || fields[0][0] == 'X'}, nil
}
