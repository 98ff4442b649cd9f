package mock

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/server"
)

// retryEvent is how long to wait for room in a stream's queue.
const retryEvent = time.Millisecond

// streams are the open event streams, by session id: contexts that end with
// them.
type streams struct{ open sync.Map }

// register makes up a session id for a new stream.
func (t *streams) register(ctx context.Context, _ *http.Request) (string, error) {
	id := rand.Text()
	t.open.Store(id, ctx)
	context.AfterFunc(ctx, func() { t.open.Delete(id) })
	return id, nil
}

// find returns the context of an open stream.
func (t *streams) find(id string) (context.Context, bool) {
	v, ok := t.open.Load(id)
	if !ok {
		return nil, false
	}
	ctx, ok := v.(context.Context)
	return ctx, ok
}

// eventStream returns the handler of the HTTP+SSE transport, and what ends it.
// A client is its stream. Every reply comes by the stream, refusals too; the
// response to a POST is 202 and empty.
func (s *Server) eventStream(path string) (http.Handler, func()) {
	t := &streams{}
	h := server.NewSSEServer(s.mcp, server.WithSSEEndpoint(path), server.WithMessageEndpoint("/message"),
		server.WithSessionIDGenerator(t.register))
	accepted := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }
	mux := http.NewServeMux()
	mux.Handle(path, h)
	mux.Handle("/message", &front{
		server: s,
		next:   h,
		client: func(r *http.Request) (string, bool) {
			id := r.URL.Query().Get("sessionId")
			_, ok := t.find(id)
			return id, ok
		},
		refused: func(w http.ResponseWriter, r *http.Request, m message, a Answer) {
			accepted(w, r)
			id := r.URL.Query().Get("sessionId")
			body := s.refuse(m, a).body
			t.send(r.Context(), h, id, body)
			if a.Duplicate {
				t.send(r.Context(), h, id, body)
			}
		},
		twice: func(w http.ResponseWriter, r *http.Request) {
			// mcp-go answers by the stream, so what is handled twice is answered twice.
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic("mock: internal error: a body in memory can't be read: " + err.Error())
			}
			h.ServeHTTP(newRecorder(), withBody(r, body))
			h.ServeHTTP(w, withBody(r, body))
		},
		mute: accepted,
	})
	return mux, h.CloseSessions
}

// send puts a message on a stream. mcp-go refuses one for which its queue has
// no room; a reply must not be lost for that, so it is offered again for as
// long as the stream is open.
func (t *streams) send(ctx context.Context, h *server.SSEServer, id string, text []byte) {
	stream, ok := t.find(id)
	if !ok {
		return // it ended meanwhile, and nobody is there to reply to
	}
	for h.SendEventToSession(id, json.RawMessage(text)) != nil {
		if !pause(ctx, stream, retryEvent) {
			return
		}
	}
}
