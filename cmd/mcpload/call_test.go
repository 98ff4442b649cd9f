package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// A toolbox is an MCP server over HTTP with tools, and a limiter of tool calls
// only: an honest bucket of 100/s burst 10.
type toolbox struct {
	tools    string                                     // JSON, in brackets
	answer   func(tool, arguments string, n int) string // what stands beside the id; nil: a result
	sessions int                                        // how many may be opened; 0: any number
	status   int                                        // HTTP status of tool calls; 0: 200

	mu    sync.Mutex
	seen  map[string]int // requests by method
	calls []string       // tools called, with their arguments
	level float64
	last  time.Time
}

const (
	pong    = `"result":{"content":[{"type":"text","text":"pong"}]}`
	refusal = `"result":{"isError":true,"content":[{"type":"text","text":"rate limit exceeded"}]}`
	safe    = `{"name":"look","annotations":{"readOnlyHint":true,"openWorldHint":false},"inputSchema":{"type":"object"}}`
	asking  = `{"name":"find","annotations":{"readOnlyHint":true,"openWorldHint":false},"inputSchema":{"type":"object","properties":{"q":{"type":"string"},"n":{"type":"integer","minimum":3}},"required":["q","n"]}}`
	silent  = `{"name":"weather","inputSchema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}`
	wiping  = `{"name":"delete_all","annotations":{"destructiveHint":true},"inputSchema":{"type":"object"}}`
)

// serve starts the server and returns its address.
func (b *toolbox) serve(t *testing.T) string {
	t.Helper()
	b.seen, b.level, b.last = map[string]int{}, 10, time.Now()
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	return s.URL + "/mcp"
}

func (b *toolbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params struct {
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
		} `json:"params"`
	}
	if err != nil || r.Method != http.MethodPost || json.Unmarshal(body, &m) != nil {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if m.ID == nil {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[m.Method]++
	say := func(text string) { fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%s}`, m.ID, text) }
	switch m.Method {
	case "initialize":
		if b.sessions > 0 && b.seen["initialize"] > b.sessions {
			w.WriteHeader(http.StatusServiceUnavailable)
			say(`"error":{"code":-32603,"message":"no more sessions"}`)
			return
		}
		say(`"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"box","version":"1"}}`)
	case "tools/list":
		say(`"result":{"tools":` + b.tools + `}`)
	case "tools/call":
		b.calls = append(b.calls, m.Params.Name+string(m.Params.Arguments))
		if b.status != 0 {
			w.WriteHeader(b.status)
		}
		say(b.call(m.Params.Name, string(m.Params.Arguments)))
	default:
		say(`"error":{"code":-32601,"message":"no such method"}`)
	}
}

func (b *toolbox) call(tool, arguments string) string {
	if b.answer != nil {
		return b.answer(tool, arguments, len(b.calls))
	}
	now := time.Now()
	b.level = min(10, b.level+100*now.Sub(b.last).Seconds())
	if b.last = now; b.level < 1 {
		return refusal
	}
	b.level--
	return pong
}

// ran is what came of a command.
type ran struct {
	status         int
	stdout, stderr string
}

func ranWith(args ...string) ran {
	var stdout, stderr bytes.Buffer
	status := run(args, strings.NewReader(""), &stdout, &stderr)
	return ran{status, stdout.String(), stderr.String()}
}

// judged runs a burst against a toolbox.
func (b *toolbox) judged(t *testing.T, more ...string) (ran, *results.Document) {
	t.Helper()
	r := ranWith(append([]string{"run", "--url", b.serve(t), "--rate", "100/s", "--burst", "10", "--scenario", "burst",
		"--protocol", "2025-11-25",
		"--no-store", "--format", "json"}, more...)...)
	if r.stdout == "" {
		return r, nil
	}
	doc, err := results.Decode(strings.NewReader(r.stdout))
	require.NoError(t, err)
	return r, doc
}

