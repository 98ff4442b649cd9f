// Package mcploadtest judges MCP servers in tests: Judge a handler, JudgeURL a server
// that is running, JudgeCommand one that is started. A promise that is broken fails
// the test with the calls that prove it; one that the traffic couldn't prove kept
// stops it too, and says so, rather than to let it pass.
//
// It takes as long as the traffic: a few times burst / rate. It runs nothing beside
// what it judges; a test that shares the server with others wants mcpload.Run.
package mcploadtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// Judge judges a server that is served by a handler, over a real socket of its own,
// at any path. A promise is laws such as "10/s burst 20" or "30 per 10s fixed".
func Judge(t testing.TB, handler http.Handler, promise ...string) {
	t.Helper()
	s := httptest.NewServer(handler)
	defer s.Close()
	JudgeServer(t, mcpload.Server{URL: s.URL + "/mcp", Fresh: true}, promise...)
}

// JudgeURL judges a running server, by its MCP endpoint.
func JudgeURL(t testing.TB, url string, promise ...string) {
	t.Helper()
	JudgeServer(t, mcpload.Server{URL: url}, promise...)
}

// JudgeCommand starts a server, speaks to it on stdin and stdout, and judges it. It
// gets an empty environment.
func JudgeCommand(t testing.TB, command []string, promise ...string) {
	t.Helper()
	JudgeServer(t, mcpload.Server{Command: command}, promise...)
}

// JudgeServer judges a server that needs more to be said of: a tool, a header.
func JudgeServer(t testing.TB, s mcpload.Server, promise ...string) {
	t.Helper()
	if len(promise) > 0 {
		p, err := mcpload.ParsePromise(promise...)
		if err != nil {
			t.Fatal(err)
		}
		s.Promise = p
	}
	doc, err := mcpload.Run(t.Context(), mcpload.Config{Servers: []mcpload.Server{s}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	switch report := tell(doc.Servers[0]); doc.Verdict {
	case verdict.Pass:
	case verdict.Fail:
		t.Fatalf("the server breaks its promise\n%s", report)
	default:
		t.Fatalf("inconclusive: neither proven kept nor broken\n%s", report)
	}
}

// tell lists what keeps a server from passing.
func tell(s results.Server) string {
	var b strings.Builder
	if s.Error != "" {
		fmt.Fprintln(&b, s.Error)
	}
	for _, sc := range s.Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict == verdict.Pass {
				continue
			}
			fmt.Fprintf(&b, "%s, %s: %s: want %s; saw %s\n", sc.Scenario, f.Check, f.Verdict, f.Want, f.Saw)
			if f.Cause != "" {
				fmt.Fprintf(&b, "  cause: %s\n", f.Cause)
			}
			if w := f.Witness; w != nil {
				fmt.Fprintf(&b, "  witness: calls %v, from %d to %d ns: %d took a token where %.2f are granted\n",
					w.Calls, w.FromNS, w.ToNS, w.Admitted, w.Allowed)
			}
		}
	}
	return b.String()
}
