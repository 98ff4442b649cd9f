package apikey

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// drawn is n letters and digits, mixed from the first nine on.
func drawn(n int) string {
	const mixedUp = "k7Qz2Wn9bXr4TmJ6cVs1LhG8fDp3YtKwB5xR0uZvNq"
	return strings.Repeat(mixedUp, n/len(mixedUp)+1)[:n]
}

// TestWhatChanceWrote: each question whether a person or chance wrote a text, at the
// lengths and counts where the answer turns.
func TestWhatChanceWrote(t *testing.T) {
	for _, row := range []struct {
		name string
		of   func([]byte) bool
		yes  []string
		no   []string
	}{
		{"spelled", spelled, []string{"abcdefghijklmnop", "AllowInstancesWithVolumes", "one-two-three-four",
			"abcdefghijklmno1", "abcdefghijkl-MNOP"},
			[]string{"abcdefghijklmno", "abcdefghijklmn12", drawn(40), "abABabABabABabABab", "abcdefghijkMNOPQ"}},
		{"stuck", stuck, []string{"aaaaaaaa", "xyaaaaaaaa", "00000000", "aaaaaaaax"},
			[]string{"aaaaaaa", "AAAAAAAAAAAA", "////////////", "aaaabaaaa", "--------", ""}},
		{"loud", loud, []string{"ABCDEFGHIJKLMNO123", "abcdefghijklmno123", "1234567890abcd1234"},
			[]string{"ABCDEFGHIJKLMN123", "ABCDEFGHIJKLMNOP12", "123456789012345abc", "ABCDEFGHI-JKLMNO123", ""}},
		{"mixed", mixed, []string{"aB1", "1aB", drawn(9)}, []string{"ab1", "AB1", "aBc", ""}},
		{"coded", coded, []string{"a1b2c3", "aB3dE6"}, []string{"a1b2c", "abcdef", "123456", "12-34_56", "aBcDeF"}},
		{"wordlike", wordlike, []string{"word", "Word", "WORD", "two-words", "a.b", "in"},
			[]string{"w", "wOrd", "word1", "wo/rd", ""}},
		{"wordy", wordy, []string{"word", "two-words"}, []string{"word1", "wOrd"}},
		{"secretive", secretive, []string{"aB3dE6gH9k", "k3jd82jfqp01xxyy", drawn(16)},
			[]string{"aB3dE6gH9", "k3jd82jfqp01xxy", "kajdbzjfqpczxx1y", "hunter2", "Password123456",
				"aB3$E6gH9k", "aB3{E6gH9k", "aB3*E6gH9k", "aB3[E6gH9k", "aB3%E6gH9k",
				"abcdefghijklmnop", "1234567890123456"}},
	} {
		for _, text := range row.yes {
			assert.True(t, row.of([]byte(text)), "%s %q", row.name, text)
		}
		for _, text := range row.no {
			assert.False(t, row.of([]byte(text)), "%s %q", row.name, text)
		}
	}
	for text, want := range map[string]bool{
		drawn(16): true, drawn(15): false, drawn(12) + "-x-y": true, "aaaaaaaaaaaaaaa1": false,
		"https://" + drawn(20):     false,
		drawn(8) + " " + drawn(20): false, "abcdefghijklmnopq": false, "12345678901234567": false,
		"abcdefghijk1-abcdefghijk2": false, "ab1cdefghij2-xyz": true,
		"kjdbzjfq0cz0xywv": true, "kjdbzjfq9cz9xywv": true, "kjdbzjfqpcz0xywv": false,
	} {
		assert.Equal(t, want, random(text), "random %q", text)
	}
	letters, figures, signs := wordsIn([]byte("Two words, 12 aB"))
	require.Equal(t, [3]int{5, 2, 4}, [3]int{letters, figures, signs})
}

// finds is what of a text is found, plain.
func finds(text string) []string {
	var list []string
	var r *Redactor
	for _, m := range r.Find(text) {
		list = append(list, m.Family+" "+text[m.Start:m.End])
	}
	return list
}

