package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/jsonscan"
)

func TestMessage(t *testing.T) {
	m := one(t,
		` {"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"a\nb"},{"text":"c","x":[{}]}],"isError":true,"resultType":"complete"},"extra":[1,{"id":9}]} `)
	require.True(t, m.response())
	require.True(t, m.id.is(7))
	require.True(t, m.isError)
	require.Equal(t, "complete", m.resultType)
	require.Len(t, m.contents, 2)
	require.Equal(t, "a\nb", unquote(m.contents[0]))
	require.JSONEq(t,
		`{"content":[{"type":"text","text":"a\nb"},{"text":"c","x":[{}]}],"isError":true,"resultType":"complete"}`,
		string(m.result))

	m = one(t, `{"error":{"data":{"a":[1]},"message":"no\u0020way","code":-32000.0},"id":null,"jsonrpc":"2.0"}`)
	require.True(t, m.failed)
	require.Equal(t, -32000, m.code)
	require.Equal(t, "no way", m.text)
	require.Equal(t, `{"a":[1]}`, string(m.data))
	require.False(t, m.id.present)

	m = one(t, `{"jsonrpc":"2.0","id":"x","method":"ping"}`)
	require.True(t, m.request())
	m = one(t, `{"jsonrpc":"2.0","method":"notifications/x","params":{"result":1}}`)
	require.False(t, m.request())
	require.False(t, m.response())
	m = one(t, `{"jsonrpc":"2.0","\u0069d":3,"result":{}}`)
	require.True(t, m.id.is(3), "an escaped name is the same name")

	m = one(t, "{ \"jsonrpc\" :\t\"2.0\" ,\r\n \"id\" : 7 , \"method\" :\n\"ping\" , \"params\" : { } }")
	require.True(t, m.request(), "white space stands anywhere between")
	require.Equal(t, "ping", m.method)
	require.True(t, m.id.is(7))
	m = one(t, `{ "jsonrpc" : "2.0" , "id" : 7 , "error" : { "code" : -32000 , "message" : "no" , "data" : [ 1 ] } }`)
	require.Equal(t, -32000, m.code)
	require.Equal(t, "no", m.text)
}