// Which tool a server without a profile is loaded with: one that says that it is
// harmless, or what its user agrees to, and none else.
func TestATool_IsChosen(t *testing.T) {
	for _, row := range []struct {
		name, tools string
		more        []string
		call        string // every call of a tool; "": none was called
		why, says   string
	}{
		{"harmless", `[` + silent + `,` + safe + `]`, nil, "look{}", "it says that it is read-only and touches " +
			"nothing beyond its server, and it needs no arguments", "calling the tool look"},
		{"harmless, with arguments", `[` + asking + `]`, nil, `find{"n":3,"q":"example"}`, "its arguments were made " +
			"up from its schema", "calling the tool find"},
		{"silent", `[` + silent + `]`, nil, "", "the tool that looks best is weather, but it doesn't say if it is " +
			"harmless", `--tool weather --args '{"city":"example"}'`},
		{"silent, agreed to", `[` + silent + `]`, []string{"--yes"}, `weather{"city":"example"}`, "--yes agreed to it",
			"calling the tool weather"},
		{"destructive, agreed to", `[` + wiping + `]`, []string{"--yes"}, "", "none of the server's tools looks " +
			"harmless", "name one to call with --tool: delete_all"},
		{"no tools", `[]`, []string{"--yes"}, "", "the server lists no tools", ""},
		{"named", `[` + safe + `,` + wiping + `]`, []string{"--tool", "delete_all"}, "delete_all{}", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := &toolbox{tools: row.tools}
			r, doc := b.judged(t, row.more...)
			require.NotNil(t, doc, r.stderr)
			require.NotEqual(t, exitFail, r.status, r.stdout)
			call := doc.Servers[0].Target.Call
			require.Contains(t, call.Why, row.why)
			require.Contains(t, r.stderr, row.says)
			require.Equal(t, row.name != "named", call.Chosen)
			if row.call == "" {
				require.Empty(t, b.calls)
				require.Equal(t, "tools/list", call.Method)
				require.Equal(t, exitInconclusive, r.status, "what was tried is nothing that is limited")
				require.Contains(t, r.stdout, "tool calls were not tried")
				return
			}
			require.Equal(t, "tools/call", call.Method)
			require.Greater(t, len(b.calls), 10)
			for _, c := range b.calls {
				require.Equal(t, row.call, c)
			}
			require.Positive(t, doc.Servers[0].Scenarios[0].Calls.Limited, "the limiter was found")
		})
	}
}

// Everything that was sent to find a call, and to try it, is in the history.
func TestTheTrialIsInTheHistory(t *testing.T) {
	t.Parallel()
	b := &toolbox{tools: `[` + safe + `]`}
	file := filepath.Join(t.TempDir(), "calls.jsonl")
	r, _ := b.judged(t, "--save-history", file)
	f, err := os.Open(file)
	require.NoError(t, err, r.stderr)
	defer f.Close()
	calls, err := history.ReadAll(f)
	require.NoError(t, err)
	recorded, handshake := map[string]int{}, map[string]int{}
	for _, c := range calls {
		if strings.HasPrefix(c.Method, "notifications/") || c.Method == http.MethodDelete ||
			c.Method == http.MethodGet || c.Outcome == history.Unsent {
			continue
		}
		recorded[c.Method]++
		if c.Label == "handshake" {
			handshake[c.Method]++
		}
	}
	require.Equal(t, b.seen, recorded)
	require.Equal(t, map[string]int{"initialize": 2, "tools/list": 1, "tools/call": 1}, handshake)
}

