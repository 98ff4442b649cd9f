package mock

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// batched is the one revision whose messages may come in batches.
const batched = mcp.ProtocolVersion20250326

// mended does what the protocol demands of HTTP servers, and mcp-go doesn't do:
// batches of 2025-03-26, refusals of revisions that nobody speaks with an error that
// names others, and of requests that lack their session with 400.
func mended(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 2*maxMessage))
		if err != nil {
			http.Error(w, "the message is too long", http.StatusRequestEntityTooLarge)
			return
		}
		r = withBody(r, body)
		version := r.Header.Get(mcp.HeaderProtocolVersion)
		if list, ok := batch(body); ok && (version == "" || version == batched) {
			serveBatch(w, r, list, next)
			return
		}
		if m, request := parse(body); request && unknownRevision(body) {
			reply := recorder{header: http.Header{"Content-Type": {"application/json"}}, status: http.StatusBadRequest}
			if version != "" && version != said(body) {
				reply.body.Write(marshalled(map[string]any{"jsonrpc": "2.0", "id": m.ID, "error": map[string]any{
					"code": mcp.HEADER_MISMATCH, "message": "the header and the body name two revisions"}}))
			} else {
				reply.body.Write(refuseRevision(m, body))
			}
			reply.writeTo(w)
			return
		}
		if m, _ := parse(body); m.tool() == suiteDemanding && mcp.IsModernProtocol(version) &&
			!bytes.Contains(body, []byte(`"sampling"`)) {
			reply := recorder{header: http.Header{"Content-Type": {"application/json"}}, status: http.StatusBadRequest}
			reply.body.Write(marshalled(map[string]any{"jsonrpc": "2.0", "id": m.ID, "error": map[string]any{
				"code": mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, "message": "it asks clients to sample",
				"data": map[string]any{"requiredCapabilities": map[string]any{"sampling": map[string]any{}}}}}))
			reply.writeTo(w)
			return
		}
		modern := mcp.IsModernProtocol(version)
		if modern {
			r.Header.Del("Last-Event-ID") // which says nothing in this era
		}
		next.ServeHTTP(&mendedReply{ResponseWriter: w, sessionless: !modern &&
			r.Header.Get(server.HeaderKeySessionID) == ""}, r)
	})
}

// batch returns the messages of a batch.
func batch(body []byte) (list []json.RawMessage, ok bool) {
	text := bytes.TrimSpace(body)
	return list, len(text) > 0 && text[0] == '[' && json.Unmarshal(text, &list) == nil && len(list) > 0
}

// serveBatch serves each message of a batch, and answers with a batch.
func serveBatch(w http.ResponseWriter, r *http.Request, list []json.RawMessage, next http.Handler) {
	var out []json.RawMessage
	for _, one := range list {
		reply := newRecorder()
		next.ServeHTTP(reply, withBody(r.Clone(r.Context()), one))
		if text := bytes.TrimSpace(reply.body.Bytes()); json.Valid(text) {
			out = append(out, text)
		}
	}
	reply := newRecorder()
	reply.status = http.StatusAccepted
	if len(out) > 0 {
		reply.status = http.StatusOK
		reply.header.Set("Content-Type", "application/json")
		reply.body.Write(marshalled(out))
	}
	reply.writeTo(w)
}

// said is the revision that a request's metadata name; empty where they name none.
func said(body []byte) string {
	var m struct {
		Params struct {
			Meta struct {
				Version string `json:"io.modelcontextprotocol/protocolVersion"`
			} `json:"_meta"`
		} `json:"params"`
	}
	if json.Unmarshal(body, &m) != nil {
		return ""
	}
	return m.Params.Meta.Version
}

// unknownRevision reports if a request is of a revision that nobody speaks.
func unknownRevision(body []byte) bool {
	v := said(body)
	return v != "" && !mcp.IsValidProtocolVersion(v)
}

