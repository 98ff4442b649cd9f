package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What is printed to be called again holds no secret, wherever one may stand.
func TestACommandLineHoldsNoSecret(t *testing.T) {
	script := filepath.Join(t.TempDir(), "my server.py")
	require.NoError(t, os.WriteFile(script, nil, 0o600))
	for _, row := range []struct {
		name string
		give invocation
		want string
	}{
		{"a header's value", invocation{flags: []flagValue{{name: "header", value: "X-Key: abc"}}}, "--header 'X-Key: …'"},
		{"a header from the environment", invocation{flags: []flagValue{{name: "header", value: "Authorization: Bearer $TOKEN"}}}, "--header 'Authorization: Bearer $TOKEN'"},
		{"half from the environment", invocation{flags: []flagValue{{name: "header", value: "Authorization: Bearer abc$TOKEN"}}}, "--header 'Authorization: …'"},
		{"another's header", invocation{flags: []flagValue{{name: "other-header", value: "X-Key: abc"}}}, "--other-header 'X-Key: …'"},
		{"a client's header", invocation{flags: []flagValue{{name: "client-header", value: "X-Client-Id"}}}, "--client-header X-Client-Id"},
		{"a client's credential", invocation{flags: []flagValue{{name: "client-header", value: "Authorization: Bearer ${TOKEN}_{n}"}}}, "--client-header 'Authorization: Bearer ${TOKEN}_{n}'"},
		{"a client's literal", invocation{flags: []flagValue{{name: "client-header", value: "X: abc-{n}"}}}, "--client-header 'X: …'"},
		{"a URL", invocation{flags: []flagValue{{name: "url", value: "https://me:pw@host:1/mcp?key=abc&b=c#d"}}}, "--url 'https://…@host:1/mcp?key=…&b=…'"},
		{"two URLs", invocation{flags: []flagValue{{name: "url", value: "http://a/mcp"}, {name: "url", value: "http://b/mcp?key=x"}}}, "--url http://a/mcp --url 'http://b/mcp?key=…'"},
		{"a plain URL", invocation{flags: []flagValue{{name: "url", value: "http://127.0.0.1:8000/mcp"}}}, "--url http://127.0.0.1:8000/mcp"},
		{"what is no URL", invocation{flags: []flagValue{{name: "url", value: "http://me:pw@[::1"}}}, "--url '…'"},
		{"a proxy", invocation{flags: []flagValue{{name: "proxy", value: "http://me:pw@host:1"}}}, "--proxy 'http://…@host:1'"},
		{"arguments", invocation{flags: []flagValue{{name: "args", value: `{"q": "x", "n":1}`}}}, `--args '{"q": "x", "n":1}'`},
		{"arguments with a secret", invocation{flags: []flagValue{{name: "args", value: `{"a":[{"api_key":"abc"}],"n":1}`}}}, `--args '{"a":[{"api_key":"…"}],"n":1}'`},
		{"a quote", invocation{flags: []flagValue{{name: "args", value: `{"q":"it's"}`}}}, `--args '{"q":"it'\''s"}'`},
		{"what a terminal obeys", invocation{flags: []flagValue{{name: "tool", value: "a\x1b[2J"}}}, "--tool '…'"},
		{"a truth value", invocation{flags: []flagValue{{"virtual", "true", true}}}, "--virtual"},
		{"an empty value", invocation{flags: []flagValue{{name: "fault", value: ""}}}, "--fault ''"},
		{"files are not written over", invocation{flags: []flagValue{{name: "output", value: "x"}, {name: "save-history", value: "y"}, {name: "yes", value: "true", bare: true}}}, ""},
		{"a server's command", invocation{command: []string{"python", script, "--port", "8000", "--name", "hunter2", "-p", "--token", "12345", "-m", "pkg.mod", "x=y"}},
			"-- python '" + script + "' --port 8000 --name '…' -p --token '…' -m pkg.mod '…'"},
	} {
		row.give.path = "mcpload run"
		require.Equal(t, strings.TrimSpace("mcpload run "+row.want), row.give.line(), row.name)
	}
}

func TestACommandLineWithOtherValues(t *testing.T) {
	v := &invocation{path: "mcpload run", flags: []flagValue{{name: "tool", value: "a"}, {name: "rate", value: "1/s"}}, command: []string{"srv"}}
	require.Equal(t, "mcpload run --rate 1/s --tool b --seed 7 -- srv", v.line(flagValue{name: "tool", value: "b"}, flagValue{name: "seed", value: "7"}))
	require.True(t, v.has("rate"))
	require.False(t, v.has("timeout"))
	require.Empty(t, (*invocation)(nil).line())
	require.False(t, (*invocation)(nil).has("rate"))
}

// A shell reads every word back as it was.
func TestQuotedWordsAreReadBack(t *testing.T) {
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.StringOf(rapid.RuneFrom([]rune(`ab $'"\!{}[]*?~#;&|<>()=%,-_/ä`))).Draw(rt, "word")
		out, err := exec.Command(shell, "-c", "printf %s "+quoted(word)).Output()
		require.NoError(rt, err)
		require.Equal(rt, word, string(out))
	})
}
