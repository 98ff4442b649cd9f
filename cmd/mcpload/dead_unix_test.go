//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// dead reports if a process has ended, even if nobody has waited for it.
func dead(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && bytes.Contains(text, []byte("State:\tZ"))
}
