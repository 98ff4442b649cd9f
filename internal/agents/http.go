package agents

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

const (
	idle       = time.Hour // how long a session may say nothing before it is forgotten
	maxMessage = 64 << 20  // bytes of a request: a history may be in it
	batches    = "2025-03-26"
)

// spoken are the revisions that are spoken: not the one that demands batches, which
// mcp-go doesn't run.
func spoken() []string {
	return slices.DeleteFunc(slices.Clone(mcp.ValidProtocolVersions), func(v string) bool { return v == batches })
}

// withoutBatches answers a client that asks for the revision of batches with the next.
func withoutBatches() *server.Hooks {
	h := &server.Hooks{}
	h.AddBeforeInitialize(func(_ context.Context, _ any, r *mcp.InitializeRequest) {
		if r.Params.ProtocolVersion == batches {
			r.Params.ProtocolVersion = "2025-06-18"
		}
	})
	h.AddAfterDiscover(func(_ context.Context, _ any, _ *mcp.DiscoverRequest, result *mcp.DiscoverResult) {
		result.SupportedVersions = spoken()
	})
	return h
}

// Handler serves streamable HTTP at /mcp. It is for loopback addresses: requests by
// another name of the host, and those of pages of other origins, which a browser
// sends on behalf of whoever wrote them, are refused.
func Handler(m *server.MCPServer) http.Handler {
	served := server.NewStreamableHTTPServer(m, server.WithStateful(true), server.WithSessionIdleTTL(idle))
	mux := http.NewServeMux()
	mux.HandleFunc("/mcp", func(w http.ResponseWriter, r *http.Request) {
		for _, origin := range r.Header.Values("Origin") {
			if origin != "http://"+r.Host {
				http.Error(w, fmt.Sprintf("Forbidden: foreign Origin %.100q", origin), http.StatusForbidden)
				return
			}
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxMessage)
		if v := r.Header.Get("Mcp-Protocol-Version"); v != "" && !slices.Contains(mcp.ValidProtocolVersions, v) {
			unknownRevision(w, r, v)
			return
		}
		if r.Header.Get("Mcp-Session-Id") == "" && !mcp.IsModernProtocol(r.Header.Get("Mcp-Protocol-Version")) {
			w = nameless{w}
		}
		served.ServeHTTP(w, r)
	})
	return mux
}

// unknownRevision refuses a revision as the specification has it (basic/versioning).
func unknownRevision(w http.ResponseWriter, r *http.Request, revision string) {
	body, err := io.ReadAll(r.Body)
	var m struct {
		ID json.RawMessage `json:"id"`
	}
	if err != nil || json.NewDecoder(bytes.NewReader(body)).Decode(&m) != nil || m.ID == nil {
		m.ID = json.RawMessage("null")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	// Who hung up reads nothing.
	_ = json.NewEncoder(w).Encode(refusal(m.ID, revision))
}

// nameless answers a request without a session id, which needs one, with 400: 404 says
// that a session has ended.
type nameless struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w nameless) WriteHeader(status int) {
	if status == http.StatusNotFound {
		status = http.StatusBadRequest
	}
	w.ResponseWriter.WriteHeader(status)
}

// Flush implements http.Flusher, for event streams.
func (w nameless) Flush() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // a stream that can't be flushed comes in the end
}

// Unwrap is for http.ResponseController.
func (w nameless) Unwrap() http.ResponseWriter { return w.ResponseWriter }
