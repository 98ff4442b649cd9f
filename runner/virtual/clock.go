// Package virtual runs a whole test in virtual time: a discrete-event clock,
// and a server on it that is reached by simulated delays. The runner and the
// scenarios are the same as against a real server; only the clock and the
// target differ, so a run takes milliseconds and repeats to the last bit.
//
// Most users want NewClock and a Server that decides by a limiter's pure core.
//
// The package deliberately knows no limiter and no transport, and starts no
// goroutine: whoever waits on the clock drives it.
package virtual

import (
	"container/heap"
	"context"
	"errors"
	"math"
	"time"
)

// A Clock is a discrete-event clock. Time stands still until somebody waits.
// It implements runner.Clock, and must be used from one goroutine.
type Clock struct {
	now    time.Duration
	events events
	seq    uint64
}

// NewClock returns a clock at instant 0, with nothing to come.
func NewClock() *Clock { return &Clock{} }

// Now returns the time since the clock's start.
func (c *Clock) Now() time.Duration { return c.now }

// At has f called at an instant; one that has passed means now. What is due at
// the same instant is called in the order in which it was asked for.
func (c *Clock) At(at time.Duration, f func()) {
	c.seq++
	heap.Push(&c.events, event{at: max(at, c.now), seq: c.seq, call: f})
}

// errStuck is what a wait for ever gets when nothing is left to happen.
var errStuck = errors.New("virtual: nothing is left to wait for")

// Wait lets time pass until an instant, calling everything that is due before
// or at it, and returns early once wake is ready or the context has ended.
func (c *Clock) Wait(ctx context.Context, until time.Duration, wake <-chan struct{}) error {
	for {
		select {
		case <-wake:
			return nil
		default:
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(c.events) == 0 || c.events[0].at > until {
			if until == math.MaxInt64 {
				return errStuck
			}
			c.now = max(c.now, until)
			return nil
		}
		e := heap.Pop(&c.events).(event)
		c.now = e.at
		e.call()
	}
}

// An event is something due at an instant; seq keeps the order among equals.
type event struct {
	at   time.Duration
	seq  uint64
	call func()
}

// events is a heap by instant, for container/heap.
type events []event

func (h events) Len() int { return len(h) }
func (h events) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *events) Push(x any)   { *h = append(*h, x.(event)) }
func (h *events) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	*h = (*h)[:last]
	return e
}
