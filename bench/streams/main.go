// Streams is a server with two tools: quick, which answers at once, and stream, which tells of
// its progress 2,000 times before. It speaks just enough of streamable HTTP, prints its URL,
// and serves until it is killed.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
)

// event is what a stream has a hundred times twenty of.
const event = "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"," +
	"\"params\":{\"progressToken\":7,\"progress\":12,\"message\":\"working on the part 12 of it\"}}\n\n"

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s/mcp\n", listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(answer)))
}

func answer(w http.ResponseWriter, r *http.Request) {
	var q struct {
		ID     json.RawMessage
		Method string
		Params struct{ Name string }
	}
	if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&q) != nil {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	result := `{"content":[{"type":"text","text":"hi"}]}`
	w.Header().Set("Content-Type", "application/json")
	switch {
	case q.ID == nil:
		w.WriteHeader(http.StatusAccepted)
		return
	case q.Method == "initialize":
		result = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"streams","version":"1"}}`
	case q.Method == "tools/list":
		result = `{"tools":[{"name":"quick","inputSchema":{"type":"object"}},{"name":"stream","inputSchema":{"type":"object"}}]}`
	case q.Params.Name == "stream":
		w.Header().Set("Content-Type", "text/event-stream")
		for range 100 {
			_, _ = fmt.Fprint(w, strings.Repeat(event, 20)) // whoever reads it is gone, or not
			_ = http.NewResponseController(w).Flush()       // likewise
		}
		_, _ = fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", q.ID, result) // likewise
		return
	}
	_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, q.ID, result) // likewise
}
