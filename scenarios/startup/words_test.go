package startup

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/verdict"
)

// What is quoted is short, whole characters, and never the half of a secret that was
// cut before it could be found.
func TestQuotesAreShort(t *testing.T) {
	for _, row := range []struct{ name, line, want string }{
		{"as long as may be", strings.Repeat("a", longest), strings.Repeat("a", longest)},
		{"longer", strings.Repeat("a", longest+1), strings.Repeat("a", longest) + " …"},
		{"a character across the end", strings.Repeat("a", longest-1) + "é" + "b",
			strings.Repeat("a", longest-1) + " …"},
		{"a character that ends there", strings.Repeat("a", longest-2) + "é" + "b",
			strings.Repeat("a", longest-2) + "é …"},
		{"a long character across the end", strings.Repeat("a", longest-3) + "🔑" + "b",
			strings.Repeat("a", longest-3) + " …"},
	} {
		require.Equal(t, row.want, quote(row.line, nil), row.name)
	}
	// A secret as long as all that is looked at.
	secret := strings.Repeat("Zk93-jdLs82_jfQp01xx", looked/20)
	whole := secret + strings.Repeat(".", looked-len(secret))
	of := []Secret{NewSecret("X", secret)}
	require.Equal(t, "[redacted]"+strings.Repeat(".", looked-len(secret)), quote(whole, of), "nothing was cut")
	require.Empty(t, quote(whole+".", of), "what is cut may end in half a secret")
	rapid.Check(t, func(t *rapid.T) {
		line := strings.Repeat(rapid.String().Draw(t, "text"), rapid.IntRange(1, 60).Draw(t, "times"))
		got := quote(line, nil)
		require.LessOrEqual(t, len(got), longest+len(" …"))
		require.True(t, utf8.ValidString(got))
		require.NotContains(t, got, "\n")
	})
}

// What findAll finds is what looking for one part at a time does.
func TestPartsAreFoundAsOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := func(most int) string {
			return string(rapid.SliceOfN(rapid.SampledFrom([]byte("ab")), 1, most).Draw(t, "word"))
		}
		text := []byte(word(60))
		var parts []string
		want := map[string]int{}
		for range rapid.IntRange(0, 20).Draw(t, "parts") {
			part := word(12)
			if at := rapid.IntRange(0, len(text)-1).Draw(t, "at"); rapid.Bool().Draw(t, "of the text") {
				part = string(text[at:min(len(text), at+rapid.IntRange(1, 14).Draw(t, "length"))])
			}
			parts = append(parts, part)
			if i := bytes.Index(text, []byte(part)); i >= 0 {
				want[part] = i
			}
		}
		require.Equal(t, want, findAll(text, parts))
	})
}

// A claim counts once its line has ended, on its own stream, before we stop the server,
// and within what is read.
func TestWhereAClaimCounts(t *testing.T) {
	const says = "server ready\n"
	filler := strings.Repeat("x", attention-len(says)-1) + "\n"
	for _, row := range []struct {
		name string
		o    Observation
		at   time.Duration
		ok   bool
	}{
		{"a line", Observation{Output: []Chunk{chunk(Stderr, 3, says)}}, 3, true},
		{"in two parts", Observation{Output: []Chunk{chunk(Stderr, 1, "server "), chunk(Stderr, 2, "ready"),
			chunk(Stderr, 3, "\n")}}, 3, true},
		{"with another stream between", Observation{Output: []Chunk{chunk(Stderr, 1, "server "),
			chunk(Stdout, 2, "is not "), chunk(Stderr, 3, "ready\n")}}, 3, true},
		{"without an end", Observation{Output: []Chunk{chunk(Stderr, 1, "server ready")}}, 0, false},
		{"as we stop it", Observation{StopAt: 3, Output: []Chunk{chunk(Stderr, 3, says)}}, 0, false},
		{"before we stop it", Observation{StopAt: 4, Output: []Chunk{chunk(Stderr, 3, says)}}, 3, true},
		{"in a message", Observation{Output: []Chunk{chunk(Stdout, 1,
			`{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"server ready"}}`+"\n")}}, 0, false},
		{"behind a message", Observation{Output: []Chunk{chunk(Stdout, 1, hello+says)}}, 1, true},
		{"as far as is read", Observation{Output: []Chunk{chunk(Stderr, 1, filler), chunk(Stderr, 2, says)}}, 2, true},
		{"farther", Observation{Output: []Chunk{chunk(Stderr, 1, "x"+filler), chunk(Stderr, 2, says)}}, 0, false},
		{"farther, chunk by chunk", Observation{Output: []Chunk{chunk(Stderr, 1, filler), chunk(Stdout, 1, "x\n"),
			chunk(Stderr, 2, says)}}, 0, false},
	} {
		_, at, ok := row.o.claim(claims)
		require.Equal(t, row.ok, ok, row.name)
		require.Equal(t, row.at, at, row.name)
	}
}

