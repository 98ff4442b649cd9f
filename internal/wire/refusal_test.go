package wire

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// one reads a text that holds exactly one message.
func one(t testing.TB, text string) *message {
	t.Helper()
	var got []*message
	require.NoError(t, readMessages([]byte(text), func(m *message) { got = append(got, m) }))
	require.Len(t, got, 1)
	return got[0]
}

// TestUsualSigns: what means nothing else is a refusal beside any profile's words, and what
// may mean something else isn't.
func TestUsualSigns(t *testing.T) {
	limit := Refusal{Codes: []int{-32000, 429}, Text: regexp.MustCompile(`(?i)rate limit`)}
	failure := func(code int, text, data string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"error":{"code":%d,"message":%s%s}}`, code, quote(text), data)
	}
	result := func(inner string) string { return `{"jsonrpc":"2.0","id":1,"result":{` + inner + `}}` }
	text := func(s string) string {
		return result(`"isError":true,"content":[{"type":"text","text":` + string(quote(s)) + `}]`)
	}
	embedded := func(s, isError string) string {
		return result(isError + `"content":[{"type":"resource","resource":{"uri":"e:1","text":` + string(quote(s)) + `}}]`)
	}
	const isError = `"isError":true,`
	for _, row := range []struct {
		reply string
		want  history.Outcome
	}{
		{failure(-32000, "Too many requests", ""), history.Limited},
		{failure(-32603, "TOO_MANY_REQUESTS", ""), history.Limited},
		{failure(-32000, "Too many concurrent requests", ""), history.Limited},
		{failure(-32000, "too many arguments", ""), history.Rejected},
		{failure(-32000, "Too many requests"+strings.Repeat("y", 1<<20), ""), history.Limited},
		{failure(-32000, strings.Repeat("y", 1<<20)+"too many requests", ""), history.Rejected}, // nobody reads so far
		{failure(-32000, "Internal error", `,"data":{"reason":"RATE_LIMITED"}`), history.Limited},
		{failure(-32000, "Internal error", `,"data":"Rate limit exceeded"`), history.Limited},
		{failure(-32602, "Invalid params", `,"data":{"path":["rateLimit"],"rate_limit":"must be a number"}`),
			history.Rejected},
		{failure(-32029, "slow down", ""), history.Limited},
		{failure(-32029, "the tool is switched off", ""), history.Rejected},
		{failure(-32023, "the server is switched off", ""), history.Rejected},
		{failure(429, "no", ""), history.Limited},
		{text("Too many requests, come back later"), history.Limited},
		{text(`[{"error":"rate_limit_exceeded"}]`), history.Limited},
		{text("RateLimitError: come back later"), history.Limited},
		{text("rate_limit must be a number"), history.ToolError},
		{text("disk quota exceeded"), history.ToolError},
		{embedded("Too many requests", isError), history.Limited},
		{embedded("no such file", isError), history.ToolError},
		{embedded("Too many requests", ""), history.OK},
		{embedded(`{"error":"Too many requests"}`, ""), history.OK},
		{result(isError + `"structuredContent":{"code":"RATE_LIMITED"}`), history.Limited},
		{result(`"structuredContent":{"success":false,"error":"Too many requests"}`), history.Limited},
	} {
		m := one(t, row.reply)
		got := limit.classify(response{method: methodCall, reply: m})
		require.Equal(t, row.want, got.outcome, row.reply)
		require.NotEqual(t, history.Limited, Refusal{}.classify(response{method: methodCall, reply: m}).outcome,
			"whoever takes no words for a refusal takes none: %s", row.reply)
	}
}

// TestFailuresSayWhenToComeBack: of a failure that speaks of a limit, and of no other.
func TestFailuresSayWhenToComeBack(t *testing.T) {
	limit := Refusal{Text: regexp.MustCompile(`(?i)rate limit`)}
	header := http.Header{"Retry-After": {"7"}}
	tool := `{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[{"type":"text","text":"%s"}],` +
		`"structuredContent":{"retry_after":7}}}`
	failure := `{"jsonrpc":"2.0","id":1,"error":{"code":%d,"message":"no","data":{"retry_after_ms":7000}}}`
	for _, row := range []struct {
		response
		want time.Duration
	}{
		{response{status: 403, header: header, body: []byte("quota used up")}, 7 * time.Second},
		{response{status: 403, header: header, body: []byte("not yours")}, 0},
		{response{status: 200, header: header, reply: one(t, fmt.Sprintf(tool, "slow down"))}, 7 * time.Second},
		{response{reply: one(t, fmt.Sprintf(tool, "Quota exceeded"))}, 7 * time.Second},
		{response{reply: one(t, fmt.Sprintf(tool, "no such city"))}, 0},
		{response{reply: one(t, fmt.Sprintf(failure, -32010))}, 7 * time.Second},
		{response{reply: one(t, fmt.Sprintf(failure, -32602))}, 0},
	} {
		row.method = methodCall
		got := limit.classify(row.response)
		require.Contains(t, []history.Outcome{history.Rejected, history.ToolError}, got.outcome)
		require.InDelta(t, row.want.Seconds(), asked(got.hints).Seconds(), 1, "%+v", got)
		require.Empty(t, Refusal{}.classify(row.response).hints, "whoever takes no words for a refusal takes none")
	}
}

func TestClassify(t *testing.T) {
	limit := Refusal{Codes: []int{-32000, -32003, -32019, -32020, -32029, 429}, Statuses: []int{420},
		Text: regexp.MustCompile(`(?i)rate limit`)}
	failure := func(code, text, data string) string {
		return `{"jsonrpc":"2.0","id":1,"error":{"code":` + code + `,"message":"` + text + `"` + data + `}}`
	}
	tool := func(text string, isError string) string {
		return `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":` + string(quote(text)) + `}]` +
			isError + `}}`
	}
	const isError = `,"isError":true`
	rows := []struct {
		name   string
		status int
		header map[string]string
		reply  string
		body   string
		method string // default tools/call
		want   history.Outcome
		code   int
		wait   time.Duration
		zero   bool // with the zero Refusal
		modern bool
	}{
		// HTTP statuses.
		{name: "429 empty", status: 429, want: history.Limited},
		{name: "429 empty, zero", status: 429, want: history.Limited, zero: true},
		{name: "429 with a result", status: 429, reply: tool("hi", ""), want: history.Limited},
		{name: "429 with header", status: 429, header: map[string]string{"Retry-After": "3"}, want: history.Limited,
			wait: 3 * time.Second},
		{name: "429 with json body", status: 429, body: `{"retry_after_ms":40}`, want: history.Limited,
			wait: 40 * time.Millisecond},
		{name: "429 with error", status: 429, reply: failure("-32029", "slow", `,"data":{"retry_after":2}`),
			want: history.Limited, code: -32029, wait: 2 * time.Second},
		{name: "listed status", status: 420, want: history.Limited},
		{name: "listed status, zero", status: 420, want: history.Rejected, zero: true},
		{name: "503 with Retry-After", status: 503, header: map[string]string{"Retry-After": "1"},
			want: history.Limited, wait: time.Second},
		{name: "503 with Retry-After, zero", status: 503, header: map[string]string{"Retry-After": "1"},
			want: history.Limited, wait: time.Second, zero: true},
		{name: "503", status: 503, want: history.Rejected},
		{name: "502 with Retry-After", status: 502, header: map[string]string{"Retry-After": "1"},
			want: history.Rejected},
		{name: "500 that mentions it in HTML", status: 500, body: "rate limit", want: history.Rejected},
		{name: "500 with an error that matches", status: 500, reply: failure("-32603", "Rate limit exceeded", ""),
			want: history.Limited, code: -32603},
		{name: "401", status: 401, want: history.Rejected},

		// JSON-RPC errors: a listed code in the range without meaning needs words.
		{name: "-32000 without words", status: 200, reply: failure("-32000", "Session not found", ""),
			want: history.Rejected, code: -32000},
		{name: "-32000 with words", reply: failure("-32000", "Global rate limit exceeded", ""), want: history.Limited,
			code: -32000},
		{name: "-32000 without words, zero", reply: failure("-32000", "Global rate limit exceeded", ""),
			want: history.Rejected, code: -32000, zero: true},
		{name: "-32003 without words", reply: failure("-32003", "no", ""), want: history.Rejected, code: -32003},
		{name: "-32019 is the last one", reply: failure("-32019", "no", ""), want: history.Rejected, code: -32019},
		{name: "-32020 is the first one beyond", reply: failure("-32020", "no", ""), want: history.Limited,
			code: -32020},
		{name: "-32029 alone", reply: failure("-32029", "Too fast", ""), want: history.Limited, code: -32029},
		{name: "429 alone", reply: failure("429", "", ""), want: history.Limited, code: 429},
		{name: "unlisted with words", reply: failure("-32602", "rate limit exceeded", ""), want: history.Limited,
			code: -32602},
		{name: "0 with words", reply: failure("0", "Rate Limit exceeded for client: x", ""), want: history.Limited},
		{name: "unlisted", reply: failure("-32603", "Internal error", ""), want: history.Rejected, code: -32603},
		{name: "words in data only", reply: failure("-32603", "Internal error", `,"data":"rate limit"`),
			want: history.Rejected, code: -32603},
		{name: "data in ms beats the header", status: 200, header: map[string]string{"Retry-After": "1"},
			reply: failure("-32029", "", `,"data":{"retry_after_ms":66}`), want: history.Limited, code: -32029,
			wait: 66 * time.Millisecond},
		{name: "the header beats data in s", status: 200, header: map[string]string{"Retry-After": "2"},
			reply: failure("-32029", "", `,"data":{"retryAfter":1}`), want: history.Limited, code: -32029,
			wait: 2 * time.Second},

		// Tool results.
		{name: "ok", reply: tool("hi", ""), want: history.OK},
		{name: "isError that matches", reply: tool("Global rate limit exceeded", isError), want: history.Limited},
		{name: "isError", reply: tool("disk full", isError), want: history.ToolError},
		{name: "isError without content", reply: `{"jsonrpc":"2.0","id":1,"result":{"isError":true}}`,
			want: history.ToolError},
		{name: "isError that matches, zero", reply: tool("rate limit", isError), want: history.ToolError, zero: true},
		{name: "isError false", reply: tool("hi", `,"isError":false`), want: history.OK},
		{name: "isError in json", reply: tool(`{"error":"rate limit","retry_after_ms":5}`, isError),
			want: history.Limited, wait: 5 * time.Millisecond},
		{name: "isError second text",
			reply: `{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[{"type":"text","text":"a"},{"type":"text","text":"rate\u0020limit"}]}}`, want: history.Limited},
		{name: "result of another method", method: "resources/read", reply: tool("rate limit", isError),
			want: history.OK},
		{name: "plain text that mentions it", reply: tool("Our rate limit is 5/s", ""), want: history.OK},
		{name: "soft: crackerjack 1", reply: tool(`{"error": "Rate limit exceeded: 60/min","success": false}`, ""),
			want: history.Limited},
		{name: "soft: crackerjack 2", reply: tool("\n"+`{"status":"error","message":"Rate limit exceeded: x"}`, ""),
			want: history.Limited},
		{name: "soft: meraki", reply: tool(`{"type":"error","error":"rate limit reached","retry_after":7}`, ""),
			want: history.Limited, wait: 7 * time.Second},
		{name: "soft: nested", reply: tool(`{"error":{"message":"rate limit"}}`, ""), want: history.Limited},
		{name: "soft: ok false", reply: tool(`{"ok":false,"message":"rate limit"}`, ""), want: history.Limited},
		{name: "soft: zero", reply: tool(`{"error":"rate limit"}`, ""), want: history.OK, zero: true},
		{name: "json that mentions it", reply: tool(`{"message":"rate limit is 5/s"}`, ""), want: history.OK},
		{name: "json without an error", reply: tool(`{"error":null,"message":"rate limit is 5/s"}`, ""),
			want: history.OK},
		{name: "json success", reply: tool(`{"success":true,"error":"","message":"rate limit is 5/s"}`, ""),
			want: history.OK},
		{name: "json that fails otherwise", reply: tool(`{"success":false,"error":"no such file","hint":"rate limit"}`,
			""), want: history.OK},
		{name: "json array", reply: tool(`[{"error":"rate limit"}]`, ""), want: history.OK},
		{name: "cut json", reply: tool(`{"error":"rate limit"`, ""), want: history.OK},
		{name: "image", reply: `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"image","data":"rate limit"},7]}}`,
			want: history.OK},
		{name: "content of another type",
			reply: `{"jsonrpc":"2.0","id":1,"result":{"content":"rate limit","isError":"true"}}`, want: history.OK},

		// The stateless era's resultType.
		{name: "complete", modern: true, reply: `{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}`,
			want: history.OK},
		{name: "absent", modern: true, reply: `{"jsonrpc":"2.0","id":1,"result":{}}`, want: history.OK},
		{name: "input_required", modern: true,
			reply: `{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required"}}`, want: history.Rejected},
		{name: "unknown", modern: true, reply: `{"jsonrpc":"2.0","id":1,"result":{"resultType":"task"}}`,
			want: history.Broken},
		{name: "no string", modern: true, reply: `{"jsonrpc":"2.0","id":1,"result":{"resultType":7}}`,
			want: history.Broken},
		{name: "null", modern: true, reply: `{"jsonrpc":"2.0","id":1,"result":{"resultType":null}}`,
			want: history.Broken},
		{name: "unknown, session era", reply: `{"jsonrpc":"2.0","id":1,"result":{"resultType":"task"}}`,
			want: history.OK},
		{name: "no reply", status: 200, want: history.Broken},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := limit
			if row.zero {
				r = Refusal{}
			}
			in := response{method: methodCall, status: row.status, header: http.Header{}, body: []byte(row.body),
				modern: row.modern}
			if row.method != "" {
				in.method = row.method
			}
			for k, v := range row.header {
				in.header.Set(k, v)
			}
			if row.reply != "" {
				in.reply = one(t, row.reply)
			}
			got := r.classify(in)
			require.Equal(t, row.want, got.outcome, got.detail)
			require.Equal(t, row.code, got.code)
			require.Equal(t, row.wait, asked(got.hints))
			require.Equal(t, got.outcome == history.OK, got.detail == "")
		})
	}
}

