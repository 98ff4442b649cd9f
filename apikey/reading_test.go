package apikey

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What stands for one character in a text, and how long it is: each spelling once
// more with its neighbours, which stand for nothing.
func TestWhatStandsBehindABackslash(t *testing.T) {
	for text, want := range map[string]struct {
		r rune
		n int
	}{
		"":          {0, 0},
		"u0041":     {'A', 6},
		"u00411":    {'A', 6},
		"u004":      {0, 0},
		"u{41}":     {'A', 6},
		"u{110000}": {0, 0},
		"u{10ffff}": {0x10ffff, 10},
		"u{41":      {0, 0},
		"u{}":       {0, 0},
		"x41":       {'A', 4},
		"x4":        {4, 3},
		"x":         {0, 0},
		"U00000041": {'A', 10},
		"U0000041":  {0, 0},
		"101":       {'A', 4},
		"1011":      {'A', 4},
		"777":       {0xff, 4},
		"12":        {'\n', 3},
		"n":         {'\n', 2},
		"b":         {0, 2},
		"a":         {0, 2},
		"0":         {0, 2},
		"e":         {0x1b, 2},
		"/":         {'/', 2},
		`"`:         {'"', 2},
		"\nx":       {nothing, 2},
		"\r\nx":     {nothing, 3},
		"\rx":       {nothing, 2},
		" \nx":      {' ', 2}, // an escaped blank comes first
		"\t\nx":     {nothing, 3},
		"5a b":      {'Z', 4},
		"5ag":       {'Z', 3},
		"g":         {0, 0},
		"5":         {0, 0},
		"0041":      {4, 4}, // octal comes first
	} {
		r, n := backslash([]byte(text))
		assert.Equal(t, want.r, r, "%q", text)
		assert.Equal(t, want.n, n, "%q", text)
	}
}

func TestWhatStandsBehindAnAmpersand(t *testing.T) {
	for text, want := range map[string]struct {
		r rune
		n int
	}{
		"":                 {0, 0},
		"#65;x":            {'A', 5},
		"#65x":             {'A', 4},
		"#x41;":            {'A', 6},
		"#X41":             {'A', 5},
		"#":                {0, 0},
		"#;":               {0, 0},
		"#x;":              {0, 0},
		"#xg":              {0, 0},
		"#1114111;":        {0x10ffff, 10},
		"#1114112;":        {0, 0},
		"amp;":             {'&', 5},
		"amp":              {0, 0},
		"lowbar;":          {'_', 8},
		"nosuch;":          {0, 0},
		"ZeroWidthSpace;":  {0x200b, 16},
		"ZeroWidthSpacer;": {0, 0},
	} {
		r, n := entity([]byte(text))
		assert.Equal(t, want.r, r, "%q", text)
		assert.Equal(t, want.n, n, "%q", text)
	}
}

func TestWhereALineBreaks(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "x": 0, "\n": 1, "\r": 1, "\r\n": 2, "\rx": 1, " \n": 2, "\t\t\t\t\n": 5, "    x": 0, "     \n": 0,
		"  \r\n": 4,
	} {
		assert.Equal(t, want, lineBreak([]byte(text)), "%q", text)
	}
}

// The escapes of a whole text, and where each of its characters came from.
func TestUnescapedTexts(t *testing.T) {
	for text, want := range map[string]string{
		"plain":              "",
		"a%41b":              "aAb",
		"%41%42":             "AB",
		"a%4":                "",
		"%u0041b":            "Ab",
		"%U0041b":            "Ab",
		"%v0041b":            "",
		"%u004":              "",
		`a\u0041b`:           "aAb",
		"&amp;&#65;":         "&A",
		"100% of &co \\":     "",
		"%e2%82%ac":          "€",
		`\u20ac`:             "€",
		`a\xe9`:              "a\xe9",
		`a\u0100`:            "aĀ",
		"one%20two and 100%": "one two and 100%",
	} {
		got := unescaped(&view{text: []byte(text)})
		if want == "" {
			assert.Empty(t, got, "%q", text)
			continue
		}
		require.Len(t, got, 1, "%q", text)
		assert.Equal(t, want, string(got[0].text), "%q", text)
	}
	v := unescaped(&view{text: []byte("ab%41%42cd")})[0]
	for i, want := range [][2]int{{0, 1}, {1, 2}, {2, 5}, {5, 8}, {8, 9}, {9, 10}} {
		begin, end := v.back(i, i+1)
		assert.Equal(t, want, [2]int{begin, end}, "%d", i)
	}
	assert.Equal(t, "aAb", string(quotedPrintable(&view{text: []byte("a=41b")})[0].text))
	assert.Equal(t, "ab", string(quotedPrintable(&view{text: []byte("a=\r\nb")})[0].text))
	assert.Equal(t, "ab", string(quotedPrintable(&view{text: []byte("a= \nb")})[0].text))
	assert.Empty(t, quotedPrintable(&view{text: []byte("a=b")}))
}

