package conform_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// TestAddressesOfRFC3986: an address may have escapes in its host, and letters of other
// scripts are let pass; one without a scheme or with a space in it is none.
func TestAddressesOfRFC3986(t *testing.T) {
	for uri, want := range map[string]conform.State{
		"note://my%20notes": conform.Pass, "note://a%2Fb:8080/x?y#z": conform.Pass, "urn:isbn:045": conform.Pass,
		"note://user:pa%20ss@host/": conform.Pass, "http://[::1]:80/": conform.Pass, "file:///C:/a": conform.Pass,
		"メモ.example:x": conform.Fail, "note://日本語/メモ": conform.Pass, "data:,": conform.Pass, "x://": conform.Pass,
		"a.txt": conform.Fail, "/a/b": conform.Fail, "note://my notes": conform.Fail, "note://%zz": conform.Fail,
		"7://a": conform.Fail, "db://table:column/x": conform.Fail, "note://[::1": conform.Fail, "": conform.Fail,
		"note://a\nb": conform.Fail,
	} {
		spelt, err := json.Marshal(uri)
		require.NoError(t, err)
		l := &said{transport: conform.HTTP}
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			if m.Method != "resources/list" {
				return nil
			}
			r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"resources":[{"name":"a","uri":%s}]}}`, m.ID, spelt)
			return &r
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511}, "P09")
		assert.Equal(t, want, got["P09"], uri)
	}
}

// TestOlderErasMayAsk: rows that ask if older revisions are spoken begin sessions of those,
// in which a server may ask, and whose streams have no headers of the newer one.
func TestOlderErasMayAsk(t *testing.T) {
	for transport, ids := range map[string][]string{conform.Stdio: {"D08", "S05"}, conform.HTTP: {"D08", "H21", "H23"}} {
		for asking, want := range map[string]conform.State{"initialize": conform.Pass, "tools/list": conform.Fail} {
			l := &said{transport: transport}
			l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
				r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete","tools":[],"capabilities":{"tools":{}},`+
					`"supportedVersions":["2026-07-28","2025-11-25"],"protocolVersion":"2025-11-25"}}`, m.ID)
				if transport == conform.HTTP {
					r.Header = http.Header{"Content-Type": {"text/event-stream"}}
					if m.Method != asking {
						r.Header.Set("X-Accel-Buffering", "no")
					}
				}
				if m.Method == asking {
					ask := conform.ReadMessages([]byte(`{"jsonrpc":"2.0","id":"a","method":"ping"}`))
					r.Messages = append(ask, r.Messages...)
				}
				return &r
			}
			got := tried(t, l, conform.Options{Revision: conform.R2026}, append(ids, "T04")...)
			for _, id := range ids[1:] {
				assert.Equal(t, want, got[id], "%s %s", id, asking)
			}
			assert.Equal(t, conform.Pass, got["D08"])
		}
	}
}

// TestReportsOfTheCallBefore: over lines a report may come behind its answer, which is no
// MUST, and then stands among those of the next call. A token that nobody gave is another
// matter, as is progress that falls.
func TestReportsOfTheCallBefore(t *testing.T) {
	for name, want := range map[string]conform.State{"late": conform.Pass, "foreign": conform.Fail,
		"falls": conform.Fail} {
		l := &said{transport: conform.Stdio}
		before := json.RawMessage(nil)
		l.odd = func(_ conform.Request, m conform.Message) *conform.Reply {
			tool := `{"name":"%s","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}`
			var in struct {
				Meta struct {
					Token json.RawMessage `json:"progressToken"`
				} `json:"_meta"`
			}
			_ = json.Unmarshal(m.Params, &in) // without any there is no token
			switch {
			case m.Method == "tools/list":
				r := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[`+fmt.Sprintf(tool, "a")+","+fmt.Sprintf(tool, "b")+
					`]}}`, m.ID)
				return &r
			case m.Method != "tools/call":
				return nil
			}
			all := `[`
			report := func(token []byte, value int) {
				all += fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress",`+
					`"params":{"progressToken":%s,"progress":%d}},`, token, value)
			}
			if in.Meta.Token != nil {
				switch {
				case name == "late" && before != nil:
					report(before, 1)
				case name == "foreign":
					report([]byte(`"b-1"`), 1)
				case name == "falls":
					report(in.Meta.Token, 9)
				}
				report(in.Meta.Token, 1)
				report(in.Meta.Token, 2)
				before = in.Meta.Token
			}
			r := l.reply(all+`{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}]`, m.ID)
			return &r
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511}, "X01")
		assert.Equal(t, want, got["X01"], name)
	}
}

