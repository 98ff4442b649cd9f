package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAnEndpointGetsAScheme(t *testing.T) {
	for in, want := range map[string]string{
		"http://x/mcp":        "http://x/mcp",
		"ws://x":              "ws://x", // refused later, with its own words
		"localhost:8000/mcp":  "http://localhost:8000/mcp",
		"localhost/mcp":       "http://localhost/mcp",
		"127.0.0.1:8000":      "http://127.0.0.1:8000",
		"[::1]:8000/mcp":      "http://[::1]:8000/mcp",
		"10.0.0.7/mcp":        "http://10.0.0.7/mcp",
		"build-host:8000/mcp": "http://build-host:8000/mcp",
		"mcp.example.com/mcp": "https://mcp.example.com/mcp",
		"mcp.example.com:443": "https://mcp.example.com:443",
		"":                    "",
		"%zz":                 "%zz",
	} {
		assert.Equal(t, want, schemed(in), in)
	}
}

func TestWhatIsAnEndpoint(t *testing.T) {
	for _, word := range []string{"http://x", "https://x/mcp", "localhost:8000", "localhost/mcp", "127.0.0.1:80/mcp", "[::1]:8000/mcp", "mcp.example.com/mcp"} {
		assert.True(t, isEndpoint(word), word)
	}
	for _, word := range []string{"acb", "python", "server.py", "./server.py", "../bin/server", "example.com", "15/s", "x:y", "x:0", "", "a/b", "localhost"} {
		assert.False(t, isEndpoint(word), word)
	}
}

func TestAnEndpointMayComeFirst(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"run http://x/mcp --rate 5", "run --url http://x/mcp --rate 5"},
		{"run --rate 5 --burst 3 x:80/mcp", "run --rate 5 --burst 3 --url x:80/mcp"},
		{"run --rate=5 -v x:80", "run --rate=5 -v --url x:80"},
		{"run -H x:80 y:80", "run -H x:80 --url y:80"}, // the first is a flag's value
		{"load init x:80", "load init --url x:80"},
		{"run -- http://x", "run -- http://x"},
		{"run python http://x", "run python http://x"},
		{"run --no-such http://x", "run --no-such --url http://x"},
		{"report http://x", "report http://x"},
		{"nothing http://x", "nothing http://x"},
		{"", ""},
	} {
		root := (&app{}).root()
		assert.Equal(t, strings.Fields(row.want), append([]string{}, urlFirst(root, strings.Fields(row.in))...), row.in)
	}
}
