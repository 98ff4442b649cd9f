package live

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// One view has what all workers tell of, whatever their clocks show.
func TestOneViewOverAllShards(t *testing.T) {
	b := &Shards{Board: NewBoard("coordinate"), Of: 2, Now: time.Now}
	b.Waits()
	require.Contains(t, b.Board.Line(time.Now()), "waiting for the workers")
	call := func(at time.Duration, o history.Outcome) history.Call {
		return history.Call{Arrival: history.Arrival{Due: at, Label: "load"}, Sent: at, Received: at + time.Millisecond,
			Outcome: o}
	}
	b.Watch(1, 0, []history.Call{call(0, history.OK)}) // the plan hasn't begun
	b.Watch(0, 40, nil)
	b.Watch(1, 0, []history.Call{call(time.Hour, history.OK), call(time.Hour+time.Second, history.OK)})
	b.Watch(2, 0, []history.Call{call(time.Second, history.Limited)})
	b.Watch(2, 0, nil)
	line := b.Board.Line(time.Now())
	require.Contains(t, line, "6 of 40 calls done, 4 admitted, 2 refused", "each is counted for its shard, and for all")
}
