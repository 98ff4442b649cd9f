package audit

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
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
			if e := g.Header["Content-Encoding"]; e != "" {
				write = func(body []byte) []byte { return unpacked(t, e, g.Body(body)) }
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

func unpacked(t *testing.T, encoding string, body []byte) []byte {
	t.Helper()
	var r io.Reader
	var err error
	if r, err = gzip.NewReader(bytes.NewReader(body)); encoding == "deflate" {
		r, err = zlib.NewReader(bytes.NewReader(body))
	}
	require.NoError(t, err)
	out, err := io.ReadAll(r)
	require.NoError(t, err)
	return out
}

// Names by which tricks are told are one each, and what is new in each call is.
func TestTricksHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, form := range tricks() {
		// The one of all attempts that is the control of others.
		require.False(t, seen[form.name] && form.name != verdict.OtherOrder, form.name)
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

// Of a server to which new sessions are free, none is told to be so for who they say they are
// alone: one that is ours comes before them.
func TestADisguiseComesAfterASessionOfOurOwn(t *testing.T) {
	first := disguises()[1].guise(1)
	require.True(t, first.Own())
	require.Nil(t, first.Client)
	for _, form := range disguises()[2:] {
		g := form.guise(1)
		require.True(t, (g.Client != nil) != (g.Declares != ""), form.name)
	}
}

// What buys calls by the order of its headers is named as that: it comes before whatever else is
// sent in that order, and after what isn't.
func TestAnotherOrderOfHeadersComesBeforeTheTricksThatHaveIt(t *testing.T) {
	having := Having{Web: true, Call: profiles.LoadCall{Method: "tools/call", Tool: "echo"}}
	for _, list := range [][]trickForm{having.writings(), having.forgeries(), disguises(), spoken()} {
		require.Equal(t, verdict.OtherOrder, list[0].name)
		require.False(t, list[0].guise(1).Plain())
	}
	require.NotEqual(t, verdict.OtherOrder, Having{Call: having.Call}.writings()[0].name, "other transports have none")
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
	require.Equal(t, "http://h:1/mcp;audit=1", place("parameter in the url", 1, "http://h:1/mcp"))
	require.Equal(t, "http://h:1/./mcp", place("dot in the url", 1, "http://h:1/mcp"))
	require.Equal(t, "http://h:1/MCP", place("url in another case", 1, "http://h:1/mcp"))
	require.Equal(t, "http://h:1/mc%70", place("url with an escaped letter", 1, "http://h:1/mcp"))
	require.Equal(t, "http://h:1/", place("url with an escaped letter", 1, "http://h:1/"))
	require.Equal(t, "http://h/sse", place("session over HTTP+SSE", 1, "http://h/mcp"))
}

// Where a tool says that it is harmless, its texts and numbers get other values, each new; of
// others nobody knows what it does.
func TestArgumentsGetOtherValuesWhereThatDoesNoHarm(t *testing.T) {
	arguments := json.RawMessage(`{"at":4,"deep":{"a":1},"flag":true,"none":null,"text":"a \"b\""}`)
	call := profiles.LoadCall{Method: "tools/call", Tool: "echo", Arguments: arguments}
	other := history.Arrival{Method: "tools/call", Tool: "other"}
	require.Empty(t, Having{Call: call, Others: []history.Arrival{other}}.revalued())
	list := Having{Call: call, Others: []history.Arrival{other, {Method: "tools/call", Tool: "echo"}}}.revalued()
	var said []string
	for _, v := range list {
		g, ok := GuiseOf(valued(v.name, 1))
		require.True(t, ok && g.Plain(), v.name)
		for n := range 2 {
			a := history.Arrival{Arguments: arguments}
			v.change(n, &a)
			said = append(said, string(a.Arguments))
		}
	}
	rest := `"deep":{"a":1},"flag":true,"none":null,`
	require.Equal(t, []string{`{"at":5,` + rest + `"text":"a \"b\""}`, `{"at":6,` + rest + `"text":"a \"b\""}`,
		`{"at":4,` + rest + `"text":"a \"b\" 1"}`, `{"at":4,` + rest + `"text":"a \"b\" 2"}`}, said)
}

// The tool that counts executions is named for that: what it costs isn't asked here.
func TestTheCounterIsNoOtherTool(t *testing.T) {
	h := Having{Call: profiles.LoadCall{Method: "tools/call", Tool: "echo"}, Counter: "executions",
		Others: []history.Arrival{{Method: "tools/call", Tool: "executions"}, {Method: "tools/call", Tool: "add"}}}
	var names []string
	for _, v := range h.variants(tariffOf(profiles.Limit{Rate: 12, Burst: 16, Charges: []string{"*"}})) {
		names = append(names, v.name)
	}
	require.Contains(t, names, "the tool add")
	require.NotContains(t, names, "the tool executions")
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
			plain := said
			if g.Cased {
				plain = strings.ToLower(said)
				require.NotContains(t, said, `"method":"tools/call"`)
			}
			method, tool := strings.Count(plain, `"method":"tools/call"`), strings.Count(plain, `"name":"echo"`)
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
