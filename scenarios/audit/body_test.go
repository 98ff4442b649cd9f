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
	require.Equal(t, "http://h:1//mcp", place("two slashes in the url", 1, "http://h:1/mcp"))
	require.Equal(t, "http://h:1/MCP", place("url in another case", 1, "http://h:1/mcp"))
	require.Equal(t, "http://h:1/mc%70", place("url with an escaped letter", 1, "http://h:1/mcp"))
	require.Equal(t, "http://h:1/", place("url with an escaped letter", 1, "http://h:1/"))
	require.Equal(t, "http://h/sse", place("session over HTTP+SSE", 1, "http://h/mcp"))
}

// A message of which programs may read different things has what the plain one has, and
// says once which call it is.
func TestOddMessagesHoldTheCall(t *testing.T) {
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":{"c":{"name":"x"}},"name":"echo","arguments":{}}}`,
	} {
		for _, form := range oddForms() {
			g := form.guise(1)
			said := string(g.Body([]byte(body)))
			require.NotEqual(t, body, said, form.name)
			require.Equal(t, form.name != "message that is cut short", json.Valid([]byte(strings.TrimPrefix(said,
				"\ufeff"))), form.name)
			method, tool := strings.Count(said, `"method":"tools/call"`), strings.Count(said, `"name":"echo"`)
			require.Equal(t, []int{1, 1}, []int{method, tool}, form.name)
			require.Contains(t, said, `"id":7`)
			other, _, _ := strings.Cut(strings.TrimPrefix(form.name, "message with another "), " ")
			at := map[string][]string{"method": {`"method":"ping"`, `"method":"tools/call"`},
				"tool": {`"name":"` + unknownTool + `"`, `"name":"echo"`}}[other]
			require.Equal(t, at != nil, g.Carried, form.name)
			if at != nil {
				require.Equal(t, strings.HasSuffix(form.name, "before its own"), strings.Index(said, at[0]) <
					strings.Index(said, at[1]), form.name)
				require.Contains(t, said, at[0])
			}
		}
	}
	require.Equal(t, "\uff45\uff43\uff48\uff4f", widened("echo"))
	require.NotEqual(t, "echo", lookAlike.Replace("echo"))
}
