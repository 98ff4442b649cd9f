package conform_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// TestIDsThatComeBackOtherwise: also where nothing but the right id would end the wait for an
// answer. A late answer to another request is none to this one.
func TestIDsThatComeBackOtherwise(t *testing.T) {
	late, times := []byte(nil), 0
	for _, c := range []struct {
		name string
		id   func(id string) string
		want conform.State
	}{
		{"right", func(id string) string { return id }, conform.Pass},
		{"digits become a number", func(id string) string {
			if id == `"7000002"` {
				return "7000002"
			}
			return id
		}, conform.Fail},
		{"other letters are lost", func(id string) string {
			if id == `"ü → 中"` {
				return `"? ? ?"`
			}
			return id
		}, conform.Fail},
		{"of another request of ours, which is late", func(id string) string {
			if id == `"ü → 中"` {
				return string(late)
			}
			late = []byte(id)
			return id
		}, conform.NotTestable},
		{"once only", func(id string) string {
			if id == `"ü → 中"` {
				if times++; times == 1 {
					return `"nobody's"`
				}
			}
			return id
		}, conform.NotTestable},
	} {
		for _, transport := range []string{conform.HTTP, conform.Stdio} {
			if transport == conform.HTTP && c.want == conform.NotTestable {
				continue // an answer to a post is to this post
			}
			l := &said{transport: transport}
			times = 0
			l.odd = func(r conform.Request, m conform.Message) *conform.Reply {
				if m.Method != "ping" {
					return nil
				}
				id := c.id(string(m.ID))
				reply := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{}}`, id)
				if transport == conform.Stdio && id != string(m.ID) {
					reply.Silent, reply.Broken = true, "no answer within 1m0s"
				}
				return &reply
			}
			got := tried(t, l, conform.Options{Revision: conform.R2511, Loopback: true}, "R01")
			assert.Equal(t, c.want, got["R01"], "%s, %s", c.name, transport)
		}
	}
}

// TestAnUnknownMethodThatIsIgnored: no answer at all is none with error -32601. One that comes late
// shows nothing.
func TestAnUnknownMethodThatIsIgnored(t *testing.T) {
	for _, late := range []bool{false, true} {
		var owed []string
		l := &said{transport: conform.Stdio}
		l.odd = func(r conform.Request, m conform.Message) *conform.Reply {
			switch {
			case m.Method == "mcpload/no-such-method":
				owed = append(owed, string(m.ID))
				return &conform.Reply{Silent: true, Broken: "no answer within 1m0s"}
			case m.Method != "ping" || !late || len(owed) < 2:
				return nil
			}
			reply := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
			reply.Messages = append(reply.Messages, conform.ReadMessages([]byte(`{"jsonrpc":"2.0","id":`+owed[0]+
				`,"error":{"code":-32601,"message":"no"}}`))...)
			return &reply
		}
		want := map[bool]conform.State{false: conform.Fail, true: conform.NotTestable}[late]
		got := tried(t, l, conform.Options{Revision: conform.R2511, Loopback: true}, "R04")
		assert.Equal(t, want, got["R04"], "late: %v", late)
	}
}
