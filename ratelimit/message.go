package ratelimit

import (
	"bytes"
	"encoding/json"
)

const methodToolsCall = "tools/call"

// A message is what of a JSON-RPC message decides if it is charged, and how it
// is answered. Names match without regard to case and the last of two equal
// names wins, as encoding/json does in the servers behind us: a request must
// not look like a notification to the limiter and like a request to the server.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// tool is the name of the called tool; "" for other methods, and where there is none.
func (m message) tool() string {
	if m.Method != methodToolsCall {
		return ""
	}
	var params struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(m.Params, &params); err != nil {
		return "" // the server behind us refuses it
	}
	return params.Name
}

// request reports if the message wants an answer: notifications have no id,
// and responses no method.
func (m message) request() bool {
	return m.Method != "" && len(m.ID) > 0 && !bytes.Equal(m.ID, []byte("null"))
}

// parse returns the messages of a POST body, and if it was a batch. What is no
// JSON-RPC message is left out: the server behind us refuses it. Of a body with
// several values the first counts.
func parse(body []byte) (messages []message, batch bool) {
	var first json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&first); err != nil {
		return nil, false // not JSON, so not a request
	}
	if first[0] != '[' {
		var m message
		if err := json.Unmarshal(first, &m); err != nil {
			return nil, false // such as a method that is no string
		}
		return []message{m}, false
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(first, &elements); err != nil {
		return nil, false // can't be: the decoder found a whole array
	}
	for _, e := range elements {
		var m message
		if err := json.Unmarshal(e, &m); err == nil {
			messages = append(messages, m)
		}
	}
	return messages, true
}
