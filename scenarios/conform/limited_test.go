package conform_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// TestLimitsInToolResults: a tool's result may say that we asked too often, which is no
// answer to what was asked; one that came to something may speak of limits.
func TestLimitsInToolResults(t *testing.T) {
	for body, want := range map[string]bool{
		`{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[{"type":"text","text":"Global rate limit exceeded"}]}}`:  true,
		`{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[{"type":"text","text":"unknown tool"}]}}`:                false,
		`{"jsonrpc":"2.0","id":1,"result":{"isError":false,"content":[{"type":"text","text":"Global rate limit exceeded"}]}}`: false,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Too many requests"}}`:                                      true,
		`{"jsonrpc":"2.0","id":1,"error":{"code":429,"message":"no"}}`:                                                        true,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32029,"message":"no"}}`:                                                     true,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Request limit reached, try again in 4 s"}}`:                true,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"body exceeds the size limit"}}`:                            false,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"server overloaded, please retry"}}`:                        true,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Rate exceeded, wait"}}`:                                    true,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"You have exceeded 10 requests per second"}}`:               true,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Unknown tool: a"}}`:                                        false,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"exceeded the depth of calls in a schema"}}`:                false,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"limit must be a number"}}`:                                 false,
		// one of a batch
		`[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"error":{"code":-32000,"message":"rate limited"}}]`:   true,
		`[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"no such method"}}]`: false,
	} {
		r := conform.Reply{Status: 200, Messages: conform.ReadMessages([]byte(body))}
		assert.Equal(t, want, r.Limited(), body)
		r = conform.Reply{Status: 200, Body: []byte(body)} // to a verb that has no message
		assert.Equal(t, want, r.Limited(), "GET: %s", body)
	}
}

// TestRefusalsOfNobodysRequest: what a limit or a gateway refuses unread has no id, and is
// no answer to another's request.
func TestRefusalsOfNobodysRequest(t *testing.T) {
	for body, twice := range map[string]bool{
		`{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Too many requests"}}`: false,
		`{"jsonrpc":"2.0","error":{"code":-32000,"message":"bad gateway"}}`:                 false,
		`{"jsonrpc":"2.0","id":8,"result":{}}`:                                              true,
	} {
		l := &conform.Loaded{}
		l.Note(&conform.Exchange{Request: conform.Request{Await: "7"},
			Reply: conform.Reply{Status: 502, Messages: conform.ReadMessages([]byte(body))}})
		assert.Equal(t, twice, l.Twice != nil, body)
	}
}

// TestWhoWaitsForItsBeginning: a server may answer nothing until its session has begun, and what
// it asks for before is seen all the same.
func TestWhoWaitsForItsBeginning(t *testing.T) {
	for asks, want := range map[bool]conform.State{false: conform.Pass, true: conform.Fail} {
		begun := false
		l := &said{transport: conform.Stdio}
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			switch m.Method {
			case "initialize", "notifications/initialized":
				begun = m.Method != "initialize"
			case "ping":
				if begun {
					return nil
				}
				r := conform.Reply{Broken: "no answer", Silent: true}
				if asks {
					r.Messages = conform.ReadMessages([]byte(`{"jsonrpc":"2.0","id":"a","method":"roots/list"}`))
				}
				return &r
			}
			return nil
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511}, "L05")
		assert.Equal(t, want, got["L05"], asks)
	}
}

// TestOurOwnInterruption: what was stopped by us is no silence of the server's.
func TestOurOwnInterruption(t *testing.T) {
	pings := 0
	l := &said{transport: conform.HTTP, odd: func(conform.Request, conform.Message) *conform.Reply {
		if pings++; pings < 6 {
			return nil
		}
		return &conform.Reply{Broken: conform.Interrupted}
	}}
	last := ""
	trial, err := conform.NewTrial(l, conform.Options{Revision: conform.R2511, Transport: l.transport,
		Watch: func(s conform.Step) { last = s.Row }})
	require.NoError(t, err)
	r := trial.Run(conform.Rows())
	assert.Equal(t, "the run was interrupted", r.Ended)
	assert.Equal(t, r.Exchanges[len(r.Exchanges)-1].Row, last, "nothing is said to be tried behind it")
	for _, f := range r.Findings {
		assert.NotContains(t, f.Saw, "unanswered", f.ID)
		if f.ID == "R14" || f.ID == "R01" {
			assert.Equal(t, "not tried: the run was interrupted", f.Saw, f.ID)
		}
	}
}

// TestResultAndErrorAtOnce: an answer that has both is R02's matter, and nobody else's.
func TestResultAndErrorAtOnce(t *testing.T) {
	l := &said{transport: conform.HTTP}
	l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
		if m.Method != "initialize" && m.Method != "server/discover" {
			return nil
		}
		err := ""
		if m.Method == "initialize" {
			err = `,"error":{"code":0,"message":""}`
		}
		r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete","supportedVersions":["2026-07-28",`+
			`"2025-11-25"],"protocolVersion":"2025-11-25","capabilities":{}}`+err+`}`, m.ID)
		return &r
	}
	got := tried(t, l, conform.Options{Revision: conform.R2026}, "D08", "R02")
	assert.Equal(t, map[string]conform.State{"D08": conform.NotTestable, "R02": conform.Fail}, got)
}
