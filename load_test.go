package mcpload_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// A mock of a promise under load, over a real socket.
func ExampleLoad() {
	promise, err := mcpload.ParsePromise("1000/s burst 100")
	if err != nil {
		log.Fatal(err)
	}
	doc, err := mcpload.Load(context.Background(),
		mcpload.LoadConfig{Server: mcpload.Server{Name: "mine", Promise: promise},
			Rate: "100/s", Duration: 300 * time.Millisecond, Thresholds: []string{"max<60s"}})
	if err != nil {
		log.Fatal(err)
	}
	s := doc.Servers[0].Scenarios[0]
	fmt.Println(doc.Servers[0].Server, s.Calls.Planned, s.Verdict != verdict.Fail)
	// Output: mine 30 true
}

// loadWatcher takes down what an observer of a load is told.
type loadWatcher struct {
	mu    sync.Mutex
	calls int
	plans []mcpload.Event
}

func (w *loadWatcher) Tell(e mcpload.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.End > 0 {
		w.plans = append(w.plans, e)
	}
}

func (w *loadWatcher) Saw(string, history.Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
}

// TestLoadOfAServer: what is measured is what was sent, its calls and its observer
// have all of it, and a threshold that is broken is no error.
func TestLoadOfAServer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(refusing))
	defer s.Close()
	w, calls := &loadWatcher{}, 0
	doc, err := mcpload.Load(t.Context(), mcpload.LoadConfig{Server: mcpload.Server{URL: s.URL, Protocol: "2025-06-18"},
		Rate:     "100/s",
		Duration: 200 * time.Millisecond, Sessions: 1, Thresholds: []string{"errors<50%"}, Observer: w, Seed: 7,
		Histories: func(_ string, list []history.Call) { calls = len(list) }})
	require.NoError(t, err)
	require.Equal(t, verdict.Fail, doc.Verdict, "%+v", doc.Servers)
	require.EqualValues(t, 7, doc.Seed)
	sc := doc.Servers[0].Scenarios[0]
	require.Equal(t, 20, sc.Calls.Planned)
	require.EqualValues(t, 20, sc.Load.Outcomes["rejected"])
	require.Equal(t, "none", doc.Servers[0].Limit.String(), "nothing is held against a promise")
	require.Equal(t, 20, w.calls)
	require.Len(t, w.plans, 1)
	require.Equal(t, 20, w.plans[0].Calls)
	require.Greater(t, calls, 20, "the set-up is in the history too")
}

// TestLoadThatEndsBeforeItBegins lasted no time, and not less.
func TestLoadThatEndsBeforeItBegins(t *testing.T) {
	drain := make(chan struct{})
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 2 { // what begins the session has come
			close(drain)
		}
		refusing(w, r)
	}))
	defer s.Close()
	doc, err := mcpload.Load(t.Context(), mcpload.LoadConfig{Server: mcpload.Server{URL: s.URL, Protocol: "2025-06-18"},
		Rate: "100/s", Duration: time.Second, Sessions: 1, Drain: drain})
	require.NoError(t, err)
	require.Contains(t, doc.Servers[0].Notes, "the run ended after 0.0s of 1s: interrupted")
	for _, f := range doc.Servers[0].Scenarios[0].Findings {
		require.NotContains(t, f.Saw, "-", f.Check)
	}
}

// TestACapacityIsSearched: of a server that keeps up the search has no end but its
// rates, so one that never answers well tells that each trial was made.
func TestACapacityIsSearched(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(refusing))
	defer s.Close()
	doc, err := mcpload.Load(t.Context(), mcpload.LoadConfig{Server: mcpload.Server{URL: s.URL, Protocol: "2025-06-18"},
		Rate:     "200/s",
		Duration: 50 * time.Millisecond, CoolDown: time.Millisecond, Precision: 1, Capacity: true,
		Thresholds: []string{"errors<1%"}})
	require.NoError(t, err)
	c := doc.Servers[0].Scenarios[0].Load.Capacity
	require.NotNil(t, c)
	require.Zero(t, c.Rate)
	require.Greater(t, len(c.Trials), 1)
	require.NotEqual(t, verdict.Pass, doc.Verdict)
}

