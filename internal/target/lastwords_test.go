package target_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
)

// A server that misses a variable is one that it wasn't given.
func TestLastWordsOfAVariable(t *testing.T) {
	died := func(words string) string { return hint.Of(target.Died(errors.New("it ended"), []byte(words))) }
	require.Contains(t, died("reading settings\nACME_KEY is missing\n"),
		"does it need ACME_KEY? --env ACME_KEY passes yours on")
	require.NotContains(t, died("Traceback: no module named FastMCP\n"), "--env")
	require.Empty(t, died(""))
}

// What a server wrote is shown, and read, also where it never answered, or ended at once.
func TestLastWordsOfADial(t *testing.T) {
	told := func(kind wire.DialKind, words string) string {
		_, advice := target.Explain(&wire.DialError{Kind: kind, Hint: "does it?", Stderr: []byte(words)})
		return advice
	}
	require.Contains(t, told(wire.Exited, "ACME_KEY is missing\n"), "--env ACME_KEY passes yours on")
	require.Equal(t, "does it?\n  what it wrote on stderr last:\n    starting", told(wire.TimedOut, "starting\n"))
	require.Contains(t, told(wire.TimedOut,
		"see https://docs.example.com/servers/mcp\nlistening on http://127.0.0.1:8000/mcp\nrunning on http://127.0.0.1:8000\n"),
		"does it serve http://127.0.0.1:8000/mcp and not stdin and stdout?")
	require.Equal(t, "does it?", told(wire.TimedOut, ""))
	require.Equal(t, "does it?", told(wire.Garbage, "starting\n"))
}

// Who gave credentials isn't told to give some.
func TestCredentialsThatAreNotTaken(t *testing.T) {
	refused := &wire.DialError{Kind: wire.Auth, Target: "http://host/mcp", Detail: "HTTP 401", Hint: wire.GiveCredentials}
	var none, wrong target.Target
	wrong.Options.Header = http.Header{"Authorization": {"made-up"}}
	require.Contains(t, hint.Of(none.Unreached(refused)), "give credentials with --bearer-env")
	require.Contains(t, hint.Of(wrong.Unreached(refused)), "it doesn't take the credentials that it was given")
}
