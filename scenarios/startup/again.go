package startup

import (
	"slices"
	"time"
)

// Hung reports if a start that the server had to refuse neither answered nor
// ended within a limit. Once that may be a pause of anything, so it is proof
// only where the start was made twice.
func (s Start) Hung(limit time.Duration) bool {
	o := s.Seen
	return s.Expect == Refuse && o != nil && o.Started && !o.Answered && (!o.Exited || o.ExitAt > limit)
}

// Again is what was seen of a start that was made a second time: how the second
// one went, and whatever either of them showed.
func Again(first, second *Observation) *Observation {
	o := *second
	o.Cut = first.Cut || second.Cut
	o.Output = slices.Concat(first.Output, second.Output)
	o.Replies = slices.Concat(first.Replies, second.Replies)
	o.Logs = slices.Concat(first.Logs, second.Logs)
	o.Commands = slices.Concat(first.Commands, second.Commands)
	o.Looks += first.Looks
	o.Orphans += first.Orphans
	return &o
}