// How a served start came to its end, where that is worth knowing.
func TestStopped(t *testing.T) {
	const ignored, closed, status = "it had to be killed: neither the end of its stdin nor SIGTERM ended it in time",
		"the end of its stdin doesn't end it; SIGTERM did", "after a clean stop it ends with exit status 3, not with 0"
	for _, row := range []struct {
		name  string
		o     Observation
		stdio bool
		want  []string
	}{
		{"in order", Observation{StopAt: 1, Ended: "exit status 0"}, true, nil},
		{"by itself", Observation{Exited: true, StopAt: 1, Code: 3, Ended: "exit status 3", Ignored: true}, true, nil},
		{"never stopped", Observation{Code: 3, Ended: "exit status 3", Ignored: true}, true, nil},
		{"killed", Observation{StopAt: 1, Ignored: true, Code: 3}, true, []string{ignored}},
		{"by SIGTERM", Observation{StopAt: 1, Code: -1, Ended: "signal: terminated"}, true, []string{closed}},
		{"by SIGTERM, over HTTP", Observation{StopAt: 1, Code: -1, Ended: "signal: terminated"}, false, nil},
		{"another status", Observation{StopAt: 1, Code: 3, Ended: "exit status 3"}, false, []string{status}},
		{"one left", Observation{StopAt: 1, Orphans: 1}, true,
			[]string{"it left 1 process behind that had moved out of its process group; ended now"}},
		{"some left, and killed", Observation{StopAt: 1, Ignored: true, Orphans: 2}, true,
			[]string{ignored, "it left 2 processes behind that had moved out of its process group; ended now"}},
	} {
		require.Equal(t, row.want, Start{Seen: &row.o}.stopped(row.stdio), row.name)
	}
}

// One refusal is enough for a status to be looked at, and none is not.
func TestOneRefusalHasAStatus(t *testing.T) {
	once := func(refuses bool) verdict.Verdict {
		tr := trial(spoil(func(s Start) bool { return s.Expect == Refuse && !(refuses && s.Case.Name == Blank) },
			serve), token("API_KEY", true))
		return answersOf(Judge(tr))["exit-status"]
	}
	require.Equal(t, verdict.Pass, once(true))
	require.Equal(t, verdict.Inconclusive, once(false))
}

// Each case has the formats that it is about, the good one never among them.
func TestFormatsOfCases(t *testing.T) {
	for provider, want := range map[string]map[string][]string{
		"mailgun": {OldFormat: {"key- key", "bare key"}, NewFormat: nil},
		"generic": {OldFormat: nil, NewFormat: nil},
	} {
		c, err := NewCredential("X", provider, true)
		require.NoError(t, err)
		for _, kase := range Cases() {
			require.Equal(t, want[kase.Name], c.Variants(kase.Name), "%s %s", provider, kase.Name)
		}
	}
	for _, p := range apikey.Providers() {
		c, err := NewCredential("X", p.Name(), true)
		require.NoError(t, err)
		status := map[string]string{}
		for _, f := range p.Formats() {
			if _, known := status[f.Name]; !known {
				status[f.Name] = string(f.Status)
			}
		}
		for _, telling := range c.Telling {
			require.Greater(t, len(telling), 1, "%s: a letter tells nothing", p.Name())
		}
		count := map[string]int{}
		for _, kase := range Cases() {
			for _, format := range c.Variants(kase.Name) {
				require.Contains(t, []string{OldFormat, NewFormat}, kase.Name, p.Name())
				require.NotEqual(t, p.Formats()[0].Name, format, p.Name())
				require.Equal(t, kase.Name == OldFormat, status[format] == "old", "%s %s %s", p.Name(), kase.Name,
					format)
				count[status[format]]++
			}
		}
		require.LessOrEqual(t, count["old"], 2, p.Name())
		require.LessOrEqual(t, count["current"], 1, p.Name())
		require.LessOrEqual(t, count["plausible"], 1, p.Name())
	}
	c, err := NewCredential("X", "own", true, apikey.Provider{ID: "own", Patterns: []string{"x<32 hex>"}})
	require.NoError(t, err)
	require.Empty(t, c.Telling, "a letter tells nothing")
}

// A credential that has no good value of its own keeps no other from having one.
func TestACredentialWithoutValues(t *testing.T) {
	none := token("NONE", true)
	make := none.Make
	none.Make = func(c string, v int, r *rand.Rand) (string, bool) {
		if c == Good {
			return "", false
		}
		return make(c, v, r)
	}
	for _, s := range trial(honest, none, token("API_KEY", true)).Starts {
		if s.Env != "API_KEY" {
			require.NotEmpty(t, s.Set["API_KEY"], s.About())
			require.NotEmpty(t, s.Secrets, s.About())
		}
	}
}
