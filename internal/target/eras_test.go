package target

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
)

// TestErasAreNamed where a server says that it speaks several, and nobody chose.
func TestErasAreNamed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ ID json.RawMessage }
		_ = json.NewDecoder(r.Body).Decode(&m) // of a request that is none, nothing is said
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w,
			`{"jsonrpc":"2.0","id":%s,"result":{"supportedVersions":["2026-07-28","2025-11-25","2025-06-18"]}}`, m.ID)
	}))
	t.Cleanup(server.Close)
	for protocol, want := range map[string]string{
		"auto": "MCP 2026-07-28 was taken of the revisions that the server speaks; a limit may be another one " +
			"in 2025-11-25, 2025-06-18, or none: --protocol each judges them all",
		"2026-07-28": "",
	} {
		target := &Target{Kind: URL, Options: wire.Options{Transport: wire.HTTP, URL: server.URL, Protocol: protocol}}
		s, err := wire.Dial(t.Context(), target.Options)
		require.NoError(t, err)
		require.Equal(t, want, Eras(target, s))
		target.Kind = Mock
		require.Empty(t, Eras(target, s))
		require.NoError(t, s.Close(t.Context()))
	}
}

// TestSessionsAreTakenWhereTheyAreNeeded of the revisions that a server speaks, and it is said.
func TestSessionsAreTakenWhereTheyAreNeeded(t *testing.T) {
	for versions, want := range map[string]string{
		`"2026-07-28","2025-06-18","2025-11-25"`: "2025-11-25",
		`"2026-07-28"`:                           "2026-07-28",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var m struct{ ID json.RawMessage }
			_ = json.NewDecoder(r.Body).Decode(&m) // of a request that is none, nothing is said
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"supportedVersions":[%s],"protocolVersion":"2025-11-25",`+
				`"capabilities":{},"serverInfo":{"name":"a","version":"1"}}}`, m.ID, versions)
		}))
		law, err := promise.Parse("5 sessions at a time")
		require.NoError(t, err)
		target := &Target{Kind: URL, Profile: profiles.Profile{Promise: promise.Promise{law}},
			Options: wire.Options{Transport: wire.HTTP, URL: server.URL}}
		target.TakesSessions()
		s, err := wire.Dial(t.Context(), target.Options)
		require.NoError(t, err)
		require.Equal(t, want, s.Protocol())
		if want == "2025-11-25" {
			require.Contains(t, Eras(target, s), "as what is promised needs one with sessions; a limit may be another one "+
				"in 2026-07-28, 2025-06-18")
		}
		require.NoError(t, s.Close(t.Context()))
		server.Close()
	}
}
