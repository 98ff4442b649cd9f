package foreign

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FastMCP makes a counter of each text that get_client_id returns: what that is decides who
// shares one, and not that there is a function.
func TestWhoSharesACounterIsWhatTheFunctionReturns(t *testing.T) {
	for program, want := range map[string]string{
		"RateLimitingMiddleware(2, get_client_id=lambda c: c.fastmcp_context.session_id)": "per session",
		"def who(ctx):\n    \"\"\"One each.\"\"\"\n    return ctx.fastmcp_context.session_id\n\n" +
			"RateLimitingMiddleware(2, get_client_id=who)": "per session",
		"def who(ctx) -> str: return get_http_request().client.host\n" +
			"RateLimitingMiddleware(2, get_client_id=who)": "per address",
		"RateLimitingMiddleware(2, get_client_id=lambda c: \"all\")":                               "",
		"SlidingWindowRateLimitingMiddleware(5, get_client_id=lambda c: get_access_token().token)": "per credential",
		"RateLimitingMiddleware(2, get_client_id=lambda c: c.client_id or c.session_id)":           "per credential?",
		"RateLimitingMiddleware(2, get_client_id=helpers.who)":                                     "per credential?",
	} {
		in, err := Read("server.py", []byte("from fastmcp import FastMCP\n"+program+"\n"))
		require.NoError(t, err, program)
		require.Len(t, in.Laws, 1)
		key := ""
		if k := in.Laws[0].Key; len(k) > 0 {
			key = "per " + k.String()
		}
		if strings.Contains(fmt.Sprint(in.Notes), "taken as one counter a credential") {
			key += "?"
		}
		require.Equal(t, want, key, program)
	}
}
