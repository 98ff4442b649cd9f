package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

func TestRefusalForm(t *testing.T) {
	refused := func(status, code int, wait time.Duration) history.Call {
		return history.Call{Arrival: history.Arrival{Label: "laws"}, Outcome: history.Limited, Status: status,
			Code: code, RetryAfter: wait}
	}
	for _, row := range []struct {
		name string
		want promise.RefusalShape
		call history.Call
		saw  string // of the fail; empty: none
	}{
		{"as promised", promise.RefusalShape{Status: 429, Code: -32000, RetryAfter: "seconds"},
			refused(429, -32000, time.Second), ""},
		{"status", promise.RefusalShape{Status: 429}, refused(503, 0, 0), "1 of 1 don't: call 2 has status 503"},
		{"no status on this transport", promise.RefusalShape{Status: 429}, refused(0, 0, 0), ""},
		{"code", promise.RefusalShape{Code: -32000}, refused(200, -32029, 0), "1 of 1 don't: call 2 has code -32029"},
		{"no hint", promise.RefusalShape{RetryAfter: "seconds"}, refused(429, 0, 0), "1 of 1 don't: call 2 has no " +
			"word of when to come back"},
		{"a hint", promise.RefusalShape{RetryAfter: "none"}, refused(429, 0, time.Second), "1 of 1 don't: call 2 " +
			"has a word of when to come back"},
	} {
		f := RefusalForm(row.want, []history.Call{{Outcome: history.OK}, row.call})
		if row.saw == "" {
			require.Equal(t, Pass, f.Verdict, row.name)
			continue
		}
		require.Equal(t, Fail, f.Verdict, row.name)
		require.Equal(t, row.saw, f.Saw)
		require.Equal(t, []int{2}, f.Witness.Calls)
	}
	ids := func(shape promise.RefusalShape) (ids []string) {
		for _, c := range (&Laws{Refusal: shape}).Checks() {
			ids = append(ids, c.ID)
		}
		return ids
	}
	require.NotContains(t, ids(promise.RefusalShape{Headers: "ietf"}), "refusal-form", "headers have a check of "+
		"their own")
	require.Contains(t, ids(promise.RefusalShape{Code: -32000}), "refusal-form")
	none := RefusalForm(promise.RefusalShape{Status: 429}, []history.Call{{Outcome: history.OK}})
	require.Equal(t, Inconclusive, none.Verdict, "nothing was refused")
}

// What is odd about a refusal's own form is told, and what isn't isn't.
func TestWhatIsSaidOfRefusals(t *testing.T) {
	const legacy, reserved, silent = "no agreed meaning", "reserves for itself", "don't say when to retry"
	for _, row := range []struct {
		code  int
		hints string
		said  []string
	}{
		{429, header("Retry-After", "3"), nil}, {429, "", []string{silent}},
		{-32000, header("Retry-After", "3"), []string{legacy}}, {-32019, "", []string{legacy, silent}},
		{-32020, "", []string{reserved, silent}}, {-32099, header("Retry-After", "3"), []string{reserved}},
		{-32100, "", []string{silent}}, {-31999, "", []string{silent}},
	} {
		c := history.Call{Arrival: history.Arrival{Label: "burst"}, Outcome: history.Limited, Status: 429, Code: row.code,
			Hints: row.hints}
		f := RefusalShape.Judge(NewCourt(promise.Terms{Limit: tenTwenty}, []history.Call{c}, Config{}).Trial("burst"))
		require.Equal(t, Pass, f.Verdict)
		require.Len(t, f.Warnings, len(row.said), "%d %s: %q", row.code, row.hints, f.Warnings)
		for i, words := range row.said {
			require.Contains(t, f.Warnings[i], words)
		}
	}
}