// refusing answers a session's set-up, and nothing else.
func refusing(w http.ResponseWriter, r *http.Request) {
	var m struct {
		ID     json.RawMessage
		Method string
	}
	if json.NewDecoder(r.Body).Decode(&m) != nil {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case m.ID == nil:
		w.WriteHeader(http.StatusAccepted)
	case m.Method == "initialize":
		fmt.Fprintf(w,
			`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}`, m.ID)
	default:
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32603,"message":"no"}}`, m.ID)
	}
}

func TestLoadRefusesWhatItCannotDo(t *testing.T) {
	bucket, err := mcpload.ParsePromise("50/s burst 20")
	require.NoError(t, err)
	of := func(c mcpload.LoadConfig) mcpload.LoadConfig { c.Server.Promise = bucket; return c }
	for want, c := range map[string]mcpload.LoadConfig{
		"names no server": {},
		"Server.Tool exclude each other": of(mcpload.LoadConfig{Server: mcpload.Server{Tool: "x"},
			Method: "ping"}),
		`"[" is no JSON object`: of(mcpload.LoadConfig{Server: mcpload.Server{Tool: "x",
			Arguments: []byte("[")}}),
		"is no rate":                            of(mcpload.LoadConfig{Rate: "fast"}),
		"Poisson needs a rate":                  of(mcpload.LoadConfig{Rate: "max", Poisson: true}),
		"can't be below 0":                      of(mcpload.LoadConfig{Duration: -1}),
		"100001 sessions: not from 1 to 100000": of(mcpload.LoadConfig{Sessions: 100_001}),
		"one session and no connections":        {Server: mcpload.Server{Command: []string{"x"}}, Sessions: 2},
		"and this is none":                      of(mcpload.LoadConfig{Processes: 2}),
		`threshold "p99": `:                     of(mcpload.LoadConfig{Thresholds: []string{"p99"}}),
		`nothing calls "y"`:                     of(mcpload.LoadConfig{AbortOn: []string{"p99{tool=y}<1s"}}),
		"no call has a {{nonce}}":               of(mcpload.LoadConfig{Echo: true}),
		"searches one rate":                     of(mcpload.LoadConfig{Rate: "max", Capacity: true}),
		"Precision 2 is not from 0.005 to 1":    of(mcpload.LoadConfig{Precision: 2, Capacity: true}),
		"needs Thresholds":                      of(mcpload.LoadConfig{Capacity: true}),
	} {
		_, err := mcpload.Load(t.Context(), c)
		require.ErrorContains(t, err, want)
	}
}

// TestTheMocksToolIsCalled where nothing else is named.
func TestTheMocksToolIsCalled(t *testing.T) {
	bucket, err := mcpload.ParsePromise("1000/s burst 100")
	require.NoError(t, err)
	var tools []string
	_, err = mcpload.Load(t.Context(), mcpload.LoadConfig{Server: mcpload.Server{Promise: bucket}, Rate: "100/s",
		Duration: 50 * time.Millisecond,
		Histories: func(_ string, list []history.Call) {
			for _, c := range list {
				if c.Planned() {
					tools = append(tools, c.Tool)
				}
			}
		}})
	require.NoError(t, err)
	require.Len(t, tools, 5)
	require.NotContains(t, tools, "")
}

// TestLoadLooksIntoResults: each result is held to the specification where that is asked
// for, by the fast path and by the other, and only there.
func TestLoadLooksIntoResults(t *testing.T) {
	for _, c := range []struct {
		fault, row string
		transport  string
		want       verdict.Verdict
	}{
		{"", "", "http", verdict.Pass},
		{"", "", "sse", verdict.Pass},
		{"unknown-content", "T09", "http", verdict.Fail},
		{"unknown-content", "T09", "short sessions", verdict.Fail},
	} {
		m, err := mock.New(mock.Config{Profile: profiles.ForURL(profiles.Limit{Rate: 100_000, Burst: 100_000}), ConformFault: c.fault})
		require.NoError(t, err)
		config := mcpload.LoadConfig{Server: mcpload.Server{Transport: c.transport, Protocol: "2024-11-05",
			Tool: "echo"},
			Rate: "50/s", Duration: 200 * time.Millisecond, Sessions: 1, Schema: true}
		if c.transport == "short sessions" {
			config.Server.Transport, config.Server.Tool = "http", ""
			config.Plan, err = load.Single("tools/call", "echo", nil)
			require.NoError(t, err)
			config.Plan.Calls = 5
		}
		config.Server.URL, err = m.Start(config.Server.Transport, "127.0.0.1:0")
		require.NoError(t, err)
		doc, err := mcpload.Load(t.Context(), config)
		require.NoError(t, err)
		s := doc.Servers[0].Scenarios[0]
		k := slices.IndexFunc(s.Findings, func(f results.Finding) bool { return f.Check == "schema" })
		require.GreaterOrEqual(t, k, 0)
		require.Equal(t, c.want, s.Findings[k].Verdict, "%s: %+v", c.transport, s.Findings)
		require.EqualValues(t, 10, s.Load.Schema.Checked)
		if c.row != "" {
			require.EqualValues(t, 10, s.Load.Schema.Wrong)
			require.Equal(t, c.row, s.Load.Schema.Breaches[0].Row)
		}
		config.Schema = false
		doc, err = mcpload.Load(t.Context(), config)
		require.NoError(t, err)
		require.Nil(t, doc.Servers[0].Scenarios[0].Load.Schema)
		require.NoError(t, m.Close())
	}
}
