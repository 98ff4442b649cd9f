package mock

import (
	"bytes"
	"context"

	"github.com/mark3labs/mcp-go/server"
)

// Handle serves one message in-process and returns the reply, nil where there
// is none. A client is who it says; it has one connection. Two replies, which
// only a fault sends, come as a JSON array.
//
// A request that a fault leaves without a reply is waited for until the
// context or the server ends, as a client over a socket would.
func (s *Server) Handle(ctx context.Context, client string, text []byte) []byte {
	session, ok := s.session(ctx, client)
	if !ok {
		return nil
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	m, request := parse(text)
	if !request {
		return s.pass(work, session, text)
	}
	a := s.decide(m, origin{client: client, conn: client})
	if a.Mute {
		<-work.Done()
		return nil
	}
	replies := s.answer(work, session, text, m, a)
	switch {
	case len(replies) == 0 || work.Err() != nil:
		return nil
	case len(replies) == 1:
		return replies[0]
	}
	return append(append([]byte("["), bytes.Join(replies, []byte(","))...), ']')
}

// session returns the client's session, a new one at first. It reports false
// once the server has ended.
func (s *Server) session(ctx context.Context, client string) (*server.InProcessSession, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() != nil {
		return nil, false
	}
	session, ok := s.sessions[client]
	if ok {
		return session, true
	}
	session = server.NewInProcessSession("inprocess-"+client, nil)
	if err := s.mcp.RegisterSession(ctx, session); err != nil {
		panic("mock: internal error: a new session has an old id: " + err.Error())
	}
	s.sessions[client] = session
	return session, true
}