// TestTokensEndWhereTheyDo: the least parts of a token, of a bot's token, of a private
// key and of a password, and one byte less.
func TestTokensEndWhereTheyDo(t *testing.T) {
	head, second, body := "ey"+"J"+drawn(12), "ey"+"J"+drawn(6), drawn(20)
	whole := head + "." + second + "." + body
	require.Equal(t, []string{"jwt " + whole}, finds("x "+whole+" y"))
	for name, text := range map[string]string{
		"head": head[:14] + "." + second + "." + body, "body": head + "." + second[:8] + "." + body,
		"sign":      head + "." + second + "." + body[:18],
		"no second": head + "." + drawn(9) + "." + body, "no end": head + "." + second,
	} {
		require.Empty(t, finds("x "+text+"\" y"), name)
	}
	// A line break in a signature is crossed before its usual end, and not behind it.
	for n := 40; n <= 46; n++ {
		text := head + "." + second + "." + drawn(n) + "\n" + "a1B2c3"
		want := text
		if n >= 43 {
			want = strings.TrimSuffix(text, "\na1B2c3")
		}
		require.Equal(t, []string{"jwt " + want}, finds(text), "a signature of %d", n)
	}
	bot := func(id, between, sign int) string {
		return "M" + drawn(id-1) + "." + drawn(between) + "." + drawn(sign)
	}
	for _, n := range [][2]int{{23, 27}, {30, 27}, {23, 45}, {26, 38}} {
		require.Equal(t, []string{"discord " + bot(n[0], 6, n[1])}, finds("token "+bot(n[0], 6, n[1])+" end of it"), n)
	}
	require.Equal(t, []string{"discord " + bot(23, 6, 27)}, finds(bot(23, 6, 27)+" from the first byte on"))
	require.Empty(t, finds("it was "+strings.Replace(bot(23, 6, 27), "."+drawn(6), ".+"+drawn(5), 1)+" end of it"))
	for _, n := range [][3]int{{22, 6, 27}, {31, 6, 27}, {23, 6, 26}, {23, 6, 46}, {23, 5, 27}, {23, 7, 27}} {
		require.Empty(t, finds("it was "+bot(n[0], n[1], n[2])+" end of it"), n)
	}
	const begin, end = "-----BEGIN " + "EC PRIVATE KEY-----", "-----END " + "EC PRIVATE KEY-----"
	for n, want := range map[int]bool{63: false, 64: true, 300: true} {
		key := begin + "\n" + drawn(n) + "\n" + end
		if got := finds("a " + key + " b"); want {
			require.Equal(t, []string{"pem " + key}, got, "%d in it", n)
		} else {
			require.Empty(t, got, "%d in it", n)
		}
	}
	for n, want := range map[int]bool{8: false, 10: true, 127: true, 128: false} {
		password := drawn(n)
		if got := finds("at https://user:" + password + "@host/ it was"); want {
			require.Equal(t, []string{"basic-auth-url " + password}, got, "a password of %d", n)
		} else {
			require.Empty(t, got, "a password of %d", n)
		}
	}
}

// TestEveryFormatIsFound: one of each, behind the name of its provider and alone in its
// line, is found from its first to its last byte.
func TestEveryFormatIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for _, p := range Providers() {
		for i, f := range p.Formats() {
			if f.Found == "no" {
				continue
			}
			v := p.SampleOf(i, r)
			text := strings.ToUpper(strings.ReplaceAll(p.Name(), "-", "_")) + "_API_KEY=" + v + "\n# next\n"
			got := finds(text)
			require.Len(t, got, 1, "%s %s", p.Name(), f.Name)
			_, found, _ := strings.Cut(got[0], " ")
			// Of some a part is the secret, and = with two hex digits may as well stand for a byte.
			whole := strings.HasSuffix(v, found) || strings.HasSuffix(found, v) || strings.Contains(v, "://") &&
				strings.Contains(v, found)
			require.True(t, whole || strings.HasPrefix(v, found) && strings.HasSuffix(v, "=") ||
				p.Name() == "azure-connection" || p.Name() == "google-service-account",
				"%s %s: %d of %d bytes", p.Name(), f.Name, len(found), len(v))
			if f.Found == "by name" {
				require.Empty(t, finds("it was "+v+" before\n"), "%s %s without a name", p.Name(), f.Name)
			}
		}
	}
}

// TestAPrefixIsInOnePiece: white space in four letters makes others of them.
func TestAPrefixIsInOnePiece(t *testing.T) {
	require.Equal(t, []string{"npm npm" + "_" + drawn(36)}, finds("a npm"+"_"+drawn(36)))
	require.Empty(t, finds("a np m"+"_"+drawn(36)))
	require.Empty(t, finds("a npm "+"_"+drawn(36)))
}

