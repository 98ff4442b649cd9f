package target

import (
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
		assert.Equal(t, want, WithScheme(in), in)
	}
}

func TestWhatIsAnEndpoint(t *testing.T) {
	for _, word := range []string{"http://x", "https://x/mcp", "localhost:8000", "localhost/mcp", "127.0.0.1:80/mcp",
		"[::1]:8000/mcp", "mcp.example.com/mcp"} {
		assert.True(t, IsEndpoint(word), word)
	}
	for _, word := range []string{"acb", "python", "server.py", "./server.py", "../bin/server", "example.com", "15/s",
		"x:y", "x:0", "", "a/b", "localhost"} {
		assert.False(t, IsEndpoint(word), word)
	}
}