// TestAPostThatIsRefused: a post of what is no JSON may be refused as a post.
func TestAPostThatIsRefused(t *testing.T) {
	for status, want := range map[int]conform.State{http.StatusBadRequest: conform.Pass,
		http.StatusInternalServerError: conform.Fail, http.StatusAccepted: conform.Fail} {
		l := &said{transport: conform.SSE, odd: func(r conform.Request, _ conform.Message) *conform.Reply {
			if json.Valid(r.Body) {
				return nil
			}
			return &conform.Reply{Status: status, Body: []byte("bad JSON")}
		}}
		got := tried(t, l, conform.Options{Revision: conform.R2511}, "R05-lines")
		assert.Equal(t, want, got["R05-lines"], status)
	}
}

// TestHowLongNothingIsWaitedFor: a server that takes now this long and now that is given the
// time of its slower answers.
func TestHowLongNothingIsWaitedFor(t *testing.T) {
	n, within := 0, time.Duration(0)
	l := &said{transport: conform.Stdio}
	l.odd = func(r conform.Request, m conform.Message) *conform.Reply {
		switch {
		case m.Method == "ping":
			reply := l.reply(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
			if n++; n == 1 {
				reply.Took = 900 * time.Millisecond
			}
			return &reply
		case strings.HasPrefix(string(r.Body), `{"jsonrpc":"2.0","id":1,"method":`) && !json.Valid(r.Body):
			within = r.Within
		}
		return nil
	}
	tried(t, l, conform.Options{Revision: conform.R2511}, "R04", "R05-lines")
	assert.GreaterOrEqual(t, within, 900*time.Millisecond)
}

// TestMetadataAtOddPlaces: metadata may have been moved, and addresses may name the port that
// goes without saying. What has been moved to where isn't asked shows nothing.
func TestMetadataAtOddPlaces(t *testing.T) {
	const url = "https://mcp.example:443/mcp"
	for name, want := range map[string][3]conform.State{
		"as they are":        {conform.Pass, conform.Pass, conform.Pass},
		"moved":              {conform.Pass, conform.Pass, conform.Pass},
		"moved round":        {conform.NotTestable, conform.NotTestable, conform.NotTestable},
		"moved to plaintext": {conform.NotTestable, conform.NotTestable, conform.NotTestable},
		"of another port":    {conform.Pass, conform.Fail, conform.Pass},
		"not there":          {conform.Fail, conform.NotTestable, conform.NotTestable},
	} {
		document := `{"resource":"https://mcp.example/mcp","authorization_servers":["https://mcp.example"]}`
		if name == "of another port" {
			document = strings.Replace(document, "example/mcp", "example:8443/mcp", 1)
		}
		l := &said{transport: conform.HTTP}
		l.odd = func(r conform.Request, _ conform.Message) *conform.Reply {
			moved := func(to string) *conform.Reply {
				return &conform.Reply{Status: http.StatusFound, Header: http.Header{"Location": {to}}}
			}
			switch {
			case strings.HasSuffix(r.Path, "/.well-known/oauth-authorization-server"):
				return &conform.Reply{Status: http.StatusOK, Body: []byte(`{"issuer":"https://mcp.example",` +
					`"code_challenge_methods_supported":["S256"]}`)}
			case r.Verb == http.MethodGet && name == "not there":
				return &conform.Reply{Status: http.StatusNotFound}
			case r.Verb == http.MethodGet && name == "moved round":
				return moved(r.Path + "/on")
			case r.Verb == http.MethodGet && name == "moved to plaintext":
				return moved("http://other.example/meta")
			case r.Verb == http.MethodGet && name == "moved" && !strings.HasSuffix(r.Path, "/b/meta"):
				return moved("./b/meta")
			case r.Verb == http.MethodGet:
				return &conform.Reply{Status: http.StatusOK, Body: []byte(document)}
			case r.Bare:
				return &conform.Reply{Status: http.StatusUnauthorized, Header: http.Header{"Www-Authenticate": {
					`Bearer resource_metadata="https://mcp.example/meta"`}}}
			}
			return nil
		}
		got := tried(t, l, conform.Options{Revision: conform.R2511, Bearer: true, URL: url}, "A02", "A03", "A04")
		assert.Equal(t, want, [3]conform.State{got["A02"], got["A03"], got["A04"]}, name)
	}
}

// TestOlderSessionsThatAreNotNamed: a server may begin sessions of an older revision, and name
// in its discovery the newest only. Then GET and DELETE are those sessions'.
func TestOlderSessionsThatAreNotNamed(t *testing.T) {
	for both, want := range map[bool]conform.State{true: conform.NotTestable, false: conform.Fail} {
		l := &said{transport: conform.HTTP}
		l.odd = func(r conform.Request, m conform.Message) *conform.Reply {
			switch {
			case r.Verb != "" || r.Header.Get("Last-Event-Id") != "":
				return &conform.Reply{Status: http.StatusBadRequest}
			case m.Method == "initialize" && !both:
				reply := l.reply(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"2026-07-28 only"}}`, m.ID)
				return &reply
			}
			return nil
		}
		got := tried(t, l, conform.Options{Revision: conform.R2026}, "H06", "H24")
		assert.Equal(t, map[string]conform.State{"H06": want, "H24": want}, got, both)
	}
}
