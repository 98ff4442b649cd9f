package wire

import (
	"context"
	"time"

	"github.com/mcpload/mcpload/history"
)

// How cancellations are sent.
const (
	cancelTimeout = 2 * time.Second
	maxCancels    = 64 // under way at a time; a server that takes none needs no more
)

// cancel tells a server of the session era over HTTP that nobody waits for a
// call any more: there a closed stream doesn't say so (revision 2025-11-25,
// Transports, Sending Messages to the Server). In the stateless era it does,
// and over stdio the link says it.
func (s *Session) cancel(call *history.Call, got answer) {
	if !s.o.CancelHTTP || call.Outcome != history.TimedOut || !got.wrote || call.ID == 0 ||
		call.Method == methodInitialize || s.era.Load().stateless {
		return
	}
	switch s.link.(type) {
	case *httpLink, *sseLink:
	default:
		return
	}
	if s.cancelling.Add(1) > maxCancels {
		s.cancelling.Add(-1)
		return
	}
	q := request{body: cancelledLine(call.ID), header: s.era.Load().header("", "", nil)}
	s.cancels.Go(func() {
		defer s.cancelling.Add(-1)
		ctx, end := context.WithTimeoutCause(context.Background(), min(s.o.Timeout, cancelTimeout), errTimeout)
		defer end()
		s.cancelled(s.link.notify(ctx, q)) // a courtesy: a server need not heed it
	})
}
