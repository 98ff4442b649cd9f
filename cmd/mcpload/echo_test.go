package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// echoing is an MCP server that refuses whatever it is asked, and says in the
// refusal what it was sent to prove who asks: as careless servers do.
func echoing() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&request) != nil {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case request.ID == nil:
			w.WriteHeader(http.StatusAccepted)
		case request.Method == "initialize":
			fmt.Fprintf(w,
				`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1"}}}`, request.ID)
		default:
			// a string always encodes
			message, _ := json.Marshal(fmt.Sprintf("rate limit exceeded for %s with key %s",
				r.Header.Get("Authorization"), r.URL.Query().Get("key")))
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":%s}}`, request.ID, message)
		}
	})
}