func TestMessageFaults(t *testing.T) {
	deep := strings.Repeat("[", jsonscan.MostDepth+1) + strings.Repeat("]", jsonscan.MostDepth+1)
	rows := []struct{ name, text, want string }{
		{"no version", `{"id":1,"result":{}}`, "JSON-RPC 2.0"},
		{"no value", `{"jsonrpc":"2.0","id":1,"method":"x","params":}`, "a value"},
		{"no item", `{"jsonrpc":"2.0","id":1,"method":"x","params":[1,]}`, "a value"},
		{"version 1", `{"jsonrpc":"1.0","id":1,"result":{}}`, "JSON-RPC 2.0"},
		{"version as a number", `{"jsonrpc":2.0,"id":1,"result":{}}`, "a string"},
		{"result and error", `{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1}}`, "either a result or an error"},
		{"neither", `{"jsonrpc":"2.0","id":1}`, "either a result or an error"},
		{"request and response", `{"jsonrpc":"2.0","id":1,"method":"x","result":{}}`, "both request and response"},
		{"result twice", `{"jsonrpc":"2.0","id":1,"result":{},"result":{}}`, "twice"},
		{"id twice", `{"jsonrpc":"2.0","id":1,"id":2,"result":{}}`, "twice"},
		{"result is a text", `{"jsonrpc":"2.0","id":1,"result":"ok"}`, "no object"},
		{"result is null", `{"jsonrpc":"2.0","id":1,"result":null}`, "no object"},
		{"error is a text", `{"jsonrpc":"2.0","id":1,"error":"bad"}`, "an object"},
		{"error without code", `{"jsonrpc":"2.0","id":1,"error":{"message":"m"}}`, "without a code"},
		{"code is a text", `{"jsonrpc":"2.0","id":1,"error":{"code":"-32000"}}`, "no integer"},
		{"code has a fraction", `{"jsonrpc":"2.0","id":1,"error":{"code":1.5}}`, "no integer"},
		{"a number", `7`, "an object"},
		{"a text", `"x"`, "an object"},
		{"a nested batch", `[[]]`, "an object"},
		{"a cut batch", `[{"jsonrpc":"2.0","id":1,"result":{}}`, "too early"},
		{"nul", "\x00", "an object"},
		{"too deep", `{"jsonrpc":"2.0","id":1,"result":{"a":` + deep + `}}`, "nested deeper"},
		{"control character", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":\"\x01\"}}", "a character or an escape"},
		{"a bad escape", `{"jsonrpc":"2.0","id":1,"result":{"a":"\x"}}`, `one of "\/bfnrtu`},
		{"a bad \\u", `{"jsonrpc":"2.0","id":1,"result":{"a":"\u12G4"}}`, "hexadecimal"},
		{"a leading zero", `{"jsonrpc":"2.0","id":01,"result":{}}`, "',' or '}'"},
		{"empty method", `{"jsonrpc":"2.0","method":""}`, "empty"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			n := 0
			err := readMessages([]byte(row.text), func(*message) { n++ })
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestIDs(t *testing.T) {
	rows := []struct {
		raw  string
		is5  bool
		seen bool
	}{
		{"5", true, true}, {"5.0", true, true}, {"5e0", true, true}, {"0.5e1", true, true}, {"50e-1", true, true},
		{`"5"`, true, true}, {`"05"`, false, true}, {`"+5"`, false, true}, {`""`, false, true}, {`"5 "`, false, true},
		{"5.5", false, true}, {"-5", false, true}, {"null", false, false},
		{"true", false, true}, {"[5]", false, true}, {"{}", false, true}, {"1e400", false, true},
		{"9007199254740993.0", false, true}, {"6", false, true},
	}
	for _, row := range rows {
		m := one(t, `{"jsonrpc":"2.0","id":`+row.raw+`,"result":{}}`)
		require.Equal(t, row.is5, m.id.is(5), row.raw)
		require.Equal(t, row.seen, m.id.present, row.raw)
	}
	big := one(t, `{"jsonrpc":"2.0","id":9223372036854775807,"result":{}}`)
	require.True(t, big.id.is(9223372036854775807))
	require.False(t, big.id.is(9223372036854775806))
}

// slowly reads a message with encoding/json, where it is a plain response.
func slowly(text []byte) (map[string]json.RawMessage, bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	var members map[string]json.RawMessage
	if d.Decode(&members) != nil || d.More() || members == nil {
		return nil, false
	}
	return members, true
}

func FuzzReply(f *testing.F) {
	files, err := filepath.Glob("testdata/replies/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c := cursorOver(text)
		_, err := c.Value()
		c.Space()
		mine := err == nil && c.Pos == len(text)
		if theirs := json.Valid(text); mine != theirs && (err == nil || !strings.Contains(err.Error(), "nested")) {
			t.Fatalf("valid: %v, encoding/json says %v", mine, theirs)
		}
		var got []*message
		if readMessages(text, func(m *message) { got = append(got, m) }) != nil || len(got) != 1 {
			return
		}
		m := got[0]
		members, ok := slowly(text)
		if !ok {
			return // a batch
		}
		require.Equal(t, members["error"] != nil, m.failed)
		require.Equal(t, string(members["result"]), string(m.result))
		if m.failed {
			var e struct {
				Code    json.Number
				Message any
			}
			require.NoError(t, json.Unmarshal(members["error"], &e))
		}
		for _, quoted := range m.contents {
			var s string
			require.NoError(t, json.Unmarshal(quoted, &s))
			require.Equal(t, s, unquote(quoted))
		}
		// Whatever was read can be judged and printed.
		r := rateLimit.classify(response{method: methodCall, reply: m})
		require.NotContains(t, r.detail, "\n")
	})
}

func TestExcerpt(t *testing.T) {
	secret := "Zk93jdLs82jfQp01xxYYabcdEF77"
	clean := newRedactor(nil, http.Header{"Authorization": {"Bearer " + secret}}, "")
	finished := func(text string) string { return clean.finish(excerpt([]byte(text))) }
	require.Equal(t, "a b", finished("  a \n\t b "))
	require.Equal(t, "?[31mred", finished("\x1b[31mred"))
	require.Equal(t, "h? é", finished("h\xff é"))
	require.Equal(t, ": :error::x", finished("\r\n::error::x"))
	long := finished(strings.Repeat("é", 1000))
	require.LessOrEqual(t, len(long), excerptLen+8)
	require.True(t, strings.HasSuffix(long, " …"))
	require.NotContains(t, long, "?")
	// Wherever a text is cut, no more of a secret is left than chance may write.
	for _, before := range []int{0, 100, excerptLen - 30, excerptLen - 12, excerptLen - 1, excerptLen,
		mostKept - leastTaken - 10, mostKept - 20, mostKept - 1} {
		for _, filler := range []string{"x", secret + " ", "é "} {
			text := strings.Repeat(filler, before/len(filler)+1)[:before] + " " + secret
			require.NotContains(t, finished(text), secret[:8], "%d of %q before it", before, filler)
			require.NotContains(t, finished(text+" and more"), secret[:8], "%d of %q before it", before, filler)
		}
	}
}

func TestStraysBounded(t *testing.T) {
	var l strayLog
	for i := range 10 * maxStrays {
		l.add(NotMCP, 0, 0, fmt.Appendf(nil, "line %d", i))
	}
	l.add(Late, 5, 9, []byte("x"))
	all := l.all()
	require.Len(t, all, maxStrays+1)
	require.Equal(t, "line 0", all[0].Text)
	require.Equal(t, 10*maxStrays, all[0].Count)
	require.Equal(t, Stray{Kind: Late, At: 5, ID: 9, Text: "x", Count: 1}, all[maxStrays])
	require.False(t, l.answeredTwice(9))
}
