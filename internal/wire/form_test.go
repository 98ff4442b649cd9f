package wire

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A reply is ours whose id is what was sent, however it is spelled.
func TestAnIDIsSpelledInManyWays(t *testing.T) {
	for _, row := range []struct {
		sent, got string
		same      bool
	}{
		{`"7"`, `"7"`, true}, {`"7"`, `7`, true}, {`"7"`, `8`, false}, {`"audit-7"`, `"audit-7"`, true},
		{`"audit-7"`, `"audit-8"`, false}, {`7.5`, `7.5`, true}, {`7.5`, `7.50e0`, true}, {`7.5`, `7`, false},
		{`7.5`, `"7.5"`, false}, {`7.5`, `null`, false},
	} {
		c := collector{want: 9, spelt: row.sent, strays: &strayLog{}, issued: func(int64) bool { return false }}
		c.text([]byte(`{"jsonrpc":"2.0","id":`+row.got+`,"result":{}}`), 1)
		require.Equal(t, row.same, c.reply != nil, "%s for %s", row.got, row.sent)
	}
}

// A request goes by another method, or in chunks of which the server is told no length, where
// its form says so.
func TestAFormChangesTheRequestOverHTTP(t *testing.T) {
	var methods []string
	var chunked []bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost && r.Method != http.MethodPut {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		p := read(t, r)
		if p.Method == "tools/call" {
			methods, chunked = append(methods, r.Method), append(chunked, len(r.TransferEncoding) > 0)
		}
		if !initializer(w, p) {
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":{}}`, p.ID)
		}
	}))
	t.Cleanup(server.Close)
	s := dial(t, Options{URL: server.URL, Transport: HTTP})
	a := history.Arrival{Method: "tools/call", Tool: "echo"}
	for _, f := range []Form{{}, {Method: http.MethodPut}, {Chunks: true}} {
		require.Equal(t, history.OK, s.ExchangeAs(t.Context(), a, f).Outcome)
	}
	require.Equal(t, []string{"POST", "PUT", "POST"}, methods)
	require.Equal(t, []bool{false, false, true}, chunked)
}
