package wire

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRevisionsThatAServerSpeaks, as it says itself.
func TestRevisionsThatAServerSpeaks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := read(t, r); p.Method == methodDiscover {
			reply(w, "%s", strings.Replace(strings.Replace(discovered, "ID", string(p.ID), 1), `"2025-11-25"`,
				`"2024-11-05","2025-11-25","1.0"`, 1))
		}
	}))
	t.Cleanup(server.Close)
	s := dial(t, Options{Transport: HTTP, URL: server.URL, GetStream: GetOn})
	require.Equal(t, []string{"2026-07-28", "2025-11-25", "2024-11-05"}, s.Revisions())
	require.False(t, s.Listens(), "there are no such streams in this era")
}

// TestWhoListens: a session whose server gave it an id, or that was told to.
func TestWhoListens(t *testing.T) {
	for _, row := range []struct {
		id   string
		get  GetStream
		want bool
	}{{"s1", GetAuto, true}, {"", GetAuto, false}, {"", GetOn, true}, {"s1", GetOff, false}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			p := read(t, r)
			if row.id == "" && p.Method == methodInitialize {
				reply(w, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}`, p.ID)
				return
			}
			initializer(w, p)
		}))
		t.Cleanup(server.Close)
		s := dial(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", GetStream: row.get})
		require.Equal(t, row.want, s.Listens(), "%+v", row)
		require.Nil(t, s.Revisions(), "it doesn't say")
	}
}
