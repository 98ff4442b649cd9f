package apikey_test

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"mime/quotedprintable"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
)

// each writes every byte of a value in one way.
func each(v, format, between string) string {
	var parts []string
	for i := range len(v) {
		parts = append(parts, fmt.Sprintf(format, v[i]))
	}
	return strings.Join(parts, between)
}

// every cuts a value into parts of n bytes.
func every(n int, v, between string) string {
	var parts []string
	for ; len(v) > n; v = v[n:] {
		parts = append(parts, v[:n])
	}
	return strings.Join(append(parts, v), between)
}

func wide(v string, big bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(v)) {
		if big {
			b.Write([]byte{byte(u >> 8), byte(u)})
		} else {
			b.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	return b.String()
}

func based(v string, before int) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(":", before) + v + ":tail"))
}

func quoted(v string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(strings.Repeat("x ", 30) + "=" + v)) // a Builder doesn't fail
	_ = w.Close()                                              // likewise
	return b.String()
}

func dumped(v string) string { return hex.Dump([]byte("key: " + v)) }

func xxd(v string) string {
	var b strings.Builder
	for i := 0; i < len(v); i += 16 {
		row := v[i:min(i+16, len(v))]
		fmt.Fprintf(&b, "%08x: %-39s  %s\n", i, every(4, hex.EncodeToString([]byte(row)), " "), row)
	}
	return b.String()
}

// disguised is how a value may be written so that it reads otherwise.
var disguised = []struct {
	name string
	of   func(v string) string
}{
	{"plain", func(v string) string { return v }},
	{"capitals", strings.ToUpper},
	{"small letters", strings.ToLower},
	{"hex", func(v string) string { return hex.EncodeToString([]byte(v)) }},
	{"hex in capitals", func(v string) string { return strings.ToUpper(hex.EncodeToString([]byte(v))) }},
	{"hex with colons", func(v string) string { return each(v, "%02x", ":") }},
	{"hex with hyphens, as .NET", func(v string) string { return each(v, "%02X", "-") }},
	{"hex with spaces", func(v string) string { return each(v, "%02x", " ") }},
	{"0x each", func(v string) string { return each(v, "0x%02x", ", ") }},
	{"xxd", xxd},
	{"hexdump -C", dumped},
	{"base64, first place", func(v string) string { return based(v, 0) }},
	{"base64, second place", func(v string) string { return based(v, 1) }},
	{"base64, third place", func(v string) string { return based(v, 2) }},
	{"base64url", func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte("x:" + v)) }},
	{"base64 in lines of MIME", func(v string) string {
		return every(76, based(strings.Repeat("padding ", 12)+v, 1),
			"\r\n")
	}},
	{"base64 in lines of PEM", func(v string) string {
		return every(64, based(strings.Repeat("padding ", 5)+v, 2),
			"\n")
	}},
	{"base64 in JSON's lines", func(v string) string {
		return every(76, based(strings.Repeat("padding ", 12)+v, 1),
			`\r\n`)
	}},
	{"base64 of base64", func(v string) string { return based(based(v, 1), 2) }},
	{"base32", func(v string) string { return base32.StdEncoding.EncodeToString([]byte(":" + v)) }},
	{"percent", percentAll},
	{"percent in small letters", func(v string) string { return strings.ToLower(percentAll(v)) }},
	{"percent, every other", func(v string) string {
		var b strings.Builder
		for i := range len(v) {
			if i%2 == 0 {
				fmt.Fprintf(&b, "%%%02X", v[i])
			} else {
				b.WriteByte(v[i])
			}
		}
		return b.String()
	}},
	{"percent twice", func(v string) string { return url.QueryEscape(percentAll(v)) }},
	{"JSON \\u", func(v string) string { return each(v, `\u%04x`, "") }},
	{"JSON \\u in JSON", func(v string) string { js, _ := json.Marshal(each(v, `\u%04x`, "")); return string(js) }},
	{"JSON \\/ and \\u002d", func(v string) string {
		return strings.NewReplacer("-", `\u002d`, "/", `\/`, "_", `\u005F`, ".", `\u002e`).Replace(v)
	}},
	{"\\x", func(v string) string { return each(v, `\x%02x`, "") }},
	{"\\u{}", func(v string) string { return each(v, `\u{%x}`, "") }},
	{"JSON \\u in JSON, three times", func(v string) string {
		js := each(v, `\u%04x`, "")
		for range 3 {
			text, _ := json.Marshal(js) // strings always marshal
			js = string(text)
		}
		return js
	}},
	{"\\N{}", func(v string) string { return each(v, `\N{U+%04X}`, "") }},
	{"octal", func(v string) string { return each(v, `\%03o`, "") }},
	{"entities, decimal", func(v string) string { return each(v, "&#%d;", "") }},
	{"entities, hex", func(v string) string { return each(v, "&#x%X;", "") }},
	{"entities with zeros", func(v string) string { return each(v, "&#%010d;", "") }},
	{"bits", func(v string) string { return each(v, "%08b", " ") }},
	{"letters of mathematics", func(v string) string {
		return strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z':
				return 0x1d41a + r - 'a'
			case r >= 'A' && r <= 'Z':
				return 0x1d400 + r - 'A'
			case r >= '0' && r <= '9':
				return 0x1d7ce + r - '0'
			}
			return r
		}, v)
	}},
	{"struck through", func(v string) string { return every(1, v, "\u0336") }},
	{"entities, named", func(v string) string {
		return strings.NewReplacer("-", "&hyphen;", "_", "&lowbar;", ".", "&period;").Replace(html.EscapeString(v))
	}},
	{"quoted-printable", quoted},
	{"quoted-printable, every byte", func(v string) string { return each(v, "=%02X", "") }},
	{"list of numbers", func(v string) string { return fmt.Sprint([]byte(v)) }},
	{"list of numbers, JSON", func(v string) string { return each(v, "%d", ", ") }},
	{"chr()", func(v string) string { return each(v, "chr(%d)", ".") }},
	{"one space", func(v string) string { return v[:8] + " " + v[8:] }},
	{"a space between all", func(v string) string { return every(1, v, " ") }},
	{"hard wraps", func(v string) string { return every(20, v, "\n    ") }},
	{"a control character", func(v string) string { return v[:8] + "\x00" + v[8:] }},
	{"a control character between all", func(v string) string { return every(1, v, "\x08") }},
	{"colours", func(v string) string { return every(5, v, "\x1b[1;31m") }},
	{"a link of the terminal", func(v string) string { return v[:9] + "\x1b]8;;http://x/\x1b\\" + v[9:] }},
	{"zero-width characters", func(v string) string { return every(3, v, "\u200b") }},
	{"bidi controls", func(v string) string { return "\u202e" + every(6, v, "\u202c") }},
	{"UTF-16 LE", func(v string) string { return wide(v, false) }},
	{"UTF-16 BE", func(v string) string { return wide(v, true) }},
	{"UTF-16 LE in base64", func(v string) string { return based(wide(v, false), 1) }},
	{"UTF-16 BE in hex", func(v string) string { return hex.EncodeToString([]byte(wide(v, true))) }},
	{"full width", func(v string) string {
		return strings.Map(func(r rune) rune {
			if r > ' ' && r < 0x7f {
				return r + 0xff01 - '!'
			}
			return r
		}, v)
	}},
}

