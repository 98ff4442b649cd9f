package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A template writes exactly the requests that the plain path writes: the same
// headers and the same body, for any arguments in either era.
func TestTemplateIsThePlainRequest(t *testing.T) {
	u, err := url.Parse("http://user:word@127.0.0.1:9/mcp?k=v")
	require.NoError(t, err)
	params := paramHeaders{}
	params.learn("mirrored", json.RawMessage(`{"properties":{"r":{"x-mcp-header":"R"}}}`))
	modern := statelessEra("2026-07-28", Options{Name: "n", Version: "v"})
	modern.params = params
	eras := []era{{revision: "2025-11-25", sessionID: "s-1"}, {revision: "2024-11-05"}, modern}
	methods := []string{"tools/call", "tools/list", "ping", "prompts/get", "resources/read", "odd \"method\"",
		"notifications/x"}
	tools := []string{"", "echo", "mirrored", "t\u00e4g", "_meta"}
	arguments := []string{"", "{}", `{"text":"hi"}`, `{ "text" : "h i" }`, `{"_meta":{"a":1}}`,
		`{"r":"x","uri":"file:///a","name":"p"}`,
		`{"a":[1,{"b":"\"x y\""}]}`, `[1]`, `{"a":1}x`, `nonsense`, `{"text":"_meta"}`}

	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(eras).Draw(t, "era")
		method, tool := rapid.SampledFrom(methods).Draw(t, "method"), rapid.SampledFrom(tools).Draw(t, "tool")
		args := json.RawMessage(rapid.SampledFrom(arguments).Draw(t, "arguments"))
		id := rapid.Int64Range(1, 1<<40).Draw(t, "id")
		s := &Session{}
		s.era.Store(&e)
		p := newPoster(Options{URL: u.String(), Header: http.Header{"X-Own": {"1", "2"}, "Host": {"other.example"}},
			Name: "n", Version: "v"})
		tmpl := newTemplate(s, u, p.header)

		want, wantErr := e.encode(id, method, tool, args)
		var raw []byte
		var err error
		for range 2 { // the second time from what the first one learnt
			raw, err = tmpl.request(nil, marks{id: e.sessionID}, id, method, tool, args)
		}
		require.Equal(t, wantErr == nil, err == nil)
		if err != nil {
			return
		}
		q, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		require.NoError(t, err)
		body, err := io.ReadAll(q.Body)
		require.NoError(t, err)
		require.Equal(t, string(want.body), string(body))
		require.Equal(t, "/mcp?k=v", q.RequestURI)
		require.Equal(t, "other.example", q.Host)
		header := p.header.Clone()
		for name, values := range postHeader(want) {
			header[name] = values
		}
		header.Del("Host")
		q.Header.Del("Content-Length")
		require.Equal(t, header, q.Header)
	})
}
