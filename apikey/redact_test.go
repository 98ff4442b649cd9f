package apikey_test

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/apikey"
)

// known are keys of every format that is found in texts.
func known(t testing.TB) map[string]string {
	keys := map[string]string{}
	r := dice()
	for _, p := range apikey.Providers() {
		for i, f := range p.Formats() {
			if f.Found == "no" || p.Name() == "database-url" || p.Name() == "basic-auth-url" ||
				p.Name() == "azure-connection" || p.Name() == "google-service-account" {
				continue // see TestRedactAddresses: of an address the password goes
			}
			keys[p.Name()+" "+f.Name] = p.SampleOf(i, r)
		}
	}
	require.Greater(t, len(keys), 120)
	return keys
}

// before is the name that stands before a key in a text, where it needs one.
func before(name string) string {
	family, format, _ := strings.Cut(name, " ")
	for _, p := range apikey.Providers() {
		for _, f := range p.Formats() {
			if p.Name() == family && f.Name == format && f.Found == "by name" {
				family = map[string]string{"aws-secret": "AWS_SECRET", "azure-key": "AZURE",
					"azure-storage": "AZURE_STORAGE"}[family]
				return cmp.Or(family, strings.ToUpper(p.Name())) + "_API_KEY="
			}
		}
	}
	return ""
}

const secret = `pa ss"wörd/+&=%é` // no key's shape, and every encoding has work to do

// spellings are how a secret may stand in a text.
func spellings(v string) map[string]string {
	js, _ := json.Marshal(v) // a string
	m := map[string]string{
		"plain": v, "query": url.QueryEscape(v), "path": url.PathEscape(v), "json": string(js),
		"hex": hex.EncodeToString([]byte(v)), "upper hex": strings.ToUpper(hex.EncodeToString([]byte(v))),
		"lower percent": strings.ToLower(percentAll(v)), "percent": percentAll(v),
		"base64 of percent": base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(v))),
		// as Python's json.dumps writes it, HTML in figures, and Rust
		"ascii": strconv.QuoteToASCII(v), "figures": byRune(v, "&#%d;"), "hex figures": byRune(v, "&#x%x;"),
		"braces": byRune(v, `\u{%x}`), "byte by byte": byRune(latin1(v), `\u%04x`), "a %u": byRune(v, "%%u%04x"),
	}
	for n := range 3 {
		around := strings.Repeat(":", n) + v + ":tail"
		m[fmt.Sprint("base64 ", n)] = base64.StdEncoding.EncodeToString([]byte(around))
		m[fmt.Sprint("base64url ", n)] = base64.RawURLEncoding.EncodeToString([]byte(around))
	}
	return m
}

func byRune(v, format string) string {
	var b strings.Builder
	for _, r := range v {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

// latin1 is what UTF-8 looks like where it is taken for Latin-1.
func latin1(v string) string {
	var b strings.Builder
	for i := range len(v) {
		b.WriteRune(rune(v[i]))
	}
	return b.String()
}

func percentAll(v string) string {
	var b strings.Builder
	for i := range len(v) {
		fmt.Fprintf(&b, "%%%02X", v[i])
	}
	return b.String()
}

func TestRedactFamilies(t *testing.T) {
	for name, key := range known(t) {
		for how, text := range spellings(key) {
			for _, frame := range []string{"%s", "key=%s;", `{"k":"%s"}`, "see %s.\n", `\n%s\n`} {
				in := fmt.Sprintf(frame, before(name)+text)
				out := apikey.Redact(in)
				require.NotContains(t, out, text, "%s as %s", name, how)
				require.Contains(t, out, "[redacted ", "%s as %s in %q", name, how, frame)
				require.Equal(t, out, apikey.Redact(out), "redacting twice changes the text")
			}
		}
	}
}

func TestRedactRegistered(t *testing.T) {
	r := apikey.NewRedactor(secret, "abc")
	for how, text := range spellings(secret) {
		out := r.Redact("before " + text + " after abcd")
		require.Contains(t, out, "[redacted]", how)
		require.NotContains(t, out, text, how)
		require.True(t, strings.HasPrefix(out, "before "), out)
		require.True(t, strings.HasSuffix(out, " after abcd"), "a short value is found where it stands alone: %s", out)
	}
	require.Equal(t, "[redacted], [redacted]: abcd, xabc, abc_d, ABC", r.Redact("abc, abc: abcd, xabc, abc_d, ABC"))
	require.True(t, apikey.Short("abc"))
	require.False(t, apikey.Short("8 bytes!"))
	require.Equal(t, "nothing here", r.Redact("nothing here"))
	require.Equal(t, "hunter2hunter2", apikey.Redact("hunter2hunter2"))
	require.Equal(t, "[redacted]", r.With("hunter2hunter2").Redact("hunter2hunter2"))
}

// TestRedactSplit: wherever a text is split, what comes out is what it would be
// in one piece.
func TestRedactSplit(t *testing.T) {
	r := apikey.NewRedactor(secret, "multi\nline secret")
	key := provider(t, "openai").Sample(dice())
	text := "a " + key + "\nb " + secret + " c multi\nline secret d " +
		base64.StdEncoding.EncodeToString([]byte("x"+key)) + " " + url.QueryEscape(secret) + "\nend"
	want := r.Redact(text)
	require.Equal(t, 5, strings.Count(want, "[redacted"))
	for i := range len(text) {
		var b bytes.Buffer
		w := r.Writer(&b)
		for _, piece := range []string{text[:i], text[i:]} {
			n, err := io.WriteString(w, piece)
			require.NoError(t, err)
			require.Equal(t, len(piece), n)
			require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", w, w, w, w), key[20:40])
		}
		require.NoError(t, w.Close())
		require.Equal(t, want, b.String(), "split at %d", i)
	}
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		w := r.Writer(&b)
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, min(40, len(rest))).Draw(t, "n")
			_, err := io.WriteString(w, rest[:n])
			require.NoError(t, err)
			rest = rest[n:]
		}
		require.NoError(t, w.Close())
		require.Equal(t, want, b.String())
	})
}

