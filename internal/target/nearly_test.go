package target

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What is nearly an address is told as the one that was meant, and what is none isn't.
func TestNearlyAnAddress(t *testing.T) {
	for word, want := range map[string]string{
		"htp://127.0.0.1:8000/mcp":             "http://127.0.0.1:8000/mcp",
		"http:/127.0.0.1:8000/mcp":             "http://127.0.0.1:8000/mcp",
		"http//localhost:8000":                 "http://localhost:8000",
		"ws://example.com/mcp":                 "http://example.com/mcp",
		"<http://127.0.0.1:8000/mcp>":          "http://127.0.0.1:8000/mcp",
		"htp://me:hunter2@127.0.0.1:1/mcp?k=1": "http://…@127.0.0.1:1/mcp?k=…",
		":8000/mcp":                            "http://127.0.0.1:8000/mcp",
		":8000":                                "http://127.0.0.1:8000/mcp",
		"8000":                                 "http://127.0.0.1:8000/mcp",
		"localhost":                            "http://localhost:8000/mcp, with its port",
		"20":                                   "",
		"acb":                                  "",
		"src/server.py":                        "",
		"src//server.py":                       "",
		"unix:///tmp/server.sock":              "",
		"":                                     "",
	} {
		assert.Equal(t, want, Nearly(word), word)
	}
	assert.True(t, IsEndpoint("HTTP://127.0.0.1:8000/mcp"))
}
