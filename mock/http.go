package mock

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// streamable returns the handler of streamable HTTP, and what ends it. It
// serves both protocol eras: mcp-go tells them apart by the request.
//
// A client is its session. Where there is none, for initialize and in the era
// without sessions, it is the connection, since nothing else in a request says
// who sent it: a client with several connections is several clients then.
func (s *Server) streamable(path string) (http.Handler, func()) {
	options := []server.StreamableHTTPOption{server.WithStateful(true),
		server.WithStreamableHTTPLogger(slog.New(slog.DiscardHandler))} // it logs what clients do wrong
	if s.config.Fixture { // its streams can be taken up again
		options = append(options, server.WithEventStore(server.NewInMemoryEventStore()))
	}
	h := server.NewStreamableHTTPServer(s.mcp, options...)
	mux := http.NewServeMux()
	mux.Handle(path, mended(&front{
		server: s,
		next:   revealing(h, s.config.Reveal),
		client: func(r *http.Request) (string, bool) {
			id := r.Header.Get(server.HeaderKeySessionID)
			if id == "" || mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)) {
				id = r.RemoteAddr
			}
			return id, true
		},
		refused: s.refuseHTTP,
		twice: func(w http.ResponseWriter, r *http.Request) {
			reply := newRecorder()
			h.ServeHTTP(reply, r)
			writeTwice(w, reply)
		},
		failed: func(w http.ResponseWriter, m message) {
			reply := newRecorder()
			reply.header.Set("Content-Type", "application/json")
			reply.status = http.StatusBadRequest
			reply.body.WriteString(`{"jsonrpc":"2.0","id":` + string(m.ID) +
				`,"error":{"code":-32602,"message":"this tool always fails"}}`)
			reply.writeTo(w)
		},
		mute: func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		},
	}))
	return mux, func() { h.CloseSessions(context.Background()) }
}

// refuseHTTP sends a refusal as the response to the POST.
func (s *Server) refuseHTTP(w http.ResponseWriter, _ *http.Request, m message, a Answer) {
	reply := newRecorder()
	no := s.refuse(m, a)
	reply.header, reply.status = no.header, no.status
	reply.body.Write(no.body)
	if a.Duplicate {
		writeTwice(w, reply)
		return
	}
	reply.writeTo(w)
}

// writeTo sends a reply as it is.
func (c *recorder) writeTo(w http.ResponseWriter) {
	maps.Copy(w.Header(), c.header)
	w.WriteHeader(c.status)
	_, _ = w.Write(c.body.Bytes()) // a client that has gone needs no reply
}

// writeTwice sends a message twice. One JSON text has no room for that, an
// event stream has; a reply with another status than 200 must stay one.
func writeTwice(w http.ResponseWriter, reply *recorder) {
	if reply.status != http.StatusOK {
		reply.writeTo(w)
		return
	}
	text := bytes.TrimSpace(reply.body.Bytes())
	reply.header.Set("Content-Type", "text/event-stream")
	reply.body = *bytes.NewBuffer(bytes.Repeat(event(text), 2))
	reply.writeTo(w)
}

// event frames a message of one line as a server-sent event.
func event(text []byte) []byte {
	return bytes.Join([][]byte{[]byte("event: message\ndata: "), text, []byte("\n\n")}, nil)
}
