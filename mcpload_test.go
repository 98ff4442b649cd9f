package mcpload_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/compare"
	"github.com/mcpload/mcpload/verdict"
)

// A mock of a promise, judged over a real socket.
func ExampleRun() {
	promise, err := mcpload.ParsePromise("50/s burst 20")
	if err != nil {
		log.Fatal(err)
	}
	doc, err := mcpload.Run(context.Background(), mcpload.Config{Servers: []mcpload.Server{{Name: "mine",
		Promise: promise}}, Scenarios: []string{"burst"}})
	if err != nil {
		log.Fatal(err)
	}
	s := doc.Servers[0]
	fmt.Println(s.Server, s.Limit.Rate, s.Limit.Burst, s.Scenarios[0].Scenario, s.Scenarios[0].Verdict != verdict.Fail)
	// Output: mine 50 20 burst true
}

func TestRunRefusesWhatItCannotDo(t *testing.T) {
	bucket, err := mcpload.ParsePromise("50/s burst 20")
	require.NoError(t, err)
	one := func(s mcpload.Server) mcpload.Config { return mcpload.Config{Servers: []mcpload.Server{s}} }
	for want, c := range map[string]mcpload.Config{
		"names no server":                  {},
		"server 1: it promises nothing":    one(mcpload.Server{URL: "http://127.0.0.1:1/mcp"}),
		"Arguments are no JSON":            one(mcpload.Server{Promise: bucket, Arguments: []byte("{")}),
		`no scenario is named "nope"`:      {Servers: []mcpload.Server{{Promise: bucket}}, Scenarios: []string{"nope"}},
		`another one has the name "server`: {Servers: []mcpload.Server{{Promise: bucket}, {Promise: bucket}}},
		"repeat 1001 is more than 1000":    {Servers: []mcpload.Server{{Promise: bucket}}, Repeat: 1001},
		"Precision: a precision of 50% is": {Servers: []mcpload.Server{{Promise: bucket}}, Precision: 0.5},
		"is not from 1 to 1000":            one(mcpload.Server{Promise: bucket, Clients: 1001}),
		"of an audit is named \"nope\"": {Servers: []mcpload.Server{{Promise: bucket}},
			Audit: &mcpload.Audit{Attempts: []string{"nope"}}},
	} {
		_, err := mcpload.Run(t.Context(), c)
		require.ErrorContains(t, err, want)
	}
}

// A mock keeps laws of any kind, and a run holds it to them.
func TestRunHoldsAMockToLaws(t *testing.T) {
	window, err := mcpload.ParsePromise("30 per 10s fixed")
	require.NoError(t, err)
	doc, err := mcpload.Run(t.Context(), mcpload.Config{Servers: []mcpload.Server{{Promise: window}}, Virtual: true})
	require.NoError(t, err)
	require.Equal(t, verdict.Pass, doc.Verdict)
	require.Len(t, doc.Servers[0].Laws, 1)
}

// watcher counts what an observer is told.
type watcher struct {
	mu           sync.Mutex
	calls, plans int
	doing        []string
	otherServers int
}

func (w *watcher) Tell(e mcpload.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(e.Plan) > 0 {
		w.plans++
	}
	if e.Doing != "" {
		w.doing = append(w.doing, e.Doing)
	}
}

func (w *watcher) Saw(server string, _ history.Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if server != "mine" {
		w.otherServers++
	}
}

func TestAnObserverHearsOfEverything(t *testing.T) {
	promise, err := mcpload.ParsePromise("50/s burst 20")
	require.NoError(t, err)
	w := &watcher{}
	var calls []history.Call
	doc, err := mcpload.Run(t.Context(), mcpload.Config{Servers: []mcpload.Server{{Name: "mine", Promise: promise}},
		Scenarios: []string{"burst"},
		Observer:  w, Histories: func(server string, list []history.Call) {
			require.Equal(t, "mine", server)
			calls = list
		}})
	require.NoError(t, err)
	require.Positive(t, w.plans)
	require.Zero(t, w.otherServers)
	require.Equal(t, "connecting", w.doing[0])
	require.Equal(t, doc.Verdict.String(), w.doing[len(w.doing)-1])
	planned := 0
	for _, c := range calls {
		if c.Label == "burst" {
			planned++
		}
	}
	require.Equal(t, planned, w.calls)
}

