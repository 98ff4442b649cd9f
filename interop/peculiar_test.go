package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// peculiarities are what servers do that a client must not be fooled by, and
// the test that holds it; a test is named with its row, where it has rows.
var peculiarities = []struct{ what, dir, test, row string }{
	{"FastMCP 2.14 to 3.1 answer a refused initialize twice, with one id", "internal/wire", "TestDialLimitedFastMCP",
		""},
	{"FastMCP 2.13 refuses initialize with −32602, \"Invalid request parameters\"", "internal/wire",
		"TestDialLimitedFastMCP", ""},
	{"FastMCP charges a hidden tools/list for a tool name that it hasn't cached", "interop", "TestMatrix",
		"a call of an unknown tool 2"},
	{"FastMCP 4.1 charges a hidden tools/list for each call of a tool with arguments in 2026-07-28, and keeps the " +
		"first token of a call that it refuses at the second: a promise of 8/s gets 4/s, and under pressure next to none",
		"scenarios", "TestNoForeignLimiterIsCalledWhatItIsNot", "charges a hidden request too"},
	{"a refusal as a tool result with isError, in words only", "internal/wire", "TestClassify", "isError"},
	{"a refusal inside a successful result, isError false (crackerjack's inner limiters)", "internal/wire",
		"TestClassify", "soft"},
	{"a bare HTTP 429 with an empty body", "internal/wire", "TestHTTPReplies", "bare 429"},
	{"a reply with the wrong id", "internal/wire", "TestHTTPReplies", "wrong id"},
	{"an SSE reply that is split at any byte", "internal/wire", "TestEventsSplitAnywhere", ""},
	{"banners on stdout before the protocol", "internal/wire", "TestStdioBanner", ""},
	{"HTTP 202, and then nothing", "internal/wire", "TestHTTPReplies", "accepted only"},
	{"an HTML page with HTTP 429 or 503, by a proxy", "internal/wire", "TestHTTPReplies", "429 with html"},
}

// Every peculiarity names a test that is there, and its row in it.
func TestPeculiaritiesAreHeldByTests(t *testing.T) {
	for _, p := range peculiarities {
		files, err := filepath.Glob(filepath.Join(root(t, p.dir), "*_test.go"))
		require.NoError(t, err)
		all := ""
		for _, name := range files {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			all += string(text)
		}
		require.True(t, strings.Contains(all, "func "+p.test+"("), "%s: no test %s in %s", p.what, p.test, p.dir)
		require.True(t, strings.Contains(all, p.row), "%s: nothing says %q in %s", p.what, p.row, p.dir)
	}
}

// peculiar is the part of the page about them.
func peculiar() string {
	var b strings.Builder
	b.WriteString("\n## Peculiarities, and the tests that hold them\n\n| what servers do | test |\n|---|---|\n")
	for _, p := range peculiarities {
		test := "`" + p.test + "`"
		if p.row != "" {
			test += ", " + p.row
		}
		fmt.Fprintf(&b, "| %s | %s in %s |\n", p.what, test, p.dir)
	}
	return b.String()
}