// TestWriterBounds: a text without a break is passed on in time, and a key in it
// is found.
func TestWriterBounds(t *testing.T) {
	key := provider(t, "github").Sample(dice())
	for _, at := range []int{0, 1000, 56<<10 - 20, 64<<10 - 10, 100 << 10} {
		var b bytes.Buffer
		w := apikey.NewRedactor().Writer(&b)
		text := strings.Repeat("!", at) + key + strings.Repeat("!", 200<<10)
		for i := 0; i < len(text); i += 1000 {
			_, err := io.WriteString(w, text[i:min(i+1000, len(text))])
			require.NoError(t, err)
		}
		require.Greater(t, b.Len(), len(text)/2, "holds back too much")
		require.NoError(t, w.Close())
		require.Equal(t, strings.Replace(text, key, "[redacted github]", 1), b.String(), "key at %d", at)
	}
	// So is a registered value that is longer than what is held back of any other text.
	words := make([]byte, 6<<10)
	for i, r := 0, rand.New(rand.NewPCG(1, 1)); i < len(words); i++ {
		words[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[r.IntN(36)]
	}
	for _, at := range []int{60 << 10, 300 << 10} {
		var b bytes.Buffer
		w := apikey.NewRedactor(string(words)).Writer(&b)
		text := strings.Repeat("!", at) + string(words) + strings.Repeat("!", 400<<10)
		for i := 0; i < len(text); i += 1000 {
			_, err := io.WriteString(w, text[i:min(i+1000, len(text))])
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		require.NotContains(t, b.String(), string(words[:12]))
		require.NotContains(t, b.String(), string(words[len(words)-12:]))
	}
	// A run that looks like a key and never ends is dropped, not let through.
	var b bytes.Buffer
	w := apikey.NewRedactor().Writer(&b)
	endless := "sk-" + "ant-" + strings.Repeat("q8ZrT2mW9x", 60<<10)
	for i := 0; i < len(endless); i += 4096 {
		_, err := io.WriteString(w, endless[i:min(i+4096, len(endless))])
		require.NoError(t, err)
	}
	_, err := io.WriteString(w, " end")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NotContains(t, b.String(), "q8ZrT2mW9x")
	require.True(t, strings.HasSuffix(b.String(), " end"), b.String())
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterReportsErrors(t *testing.T) {
	w := apikey.NewRedactor().Writer(failing{})
	_, err := io.WriteString(w, "text\n")
	require.ErrorContains(t, err, "disk full")
	require.ErrorContains(t, w.Close(), "disk full")
}

type stringer struct{ hidden string }

func (s stringer) String() string { return s.hidden }

type marshaler struct{ hidden string }

func (m *marshaler) MarshalText() ([]byte, error) { return []byte(m.hidden), nil }

type valuer struct{ hidden string }

func (v valuer) LogValue() slog.Value { return slog.GroupValue(slog.String("inner", v.hidden)) }

type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("no") }

func TestHandler(t *testing.T) {
	key := provider(t, "anthropic").Sample(dice())
	r := apikey.NewRedactor(secret)
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"json": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		for _, v := range []string{key, secret} {
			var b bytes.Buffer
			log := slog.New(r.Handler(handler(&b)))
			log = log.With("with", v).WithGroup("group").With(slog.Group("g", "deep", v))
			log.Error("message "+v,
				"string", v, "error", fmt.Errorf("wrapped: %w", errors.New(v)), "stringer", stringer{v}, "text",
				&marshaler{v}, "valuer", valuer{v},
				"struct", struct{ A []string }{[]string{v}}, "pointer", &struct{ A *string }{&v}, "map",
				map[string]any{"k": v}, "bytes", []byte(v),
				slog.Group("nested", slog.Group("more", "x", v)), slog.Any("any", slog.StringValue(v)),
				"password", "short", "OPENAI_API_KEY", "abc", "author", "Jane", "max_tokens", 4096, "n", 7, "panics",
				panics{}, "nil", nil)
			for how, s := range spellings(v) {
				require.NotContains(t, b.String(), s, "%s %s", name, how)
			}
			require.NotContains(t, b.String(), "short")
			require.NotContains(t, b.String(), "abc")
			for _, kept := range []string{"Jane", "4096", "message [redacted", "nested"} {
				require.Contains(t, b.String(), kept, name)
			}
		}
	}
}

// TestNoSecretInAnyRendering plants secrets and looks for them in whatever the
// package's own values show.
func TestNoSecretInAnyRendering(t *testing.T) {
	values := map[string]string{"A": provider(t, "openai").Sample(dice()), "B": secret,
		"C": "sk-" + "ant-" + "q8ZrT2mW9xKb4LpN", "D": provider(t, "gemini").Sample(dice()) + "\n",
		"E": provider(t, "mailgun").Sample(dice())}
	spec := apikey.Spec{Credentials: []apikey.Credential{{Env: "A", Provider: "openai"},
		{Env: "B", Provider: "password"}, {Env: "C", Provider: "openai"}, {Env: "D", Provider: "gemini"},
		{Env: "E", Provider: "mailgun"}, {Env: "F", Provider: "mailgun"}}}
	report, err := apikey.Startup(spec, func(env string) (string, bool) { v, ok := values[env]; return v, ok })
	require.Error(t, err)
	var all bytes.Buffer
	render := func(v any) {
		fmt.Fprintf(&all, "%v %+v %#v %s %q %x\n", v, v, v, v, v, v)
		require.NoError(t, json.NewEncoder(&all).Encode(v))
		slog.New(slog.NewJSONHandler(&all, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&all, nil)).Info("x", "v", v)
	}
	var faults apikey.Errors
	require.ErrorAs(t, err, &faults)
	require.Len(t, faults, 3)
	render(err)
	for _, f := range faults {
		render(f)
		render(*f)
	}
	render(report)
	render(report.Findings())
	render(report.Redactor())
	render(*report.Redactor())
	render(struct{ R *apikey.Redactor }{report.Redactor()})
	render(struct{ r apikey.Redactor }{*report.Redactor()})
	render(report.Redactor().Writer(io.Discard))
	for env, v := range values {
		v = strings.TrimSpace(v)
		result := provider(t, "openai").Check(v)
		render(result)
		for how, s := range spellings(v) {
			require.NotContains(t, all.String(), s, "%s as %s", env, how)
		}
		body := v[len(v)/2 : len(v)-4]
		require.NotContains(t, all.String(), body, "a part of %s", env)
		require.NotContains(t, all.String(), hex.EncodeToString([]byte(body)))
	}
	require.Contains(t, all.String(), "sk-proj-***", "nothing was rendered at all")
}

// falsePositives is the most that may be taken out of the corpus by mistake: the
// measured number. CREDENTIALS.md states it.
const falsePositives = 0

// TestFalsePositives reads ordinary text that resembles credentials, and whose
// every line is none.
func TestFalsePositives(t *testing.T) {
	text, err := os.ReadFile("testdata/ordinary.txt")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Greater(t, len(lines), 200)
	var found []string
	for _, line := range lines {
		if apikey.Redact(line) != line {
			found = append(found, line)
		}
	}
	assert.Len(t, found, falsePositives, "%s", strings.Join(found, "\n"))
	clean := string(text)
	require.Len(t, apikey.NewRedactor(secret).Find(clean), falsePositives)
}

func TestFindPlaces(t *testing.T) {
	key := provider(t, "openai").Sample(dice())
	require.Equal(t, []apikey.Match{{3, 3 + len(key), "openai", ""}}, apikey.NewRedactor().Find("ab "+key+" c"))
	require.Equal(t, []apikey.Match{{3, 3 + 2*len(key), "openai", "hex"}},
		apikey.NewRedactor().Find("ab "+hex.EncodeToString([]byte(key))+" c"))
}
