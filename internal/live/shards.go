package live

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
)

// mostRows is how many shards have a row of their own in the live view, beside that of
// all of them.
const mostRows = 16

// Shards show what all workers of a plan tell of, in one view.
type Shards struct {
	Board *Board
	Of    int // how many parts the plan has
	Now   func() time.Time
	began time.Time
}

func (b *Shards) all() string { return fmt.Sprintf("all %d shards", b.Of) }

func (b *Shards) name(part int) string { return fmt.Sprintf("shard %d/%d", part, b.Of) }

// Waits is before the plan begins.
func (b *Shards) Waits() { b.Board.Note(b.all(), "waiting for the workers") }

// Watch is told that the plan begins (part 0), and of calls as they come.
func (b *Shards) Watch(part, planned int, calls []history.Call) {
	if part == 0 {
		b.began = b.Now()
		stage := Stage{Name: "plan", Calls: planned}
		b.Board.Expect(Server{Name: b.all(), Began: b.began, Stages: []Stage{stage}})
		return
	}
	if len(calls) == 0 || b.began.IsZero() {
		return
	}
	if b.Of <= mostRows {
		b.Board.Note(b.name(part), "") // so that it has a row
	}
	newest := calls[0].Received
	for _, c := range calls {
		newest = max(newest, c.Received)
	}
	shift := b.Now().Sub(b.began) - newest // each worker's instants are its own
	for _, c := range calls {
		c.Due, c.Sent, c.Received = c.Due+shift, c.Sent+shift, max(0, c.Received+shift)
		b.Board.Saw(b.all(), c)
		b.Board.Saw(b.name(part), c)
	}
}
