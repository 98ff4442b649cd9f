package agents

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/store"
)

// config is one with a store in a folder of the test's.
func config(t *testing.T) Config {
	t.Helper()
	catalog, err := profiles.Load()
	require.NoError(t, err)
	kept, err := store.Open(t.TempDir())
	require.NoError(t, err)
	keep := func(kind string, began time.Time, doc *results.Document, calls map[string][]history.Call) (
		*results.Document, string, error) {
		var text bytes.Buffer
		if err := doc.JSON(&text); err != nil {
			return nil, "", err
		}
		e, err := kept.Keep(store.Run{Kind: kind, Started: began, Document: text.Bytes(), Histories: calls})
		if err != nil {
			return nil, "", err
		}
		return doc, e.Name(), nil
	}
	probed := func(began time.Time, doc *results.Probed, calls []history.Call) (string, error) {
		var text, screen bytes.Buffer
		if err := errors.Join(doc.JSON(&text), doc.Table(&screen)); err != nil {
			return "", err
		}
		e, err := kept.Keep(store.Run{Kind: "probe", Started: began, Document: text.Bytes(), Screen: screen.Bytes(),
			Histories: map[string][]history.Call{doc.Server: calls}})
		if err != nil {
			return "", err
		}
		return e.Name(), nil
	}
	return Config{Version: "test", Catalog: catalog, Store: kept, Keep: keep, KeepProbe: probed}
}

// An agent calls tools by name.
type agent func(tool string, args map[string]any) (text string, failed bool)

func newAgent(t *testing.T, c Config) agent {
	t.Helper()
	m, err := New(c)
	require.NoError(t, err)
	cl, err := client.NewInProcessClient(m)
	require.NoError(t, err)
	require.NoError(t, cl.Start(t.Context()))
	_, err = cl.Initialize(t.Context(),
		mcp.InitializeRequest{Params: mcp.InitializeParams{ProtocolVersion: "2025-11-25",
			ClientInfo: mcp.Implementation{Name: "agent", Version: "1"}}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cl.Close()) })
	return func(tool string, args map[string]any) (string, bool) {
		r, err := cl.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool, Arguments: args}})
		require.NoError(t, err)
		require.NotEmpty(t, r.Content)
		text, ok := mcp.AsTextContent(r.Content[0])
		require.True(t, ok)
		return text.Text, r.IsError
	}
}

func TestAnAgentJudgesReadsAndCompares(t *testing.T) {
	call := newAgent(t, config(t))
	text, failed := call("list_servers", nil)
	require.False(t, failed, text)
	require.Contains(t, text, "acb promises 15/s burst 40\n")
	require.Contains(t, text, "Only mocks may be judged")

	text, failed = call("list_runs", nil)
	require.False(t, failed, text)
	require.Contains(t, text, "no run is kept")
	for range 2 {
		text, failed = call("run", map[string]any{"server": "acb", "virtual": true})
		require.False(t, failed, text)
		require.Contains(t, text, "pass: the mock of acb keeps its limit of 15/s burst 40\n")
		require.Contains(t, text, "kept as ")
	}
	text, failed = call("list_runs", map[string]any{"server": "acb"})
	require.False(t, failed, text)
	require.Equal(t, 2, strings.Count(text, " pass "), text)
	for format, want := range map[string]string{"table": "pass: the mock of acb", "markdown": "the mock of acb keeps",
		"json": `"schema": "mcpload.run/v1"`} {
		text, failed = call("read_report", map[string]any{"format": format})
		require.False(t, failed, text)
		require.Contains(t, text, want)
	}
	text, failed = call("compare", nil)
	require.False(t, failed, text)
	require.Contains(t, text, "acb")

	text, failed = call("verify", map[string]any{"run": "last", "promise": []string{"15/s burst 40"}})
	require.False(t, failed, text)
	require.Contains(t, text, "225 calls")

	// A promise that the mock doesn't make is found broken, in an answer and no error.
	text, failed = call("run", map[string]any{"server": "acb", "promise": []string{"15/s burst 30"}, "virtual": true,
		"scenarios": []string{"burst"}})
	require.False(t, failed, text)
	require.Contains(t, text, "acb")
}

