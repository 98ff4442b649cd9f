package apikey_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
)

func provider(t testing.TB, name string) apikey.Provider {
	t.Helper()
	p, err := apikey.Lookup(name)
	require.NoError(t, err)
	return p
}

func dice() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func sampleOf(t testing.TB, name, format string) string {
	t.Helper()
	p := provider(t, name)
	for i, f := range p.Formats() {
		if f.Name == format {
			return p.SampleOf(i, dice())
		}
	}
	t.Fatalf("%s has no format %q", name, format)
	return ""
}

// TestFormats: every entry of the table says where and when it was read, shows no
// key, and makes up values that get the verdict of its status.
func TestFormats(t *testing.T) {
	r := dice()
	require.NotEmpty(t, apikey.Providers())
	for _, p := range apikey.Providers() {
		require.NotEmpty(t, p.Formats(), p.Name())
		require.NotEmpty(t, p.Expected(), p.Name())
		for i, f := range p.Formats() {
			t.Run(p.Name()+" "+f.Name, func(t *testing.T) {
				assert.NotEmpty(t, f.Source)
				assert.Regexp(t, `^20\d\d-\d\d-\d\d$`, f.Read)
				assert.Equal(t, f.Example, apikey.Redact(f.Example), "the example looks like a key")
				want := map[string]apikey.Verdict{"current": apikey.Valid, "old": apikey.Valid,
					"plausible": apikey.Unrecognised, "wrong kind": apikey.WrongFamily}[f.Status]
				for range 50 {
					v := p.SampleOf(i, r)
					got := p.Check(v)
					if want == apikey.Unrecognised && got.Verdict == apikey.Valid {
						continue // generic's looser alphabet makes strict ones too
					}
					require.Equal(t, want, got.Verdict, got.Detail)
					require.NotContains(t, fmt.Sprintf("%+v", got), v)
				}
			})
		}
	}
}

