package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/wire"
)

// Secrets go in every spelling that a text may have them in, and short values of
// harmless names stay.
func TestRedactor(t *testing.T) {
	bearer := `b"<&>` + strings.Repeat("x", 12)
	password := strings.Repeat("pw ", 4) + "end"
	variable := strings.Repeat("env", 4)
	t.Setenv("ACB_TOKEN", variable)
	t.Setenv("ACB_MODE", "dev")
	p := profiles.Profile{}
	p.Launch.Env = []string{"ACB_TOKEN", "ACB_MODE", "PATH"}
	j := job{profile: p, options: wire.Options{
		URL: "http://user:" + url.PathEscape("u-"+password) + "@127.0.0.1/mcp?api_key=" + url.QueryEscape("k "+bearer) + "&v=1",
		Header: http.Header{
			"Authorization": {"Bearer " + bearer}, "X-Mode": {"http"},
			"Proxy-Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+password))},
		},
	}}
	redact := redactor([]job{j}, http.Header{"X-Api-Key": {"k-42-k"}})
	asJSON, err := json.Marshal(bearer)
	assert.NoError(t, err)
	for _, secret := range []string{
		bearer, string(asJSON[1 : len(asJSON)-1]), url.QueryEscape(bearer), strings.ReplaceAll(bearer, `"`, `\"`), password, variable, "k-42-k",
		base64.StdEncoding.EncodeToString([]byte("user:" + password)), "u-" + password, "k " + bearer,
	} {
		assert.Equal(t, "a [redacted] b", redact("a "+secret+" b"), secret)
	}
	for _, harmless := range []string{"http", "dev", "/mcp?", "user"} {
		assert.Equal(t, harmless, redact(harmless))
	}
	assert.Nil(t, redactor([]job{{}}), "nothing to take out")
	stray := "sk-" + "ant-" + "api03-" + strings.Repeat("q8ZrT2mW9x", 9)
	assert.Equal(t, "a [redacted anthropic] b", withFamilies(nil)("a "+stray+" b"))
	assert.Equal(t, "a [redacted] b", withFamilies(redact)("a "+bearer+" b"))
}

func TestCommandLineKeepsNoArguments(t *testing.T) {
	assert.Equal(t, []string{"mcpload", "run", "--args", "…", "--args=…", "--", "python", "…"},
		commandLine([]string{"/x/mcpload", "run", "--args", `{"a":1}`, `--args={"b":2}`, "--", "python", "--key", "v"}))
}