func TestWhatTheOperatorDidNotAllowIsRefusedInWords(t *testing.T) {
	hits := 0
	victim := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer victim.Close()
	c := config(t)
	c.Addresses, c.Calls = []string{"http://127.0.0.1:1/mcp", "http://10.0.0.1:8000/a/*"}, 100
	c.Commands = [][]string{{"good", "server"}}
	c.Clean = func(s string) string { return strings.ReplaceAll(s, "hunter2", "…") }
	call := newAgent(t, c)
	for _, row := range []struct {
		args map[string]any
		want string
	}{
		{map[string]any{"url": victim.URL + "/mcp", "promise": []string{"1/s burst 5"}}, "not among the addresses " +
			"that may be judged\nBeside mocks these may be judged: http://127.0.0.1:1/mcp, http://10.0.0.1:8000/a/*, " +
			"the command good server. A run may send 100 calls"},
		{map[string]any{"url": "http://hunter2@127.0.0.1:1/mcp"}, "the url holds credentials, which aren't shown"},
		{map[string]any{"url": "http://127.0.0.1:2/hunter2"}, "refused: http://127.0.0.1:2/… is not among"},
		{map[string]any{"command": []string{"good", "server", "--worse"}}, "refused: this command is not among"},
		{map[string]any{"url": "http://127.0.0.1:1/mcp", "command": []string{"good", "server"}}, "url and command " +
			"are two servers"},
		{map[string]any{"url": "http://127.0.0.1:1/mcp"}, "a promise is missing"},
		{map[string]any{"server": "abc"}, "did you mean acb?"},
		{map[string]any{"server": "acb", "virtual": true}, "the plan has 233 calls, and at most 100 are allowed"},
		{map[string]any{"url": "http://127.0.0.1:1/mcp", "promise": []string{"20/s burst 2"}, "virtual": true,
			"scenarios": []string{"burst"}}, "only a mock can be judged in virtual time"},
		{map[string]any{"server": "acb", "budget": 1e9}, `there is no argument "budget"`},
		{map[string]any{"server": 5}, "the arguments don't fit"},
		{map[string]any{"server": "acb", "promise": []string{"often"}}, "often"},
		{map[string]any{"server": "acb", "scenarios": []string{"flood"}}, `no scenario is named "flood"`},
	} {
		text, failed := call("run", row.args)
		assert.True(t, failed, "%v", row.args)
		assert.Contains(t, text, row.want)
		assert.NotContains(t, text, "hunter2")
	}
	for _, name := range []string{"/etc/passwd", "../x", "doc.json", "nothing"} {
		text, failed := call("read_report", map[string]any{"run": name})
		assert.True(t, failed)
		assert.Contains(t, text, "list_runs names them")
	}
	assert.Zero(t, hits)
}

func TestAddresses(t *testing.T) {
	for _, row := range []struct {
		allowed, url string
		want         bool
	}{
		{"http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/mcp", true},
		{"http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/mcp/", true},
		{"http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/mcp2", false},
		{"http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/mcp?x=1", false},
		{"http://127.0.0.1:8000/mcp", "http://127.0.0.1:8001/mcp", false},
		{"http://127.0.0.1:8000/mcp", "https://127.0.0.1:8000/mcp", false},
		{"http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000.evil.example/mcp", false},
		{"https://Host.example/mcp", "https://host.example:443/mcp", true},
		{"http://127.0.0.1:8000/*", "http://127.0.0.1:8000/any/path", true},
		{"http://127.0.0.1:8000/a/*", "http://127.0.0.1:8000/a/b", true},
		{"http://127.0.0.1:8000/a/*", "http://127.0.0.1:8000/ab", false},
		{"http://127.0.0.1:8000/a/*", "http://127.0.0.1:8000/a/../b", false},
		{"http://127.0.0.1:8000/a/*", "http://127.0.0.1:8000/a/%2e%2e/b", false},
		{"http://127.0.0.1:8000/a/*", `http://127.0.0.1:8000/a/\..\b`, false},
		{"http://127.0.0.1:8000/*", "http://127.0.0.1:8000@evil.example/", false},
		{"http://127.0.0.1:8000/*", "file:///etc/passwd", false},
	} {
		a, err := parseAddress(row.allowed)
		require.NoError(t, err)
		u, err := endpoint(row.url)
		assert.Equal(t, row.want, err == nil && a.allows(u), "%s within %s", row.url, row.allowed)
	}
	for _, text := range []string{"", "127.0.0.1:8000", "http://*/mcp", "http://127.0.0.1:*/mcp",
		"http://127.0.0.1:8000/*/mcp", "http://u:p@h/mcp"} {
		_, err := parseAddress(text)
		assert.Error(t, err, text)
	}
}

