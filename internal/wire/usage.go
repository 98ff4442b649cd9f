package wire

import "time"

// A Usage is what a process used, with everything in its group and all that it started.
type Usage struct {
	CPU     time.Duration // user and system time since the start, of what still runs
	RSS     int64         // resident memory, bytes; shared pages count in each process
	FDs     int           // open file descriptors
	Threads int
}

// Process is the server's process; nil where we didn't start it to speak to it
// over stdio.
func (s *Session) Process() *Process { return s.process }

// Left is how many processes a closed session's server had left running outside its
// group: they were ended.
func (s *Session) Left() int {
	if s.process == nil {
		return 0
	}
	return s.process.Left()
}
