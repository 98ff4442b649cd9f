package wire

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

var hintNow = time.Date(2026, 11, 28, 12, 0, 0, 500e6, time.UTC)

func TestHints(t *testing.T) {
	at := func(d time.Duration) string { return hintNow.Add(d).Format(http.TimeFormat) }
	const date = "Date: Sat, 28 Nov 2026 12:00:00 GMT"
	rows := []struct {
		name   string
		header []string
		body   string
		want   string
	}{
		{name: "nothing"},
		{name: "whole seconds", header: []string{"Retry-After: 3"}, want: `Retry-After="3" wait 2s..4s`},
		{name: "zero", header: []string{"Retry-After: 0"}, want: `Retry-After="0" wait -1s..1s`},
		{name: "fraction", header: []string{"Retry-After: 0.101"},
			want: `Retry-After="0.101" wait 100ms..102ms "a fraction, where RFC 9110 has whole seconds"`},
		{name: "negative", header: []string{"Retry-After: -1484742195"},
			want: `Retry-After="-1484742195" wrong "negative"`},
		{name: "words", header: []string{"Retry-After: 1 second"},
			want: `Retry-After="1 second" wrong "neither whole seconds nor a date"`},
		{name: "empty", header: []string{"Retry-After: "},
			want: `Retry-After="" wrong "neither whole seconds nor a date"`},
		{name: "plus", header: []string{"Retry-After: +3"},
			want: `Retry-After="+3" wrong "neither whole seconds nor a date"`},
		{name: "infinite", header: []string{"Retry-After: Inf"},
			want: `Retry-After="Inf" wrong "neither whole seconds nor a date"`},
		{name: "date", header: []string{"Retry-After: " + at(2*time.Second), date},
			want: `Retry-After="Sat, 28 Nov 2026 12:00:02 GMT" wait 0s..4s`},
		{name: "past date", header: []string{"Retry-After: " + at(-time.Hour), date},
			want: `Retry-After="Sat, 28 Nov 2026 11:00:00 GMT" wrong "in the past"`},
		{name: "just past", header: []string{"Retry-After: " + at(-time.Second), date},
			want: `Retry-After="Sat, 28 Nov 2026 11:59:59 GMT" wait -3s..1s`},
		{name: "past by our clock", header: []string{"Retry-After: " + at(-time.Hour)},
			want: `Retry-After="Sat, 28 Nov 2026 11:00:00 GMT" wait -8760h0m0s..8760h0m0s "in the past by our clock, ` +
				`and no Date says the server's"`},
		{name: "perhaps past by our clock", header: []string{"Retry-After: " + at(-time.Minute)},
			want: `Retry-After="Sat, 28 Nov 2026 11:59:00 GMT" wait -6m1.5s..4m0.5s`},
		{name: "epoch", header: []string{"Retry-After: 1795867201"},
			want: `Retry-After="1795867201" wrong "a time since 1970, where RFC 9110 has seconds from now"`},
		{name: "epoch ms", header: []string{"Retry-After: 1795867201000"},
			want: `Retry-After="1795867201000" wrong "a time since 1970, where RFC 9110 has seconds from now"`},
		{name: "for ever", header: []string{"Retry-After: 2147483647"},
			want: `Retry-After="2147483647" wait 8759h59m59s..8760h0m1s`},
		{name: "twice", header: []string{"Retry-After: 1", "Retry-After: 60"},
			want: `Retry-After="1" wait 0s..2s; Retry-After="60" wait 59s..1m1s`},
		{name: "twice the same", header: []string{"Retry-After: 1", "Retry-After: 1"},
			want: `Retry-After="1" wait 0s..2s`},
		{name: "header in ms", header: []string{"X-Ms-Retry-After-Ms: 250"},
			want: `X-Ms-Retry-After-Ms="250" wait 249ms..251ms`},

		{name: "draft 11, spent", header: []string{`Ratelimit: "p";r=0;t=5`}, want: `RateLimit="5" reset 4s..6s`},
		{name: "draft 11, two policies", header: []string{`Ratelimit: "day";r=9;t=86400, "burst";r=0;t=2`},
			want: `RateLimit="2" reset 1s..3s`},
		{name: "draft 11, some left", header: []string{`Ratelimit: "default";r=999;t=1`},
			want: `RateLimit="\"default\";r=999;t=1" left`},
		{name: "draft 6, spent", header: []string{"Ratelimit: limit=10, remaining=0, reset=5"},
			want: `RateLimit="5" reset 4s..6s`},
		{name: "draft 6, some left", header: []string{"Ratelimit: limit=10, remaining=4, reset=5"},
			want: `RateLimit="limit=10, remaining=4, reset=5" left`},
		{name: "draft 11, negative", header: []string{`Ratelimit: "p";r=0;t=-1`},
			want: `RateLimit="-1" wrong "negative"`},
		{name: "policy only", header: []string{`Ratelimit-Policy: "p";q=10;w=1`}},
		{name: "X, seconds", header: []string{"X-Ratelimit-Reset: 7", "X-Ratelimit-Remaining: 0"},
			want: `X-RateLimit-Reset="7" reset 6s..8s "seconds or milliseconds: its name doesn't say"`},
		{name: "X, epoch", header: []string{"X-Ratelimit-Reset: 1795867260", date},
			want: `X-RateLimit-Reset="1795867260" reset 58s..1m2s`},
		{name: "X, epoch ms", header: []string{"X-Ratelimit-Reset: 1795867260000", date},
			want: `X-RateLimit-Reset="1795867260000" reset 58s..1m2s`},
		{name: "X, past", header: []string{"X-Ratelimit-Reset: 1795867190", date},
			want: `X-RateLimit-Reset="1795867190" wrong "in the past"`},
		{name: "X, lies", header: []string{"X-Ratelimit-Reset: -1", "X-Ratelimit-Remaining: 999"},
			want: `X-RateLimit-Remaining="999" left; X-RateLimit-Reset="-1" wrong "negative"`},
		{name: "X, one left", header: []string{"X-Ratelimit-Remaining: 1"}, want: `X-RateLimit-Remaining="1" left`},
		{name: "X, one of two left", header: []string{"X-Ratelimit-Requests-Remaining: 0", "X-Ratelimit-Burst-Remaining: 9"}},
		{name: "X, tokens left", header: []string{"Anthropic-Ratelimit-Tokens-Remaining: 39000"}},
		{name: "X, none left", header: []string{"X-Ratelimit-Remaining: 0"}},
		{name: "X, of requests", header: []string{"X-Ratelimit-Reset-Requests: 6m0s", "X-Ratelimit-Remaining-Requests: 0",
			"X-Ratelimit-Reset-Tokens: 1s"}, want: `X-RateLimit-Reset-Requests="6m0s" reset 5m59s..6m1s`},
		{name: "X, epoch with a fraction", header: []string{"X-Ratelimit-Reset: 1795867260.125", date,
			"X-Ratelimit-Reset-After: 59.125"}, want: `X-RateLimit-Reset="1795867260.125" reset 58s..1m2s; ` +
			`X-RateLimit-Reset-After="59.125" reset 59.124s..59.126s "seconds or milliseconds: its name doesn't say"`},
		{name: "X, hyphenated", header: []string{"X-Rate-Limit-Reset: 7"},
			want: `X-Rate-Limit-Reset="7" reset 6s..8s "seconds or milliseconds: its name doesn't say"`},

		{name: "ms", body: `{"retry_after_ms":101}`, want: `body.retry_after_ms="101" wait 100ms..102ms`},
		{name: "seconds with a fraction", body: `{"retryAfterSeconds":0.25}`,
			want: `body.retryAfterSeconds="0.25" wait 240ms..260ms`},
		{name: "no unit", body: `{"retry_after":"2"}`,
			want: `body.retry_after="2" wait 1s..3s "seconds or milliseconds: its name doesn't say"`},
		{name: "nested", body: `{"error":{"details":[{"retryDelay":"1.5s"}]}}`,
			want: `body.error.details.retryDelay="1.5s" wait 1.499s..1.501s`},
		{name: "in data", body: `{"data":{"retry-after-ms":5}}`, want: `body.data.retry-after-ms="5" wait 4ms..6ms`},
		{name: "JSON in a text", body: `"{\"retry_after_ms\":5}"`, want: `body.retry_after_ms="5" wait 4ms..6ms`},
		{name: "ISO duration", body: `{"retryAfter":"PT1M30S"}`, want: `body.retryAfter="PT1M30S" wait 1m29s..1m31s`},
		{name: "ISO duration with a fraction", body: `{"retryAfter":"PT0.5S"}`,
			want: `body.retryAfter="PT0.5S" wait 400ms..600ms`},
		{name: "ISO duration, negative", body: `{"retryAfter":"-PT5S"}`,
			want: `body.retryAfter="-PT5S" wrong "negative"`},
		{name: "ISO time", header: []string{date}, body: `{"reset_at":"2026-11-28T12:00:10Z"}`,
			want: `body.reset_at="2026-11-28T12:00:10Z" reset 8s..12s`},
		{name: "ISO time with an offset", header: []string{date}, body: `{"retry_at":"2026-11-28T13:00:10.250+01:00"}`,
			want: `body.retry_at="2026-11-28T13:00:10.250+01:00" wait 8.25s..12.25s`},
		{name: "ISO time by our clock", body: `{"retry_at":"2026-11-28T12:00:10Z"}`,
			want: `body.retry_at="2026-11-28T12:00:10Z" wait -4m51.5s..5m10.5s`},
		{name: "ISO time in milliseconds by our clock", body: `{"retry_at":"2026-11-28T12:00:10.250Z"}`,
			want: `body.retry_at="2026-11-28T12:00:10.250Z" wait -4m50.251s..5m9.751s`},
		{name: "ISO time, past", header: []string{date}, body: `{"reset_at":"2026-11-28T11:00:00Z"}`,
			want: `body.reset_at="2026-11-28T11:00:00Z" wrong "in the past"`},
		{name: "epoch in the body", header: []string{date}, body: `{"resetAt":1795867210}`,
			want: `body.resetAt="1795867210" reset 8s..12s`},
		{name: "epoch in place of seconds", body: `{"retry_after_seconds":1795867210}`,
			want: `body.retry_after_seconds="1795867210" wrong "a time since 1970 in place of a number of seconds"`},
		{name: "words in the body", body: `{"retry_after":"soon"}`, want: `body.retry_after="soon" wrong "unreadable"`},
		{name: "nothing said", body: `{"retry_after":null,"retryAfter":"","reset_in":false}`},
		{name: "header and body", header: []string{"Retry-After: 3600"}, body: `{"retry_after_ms":101}`,
			want: `Retry-After="3600" wait 59m59s..1h0m1s; body.retry_after_ms="101" wait 100ms..102ms`},
		{name: "too deep", body: strings.Repeat(`{"a":`, 9) + `{"retry_after_ms":1}` + strings.Repeat("}", 9)},
		{name: "no JSON", body: `retry_after_ms: 1`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			h := http.Header{}
			for _, line := range row.header {
				name, value, _ := strings.Cut(line, ": ")
				h.Add(name, value)
			}
			got := readHints(h, hintNow, nil, hintBody{"body", []byte(row.body)})
			require.Equal(t, row.want, history.FormatHints(got))
			again, err := history.ParseHints(row.want)
			require.NoError(t, err)
			require.Equal(t, got, append([]history.Hint(nil), again...))
		})
	}
}

