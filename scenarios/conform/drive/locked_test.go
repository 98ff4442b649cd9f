package drive_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
	"github.com/mcpload/mcpload/verdict"
)

// TestLocked tries a server that wants a token without one: its authorization is
// judged, and nothing else.
func TestLocked(t *testing.T) {
	c := target(t, guarded, "")
	c.Header, c.Other = nil, nil
	found, err := drive.Run(context.Background(), c)
	require.NoError(t, err)
	require.Len(t, found.Reports, 1, "which revision it speaks isn't known, so that it is tried once")
	passed := []string{}
	for _, f := range found.Reports[0].Findings {
		assert.NotEqual(t, conform.Fail, f.State, "%s: %s", f.ID, f.Saw)
		switch {
		case f.State == conform.Pass:
			assert.Equal(t, conform.Authorization, f.Area, f.ID)
			passed = append(passed, f.ID)
		case f.Area != conform.Authorization:
			assert.Equal(t, "--bearer-env NAME", f.Need, f.ID)
		}
	}
	assert.ElementsMatch(t, []string{"A01", "A02", "A03", "A04", "A08", "A08-offline", "A09", "A11"}, passed)
	require.Empty(t, found.Unspoken, "nobody knows which revisions it speaks")
	sum := found.Reports[0].Scenario(false, nil)
	require.Equal(t, verdict.Inconclusive, sum.Verdict, "its door says nothing of what is behind it")
	require.Equal(t, "the server asks for a token", sum.Conform.Ended)

	c.Rows = slices.DeleteFunc(conform.Rows(), func(r conform.Row) bool { return r.Area != conform.Authorization })
	found, err = drive.Run(context.Background(), c)
	require.NoError(t, err)
	require.Equal(t, verdict.Pass, found.Reports[0].Scenario(false, nil).Verdict, "nobody asked for more")
}

// TestATokenThatIsRefused is no reason to ask for one, and no pass.
func TestATokenThatIsRefused(t *testing.T) {
	c := target(t, guarded, "")
	c.Header, c.Other = http.Header{"Authorization": {"Bearer ended-yesterday"}}, nil
	found, err := drive.Run(context.Background(), c)
	require.NoError(t, err)
	sum := found.Reports[0].Scenario(false, nil)
	require.Equal(t, verdict.Inconclusive, sum.Verdict)
	require.Equal(t, "the server refuses the token that it was shown", sum.Conform.Ended)
}

// TestNothingIsLocked tries a server that answers everything with 401, which is no
// authorization.
func TestNothingIsLocked(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer s.Close()
	found, err := drive.Run(context.Background(), drive.Config{URL: s.URL, Timeout: time.Second})
	require.NoError(t, err)
	for _, f := range found.Reports[0].Findings {
		assert.Equal(t, conform.NotTestable, f.State, "%s: %s", f.ID, f.Saw)
	}
}

// TestNoTokenIsShown looks for both tokens in all that is kept of a run with breaches:
// requests, lines to send them again, and replies.
func TestNoTokenIsShown(t *testing.T) {
	for _, fault := range []string{"session-of-anybody", "public-differs", "any-token"} {
		c := target(t, guarded, fault)
		c.Rows = slices.DeleteFunc(conform.Rows(), func(r conform.Row) bool { return r.Area != conform.Authorization })
		found, err := drive.Run(context.Background(), c)
		require.NoError(t, err)
		shown := 0
		for _, r := range found.Reports {
			text, err := json.Marshal(r.Scenario(true, nil))
			require.NoError(t, err)
			assert.NotContains(t, string(text), "mock-token")
			assert.NotContains(t, string(text), "other-token")
			shown += strings.Count(string(text), "${TOKEN:?your token}") +
				strings.Count(string(text), "${TOKEN:?the other's token}") + strings.Count(string(text), "made-up")
		}
		assert.Positive(t, shown, "%s: a breach of authorization is shown, with a word in a token's place", fault)
	}
}

// TestNoMCPThere: what replies and speaks no MCP is told apart from what doesn't reply.
func TestNoMCPThere(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w,
			"<html>hello</html>")
	}))
	defer s.Close()
	_, err := drive.Run(context.Background(), drive.Config{URL: s.URL})
	require.ErrorIs(t, err, conform.ErrNoAnswer)
	require.Contains(t, hint.Of(err), "speaks no MCP")

	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	_, err = drive.Run(context.Background(), drive.Config{URL: s.URL})
	require.ErrorIs(t, err, conform.ErrNoAnswer)
	require.Contains(t, hint.Of(err), "servers that check Host", "what says that the path may be wrong would mislead")
}

// TestALimiterIsNotTheServer: results of a limiter in front, which have none of what the
// server's must have, are held against nobody.
func TestALimiterIsNotTheServer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // an empty one will do
		m := conform.ReadMessages(body)
		if len(m) != 1 || m[0].ID == nil {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		result := `{"isError":true,"content":[{"type":"text","text":"rate limit exceeded"}]}`
		if m[0].Method == "server/discover" {
			result = `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{},"ttlMs":0,"cacheScope":"private",` +
				`"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"x","version":"1"}}}`
		}
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m[0].ID, result)
	}))
	defer s.Close()
	var rows []conform.Row
	for _, r := range conform.Rows() {
		if slices.Contains([]string{"R04", "R11", "R13", "R16"}, r.ID) {
			rows = append(rows, r)
		}
	}
	found, err := drive.Run(context.Background(), drive.Config{URL: s.URL, Revisions: []string{conform.R2026},
		Rows: rows})
	require.NoError(t, err)
	for _, f := range found.Reports[0].Findings {
		assert.NotEqual(t, conform.Fail, f.State, "%s: %s", f.ID, f.Saw)
	}
}

// TestAStreamThatWantsAToken: who asks for a token before it opens a stream is told of as one
// that does.
func TestAStreamThatWantsAToken(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(s.Close)
	_, err := drive.Run(context.Background(), drive.Config{URL: s.URL, Transport: conform.SSE})
	require.ErrorContains(t, err, "401")
	assert.Contains(t, hint.Of(err), "--bearer-env")
}
