package agents

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
)

func TestAnAgentProbes(t *testing.T) {
	c := config(t)
	c.Calls, c.Time = 600, 3*time.Minute
	call := newAgent(t, c)
	text, failed := call("probe", map[string]any{"server": "acb", "virtual": true})
	require.False(t, failed, text)
	require.Contains(t, text, "limiter       token bucket")
	text, failed = call("list_runs", map[string]any{"kind": "probe"})
	require.False(t, failed, text)
	require.Contains(t, text, "acb")
	text, failed = call("read_report", map[string]any{"run": "last"})
	require.False(t, failed, text)
	require.Contains(t, text, "limiter       token bucket")

	hits := 0
	victim := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer victim.Close()
	for _, row := range []struct {
		args map[string]any
		want string
	}{
		{map[string]any{"url": victim.URL + "/mcp"}, "is not among the addresses that may be judged"},
		{map[string]any{"server": "acb", "calls": 601}, "refused: calls must be from 1 to 600"},
		{map[string]any{"server": "acb", "calls": -1}, "refused: calls must be from 1 to 600"},
		{map[string]any{"server": "acb", "seconds": 181}, "refused: seconds must be above 0 and at most 180"},
		{map[string]any{"virtual": true}, "a promise is missing"},
	} {
		text, failed := call("probe", row.args)
		assert.True(t, failed, "%v", row.args)
		assert.Contains(t, text, row.want)
	}
	assert.Zero(t, hits)
}

// TestRunsOfDifferentServersAreNotCompared unless that is meant, and none with itself.
func TestRunsOfDifferentServersAreNotCompared(t *testing.T) {
	c := config(t)
	call := newAgent(t, c)
	kept := func(label string) string {
		doc := &results.Document{Version: "test", Started: time.Now().UTC().Format(time.RFC3339),
			Servers: []results.Server{{Server: "server",
				Target: results.Target{Kind: "url", Transport: "http", Label: label},
				Scenarios: []results.Scenario{{Scenario: "burst", Calls: results.Counts{Planned: 9, Sent: 9,
					Admitted: 9},
					Findings: []results.Finding{{Check: "over-admission", Verdict: 1}}}}}}}
		doc.Finish()
		_, name, err := c.Keep("run", time.Now(), doc, nil)
		require.NoError(t, err)
		time.Sleep(2 * time.Millisecond) // the next one began later
		return name
	}
	one, other := kept("127.0.0.1:8000/mcp"), kept("127.0.0.1:9000/mcp")
	text, failed := call("compare", nil)
	require.True(t, failed, text)
	require.Contains(t, text, "no kept run answers to", "the last pass is another server's")
	text, failed = call("compare", map[string]any{"base": one, "run": other})
	require.True(t, failed, text)
	require.Contains(t, text, "127.0.0.1:9000/mcp")
	require.Contains(t, text, "compare them all the same with across")
	text, failed = call("compare", map[string]any{"base": one, "run": other, "across": true})
	require.False(t, failed, text)
	text, failed = call("compare", map[string]any{"base": other, "run": other})
	require.True(t, failed, text)
	require.Contains(t, text, "a run compared with itself shows no difference")
}

// TestRevisionsThatNobodyKnows are refused over stdio, and nothing else is.
func TestRevisionsThatNobodyKnows(t *testing.T) {
	m, err := New(config(t))
	require.NoError(t, err)
	var out bytes.Buffer
	ask := func(id int, revision string) string {
		return `{"jsonrpc":"2.0","id":` + string(rune('0'+id)) +
			`,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"` + revision +
			`","io.modelcontextprotocol/clientInfo":{"name":"a","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}` + "\n"
	}
	require.NoError(t, Serve(t.Context(), m, strings.NewReader(ask(1, "1999-01-01")+ask(2, "2026-07-28")+
		ask(3, "next")), &out))
	answers := map[float64]map[string]any{}
	for line := range strings.Lines(out.String()) {
		var a map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &a), line)
		answers[a["id"].(float64)] = a
	}
	require.Len(t, answers, 3)
	require.NotNil(t, answers[2]["result"])
	for id, revision := range map[float64]string{1: "1999-01-01", 3: "next"} {
		e := answers[id]["error"].(map[string]any)
		require.EqualValues(t, -32022, e["code"])
		require.Equal(t, revision, e["data"].(map[string]any)["requested"])
		require.Contains(t, e["data"].(map[string]any)["supported"], "2026-07-28")
	}
}
