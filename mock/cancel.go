package mock

import (
	"context"
	"encoding/json"
	"time"
)

// Cancelled is what a client says to cancel a request.
const Cancelled = "notifications/cancelled"

// cancellable is a context that ends when the request's client cancels it, for a request
// that takes a while. end must be called once it is answered.
func (s *Server) cancellable(ctx context.Context, client string, m message, d time.Duration) (own context.Context,
	end func()) {
	if d <= 0 && m.tool() != toolSlow {
		return ctx, func() {}
	}
	own, cancel := context.WithCancel(ctx)
	key := client + "\n" + string(m.ID)
	s.underWay.Store(key, cancel)
	return own, func() {
		s.underWay.Delete(key)
		cancel()
	}
}

// cancels gives back what a client's notification is good for, and ends the request that it
// cancels, if that is under way.
func (s *Server) cancels(client string, m message, raw []byte) {
	if s.config.Refunds(m.Method) {
		s.decide(message{Method: Refund}, origin{client: client})
	}
	if m.Method != Cancelled {
		return
	}
	var about struct {
		Params struct {
			RequestID json.RawMessage `json:"requestId"`
		} `json:"params"`
	}
	if json.Unmarshal(raw, &about) != nil {
		return // it is about nothing
	}
	if end, ok := s.underWay.Load(client + "\n" + string(about.Params.RequestID)); ok {
		if cancel, ok := end.(context.CancelFunc); ok {
			cancel()
		}
	}
}
