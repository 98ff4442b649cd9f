package invoked

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
		give Command
		want string
	}{
		{"a header's value", Command{Flags: []Flag{{Name: "header", Value: "X-Key: abc"}}}, "--header 'X-Key: …'"},
		{"a header from the environment", Command{Flags: []Flag{{Name: "header",
			Value: "Authorization: Bearer $TOKEN"}}}, "--header 'Authorization: Bearer $TOKEN'"},
		{"half from the environment", Command{Flags: []Flag{{Name: "header",
			Value: "Authorization: Bearer abc$TOKEN"}}}, "--header 'Authorization: …'"},
		{"another's header", Command{Flags: []Flag{{Name: "other-header", Value: "X-Key: abc"}}},
			"--other-header 'X-Key: …'"},
		{"a client's header", Command{Flags: []Flag{{Name: "client-header", Value: "X-Client-Id"}}},
			"--client-header X-Client-Id"},
		{"a client's credential", Command{Flags: []Flag{{Name: "client-header",
			Value: "Authorization: Bearer ${TOKEN}_{n}"}}}, "--client-header 'Authorization: Bearer ${TOKEN}_{n}'"},
		{"a client's literal", Command{Flags: []Flag{{Name: "client-header", Value: "X: abc-{n}"}}},
			"--client-header 'X: …'"},
		{"a URL", Command{Flags: []Flag{{Name: "url", Value: "https://me:pw@host:1/mcp?key=abc&b=c#d"}}},
			"--url 'https://…@host:1/mcp?key=…&b=…'"},
		{"two URLs", Command{Flags: []Flag{{Name: "url", Value: "http://a/mcp"},
			{Name: "url", Value: "http://b/mcp?key=x"}}}, "--url http://a/mcp --url 'http://b/mcp?key=…'"},
		{"a plain URL", Command{Flags: []Flag{{Name: "url", Value: "http://127.0.0.1:8000/mcp"}}},
			"--url http://127.0.0.1:8000/mcp"},
		{"what is no URL", Command{Flags: []Flag{{Name: "url", Value: "http://me:pw@[::1"}}}, "--url '…'"},
		{"a proxy", Command{Flags: []Flag{{Name: "proxy", Value: "http://me:pw@host:1"}}}, "--proxy 'http://…@host:1'"},
		{"arguments", Command{Flags: []Flag{{Name: "args", Value: `{"q": "x", "n":1}`}}}, `--args '{"q": "x", "n":1}'`},
		{"arguments with a secret", Command{Flags: []Flag{{Name: "args", Value: `{"a":[{"api_key":"abc"}],"n":1}`}}},
			`--args '{"a":[{"api_key":"…"}],"n":1}'`},
		{"a quote", Command{Flags: []Flag{{Name: "args", Value: `{"q":"it's"}`}}}, `--args '{"q":"it'\''s"}'`},
		{"what a terminal obeys", Command{Flags: []Flag{{Name: "tool", Value: "a\x1b[2J"}}}, "--tool '…'"},
		{"a truth value", Command{Flags: []Flag{{"virtual", "true", true}}}, "--virtual"},
		{"an empty value", Command{Flags: []Flag{{Name: "fault", Value: ""}}}, "--fault ''"},
		{"files are not written over", Command{Flags: []Flag{{Name: "output", Value: "x"},
			{Name: "save-history", Value: "y"}, {Name: "yes", Value: "true", Bare: true}}}, ""},
		{"a server's command", Command{Words: []string{"python", script, "--port", "8000", "--name", "hunter2", "-p",
			"--token", "12345", "-m", "pkg.mod", "x=y"}},
			"-- python '" + script + "' --port 8000 --name '…' -p --token '…' -m pkg.mod '…'"},
	} {
		row.give.Path = "mcpload run"
		require.Equal(t, strings.TrimSpace("mcpload run "+row.want), row.give.Line(), row.name)
	}
}

func TestACommandLineWithOtherValues(t *testing.T) {
	v := &Command{Path: "mcpload run", Flags: []Flag{{Name: "tool", Value: "a"}, {Name: "rate", Value: "1/s"}},
		Words: []string{"srv"}}
	require.Equal(t, "mcpload run --rate 1/s --tool b --seed 7 -- srv",
		v.Line(Flag{Name: "tool", Value: "b"}, Flag{Name: "seed", Value: "7"}))
	require.True(t, v.Has("rate"))
	require.False(t, v.Has("timeout"))
	require.Empty(t, (*Command)(nil).Line())
	require.False(t, (*Command)(nil).Has("rate"))
}

// A shell reads every word back as it was.
func TestQuotedWordsAreReadBack(t *testing.T) {
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.StringOf(rapid.RuneFrom([]rune(`ab $'"\!{}[]*?~#;&|<>()=%,-_/ä`))).Draw(rt, "word")
		out, err := exec.Command(shell, "-c", "printf %s "+Quoted(word)).Output()
		require.NoError(rt, err)
		require.Equal(rt, word, string(out))
	})
}
