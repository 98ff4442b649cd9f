package apikey_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
)

func TestSecretShowsStars(t *testing.T) {
	const value = "Zk93-jdLs82_jfQp01xx"
	s := apikey.NewSecret(value)
	var b bytes.Buffer
	for _, x := range []any{s, &s, struct{ S apikey.Secret }{s}, struct{ s apikey.Secret }{s},
		map[string]apikey.Secret{"a": s}, []apikey.Secret{s}} {
		fmt.Fprintf(&b, "%v %+v %#v %s %q %x %d\n", x, x, x, x, x, x, x)
		require.NoError(t, json.NewEncoder(&b).Encode(x))
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", x)
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", x)
	}
	require.NotContains(t, b.String(), value)
	require.NotContains(t, b.String(), fmt.Sprintf("%x", value))
	require.Contains(t, b.String(), "***")
	require.Equal(t, value, s.Reveal())
	require.True(t, s.Equal(value) && s.Set())
	require.False(t, s.Equal(value+"x") || apikey.Secret{}.Set())
	var read struct{ Key apikey.Secret }
	require.NoError(t, json.Unmarshal([]byte(`{"Key":"abc"}`), &read))
	require.Equal(t, "abc", read.Key.Reveal())
}

// TestFiles: a credential comes from its variable, from the file that NAME_FILE
// names, or from systemd's folder; what can't be read is a fault that says so.
func TestFiles(t *testing.T) {
	key := provider(t, "github").Sample(dice())
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "token"), []byte(key+"\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "github_token"), []byte(key), 0o600))
	spec := apikey.Spec{Credentials: []apikey.Credential{{Env: "GITHUB_TOKEN", Provider: "github"}}}
	for _, row := range []struct {
		name string
		env  map[string]string
		from string
		err  string
	}{
		{"variable", map[string]string{"GITHUB_TOKEN": key}, "", ""},
		{"file", map[string]string{"GITHUB_TOKEN_FILE": filepath.Join(dir, "token")}, "GITHUB_TOKEN_FILE", ""},
		{"systemd", map[string]string{"CREDENTIALS_DIRECTORY": dir}, "CREDENTIALS_DIRECTORY", ""},
		{"both", map[string]string{"GITHUB_TOKEN": key, "GITHUB_TOKEN_FILE": filepath.Join(dir, "token")}, "",
			"are both set"},
		{"no such file", map[string]string{"GITHUB_TOKEN_FILE": filepath.Join(dir, "gone")}, "GITHUB_TOKEN_FILE",
			"no such file"},
		{"a folder", map[string]string{"GITHUB_TOKEN_FILE": dir}, "GITHUB_TOKEN_FILE", "it is no file"},
		{"none", nil, "", "is not set"},
	} {
		report, err := apikey.Startup(spec, environment(row.env))
		if row.err != "" {
			require.ErrorContains(t, err, row.err, row.name)
			require.ErrorContains(t, err, "GITHUB_TOKEN", row.name)
			require.ErrorContains(t, err, "github.com/settings/tokens", row.name)
			require.NotContains(t, err.Error(), key)
			require.False(t, report.Secret("GITHUB_TOKEN").Set(), row.name)
			continue
		}
		require.NoError(t, err, row.name)
		require.Equal(t, key, report.Secret("GITHUB_TOKEN").Reveal(), row.name)
		require.Equal(t, row.from, report.Findings()[0].From, row.name)
		require.NotContains(t, report.Redactor().Redact("x "+key), key)
	}
	spec.ReadFile = func(string) ([]byte, error) {
		return nil, &fs.PathError{Op: "open", Path: "/secret/path", Err: errors.New("broken")}
	}
	_, err := apikey.Startup(spec, environment(map[string]string{"GITHUB_TOKEN_FILE": "x"}))
	require.ErrorContains(t, err, "broken")
	require.NotContains(t, err.Error(), "/secret/path")
	spec.NoFiles = true
	_, err = apikey.Startup(spec, environment(map[string]string{"GITHUB_TOKEN_FILE": filepath.Join(dir, "token")}))
	require.ErrorIs(t, err, apikey.ErrMissing)
}

