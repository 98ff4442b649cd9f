//go:build !unix

package main

import "os"

// dead reports if a process has ended.
func dead(pid int) bool {
	_, err := os.FindProcess(pid)
	return err != nil
}
