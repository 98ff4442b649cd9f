//go:build !unix

package wire

import (
	"os"
	"os/exec"
	"time"
)

// ownGroup does nothing: there are no process groups here.
func ownGroup(*exec.Cmd) {}

// signalGroup ends a process. There is no gentle way here, and no group.
func signalGroup(pid int, _ bool) {
	p, err := os.FindProcess(pid)
	if err != nil {
		return // it is gone
	}
	_ = p.Kill() // the only error that occurs is that it is gone
}

// sweepGroup does nothing: there are no process groups here.
func sweepGroup(int, time.Duration) {}