// lines speaks over stdio, as an agent's host does.
type lines struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

func (l *lines) send(format string, args ...any) {
	_, err := fmt.Fprintf(l.in, format+"\n", args...)
	require.NoError(l.t, err)
}

// until reads messages to the first that is wanted.
func (l *lines) until(want func(m map[string]any) bool) map[string]any {
	l.t.Helper()
	for l.out.Scan() {
		var m map[string]any
		require.NoError(l.t, json.Unmarshal(l.out.Bytes(), &m), l.out.Text())
		if want(m) {
			return m
		}
	}
	l.t.Fatal("the server ended")
	return nil
}

func id(n float64) func(map[string]any) bool {
	return func(m map[string]any) bool { return m["id"] == n }
}

func TestARunTellsItsProgressAndCanBeCancelled(t *testing.T) {
	m, err := New(config(t))
	require.NoError(t, err)
	fromAgent, in := io.Pipe()
	out, toAgent := io.Pipe()
	ended := make(chan error, 1)
	s := server.NewStdioServer(m)
	s.SetErrorLogger(log.New(io.Discard, "", 0))
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = toAgent.Close() })
	defer stop()
	go func() { ended <- s.Listen(ctx, fromAgent, toAgent) }()
	l := &lines{t: t, in: in, out: bufio.NewScanner(out)}
	l.out.Buffer(nil, 1<<22)
	l.send(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}`)
	l.until(id(1))
	l.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)

	// In real time this takes many seconds, so that it is there to be cancelled.
	l.send(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"run","arguments":{"server":"acb"},"_meta":{"progressToken":"p"}}}`)
	last := -1.0
	for range 2 {
		report := l.until(func(m map[string]any) bool { return m["method"] == "notifications/progress" })
		told := report["params"].(map[string]any)
		require.Equal(t, "p", told["progressToken"])
		require.Greater(t, told["progress"].(float64), last)
		require.NotEqual(t, 0.0, told["total"], "of nothing known nothing is said")
		last = told["progress"].(float64)
	}
	l.send(`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"run","arguments":{"server":"acb","virtual":true}}}`)
	busy, _ := json.Marshal(l.until(id(3)))
	require.Contains(t, string(busy), "another run is under way")
	l.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"enough"}}`)
	for n := 4.0; ; n++ {
		l.send(`{"jsonrpc":"2.0","id":%g,"method":"tools/call","params":{"name":"run","arguments":{"server":"acb","virtual":true}}}`, n)
		answer, _ := json.Marshal(l.until(id(n)))
		if !strings.Contains(string(answer), "another run is under way") {
			require.Contains(t, string(answer), "pass: the mock of acb")
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	require.NoError(t, in.Close())
	require.NoError(t, <-ended)
}

func TestARunEndsInTime(t *testing.T) {
	c := config(t)
	c.Time = time.Millisecond
	text, failed := newAgent(t, c)("run", map[string]any{"server": "acb"})
	require.False(t, failed, text)
	require.Contains(t, text, "inconclusive: ")
}

func TestPagesOfOtherOriginsAreRefused(t *testing.T) {
	m, err := New(config(t))
	require.NoError(t, err)
	s := httptest.NewServer(Handler(m))
	defer s.Close()
	for origin, want := range map[string]int{"": 200, s.URL: 200, "http://evil.example": 403, "null": 403,
		"http://127.0.0.1:1": 403} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/mcp", strings.NewReader(
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}`))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		answer, err := s.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, want, answer.StatusCode, origin)
	}
}
