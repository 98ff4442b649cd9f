//go:build !linux

package wire

// started runs start, which starts the process.
func (p *Process) started(start func() error) error { return start() }

// forget does nothing: who is whose child is known on Linux only.
func (p *Process) forget() {}

// look does nothing, as forget.
func (p *Process) look() {}

// sweepKin ends nothing more than the group, as forget.
func (p *Process) sweepKin() int { return 0 }

// A pen is there on Linux only.
type pen struct{}

// begin starts the command.
func (p *Process) begin() error { return p.cmd.Start() }

func (n *pen) remove(int) {}