// What a terminal doesn't show: both ends of each range, and what lies beside them.
func TestWhatDoesNotShow(t *testing.T) {
	for _, span := range [][2]rune{{0x80, 0x9f}, {0xad, 0xad}, {0x300, 0x36f}, {0x61c, 0x61c}, {0x115f, 0x1160},
		{0x17b4, 0x17b5}, {0x180b, 0x180e},
		{0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
		{0xffa0, 0xffa0},
		{0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0xe0000, 0xe0fff}} {
		assert.Equal(t, noise, runeKind(span[0]), "%#x", span[0])
		assert.Equal(t, noise, runeKind(span[1]), "%#x", span[1])
		if below := span[0] - 1; below >= 0xa0 {
			assert.NotEqual(t, noise, runeKind(below), "%#x", below)
		}
		if above := span[1] + 1; above != 0xfffd && above != 0xfffc {
			assert.NotEqual(t, noise, runeKind(above), "%#x", above)
		}
	}
	for _, r := range []rune{0xa0, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x2800, 0x3000} {
		assert.Equal(t, space, runeKind(r), "%#x", r)
	}
	for _, r := range []rune{0xa1, 0x1fff, 0x3001, 'é', 0x2801} {
		assert.Equal(t, none, runeKind(r), "%#x", r)
	}
}

func TestWhatATerminalSwallows(t *testing.T) {
	long := "\x1b]" + strings.Repeat("x", longestSequence)
	for text, want := range map[string]int{
		"\x1b": 1, "\x1bZ": 1, "\x1b[31mred": 5, "\x1b[m": 3, "\x1b[38;5;1mx": 9, "\x1b[31": 2, "\x1b[é": 2,
		"\x1b[@": 3, "\x1b[~x": 3,
		"\x1b]0;t\x07x": 6, "\x1b]0;t\x1b\\x": 7, "\x1bPq\x1b\\": 5, "\x1b]0;t": 2, "\x1b(B": 3, "\x1b(": 2,
		"\x1b#8x":     3,
		long + "\x07": 2,
	} {
		assert.Equal(t, want, sequence([]byte(text)), "%q", text)
	}
	assert.Equal(t, 0, parameters([]byte("\x1f")))
	assert.Equal(t, 1, parameters([]byte(" \x1f")))
}

func TestTextsWithoutWhatDoesNotShow(t *testing.T) {
	for text, want := range map[string]string{
		"a b\tc\r\nd":   "abcd",
		"a\x1b[31mb":    "ab",
		"a\u009b31mb":   "ab",
		"a\x00b\x7fc":   "abc",
		"\uff21\uff5eé": "A~é",
		"\uff00":        "\uff00",
		"\uff5f":        "\uff5f",
		"a\u200bb":      "ab",
	} {
		assert.Equal(t, want, string((&view{text: []byte(text)}).solid().text), "%q", text)
	}
	v := (&view{text: []byte("a b\x00c\x1b[mde")}).solid()
	for i, want := range []gap{none, space, noise, noise, none} {
		assert.Equal(t, want, v.gap(i), "%d", i)
	}
}

// decodedAs are the texts that a decoder finds.
func decodedAs(t *testing.T, decode func(*view, int) []*view, text string, least int) []string {
	t.Helper()
	var all []string
	for _, v := range decode((&view{text: []byte(text)}).solid(), least) {
		all = append(all, string(v.text))
	}
	return all
}

// Digits stand for a text where it is as long as it has to be, and not a byte less.
func TestDigitsThatAreATextOfTheLeastLength(t *testing.T) {
	assert.Contains(t, decodedAs(t, base64s, "aGVsbG8gd29ybGQ=", 11), "hello world")
	assert.Empty(t, decodedAs(t, base64s, "aGVsbG8gd29ybGQ=", 12))
	assert.Contains(t, decodedAs(t, base64s, "xaGVsbG8gd29ybGQ", 10), "hello world", "at another phase")
	assert.Contains(t, decodedAs(t, base32s, "NBSWY3DPEB3W64TMMQQQ", 4), "hello world!")
	assert.Empty(t, decodedAs(t, base32s, "NBSWY3DP", 4), "base 32 is looked for from 6 bytes on")
	assert.Contains(t, decodedAs(t, hexPairs, "68656c6c6f", 5), "hello")
	assert.Contains(t, decodedAs(t, hexPairs, "68:65:6C:6c:6f", 5), "hello")
	assert.Contains(t, decodedAs(t, hexPairs, `\x68\x65\x6c\x6c\x6f`, 5), "hello")
	assert.Empty(t, decodedAs(t, hexPairs, "68656c6c6f", 6))
	numbered := func(text string, least int) (all []string) {
		for _, v := range numbers(&view{text: []byte(text)}, least) {
			all = append(all, string(v.text))
		}
		return all
	}
	assert.Equal(t, []string{"hello"}, numbered("[104 101 108 108 111]", 5))
	assert.Equal(t, []string{"hello"}, numbered("chr(104).chr(101).chr(108).chr(108).chr(111)", 5))
	assert.Empty(t, numbered("[104, 101, 108, 108, 111]", 6))
	assert.Empty(t, numbered("[104, 101, 256, 108, 111]", 5), "256 is no byte")
	assert.Empty(t, numbered("[104, 101, 1080, 108, 111]", 5))
	raw := &view{text: []byte("104,101,         108,108,111")}
	assert.Empty(t, numbers(raw, 5), "nine characters apart are no list")
	all := numbers(&view{text: []byte("104,101,       108,108,111")}, 5)
	require.Len(t, all, 1)
	begin, end := all[0].back(0, 5)
	assert.Equal(t, [2]int{0, 26}, [2]int{begin, end})
}

func TestBytesThatMayBeAText(t *testing.T) {
	for text, want := range map[string][]string{
		"hello":                   {"hello"},
		"hell":                    nil,
		"\x01hello\x01":           {"hello"},
		"h\x00e\x00l\x00l\x00o":   {"h\x00e\x00l\x00l\x00o"},
		"hel\x7flo":               nil,
		"hel\xffloworld":          {"loworld"},
		"caf\u00e9s":              {"caf\u00e9s"},
		"caf\x80s and":            {"s and"},
		"\x1b[m\n\r\t":            nil,
		"hello\x02world\x02again": {"hello", "world", "again"},
	} {
		var got []string
		for _, v := range legible(&view{text: []byte(text)}, 5) {
			got = append(got, string(v.text))
		}
		assert.Equal(t, want, got, "%q", text)
	}
}

// A run is found at its first byte, wherever it stands, and only if it is as long.
func TestRunsOfDigits(t *testing.T) {
	for _, row := range []struct {
		text     string
		from, of int
		want     int
	}{{"abc", 0, 3, 0}, {"abc", 0, 4, -1}, {"abc", 1, 2, 1}, {"-abc", 0, 3, 1}, {"ab-abc", 0, 3, 3},
		{"ab-abc", 3, 3, 3}, {"ab-abc", 4, 3, -1}, {"", 0, 1, -1}, {"-", 0, 1, -1}, {"-a", 0, 1, 1}} {
		assert.Equal(t, row.want, run([]byte(row.text), fourBits, row.from, row.of), "%+v", row)
	}
}

func TestAFormatIsDescribed(t *testing.T) {
	f := format{parts: []part{{text: "k-"}, {class: hexes, min: 4, max: 4}, {text: "."},
		{class: words, min: 2, max: 9}}}
	assert.Equal(t, "k-<4 hex digits>.<2 or more letters, digits or _>", f.describe())
	for _, row := range []struct{ value, want string }{
		{"k-0123.ab\x00", "place 10 that no key has"},
		{"\x00-0123.ab", "place 1 that no key has"},
		{"k-0123.a", "too short: 8 characters of 9"},
		{"k-012g.ab", "place 6 that is not one of hex digits"},
	} {
		assert.Contains(t, f.fault(row.value), row.want)
	}
	fixed := format{parts: []part{{text: "k-"}, {class: hexes, min: 4, max: 4}}}
	assert.Contains(t, fixed.fault("k-01234"), "too long: 7 characters, not 6")
	assert.Contains(t, fixed.fault("k-0123"), "not the right build")
	assert.True(t, fixed.match("k-0123"))
	assert.False(t, fixed.match("k-01234"))
	assert.False(t, fixed.match("k-012"))
}

// Words of templates are known in capitals, with signs in them and digits behind them.
func TestStockIsKnownHoweverItIsWritten(t *testing.T) {
	require.NotEmpty(t, stock)
	for w := range stock {
		assert.True(t, inStock(w), w)
		assert.True(t, inStock(strings.ToUpper(w[:1])+"-"+w[1:]+"_123456789012"), w)
		assert.False(t, inStock(w+"1x"), w)
		assert.False(t, inStock(w+strings.Repeat("x", longestStock)), w)
	}
}

// A Writer lets go of what can be judged, and holds back the word that goes on.
func TestAWriterHoldsBackAWord(t *testing.T) {
	var out bytes.Buffer
	w := NewRedactor().Writer(&out)
	for _, step := range []struct{ write, passed string }{
		{"one", ""}, {" two", "one "}, {" ", "one two "}, {"\n", "one two \n"}, {"", "one two \n"},
		{"three\tfour", "one two \nthree\t"},
	} {
		n, err := w.Write([]byte(step.write))
		require.NoError(t, err)
		require.Equal(t, len(step.write), n)
		require.Equal(t, step.passed, out.String(), "after %q", step.write)
	}
	require.NoError(t, w.Close())
	require.Equal(t, "one two \nthree\tfour", out.String())
}
