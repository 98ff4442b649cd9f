package target

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
)

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
		change func(*Target)
		want   string // of the error; empty: it may run
	}{
		{name: "global", scope: profiles.Global, header: bearer},
		{name: "no credential", scope: profiles.Client},
		{name: "unknown key", scope: profiles.Client, header: bearer, want: same + " (the header Authorization): " +
			"name --client-header"},
		{name: "session", scope: profiles.Client, key: profiles.SessionKey, header: bearer},
		{name: "credential", scope: profiles.Client, key: profiles.CredentialKey, header: bearer, want: same},
		{name: "credential, and none is sent", scope: profiles.Client, key: profiles.CredentialKey,
			want: "the clients have none: name --client-header"},
		{name: "API key", scope: profiles.Client, header: http.Header{"X-Api-Key": {"one"}}, want: same +
			" (the header X-Api-Key)"},
		{name: "cookie", scope: profiles.Client, header: http.Header{"Cookie": {"session=alice"}}, want: same},
		{name: "another header", scope: profiles.Client, header: http.Header{"X-Trace": {"one"}}},
		{name: "in the URL", scope: profiles.Client, url: "http://127.0.0.1:1/mcp?api_key=one", want: same +
			" (the parameter api_key of the URL)"},
		{name: "a user in the URL", scope: profiles.Client, url: "http://me:one@127.0.0.1:1/mcp", want: same +
			" (the user in the URL)"},
		{name: "another parameter", scope: profiles.Client, url: "http://127.0.0.1:1/mcp?region=eu"},
		{name: "clients with a header each", scope: profiles.Client, key: profiles.CredentialKey, header: bearer,
			change: func(t *Target) { t.Identity = Identity{Header: "Authorization"} }},
		{name: "one client", scope: profiles.Client, key: profiles.CredentialKey, header: bearer,
			change: func(t *Target) { t.Clients = 1 }},
		{name: "stdio", scope: profiles.Client, key: profiles.CredentialKey,
			change: func(t *Target) { t.Options.Transport = wire.Stdio }},
		{name: "a mock", scope: profiles.Client, header: bearer, change: func(t *Target) { t.Kind = Mock }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			j := Target{Kind: URL, Profile: profiles.Profile{Limit: profiles.Limit{Scope: row.scope, Key: row.key}},
				Options: wire.Options{Header: row.header, URL: row.url}}
			if row.change != nil {
				row.change(&j)
			}
			err := j.TellsApart()
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
	j := Target{Kind: URL, Profile: profiles.Profile{Limit: profiles.Limit{Scope: profiles.Client,
		Key: profiles.SessionKey}}}
	require.NoError(t, j.SessionsApart("2025-11-25"))
	require.ErrorContains(t, j.SessionsApart("2026-07-28"), "revision 2026-07-28 has no sessions that tell clients "+
		"apart: name --client-header")
	j.Identity = Identity{Header: "X-Client-Id"}
	require.NoError(t, j.SessionsApart("2026-07-28"))
	j.Identity, j.Profile.Limit.Scope = Identity{}, profiles.Global
	require.NoError(t, j.SessionsApart("2026-07-28"))
}

// A law that is kept per session can't be asked where there are none.
func TestLawsBySession(t *testing.T) {
	law, err := promise.Parse("10 per 5s fixed per session")
	require.NoError(t, err)
	j := Target{Kind: URL, Profile: profiles.Profile{Promise: promise.Promise{law}}}
	require.NoError(t, j.SessionsApart("2025-11-25"))
	require.ErrorContains(t, j.SessionsApart("2026-07-28"), "a law is kept per session, and revision 2026-07-28 "+
		"has none")
	j.TakesSessions()
	require.Empty(t, j.Options.Protocol)
	require.True(t, j.Options.Sessions, "where it speaks one with sessions, that is taken")
	j.Kind = Mock
	require.ErrorContains(t, j.SessionsApart("2026-07-28"), "has none", "nor where a mock keeps it")
	j.TakesSessions()
	require.Equal(t, "2025-11-25", j.Options.Protocol)
	j.Options.Protocol = "2026-07-28"
	j.TakesSessions()
	require.Equal(t, "2026-07-28", j.Options.Protocol)
}
