package drive

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// Two urls of one server keep the promise over both; two servers behind two urls break it,
// and it is said which calls went where; a url that can't be reached leaves it open.
func TestAPromiseHoldsOverAllUrlsTogether(t *testing.T) {
	p := profiles.ForURL(profiles.Limit{Rate: 30, Burst: 10}).Loading("echo", nil)
	signs, err := target.SignsOf(p)
	require.NoError(t, err)
	served := func(fault string) *url.URL {
		s, err := mock.New(mock.Config{Profile: p, Fault: fault})
		require.NoError(t, err)
		t.Cleanup(func() { _ = s.Close() })
		at, err := s.Start("http", "127.0.0.1:0")
		require.NoError(t, err)
		u, err := url.Parse(at)
		require.NoError(t, err)
		return u
	}
	named := func(u *url.URL) []string { return []string{"http://localhost:" + u.Port() + u.Path} } // the same server
	apart := func(*url.URL) []string { return []string{served("").String()} }
	gone := func(u *url.URL) []string { return append(named(u), "http://127.0.0.1:1/mcp") }
	for _, row := range []struct {
		name, fault string
		others      func(first *url.URL) []string
		want        verdict.Verdict
		saw         string
	}{
		{"one server", "", named, verdict.Pass, "no call was bought by replica 2 (localhost:"},
		{"two servers", "", apart, verdict.Fail, " at replica 2 (127.0.0.1:"},
		{"a bucket a name", "per-host", named, verdict.Fail, "of them at the first url, "},
		{"a url where nothing is", "", gone, verdict.Inconclusive, "not to be told of replica 3 (127.0.0.1:1)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for range 3 { // a machine that is busy may not tell
				first := served(row.fault)
				j := Job{Target: target.Target{Profile: p, Kind: target.URL, Clients: 2, Replicas: row.others(first),
					Options: wire.Options{URL: first.String(), Transport: wire.HTTP, Name: "mcpload", ListTools: true,
						Refusal: signs}},
					Audit: &Audit{Names: []string{"replicas"}}}
				out := j.Run(t.Context(), nil, nil)
				require.Empty(t, out.Server.Error)
				require.Len(t, out.Server.Scenarios, 1)
				f := out.Server.Scenarios[0].Findings[0]
				require.Equal(t, "tricks", f.Check)
				if f.Verdict == verdict.Inconclusive && row.want != verdict.Inconclusive {
					t.Log(f.Saw)
					continue
				}
				require.Equal(t, row.want, f.Verdict, f.Saw)
				require.Contains(t, f.Saw, row.saw)
				return
			}
			t.Error("it could not be told")
		})
	}
}
