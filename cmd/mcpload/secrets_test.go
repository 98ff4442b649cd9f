package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
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
	a.hide("--url", apikey.InURL("http://user:"+url.PathEscape("u-"+password)+"@127.0.0.1/mcp?api_key="+url.QueryEscape("k "+bearer)+"&v=1")...)
	a.hideHeaders("--header", http.Header{
		"Authorization": {"Bearer " + bearer}, "X-Mode": {"http"},
		"Proxy-Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+password))},
	})
	require.Empty(t, said.String())
	a.hideHeaders("--other-header", http.Header{"X-Api-Key": {"k-42-k"}})
	require.Equal(t, "mcpload: warning: --other-header X-Api-Key has a value of fewer than 8 characters: it is taken out of results only where it stands alone as a word\n", said.String())
	redact := a.clean
	asJSON, err := json.Marshal(bearer)
	assert.NoError(t, err)
	for _, secret := range []string{
		bearer, string(asJSON[1 : len(asJSON)-1]), url.QueryEscape(bearer), strings.ReplaceAll(bearer, `"`, `\"`), password, variable, "k-42-k",
		base64.StdEncoding.EncodeToString([]byte("user:" + password)), "u-" + password, "k " + bearer,
	} {
		assert.Equal(t, "a [redacted] b", redact("a "+secret+" b"), secret)
	}
	for _, harmless := range []string{"http", "dev", "/mcp?", "user", "mail.example.com", os.Getenv("PATH"), "Bearer", "xk-42-kx"} {
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

// A header that is no header may be the secret itself.
func TestHeadersAreNotShown(t *testing.T) {
	for _, text := range []string{"Authorization Bearer hunter2hunter2", "hunter2hunter2", "hunter2 hunter2: x", ": hunter2hunter2", "\x1b[31mhunter2: x"} {
		_, err := parseHeaders("--header", []string{"X-Good: fine", text})
		require.ErrorContains(t, err, "--header number 2 is not of the form 'Name: value'")
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// The gate lets all pass or nothing.
func TestGate(t *testing.T) {
	const secret = "Zk93jdLs82jfQp01xxYYabcdEF77"
	for _, spelt := range []string{secret, strings.ToUpper(secret), base64.StdEncoding.EncodeToString([]byte("x" + secret)), url.QueryEscape("/" + secret)} {
		var out bytes.Buffer
		a := &app{stdout: &out}
		a.secrets.add(secret, "inconclusive")
		w, end, err := a.out("-")
		require.NoError(t, err)
		for _, part := range []string{"a result that is inconclusive, ", spelt[:5], spelt[5:], " and more"} {
			_, err = io.WriteString(w, part)
			require.NoError(t, err)
		}
		require.ErrorIs(t, end(), errLeak)
		require.Empty(t, out.String())
	}
	var out bytes.Buffer
	a := &app{stdout: &out}
	a.secrets.add(secret, "inconclusive")
	g := &gate{a: a, to: &out, text: true}
	_, err := io.WriteString(g, "inconclusive \x1b[31mred\x1b[0m\x1b[2J\n::error::x\n")
	require.NoError(t, err)
	require.NoError(t, g.end())
	require.Equal(t, "inconclusive \x1b[31mred\x1b[0m?[2J\n: :error::x\n", out.String())
	// What is too long to hold is looked at in parts.
	out.Reset()
	g = &gate{a: a, to: &out}
	filler := []byte(strings.Repeat("an ordinary line of a result\n", mostHeld/2/29))
	for range 3 {
		_, err = g.Write(filler)
		require.NoError(t, err)
	}
	_, err = io.WriteString(g, secret)
	require.NoError(t, err)
	require.ErrorIs(t, g.end(), errLeak)
	require.NotContains(t, out.String(), secret)
	require.NotEmpty(t, out.String())
}

func TestCommandLineKeepsNoArguments(t *testing.T) {
	assert.Equal(t, []string{"mcpload", "run", "--args", "…", "--args=…", "--", "python", "…"},
		commandLine([]string{"/x/mcpload", "run", "--args", `{"a":1}`, `--args={"b":2}`, "--", "python", "--key", "v"}))
}
