package apikey_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/apikey"
)

// contexts are texts of programs around a credential that say what it is.
var contexts = map[string]func(v string) string{
	"query": func(v string) string {
		return "GET https://api.example.com/v1/x?api_key=" + v + "&q=1 401"
	},
	"fragment": func(v string) string {
		return "Location: https://app.example.com/cb#access_token=" + v + "&state=7"
	},
	"query, percent": func(v string) string {
		return "next=" + url.QueryEscape("https://x.example/?access_token="+v+"&a=1")
	},
	"bearer":        func(v string) string { return "> Authorization: Bearer " + v + "\r\n> Accept: */*" },
	"token scheme":  func(v string) string { return "> Authorization: Token " + v + "\r\n" },
	"key scheme":    func(v string) string { return "> authorization: Key " + v + "\r\n" },
	"apikey scheme": func(v string) string { return "Authorization: ApiKey " + v + "\n" },
	"no scheme":     func(v string) string { return "Authorization: " + v + "\n" },
	"x-api-key":     func(v string) string { return "x-api-key: " + v + "\n" },
	"Go header": func(v string) string {
		return "map[Accept:[*/*] Authorization:[Bearer " + v + "] X-Trace:[1]]"
	},
	"Go header key":  func(v string) string { return "map[Accept:[*/*] X-Api-Key:[" + v + "] X-Trace:[1]]" },
	"Go struct":      func(v string) string { return "config: {Host:api.example.com APIKey:" + v + " Retries:3}" },
	"Go struct, %#v": func(v string) string { return `main.Config{Host:"x", APIKey:"` + v + `", Retries:3}` },
	"Rust debug":     func(v string) string { return `Config { api_key: Some("` + v + `"), retries: 3 }` },
	"Rust header":    func(v string) string { return `{"x-api-key": "` + v + `", "accept": "*/*"}` },
	"Node inspect": func(v string) string {
		return "headers: { authorization: 'Bearer " + v + "', accept: '*/*' }"
	},
	"Java map":       func(v string) string { return "headers={Accept=*/*, X-Api-Key=" + v + "}" },
	"Python dict":    func(v string) string { return "{'api_key': '" + v + "', 'n': 1}" },
	"Python bytes":   func(v string) string { return "headers=[(b'x-api-key', b'" + v + "')]" },
	"Python call":    func(v string) string { return "Client(api_key='" + v + "', timeout=3)" },
	"PHP array":      func(v string) string { return "['api_key' => '" + v + "']" },
	"Ruby hash":      func(v string) string { return `{:api_key=>"` + v + `"}` },
	"PowerShell":     func(v string) string { return `$env:ACME_TOKEN = "` + v + `"` },
	"bash export":    func(v string) string { return `declare -x ACME_TOKEN="` + v + `"` },
	"docker run":     func(v string) string { return "docker run -e ACME_API_KEY=" + v + " image" },
	"flag":           func(v string) string { return "node server.js --api-key " + v + " --port 80" },
	"flag, equals":   func(v string) string { return "server --access-token=" + v + " --port 80" },
	"argv in JSON":   func(v string) string { return `"args":["server.js","--api-key","` + v + `"]` },
	"curl":           func(v string) string { return "curl -u admin:" + v + " https://x.example" },
	"curl header":    func(v string) string { return `curl -H "X-Api-Key: ` + v + `" https://x.example` },
	"XML":            func(v string) string { return "<config><apiKey>" + v + "</apiKey></config>" },
	"XML attribute":  func(v string) string { return `<add key="ApiKey" value="` + v + `"/>` },
	"HTML attribute": func(v string) string { return `<div data-api-key="` + v + `" class="x">` },
	"HTML input": func(v string) string {
		return `<input type="hidden" name="access_token" value="` + v + `">`
	},
	"HTML of JSON": func(v string) string { return html.EscapeString(`{"api_key":"` + v + `","n":1}`) },
	"JSON error": func(v string) string {
		return `{"error":{"message":"Incorrect API key provided: ` + v + `. See"}}`
	},
	"JSON in JSON": func(v string) string {
		j, _ := json.Marshal(`{"client_secret":"` + v + `"}`)
		return string(j)
	},
	"JSON in a query": func(v string) string { return "POST /x?cfg=" + url.QueryEscape(`{"apiKey":"`+v+`"}`) },
	"name and value":  func(v string) string { return `{"name":"ACME_API_KEY","value":"` + v + `"}` },
	"Kubernetes env":  func(v string) string { return "env:\n- name: ACME_API_KEY\n  value: " + v + "\n" },
	"Kubernetes secret": func(v string) string {
		return "data:\n  api-key: " + base64.StdEncoding.EncodeToString([]byte(v))
	},
	"YAML block": func(v string) string { return "api_key: |\n  " + v + "\nnext: 1\n" },
	"TOML":       func(v string) string { return `api_key = "` + v + `"` },
	"npmrc":      func(v string) string { return "//registry.example.com/:_authToken=" + v + "\n" },
	"netrc":      func(v string) string { return "machine x.example login me password " + v + "\n" },
	"cookie":     func(v string) string { return "Cookie: theme=dark; session_token=" + v + "; lang=de" },
	"set-cookie": func(v string) string { return "Set-Cookie: access_token=" + v + "; Path=/; HttpOnly" },
	"multipart":  func(v string) string { return "form-data; name=\"api_key\"\r\n\r\n" + v + "\r\n--b" },
	"basic": func(v string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+v))
	},
	"docker config": func(v string) string {
		return `{"auth": "` + base64.StdEncoding.EncodeToString([]byte("me:"+v)) + `"}`
	},
	"URL user":           func(v string) string { return "git clone https://oauth2:" + v + "@git.example/x.git" },
	"URL user alone":     func(v string) string { return "git clone https://" + v + "@git.example/x.git" },
	"path":               func(v string) string { return "POST https://api.example.com/bot" + v + "/sendMessage" },
	"hexdump":            func(v string) string { return hex.Dump([]byte(`"api_key": "` + v + `", "a": 1`)) },
	"split over lines":   func(v string) string { return `api_key: "` + v[:16] + "\" +\n    \"" + v[16:] + `"` },
	"continued":          func(v string) string { return "export ACME_TOKEN=" + v[:16] + "\\\n" + v[16:] + "\n" },
	"log line":           func(v string) string { return "2026-11-28 ERROR auth failed token=" + v + " user=7" },
	"assigned":           func(v string) string { return `const apiKey = "` + v + `";` },
	"template":           func(v string) string { return "const url = `https://x.example?access_token=" + v + "`" },
	"SQL":                func(v string) string { return "ALTER USER me WITH PASSWORD '" + v + "'" },
	"connection":         func(v string) string { return "Server=db;User Id=sa;Password=" + v + ";Encrypt=true" },
	"redis":              func(v string) string { return "redis-cli -a " + v + " ping" },
	"JSON of headers":    func(v string) string { return `{"headers":{"authorization":["Bearer ` + v + `"]}}` },
	"key and value pair": func(v string) string { return `["x-api-key","` + v + `"]` },
	"gRPC":               func(v string) string { return "metadata: {'authorization': 'bearer " + v + "'}" },
	"signed URL": func(v string) string {
		return "https://s3.example/x?X-Amz-Security-Token=" + v + "&X-Amz-Date=1"
	},
}