// TestWhatIsDisowned: what is called a hash is none of ours, as far as 32 bytes back.
func TestWhatIsDisowned(t *testing.T) {
	for text, want := range map[string]bool{
		"commit ": true, "Commit: ": true, "sha" + strings.Repeat(" ", 29): true,
		"sha" + strings.Repeat(" ", 30): false,
		"the key ":                      false, "": false, "sha256:": true, "committed ": false, "--- ": false,
	} {
		s := scanner{view: &view{text: []byte(text + "x")}}
		assert.Equal(t, want, s.disowned(len(text)), "%q", text)
	}
	blob := drawn(39) + "/"
	for text, want := range map[string]bool{
		blob: true, drawn(39) + "+": true, drawn(40): false, blob[1:]: false,
		drawn(20) + "." + drawn(18) + "/": false, "home/people/somebody/documents/projects/": false,
	} {
		s := scanner{view: &view{text: []byte(text + "x")}}
		assert.Equal(t, want, s.inBlob(len(text)), "%q", text)
	}
}

// TestLegibleBytes: characters of every length are text, halves of them are none.
func TestLegibleBytes(t *testing.T) {
	for _, r := range []rune{' ', '~', 0x80, 0xbf, 0xc0, 0xff, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff} {
		text := strings.Repeat(string(r), 20)
		got := legible(&view{text: []byte(text)}, 20)
		require.Len(t, got, 1, "%q", r)
		require.Equal(t, text, string(got[0].text))
	}
	for _, c := range []byte{0x01, 0x08, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xf5, 0xff} {
		text := strings.Repeat("a", 10) + string([]byte{c}) + strings.Repeat("b", 9)
		require.Empty(t, legible(&view{text: []byte(text)}, 11), "%#x", c)
		require.Len(t, legible(&view{text: []byte(text)}, 10), 1, "%#x", c)
		require.Len(t, legible(&view{text: []byte(text)}, 9), 2, "%#x", c)
	}
	for _, c := range "\x00\n\r\t\x1b" {
		text := strings.Repeat("a", 10) + string(c) + strings.Repeat("b", 9)
		require.Len(t, legible(&view{text: []byte(text)}, 19), 1, "%#x belongs to a text", c)
		require.Empty(t, legible(&view{text: []byte(text)}, 20), "%#x is no character", c)
	}
}

// TestNumbersThatAreBytes: how far apart, how long and how large they may be.
func TestNumbersThatAreBytes(t *testing.T) {
	read := func(text string, least int) string {
		var parts []string
		for _, v := range numbers(&view{text: []byte(text)}, least) {
			parts = append(parts, string(v.text))
		}
		return strings.Join(parts, "|")
	}
	list := func(between string) string { return strings.Join([]string{"65", "66", "67", "68"}, between) }
	require.Equal(t, "ABCD", read(list(", "), 4))
	require.Equal(t, "ABCD", read(list(strings.Repeat(" ", 8)), 4))
	require.Empty(t, read(list(strings.Repeat(" ", 9)), 4))
	require.Empty(t, read(list(", "), 5))
	require.Equal(t, "AB|CD", read("65 66 256 67 68", 2))
	require.Equal(t, "AB|CD", read("65 66 0067 67 68", 2))
	require.Equal(t, "ABC|567", read("065 066 067", 3), "decimal or octal")
	require.Equal(t, "ABC", read("065 066 67", 3), "od prints three digits")
	require.Contains(t, read(`{"7":65,"8":66,"9":67}`, 3), "ABC")
	require.NotContains(t, read(`{"7":65,"9":66,"8":67}`, 3), "ABC", "nothing counts up")
	require.Equal(t, "AB", read(strings.Repeat("-", 20)+"65 66", 2))
}

// TestGaps: of what is left out between two characters the strongest counts.
func TestGaps(t *testing.T) {
	for text, want := range map[string]gap{
		"ab": none, "a b": space, "a\u200bb": noise, "a \u200bb": space, "a\u200b b": space, "a\x00b": noise,
		"a \x00b": space, "a\x00 b": space,
		"a\u009b1mb": noise, "a \u009b1mb": space, "a\x1b[1mb": noise, "a \x1b[1mb": space, "a\u00a0b": space,
		"a\u00a0\u200bb": space,
	} {
		v := (&view{text: []byte(text)}).solid()
		require.Equal(t, "ab", string(v.text), "%q", text)
		require.Equal(t, want, v.gap(1), "%q", text)
		require.Equal(t, none, v.gap(0), "%q", text)
		v.free()
	}
	v := (&view{text: []byte(" a")}).solid()
	require.Equal(t, space, v.gap(0))
	require.Equal(t, none, (&view{text: []byte("a")}).gap(0), "the source leaves nothing out")
}

