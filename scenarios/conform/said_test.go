package conform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// A said line says what a test has it say, and else what is right.
type said struct {
	conform.Line
	transport string
	odd       func(r conform.Request, m conform.Message) *conform.Reply // nil: it says what is right
}

// Close implements conform.Line.
func (l *said) Close() {}

// Open implements conform.Line.
func (l *said) Open() (conform.Line, error) { return l, nil }

// Repeat implements conform.Line.
func (l *said) Repeat(conform.Request) string { return "" }

func (l *said) reply(format string, args ...any) conform.Reply {
	r := conform.Reply{Messages: conform.ReadMessages(fmt.Appendf(nil, format, args...))}
	if l.transport == conform.HTTP {
		r.Status, r.Header = http.StatusOK, http.Header{"Content-Type": {"application/json"}}
	}
	return r
}

// Do implements conform.Line.
func (l *said) Do(r conform.Request) conform.Reply {
	var m conform.Message
	if ms := conform.ReadMessages(r.Body); len(ms) == 1 {
		m = ms[0]
	}
	if odd := l.odd(r, m); odd != nil {
		return *odd
	}
	const result = `{"jsonrpc":"2.0","id":%s,"result":%s}`
	switch m.Method {
	case "initialize":
		return l.reply(result, m.ID, `{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"resources":{}},"serverInfo":{"name":"a","version":"1"}}`)
	case "server/discover":
		return l.reply(result, m.ID, `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}`)
	case "tools/list":
		return l.reply(result, m.ID, `{"resultType":"complete","tools":[]}`)
	case "ping":
		return l.reply(result, m.ID, `{}`)
	}
	if m.ID == nil {
		return conform.Reply{Status: http.StatusAccepted, Silent: l.transport != conform.HTTP}
	}
	return l.reply(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no"}}`, m.ID)
}

// tried are the states of rows at a line.
func tried(t *testing.T, l *said, o conform.Options, ids ...string) map[string]conform.State {
	t.Helper()
	o.Transport, o.Timeout = l.transport, time.Minute
	trial, err := conform.NewTrial(l, o)
	require.NoError(t, err)
	rows := slices.DeleteFunc(conform.Rows(), func(r conform.Row) bool { return !slices.Contains(ids, r.ID) })
	out := map[string]conform.State{}
	for _, f := range trial.Run(rows).Findings {
		out[f.ID] = f.State
		t.Logf("%s %s: %s", f.ID, f.State, f.Saw)
	}
	require.Len(t, out, len(ids))
	return out
}

// TestGatewaysRefuseInTheirOwnWords: what looks at headers before a public server may
// refuse without JSON-RPC. On this machine nothing is before it.
func TestGatewaysRefuseInTheirOwnWords(t *testing.T) {
	l := &said{transport: conform.HTTP, odd: func(r conform.Request, m conform.Message) *conform.Reply {
		if m.Method == "mcpload/no-such-method" || r.Header.Get("Mcp-Method") != m.Method ||
			r.Header.Get("Mcp-Protocol-Version") != conform.R2026 {
			return &conform.Reply{Status: http.StatusBadRequest, Body: []byte("not here")}
		}
		return nil
	}}
	for loopback, want := range map[bool]conform.State{true: conform.Fail, false: conform.NotTestable} {
		got := tried(t, l, conform.Options{Revision: conform.R2026, Loopback: loopback}, "D02", "H16", "H20", "R04")
		for id, state := range got {
			assert.Equal(t, want, state, "%s %v", id, loopback)
		}
	}
}

// TestGatewaysOwnStatus: that a gateway couldn't reach the server is no answer of it, and
// a body of its own in JSON answers no request.
func TestGatewaysOwnStatus(t *testing.T) {
	for status, body := range map[int]string{http.StatusBadGateway: `{"error":"bad gateway"}`,
		http.StatusGatewayTimeout: "", http.StatusInternalServerError: `{"error":{"code":"E1","message":"x"}}`} {
		pings := 0
		l := &said{transport: conform.HTTP, odd: func(_ conform.Request, m conform.Message) *conform.Reply {
			if pings++; m.Method == "ping" && pings%2 == 0 {
				return &conform.Reply{Status: status, Body: []byte(body), Messages: conform.ReadMessages([]byte(body))}
			}
			return nil
		}}
		got := tried(t, l, conform.Options{Revision: conform.R2511, Loopback: true}, "R01", "H13", "R03")
		for id, state := range got {
			if id != "H13" || status != http.StatusInternalServerError { // which is the server's own
				assert.NotEqual(t, conform.Fail, state, "%d %s", status, id)
			}
		}
	}
}

// TestLateAnswersAreNoAnswers to what was sent since, and what comes once may be late.
func TestLateAnswersAreNoAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		id    string
		times int
		want  conform.State
	}{
		"of another request":  {"1", 9, conform.Pass},
		"of what was no JSON": {"null", 1, conform.Pass},
		"of the notification": {"null", 9, conform.Fail},
		"without an id":       {"", 9, conform.Fail},
	} {
		n := 0
		l := &said{transport: conform.Stdio}
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			if m.Method != "notifications/mcpload/unknown" && !bytes.Contains(m.Params, []byte("no-such-request")) {
				return nil
			}
			if n++; n > c.times {
				return &conform.Reply{Silent: true, Broken: "no answer"}
			}
			id := ""
			if c.id != "" {
				id = `"id":` + c.id + ","
			}
			r := l.reply(`{"jsonrpc":"2.0",%s"error":{"code":-32700,"message":"no"}}`, id)
			return &r
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511}, "R10")
		assert.Equal(t, c.want, got["R10"], name)
		n = 0
		got = tried(t, l, conform.Options{Revision: conform.R2511}, "X03")
		assert.Equal(t, c.want, got["X03"], name)
	}
}

