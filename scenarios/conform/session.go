package conform

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// A session is how requests of one revision are spelt: with a session id and a
// header, or with metadata in each.
type session struct {
	line      Line
	transport string
	revision  string
	id        string // Mcp-Session-Id; empty: none
	next      int64  // the last request id

	opened *Exchange       // of initialize or server/discover
	result json.RawMessage // what it answered
}

// clientName is how we introduce ourselves.
const clientName = "mcpload-conform"

// meta is what every request of the stateless revisions carries.
func meta(revision string) map[string]any {
	return map[string]any{
		"io.modelcontextprotocol/protocolVersion":    revision,
		"io.modelcontextprotocol/clientInfo":         map[string]any{"name": clientName, "version": "1"},
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
	}
}

// request is a right one, with an id of its own.
func (s *session) request(method string, params map[string]any) Request {
	s.next++
	return s.spelt(strconv.FormatInt(s.next, 10), method, params)
}

// spelt is a right request with an id, as JSON; without an id it is a notification.
func (s *session) spelt(id, method string, params map[string]any) Request {
	message := map[string]any{"jsonrpc": "2.0", "method": method}
	if id != "" {
		message["id"] = json.RawMessage(id)
	}
	if Stateless(s.revision) {
		full := map[string]any{"_meta": meta(s.revision)}
		maps.Copy(full, params)
		params = full
	}
	if params != nil {
		message["params"] = params
	}
	return Request{Header: s.header(method, params), Body: encode(message), Await: id}
}

// raw is a request with another body, and the headers that a right one would have.
func (s *session) raw(body, await string) Request {
	return Request{Header: s.header("ping", nil), Body: []byte(body), Await: await}
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("internal error: conform: what we send does not marshal: " + err.Error())
	}
	return text
}

// header is what goes with a message over HTTP.
func (s *session) header(method string, params map[string]any) http.Header {
	h := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	if s.transport != HTTP {
		return h
	}
	if s.id != "" {
		h.Set("Mcp-Session-Id", s.id)
	}
	if s.revision >= R2506 && method != "initialize" {
		h.Set("Mcp-Protocol-Version", s.revision)
	}
	if !Stateless(s.revision) {
		return h
	}
	h.Set("Mcp-Method", method)
	name, _ := params["name"].(string)
	if method == "resources/read" {
		name, _ = params["uri"].(string)
	}
	switch method {
	case "tools/call", "prompts/get", "resources/read":
		h.Set("Mcp-Name", headerValue(name))
	}
	return h
}

// headerValue is a text as headers of 2026-07-28 spell it: as it is, or marked
// Base64 where it holds what a header can't.
func headerValue(s string) string {
	plain := s == strings.TrimSpace(s) && !strings.HasPrefix(s, "=?base64?")
	for _, r := range s {
		plain = plain && r >= ' ' && r <= '~'
	}
	if plain {
		return s
	}
	return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
}

// With returns the request with one header set, or taken out where the value is
// empty.
func (r Request) With(name, value string) Request {
	r.Header = r.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if value == "" {
		r.Header.Del(name)
	} else {
		r.Header.Set(name, value)
	}
	return r
}