func TestCheck(t *testing.T) {
	openai, anthropic, gemini := provider(t, "openai").Sample(dice()), provider(t, "anthropic").Sample(dice()),
		provider(t, "gemini").Sample(dice())
	github, generic, mailgun := provider(t, "github").Sample(dice()), provider(t, "generic").Sample(dice()),
		provider(t, "mailgun").Sample(dice())
	aq := sampleOf(t, "gemini", "auth key")
	jwt := "ey" + "Jhbgciijo.ey" + "Jzdwiijoi.q2w3e4r5t6z7"
	for _, row := range []struct {
		name, provider, value string
		want                  apikey.Verdict
		detail                string
	}{
		{"good", "openai", openai, apikey.Valid, ""},
		{"empty", "openai", "", apikey.Blank, "is empty"},
		{"blank", "openai", " \t\n", apikey.Blank, "white space"},
		{"line break", "openai", openai + "\n", apikey.Malformed, "ends with a line break"},
		{"carriage return", "openai", openai + "\r\n", apikey.Malformed, "ends with a line break"},
		{"space before", "openai", " " + openai, apikey.Malformed, "begins with white space"},
		{"space behind", "openai", openai + " ", apikey.Malformed, "white space around it"},
		{"quoted", "openai", `"` + openai + `"`, apikey.Malformed, "quotation marks"},
		{"anthropic for openai", "openai", anthropic, apikey.WrongFamily, "Anthropic"},
		{"half an anthropic for openai", "openai", anthropic[:60], apikey.WrongFamily, "Anthropic"},
		{"openai for anthropic", "anthropic", openai, apikey.WrongFamily, "OpenAI project key"},
		{"OAuth for anthropic", "anthropic", sampleOf(t, "anthropic", "OAuth access token"), apikey.WrongFamily,
			"OAuth access token"},
		{"newer anthropic", "anthropic", strings.Replace(anthropic, "03", "04", 1), apikey.Unrecognised, "newer"},
		{"truncated anthropic", "anthropic", anthropic[:len(anthropic)-5], apikey.Malformed,
			"too short: 103 characters of 108"},
		{"long anthropic", "anthropic", anthropic + "x", apikey.Malformed, "too long: 109 characters, not 108"},
		{"newer openai", "openai", "sk-proj2-" + openai[8:], apikey.Unrecognised, "newer"},
		{"truncated openai", "openai", openai[:20], apikey.Malformed, "too short"},
		{"openai's alphabet", "openai", openai[:50] + "!" + openai[51:], apikey.Malformed, "place 51"},
		{"gemini auth", "gemini", aq, apikey.Valid, ""},
		{"gemini auth of another length", "gemini", aq[:45], apikey.Valid, ""},
		{"gemini auth of 20", "gemini", aq[:20], apikey.Valid, ""},
		{"gemini auth of 29", "gemini", aq[:29], apikey.Valid, ""},
		{"gemini cut", "gemini", gemini[:38], apikey.Malformed, "too short: 38 characters of 39"},
		{"github for gemini", "gemini", github, apikey.WrongFamily, "GitHub"},
		{"mailgun for gemini", "gemini", mailgun, apikey.Malformed, "begin"},
		{"public key for mailgun", "mailgun", sampleOf(t, "mailgun", "public validation key"), apikey.WrongFamily,
			"public"},
		{"upper case for mailgun", "mailgun", strings.ToUpper(sampleOf(t, "mailgun", "bare key")), apikey.Malformed,
			"32 characters"},
		{"token for mailgun", "mailgun", jwt, apikey.WrongFamily, "JSON web token"},
		{"address for generic", "generic", "https://mcp.example.org/some/where/?else", apikey.WrongFamily,
			"web address"},
		{"short generic", "generic", generic[:31], apikey.Malformed, "too short: 31 characters, want 32"},
		{"generic with signs", "generic", generic + "+/=", apikey.Unrecognised, ""},
		{"generic with !", "generic", generic[:20] + "!" + generic[20:], apikey.Malformed, "place 21"},
		{"openai for generic", "generic", openai, apikey.Valid, ""},
		{"jwt for its secret", "jwt-secret", jwt, apikey.WrongFamily, "token"},
		{"short jwt secret", "jwt-secret", "q8Zr!x", apikey.Malformed, "6 bytes"},
		{"good jwt secret", "jwt-secret", "correct horse, battery staple and 7 more", apikey.Valid, ""},
		{"good password", "password", "näher-mein-Zeh-42", apikey.Valid, ""},
		{"short password", "password", "näher", apikey.Malformed, "5 characters"},
		{"common password", "password", "password1234", apikey.Placeholder, ""},
		{"user", "username", "ada lovelace", apikey.Valid, ""},
		{"user template", "username", "<user>", apikey.Placeholder, ""},
		{"user with bell", "username", "a\ab", apikey.Malformed, "byte 2"},
		{"host", "host", "unifi.local", apikey.Valid, ""},
		{"host of one label", "host", "localhost", apikey.Valid, ""},
		{"address", "host", "::1", apikey.Valid, ""},
		{"host with scheme", "host", "https://unifi.local", apikey.Malformed, "scheme"},
		{"host with port", "host", "unifi.local:8443", apikey.Malformed, "port"},
		{"host with path", "host", "unifi/x", apikey.Malformed, "path"},
		{"host with a gap", "host", "a..b", apikey.Malformed, "host name"},
		{"port", "port", "65535", apikey.Valid, ""},
		{"port 0", "port", "0", apikey.Malformed, "from 1"},
		{"port 65536", "port", "65536", apikey.Malformed, "from 1"},
		{"signed port", "port", "+80", apikey.Malformed, "not a number"},
		{"port in words", "port", "http", apikey.Malformed, "not a number"},
		{"huge", "generic", strings.Repeat("q8Zr", 1<<18), apikey.Malformed, "longer than"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := provider(t, row.provider).Check(row.value)
			assert.Equal(t, row.want, got.Verdict, "%+v", got)
			assert.Contains(t, got.Detail, row.detail)
			if len(row.value) >= 8 {
				assert.NotContains(t, fmt.Sprintf("%+v %#v", got, got), row.value)
			}
		})
	}
}

func TestPlaceholders(t *testing.T) {
	values := []string{"changeme", "ChangeMe!", "your-api-key-here", "YOUR_API_KEY_HERE", "<your key>",
		"${OPENAI_API_KEY}", "$OPENAI_API_KEY", "{{ key }}", "$(cat key)", "xxx",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "test", "TEST", "todo", "none", "null", "undefined", "sk-...",
		"sk-xxxxxxxxxxxxxxxxxxxxxxxx",
		"sk-" + "your-api-key-here", "sk-" + strings.Repeat("0", 48), strings.Repeat("1234567890", 4),
		strings.Repeat("abc", 20), "abcdefghijklmnopqrstuvwxyz0123456789", strings.Repeat("deadbeef", 4),
		"AI" + "za" + strings.Repeat("x", 35), "gh" + "p_" + strings.Repeat("a", 36), "insert-key",
		"replace-me-with-a-long-secret-value-123", "sk-" + "proj-" + "example", "***",
		"dummy-token-for-the-tests-of-this-server"}
	for _, p := range apikey.Providers() {
		if !p.Secret() || p.Name() == "password" || p.Name() == "jwt-secret" {
			continue
		}
		for _, v := range values {
			assert.Equal(t, apikey.Placeholder, p.Check(v).Verdict, "%s takes %q for %+v", p, v, p.Check(v))
		}
	}
	well := "AI" + "za" + "Example" + "q8ZrT2mW9xKb4LpN7vYc3HsD6gJf"
	assert.Equal(t, apikey.Placeholder, provider(t, "gemini").Check(well).Verdict)
}