// TestOwnProvider: what a pattern says is valid, masked, made up and found in
// texts; what can't be understood is refused.
func TestOwnProvider(t *testing.T) {
	acme := apikey.Provider{ID: "acme", Title: "Acme", URL: "acme.example/keys",
		Patterns: []string{"acme_<32 letters or digits>", "ac-<8 hex>-<20 or more urlsafe>"}}
	p, err := acme.Compile()
	require.NoError(t, err)
	v := p.Sample(dice())
	require.Equal(t, apikey.Valid, p.Check(v).Verdict)
	require.Equal(t, apikey.Valid, acme.Check(v).Verdict, "uncompiled")
	require.Equal(t, apikey.Valid, p.Check(p.SampleOf(1, dice())).Verdict)
	require.Equal(t, apikey.Malformed, p.Check(v[:20]).Verdict)
	require.Equal(t, apikey.Placeholder, p.Check("your-api-key-here").Verdict)
	require.Zero(t, testing.AllocsPerRun(50, func() { p.Check(v) }))
	require.Equal(t, "x [redacted acme] y", apikey.NewRedactor().WithProviders(acme).Redact("x "+v+" y"))
	require.Equal(t, "x "+v+" y", apikey.Redact("x "+v+" y"), "nobody else knows it")
	require.Equal(t, "[redacted] [redacted acme]",
		apikey.NewRedactor().WithProviders(acme).With("hunter2hunter2").Redact("hunter2hunter2 "+v))

	spec := apikey.Spec{Providers: []apikey.Provider{acme},
		Credentials: []apikey.Credential{{Env: "ACME_KEY", Provider: "acme"}}}
	report, err := apikey.Startup(spec, environment(map[string]string{"ACME_KEY": v}))
	require.NoError(t, err)
	require.Equal(t, v, report.Secret("ACME_KEY").Reveal())
	_, err = apikey.Startup(spec, environment(map[string]string{"ACME_KEY": "x"}))
	require.ErrorContains(t, err, "acme_ and 32 letters or digits")
	require.ErrorContains(t, err, "get one at acme.example/keys")

	for pattern, why := range map[string]string{
		"acme_<32>": "no alphabet", "acme_<x hex>": "length", "a<2 hex>": "shorter than",
		"acme_<32 hex": "without its >", "acme_<8-4 hex>": "no range", "k <32 hex>": "no credential",
		"<8-12 hex>abc<8 hex>": "can't be told", "acme_<32 runes>": "no alphabet",
	} {
		_, err := apikey.Provider{ID: "acme", Patterns: []string{pattern}}.Compile()
		require.ErrorIs(t, err, apikey.ErrPattern, pattern)
		require.ErrorContains(t, err, why, pattern)
	}
	for _, id := range []string{"", "github", "Acme Inc"} {
		_, err := apikey.Provider{ID: id, Patterns: acme.Patterns}.Compile()
		require.ErrorIs(t, err, apikey.ErrPattern, id)
	}
}

// TestHandlerLooksInside: what a secret's name holds is hidden wherever it stands.
func TestHandlerLooksInside(t *testing.T) {
	type config struct {
		Name         string
		Password     string
		OpenaiAPIKey string `json:"openaiApiKey"`
		inner        struct{ token string }
		List         []map[string]string
		Secret       apikey.Secret
		Tokens       int
	}
	c := config{Name: "visible", Password: "w0", OpenaiAPIKey: "w1",
		List: []map[string]string{{"cookie": "w2", "path": "visible too"}}, Secret: apikey.NewSecret("w3"), Tokens: 7}
	c.inner.token = "w4"
	var b bytes.Buffer
	log := slog.New(apikey.NewRedactor().Handler(slog.NewJSONHandler(&b, nil)))
	log.Info("x", "config", c, "pointer", &c, "header",
		http.Header{"Authorization": {"w5"}, "X-Api-Key": {"w6"}, "Accept": {"visible/3"}},
		"token", "w7", "GITHUB_TOKEN", "w8", "cookie", "w9", "pwd", "w10", "openaiApiKey", "w11", "max_tokens", 4096,
		"author", "visible4", "token_count", 3,
		slog.Group("g", slog.Any("m", map[string]any{"deep": map[string]any{"client_secret": "w12"}})))
	require.NotRegexp(t, `"w\d+"`, b.String())
	for _, kept := range []string{"visible", "visible too", "visible/3", "visible4", "4096", `"Tokens":7`} {
		require.Contains(t, b.String(), kept)
	}
}