// frames are what may stand around.
var frames = []string{"%s", "error: bad credential %s; try again", `{"detail":"got %s"}`, "token=%s&x=1\nnext line"}

// left is the longest part of a value of which a text still shows all.
func left(text, v string) int {
	for n := len(v); n >= 6; n-- {
		for i := 0; i+n <= len(v); i++ {
			if strings.Contains(text, v[i:i+n]) {
				return n
			}
		}
	}
	return 0
}

// TestDisguises: a registered value, and the key of a family, is taken out
// however it is written. The share is what CREDENTIALS.md states.
func TestDisguises(t *testing.T) {
	require.Greater(t, len(disguised), 41)
	keys := known(t)
	const own = "Zk93-jdLs82_jfQp01xx.YYab/cd" // no family's shape
	r := apikey.NewRedactor(own, "correct horse battery staple")
	total, missed := 0, map[string]int{}
	for k, d := range disguised {
		for _, frame := range frames {
			for _, v := range []string{own, "correct horse battery staple"} {
				text := fmt.Sprintf(frame, d.of(v))
				out := r.Redact(text)
				assert.Contains(t, out, "[redacted]", "registered, %s in %q", d.name, text)
				assert.Less(t, left(out, v), 8, "registered, %s: %q", d.name, out)
				assert.Equal(t, out, r.Redact(out), "twice")
			}
		}
		for i, name := range slices.Sorted(maps.Keys(keys)) {
			total++
			key := keys[name]
			text := before(name) + d.of(key)
			if strings.HasPrefix(d.name, "base64 in ") || d.name == "quoted-printable" {
				text = d.of(before(name) + key) // else what the disguise puts before it keeps the name too far away
			}
			out := apikey.Redact(fmt.Sprintf(frames[(i+k)%len(frames)], text))
			if !strings.Contains(out, "[redacted ") || left(out, key[len(key)/3:]) >= 12 {
				missed[d.name+": "+name]++
			}
		}
	}
	for _, what := range slices.Sorted(maps.Keys(missed)) {
		t.Logf("missed: %s", what)
	}
	n := 0
	for _, k := range missed {
		n += k
	}
	t.Logf("found %d of %d, %.2f%%", total-n, total, 100*float64(total-n)/float64(total))
	assert.LessOrEqual(t, n*100, 3*total, "the share of keys that are missed, in percent")
}

