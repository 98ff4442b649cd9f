package wire

import (
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A process that a server started may leave its group, its session and its
// environment behind. Its parentage it can't choose: where its parent ends, the
// kernel gives it to the nearest ancestor that asked for such (PR_SET_CHILD_SUBREAPER),
// and that is us. So whoever is a child of ours, and neither of our own process
// group nor the leader of one that we started, was left by a server. Which server, its
// pen says; where there are none, whose it is may not be known.
//
// Other commands of this program stay in its group, and are left alone for that.

// leaders are the processes that were started here and have not ended. No look at
// the system's processes is taken while one is being started.
var leaders = struct {
	sync.Mutex
	pids   map[int]bool
	adopts bool  // we are given what is left
	since  int64 // when the first of them began, in ticks
	stop   chan struct{}
}{pids: map[int]bool{}}

// started runs start, which starts the process, and notes it as one of ours.
func (p *Process) started(start func() error) error {
	leaders.Lock()
	defer leaders.Unlock()
	if !leaders.adopts {
		// A kernel that refuses leaves us what can be found without.
		leaders.adopts = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == nil
	}
	if err := start(); err != nil {
		return err
	}
	if leaders.since == 0 {
		leaders.since = everyone()[p.PID()].began
	}
	if leaders.pids[p.PID()] = true; len(leaders.pids) == 1 {
		leaders.stop = make(chan struct{})
		go bury(leaders.stop)
	}
	return nil
}

// forget notes that a process has been waited for.
func (p *Process) forget() {
	leaders.Lock()
	defer leaders.Unlock()
	if delete(leaders.pids, p.PID()); len(leaders.pids) == 0 {
		close(leaders.stop)
	}
}

// bury waits for those that were left to us as they end, while servers run: nobody
// else does, and a server of a long run may leave many.
func bury(stop <-chan struct{}) {
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	defer signal.Stop(died)
	for {
		select {
		case <-stop:
			return
		case <-died:
		}
		leaders.Lock()
		strangers(everyone())
		leaders.Unlock()
		select {
		case <-stop:
			return
		case <-time.After(100 * time.Millisecond): // a look takes a while, and many may die
		}
	}
}

// everyone is every process of the system that we may look at, dead ones that
// nobody has waited for among them.
func everyone() map[int]stat {
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is right
	all := make(map[int]stat, len(dirs))
	for _, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue // gone by now
		}
		if s, err := parseStat(text); err == nil {
			all[s.pid] = s
		}
	}
	return all
}

// strangers are the children of ours that we didn't start, with when each was
// started. Dead ones are waited for and left out. The leaders are locked.
func strangers(all map[int]stat) map[int]int64 {
	left := map[int]int64{}
	self, group := os.Getpid(), syscall.Getpgrp()
	for pid, s := range all {
		if s.parent != self || s.group == group || leaders.pids[pid] || s.began < leaders.since {
			continue
		}
		if s.dead {
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil) // somebody may have been faster
			continue
		}
		left[pid] = s.began
	}
	return left
}

// look notes who is of the process now: what moves away later is known again.
func (p *Process) look() {
	all := everyone()
	p.kinMu.Lock()
	defer p.kinMu.Unlock()
	p.kin = kinOf(p.PID(), living(all), p.penned(all, p.kin))
}

// penned adds who is in the process's pen to those that are known to be its kin.
func (p *Process) penned(all map[int]stat, known map[int]int64) map[int]int64 {
	for _, pid := range p.pen.members() {
		if s, lives := all[pid]; lives {
			if known == nil {
				known = map[int]int64{}
			}
			known[pid] = s.began
		}
	}
	return known
}

// living are those that aren't dead.
func living(all map[int]stat) map[int]stat {
	for pid, s := range all {
		if s.dead {
			delete(all, pid)
		}
	}
	return all
}

// How what is left is ended: it is asked once, then killed, and looked for again
// and again, since it may fork meanwhile.
const (
	sweepPause = 10 * time.Millisecond
	sweepGrace = 30 // pauses
	sweepTries = 300
)

// sweepKin ends what a process has left, wherever it went, and returns how many
// there were outside of its group. What can't be told whose it is waits until no
// other process runs.
func (p *Process) sweepKin() int {
	outside := 0
	for try := range sweepTries {
		left := p.remaining()
		if len(left) == 0 {
			break
		}
		for pid, s := range left {
			if try == 0 && s.group != p.PID() { // later ones are what those started as they ended
				outside++
			}
			sig := syscall.SIGKILL
			if try < sweepGrace {
				sig = syscall.SIGTERM
			}
			if try == 0 || try >= sweepGrace {
				_ = syscall.Kill(pid, sig) // it may have ended by itself
			}
		}
		if try >= sweepGrace {
			p.pen.kill()
		}
		time.Sleep(sweepPause)
	}
	return outside
}

// remaining is what is left of an ended process.
func (p *Process) remaining() map[int]stat {
	leaders.Lock()
	defer leaders.Unlock()
	all := everyone()
	orphans := strangers(all)
	living(all)
	p.kinMu.Lock()
	defer p.kinMu.Unlock()
	known := p.kin
	if known == nil {
		known = map[int]int64{}
	}
	if len(leaders.pids) == 0 {
		for pid, began := range orphans {
			known[pid] = began
		}
	}
	p.kin = kinOf(p.PID(), all, p.penned(all, known))
	left := map[int]stat{}
	for pid := range p.kin {
		left[pid] = all[pid]
	}
	return left
}