// refuseRevision is the error for it.
func refuseRevision(m message, body []byte) []byte {
	supported := slices.Clone(mcp.ValidProtocolVersions)
	return marshalled(map[string]any{"jsonrpc": "2.0", "id": m.ID, "error": map[string]any{
		"code": mcp.UNSUPPORTED_PROTOCOL_VERSION, "message": "unsupported protocol version",
		"data": map[string]any{"supported": supported, "requested": said(body)},
	}})
}

// A mendedReply is a reply whose headers are put right.
type mendedReply struct {
	http.ResponseWriter
	sessionless bool // of a request that lacks its session id: mcp-go says 404, which is for sessions that have ended
}

// WriteHeader implements http.ResponseWriter.
func (m *mendedReply) WriteHeader(status int) {
	if m.sessionless && status == http.StatusNotFound {
		status = http.StatusBadRequest
	}
	if strings.HasPrefix(m.Header().Get("Content-Type"), "text/event-stream") {
		m.Header().Set("X-Accel-Buffering", "no")
	}
	m.ResponseWriter.WriteHeader(status)
}

// Flush implements http.Flusher.
func (m *mendedReply) Flush() {
	if f, ok := m.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap is for http.ResponseController.
func (m *mendedReply) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// messages returns the messages of a line: those of a batch, where the client has begun
// a session of the revision that has them.
func (l *lineLink) messages(line []byte) []json.RawMessage {
	if list, ok := batch(line); ok && l.revision == batched {
		return list
	}
	return []json.RawMessage{line}
}

// began keeps the revision of a session.
func (l *lineLink) began(m message, line []byte) {
	if m.Method == "initialize" {
		l.revision = asked(line)
	}
}

// guarded lets nobody in without one of the server's tokens, and publishes who gives
// them. A session is its token's.
func (s *Server) guarded(next http.Handler) http.Handler {
	if len(s.config.Bearers) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := "http://" + r.Host
		switch {
		case strings.HasPrefix(r.URL.Path, "/.well-known/oauth-protected-resource"):
			publish(w, map[string]any{"resource": origin + "/mcp", "authorization_servers": []string{origin},
				"scopes_supported": []string{"mcp"}})
			return
		case r.URL.Path == "/.well-known/oauth-authorization-server":
			publish(w, map[string]any{"issuer": origin, "authorization_endpoint": origin + "/authorize",
				"token_endpoint":           origin + "/token",
				"response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"}})
			return
		case r.URL.Path == "/authorize" || r.URL.Path == "/token": // nobody gets one here
			http.NotFound(w, r)
			return
		}
		given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !slices.Contains(s.config.Bearers, given) {
			challenge := `Bearer resource_metadata="` + origin +
				`/.well-known/oauth-protected-resource/mcp", scope="mcp"`
			if given != "" {
				challenge += `, error="invalid_token"`
			}
			w.Header().Set("WWW-Authenticate", challenge)
			http.Error(w, "a token is wanted", http.StatusUnauthorized)
			return
		}
		if id := r.Header.Get(server.HeaderKeySessionID); id != "" {
			if owner, ok := s.owners.Load(id); ok && owner != given {
				http.Error(w, "no such session", http.StatusNotFound)
				return
			}
		}
		next.ServeHTTP(&owning{ResponseWriter: w, server: s, token: given}, r)
	})
}

func publish(w http.ResponseWriter, document any) {
	reply := newRecorder()
	reply.header.Set("Content-Type", "application/json")
	reply.body.Write(marshalled(document))
	reply.writeTo(w)
}

// An owning notes whose session a response begins.
type owning struct {
	http.ResponseWriter
	server *Server
	token  string
}

// WriteHeader implements http.ResponseWriter.
func (o *owning) WriteHeader(status int) {
	if id := o.Header().Get(server.HeaderKeySessionID); id != "" {
		o.server.owners.Store(id, o.token)
	}
	o.ResponseWriter.WriteHeader(status)
}

// Flush implements http.Flusher.
func (o *owning) Flush() {
	if f, ok := o.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap is for http.ResponseController.
func (o *owning) Unwrap() http.ResponseWriter { return o.ResponseWriter }
