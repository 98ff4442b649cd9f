//go:build unix

package wire

import (
	"errors"
	"os/exec"
	"syscall"
	"time"
)

// ownGroup makes a command lead a new process group.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// signalGroup sends SIGTERM, or SIGKILL if kill is set, to a process group.
func signalGroup(pgid int, kill bool) {
	sig := syscall.SIGTERM
	if kill {
		sig = syscall.SIGKILL
	}
	// The only error that occurs is that nobody is left.
	_ = syscall.Kill(-pgid, sig)
}

// sweepGroup ends what is left of a group whose leader is dead: SIGTERM, and
// SIGKILL where that doesn't help in time.
func sweepGroup(pgid int, within time.Duration) {
	signalGroup(pgid, false)
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if errors.Is(syscall.Kill(-pgid, 0), syscall.ESRCH) {
			return
		}
	}
	signalGroup(pgid, true)
}
