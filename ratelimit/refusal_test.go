package ratelimit

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var refused = Decision{RetryAfter: 1_234_567_890, Reason: ReasonRate}

func TestRefuse(t *testing.T) {
	cases := map[string]struct {
		refusal    Refusal
		method, id string
		decision   Decision
		status     int
		retryAfter string
		body       string
	}{
		"http429": {
			Refusal{Shape: HTTP429}, "tools/call", `1`, refused, 429, "2",
			`{"jsonrpc":"2.0","id":1,"error":{"code":429,"message":"Rate limit exceeded","data":{"retry_after_ms":1235}}}`,
		},
		"zero": {
			Refusal{}, "ping", `"a"`, Decision{RetryAfter: 1, Reason: ReasonRate}, 429, "1",
			`{"jsonrpc":"2.0","id":"a","error":{"code":429,"message":"Rate limit exceeded","data":{"retry_after_ms":1}}}`,
		},
		"whole seconds": {
			Refusal{}, "ping", `2`, Decision{RetryAfter: 3 * time.Second, Reason: ReasonRate}, 429, "3",
			`{"jsonrpc":"2.0","id":2,"error":{"code":429,"message":"Rate limit exceeded","data":{"retry_after_ms":3000}}}`,
		},
		"never": {
			Refusal{}, "ping", `2`, Decision{RetryAfter: Never, Reason: ReasonSize}, 429, "",
			`{"jsonrpc":"2.0","id":2,"error":{"code":429,"message":"Rate limit exceeded: batch larger than the burst"}}`,
		},
		"no room": {
			Refusal{}, "ping", `2`, Decision{RetryAfter: time.Millisecond, Reason: ReasonKeys}, 429, "1",
			`{"jsonrpc":"2.0","id":2,"error":{"code":429,"message":"Rate limit exceeded: too many clients","data":{"retry_after_ms":1}}}`,
		},
		"code and message": {
			Refusal{Code: -32029, Message: "slow \"down\"\n"}, "ping", `2`, refused, 429, "2",
			`{"jsonrpc":"2.0","id":2,"error":{"code":-32029,"message":"slow \"down\"\n","data":{"retry_after_ms":1235}}}`,
		},
		"fastmcp2 tool": {
			Refusal{Shape: FastMCP2}, "tools/call", `3`, refused, 200, "",
			`{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"Global rate limit exceeded"}],"isError":true}}`,
		},
		"fastmcp2 other": {
			Refusal{Shape: FastMCP2}, "tools/list", `3`, refused, 200, "",
			`{"jsonrpc":"2.0","id":3,"error":{"code":-32000,"message":"Global rate limit exceeded"}}`,
		},
		"fastmcp4 tool": {
			Refusal{Shape: FastMCP4}, "tools/call", `3`, refused, 200, "",
			`{"jsonrpc":"2.0","id":3,"error":{"code":-32000,"message":"Global rate limit exceeded"}}`,
		},
		"fastmcp4 message": {
			Refusal{Shape: FastMCP4, Code: -1, Message: "no"}, "ping", `3`, refused, 200, "",
			`{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"no"}}`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status, header, body := c.refusal.Reply(c.method, json.RawMessage(c.id), c.decision)
			require.Equal(t, c.status, status)
			require.Equal(t, c.body, string(body))
			want := http.Header{"Content-Type": {"application/json"}}
			if c.retryAfter != "" {
				want["Retry-After"] = []string{c.retryAfter}
			}
			require.Equal(t, want, header)
			require.NoError(t, c.refusal.Validate())
		})
	}
	status, header, body := Refuse(FastMCP2, "tools/call", json.RawMessage(`3`), refused)
	wantStatus, wantHeader, wantBody := Refusal{Shape: FastMCP2}.Reply("tools/call", json.RawMessage(`3`), refused)
	require.Equal(t, []any{wantStatus, wantHeader, wantBody}, []any{status, header, body})
	require.EqualError(t, Refusal{Shape: "nginx"}.Validate(),
		`ratelimit: shape "nginx": want "http429", "fastmcp2" or "fastmcp4"`)
}

func TestRefuseEchoesTheID(t *testing.T) {
	cases := map[string]string{
		`0`:                                `0`,
		`-7`:                               `-7`,
		`1.0`:                              `1.0`,
		`1E2`:                              `1E2`,
		`"Ab-C"`:                           `"Ab-C"`,
		`123456789012345678901234567890`:   `123456789012345678901234567890`,
		`""`:                               `""`,
		`"caf\u00e9 \/ \"é"`:               `"caf\u00e9 \/ \"é"`,
		` 5 `:                              `5`,
		`null`:                             `null`,
		``:                                 `null`,
		`{"a":1}`:                          `null`,
		`[1]`:                              `null`,
		`true`:                             `null`,
		`1,"result":"forged"`:              `null`,
		`"1","error":{"code":0},"x":"oops`: `null`,
	}
	for id, want := range cases {
		_, _, body := Refuse(FastMCP4, "ping", json.RawMessage(id), refused)
		require.Equal(t, `{"jsonrpc":"2.0","id":`+want+
			`,"error":{"code":-32000,"message":"Global rate limit exceeded"}}`, string(body), "id %q", id)
	}
}
