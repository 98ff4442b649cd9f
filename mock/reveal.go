package mock

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// reveal adds what a careless server gives away to an error reply; any other
// text stays as it is.
func reveal(text []byte, secret string) []byte {
	if secret == "" {
		return text
	}
	var m map[string]json.RawMessage
	var e map[string]any
	if json.Unmarshal(text, &m) != nil || m["error"] == nil || json.Unmarshal(m["error"], &e) != nil {
		return text
	}
	said, _ := e["message"].(string)
	e["message"] = said + " (key " + secret + ")"
	return encode(text, m, e)
}

// encode puts an error into a message.
func encode(text []byte, m map[string]json.RawMessage, e map[string]any) []byte {
	inner, err := json.Marshal(e)
	if err != nil {
		return text // what was just decoded encodes again
	}
	m["error"] = inner
	out, err := json.Marshal(m)
	if err != nil {
		return text // see above
	}
	return out
}

// revealing serves a POST's reply with the secret in its errors.
func revealing(next http.Handler, secret string) http.Handler {
	if secret == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		reply := newRecorder()
		next.ServeHTTP(reply, r)
		reply.body = *bytes.NewBuffer(reveal(bytes.TrimSpace(reply.body.Bytes()), secret))
		reply.writeTo(w)
	})
}