func TestUnknownProvider(t *testing.T) {
	secret := provider(t, "openai").Sample(dice())
	_, err := apikey.Lookup(secret)
	require.ErrorIs(t, err, apikey.ErrUnknownProvider)
	require.NotContains(t, err.Error(), secret)
	require.ErrorContains(t, err, "want one of openai, anthropic")
	_, err = apikey.Startup(apikey.Spec{Credentials: []apikey.Credential{{Env: "A", Provider: "opnai"}}},
		func(string) (string, bool) { return "", false })
	require.ErrorIs(t, err, apikey.ErrUnknownProvider)
	require.False(t, errors.Is(err, apikey.ErrCredential), "a mistake in the program is no bad credential")
	require.Equal(t, apikey.Malformed, apikey.Provider{}.Check("x").Verdict)
}

func TestChecksum(t *testing.T) {
	p := provider(t, "github")
	good := p.Sample(dice())
	require.Empty(t, p.Check(good).Warning)
	other := byte('a')
	if good[10] == other {
		other = 'b'
	}
	bad := good[:10] + string(other) + good[11:]
	require.Equal(t, apikey.Valid, p.Check(bad).Verdict)
	require.Contains(t, p.Check(bad).Warning, "checksum")
}

func TestMask(t *testing.T) {
	key := provider(t, "openai").Sample(dice())
	require.Equal(t, "sk-proj-***"+key[len(key)-4:], apikey.Mask(key))
	for _, short := range []string{"", "sk-abc", "hunter2", "fifteen chars !", "sk-" + "proj-" + "123456789012345"} {
		require.Equal(t, "***", apikey.Mask(short), short)
	}
	require.Equal(t, "***mnop", apikey.Mask("abcdefghijklmnop"))
	require.Equal(t, "***", apikey.Mask("abcdefghijklmnopqrstü"))
	require.Equal(t, "***", provider(t, "password").Mask("a very long pass phrase of mine"))
	require.Equal(t, "8443", provider(t, "port").Mask("8443"))
}

// TestNoAllocations: a good key is judged without memory.
func TestNoAllocations(t *testing.T) {
	for _, p := range apikey.Providers() {
		if !p.Secret() {
			continue
		}
		for i, f := range p.Formats() {
			if f.Status != "current" {
				continue
			}
			v := p.SampleOf(i, dice())
			assert.Zero(t, testing.AllocsPerRun(100, func() {
				if p.Check(v).Verdict != apikey.Valid {
					t.Fatal("not valid")
				}
			}), "%s %s", p.Name(), f.Name)
		}
	}
}

// TestServiceAccountsReadTwice: what is read of a service account without memory is
// what encoding/json reads in it. A number among its texts leaves it to the latter.
func TestServiceAccountsReadTwice(t *testing.T) {
	p, r := provider(t, "google-service-account"), dice()
	good := p.Sample(r)
	require.Equal(t, apikey.Valid, p.Check(good).Verdict)
	valid := 0
	for range 20000 {
		v := []byte(good)
		for range 1 + r.IntN(2) {
			at := r.IntN(len(v))
			if r.IntN(2) == 0 { // where the structure is
				at = bytes.IndexByte(v[at*4/5:], '"') + at*4/5
			}
			switch c := `"\{}:,nN-= A` + "\n\x7f\x80"; r.IntN(3) {
			case 0:
				v[max(at, 0)] = c[r.IntN(len(c))]
			case 1:
				v = slices.Insert(v, max(at, 0), c[r.IntN(len(c))])
			default:
				v = slices.Delete(v, max(at, 0), min(len(v), max(at, 0)+1+r.IntN(4)))
			}
		}
		want := p.Check(strings.Replace(string(v), "{", `{"n":1,`, 1))
		require.Equal(t, want, p.Check(string(v)), "%q", v)
		if want.Verdict == apikey.Valid {
			valid++
		}
	}
	require.Greater(t, valid, 1000)
	for was, is := range map[string]string{
		`"type":"`: `"Type":"x","type":"`, `"type":`: `"type":"user","type":`, `"private_key":`: `"PRIVATE_KEY":`,
		`"client_email":`: `"client_email":"","\u0063lient_email":`, `service_account"`: `service_account","TYPE":"user"`,
	} {
		v := strings.Replace(good, was, is, 1)
		require.Equal(t, p.Check(strings.Replace(v, "{", `{"n":1,`, 1)), p.Check(v), is)
	}
	end := strings.LastIndex(good, `\n`+"-----END ")
	begin := strings.Index(good, "KEY-----") + len("KEY-----")
	for n, want := range map[int]apikey.Verdict{0: apikey.Placeholder, 31: apikey.Placeholder, 32: apikey.Valid} {
		v := good[:begin] + `\n` + good[begin+2:begin+2+n] + good[end:]
		require.Equal(t, want, p.Check(v).Verdict, n)
	}
}