// A call that the server doesn't take ends the run at once, in the server's words
// and with what to call instead.
func TestAFailedTrialEndsTheRun(t *testing.T) {
	failing := func(text string) func(string, string, int) string {
		return func(string, string, int) string { return text }
	}
	isError := `"result":{"isError":true,"content":[{"type":"text","text":"q is \u001b[31mmissing\u202e"}]}`
	for _, row := range []struct {
		name        string
		b           *toolbox
		more        []string
		says, hints string
	}{
		{"an argument is missing", &toolbox{tools: `[` + asking + `]`, answer: failing(isError)},
			[]string{"--tool", "find"},
			"tool-error: q is ?[31mmissing?",
			`--burst 10 --scenario burst --protocol 2025-11-25 --no-store --format json --tool find --args '{"n":3,"q":"example"}'`},
		{"an argument is wrong", &toolbox{tools: `[` + asking + `]`,
			answer: failing(`"error":{"code":-32602,"message":"n is no number"}`)},
			[]string{"--tool", "find", "--args", `{"q":1,"n":"x"}`}, "error -32602: n is no number",
			`--args '{"n":3,"q":"example"}'`},
		{"it always fails", &toolbox{tools: `[` + silent + `,` + safe + `]`,
			answer: failing(`"error":{"code":-32000,"message":"no database"}`)},
			[]string{"--tool", "weather", "--args", `{"city":"example"}`}, "no database", "call another tool: " +
				"mcpload run --url"},
		{"chosen, and fails", &toolbox{tools: `[` + safe + `]`,
			answer: failing(`"error":{"code":-32000,"message":"no database"}`)}, nil, "no database",
			"name a tool that works"},
		{"unknown", &toolbox{tools: `[` + safe + `]`}, []string{"--tool", "nope"}, `no tool "nope"`, "look"},
		{"unauthorised", &toolbox{tools: `[` + safe + `]`, status: http.StatusUnauthorized,
			answer: failing(`"error":{"code":-32001,"message":"who are you"}`)},
			nil, "HTTP 401: error -32001: who are you", "give credentials"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			r, doc := row.b.judged(t, row.more...)
			require.Nil(t, doc)
			require.Equal(t, exitUsage, r.status)
			require.Contains(t, r.stderr, row.says)
			require.Contains(t, r.stderr, row.hints)
			require.NotContains(t, r.stderr, "\x1b")
			require.LessOrEqual(t, len(row.b.calls), 1)
			require.Less(t, time.Since(began), 20*time.Second)
		})
	}
}

// A refusal of the trial for the rate is no failure.
func TestARefusedTrialIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := &toolbox{tools: `[` + safe + `]`}
	b.answer = func(_, _ string, n int) string {
		if n == 1 {
			return refusal
		}
		b.answer = nil
		return pong
	}
	r, doc := b.judged(t)
	require.NotNil(t, doc, r.stderr)
	require.NotEqual(t, exitFail, r.status, r.stdout)
	require.Greater(t, len(b.calls), 12)
}

// A tool that the profile forbids is called neither unasked nor on request.
func TestAForbiddenToolIsNeverCalled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "box.yaml"), []byte("limit: {rate: 100/s, burst: 10}\ncall: "+
		"{never: [look]}\n"), 0o600))
	b := &toolbox{tools: `[` + safe + `]`}
	r, _ := b.judged(t, "--server", "box", "--profiles", dir, "--yes")
	require.Empty(t, b.calls, r.stderr)
	r, _ = b.judged(t, "--server", "box", "--profiles", dir, "--tool", "look")
	require.Equal(t, exitUsage, r.status)
	require.Empty(t, b.calls)
}

// Sessions that could be opened are used, and the others are told of.
func TestSomeSessionsAreEnough(t *testing.T) {
	t.Parallel()
	b := &toolbox{tools: `[` + safe + `]`, sessions: 3}
	file := filepath.Join(t.TempDir(), "calls.jsonl")
	r, doc := b.judged(t, "--clients", "50", "--save-history", file)
	require.NotNil(t, doc, r.stderr)
	require.Contains(t, r.stderr, "3 of 50 sessions could be opened")
	require.Contains(t, strings.Join(doc.Servers[0].Notes, "\n"), "3 of 50 sessions could be opened, and the run "+
		"goes on with these: "+"http://")
	require.Contains(t, strings.Join(doc.Servers[0].Notes, "\n"), "no more sessions")
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	calls, err := history.ReadAll(f)
	require.NoError(t, err)
	clients, opening := map[string]bool{}, 0
	for _, c := range calls {
		if c.Label != "handshake" {
			clients[c.Client] = true
		}
		if c.Method == "initialize" {
			opening++
		}
	}
	require.Len(t, clients, 3)
	require.Equal(t, b.seen["initialize"], opening, "attempts may have cost something")
	require.Less(t, opening, 10, "it doesn't try all the others")
}

