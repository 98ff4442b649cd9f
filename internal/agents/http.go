package agents

import (
	"fmt"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/server"
)

// idle is how long a session may say nothing before it is forgotten.
const idle = time.Hour

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
		served.ServeHTTP(w, r)
	})
	return mux
}
