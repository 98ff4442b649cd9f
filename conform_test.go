package mcpload_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// The mock, held to one row of the table in one revision.
func ExampleConform() {
	doc, err := mcpload.Conform(context.Background(),
		mcpload.ConformConfig{Revisions: []string{"2025-11-25"}, Rows: []string{"P13"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(doc.Servers[0].Server, doc.Servers[0].Target.Protocol, doc.Verdict)
	// Output: server 2025-11-25 pass
}

// TestConformOfAServer that answers ping with a result that isn't empty: the row that
// says so fails, and the observer heard of it.
func TestConformOfAServer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(refusing))
	defer s.Close()
	w := &watcher{}
	doc, err := mcpload.Conform(t.Context(), mcpload.ConformConfig{Server: mcpload.Server{URL: s.URL,
		Timeout: 2 * time.Second},
		Revisions: []string{"2025-06-18"}, Rows: []string{"l06"}, Observer: w})
	require.NoError(t, err)
	require.Equal(t, verdict.Fail, doc.Verdict, "it answers no ping")
	require.Contains(t, w.doing, "MCP 2025-06-18, L06 (1 of 1)")
}

// TestRehearsalSendsNothing to the server, and shows what it would get.
func TestRehearsalSendsNothing(t *testing.T) {
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer s.Close()
	reports, address, err := mcpload.ConformConfig{Server: mcpload.Server{URL: s.URL},
		Revisions: []string{"2025-06-18"}, Rows: []string{"L06"}}.Rehearse(t.Context())
	require.NoError(t, err)
	require.Len(t, reports, 1)
	require.NotEmpty(t, reports[0].Exchanges)
	for _, e := range reports[0].Exchanges {
		require.Contains(t, []string{"L06", "open"}, e.Row, "no row but the one that was asked for")
	}
	require.Contains(t, reports[0].Exchanges[0].Line, address)
	require.NotEqual(t, s.URL, address)
	require.Zero(t, asked.Load())
}

func TestConformRefusesWhatItCannotDo(t *testing.T) {
	for want, c := range map[string]mcpload.ConformConfig{
		`revision "2020-01-01" is none of `: {Revisions: []string{"2020-01-01"}},
		`row "Q99" is in no table`:          {Rows: []string{"Q99"}},
		"has no --url": {Server: mcpload.Server{URL: "http://127.0.0.1:1/mcp",
			Transport: "stdio"}},
	} {
		_, err := mcpload.Conform(t.Context(), c)
		require.ErrorContains(t, err, want)
	}
}

// TestConformFindsOlderStreams of 2024-11-05, where posts aren't taken; and says where else a
// server sends us.
func TestConformFindsOlderStreams(t *testing.T) {
	p := profiles.ForURL(profiles.Limit{Rate: 100_000, Burst: 100_000})
	p.Name = "older"
	m, err := mock.New(mock.Config{Profile: p})
	require.NoError(t, err)
	defer m.Close()
	url, err := m.Start("sse", "127.0.0.1:0")
	require.NoError(t, err)
	c := mcpload.ConformConfig{Server: mcpload.Server{URL: url}, Rows: []string{"L06"}, Revisions: []string{"2024-11-05"}}
	doc, err := mcpload.Conform(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "sse", doc.Servers[0].Target.Transport)
	require.Equal(t, verdict.Pass, doc.Verdict)

	s := httptest.NewServer(http.RedirectHandler("/mcp/?token=t", http.StatusTemporaryRedirect))
	defer s.Close()
	c.Server.URL = s.URL + "/mcp"
	_, err = mcpload.Conform(t.Context(), c)
	require.Error(t, err)
	require.Contains(t, hint.Of(err), "it redirects to "+s.URL+"/mcp/, which")
}
