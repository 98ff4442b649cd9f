package mock

import (
	"time"

	"github.com/mcpload/mcpload/profiles"
)

// The steps of the wall clock: by how much, when first, how often then.
const (
	stepBy    = 3 * time.Second
	stepFirst = 4 * time.Second
	stepEvery = 5 * time.Second
)

// clockFaults are right buckets on a wall clock, which somebody sets.
func clockFaults() []Fault {
	stepped := func(by time.Duration) builder {
		return scoped(func(l profiles.Limit, _ uint64) decider { return &wallClock{promised(l), by} })
	}
	return []Fault{
		{Name: "clock-back", Doc: "the limiter goes by the wall clock, which is set back by 3 s after 4 s and every " +
			"5 s from then on", Cause: "clock|no token bucket|rate is too", Detectable: true,
			build: stepped(-stepBy)},
		{Name: "clock-forward", Doc: "the limiter goes by the wall clock, which is set forward by 3 s after 4 s and " +
			"every 5 s from then on", Cause: "clock|no token bucket|rate is too", Detectable: true,
			build: stepped(stepBy)},
	}
}

// wallClock counts by a clock that is set. As in FastMCP, a clock that is set
// back takes tokens away, into debt too, and one that is set forward gives.
type wallClock struct {
	bucket *bucket
	by     time.Duration
}

func (f *wallClock) decide(r Request) Answer {
	at := r.At
	if r.At >= stepFirst {
		at += f.by * ((r.At-stepFirst)/stepEvery + 1)
	}
	f.bucket.flow(at)
	return f.bucket.take()
}