// TestOrdinaryWords: what looks like the beginning of a key in other words is
// left alone.
func TestOrdinaryWords(t *testing.T) {
	for _, text := range []string{
		"help-desk-Tickets-Export-2026-11-28-Final-Version-3.csv",
		"risk-Report-2026-Q3-Final-Version-For-The-Board-7.pdf",
		"task-" + "a8Kd93LsmQp47TzWx01BvNc56RyUi82OeHgF",
		"s3://cache/key-" + "5d41402abc4b2a76b9719d911017c592",
		"cache key-" + "5d41402abc4b2a76b9719d911017c592 was evicted",
		"the sk- prefix is what OpenAI keys begin with, and 48 Characters follow",
		"FAQ. How do I set 4 Keys at once in the Console of the Product",
		"a mask- or task- prefix, then Words with 7 letters or more are read by Tools",
		"the quick brown fox jumps over the lazy dog and 12345678901234567890",
	} {
		require.Equal(t, text, apikey.Redact(text))
		require.Equal(t, text, apikey.NewRedactor("Zk93-jdLs82_jfQp01xx.YYab/cd").Redact(text))
	}
}

// TestRedactCut: a part of a value is as bad as the whole.
func TestRedactCut(t *testing.T) {
	const v = "Zk93jdLs82jfQp01xxYYabcdEF77"
	r := apikey.NewRedactor(v)
	for n := 12; n <= len(v); n++ {
		for _, part := range []string{v[:n], v[len(v)-n:]} {
			require.Equal(t, "got [redacted].", r.Redact("got "+part+"."))
		}
	}
}

// TestRedactLong: chunks don't show, wherever a key stands.
func TestRedactLong(t *testing.T) {
	key := provider(t, "anthropic").Sample(dice())
	filler := strings.Repeat("an ordinary line of a log, 42 bytes long.\n", 20000)
	for _, at := range []int{0, 160<<10 - 40, 160 << 10, 160<<10 + 900, 161<<10 - 1, 192<<10 - 30, 192 << 10, 500000} {
		text := filler[:at] + " " + key + " " + filler[at:]
		out := apikey.Redact(text)
		require.Equal(t, strings.Replace(text, key, "[redacted anthropic]", 1), out, "at %d", at)
	}
	require.Regexp(t, regexp.MustCompile(`^\S+ \[redacted anthropic\]$`),
		apikey.Redact(strings.Repeat("x", 300<<10)+" "+key))
}

// TestSpread: what has the same signs between all of its characters is read, wherever
// it begins, from a run of twelve on.
func TestSpread(t *testing.T) {
	key := provider(t, "gitlab").Sample(dice())
	for _, sign := range []string{" ", "-", ".", "\t", "\n", "\r\n", ", ", "','", `","`, `" "`, "', '", "  "} {
		for _, before := range []string{"", "[", "it was ", strings.Repeat("an ordinary line\n", 3)} {
			text := before + strings.Join(strings.Split(key, ""), sign) + "\nnext"
			require.NotContains(t, apikey.Redact(text), key[12:13]+sign+key[13:14]+sign+key[14:15], "%q", text)
			require.Contains(t, apikey.Redact(text), "[redacted gitlab]", "%q", text)
		}
	}
	for _, text := range []string{strings.Repeat("a b ", 100), strings.Repeat("- ", 100), strings.Repeat(" ", 200),
		strings.Repeat("1, 2, ", 100), "g l p a t", strings.Repeat("x", 3) + strings.Repeat(" y", 11)} {
		require.Equal(t, text, apikey.Redact(text))
	}
}

// TestTheEndsOfTheLettersOfMathematics: the first that is none is left alone.
func TestTheEndsOfTheLettersOfMathematics(t *testing.T) {
	for text, hidden := range map[string]bool{
		"hunter2\U0001d4009xyzw": true, "hunter2\U0001d6a49xyzw": false, "hunter2\U0001d7cewxyzw": true,
	} {
		r := apikey.NewRedactor("hunter2A9xyzw", "hunter20wxyzw")
		assert.Equal(t, hidden, r.Redact(text) != text, "%+q", text)
	}
}
