package printable_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/internal/printable"
)

func TestText(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"plain text", "plain text"},
		{"two\nlines\tand a tab", "two\nlines\tand a tab"},
		{"déjà vu 😀", "déjà vu 😀"},
		{"\x1b[31mred\x1b[0m", "?[31mred?[0m"},
		{"\x1b]0;title\x07", "?]0;title?"},
		{"C1 \u009b5m \u0085", "C1 ?5m ?"},
		{"over\rwritten", "over?written"},
		{"windows\r\nlines", "windows\nlines"},
		{"right \u202eto\u202c left \u2066x\u2069", "right ?to? left ?x?"},
		{"zero\u200bwidth\ufeff \u00ad soft", "zero?width? ? soft"},
		{"line\u2028separator\u2029", "line?separator?"},
		{"NUL\x00 DEL\x7f", "NUL? DEL?"},
		{"not UTF-8 \xff\xfe", "not UTF-8 ?"},
		{"tags \U000e0041", "tags ?"},
		{"::error::x", ": :error::x"},
		{"a\n  ::set-output name=a::b", "a\n  : :set-output name=a::b"},
		{"std::io::Error", "std::io::Error"},
		{"a ##[error]b ##vso[task.x]", "a # #[error]b # #vso[task.x]"},
		{"a ##teamcity[buildStatus status='SUCCESS'] ##VSO[x] ###[b] ## c [d]", "a # #teamcity[buildStatus " +
			"status='SUCCESS'] # #VSO[x] ## #[b] ## c [d]"},
		{"x\r::stop-commands::y", "x?::stop-commands::y"},
		{"x\r\n::stop-commands::y", "x\n: :stop-commands::y"},
	} {
		require.Equal(t, row.want, printable.Text(row.in))
		require.Equal(t, row.want, printable.Text(row.want), "twice")
	}
	require.Equal(t, "a b c", printable.Line(" a\n b\t\tc "))
}

func TestLines(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"\x1b[1;31mred\x1b[0m \x1b[2J\x1b]52;c;x\x07", "\x1b[1;31mred\x1b[0m ?[2J?]52;c;x?"},
		{"\x1b[31m::error::x", "\x1b[31m: :error::x"},
		{"\x1b", "?"},
		{"\x1b[3", "?[3"},
		{"plain", "plain"},
	} {
		require.Equal(t, row.want, printable.Lines(row.in))
	}
}

// TestNothingGetsThrough: whatever comes in, what goes out is shown as it is.
func TestNothingGetsThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(),
			rapid.StringMatching(`(\x1b|\[|m|3|:|\n|\r| |#|[\x{202a}-\x{202e}]|[\x{80}-\x{9f}]|a){0,30}`)).Draw(t, "in")
		for _, out := range []string{printable.Text(in), printable.Lines(in)} {
			require.True(t, utf8.ValidString(out))
			for line := range strings.SplitSeq(out, "\n") {
				require.False(t, strings.HasPrefix(strings.TrimSpace(line), "::"), "%q", out)
			}
			for _, r := range strings.ReplaceAll(out, "\x1b[", "") {
				require.True(t, r == '\n' || r == '\t' || unicode.IsPrint(r) || unicode.Is(unicode.Zs, r), "%q", out)
			}
		}
	})
}
