package promise

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func readFields(text string) Headers {
	var fields []Field
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		fields = append(fields, Field{name, value})
	}
	return ReadHeaders(fields)
}

func TestReadHeaders(t *testing.T) {
	for _, c := range []struct {
		name, text, laws string
		left             int // -1: not said
		notes            string
		of               int
	}{
		{"draft 11", `RateLimit-Policy: "burst";q=100;w=60, "daily";q=1000;w=86400;pk=:cHNkZg==:` + "\n" +
			`RateLimit: "daily";r=50;t=30, "burst";r=7`,
			`100 per 1m named "burst"; 1000 per 24h named "daily"`, 7, "", 100},
		{"a cap, bytes, and a comma in a name",
			`RateLimit-Policy: "a,b;c";q=4;qu="concurrent-requests", "x";q=9;w=1;qu="content-bytes"`,
			`4 at a time named "a,b;c"`, -1, "RateLimit-Policy: 9 content-bytes, which aren't requests", 0},
		{"draft 8, as express-rate-limit has it", `RateLimit-Policy: "30-in-10sec"; q=30; w=10; pk=:abc:` + "\n" +
			`RateLimit: "30-in-10sec"; r=29; t=10`,
			`30 per 10s named "30-in-10sec"`, 29, "", 30},
		{"draft 7", "RateLimit-Policy: 30;w=10\nRateLimit: limit=30, remaining=12, reset=4", "30 per 10s", 12, "", 30},
		{"draft 6", "RateLimit-Policy: 30;w=10;burst=40;comment=\"a, b\"\nRateLimit-Limit: 30\nRateLimit-Remaining: " +
			"3\nRateLimit-Reset: 4", "30 per 10s", 3,
			"RateLimit-Policy: a burst of 40, whose meaning the draft leaves open: not in the law", 30},
		{"draft 3, as Envoy has it", "X-Ratelimit-Limit: 10, 10;w=1;name=\"per-ip\", " +
			"1000;w=3600\nX-Ratelimit-Remaining: 9", `10 per 1s named "per-ip"; 1000 per 1h`, 9, "", 10},
		{"Kong", "X-RateLimit-Limit-Minute: 100\nX-RateLimit-Remaining-Minute: 99\nX-RateLimit-Limit-Hour: " +
			"500\nX-RateLimit-Remaining-Hour: 4\nRateLimit-Limit: 100\nRateLimit-Reset: 5",
			`100 per 1m named "minute"; 500 per 1h named "hour"`, 4, "", 500},
		{"a number without a time", "X-Rate-Limit-Limit: 60\nX-Rate-Limit-Remaining: 59", "", 59,
			"timeless X-Rate-Limit-Limit: 60", 60},
		{"draft 11 without a window", `RateLimit-Policy: "bucket";q=4`, "", -1, "timeless RateLimit-Policy: 4", 0},
		{"nonsense", "X-RateLimit-Remaining: many\nRateLimit-Policy: \"x\";q=-1;w=1, 5;w=soon, 0;w=1", "", -1,
			`X-RateLimit-Remaining: "many" is no number of requests that are left|RateLimit-Policy: "-1" is no number of requests|` +
				`RateLimit-Policy: "soon" is no number of seconds|RateLimit-Policy: 0 requests`, 0},
		{"a model's, by tokens and by requests", "x-ratelimit-limit-requests: 60\nx-ratelimit-limit-tokens: " +
			"150000\nx-ratelimit-remaining-requests: 59\nx-ratelimit-remaining-tokens: 3\nx-ratelimit-reset-tokens: 6m0s",
			"", 59, "x-ratelimit-limit-tokens: counts tokens, which aren't requests|x-ratelimit-remaining-tokens: counts " +
				"tokens, which aren't requests|x-ratelimit-reset-tokens: counts tokens, which aren't requests|timeless " +
				"x-ratelimit-limit-requests: 60", 60},
		{"another model's", "anthropic-ratelimit-requests-limit: 50\nanthropic-ratelimit-requests-remaining: " +
			"49\nanthropic-ratelimit-input-tokens-remaining: 3\nanthropic-ratelimit-requests-reset: 2026-11-29T08:00:00Z",
			"", 49, "anthropic-ratelimit-input-tokens-remaining: counts tokens, which aren't requests|timeless " +
				"anthropic-ratelimit-requests-limit: 50", 50},
		{"several lines, a unit and a name of its own", "RateLimit-Policy: \"one\";q=10;w=1;qu=\"requests\"\n" +
			"RateLimit-Policy: \"two\";w=60;q=100;pk=:YQ==:\nX-App-Rate-Limit: 100:1,1000:10",
			`10 per 1s named "one"; 100 per 1m named "two"`, -1,
			`X-App-Rate-Limit: "100:1,1000:10" isn't a form that is known`, 0},
		{"a bot's", "X-RateLimit-Limit: 5\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1470173023.123\n" +
			"X-RateLimit-Reset-After: 1.250\nX-RateLimit-Bucket: abcd1234\nX-RateLimit-Global: true", "", 0,
			"timeless X-RateLimit-Limit: 5", 5},
		{"a number without a time beside one with it", "X-RateLimit-Limit: 20\nRateLimit-Policy: 1000;w=3600",
			"1000 per 1h", -1, "timeless X-RateLimit-Limit: 20", 0},
		{"a policy without a window beside one with it", `RateLimit-Policy: "burst";q=5, "hour";q=1000;w=3600`,
			`1000 per 1h named "hour"`, -1, "timeless RateLimit-Policy: 5", 0},
		{"in words", "X-RateLimit-Limit: 10 per 1 minute\nX-RateLimit-Remaining: unlimited", "", -1,
			`X-RateLimit-Limit: "10 per 1 minute" is no number of requests|X-RateLimit-Remaining: "unlimited" is no ` +
				`number of requests that are left`, 0},
		{"without a number, or the end of a name", "RateLimit-Policy: \"x;q=10;w=60", "", -1,
			`RateLimit-Policy: "\"x;q=10;w=60" is no number of requests`, 0},
		{"a count that starts anew after its window", "RateLimit-Policy: \"a\";q=30;w=10, \"b\";q=99;w=60\n" +
			"RateLimit: \"a\";r=3;t=40, \"b\";r=9;t=60", `30 per 10s named "a"; 99 per 1m named "b"`, 3,
			"RateLimit: a count starts anew in 40, and its window is 10s", 30},
		{"a second more, by rounding", "RateLimit-Policy: 30;w=10\nRateLimit-Limit: 30\nRateLimit-Remaining: " +
			"3\nRateLimit-Reset: 11", "30 per 10s", 3, "", 30},
		{"an hour for ten seconds", "RateLimit-Policy: 30;w=10\nRateLimit-Limit: 30\nRateLimit-Remaining: " +
			"3\nRateLimit-Reset: 3600", "30 per 10s", 3, "RateLimit-Reset: a count starts anew in 3600, and its window " +
			"is 10s", 30},
		{"milliseconds, perhaps", "RateLimit-Policy: 30;w=10\nX-RateLimit-Reset: 9500", "30 per 10s", -1, "", 0},
		{"a limit without a window beside it", "RateLimit-Policy: 30;w=10\nRateLimit-Limit: 500\n" +
			"RateLimit-Reset: 3600", "30 per 10s", -1, "RateLimit-Limit: 500 is the number " +
			"of no policy beside it|timeless RateLimit-Limit: 500", 0},
		{"an instant where seconds belong", "RateLimit-Policy: 30;w=10\nRateLimit: limit=30, remaining=3, " +
			"reset=1796094695", "30 per 10s", 3, "RateLimit: 1796094695 is a time since 1970, where the IETF's drafts " +
			"have seconds from now", 30},
		{"no time", "X-RateLimit-Limit: 5\nX-RateLimit-Reset: soon", "", -1, `X-RateLimit-Reset: "soon" is no time ` +
			"at which a count starts anew|timeless X-RateLimit-Limit: 5", 0},
		{"times of all kinds", "X-RateLimit-Limit: 5\nX-RateLimit-Reset: 2026-11-29T08:00:00Z\nX-Rate-Limit-Reset: " +
			"6m0s\nX-A-RateLimit-Reset: 1796094695123\nX-B-RateLimit-Reset: 1796094695.5", "", -1,
			"timeless X-RateLimit-Limit: 5", 0},
		{"two that disagree", "RateLimit-Limit: 30\nRateLimit-Remaining: 12\nRateLimit-Policy: 30;w=10\n" +
			"X-RateLimit-Limit: 30\nX-RateLimit-Remaining: 5", "30 per 10s", 5, "RateLimit-Remaining says that 12 are " +
			"left, and X-RateLimit-Remaining 5, of 30 each", 30},
		{"two limits of one number", "X-RateLimit-Limit-Minute: 100\nX-RateLimit-Remaining-Minute: 99\n" +
			"X-RateLimit-Limit-Hour: 100\nX-RateLimit-Remaining-Hour: 4", `100 per 1m named "minute"; 100 per 1h named ` +
			`"hour"`, 4, "", 100},
		{"others", "X-RateLimit-Resource: core\nRetry-After: 3", "", -1, "", 0},
	} {
		h := readFields(c.text)
		var laws []string
		for _, l := range h.Laws {
			laws = append(laws, l.String())
		}
		require.Equal(t, c.laws, strings.Join(laws, "; "), c.name)
		require.Equal(t, c.left >= 0, h.Says, c.name)
		require.Equal(t, max(0, c.left), h.Left, c.name)
		require.Equal(t, c.of, h.Of, c.name)
		if h.Timeless != "" {
			h.Notes = append(h.Notes, "timeless "+h.Timeless)
		}
		require.Equal(t, c.notes, strings.Join(h.Notes, "|"), c.name)
		require.NoError(t, h.Laws.Validate(), c.name)
	}
}

// Whatever a server says, the laws are such as a server can promise.
func FuzzReadHeaders(f *testing.F) {
	f.Add("RateLimit-Policy", `"a";q=1;w=2, 3;w=4`)
	f.Add("X-RateLimit-Limit-Day", "7")
	f.Add("ratelimit", `"\";r=`)
	f.Fuzz(func(t *testing.T, name, value string) {
		for _, l := range ReadHeaders([]Field{{name, value}}).Laws {
			require.NoError(t, l.Validate())
		}
	})
}
