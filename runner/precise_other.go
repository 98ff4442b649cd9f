//go:build !linux

package runner

// Precise is the clock itself: this system has no better sleep than Go's.
func Precise(c Clock) Clock { return c }
