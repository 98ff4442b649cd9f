package promise

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestWordsOfTheField: limits as READMEs, headers and other people's issues put them.
func TestWordsOfTheField(t *testing.T) {
	for text, want := range map[string]string{
		"60 requests per minute per API key":                "60 per 1m per credential",
		"Rate limit: 60 requests per minute per IP address": "60 per 1m per address",
		"max. 1,000 calls per hour":                         "1000 per 1h",
		"10_000 requests per 10 minutes":                    "10000 per 10m",
		"5 per minute per user, burst 10":                   "5/min burst 10 per credential",
		"10 requests per second with a burst of 20":         "10/s burst 20",
		"10 rps sustained, 20 burst":                        "10/s burst 20",
		"60/min (burst: 20) per bearer token":               "1/s burst 20 per credential",
		"10/s per client IP, burst=20":                      "10/s burst 20 per address",
		"token bucket: 60/min, burst 10":                    "1/s burst 10",
		"60 per minute token bucket, bursts up to 20":       "1/s burst 20",
		"bucket of 20, refill 10 per second":                "10/s burst 20",
		"capacity 100, refilled at 10/s, per session":       "10/s burst 100 per session",
		"100 tokens, refill rate 10/s":                      "10/s burst 100",
		"bucket 10/s burst 20":                              "10/s burst 20",
		"max 5 concurrent requests":                         "5 at a time",
		"5 concurrent tool calls per session":               "5 at a time per session methods tools/call",
		"up to 4 requests in parallel":                      "4 at a time",
		"4 in flight":                                       "4 at a time",
		"100 requests per rolling 24 hours":                 "100 per 24h sliding",
		"500 per day rolling":                               "500 per 24h sliding",
		"not more than 10 calls in any 30 seconds":          "10 per 30s sliding",
		"30 per 15-minute window":                           "30 per 15m",
		"30 per minute, sliding-window, per user":           "30 per 1m sliding per credential",
		"30 per minute sliding window counter":              "30 per 1m counter",
		"100 per 60 sec. fixed window per tool":             "100 per 1m fixed per tool",
		"100 per minute per tool per user":                  "100 per 1m per credential+tool",
		"100 per minute per (session x tool)":               "100 per 1m per session+tool",
		"100 per minute per-IP":                             "100 per 1m per address",
		"100 per minute by IP":                              "100 per 1m per address",
		"100 per minute / user":                             "100 per 1m per credential",
		"100 requests per user per minute":                  "100 per 1m per credential",
		"100/IP/15m sliding":                                "100 per 15m sliding per address",
		"60 calls per API key every 10 minutes, burst 20":   "0.1/s burst 20 per credential",
		"5 parallel requests per user":                      "5 at a time per credential",
		"100 per week":                                      "100 per 168h",
		"100 per minute across all users":                   "100 per 1m",
		"100 per minute in total":                           "100 per 1m",
		"10,000 requests per month":                         "quota 10000 per month",
		"1000 requests/day, resets at midnight UTC":         "quota 1000 per day UTC",
		"1000 per day, resets 00:00 UTC, per key":           "quota 1000 per day UTC per credential",
		"1000 per day Europe/Berlin":                        "quota 1000 per day Europe/Berlin",
		"10000 per month zone Europe/Berlin":                "quota 10000 per month Europe/Berlin",
		"1000 per day tz UTC per key":                       "quota 1000 per day UTC per credential",
		"sliding window 100/60s":                            "100 per 1m sliding",
		"5 per 1m for sessions fixed":                       "5 per 1m fixed per session",
		"sliding window: 100 requests per minute":           "100 per 1m sliding",
		"sliding window counter of 100 per minute":          "100 per 1m counter",
		"fixed-window limit of 100/min per IP":              "100 per 1m fixed per address",
		"rolling 100 per hour":                              "100 per 1h sliding",
		"token bucket 10/s capacity 30":                     "10/s burst 30",
		"10/s, capacity of 30 tokens":                       "10/s burst 30",
		"100 per minute for tool search":                    "100 per 1m tools search",
		"100 per minute tool search":                        "100 per 1m tools search",
		"100 per calendar day":                              "quota 100 per day",
		"60 tool calls per minute":                          "60 per 1m methods tools/call",
		"60 tools/call per minute":                          "60 per 1m methods tools/call",
		"60 per minute for tools/call":                      "60 per 1m methods tools/call",
		"60 per minute tools/call only":                     "60 per 1m methods tools/call",
		"60 per minute only tools/call":                     "60 per 1m methods tools/call",
		"5 initialize per minute":                           "5 per 1m methods initialize",
		"5 sessions per minute per ip":                      "5 per 1m per address methods initialize",
		"10 concurrent sessions":                            "10 sessions at a time",
		"max 5 simultaneous sessions per user":              "5 sessions at a time per credential",
		"5 open sessions per IP":                            "5 sessions at a time per address",
		"one session at a time":                             "1 session at a time",
		"256 MCP sessions at once, per api key":             "256 sessions at a time per credential",
		"max 100 sessions":                                  "100 sessions at a time",
		"5 sessions/user":                                   "5 sessions at a time per credential",
		"3 active calls per user":                           "3 at a time per credential",
		"60 per minute for tools render_*":                  "60 per 1m tools render_*",
		"10 failed requests per 15 minutes per IP":          "10 per 15m per address only failures",
		"one request every 3 seconds":                       "1 per 3s",
		`"100-in-15min"; q=100; w=900; pk=:MTIzNDU=:`:       `100 per 15m named "100-in-15min"`,
		"100;w=60":                "100 per 1m",
		"180 per minute and user": "180 per 1m per credential",
		"3 per 1s tools search_window units search_window=2": "3 per 1s tools search_window units search_window=2",
	} {
		got, err := Parse(text)
		if assert.NoError(t, err, text) {
			assert.Equal(t, want, got.String(), text)
		}
	}
}

