package conform_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// TestBothMembers: a response with a result and an error breaks one demand, and is otherwise
// what the one says that isn't null.
func TestBothMembers(t *testing.T) {
	for body, want := range map[string]map[string]conform.State{
		`"result":{},"error":null`:                        {"R02": conform.Fail, "R03": conform.NotTestable, "L06": conform.Pass},
		`"result":null,"error":{"code":1,"message":"no"}`: {"R02": conform.Fail, "R03": conform.Pass, "L06": conform.Fail},
		`"result":{},"error":{"code":1,"message":"no"}`: {"R02": conform.Fail, "R03": conform.Pass,
			"L06": conform.NotTestable},
		`"error":{"code":-32601,"message":{"text":"none"}}`: {"R02": conform.Pass, "R03": conform.Fail, "L06": conform.Fail},
		`"error":null`: {"R02": conform.Pass, "R03": conform.Fail, "L06": conform.Fail},
		`"result":{}`:  {"R02": conform.Pass, "R03": conform.NotTestable, "L06": conform.Pass},
	} {
		l := &said{transport: conform.HTTP}
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			if m.Method != "ping" {
				return nil
			}
			r := l.reply(`{"jsonrpc":"2.0","id":%s,`+body+`}`, m.ID)
			return &r
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511}, "R02", "R03", "L06")
		assert.Equal(t, want, got, body)
	}
}

// TestACodeStandsByItself: an error whose message is no text has its code all the same.
func TestACodeStandsByItself(t *testing.T) {
	l := &said{transport: conform.HTTP}
	l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
		if m.Method != "mcpload/no-such-method" {
			return nil
		}
		r := l.reply(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":{"text":"none"}}}`, m.ID)
		return &r
	}
	got := tried(t, l, conform.Options{Revision: conform.R2511}, "R03", "R04")
	assert.Equal(t, map[string]conform.State{"R03": conform.Fail, "R04": conform.Pass}, got)
}

// TestEventsWithoutAMessage: what clients take for a message has to be one. Other events, and
// those without anything in them, are a stream's own.
func TestEventsWithoutAMessage(t *testing.T) {
	for _, transport := range []string{conform.HTTP, conform.SSE} {
		for event, want := range map[conform.Event]conform.State{
			{Data: "hello"}:                  conform.Fail,
			{Kind: "message", Data: `{"a":`}: conform.Fail,
			{ID: "1", Data: ""}:              conform.Pass,
			{Kind: "ping", Data: "hello"}:    conform.Pass,
		} {
			l := &said{transport: transport}
			l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
				if m.Method != "ping" {
					return nil
				}
				r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
				r.Events = []conform.Event{event}
				return &r
			}
			got := tried(t, l, conform.Options{Revision: conform.R2511}, "L06", "R02")
			assert.Equal(t, want, got["R02"], "%s %v", transport, event)
		}
	}
}

// TestNamesOfReadsAreComparedToo, though those of calls are.
func TestNamesOfReadsAreComparedToo(t *testing.T) {
	for careless, want := range map[string]conform.State{"": conform.Pass, "resources/read": conform.Fail,
		"tools/call": conform.Fail} {
		l := &said{transport: conform.HTTP}
		l.odd = func(r conform.Request, m conform.Message) *conform.Reply {
			var reply conform.Reply
			switch m.Method {
			case "server/discover":
				reply = l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"supportedVersions":["2026-07-28"],`+
					`"capabilities":{"tools":{},"resources":{}}}}`, m.ID)
			case "resources/list":
				reply = l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"resources":[{"uri":"a:b","name":"a"}]}}`, m.ID)
			case "resources/read", "tools/call":
				right := map[string]string{"resources/read": "a:b", "tools/call": "mcpload-no-such-tool"}[m.Method]
				if m.Method != careless && r.Header.Get("Mcp-Name") != right {
					reply = l.reply(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32020,"message":"no"}}`, m.ID)
					reply.Status = http.StatusBadRequest
					break
				}
				reply = l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"contents":[],"content":[]}}`, m.ID)
			default:
				return nil
			}
			return &reply
		}
		got := tried(t, l, conform.Options{Revision: conform.R2026}, "H16-name")
		assert.Equal(t, want, got["H16-name"], careless)
	}
}

// TestEveryVerbIsChecked: that posts need a token doesn't show that streams and ends of
// sessions do.
func TestEveryVerbIsChecked(t *testing.T) {
	for open, want := range map[string]conform.State{"": conform.Pass, http.MethodGet: conform.Fail,
		http.MethodDelete: conform.Fail} {
		l := &said{transport: conform.HTTP}
		l.odd = func(r conform.Request, m conform.Message) *conform.Reply {
			switch {
			case r.Bare && (r.Verb == "" || r.Verb != open):
				return &conform.Reply{Status: http.StatusUnauthorized}
			case r.Verb == http.MethodGet:
				return &conform.Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}}
			case r.Verb == http.MethodDelete:
				return &conform.Reply{Status: http.StatusNoContent}
			case m.Method == "initialize":
				reply := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{},`+
					`"serverInfo":{"name":"a","version":"1"}}}`, m.ID)
				reply.Header.Set("Mcp-Session-Id", "a")
				return &reply
			}
			return nil
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511, Bearer: true}, "A10")
		assert.Equal(t, want, got["A10"], open)
	}
}
