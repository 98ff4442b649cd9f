package target

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
)

// TestWhatIsReadIsListed: of each method that is wanted one request is found that the server
// answers, from what it lists, and all that is sent for it is returned.
func TestWhatIsReadIsListed(t *testing.T) {
	prompts := `"prompts":[{"name":"needs","arguments":[{"name":"who","required":true}]},{"name":"plain"}]`
	templates := `"resourceTemplates":[{"uriTemplate":"file:///fixed"},{"uriTemplate":"db://{+table}/{id}"}]`
	for _, row := range []struct {
		name    string
		wanted  []string
		results map[string]string // by method; others there are none of
		reads   []string
		sent    []string
	}{
		{"nothing is wanted", nil, map[string]string{"prompts/list": prompts}, nil, nil},
		{"a prompt that needs nothing", []string{"prompts/get"},
			map[string]string{"prompts/list": prompts, "prompts/get": `"messages":[]`},
			[]string{`prompts/get {"name":"plain"}`}, []string{"prompts/list", "prompts/get"}},
		{"one list for two", []string{"prompts/get", "completion/complete"},
			map[string]string{"prompts/list": prompts, "prompts/get": `"messages":[]`,
				"completion/complete": `"completion":{"values":[]}`},
			[]string{`prompts/get {"name":"plain"}`,
				`completion/complete {"argument":{"name":"who","value":""},"ref":{"name":"needs","type":"ref/prompt"}}`},
			[]string{"prompts/list", "prompts/get", "completion/complete"}},
		{"of a template", []string{"completion/complete"}, map[string]string{"prompts/list": `"prompts":[]`,
			"resources/templates/list": templates, "completion/complete": `"completion":{"values":[]}`},
			[]string{`completion/complete {"argument":{"name":"table","value":""},` +
				`"ref":{"type":"ref/resource","uri":"db://{+table}/{id}"}}`},
			[]string{"prompts/list", "resources/templates/list", "completion/complete"}},
		{"a resource that can't be read", []string{"resources/read"},
			map[string]string{"resources/list": `"resources":[{"uri":"a:b"},{"uri":"a:c"}]`}, nil,
			[]string{"resources/list", "resources/read"}},
		{"lists that are none", []string{"resources/read", "prompts/get"}, map[string]string{
			"resources/list": `"resources":7`, "prompts/list": `"prompts":["x",{"name":1},{}]`}, nil,
			[]string{"prompts/list", "resources/list"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var mu sync.Mutex
			var seen []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var m struct {
					ID     json.RawMessage
					Method string
				}
				_ = json.NewDecoder(r.Body).Decode(&m) // what is no request asks for nothing
				w.Header().Set("Content-Type", "application/json")
				if m.Method == "server/discover" {
					fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"supportedVersions":["2026-07-28"]}}`, m.ID)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, m.Method)
				if result, ok := row.results[m.Method]; ok {
					fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete",%s}}`, m.ID, result)
					return
				}
				fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32002,"message":"none"}}`, m.ID)
			}))
			t.Cleanup(server.Close)
			target := &Target{Options: wire.Options{Transport: wire.HTTP, URL: server.URL, Protocol: "2026-07-28"}}
			s, calls, err := Dial(t.Context(), target.Options)
			require.NoError(t, err, calls)
			t.Cleanup(func() { End(s.Close) })
			target.Options.Now = runner.NewClock().Now
			reads, sent := target.Reads(t.Context(), s, func(m string) bool { return slices.Contains(row.wanted, m) })
			var got, methods []string
			for _, a := range reads {
				got = append(got, a.Method+" "+string(a.Arguments))
			}
			for _, c := range sent {
				methods = append(methods, c.Method)
			}
			require.Equal(t, row.reads, got)
			require.Equal(t, row.sent, methods)
			mu.Lock()
			defer mu.Unlock()
			require.Equal(t, row.sent, seen, "all that was sent is returned")
		})
	}
}
