package drive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// answersTo are the answers that servers may wait for: each client has to answer a ping,
// and to anything else we say that we don't have it, as we declare nothing.
func answersTo(list []conform.Message) (out [][]byte) {
	for _, m := range list {
		if m.Method == "" || len(m.ID) == 0 || string(m.ID) == "null" {
			continue
		}
		said := `"error":{"code":-32601,"message":"mcpload has no such method"}`
		if m.Method == "ping" {
			said = `"result":{}`
		}
		out = append(out, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,%s}`, compact(m.ID), said))
	}
	return out
}

// compact is JSON on one line.
func compact(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw // it was read, so that it is JSON
	}
	return b.Bytes()
}

// answerWithin is how long it may take to get rid of an answer.
const answerWithin = 2 * time.Second

// modern reports if a request is of the revisions without sessions, in which nothing is
// answered: whoever asks there breaks a row.
func modern(body []byte) bool {
	return bytes.Contains(body, []byte(`"io.modelcontextprotocol/protocolVersion"`))
}

// answering posts answers to what comes by the stream of a request, in its session. The
// server may wait for them before it goes on, so that nothing here waits.
func (l *httpLine) answering(r *conform.Request) func([]conform.Message) {
	return func(list []conform.Message) {
		if modern(r.Body) {
			return
		}
		for _, body := range answersTo(list) {
			h := r.Header.Clone()
			h.Set("Content-Type", "application/json")
			go l.once(conform.Request{Header: h, Body: body, Bare: r.Bare, Other: r.Other, Within: answerWithin})
		}
	}
}

// A pager answers what a server asks for on a line, where its last request allows that.
type pager struct {
	mu    sync.Mutex
	plain bool // the last request was of a revision with sessions
	write func([]byte)

	// methods that we sent, and who has sent one of them back: whoever echoes us would have our
	// own answers for its
	sent   map[string]bool
	echoes bool
}

// eithers are methods that servers send as clients do.
var eithers = []string{"", "ping", "notifications/cancelled", "notifications/progress"}

// note looks at what is about to be written.
func (p *pager) note(body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if json.Valid(body) {
		p.plain = !modern(body)
	}
	for _, m := range conform.ReadMessages(body) {
		if p.sent == nil {
			p.sent = map[string]bool{}
		}
		p.sent[m.Method] = !slices.Contains(eithers, m.Method)
	}
}

// asked answers. Nothing here waits for the server to read it.
func (p *pager) asked(list []conform.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.echoes = p.echoes || slices.ContainsFunc(list, func(m conform.Message) bool { return p.sent[m.Method] })
	if !p.plain || p.echoes {
		return
	}
	for _, body := range answersTo(list) {
		go p.write(body)
	}
}
