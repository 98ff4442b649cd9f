package apikey

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestVicinities: of source with an escape in every line next to nothing is read twice,
// and every text that an escape may belong to a credential in, in whole words.
func TestVicinities(t *testing.T) {
	read := func(text string, familiesOnly bool) (list []string) {
		for _, v := range unescaped(&view{text: []byte(text)}) {
			for _, part := range v.vicinities(familiesOnly) {
				list = append(list, string(part.text))
			}
		}
		return list
	}
	source := strings.Repeat("\tfmt.Printf(\"%d of %s\\n\", n, name) // and so on\n", 20000)
	require.Empty(t, read(source, true))
	require.Equal(t, len(source)-20000, len(strings.Join(read(source, false), "")), "a registered value has any signs")

	words := strings.Repeat("word ", 2000)
	for text, want := range map[string][]string{ // what is read anew, and must be there
		words + `abc\u0041defg ` + words: {"abcAdefg"}, words + `abc\u0041def ` + words: nil, `abc\u0041defg`: {"abcAdefg"},
		`\u0041 \u0042 \u0043`: {"A B C"}, `\u0041 12345\u0042 \u0043`: nil, "no escape": nil,
		words + `abc\ndefg ` + words + words + `abcdefg\"`: {"abc\ndefg", `abcdefg"`},
	} {
		got := read(text, true)
		require.Len(t, got, len(want), "%.30q", text)
		for i, part := range got {
			require.Contains(t, part, want[i])
			require.Less(t, len(part), wayBefore+wayBehind+20)
			require.Empty(t, strings.Trim(part, "word "+want[i]), "only whole words")
			require.True(t, strings.HasPrefix(part, "word ") || strings.HasPrefix(part, want[i]), "%.30q", part)
		}
	}
}

// TestEscapesInRegisteredValues: of what has any characters, one may be escaped.
func TestEscapesInRegisteredValues(t *testing.T) {
	for _, v := range []string{"a!@#$ &^% *()x", "one two six", "pass", "a b c d e f"} {
		for i := range len(v) {
			text := "it was " + v[:i] + percented(v[i]) + v[i+1:] + " then"
			require.Equal(t, "it was [redacted] then", NewRedactor(v).Redact(text), text)
		}
	}
}

func percented(c byte) string {
	return "%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15])
}

// TestNoTextIsSlow: what makes a careless matcher read the same bytes again and again
// takes at most some hundred times as long as a log does; what grows with the square of
// the length takes many thousand times.
func TestNoTextIsSlow(t *testing.T) {
	const size = chunk
	least := func(of string) time.Duration {
		text := strings.Repeat(of, size/len(of)+1)[:size]
		best := time.Hour
		for range 2 {
			begin := time.Now()
			NewRedactor().Find(text)
			best = min(best, time.Since(begin))
		}
		return best
	}
	log := least("2026-11-28 14:00:07.123 INFO [worker-7] c.e.Service: 4711 rows were read in 12 ms\n")
	for _, of := range []string{"sk-", "sk-" + "ant-", "ey" + "J", "ey" + "Jabcdefghijklmno.ey" + "J.", "gh" + "s_.",
		"0123456789abcdef", "%2541", "-----BEGIN " + "PRIVATE KEY-----\n", "postgres://a:", `\u005c`, `\`, "&#38;#",
		"=\r\n", "65, 66, ", "a", "api_key=", "a1b2c3d4 ", `a1b2c3d4\n`, "a b c d ", "0110000101100010 ", "a\u200bb"} {
		require.Less(t, least(of), 200*log+time.Second, "%q", of)
	}
}
