package wire

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A pen is a control group of version 2 for one process: whatever that starts is in
// it too, wherever it moves in groups, sessions and parentage. A process leaves its
// control group only if somebody who may write there moves it.
//
// A pen controls nothing, so it needs no controller, and any group of ours that we may
// make another one in will do. Where there is none, such as in most containers, kin are
// known by parentage alone.
type pen struct {
	path string
	dir  *os.File // for clone3, until the process has started
}

// penName begins the names of pens. The number of the process that made one follows.
const penName = "mcpload-"

var (
	pens    atomic.Int64
	penless atomic.Bool // the kernel puts no new process into a pen
)

// penParent is the control group that we are in, "" where there is none of version 2 or
// none may be made in it. What others left there and nobody is in goes.
var penParent = sync.OnceValue(func() string {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	parent := parentIn(string(mounts), string(groups))
	if parent == "" {
		return ""
	}
	removeOld(parent)
	return parent
})

// removeOld takes away the pens of programs that run no more, if nobody is in them.
func removeOld(parent string) {
	old, _ := filepath.Glob(filepath.Join(parent, penName+"*")) // no pattern that we may have here is wrong
	for _, path := range old {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), penName), "-")
		if n, err := strconv.Atoi(pid); err == nil && syscall.Kill(n, 0) == syscall.ESRCH {
			_ = syscall.Rmdir(path) // somebody is in it still
		}
	}
}

// parentIn finds the group of version 2 in what the kernel says of mounts (proc(5),
// mountinfo) and of our groups (cgroups(7)): the line of the hierarchy 0.
func parentIn(mounts, groups string) string {
	ours, found := "", false
	for line := range strings.Lines(groups) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			ours, found = rest, true
		}
	}
	for line := range strings.Lines(mounts) {
		head, tail, _ := strings.Cut(line, " - ")
		fields := strings.Fields(head)
		if kind := strings.Fields(tail); !found || len(kind) == 0 || kind[0] != "cgroup2" || len(fields) < 5 {
			continue
		}
		// The mount may show a part of the hierarchy only.
		below, err := filepath.Rel(fields[3], ours)
		if err == nil && !strings.HasPrefix(below, "..") {
			return filepath.Join(fields[4], below)
		}
	}
	return ""
}

// newPen makes a pen, nil where none can be had.
func newPen() *pen {
	parent := penParent()
	if parent == "" || penless.Load() {
		return nil
	}
	path := filepath.Join(parent, fmt.Sprintf("%s%d-%d", penName, os.Getpid(), pens.Add(1)))
	if os.Mkdir(path, 0o755) != nil {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		_ = syscall.Rmdir(path) // it stays empty
		return nil
	}
	return &pen{path, dir}
}

// begin starts the command, in a pen where there is one.
func (p *Process) begin() error {
	in := newPen()
	if in == nil {
		return p.cmd.Start()
	}
	plain := exec.Command(p.cmd.Args[0], p.cmd.Args[1:]...)
	plain.Env, plain.Dir, plain.WaitDelay, plain.SysProcAttr = p.cmd.Env, p.cmd.Dir, p.cmd.WaitDelay, p.cmd.SysProcAttr
	plain.Stdin, plain.Stdout, plain.Stderr = p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr
	attr := *p.cmd.SysProcAttr
	attr.UseCgroupFD, attr.CgroupFD = true, int(in.dir.Fd())
	p.cmd.SysProcAttr = &attr
	err := p.cmd.Start()
	_ = in.dir.Close() // only read
	if err == nil {
		p.pen = in
		return nil
	}
	in.remove(1)
	p.cmd = plain
	if err = p.cmd.Start(); err == nil {
		penless.Store(true) // it was the pen
	}
	return err
}

// members are the processes in a pen, also in groups that somebody made in it.
func (n *pen) members() []int {
	if n == nil {
		return nil
	}
	var pids []int
	_ = filepath.WalkDir(n.path, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil // gone by now
		}
		text, _ := os.ReadFile(filepath.Join(path, "cgroup.procs")) // likewise
		for _, line := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(line); err == nil && pid > 0 {
				pids = append(pids, pid)
			}
		}
		return nil
	})
	return pids
}

// kill kills all that are in a pen together, so that none forks meanwhile (Linux 5.14).
func (n *pen) kill() {
	if n != nil {
		_ = os.WriteFile(filepath.Join(n.path, "cgroup.kill"), []byte("1"), 0) // older kernels have none
	}
}

// remove takes a pen away once nobody is in it: the dead are out of it a moment after
// they died, so it may take several tries.
func (n *pen) remove(tries int) {
	for try := range tries {
		if n == nil || syscall.Rmdir(n.path) != syscall.EBUSY {
			return
		}
		if try < tries-1 {
			time.Sleep(2 * time.Millisecond)
		}
	}
}
