package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mcpload/mcpload/history"
)

// childMode is the environment variable that turns this test binary into a
// stdio server.
const childMode = "WIRE_TEST_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childMode); mode != "" {
		child(mode)
		return
	}
	goleak.VerifyTestMain(m)
}

// rateLimit recognises what the fleet says.
var rateLimit = Refusal{Codes: []int{-32000, -32029, 429}, Text: regexp.MustCompile(`(?i)rate limit`)}

// A posted is a message that a fake server got.
type posted struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// read reads a posted message.
func read(t testing.TB, r *http.Request) posted {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("reading a request: %v", err)
	}
	var p posted
	if err := json.Unmarshal(body, &p); err != nil {
		t.Errorf("a request is no JSON: %v: %s", err, body)
	}
	return p
}

// reply writes a JSON reply.
func reply(w http.ResponseWriter, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, format, args...)
}

// An initializer answers the handshake of the session era, and says if it did.
func initializer(w http.ResponseWriter, p posted) bool {
	switch p.Method {
	case "initialize":
		w.Header().Set("Mcp-Session-Id", "s-1")
		var params struct {
			Version string `json:"protocolVersion"`
		}
		if err := json.Unmarshal(p.Params, &params); err != nil {
			panic(err)
		}
		reply(w, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":%q,"capabilities":{},"serverInfo":{"name":"fake","version":"1"}}}`, p.ID, params.Version)
	case "notifications/initialized":
		w.WriteHeader(http.StatusAccepted)
	case "server/discover":
		w.WriteHeader(http.StatusBadRequest)
	default:
		return false
	}
	return true
}

// serve starts a fake server of the session era whose calls are answered by
// the handler.
func serve(t testing.TB, handle func(w http.ResponseWriter, r *http.Request, p posted)) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		if p := read(t, r); !initializer(w, p) {
			handle(w, r, p)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// dial dials, and closes when the test ends.
func dial(t testing.TB, o Options) *Session {
	t.Helper()
	s, err := Dial(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, s.Close(ctx))
	})
	return s
}

// dialHTTP dials a fake server of the session era.
func dialHTTP(t testing.TB, url string) *Session {
	t.Helper()
	return dial(t, Options{Transport: HTTP, URL: url, Protocol: "2025-11-25", Refusal: rateLimit,
		Client: "c1", Timeout: 5 * time.Second})
}

// dialFails dials in vain.
func dialFails(t testing.TB, o Options) *DialError {
	t.Helper()
	s, err := Dial(t.Context(), o)
	require.Error(t, err)
	require.Nil(t, s)
	var e *DialError
	require.ErrorAs(t, err, &e)
	return e
}

// echo is a plain tool call.
var echo = history.Arrival{Client: "c1", Method: "tools/call", Tool: "echo",
	Arguments: json.RawMessage(`{"text":"hi"}`)}

// okResult is a tool result.
const okResult = `{"content":[{"type":"text","text":"hi"}]}`
