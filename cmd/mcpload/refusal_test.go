package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
)

func TestSignsOfARefusalAreAdded(t *testing.T) {
	mine := profiles.Refusal{Codes: []int{-32000}, Statuses: []int{429}, Text: "rate limit"}
	r := mine
	require.NoError(t, addRefusals(&r, []string{"status=503", "code=-32029", "text=too (fast|many)", "reset"}))
	require.Equal(t, profiles.Refusal{Codes: []int{-32000, -32029}, Statuses: []int{429, 503},
		Text: "rate limit|too (fast|many)", Plain: "too (fast|many)", Resets: true}, r)
	require.Equal(t, profiles.Refusal{Codes: []int{-32000}, Statuses: []int{429}, Text: "rate limit"}, mine, "the profile stays as it is")
	bad := []string{"", "503", "status=", "status=abc", "status=200", "status=600", "code=1.5", "text=", "text=(", "text=x*", "header=x"}
	for _, sign := range append(bad, "reset=1") {
		require.Error(t, addRefusals(&profiles.Refusal{}, []string{sign}), sign)
	}

	r = mine
	r.Not.Statuses = []int{502}
	require.NoError(t, addNotRefusals(&r, []string{"status=503", "code=-32000", "text=upstream", "text=backend"}))
	require.Equal(t, profiles.NotRefusal{Codes: []int{-32000}, Statuses: []int{502, 503}, Text: "upstream|backend"}, r.Not)
	for _, sign := range append(bad, "reset") {
		require.Error(t, addNotRefusals(&profiles.Refusal{}, []string{sign}), sign)
	}
}

func TestSignsReachTheWire(t *testing.T) {
	p := profiles.Profile{Refusal: profiles.Refusal{Codes: []int{1}, Statuses: []int{402}, Text: "rate", Plain: "slow", Resets: true,
		Not: profiles.NotRefusal{Codes: []int{2}, Statuses: []int{503}, Text: "upstream"}}}
	r, err := signsOf(p)
	require.NoError(t, err)
	require.Equal(t, "(?i)rate (?i)slow (?i)upstream", r.Text.String()+" "+r.Plain.String()+" "+r.Not.Text.String())
	r.Text, r.Plain, r.Not.Text = nil, nil, nil
	require.Equal(t, wire.Refusal{Codes: []int{1}, Statuses: []int{402}, Resets: true, Not: wire.NotRefusal{Codes: []int{2}, Statuses: []int{503}}}, r)
	p.Refusal.Not.Text = "("
	_, err = signsOf(p)
	require.ErrorContains(t, err, "refusal.not.text")
}

// Clients that a server can't tell apart are one, whatever they are called.
func TestOneCredentialIsOneClient(t *testing.T) {
	bearer := http.Header{"Authorization": {"Bearer one"}}
	const same = "both clients would send the same credential"
	rows := []struct {
		name   string
		scope  profiles.Scope
		key    profiles.Key
		header http.Header
		url    string
		change func(*job)
		want   string // of the error; empty: it may run
	}{
		{name: "global", scope: profiles.Global, header: bearer},
		{name: "no credential", scope: profiles.Client},
		{name: "unknown key", scope: profiles.Client, header: bearer, want: same + " (the header Authorization): name --client-header"},
		{name: "session", scope: profiles.Client, key: profiles.SessionKey, header: bearer},
		{name: "credential", scope: profiles.Client, key: profiles.CredentialKey, header: bearer, want: same},
		{name: "credential, and none is sent", scope: profiles.Client, key: profiles.CredentialKey, want: "the clients have none: name --client-header"},
		{name: "API key", scope: profiles.Client, header: http.Header{"X-Api-Key": {"one"}}, want: same + " (the header X-Api-Key)"},
		{name: "cookie", scope: profiles.Client, header: http.Header{"Cookie": {"session=alice"}}, want: same},
		{name: "another header", scope: profiles.Client, header: http.Header{"X-Trace": {"one"}}},
		{name: "in the URL", scope: profiles.Client, url: "http://127.0.0.1:1/mcp?api_key=one", want: same + " (the parameter api_key of the URL)"},
		{name: "a user in the URL", scope: profiles.Client, url: "http://me:one@127.0.0.1:1/mcp", want: same + " (the user in the URL)"},
		{name: "another parameter", scope: profiles.Client, url: "http://127.0.0.1:1/mcp?region=eu"},
		{name: "clients with a header each", scope: profiles.Client, key: profiles.CredentialKey, header: bearer, change: func(j *job) { j.identity = clientHeader{"Authorization", "Bearer {n}"} }},
		{name: "one client", scope: profiles.Client, key: profiles.CredentialKey, header: bearer, change: func(j *job) { j.clients = 1 }},
		{name: "stdio", scope: profiles.Client, key: profiles.CredentialKey, change: func(j *job) { j.options.Transport = wire.Stdio }},
		{name: "a mock", scope: profiles.Client, header: bearer, change: func(j *job) { j.kind = kindMock }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			j := job{kind: kindURL, profile: profiles.Profile{Limit: profiles.Limit{Scope: row.scope, Key: row.key}},
				options: wire.Options{Header: row.header, URL: row.url}}
			if row.change != nil {
				row.change(&j)
			}
			err := j.tellsApart()
			if row.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, row.want)
			require.NotContains(t, err.Error(), "Bearer")
		})
	}
}

func TestSessionsTellClientsApartWhereThereAreAny(t *testing.T) {
	j := job{kind: kindURL, profile: profiles.Profile{Limit: profiles.Limit{Scope: profiles.Client, Key: profiles.SessionKey}}}
	require.NoError(t, j.sessionsApart("2025-11-25"))
	require.ErrorContains(t, j.sessionsApart("2026-07-28"), "revision 2026-07-28 has no sessions that tell clients apart: name --client-header")
	j.identity = clientHeader{"X-Client-Id", "{n}"}
	require.NoError(t, j.sessionsApart("2026-07-28"))
	j.identity, j.profile.Limit.Scope = clientHeader{}, profiles.Global
	require.NoError(t, j.sessionsApart("2026-07-28"))
}