// values are of no family with a beginning.
var values = map[string]string{
	"mixed": "k7Qz2Wn9bXr4TmJ6cVs1LhG8fDp3YtKw", "uuid": "6f1c9a42-3b7e-4d58-9c0f-e2a7b1d84c63",
	"hex": "9f86d081884c7d659a2feaa0c55ad015", "base36": "q7x2m9w4k1z8r5t3v6y0n2p7b4d1h8j5c3g6s9f2",
	"letters": "kajdbzjf3qpczx1wmvutr9eohg5slkyn2bid7xac",
}

// unread are contexts that don't say what a value is, or show it in two pieces: see
// CREDENTIALS.md. Registered values are found there, too.
var unread = []string{"path", "redis", "split over lines"}

// TestContexts: a value of nobody's shape is taken out where what stands before it says
// that it is a secret, one that is registered anywhere, and with a beginning of its own.
func TestContexts(t *testing.T) {
	const own = "glpat" + "-k7Qz2Wn9bXr4TmJ6cVs1"
	for kind, of := range contexts {
		for name, v := range values {
			out := apikey.NewRedactor(v).Redact(of(v))
			assert.Less(t, left(out, v), 8, "registered, %s: %q", kind, out)
			out = apikey.Redact(of(v))
			found := out != of(v) && left(out, v) < 8
			assert.Equal(t, !slices.Contains(unread, kind), found, "%s, %s: %q", name, kind, out)
		}
		if !slices.Contains(unread, kind) {
			out := apikey.Redact(of(own))
			assert.NotEqual(t, of(own), out, kind)
			assert.Less(t, left(out, own[6:]), 8, "%s: %q", kind, out)
		}
	}
	for _, text := range []string{
		`"nextToken": "RW5DdDJkMWYwZjM2MzM2VHVpOHJI"`, `"ChangeToken": "` + values["uuid"] + `"`,
		"request_id=" + values["uuid"], "the key " + values["uuid"] + " is in no index", "tokens: " + values["hex"],
		`{"name":"ETAG","value":"` + values["hex"] + `"}`, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
		"https://some-very-long-user-name@git.example/x", "curl -u admin: https://x.example/" + values["hex"],
		"ID = \"" + values["mixed"] + "\"", "author: " + values["mixed"], "version v1.2.3, commit " + values["hex"],
		"TOKEN=token-01\nCLUSTER_STATE=new\n", "passwords are " + values["uuid"], "TOKEN_COUNT=" + values["hex"], "basic " + values["mixed"],
	} {
		assert.Equal(t, text, apikey.Redact(text))
	}
}

