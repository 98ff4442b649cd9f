//go:build !unix

package runner

import "time"

// OwnCPU is known on Unix only.
func OwnCPU() (time.Duration, bool) { return 0, false }