// Whatever a dead or broken server says, it doesn't count as limited.
func TestDeadServerIsNotLimited(t *testing.T) {
	for _, status := range []int{0, 200, 202, 204, 301, 400, 401, 403, 404, 405, 408, 409, 500, 501, 502, 503, 504} {
		got := rateLimit.classify(response{method: methodCall, status: status, header: http.Header{},
			body: []byte("<html>the rate limit of the upstream")})
		require.NotEqual(t, history.Limited, got.outcome, "status %d", status)
		require.NotEqual(t, history.OK, got.outcome, "status %d", status)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	rows := []struct {
		name, value, date, body string
		want                    time.Duration
	}{
		{name: "nothing"},
		{name: "seconds", value: "120", want: 2 * time.Minute},
		{name: "spaces", value: " 5 ", want: 5 * time.Second},
		{name: "fraction", value: "0.5", want: 500 * time.Millisecond},
		{name: "zero", value: "0"},
		{name: "negative", value: "-3"},
		{name: "nonsense", value: "soon"},
		{name: "not a number", value: "NaN"},
		{name: "overflow", value: strings.Repeat("9", 400), want: maxRetryAfter},
		{name: "large", value: "99999999999", want: maxRetryAfter},
		{name: "date", value: at(90 * time.Second), want: 90 * time.Second},
		{name: "past date", value: at(-time.Hour)},
		{name: "date on the server's clock", value: at(3700 * time.Second), date: at(time.Hour),
			want: 100 * time.Second},
		{name: "far date", value: "Fri, 31 Dec 9999 23:59:59 GMT", want: maxRetryAfter},
		{name: "body ms", body: `{"retry_after_ms":1500}`, want: 1500 * time.Millisecond},
		{name: "body ms, fraction", body: `{"retryAfterMs":0.5}`, want: 500 * time.Microsecond},
		{name: "body s", body: `{"retryAfter":2}`, want: 2 * time.Second},
		{name: "body text", body: `{"retry_after":"2"}`, want: 2 * time.Second},
		{name: "body seconds", body: `{"retry_after_seconds":3}`, want: 3 * time.Second},
		{name: "body reset", body: `{"reset_in":4}`, want: 4 * time.Second},
		{name: "body nonsense", body: `{"retry_after":{}}`},
		{name: "no object", body: `[1]`},
		{name: "broken body", body: `{"retry_after":1`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			h := http.Header{}
			if row.value != "" {
				h.Set("Retry-After", row.value)
			}
			if row.date != "" {
				h.Set("Date", row.date)
			}
			require.Equal(t, row.want, asked(readHints(h, now, nil, hintBody{"body", []byte(row.body)})))
		})
	}
}
