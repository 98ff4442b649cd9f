package target

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
)

// What a server is known by holds no user, no query and no argument but a script's name.
func TestLabels(t *testing.T) {
	for _, c := range []struct {
		place Place
		given string
		want  string
	}{
		{Place{URL: "http://127.0.0.1:8000/mcp"}, "", "127.0.0.1:8000/mcp"},
		{Place{URL: "https://me:s3cret@Example.com/mcp/?api_key=s3cret#s3cret"}, "", "example.com:443/mcp"},
		{Place{URL: "http://[::1]/"}, "", "[::1]:80"},
		{Place{URL: "http://127.0.0.1:8000/mcp", Command: []string{"python", "server.py"}}, "", "127.0.0.1:8000/mcp"},
		{Place{Command: []string{"python3", "-u", "/srv/app/server.py", "--key", "s3cret"}}, "", "server.py"},
		{Place{Command: []string{"python3", "-m", "my.server", "s3cret"}}, "", "my.server"},
		{Place{Command: []string{"/usr/bin/my-server", "--token", "s3cret"}}, "", "my-server"},
		{Place{Command: []string{"sh", "-c", "s3cret.sh\x1b"}}, "", "sh"},
		{Place{Live: true}, "", ""},
		{Place{}, "", ""},
		{Place{}, "mine", "mine"},
		{Place{URL: "http://127.0.0.1:8000/mcp"}, "staging 2", "staging 2"},
	} {
		got, err := c.place.Label(c.given)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, "%v", c.place)
	}
	for _, bad := range []string{" x", "x\ny", "a\x1b[31m", strings.Repeat("x", MostLabel+1)} {
		_, err := Place{}.Label(bad)
		assert.ErrorContains(t, err, "--label has", "%q", bad)
	}
}

// The label stands in what documents say before anything is sent.
func TestDescribedWithItsLabel(t *testing.T) {
	d := Target{Profile: profiles.ForURL(profiles.Limit{Rate: 1, Burst: 1}), Kind: URL, Label: "staging"}
	assert.Equal(t, "staging", d.Describe().Target.Label)
}

// A server without a profile has its label as its name on every screen.
func TestNamedByItsLabel(t *testing.T) {
	for want, a := range map[string]Asked{
		"127.0.0.1:8000/mcp": {URL: "http://me:s3cret@127.0.0.1:8000/mcp?key=s3cret"},
		"server.py":          {},
		"staging":            {Label: "staging"},
	} {
		list, err := a.Profiles(nil, []string{"/usr/bin/python3", "server.py"})
		require.NoError(t, err)
		assert.Equal(t, want, list[0].Name)
	}
	_, err := (&Asked{Label: " x"}).Profiles(nil, nil)
	require.ErrorContains(t, err, "--label has")
}