func TestWithoutAFirstSessionNothingRuns(t *testing.T) {
	t.Parallel()
	b := &toolbox{tools: `[` + safe + `]`, sessions: -1}
	b.sessions = 1
	address := b.serve(t)
	b.seen["initialize"] = 1
	r := ranWith("run", "--url", address, "--rate", "100/s", "--burst", "10", "--protocol", "2025-11-25", "--no-store")
	require.Equal(t, exitUsage, r.status, r.stdout)
	require.Contains(t, r.stderr, "no more sessions")
}

// A fail prints the command that repeats it: with its seed and the tool that was
// chosen, and no secret.
func TestAFailIsRepeatedByItsCommand(t *testing.T) {
	t.Setenv("BOX_TOKEN", "planted-4711")
	b := &toolbox{tools: `[` + asking + `]`, answer: func(string, string, int) string { return pong }}
	r, doc := b.judged(t, "-H", "X-Key: planted-0815", "-H", "Authorization: Bearer $BOX_TOKEN", "--seed", "7", "-o",
		"-")
	require.Equal(t, exitFail, r.status, r.stderr)
	require.Regexp(t,
		`^mcpload run --url http://127.0.0.1:\d+/mcp --rate 100/s --burst 10 --scenario burst --protocol 2025-11-25 --no-store --format json `+
			`--header 'X-Key: …' --header 'Authorization: Bearer \$BOX_TOKEN' --seed 7 --tool find --args '\{"n":3,"q":"example"\}'$`, doc.Repeat)
	require.NotContains(t, r.stdout+r.stderr, "planted")

	b = &toolbox{tools: `[` + safe + `]`}
	r, doc = b.judged(t)
	require.NotEqual(t, exitFail, r.status, r.stdout)
	require.Empty(t, doc.Repeat, "nothing failed")
}

// A probe whose calls all fail stops after 20, with the reason and a remedy.
func TestAProbeOfNothingButFailuresStops(t *testing.T) {
	t.Parallel()
	b := &toolbox{tools: `[` + safe + `]`, answer: func(_, _ string, n int) string {
		if n == 1 {
			return pong // the trial
		}
		return `"error":{"code":-32042,"message":"slow down"}`
	}}
	r := ranWith("probe", "--url", b.serve(t), "--protocol", "2025-11-25", "--no-store")
	require.Equal(t, exitUsage, r.status, r.stdout)
	require.Contains(t, r.stderr, "all 20 calls failed, the last with rejected: error -32042: slow down")
	require.Contains(t, r.stderr, "--refusal")
	require.Len(t, b.calls, 21)
}

// A probe by tools/list doesn't say that there is no limit.
func TestAProbeWithoutToolCallsIsOpen(t *testing.T) {
	t.Parallel()
	b := &toolbox{tools: `[` + silent + `]`}
	r := ranWith("probe", "--url", b.serve(t), "--protocol", "2025-11-25", "--no-store", "--budget", "calls=60,time=5s")
	require.Equal(t, exitInconclusive, r.status, r.stdout)
	said := strings.Join(strings.Fields(r.stdout), " ") // it is wrapped
	require.Contains(t, said, "tool calls, which most limits are about, were not tried")
	require.NotContains(t, said, "no limit")
	require.Contains(t, r.stderr, `mcpload probe --url`)
	require.Contains(t, r.stderr, `--tool weather --args '{"city":"example"}'`)
}

// On a terminal the user is asked, and only yes is leave.
func TestTheUserIsAsked(t *testing.T) {
	for _, row := range []struct {
		answer string
		called bool
	}{{"y\n", true}, {"\n", false}, {"nay\n", false}} {
		b := &toolbox{tools: `[` + silent + `]`}
		c := inTerminal(t, nil, "run", "--url", b.serve(t), "--rate", "100/s", "--burst", "10", "--scenario", "burst",
			"--protocol", "2025-11-25", "--no-store")
		c.shows("/mcp over and over? it doesn't say if it is harmless [y/N]")
		c.press(row.answer)
		require.Contains(t, []int{exitPass, exitInconclusive}, c.ends(), c.text())
		b.mu.Lock()
		require.Equal(t, row.called, len(b.calls) > 0, c.text())
		b.mu.Unlock()
	}
}
