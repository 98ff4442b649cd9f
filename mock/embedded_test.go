package mock

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

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
	require.NoError(t, s.Close())
	for fault, why := range map[string]string{
		"no-limit":         "no fault of laws",
		"law-waits-short":  "to keep other laws, and no more",
		"law-missing":      "no law to keep",
		"law-as-counter":   "no limits of this kind",
		"law-never-resets": "to keep other laws, and no more",
	} {
		kept.Fault = fault
		if fault == "law-waits-short" || fault == "law-as-counter" {
			kept.Profile.Promise = lawsOf(t, "3 per 1s fixed")
		}
		_, err = New(kept)
		require.ErrorContains(t, err, why, fault)
	}
}

// In virtual time it decides as it does before a server: also what a cap holds, and with
// another law than the promised one.
func TestTheEmbeddedLimiterInVirtualTime(t *testing.T) {
	decided := func(law, fault string, lasts time.Duration, at ...time.Duration) (out string) {
		c := Config{Profile: profiles.Profile{Promise: lawsOf(t, law)}, Embedded: true, Fault: fault}
		l, err := c.Limiter(time.Unix(0, 0))
		require.NoError(t, err)
		for _, at := range at {
			a := l.Decide(Request{At: at, Client: "a", Method: methodCall, Tool: "echo", Lasts: lasts})
			out += map[bool]string{false: "+", true: "-"}[a.Limited]
		}
		return out
	}
	const s = time.Second
	require.Equal(t, "++-+", decided("2 per 2s fixed", "", 0, 0, s, s, 2*s))
	require.Equal(t, "+++-", decided("2 per 2s fixed", "law-n+1", 0, 0, s, s, s))
	require.Equal(t, "++-+", decided("2 per 2s sliding", "", 0, 0, s, s, 2*s))
	require.Equal(t, "++--+", decided("2 at a time", "", 3*s, 0, s, s, 2*s, 3*s))
	require.Equal(t, "++-+", decided("1/s burst 2", "", 0, 0, 0, 0, s))
}
