package wire

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/jsonscan"
)

// paramHeaders says, for each tool, which of its arguments the stateless era
// repeats in headers over HTTP (revision 2026-07-28, Streamable HTTP, section
// Custom Headers from Tool Parameters). It is learnt from tools/list; without
// that such a tool's calls are rejected by a server that checks.
type paramHeaders map[string][]paramHeader

// A paramHeader is one argument that is repeated in a header.
type paramHeader struct {
	name string   // the header
	path []string // member names that lead to the argument
}

// learn reads a tool's input schema. It follows properties only: nowhere else
// is the annotation valid.
func (p paramHeaders) learn(tool string, schema json.RawMessage) {
	var walk func(schema json.RawMessage, path []string)
	walk = func(schema json.RawMessage, path []string) {
		var node struct {
			Properties map[string]json.RawMessage `json:"properties"`
			Header     string                     `json:"x-mcp-header"`
		}
		if len(path) > jsonscan.MostDepth || json.Unmarshal(schema, &node) != nil {
			return // no schema object: there is nothing to learn
		}
		if node.Header != "" && len(path) > 0 && isToken(node.Header) {
			name := http.CanonicalHeaderKey("Mcp-Param-" + node.Header)
			p[tool] = append(p[tool], paramHeader{name, path})
		}
		for name, property := range node.Properties {
			walk(property, append(path[:len(path):len(path)], name))
		}
	}
	walk(schema, nil)
}

// isToken reports if a text may be part of a header's name (RFC 9110 section
// 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		b := s[i]
		letter := 'a' <= b|0x20 && b|0x20 <= 'z' || '0' <= b && b <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", b) < 0 {
			return false
		}
	}
	return s != ""
}

// add sets the headers of one call. Absent and null arguments have none.
func (p paramHeaders) add(h http.Header, tool string, arguments json.RawMessage) {
	for _, param := range p[tool] {
		raw := arguments
		for _, name := range param.path {
			var members map[string]json.RawMessage
			if json.Unmarshal(raw, &members) != nil {
				raw = nil // no object: the argument is absent
				break
			}
			raw = members[name]
		}
		if value, ok := paramValue(raw); ok {
			h[param.name] = []string{headerValue(value)}
		}
	}
}

// paramValue writes an argument as text: a string as it is, an integer in
// decimals, a boolean in words.
func paramValue(raw json.RawMessage) (string, bool) {
	var value any
	if len(raw) == 0 || json.Unmarshal(raw, &value) != nil {
		return "", false
	}
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return strconv.FormatInt(int64(v), 10), true
		}
	}
	return "", false
}
