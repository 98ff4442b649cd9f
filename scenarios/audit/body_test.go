package audit

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// However a message is written, it says the same; only who sends it may be another.
func TestAMessageWrittenInAnotherWaySaysTheSame(t *testing.T) {
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"a":1}}}`,
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":{"x":1},"name":"echo","arguments":{}}}`,
	} {
		for _, form := range append(bodyForms(), transportForms()...) {
			g := form.guise(1)
			write := g.Body
			if write == nil || form.name == "message with a progress token" {
				continue
			}
			if g.Header["Content-Encoding"] == "gzip" {
				write = func(body []byte) []byte { return unpacked(t, g.Body(body)) }
				require.NotEqual(t, body, string(g.Body([]byte(body))))
				require.Equal(t, body, string(write([]byte(body))))
				continue
			}
			said := string(write([]byte(body)))
			require.NotEqual(t, body, said, form.name)
			require.JSONEq(t, body, said, form.name)
		}
		var m struct {
			Method string
			Params struct {
				Name string
				Meta map[string]json.RawMessage `json:"_meta"`
			}
		}
		require.NoError(t, json.Unmarshal(saying("one")([]byte(body)), &m))
		require.Equal(t, "echo", m.Params.Name)
		require.JSONEq(t, `{"name":"one","version":"1"}`, string(m.Params.Meta[clientInfo]))
		require.Equal(t, strings.Contains(body, `"x"`), m.Params.Meta["x"] != nil)
		require.NoError(t, json.Unmarshal(progressing([]byte(body)), &m))
		require.Equal(t, "7", string(m.Params.Meta["progressToken"]), "a token is no other call's")
		require.NotContains(t, string(escaped([]byte(body))), "tools/call")
	}
}

func unpacked(t *testing.T, body []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(body))
	require.NoError(t, err)
	out, err := io.ReadAll(r)
	require.NoError(t, err)
	return out
}

// Names by which tricks are told are one each, and what is new in each call is.
func TestTricksHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, form := range tricks() {
		require.False(t, seen[form.name], form.name)
		require.NotContains(t, form.name, " #")
		seen[form.name] = true
		for name, format := range form.guise(1).Fresh {
			require.Equal(t, http.CanonicalHeaderKey(name), name)
			one, two := fmt.Sprintf(format, 1), fmt.Sprintf(format, 2)
			require.NotEqual(t, one, two)
			require.NotContains(t, one+two, "%!", name)
		}
		for name := range form.guise(1).Header {
			require.Equal(t, http.CanonicalHeaderKey(name), name, form.name)
		}
	}
}

// A server may end the session that a batch comes in: no other call goes by that one, unless
// nothing but the first session has the limit that is asked.
func TestBatchesComeInSessionsOfTheirOwn(t *testing.T) {
	for _, form := range batches(false) {
		require.True(t, form.guise(1).Own(), form.name)
	}
	require.Len(t, batches(true), 3)
	require.False(t, batches(true)[2].guise(1).Own())
}

// Urls that are spelled in another way are other texts of the same place.
func TestPlacesAreSpelledInOtherWays(t *testing.T) {
	place := func(name string, n int, raw string) string {
		g, ok := GuiseOf(valued(name, n))
		require.True(t, ok, name)
		return g.Place(raw)
	}
	require.Equal(t, "http://127.0.0.1:1/mcp?audit=2", place("query in the url", 2, "http://127.0.0.1:1/mcp"))
	require.Equal(t, "http://127.0.0.1:1/mcp/", place("slash at the end of the url", 1, "http://127.0.0.1:1/mcp"))
	require.Equal(t, "http://127.0.0.1:1/mcp", place("slash at the end of the url", 1, "http://127.0.0.1:1/mcp/"))
	require.Equal(t, "http://localhost:1/mcp", place("other name of this machine", 1, "http://127.0.0.1:1/mcp"))
	require.Equal(t, "http://[::1]:1/mcp", place("other name of this machine", 2, "http://127.0.0.1:1/mcp"))
	require.Equal(t, "http://127.0.0.1:1/mcp", place("other name of this machine", 1, "http://[::1]:1/mcp"))
	require.Equal(t, "http://h/sse", place("session over HTTP+SSE", 1, "http://h/mcp"))
}
