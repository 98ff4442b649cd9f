package mock

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
)

// The limiter that servers embed keeps laws in a mock's place, and says so in its headers.
func TestTheEmbeddedLimiterKeepsLaws(t *testing.T) {
	for _, row := range []struct {
		laws   []string
		header string
		lets   int // of ten calls at once
	}{
		{[]string{"1/h burst 3"}, `"bucket";q=3`, 3},
		{[]string{"3 per 1h sliding methods tools/call"}, `"sliding";q=3;w=3600`, 3},
		{[]string{"4 per 1h fixed named \"hourly\""}, `"hourly";q=4;w=3600`, 4},
		{[]string{"5 per 1h methods tools/call tools echo", "9 per 1h fixed methods ping"}, `"law1";q=5;w=3600`, 5},
		{[]string{"2 per 1h methods tools/call per session"}, `"sliding";q=2;w=3600`, 2},
	} {
		s, err := New(Config{Profile: profiles.Profile{Name: "embedded", Promise: lawsOf(t, row.laws...),
			Call: profiles.LoadCall{Method: "tools/call", Tool: "echo"}}, Embedded: true})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		url, err := s.Start("http", "127.0.0.1:0")
		require.NoError(t, err)
		lets, id := 0, ""
		post := func(body string) *http.Response {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/json, text/event-stream")
			if id != "" {
				r.Header.Set("Mcp-Session-Id", id)
			}
			resp, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			return resp
		}
		if strings.Contains(row.laws[0], "tools/call") {
			id = post(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",` +
				`"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`).Header.Get("Mcp-Session-Id")
			require.NotEmpty(t, id)
		}
		for range 10 {
			resp := post(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{}}}`)
			require.Contains(t, resp.Header.Get("RateLimit-Policy"), row.header, row.laws)
			if resp.StatusCode != http.StatusTooManyRequests {
				lets++
			}
		}
		require.Equal(t, row.lets, lets, row.laws)
	}
}

// What it can't keep is refused, by name, and so is where its handler doesn't stand.
func TestTheEmbeddedLimiterRefusesWhatItCantKeep(t *testing.T) {
	for law, why := range map[string]string{
		"10/s burst 20 queue 1s":                "it knows no queues",
		"10/s burst 20 steps 10 every 1s":       "steps",
		"30 per 10s counter":                    "no limits of this kind",
		"quota 50 per day UTC":                  "no limits of this kind",
		"30 per 10s fixed units echo=2":         "it charges one",
		"30 per 10s fixed only failures":        "it charges one",
		"30 per 10s fixed per method":           "no counters by method",
		"30 per 10s per session and credential": "no counters by session",
	} {
		_, err := New(Config{Profile: profiles.Profile{Promise: lawsOf(t, law)}, Embedded: true})
		require.ErrorContains(t, err, why, law)
	}
	two := profiles.Profile{Promise: lawsOf(t, "3 per 1s per session", "9 per 1s per credential")}
	_, err := New(Config{Profile: two, Embedded: true})
	require.ErrorContains(t, err, "by session and by credential")
	kept := Config{Profile: profiles.Profile{Promise: lawsOf(t, "3 per 1s")}, Embedded: true}
	s, err := New(kept)
	require.NoError(t, err)
	_, err = s.Start("sse", "127.0.0.1:0")
	require.ErrorIs(t, err, errEmbedded)
	require.ErrorIs(t, s.ServeStdio(t.Context(), strings.NewReader(""), io.Discard), errEmbedded)
	_, err = kept.Limiter(s.start)
	require.ErrorIs(t, err, errEmbedded, "in virtual time it would let everything through")
	require.NoError(t, s.Close())
	kept.Fault = "no-limit"
	_, err = New(kept)
	require.ErrorContains(t, err, "has no faults")
}
