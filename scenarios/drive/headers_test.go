package drive

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
)

func claimed(fields ...string) history.Call {
	var list []history.Hint
	for i := 0; i < len(fields); i += 2 {
		list = append(list, history.Hint{From: fields[i], Raw: fields[i+1], Kind: history.HintClaim})
	}
	return history.Call{Outcome: history.OK, Hints: history.FormatHints(list)}
}

// TestThePromiseOfHeaders: the last reply that says a law makes the promise; a limit
// without a time, or none, is no promise, and the hint says what to do.
func TestThePromiseOfHeaders(t *testing.T) {
	for name, row := range map[string]struct {
		calls        []history.Call
		promise, err string
	}{
		"a policy": {[]history.Call{claimed("RateLimit-Policy", `"a";q=5;w=2`, "RateLimit",
			`"a";r=4;t=2`)}, `5 per 2s named "a"`, ""},
		"the last one": {[]history.Call{claimed("RateLimit-Policy", `"a";q=5;w=2`), claimed("RateLimit-Policy",
			`"b";q=9;w=3`), claimed("X-RateLimit-Remaining", "4")}, `9 per 3s named "b"`, ""},
		"a stack": {[]history.Call{claimed("RateLimit-Policy", `"a";q=5;w=2, "b";q=9;w=60`)},
			`5 per 2s named "a"; 9 per 1m named "b"`, ""},
		"no time": {[]history.Call{claimed("X-RateLimit-Limit", "100")}, "", "a limit without a time " +
			"(X-RateLimit-Limit: 100)"},
		"no time of one of two": {[]history.Call{claimed("X-RateLimit-Limit", "20", "RateLimit-Policy", "9;w=60")}, "",
			"a limit without a time (X-RateLimit-Limit: 20)"},
		"none": {[]history.Call{{Outcome: history.OK}}, "", "has a header that says a limit"},
		"one that can't be": {[]history.Call{claimed("RateLimit-Policy", `"a";q=many;w=2`)}, "", "has a header " +
			"that says a limit"},
		"too many to be asked": {[]history.Call{claimed("RateLimit-Policy", `"a";q=50000;w=86400`)}, "",
			"no law can be asked in"},
	} {
		t.Run(name, func(t *testing.T) {
			own := &Laws{Headers: true, Budget: 2 * time.Minute}
			j := Job{Laws: own}
			j.Profile.Call.Method, j.Profile.Call.Tool = "tools/call", "ping"
			err := j.promised(row.calls, teller{})
			if row.err != "" {
				require.ErrorContains(t, err, row.err)
				if len(j.Laws.Promise) == 0 {
					require.NotEmpty(t, hint.Of(err))
				}
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.promise, j.Laws.promiseText())
			require.Contains(t, j.Laws.Source, "headers: RateLimit-Policy: ")
			require.Empty(t, own.Promise, "the next attempt reads its own")
		})
	}
}
