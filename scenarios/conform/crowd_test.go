package conform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// A slowLine is of a server over stdio whose tool reports progress, which comes beside the
// answers to later requests.
type slowLine struct {
	conform.Line
	pings   int
	waiting []conform.Message // requests with a token
}

// Close implements conform.Line.
func (l *slowLine) Close() {}

// Repeat implements conform.Line.
func (l *slowLine) Repeat(conform.Request) string { return "" }

// Do implements conform.Line.
func (l *slowLine) Do(r conform.Request) (reply conform.Reply) {
	m := conform.ReadMessages(r.Body)[0]
	say := func(format string, args ...any) {
		reply.Messages = append(reply.Messages, conform.ReadMessages(fmt.Appendf(nil, format, args...))...)
	}
	const result = `{"jsonrpc":"2.0","id":%s,"result":%s}`
	report := func(call conform.Message, n int) {
		var p struct {
			Meta struct{ ProgressToken json.RawMessage } `json:"_meta"`
		}
		_ = json.Unmarshal(call.Params, &p) // which are ours
		say(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":%d}}`,
			p.Meta.ProgressToken, n)
	}
	switch {
	case m.Method == "initialize":
		say(result, m.ID, `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"a","version":"1"}}`)
	case m.Method == "tools/list":
		say(result, m.ID, `{"tools":[{"name":"a","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}]}`)
	case m.Method == "tools/call" && bytes.Contains(m.Params, []byte("mcpload-under")):
		l.waiting = append(l.waiting, m)
	case m.Method == "tools/call":
		if bytes.Contains(m.Params, []byte("progressToken")) {
			report(m, 1)
		}
		say(result, m.ID, `{"content":[]}`)
	case m.Method == "ping":
		for _, call := range l.waiting {
			report(call, l.pings+1)
			if l.pings == 2 {
				say(result, call.ID, `{"content":[]}`)
			}
		}
		l.pings++
		say(result, m.ID, `{}`)
	}
	return reply
}

// TestProgressThatComesLater is told once, in the order in which it came.
func TestProgressThatComesLater(t *testing.T) {
	trial, err := conform.NewTrial(&slowLine{}, conform.Options{Revision: conform.R2511, Transport: conform.Stdio,
		Timeout: time.Minute, Now: time.Now})
	require.NoError(t, err)
	rows := slices.DeleteFunc(conform.UnderRows(), func(r conform.Row) bool { return r.ID != "U06" })
	found := trial.Run(rows).Findings
	require.Len(t, found, 1)
	assert.Equal(t, conform.Pass, found[0].State, found[0].Saw)
	assert.Contains(t, found[0].Saw, "48 reports of 16 calls")
}
