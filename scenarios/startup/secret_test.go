package startup

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func secretOf(seed uint64) (Secret, string) {
	r := rand.New(rand.NewPCG(seed, 1))
	make := func() string { return "acme-api03-" + draw(r, 20) + "MARKERS8" + draw(r, 20) + "-AA" }
	value := make()
	return NewSecret("API_KEY", value, make(), make(), make(), make(), make()), value
}

// What every key of a provider has in common is public.
func TestPublicParts(t *testing.T) {
	s, value := secretOf(1)
	require.Equal(t, 40, s.secretLength())
	for _, public := range []string{"acme-api03-", "MARKERS8", "-AA", value[:18], value[31-7 : 39+0]} {
		_, ok := leaks([]byte("it is "+public+" you know"), s)
		require.False(t, ok, public)
	}
	l, ok := leaks([]byte("it is "+value[:19]+"..."), s)
	require.True(t, ok)
	require.Equal(t, value[:19], l.part)
	require.Equal(t, 6, l.at)
	require.False(t, l.whole)
	l, ok = leaks([]byte(value), s)
	require.True(t, ok)
	require.True(t, l.whole)
}

// A prefix of another length is public too.
func TestPublicPrefixOfAnyLength(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	s := NewSecret("K", "proj-"+draw(r, 40), "proj-"+draw(r, 30), "proj-"+draw(r, 50))
	require.Equal(t, 40, s.secretLength())
}

// A value that is printed from its last character to its first is one that anybody
// reads; a public part is none that way either.
func TestLeaksBackwards(t *testing.T) {
	backwards := func(v string) string {
		b := []byte(v)
		slices.Reverse(b)
		return string(b)
	}
	s, value := secretOf(2)
	for _, part := range []string{value, value[:20], value[12:22], value[len(value)-13:]} {
		l, ok := leaks([]byte("it is "+backwards(part)+" you know"), s)
		require.True(t, ok, part)
		require.Equal(t, "reversed", l.form)
	}
	for _, public := range []string{"acme-api03-", "MARKERS8", "-AA", value[:18]} {
		_, ok := leaks([]byte("it is "+backwards(public)+" you know"), s)
		require.False(t, ok, public)
	}
}

// Any 8 characters of the secret are found in any encoding at any place, and
// fewer aren't.
func TestLeaksInAnyEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, value := secretOf(rapid.Uint64().Draw(t, "seed"))
		begin := rapid.IntRange(11, 11+12).Draw(t, "begin")
		n := rapid.IntRange(8, 20-(begin-11)).Draw(t, "length")
		part := value[begin : begin+n]
		before := rapid.StringMatching(`[ -~]{0,9}`).Draw(t, "before")
		after := rapid.StringMatching(`[ -~]{0,9}`).Draw(t, "after")
		quoted, err := json.Marshal(before + part + after)
		require.NoError(t, err)
		for name, text := range map[string]string{
			"plain":     before + part + after,
			"base64":    base64.StdEncoding.EncodeToString([]byte(before + part + after)),
			"base64url": base64.RawURLEncoding.EncodeToString([]byte(before + part + after)),
			"hex":       hex.EncodeToString([]byte(before + part + after)),
			"HEX":       strings.ToUpper(hex.EncodeToString([]byte(before + part + after))),
			"url":       url.QueryEscape(before + part + after),
			"json":      string(quoted),
		} {
			_, ok := leaks([]byte("x "+text+" y"), s)
			require.True(t, ok, "%s: %s", name, text)
		}
		// What is veiled leaks no more, however it was spelt.
		require.NotContains(t, quote(before+part+after, []Secret{s}), part)
		_, ok := leaks([]byte("x "+value[begin:begin+7]+" y"), s)
		require.False(t, ok)
	})
}

// A value with characters that encodings spell otherwise.
func TestLeaksOfAwkwardValues(t *testing.T) {
	value := `p"a s\w/ö&r+d=9<3%x`
	s := NewSecret("PASSWORD", value)
	quoted, err := json.Marshal(value)
	require.NoError(t, err)
	l, ok := leaks([]byte(url.QueryEscape(`s\w/ö&r+d`)), s)
	require.True(t, ok)
	require.Equal(t, "URL-encoded", l.form)
	for _, text := range []string{value, string(quoted), url.QueryEscape(value), url.PathEscape(value),
		base64.URLEncoding.EncodeToString([]byte(value))} {
		_, ok := leaks([]byte(text), s)
		require.True(t, ok, text)
		require.NotContains(t, quote(text, []Secret{s}), value[4:12])
	}
}

// Text that has nothing to do with a key never shows it, however much there is
// of it and however alike its alphabet: hashes, identifiers, base64.
func TestNoFalseAlarm(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	var b strings.Builder
	for range 4000 {
		raw := make([]byte, 20)
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		b.WriteString("commit " + hex.EncodeToString(raw) + " " + base64.StdEncoding.EncodeToString(raw) + "\n")
	}
	text := []byte(b.String())
	for range 50 {
		raw := make([]byte, 16)
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		for _, s := range []Secret{NewSecret("HEX", hex.EncodeToString(raw)), NewSecret("TOKEN", draw(r, 40)),
			NewSecret("DIGITS", strings.Repeat("31", 3)+"4159")} {
			l, ok := leaks(text, s)
			require.False(t, ok, "%+v", l)
		}
	}
	// Eight hexadecimal digits in a sea of them may be an accident; the whole of
	// a key isn't.
	key := "0123456789abcdef0f1e2d3c4b5a6978"
	s := NewSecret("HEX", key)
	_, ok := leaks([]byte(b.String()+key[:8]), s)
	require.False(t, ok)
	_, ok = leaks([]byte(b.String()+key), s)
	require.True(t, ok)
	_, ok = leaks([]byte("key "+key[:8]), s)
	require.True(t, ok)
}

func TestShortSecretsAreNotLookedFor(t *testing.T) {
	_, ok := leaks([]byte("hello admin, this is an ordinary text"), NewSecret("USER", "admin"))
	require.False(t, ok)
}

func FuzzObservation(f *testing.F) {
	f.Add("Welcome\n"+hello, "key acme_\x1b[1m")
	f.Add(`[{"jsonrpc":"2.0"}]`, "\xff\xfe\r\n")
	s, value := secretOf(5)
	f.Add(value, value[5:])
	f.Fuzz(func(t *testing.T, stdout, stderr string) {
		o := &Observation{Started: true, Output: []Chunk{chunk(Stdout, 1, stdout), chunk(Stderr, 2, stderr)}}
		o.pollution()
		o.claim(claims)
		traceback(o.said())
		leaks([]byte(stdout+stderr), s)
		shown := quote(stdout+stderr, []Secret{s})
		if _, ok := leaks([]byte(shown), s); ok {
			t.Fatalf("a quotation leaks: %q", shown)
		}
	})
}