// TestLateAnswersUnderLoad: over one stream the answer to a request that was given up
// comes with another's. Each comes once.
func TestLateAnswersUnderLoad(t *testing.T) {
	note := func(l *conform.Loaded, await string, ids ...string) {
		e := &conform.Exchange{Request: conform.Request{Await: await}}
		for _, id := range ids {
			e.Reply.Messages = append(e.Reply.Messages,
				conform.ReadMessages(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":{}}`, id))...)
		}
		l.Note(e)
	}
	l := &conform.Loaded{Shared: true}
	note(l, "1")
	note(l, "2", "1", "2")
	assert.Nil(t, l.Twice)
	note(l, "3", "1", "3")
	assert.NotNil(t, l.Twice, "it came before")
	l = &conform.Loaded{Shared: true}
	note(l, "1", "7", "1")
	assert.NotNil(t, l.Twice, "nobody asked by that id")
	l = &conform.Loaded{}
	note(l, "1")
	note(l, "2", "1", "2")
	assert.NotNil(t, l.Twice, "each reply is its own request's")
}

// TestFilesThatAreOffered: who has a template for the machine's files gives them on purpose.
func TestFilesThatAreOffered(t *testing.T) {
	for template, want := range map[string]conform.State{"file:///{path}": conform.NotTestable,
		"file://{+path}": conform.NotTestable, "file:///notes/{name}": conform.Fail, "memo://{name}": conform.Fail} {
		l := &said{transport: conform.Stdio}
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			var uri struct{ URI string }
			var out any
			switch m.Method {
			case "resources/list":
				out = map[string]any{"resources": []any{map[string]any{"uri": "memo://a", "name": "a"}}}
			case "resources/templates/list":
				out = map[string]any{"resourceTemplates": []any{map[string]any{"uriTemplate": template, "name": "a"}}}
			case "resources/read":
				assert.NoError(t, json.Unmarshal(m.Params, &uri))
				out = map[string]any{"contents": []any{map[string]any{"uri": uri.URI, "text": "root:x:0:0:root"}}}
			default:
				return nil
			}
			text, err := json.Marshal(out)
			require.NoError(t, err)
			r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, text)
			return &r
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511}, "P10")
		assert.Equal(t, want, got["P10"], template)
	}
}
