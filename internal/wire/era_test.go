package wire

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEncode(t *testing.T) {
	session := era{revision: "2025-11-25", sessionID: "s-1"}
	modern := statelessEra("2026-07-28", Options{Name: "n", Version: "v"})
	const meta = `{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"n","version":"v"},"io.modelcontextprotocol/protocolVersion":"2026-07-28"}`
	rows := []struct {
		name         string
		era          era
		id           int64
		method, tool string
		arguments    string
		want         string
		header       http.Header
	}{
		{"call", session, 5, "tools/call", "echo", "{\n\"a\": \"x\\ny\"}",
			`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":{"a":"x\ny"}}}`,
			http.Header{"Mcp-Session-Id": {"s-1"}, "Mcp-Protocol-Version": {"2025-11-25"}}},
		{"call without arguments", era{revision: "2025-03-26"}, 5, "tools/call", `e"`, "",
			`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"e\"","arguments":{}}}`, http.Header{}},
		{"ping before a version", era{}, 1, "ping", "", "", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, http.Header{}},
		{"notification", era{revision: "2025-06-18"}, 0, "notifications/x", "", `{"a":1}`,
			`{"jsonrpc":"2.0","method":"notifications/x","params":{"a":1}}`,
			http.Header{"Mcp-Protocol-Version": {"2025-06-18"}}},
		{"modern call", modern, 5, "tools/call", "echo", `{"a":1}`,
			`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"_meta":` + meta +
				`,"name":"echo","arguments":{"a":1}}}`,
			http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"echo"}}},
		{"modern call of an odd name", modern, 5, "tools/call", "世界", ``,
			`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"_meta":` + meta + `,"name":"世界","arguments":{}}}`,
			http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"},
				"Mcp-Name": {"=?base64?5LiW55WM?="}}},
		{"modern discover", modern, 1, "server/discover", "", "",
			`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":` + meta + `}}`,
			http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"server/discover"}}},
		{"modern read", modern, 1, "resources/read", "", `{"uri":"file:///a"}`,
			`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"_meta":` + meta + `,"uri":"file:///a"}}`,
			http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"resources/read"},
				"Mcp-Name": {"file:///a"}}},
		{"modern get", modern, 1, "prompts/get", "", `{"name":"p"}`,
			`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"_meta":` + meta + `,"name":"p"}}`,
			http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"prompts/get"}, "Mcp-Name": {"p"}}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			q, err := row.era.encode(row.id, row.method, row.tool, json.RawMessage(row.arguments))
			require.NoError(t, err)
			require.Equal(t, row.want, string(q.body))
			require.Equal(t, row.header, q.header)
			require.NotContains(t, string(q.body), "\n")
		})
	}
}