// TestWordsThatAreNoLaw: what can't be meant is refused, with what to write in its place.
func TestWordsThatAreNoLaw(t *testing.T) {
	for text, want := range map[string]string{
		"60/min per IP":                      `write "60 per 1m per address" for a window, and for a bucket "60/min burst N per address"`,
		"60/1m/key":                          `write "60 per 1m per credential" for a window, and for a bucket "60/1m burst N per credential"`,
		"0.5/s":                              `a bucket names its burst: write "0.5/s burst N"`,
		"1.5 per 10s":                        `"1.5" is not a whole number`,
		"bucket of 5/min":                    `a bucket names its burst: write "5/min burst N"`,
		"60 per minute token bucket":         `a bucket names its burst: write "60/minute burst N"`,
		"60/min (burst 20), 1000/hour":       `"1000/hour" begins another law`,
		"50/10s + 50000/month":               `"+" begins another law`,
		"20 per minute per user and 100/day": `"100/day" begins another law`,
		"5/min per workspace":                `"workspace" may have several credentials: name the credential if each`,
		"5/min per client":                   `"client" names nothing that a limit is kept by`,
		"5/min for search":                   `"for search" says nothing here: perhaps "tools search"`,
		"5/min per user, shared":             "a counter is everybody's, or one credential",
		"5/min global per user":              "a counter is everybody's, or one user",
		"10r/s burst=20 nodelay":             `"rate=10r/s burst=20 nodelay" is "10/s burst 21"`,
		"rate=10r/s burst=20":                `"rate=10r/s burst=20 nodelay" is "10/s burst 21"`,
		"8 sessions at a time per session":   "sessions are counted by credential, by address, or all of them",
		"8 sessions at a time queue 2s":      "sessions at a time have no queue and no lockout",
		"8 sessions at a time tools a":       "initialize, which is all that a law of them charges",
		"8 sessions at a time free ping":     "initialize, which is all that a law of them charges",
		"27 connections at a time":           "a law counts requests, or units of them, not connections",
		"4 open":                             "4 of what",
		"10 sessions/min":                    `write "10 per 1m methods initialize" for a window`,
		"10 failed logins per 15 minutes":    "not failed logins",
		"100000 input tokens per minute":     "not input tokens",
		"10 KB/s":                            "not kb",
		"windowMs: 15 * 60 * 1000, max: 100": "another tool's own words: promise import reads",
		"limit: 100, windowMs: 900000":       "another tool's own words",
		"SlidingWindow(100, 60)":             "another tool's own words",
		"5 per 1m, block for 10m":            `"block" says nothing here: perhaps "lockout 60s"`,
		"10/s burst 20 delay=8":              `"delay=8" says nothing here: perhaps "queue 2s"`,
		"100 points per 1m, search costs 5":  `"search" says nothing here: perhaps "units search=5"`,
		"100 per 1m except ping":             `"except" says nothing here: perhaps "free ping"`,
		"1000 per day, resets at 08:00 UTC":  "a quota begins at midnight of its time zone, not at 08:00",
		"100 per 15m UTC":                    "only quotas of an hour, a day or a month end by the calendar",
		"100 per 1m only":                    `after "only" stands "failures" or "successes"`,
		"4 at a time burst 5":                "a burst is a bucket's, which has a rate",
		`"a";q=5;w=1, "b";q=50;w=60`:         "it has 2 laws: say one by one",
	} {
		_, err := Parse(text)
		assert.ErrorContains(t, err, want, text)
	}
}

// TestParseAll: a text may hold several laws, as screens and documents write a promise.
func TestParseAll(t *testing.T) {
	for text, want := range map[string]string{
		"15/s burst 40; 4 at a time":                "15/s burst 40|4 at a time",
		"15/s; burst 40":                            "15/s burst 40", // one law, with a semicolon in it
		`100;w=60`:                                  "100 per 1m",
		"10 per 1s;quota 1000 per day, zone UTC":    "10 per 1s|quota 1000 per day UTC",
		"10 per 1s; 20 per 10s fixed per session; ": "! doesn't begin with a number",
		"10/s burst 20 and 1000/h":                  `! "and" begins another law: a semicolon stands before it`,
		"1000 per day zone Middle/Earth":            `! "Middle/Earth" is no time zone`,
		"10/s burst 20; 100/60s":                    `! "100/60s": a rate without a burst`,
		"-5/s":                                      `! "-5" is below 0`,
		"4 at a time; 4 at a time":                  "! law 2 says what law 1 says",
	} {
		p, err := ParseAll(text)
		if message, wrong := strings.CutPrefix(want, "! "); wrong {
			assert.ErrorContains(t, err, message, text)
			continue
		}
		var laws []string
		for _, l := range p {
			laws = append(laws, l.String())
		}
		assert.NoError(t, err, text)
		assert.Equal(t, want, strings.Join(laws, "|"), text)
	}
}
