package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/profiles"
)

// Secrets go in every spelling that a text may have them in, and short values of
// harmless names stay.
func TestRedactor(t *testing.T) {
	bearer := `b"<&>` + strings.Repeat("x", 12)
	password := strings.Repeat("pw ", 4) + "end"
	variable := strings.Repeat("env", 4)
	t.Setenv("ACB_TOKEN", variable)
	t.Setenv("ACB_MODE", "dev")
	p := profiles.Profile{Credentials: []profiles.Credential{{Env: "ACB_HOST", Provider: "host"}}}
	t.Setenv("ACB_HOST", "mail.example.com")
	p.Launch.Env = []string{"ACB_TOKEN", "ACB_MODE", "PATH"}
	var said bytes.Buffer
	a := &app{stderr: &said}
	a.hideEnv(p)
	a.hide("--url", apikey.InURL("http://user:"+url.PathEscape("u-"+password)+"@127.0.0.1/mcp?api_key="+
		url.QueryEscape("k "+bearer)+"&v=1")...)
	a.hideHeaders("--header", http.Header{
		"Authorization": {"Bearer " + bearer}, "X-Mode": {"http"},
		"Proxy-Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+password))},
	})
	require.Empty(t, said.String())
	a.hideHeaders("--other-header", http.Header{"X-Api-Key": {"k-42-k"}})
	require.Equal(t, "mcpload: warning: --other-header X-Api-Key has a value of fewer than 8 characters: it is taken "+
		"out of results only where it stands alone as a word\n", said.String())
	redact := a.clean
	asJSON, err := json.Marshal(bearer)
	assert.NoError(t, err)
	for _, secret := range []string{
		bearer, string(asJSON[1 : len(asJSON)-1]), url.QueryEscape(bearer), strings.ReplaceAll(bearer, `"`, `\"`),
		password, variable, "k-42-k",
		base64.StdEncoding.EncodeToString([]byte("user:" + password)), "u-" + password, "k " + bearer,
	} {
		assert.Equal(t, "a [redacted] b", redact("a "+secret+" b"), secret)
	}
	for _, harmless := range []string{"http", "dev", "/mcp?", "user", "mail.example.com", os.Getenv("PATH"), "Bearer",
		"xk-42-kx"} {
		assert.Equal(t, harmless, redact(harmless))
	}
	stray := "sk-" + "ant-" + "api03-" + strings.Repeat("q8ZrT2mW9x", 9)
	assert.Equal(t, "a [redacted anthropic] b", new(app).clean("a "+stray+" b"))
	assert.Equal(t, "a [redacted] ?[31m", redact("a "+bearer+" \x1b[31m"))
	for range 3 { // remembered, and then not for longer than the values are the same
		assert.Equal(t, "later value", redact("later value"))
	}
	a.hide("x", "later value")
	assert.Equal(t, "[redacted]", redact("later value"))
}