func TestEncodeKeepsMeta(t *testing.T) {
	e := statelessEra("2026-07-28", Options{Name: "n", Version: "v"})
	q, err := e.encode(1, "tools/list", "",
		json.RawMessage(
			`{"_meta":{"progressToken":7,"io.modelcontextprotocol/protocolVersion":"1900-01-01"},"cursor":"c"}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"c","_meta":{"progressToken":7,
		"io.modelcontextprotocol/protocolVersion":"1900-01-01","io.modelcontextprotocol/clientCapabilities":{},
		"io.modelcontextprotocol/clientInfo":{"name":"n","version":"v"}}}}`, string(q.body))
	q, err = e.encode(1, "x", "", json.RawMessage(`{"a":"\"_meta\""}`))
	require.NoError(t, err)
	require.Contains(t, string(q.body), `"a":"\"_meta\""`)
}

func TestEncodeRefuses(t *testing.T) {
	for _, bad := range []string{`[1]`, `7`, `null`, `{`, `{}{}`, `"x"`} {
		_, err := era{}.encode(1, "tools/call", "t", json.RawMessage(bad))
		require.ErrorIs(t, err, errParams, bad)
	}
}

// The rows are the table of the specification, and its edges.
func TestHeaderValue(t *testing.T) {
	for in, want := range map[string]string{
		"us-west1":            "us-west1",
		"Hello, 世界":           "=?base64?SGVsbG8sIOS4lueVjA==?=",
		" padded ":            "=?base64?IHBhZGRlZCA=?=",
		"line1\nline2":        "=?base64?bGluZTEKbGluZTI=?=",
		"=?base64?literal?=":  "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=",
		"=?base64?open":       "=?base64?open",
		"a\tb":                "a\tb",
		"a\x7f":               "=?base64?YX8=?=",
		"":                    "",
		"two words, one line": "two words, one line",
	} {
		require.Equal(t, want, headerValue(in))
	}
}

func TestParamHeaders(t *testing.T) {
	p := paramHeaders{}
	p.learn("sql", json.RawMessage(`{"type":"object","x-mcp-header":"Root","properties":{
		"region":{"type":"string","x-mcp-header":"Region"},
		"deep":{"properties":{"n":{"type":"integer","x-mcp-header":"deep-n"},"b":{"x-mcp-header":"B"}}},
		"list":{"items":{"properties":{"x":{"x-mcp-header":"Never"}}}},
		"bad":{"x-mcp-header":"a b"},"bad2":{"x-mcp-header":"a\r\nb"},"bad3":{"x-mcp-header":""},"odd":7}}`))
	p.learn("broken", json.RawMessage(`[`))
	header := func(tool, arguments string) http.Header {
		h := http.Header{}
		p.add(h, tool, json.RawMessage(arguments))
		return h
	}
	require.Equal(t, http.Header{"Mcp-Param-Region": {"us"}, "Mcp-Param-Deep-N": {"-7"}, "Mcp-Param-B": {"true"}},
		header("sql", `{"region":"us","deep":{"n":-7,"b":true},"bad":"x","list":[{"x":"y"}]}`))
	require.Equal(t, http.Header{"Mcp-Param-Region": {"=?base64?IHg=?="}}, header("sql", `{"region":" x","deep":7}`))
	require.Empty(t, header("sql", `{"region":null,"deep":{"n":1.5,"b":{}}}`))
	require.Empty(t, header("sql", ``))
	require.Empty(t, header("other", `{"region":"us"}`))
	require.Empty(t, header("broken", `{}`))
}

func TestRespond(t *testing.T) {
	ping := one(t, `{"jsonrpc":"2.0","id":"a","method":"ping"}`)
	q, ok := era{revision: "2025-06-18", sessionID: "s"}.respond(ping, Answers{})
	require.True(t, ok)
	require.Equal(t, `{"jsonrpc":"2.0","id":"a","result":{}}`, string(q.body))
	require.Equal(t, []string{"s"}, q.header["Mcp-Session-Id"])
	q, ok = era{}.respond(one(t, `{"jsonrpc":"2.0","id":4,"method":"roots/list"}`), Answers{})
	require.True(t, ok)
	require.Contains(t, string(q.body), `"id":4,"error":{"code":-32601`)
	_, ok = era{stateless: true}.respond(ping, Answers{})
	require.False(t, ok)
}

func TestRevisions(t *testing.T) {
	require.True(t, isStateless("2026-07-28"))
	require.True(t, isStateless("2027-01-01"))
	require.False(t, isStateless("2025-11-25"))
	require.True(t, isRevision("2025-11-25"))
	require.False(t, isRevision("2025-13-25"))
	require.False(t, isRevision("latest"))
}

func TestRedactor(t *testing.T) {
	r := newRedactor(nil, http.Header{"Authorization": {"Bearer tok-123456"}, "X-Key": {"abc"},
		"Accept": {"application/json"}},
		"http://user:hunter22@h/p?api_key=qwertyuiop&v=1")
	require.Equal(t, "no [redacted], no [redacted], no [redacted]; [redacted] application/json Bearer",
		r.finish("no tok-123456, no hunter22, no qwertyuiop; abc application/json Bearer"))
	require.Equal(t, "Bearer [redacted]", r.finish("Bearer tok-123456"))
	require.Equal(t, "x", redactor(nil).finish("x"))
	require.Equal(t, "own", newRedactor(func(string) string { return "own" }, nil, "").finish("x"))
	require.Equal(t, "http://h/p", publicURL("http://user:hunter22@h/p?api_key=qwertyuiop#f"))
	require.Equal(t, "the URL", publicURL("http://h/%zz"))
}