// A shell that refuses to start without its token, and never shows it.
func ExampleStartup() {
	doc, err := mcpload.Startup(context.Background(), mcpload.StartupConfig{
		Name: "mine", Command: []string{"sh", "-c", `echo "TOKEN is not set" >&2; exit 1`},
		Credentials: []profiles.Credential{{Env: "TOKEN", Provider: "generic", Required: true}},
		Cases:       []string{"absent"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(doc.Servers[0].Server, doc.Servers[0].Scenarios[0].Scenario, doc.Verdict,
		len(doc.Servers[0].Scenarios[0].Starts))
	// Output: mine startup inconclusive 3
}

func TestStartupRefusesWhatItCannotDo(t *testing.T) {
	command := []string{"sh", "-c", "exit 1"}
	for want, c := range map[string]mcpload.StartupConfig{
		"Command names no program":         {},
		"can't be below 0":                 {Command: command, Limit: -1},
		"Arguments are no JSON":            {Command: command, Arguments: []byte("{")},
		`no start-up case is named "nope"`: {Command: command, Cases: []string{"nope"}},
		"apikey: unknown provider: want one": {Command: command,
			Credentials: []profiles.Credential{{Env: "TOKEN", Provider: "nobody"}}},
	} {
		_, err := mcpload.Startup(t.Context(), c)
		require.ErrorContains(t, err, want)
		_, err = c.Starts()
		require.ErrorContains(t, err, want)
	}
}

// The observer hears of each start, which are those that Starts names; a closed
// Drain lets none end.
func TestStartupTellsAndEnds(t *testing.T) {
	w := &watcher{}
	drain := make(chan struct{})
	close(drain)
	c := mcpload.StartupConfig{Command: []string{"sh", "-c", "exit 1"}, Cases: []string{"absent"}, Observer: w,
		Credentials: []profiles.Credential{{Env: "TOKEN", Provider: "generic", Required: true}}}
	starts, err := c.Starts()
	require.NoError(t, err)
	_, err = mcpload.Startup(t.Context(), c)
	require.NoError(t, err)
	require.Len(t, w.doing, len(starts))
	require.Contains(t, w.doing[0], "start 1 of 3: ")
	c.Drain = drain
	doc, err := mcpload.Startup(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, verdict.Inconclusive, doc.Verdict)
	require.Contains(t, doc.Servers[0].Notes, "the run was interrupted after 0 of 3 starts")
}

// A run compared with another of the same seed.
func ExampleCompare() {
	server := results.Server{Server: "mine", Scenarios: []results.Scenario{{Scenario: "burst", Verdict: verdict.Pass}}}
	base := compare.Run{Name: "base", Document: &results.Document{Servers: []results.Server{server}}}
	server.Scenarios = []results.Scenario{{Scenario: "burst", Verdict: verdict.Fail}}
	now := compare.Run{Name: "new", Document: &results.Document{Servers: []results.Server{server}}}
	doc, err := mcpload.Compare(context.Background(),
		mcpload.CompareConfig{Base: []compare.Run{base}, New: []compare.Run{now}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(doc.Verdict, doc.Compared.(*compare.Report).Reasons)
	// Output: fail [mine fails in burst, which was pass]
}

func TestCompareRefusesWhatItCannotDo(t *testing.T) {
	_, err := mcpload.Compare(t.Context(), mcpload.CompareConfig{})
	require.Error(t, err)
	ctx, end := context.WithCancel(t.Context())
	end()
	_, err = mcpload.Compare(ctx, mcpload.CompareConfig{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestRunAudits(t *testing.T) {
	bucket, err := mcpload.ParsePromise("100/s burst 10")
	require.NoError(t, err)
	doc, err := mcpload.Run(t.Context(), mcpload.Config{Servers: []mcpload.Server{{Promise: bucket}},
		Scenarios: []string{"burst"},
		Audit:     &mcpload.Audit{Attempts: []string{"batch", "endurance"}, Time: 5 * time.Second}})
	require.NoError(t, err)
	s := doc.Servers[0]
	require.Equal(t, "batch", s.Scenarios[1].Scenario)
	require.NotEqual(t, verdict.Fail, s.Scenarios[1].Verdict)
	require.Contains(t, s.Notes[0], "not tried: endurance")
}

// Laws are audited as a bucket is, as the command has it.
func TestRunAuditsLaws(t *testing.T) {
	window, err := mcpload.ParsePromise("10 per 1s fixed")
	require.NoError(t, err)
	config := mcpload.Config{Servers: []mcpload.Server{{Promise: window}}, Virtual: true,
		Audit: &mcpload.Audit{Attempts: []string{"disguise", "replicas"}, Time: 5 * time.Minute}}
	doc, err := mcpload.Run(t.Context(), config)
	require.NoError(t, err)
	said := strings.Join(doc.Servers[0].Notes, "\n")
	require.Contains(t, said, "not tried: replicas")
	tried := 0
	for _, f := range doc.Servers[0].Scenarios[0].Findings {
		if f.Check == "tricks" {
			tried++
			require.NotEqual(t, verdict.Fail, f.Verdict)
		}
	}
	require.NotZero(t, tried, "%v", doc.Servers[0].Scenarios[0].Findings)
}

// A server that nobody names is known by where it is.
func TestServersAreNamedByTheirAddresses(t *testing.T) {
	bucket, err := mcpload.ParsePromise("50/s burst 20")
	require.NoError(t, err)
	doc, err := mcpload.Run(t.Context(), mcpload.Config{Servers: []mcpload.Server{
		{Promise: bucket, URL: "http://127.0.0.1:1/mcp?key=made-up"},
		{Promise: bucket, Command: []string{"./nowhere/a.sh"}}}})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1/mcp", doc.Servers[0].Server)
	require.Equal(t, "a.sh", doc.Servers[1].Server)
}

// What every verb returns can be written, shown and acted on without knowing which it was.
func TestEveryVerbReturnsADocument(t *testing.T) {
	bucket, err := mcpload.ParsePromise("12/s burst 16")
	require.NoError(t, err)
	server := mcpload.Server{Promise: bucket}
	broken := results.Server{Server: "mine", Scenarios: []results.Scenario{{Scenario: "burst", Verdict: verdict.Fail}}}
	whole := broken
	whole.Scenarios = []results.Scenario{{Scenario: "burst", Verdict: verdict.Pass}}
	run := func(s results.Server) []compare.Run {
		return []compare.Run{{Name: "one", Document: &results.Document{Servers: []results.Server{s}}}}
	}
	for schema, row := range map[string]struct {
		verb func(ctx context.Context) (*results.Document, error)
		want verdict.Verdict
	}{
		results.Schema: {func(ctx context.Context) (*results.Document, error) {
			return mcpload.Run(ctx, mcpload.Config{Servers: []mcpload.Server{server}, Scenarios: []string{"burst"},
				Virtual: true})
		}, verdict.Pass},
		results.ProbeSchema: {func(ctx context.Context) (*results.Document, error) {
			return mcpload.Probe(ctx, mcpload.ProbeConfig{Server: server, Virtual: true})
		}, verdict.Pass},
		results.VerifySchema: {func(ctx context.Context) (*results.Document, error) {
			return mcpload.Verify(ctx, mcpload.VerifyConfig{History: strings.NewReader(threeAtOnce),
				Limit: profiles.Limit{Rate: 1, Burst: 2, Charges: []string{"*"}}})
		}, verdict.Fail},
		compare.Schema: {func(ctx context.Context) (*results.Document, error) {
			return mcpload.Compare(ctx, mcpload.CompareConfig{Base: run(whole), New: run(broken)})
		}, verdict.Fail},
	} {
		doc, err := row.verb(t.Context())
		require.NoError(t, err, schema)
		require.Equal(t, schema, doc.Schema)
		require.Equal(t, row.want, doc.Verdict, schema)
		require.Equal(t, results.Status(row.want), results.ExitStatus(doc), schema)
		var text, screen bytes.Buffer
		require.NoError(t, doc.JSON(&text), schema)
		require.Contains(t, text.String(), `"schema": "`+schema+`"`)
		require.NoError(t, results.Table(&screen, doc, results.TableOptions{}), schema)
		require.NotEmpty(t, screen.String(), schema)
	}
}
