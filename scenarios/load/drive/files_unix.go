//go:build unix

package drive

import "syscall"

// mostFiles is how many files this process may have open. Go has raised the soft
// limit to the hard one before main, and gives the one that was to what we start. 0
// is no bound that is known.
func mostFiles() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return uint64(limit.Cur)
}