func TestHintsAreBoundedAndClean(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		b.WriteString(`{"retry_after_ms":` + strings.Repeat("1", i+1) + `},`)
	}
	got := readHints(http.Header{}, hintNow, nil, hintBody{"body", []byte("[" + strings.TrimSuffix(b.String(), ",") +
		"]")})
	require.Len(t, got, maxHints)

	h := http.Header{"Retry-After": {"token sk-secret-secret-secret-and much more than anybody would like to read"}}
	clean := func(s string) string { return strings.ReplaceAll(s, "sk-secret-secret-secret", "[redacted]") }
	got = readHints(h, hintNow, clean)
	require.Equal(t, "token [redacted]-and much more than anyb…", got[0].Raw, "redacted before it is cut")
}

func TestWhatTheOperatorSaysIsARefusal(t *testing.T) {
	re := func(s string) *regexp.Regexp { return regexp.MustCompile("(?i)" + s) }
	result := func(inner string) string { return `{"jsonrpc":"2.0","id":1,"result":{` + inner + `}}` }
	failure := `{"jsonrpc":"2.0","id":1,"error":{"code":-32029,"message":"too many requests"}}`
	text := func(s string) string { return `"content":[{"type":"text","text":` + string(quote(s)) + `}]` }
	usual := Refusal{Codes: []int{-32000, 429}, Statuses: []int{429}, Text: re("rate limit")}
	with := func(change func(*Refusal)) Refusal {
		r := usual
		change(&r)
		return r
	}
	plain := func(s string) Refusal {
		return with(func(r *Refusal) { r.Text, r.Plain = re("rate limit|"+s), re(s) })
	}
	rows := []struct {
		name   string
		with   Refusal
		status int
		retry  string
		reply  string
		body   string
		want   history.Outcome
	}{
		{name: "structured, soft", with: usual,
			reply: result(`"content":[],"structuredContent":{"ok":false,"error":{"message":"Rate limit exceeded"}}`),
			want:  history.Limited},
		{name: "structured, soft, other words", with: usual,
			reply: result(`"content":[],"structuredContent":{"ok":false,"error":{"code":"rate_limited"}}`),
			want:  history.OK},
		{name: "structured, soft, given", with: plain("rate_limited"),
			reply: result(`"content":[],"structuredContent":{"ok":false,"error":{"code":"rate_limited"}}`),
			want:  history.Limited},
		{name: "structured, no failure", with: usual,
			reply: result(`"content":[],"structuredContent":{"error":null,"message":"rate limit is 5"}`),
			want:  history.OK},
		{name: "structured, isError", with: usual,
			reply: result(`"content":[],"isError":true,"structuredContent":{"why":"rate limit"}`),
			want:  history.Limited},
		{name: "structured, isError, its name", with: usual,
			reply: result(`"content":[],"isError":true,"structuredContent":{"why":"rate_limited"}`),
			want:  history.Limited},
		{name: "structured, isError, other words", with: usual,
			reply: result(`"content":[],"isError":true,"structuredContent":{"rate_limit":3,"why":"no such unit"}`),
			want:  history.ToolError},
		{name: "structured, isError, given", with: plain("rate_limited"),
			reply: result(`"content":[],"isError":true,"structuredContent":{"why":"rate_limited"}`),
			want:  history.Limited},
		{name: "plain text, given", with: plain("rate limit reached"), reply: result(text("⚠ Rate limit reached")),
			want: history.Limited},
		{name: "list, given", with: plain("rate limit"), reply: result(text(`[{"error":"Rate limit exceeded"}]`)),
			want: history.Limited},
		{name: "second text, given", with: plain("slow down"),
			reply: result(`"content":[{"type":"text","text":"a"},{"type":"text","text":"slow down"}]`),
			want:  history.Limited},
		{name: "other text, given", with: plain("slow down"), reply: result(text("pong")), want: history.OK},
		{name: "not 503", with: with(func(r *Refusal) { r.Not.Statuses = []int{503} }), status: 503, retry: "1",
			want: history.Rejected},
		{name: "not 503, whatever it says", with: with(func(r *Refusal) { r.Not.Statuses = []int{503} }), status: 503,
			retry: "1", reply: failure, want: history.Rejected},
		{name: "not 429", with: with(func(r *Refusal) { r.Not.Statuses = []int{429} }), status: 429,
			want: history.Rejected},
		{name: "not 503, but 429", with: with(func(r *Refusal) { r.Not.Statuses = []int{503} }), status: 429,
			want: history.Limited},
		{name: "not the code", with: with(func(r *Refusal) { r.Not.Codes = []int{-32029} }), reply: failure,
			want: history.Rejected},
		{name: "not the code, by 429", with: with(func(r *Refusal) { r.Not.Codes = []int{-32029} }), status: 429,
			reply: failure, want: history.Rejected},
		{name: "not the text", with: with(func(r *Refusal) { r.Not.Text = re("upstream") }),
			reply: result(`"isError":true,` + text("upstream rate limit")), want: history.ToolError},
		{name: "not the text, by 429", with: with(func(r *Refusal) { r.Not.Text = re("upstream") }), status: 429,
			body: "upstream is busy", want: history.Rejected},
		{name: "not the text, by 503", with: with(func(r *Refusal) { r.Not.Text = re("upstream") }), status: 503,
			retry: "1", body: "upstream connect error", want: history.Rejected},
		{name: "another text", with: with(func(r *Refusal) { r.Not.Text = re("upstream") }),
			reply: result(`"isError":true,` + text("rate limit")), want: history.Limited},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			in := response{method: methodCall, status: row.status, header: http.Header{}, body: []byte(row.body)}
			if row.retry != "" {
				in.header.Set("Retry-After", row.retry)
			}
			if row.reply != "" {
				in.reply = one(t, row.reply)
			}
			got := row.with.classify(in)
			require.Equal(t, row.want, got.outcome, got.detail)
			if row.reply == "" || row.status != 0 {
				return
			}
			// The short way must not let anything through that the long one refuses.
			if _, _, ok := plainSuccess(jsonBody, []byte(row.reply), 1, methodCall, false, row.with.softness()); ok {
				require.Equal(t, history.OK, row.want, "taken for a plain success")
			}
		})
	}
}

func TestAWaryReaderQuotesWhatSpeaksOfALimit(t *testing.T) {
	r := Refusal{Wary: true, Not: NotRefusal{Text: regexp.MustCompile("docs")}}
	result := func(s string) *message {
		return one(t, `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":`+string(quote(s))+`}]}}`)
	}
	for text, want := range map[string]string{
		"pong":                        "",
		"⚠ Rate limit reached (10/s)": "the result speaks of a limit: ⚠ Rate limit reached (10/s)",
		`{"warning":"throttled"}`:     `the result speaks of a limit: {"warning":"throttled"}`,
		"docs: our rate limit is 5":   "",
		"RateLimitExceeded":           "the result speaks of a limit: RateLimitExceeded",
		"Daily limit reached.":        "the result speaks of a limit: Daily limit reached.",
		"the sky is the limit":        "",
	} {
		got := r.classify(response{method: methodCall, header: http.Header{}, reply: result(text)})
		require.Equal(t, history.OK, got.outcome)
		require.Equal(t, want, got.detail, text)
	}
	r.Wary = false
	require.Empty(t, r.classify(response{method: methodCall, header: http.Header{},
		reply: result("rate limit")}).detail)
}
