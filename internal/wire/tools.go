package wire

import (
	"context"
	"encoding/json"
	"slices"
)

// ListTools asks for the server's tools where Options.ListTools left that out.
// Like there, the requests are part of the handshake. A server that refuses them
// for its rate may still be used: the error is a *DialError that says so. It must
// not be called once there is traffic.
func (s *Session) ListTools(ctx context.Context) error {
	if e := s.listTools(ctx); e != nil {
		e.Target, e.Detail, e.Stderr = s.o.target(), s.clean.finish(e.Detail), s.Stderr()
		if e.Hint == "" {
			e.Hint = hint(e, s.o)
		}
		return e
	}
	return nil
}

// A Result is what a request of the set-up was answered.
type Result struct {
	Method string
	Text   json.RawMessage
}

// Results returns what the set-up was answered, where Options ask for that.
func (s *Session) Results() []Result { return slices.Clone(s.results) }

// Descriptions returns the server's tools as it describes them, each a JSON
// object, in its order; nil where Tools is.
func (s *Session) Descriptions() []json.RawMessage { return slices.Clone(s.described) }
