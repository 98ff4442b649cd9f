package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// TestEachRevisionIsJudged that a server speaks, and those that it doesn't are noted.
func TestEachRevisionIsJudged(t *testing.T) {
	// it speaks 2025-06-18, whatever it is asked for
	s := httptest.NewServer(faulty(func(w http.ResponseWriter, c fakeCall) { fmt.Fprint(w, c.result(c.args)) }))
	t.Cleanup(s.Close)
	judge := func(args ...string) (*results.Document, string) {
		var out, errs bytes.Buffer
		run(append([]string{"run", "--no-store", "--format", "json", "--scenario", "burst", "--rate", "50/s", "--burst",
			"5", "--tool", "echo", "--protocol", "each"}, args...), strings.NewReader(""), &out, &errs)
		doc, err := results.Decode(&out)
		if err != nil {
			return nil, errs.String()
		}
		return doc, errs.String()
	}
	doc, said := judge("--url", s.URL)
	require.NotNil(t, doc, said)
	require.Len(t, doc.Servers, 1)
	require.Equal(t, strings.TrimPrefix(s.URL, "http://")+" MCP 2025-06-18", doc.Servers[0].Server)
	require.Empty(t, doc.Servers[0].Error)
	require.Equal(t, "2025-06-18", doc.Servers[0].Target.Protocol)
	notes := strings.Join(doc.Servers[0].Notes, "\n")
	for _, r := range []string{"2026-07-28", "2025-11-25", "2025-03-26", "2024-11-05"} {
		require.Contains(t, notes, "it does not speak MCP "+r+": ")
	}
	require.NotContains(t, notes, "speak MCP 2025-06-18")

	for _, row := range []struct{ args, want string }{
		{"--all", "--all judges every server"},
		{"--server acb,crackerjack", "judges one server"},
	} {
		args := strings.Fields(row.args)
		if row.args == "--all" {
			args = append(args, "--url", s.URL)
		}
		_, said := judge(args...)
		require.Contains(t, said, row.want)
	}
}

// TestEachRevisionIsHeldToLaws where these have a meaning, in virtual time too, which
// plans for the revision.
func TestEachRevisionIsHeldToLaws(t *testing.T) {
	judge := func(args ...string) *results.Document {
		var out, errs bytes.Buffer
		run(append([]string{"run", "--no-store", "--format", "json", "--server", "acb", "--virtual",
			"--protocol", "each"}, args...), strings.NewReader(""), &out, &errs)
		doc, err := results.Decode(&out)
		require.NoError(t, err, errs.String())
		return doc
	}
	spoken := func(doc *results.Document) (list []string) {
		for _, s := range doc.Servers {
			require.Equal(t, "virtual", s.Target.Transport)
			require.Equal(t, verdict.Pass, s.Verdict, s.Error)
			list = append(list, s.Target.Protocol)
		}
		return list
	}
	doc := judge("--promise", "5 per 2s fixed per session", "--budget", "time=40s")
	require.Equal(t, revision.All()[1:], spoken(doc))
	require.Contains(t, strings.Join(doc.Servers[0].Notes, "\n"),
		"it is not judged in MCP 2026-07-28: a law is kept per session, and revision 2026-07-28 has none")

	doc = judge("--scenario", "evasion")
	require.Equal(t, revision.All(), spoken(doc))
	sent := func(s results.Server) int { return s.Scenarios[0].Calls.Sent }
	require.Less(t, sent(doc.Servers[0]), sent(doc.Servers[1]), "there are no sessions to come back with")
}