// TestLongCredentials: private keys and web tokens go from their first to their last
// character, however a text indents and quotes them.
func TestLongCredentials(t *testing.T) {
	key, token := provider(t, "pem").Sample(dice()), provider(t, "jwt").Sample(dice())
	body := strings.Split(key, "\n")[12]
	quoted, _ := json.Marshal(key) // a string
	twice, _ := json.Marshal(string(quoted))
	for name, text := range map[string]string{
		"YAML":         "tls:\n  key: |\n    " + strings.ReplaceAll(key, "\n", "\n    ") + "\n  port: 443\n",
		"JSON":         string(quoted),
		"JSON in JSON": string(twice), "one line": strings.ReplaceAll(key, "\n", " "),
		"base64": base64.StdEncoding.EncodeToString([]byte(key)), "percent": url.QueryEscape(key),
		"CRLF": strings.ReplaceAll(key, "\n", "\r\n"), "diff": "+" + strings.ReplaceAll(key, "\n", "\n+"),
		"log":     "ERROR " + strings.ReplaceAll(key, "\n", "\nERROR "),
		"comment": "# " + strings.ReplaceAll(key, "\n", "\n# "),
		"quote":   "> " + strings.ReplaceAll(key, "\n", "\n> "),
		"HTML":    strings.ReplaceAll(html.EscapeString(key), "\n", "<br>\n"),
		"Go":      "`" + key + "`", "concatenated": `"` + strings.ReplaceAll(key, "\n", "\\n\" +\n  \"") + `"`,
	} {
		out := apikey.Redact(text)
		assert.NotEqual(t, text, out, name)
		assert.Less(t, left(out, body), 12, "%s: %.200q", name, out)
	}
	for name, text := range map[string]string{
		"query": "GET /x?jwt=" + token + "&a=1", "fragment": "https://x.example/#id_token=" + token,
		"cookie": "Cookie: session=" + token + "; a=b", "attribute": `<a data-t='` + token + `'>`,
		"percent": url.QueryEscape(url.QueryEscape("https://x.example/?t=" + token)), "JSON": `{"t":"` + token + `"}`,
		"parts": strings.ReplaceAll(token, ".", ".\n"), "hexdump": hex.Dump([]byte("t=" + token)),
		"websocket": "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io." + token,
		"basic":     "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+token)),
	} {
		out := apikey.Redact(text)
		assert.Less(t, left(out, token[30:]), 12, "%s: %q", name, out)
	}
}
