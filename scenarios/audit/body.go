package audit

import (
	"bytes"
	"encoding/json"
	"slices"
)

// bodyForms are other ways to write the same message.
func bodyForms() []trickForm {
	return []trickForm{
		{"message with its members in another order", func(int) Guise { return Guise{Body: reordered} }},
		{"message with white space", func(int) Guise { return Guise{Body: spread} }},
		{"message of 64 KiB", func(int) Guise { return Guise{Body: long(64 << 10)} }},
		{"message of 256 KiB", func(int) Guise { return Guise{Body: long(256 << 10)} }},
		{"message with a charset", func(int) Guise {
			return Guise{Header: map[string]string{"Content-Type": "application/json; charset=utf-8"}}
		}},
		{ownConnection, func(int) Guise { return Guise{Header: map[string]string{"Connection": "close"}} }},
	}
}

// ownConnection is the trick of having each call close its connection.
const ownConnection = "connection of its own"

// reordered is a JSON object whose members stand the other way round.
func reordered(body []byte) []byte {
	if other := reversed(body); other != nil {
		return other
	}
	return body
}

// spread is a JSON text on many lines.
func spread(body []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return body
	}
	return b.Bytes()
}

// long is a JSON object after so much white space.
func long(space int) func(body []byte) []byte {
	return func(body []byte) []byte { return slices.Concat(bytes.Repeat([]byte(" "), space), body) }
}

// clientInfo is where a request without a session says who sends it.
const clientInfo = "io.modelcontextprotocol/clientInfo"

// saying has a message say that another client sends it, in its metadata.
func saying(name string) func(body []byte) []byte {
	return func(body []byte) []byte {
		return withMeta(body, func(_, meta map[string]json.RawMessage) {
			meta[clientInfo], _ = json.Marshal(map[string]string{"name": name, "version": "1"}) // names can't fail
		})
	}
}

// withMeta is a message with another metadata.
func withMeta(body []byte, change func(m, meta map[string]json.RawMessage)) []byte {
	var m, params, meta map[string]json.RawMessage
	if json.Unmarshal(body, &m) != nil || json.Unmarshal(m["params"], &params) != nil || params == nil {
		return body
	}
	if json.Unmarshal(params["_meta"], &meta) != nil || meta == nil {
		meta = map[string]json.RawMessage{}
	}
	change(m, meta)
	// None can fail: these are values that were JSON before.
	params["_meta"], _ = json.Marshal(meta)
	m["params"], _ = json.Marshal(params)
	out, _ := json.Marshal(m)
	return out
}
