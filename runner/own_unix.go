//go:build unix

package runner

import (
	"syscall"
	"time"
)

// OwnCPU is the processor time that this process used so far, user and system
// together; false where the system doesn't say.
func OwnCPU() (time.Duration, bool) {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0, false
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), true
}