// TestRedactAddresses: of an address the password goes, where it looks like one.
func TestRedactAddresses(t *testing.T) {
	url := provider(t, "database-url").Sample(dice())
	require.Equal(t, "at postgres://app:[redacted basic-auth-url]@db.example:5432/app.", apikey.Redact("at "+url+"."))
	for _, text := range []string{"postgres://user:password@localhost/db", "http://user:pass@host/",
		"https://x:${TOKEN}@host/", "redis://:password123@localhost", "see https://host:8080/a@b"} {
		require.Equal(t, text, apikey.Redact(text))
	}
}

// TestReferences: what stands for a secret elsewhere is none, and the requirement's
// own example is one.
func TestReferences(t *testing.T) {
	for _, v := range []string{"op://vault/item/field/and-some-more-text", "vault:secret/data/app#key-with-thirty-two",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:x", "projects/p/secrets/s/versions/latest/abcdefgh",
		"https://vault.example/v1/secret/data/long-enough"} {
		for _, name := range []string{"generic", "openai", "gitlab"} {
			verdict := provider(t, name).Check(v).Verdict
			require.False(t, verdict >= apikey.Unrecognised, "%s takes %s: %s", name, v, verdict)
		}
	}
	for _, v := range []string{"op://Vault/Item/field", "aws-secretsmanager:my-secret-name", "sm://projects/p/secrets/s",
		"gsm://p/a-name-of-a-secret-that-is-long-enough", "keyring:service/user", "${GITHUB_TOKEN}", "%GITHUB_TOKEN%",
		"$env:GITHUB_TOKEN", "{env:GITHUB_TOKEN}", "${{ secrets.GITHUB_TOKEN }}", "bw://item/field", "hashivault://a/b",
		"doppler://project/config/SECRET_NAME_THAT_IS_LONG", "process.env.GITHUB_TOKEN_WITH_A_LONG_NAME",
		"/run/secrets/github_token_of_the_server", "kubernetes://ns/name/key-0123456789abcdef01", "ENC[AES256_GCM,x]",
		"$(gh auth token)", "azure-keyvault://name/secret-name-long-0123456789"} {
		for _, name := range []string{"generic", "openai", "gitlab", "exa"} {
			require.Equal(t, apikey.Placeholder, provider(t, name).Check(v).Verdict, "%s: %s", name, v)
		}
	}
	require.Equal(t, apikey.Valid, provider(t, "password").Check("ab://cd17Zk93jdLs").Verdict, "of people's own")
	require.Equal(t, apikey.Valid, provider(t, "database-url").Check("postgres+asyncpg://a:k7Qz2W"+"n9bXr4@h/d").Verdict)
	random := provider(t, "generic").Sample(dice())
	require.Equal(t, apikey.Valid, provider(t, "generic").Check("api_key_"+random).Verdict)
	require.Equal(t, apikey.Valid, provider(t, "generic").Check(sampleOf(t, "aws-key-id", "access key id")).Verdict)
	require.Equal(t, apikey.Valid, provider(t, "generic").Check(provider(t, "gitlab").Sample(dice())).Verdict)
	require.Equal(t, apikey.WrongFamily, provider(t, "openai").Check(provider(t, "openrouter").Sample(dice())).Verdict)
	require.Equal(t, apikey.Malformed, provider(t, "openai").Check(provider(t, "openai").Sample(dice())[:60]).Verdict)
	for _, prefix := range []string{"gh" + "p_", "gh" + "u_", "gh" + "s_"} {
		require.Equal(t, apikey.Valid, provider(t, "github").Check(prefix+random+random).Verdict, "no length is fixed")
	}
}