// TestOwnPatternsAtTheirBounds: lengths from 1 to 4096, 8 characters at least.
func TestOwnPatternsAtTheirBounds(t *testing.T) {
	compile := func(pattern string) (Provider, error) {
		return Provider{ID: "acme", Patterns: []string{pattern}}.Compile()
	}
	for pattern, shape := range map[string]string{
		"acme_<3 hex>": "acme_<3 hex digits>", "acme-key_<about 1 hex>": "acme-key_<about 1 hex digits>",
		"acme-key_<1 or more hex>": "acme-key_<1 or more hex digits>",
		"<8 hex>":                  "<8 hex digits>", "<4096 hex>": "<4096 hex digits>",
		"acme_<8-9 hex>": "acme_<8 or more hex digits>", "acme_<2-2 hex>.": "acme_<2 hex digits>.",
		"a_<6-8 hex>-b": "a_<6 or more hex digits>-b",
	} {
		p, err := compile(pattern)
		require.NoError(t, err, pattern)
		require.Equal(t, strings.ReplaceAll(shape, "hex digits", anyHexes.words), p.Formats()[0].Shape, pattern)
		v := p.Sample(rand.New(rand.NewPCG(1, 1)))
		require.Equal(t, v, p.SampleOf(0, rand.New(rand.NewPCG(1, 1))))
		require.NotEmpty(t, v)
	}
	for _, pattern := range []string{"acme_<2 hex>", "<7 hex>", "acme_<0 hex>", "acme_<4097 hex>", "acme_<8-7 hex>",
		"acme_<8-4097 hex>",
		"acme_<8 what>", "acme_<8 hex", "a b", "a_<6-8 hex>b", "<6-8 hex><8 hex>", "<6-8 hex>"} {
		_, err := compile(pattern)
		require.ErrorIs(t, err, ErrPattern, pattern)
	}
	require.NotEmpty(t, Provider{ID: "acme", Patterns: []string{"acme_<3 hex>"}}.Sample(rand.New(rand.NewPCG(1, 1))),
		"made ready when it is asked")
	_, err := LookupIn(nil, "nope")
	require.NotContains(t, err.Error(), "your own")
	_, err = LookupIn([]Provider{{ID: "acme"}}, "nope")
	require.ErrorContains(t, err, ", or your own acme")
}

// TestWhatPlainValuesHold: control characters and labels at their bounds.
func TestWhatPlainValuesHold(t *testing.T) {
	said := func(provider, value string) string {
		p, err := Lookup(provider)
		require.NoError(t, err)
		r := p.Check(value)
		return fmt.Sprint(r.Verdict, " ", r.Detail)
	}
	for _, row := range [][3]string{
		{"password", "\x01secretive pass", "malformed has a control character at byte 1"},
		{"password", "secret\x01ive pass", "malformed has a control character at byte 7"},
		{"username", "\x01somebody", "malformed has a control character at byte 1"},
		{"host", strings.Repeat("a", 63) + ".example", "valid "},
		{"host", strings.Repeat("a", 64) + ".example", "malformed is no host name"},
		{"host", "a..example", "malformed is no host name"},
		{"host", "a!b.example", "malformed is no host name"},
	} {
		require.Equal(t, row[2], said(row[0], row[1]), row)
	}
	const begin, end = "-----BEGIN " + "PRIVATE KEY-----\n", "-----END " + "PRIVATE KEY-----"
	for body, want := range map[string]string{
		drawn(64) + "\n":               "valid ",
		"!" + drawn(63) + "\n":         "malformed has a line in its body that is no base64",
		drawn(30) + "!" + drawn(30):    "malformed has a line in its body that is no base64",
		drawn(31) + "\n":               "placeholder has nothing between BEGIN and END",
		drawn(32) + "\n":               "valid ",
		"Proc-Type: 4\n\n" + drawn(64): "valid ",
	} {
		require.Equal(t, want, said("pem", begin+body+end), body)
	}
}

// TestHoldsWhatIsSure: only what nobody would write by chance, in any disguise.
func TestHoldsWhatIsSure(t *testing.T) {
	r := NewRedactor(drawn(24), "a phrase of words")
	require.True(t, r.Holds("x "+drawn(24)+" y"))
	require.True(t, r.Holds(strings.Repeat("a line\n", 100000)+drawn(24)+strings.Repeat("a line\n", 100000)),
		"in the middle of chunks")
	require.False(t, r.Holds("x a phrase of words y"))
	require.False(t, r.Holds("x npm"+"_"+"h5Gt8Lw2Pq9Xz4Cv7Bn3Mk6Jd1Fs0Ra5Ye8U"), "a family's is not registered")
	require.False(t, NewRedactor("a phrase of words").Holds("a phrase of words"))
}
