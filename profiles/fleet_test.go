package profiles

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const fullFleet = `
all: true
servers:
  - acb
  - server: mailgun-mcp
    rate: 5/s
    burst: 15
    scope: client
  - server: mine
    url: http://127.0.0.1:8000/mcp
    rate: 600/1m
    burst: 20
    tool: ping
    args: '{"n": 1}'
  - server: other
    command: [python, server.py, 3, true]
    rate: 10/s
    burst: 20
`

func TestParseFleet(t *testing.T) {
	fleet, err := ParseFleet("fleet.yaml", []byte(fullFleet))
	require.NoError(t, err)
	require.Equal(t, Fleet{All: true, Servers: []Member{
		{Server: "acb"},
		{Server: "mailgun-mcp", Rate: 5, Burst: 15, Scope: Client},
		{Server: "mine", URL: "http://127.0.0.1:8000/mcp", Rate: 10, Burst: 20, Tool: "ping", Arguments: `{"n": 1}`},
		{Server: "other", Command: []string{"python", "server.py", "3", "true"}, Rate: 10, Burst: 20},
	}}, fleet)
}

// TestTrueInEverySpelling: YAML has three.
func TestTrueInEverySpelling(t *testing.T) {
	for _, spelt := range []string{"true", "True", "TRUE"} {
		fleet, err := ParseFleet("fleet.yaml", []byte("all: "+spelt))
		require.NoError(t, err)
		require.True(t, fleet.All, spelt)
	}
}

func TestAFleetThatIsNone(t *testing.T) {
	for text, wants := range map[string][]string{
		"":                                             {"fleet.yaml: is empty"},
		"all: false":                                   {"names nobody"},
		"servers: []":                                  {"servers"},
		"servers: acb":                                 {"a list of servers"},
		"all: sometimes":                               {"true or false"},
		"all: !!bool yes":                              {"all: is a truth value by its tag alone"},
		"all: true\n---\nall: true":                    {"fleet.yaml:3:1: has a second document, want one fleet a file"},
		"servers: [acb, acb]":                          {`"acb" is listed twice`},
		"servers: [{rate: 5/s}]":                       {"is missing"},
		"servers: [{server: a, rate: fast}]":           {`"fast" is not a rate`},
		"servers: [{server: a, burst: 0}]":             {"burst"},
		"servers: [{server: a, scope: all}]":           {"scope"},
		"servers: [{server: a, port: 5}]":              {"port"},
		"servers: [{server: a, command: []}]":          {"is empty"},
		"servers: [{server: a, url: u, command: [b]}]": {"has both a url and a command"},
		"servers: [{server: '../a'}]":                  {"is no name"},
		"servers: [":                                   {"fleet.yaml"},
		// all of them, not only the first
		"servers: [{server: a, rate: x}, {server: b, burst: y}]": {"fleet.yaml:1:29", "fleet.yaml:1:52"},
	} {
		_, err := ParseFleet("fleet.yaml", []byte(text))
		for _, want := range wants {
			require.ErrorContains(t, err, want, text)
		}
	}
}

// FuzzParseFleet holds any file to: no panic; either servers to judge, each
// named once, or faults that say where, each on its own line.
func FuzzParseFleet(f *testing.F) {
	f.Add([]byte(fullFleet))
	f.Fuzz(func(t *testing.T, data []byte) {
		fleet, err := ParseFleet("x.yaml", data)
		if err != nil {
			requireFaults(t, err)
			return
		}
		require.True(t, fleet.All || len(fleet.Servers) > 0)
		seen := map[string]bool{}
		for _, m := range fleet.Servers {
			require.Regexp(t, nameForm, m.Server)
			require.False(t, seen[m.Server], "%q twice", m.Server)
			seen[m.Server] = true
			require.False(t, m.URL != "" && len(m.Command) > 0)
			require.True(t, m.Rate >= 0 && m.Rate <= 1e9, "%g", m.Rate)
			require.GreaterOrEqual(t, m.Burst, 0)
			require.Contains(t, []Scope{"", Global, Client}, m.Scope)
		}
	})
}
