package conform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// TestWhichOddLine: the line that a process serves no more behind is the one that is named.
func TestWhichOddLine(t *testing.T) {
	for what, is := range map[string]func(body string) bool{
		"an empty line":          func(body string) bool { return body == "" },
		"a line that is no JSON": func(body string) bool { return strings.HasPrefix(body, "{") && !json.Valid([]byte(body)) },
		"a line of 1 MiB":        func(body string) bool { return len(body) >= 1<<20 },
	} {
		deaf := false
		l := &said{transport: conform.Stdio, odd: func(r conform.Request, m conform.Message) *conform.Reply {
			if deaf = (deaf || is(string(r.Body))) && m.Method != "initialize"; deaf {
				return &conform.Reply{Broken: "no answer", Silent: true}
			}
			return nil
		}}
		trial, err := conform.NewTrial(l, conform.Options{Revision: conform.R2511, Transport: l.transport, Only: []string{"S06"}})
		require.NoError(t, err)
		f := trial.Run(conform.Rows()).Findings
		require.Len(t, f, 1)
		assert.Equal(t, conform.Fail, f[0].State, f[0].Saw)
		assert.Equal(t, "after "+what+" it serves no more: no answer", f[0].Saw)
	}
}

// TestOddTextsAreShortened: a finding has the shortest text, within twice, that brings it about.
func TestOddTextsAreShortened(t *testing.T) {
	l := &said{transport: conform.HTTP}
	l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
		var r conform.Reply
		switch {
		case m.Method == "tools/list":
			r = l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"a","inputSchema":{"type":"object","properties":`+
				`{"text":{"type":"string"}},"required":["text"]},"annotations":{"readOnlyHint":true}}]}}`, m.ID)
		case m.Method == "tools/call" && strings.Contains(string(m.Params), strings.Repeat("x", 1000)):
			r = l.reply(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32603,"message":"it broke"}}`, m.ID)
			r.Status = http.StatusInternalServerError
		case m.Method == "tools/call":
			r = l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}`, m.ID)
		default:
			return nil
		}
		return &r
	}
	trial, err := conform.NewTrial(l, conform.Options{Revision: conform.R2511, Transport: l.transport})
	require.NoError(t, err)
	calls := 0
	fuzz := &conform.Fuzz{Seed: 1, More: func() bool { calls++; return calls < 2000 }}
	for _, f := range trial.Run(fuzz.Rows()).Findings {
		if f.ID != "F01" {
			assert.Equal(t, conform.Pass, f.State, f.Saw)
			continue
		}
		require.Equal(t, conform.Fail, f.State, f.Saw)
		assert.True(t, strings.HasPrefix(f.Saw, "HTTP 500 Internal Server Error, error -32603"), "the outcome first: %.80s", f.Saw)
		assert.GreaterOrEqual(t, strings.Count(f.Saw, "x"), 1000)
		assert.Less(t, strings.Count(f.Saw, "x"), 2100)
	}
}

// TestAnswersThatAreOvertaken: a server may answer in any order, also after what it was asked later.
func TestAnswersThatAreOvertaken(t *testing.T) {
	for behind, want := range map[int]conform.State{0: conform.Pass, 3: conform.Pass, 1000: conform.NotTestable} {
		l := &said{transport: conform.Stdio}
		late, pings := "", 0
		l.odd = func(r conform.Request, m conform.Message) *conform.Reply {
			lines := bytes.Split(r.Body, []byte("\n"))
			answer := func(body []byte) string { // to a ping
				return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{}}`, conform.ReadMessages(body)[0].ID)
			}
			switch {
			case len(lines) == 8:
				late, pings = answer(lines[0]), 0
				var said []string
				for _, line := range lines[1:] {
					said = append(said, answer(line))
				}
				return &conform.Reply{Messages: conform.ReadMessages([]byte("[" + strings.Join(said, ",") + "]"))}
			case late == "" || m.Method != "ping":
				return nil
			}
			said := answer(r.Body)
			if pings++; pings > behind {
				said, late = late+","+said, ""
			}
			return &conform.Reply{Messages: conform.ReadMessages([]byte("[" + said + "]"))}
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511}, "R14")
		assert.Equal(t, want, got["R14"], behind)
	}
}
