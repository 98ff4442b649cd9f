//go:build !linux

package wire

import (
	"errors"
	"fmt"
)

// Usage is known on Linux only.
func (p *Process) Usage() (Usage, error) {
	return Usage{}, fmt.Errorf("wire: what a process uses: %w", errors.ErrUnsupported)
}
