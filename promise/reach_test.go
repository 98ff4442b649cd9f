package promise

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func lawsOf(t *testing.T, texts ...string) Promise {
	t.Helper()
	var p Promise
	for _, text := range texts {
		l, err := Parse(text)
		require.NoError(t, err, text)
		p = append(p, l)
	}
	require.NoError(t, p.Validate())
	return p
}

// TestUnreached: a law that no request can ever meet is named, with the reason; one that
// some traffic may meet is not.
func TestUnreached(t *testing.T) {
	for _, row := range []struct {
		laws []string
		of   int
		why  string
	}{
		{[]string{"15/s burst 40"}, 0, ""},
		{[]string{"5 per 1m per credential methods initialize"}, 0, "it isn't about tools/call of ping"},
		{[]string{"4 at a time tools render_*"}, 0, "it isn't about tools/call of ping"},
		// 5 and 60 a minute are less than 1000 a minute.
		{[]string{"1/s burst 5", "1000 per 1m sliding"}, 1, "another law grants less at any time: 1/s burst 5"},
		{[]string{"1/s burst 5", "60 per 1m sliding"}, 1, ""},
		{[]string{"1/s burst 5", "1000 per 1m sliding"}, 0, ""},
		// A bucket a session grants more to two of them.
		{[]string{"1/s burst 5 per session", "1000 per 1m sliding"}, 1, ""},
		{[]string{"1/s burst 5", "1000 per 1m sliding per session"}, 1,
			"another law grants less at any time: 1/s burst 5"},
		// What the first doesn't charge counts for the second.
		{[]string{"1/s burst 5 methods tools/call", "1000 per 1m sliding"}, 1, ""},
		{[]string{"1/s burst 5 only successes", "1000 per 1m sliding"}, 1, ""},
		{[]string{"1/s burst 5", "1000 per 1m sliding refusals charged"}, 1, ""},
		{[]string{"1/s burst 5", "quota 1000000 per day"}, 1, "another law grants less at any time: 1/s burst 5"},
		{[]string{"1/s burst 5", "quota 1000 per day"}, 1, ""},
		{[]string{"4 at a time", "1000 per 1m"}, 1, ""},
	} {
		assert.Equal(t, row.why, lawsOf(t, row.laws...).Unreached(row.of, "tools/call", "ping"), "%v, law %d",
			row.laws, row.of+1)
	}
}

// TestContradictions: what two lists of a charge say against each other is refused.
func TestContradictions(t *testing.T) {
	for text, problem := range map[string]string{
		"30 per 10s methods ping free ping":          `"ping" is in methods and in free`,
		"30 per 10s methods ping may ping":           `"ping" is in methods and in may`,
		"30 per 10s methods initialize tools search": "tools are named, but tools/call isn't charged",
		"30 per 10s free tools/call units search=2":  "tools are named, but tools/call isn't charged",
		`30 per 10s methods "",ping`:                 "a method has no name",
		"30 per 10s may tools/call free tools/call":  `"tools/call" is in may and in free`,
		"0 per 10s":                       `"0" is below 1`,
		"30 per 0s":                       `"0s" is not a time above 0`,
		"0 at a time":                     `"0" is below 1`,
		"quota 0 per day":                 `"0" is below 1`,
		"10/s burst 0":                    `burst "0" is below 1`,
		"0/s burst 10":                    `"0/s" is not above 0`,
		"10/s burst 20 steps 10 every 2s": "10 tokens every 2s are 5/s, not 10/s",
		"30 per 10s per":                  `"" names no key`,
		"30 per 10s fixed sliding":        "a window is fixed or sliding",
		"30 per 10s tools search methods tools/list": "tools are named, but tools/call isn't charged",
		"quota 1000 per fortnight":                   `a quota is of an hour, a day or a month, not of "fortnight"`,
		"quota 1000 per day Mars/Olympus":            `no time zone is called "Mars/Olympus"`,
	} {
		_, err := Parse(text)
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), problem, text)
	}
	for _, text := range []string{"30 per 10s methods tools/call tools search", `30 per 10s methods "*" tools search`,
		"30 per 10s may tools/call tools search"} {
		_, err := Parse(text)
		assert.NoError(t, err, text)
	}
}
