package verdict

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// fixed is what an honest fixed window of 5 in 2 s, which opens with the first call, says to
// one call every 100 ms; out says how a refusal looks, and answer, where it isn't nil,
// answers in its place.
func fixed(n int, out func(*history.Call), answer func(*history.Call) bool) (calls []history.Call) {
	opened, taken := -2*time.Second, 0
	for i := range n {
		c := at(time.Duration(i)*100*time.Millisecond, history.OK, "")
		c.Method = "tools/call"
		if c.Sent >= opened+2*time.Second {
			opened, taken = c.Sent, 0
		}
		switch {
		case answer != nil && answer(&c):
		case taken < 5:
			taken++
		default:
			c.Outcome = history.Limited
			out(&c)
		}
		calls = append(calls, c)
	}
	return calls
}

// byLaw is a court for a promise of laws, as a run has it.
func byLaw(t *testing.T, law string, calls []history.Call) (*Court, *Laws) {
	l, err := promise.Parse(law)
	require.NoError(t, err)
	laws := &Laws{Said: promise.Promise{l}, Held: promise.Promise{l}, Hasty: true}
	permissive := promise.Limit{Rate: 1e9, Burst: 1_000_000_000, Scope: promise.Global, Charges: []string{"*"}}
	return NewCourt(promise.Terms{Limit: permissive}, calls, Config{Laws: laws}), laws
}

// What may be a refusal is one under laws where they can have made each, and elsewhere not.
func TestRefusalsAreSettledByLaws(t *testing.T) {
	const law = "5 per 2s fixed methods tools/call"
	slow := func(c *history.Call) { c.Outcome, c.Detail = history.ToolError, "Whoa, slow down!" }
	coded := func(c *history.Call) { c.Outcome, c.Code, c.Detail = history.Rejected, -32010, "error -32010: no" }
	bare := func(c *history.Call) { c.Outcome, c.Status, c.Detail = history.Rejected, 503, "HTTP 503" }
	plain := func(c *history.Call) { c.Outcome, c.Detail = history.ToolError, "no such city" }
	hinted := func(c *history.Call) { slow(c); c.Hints = `text.retry_after="1" wait 0s..2s` }
	mixed := func(c *history.Call) { // a law may refuse in two ways
		if as429(c); c.Sent%(200*time.Millisecond) == 0 {
			c.Status = 200
			hinted(c)
		}
	}
	upstream := func(c *history.Call) bool { // whatever the window holds
		if c.Sent%(700*time.Millisecond) != 0 {
			return false
		}
		slow(c)
		return true
	}
	outage := func(c *history.Call) bool {
		if c.Sent < 6*time.Second || c.Sent > 6400*time.Millisecond {
			return false
		}
		c.Outcome = history.Limited
		as503(c)
		return true
	}
	for _, row := range []struct {
		name   string
		calls  []history.Call
		law    string
		want   Verdict
		doubts string
	}{
		{"words", fixed(120, slow, nil), law, Pass, "the promised law can have given each of them"},
		{"codes", fixed(120, coded, nil), law, Pass, "the promised law can have given each of them"},
		{"other words", fixed(120, plain, nil), law, Inconclusive, ""},
		{"a status", fixed(120, bare, nil), law, Inconclusive, ""},
		{"words that come whenever", fixed(120, slow, upstream), law, Inconclusive, ""},
		{"words, and the law isn't that", fixed(120, slow, nil), "8 per 2s fixed methods tools/call", Inconclusive, ""},
		{"words, and too much let in", fixed(120, slow, nil), "4 per 2s fixed methods tools/call", Fail, ""},
		{"503", fixed(120, as503, nil), law, Pass, ""},
		{"words beside others, which say when to come back", fixed(120, mixed, nil), law, Pass, ""},
		{"words beside others, which don't", fixed(120, func(c *history.Call) {
			mixed(c)
			c.Hints = ""
		}, nil), law, Pass, ""},
		{"words that say when to come back, whenever", fixed(120, as429, func(c *history.Call) bool {
			if !upstream(c) {
				return false
			}
			hinted(c)
			return true
		}), law, Inconclusive, "no law would have refused those calls"},
		{"503 of an outage", fixed(120, as429, outage), law, Pass, "no law would have refused those calls"},
		{"somebody else's", fixed(120, as429, func(c *history.Call) bool {
			if c.Sent%(1900*time.Millisecond) != 0 {
				return false
			}
			c.Outcome, c.Status, c.Detail = history.Limited, 429, "HTTP 429 by the gateway"
			return true
		}), law, Pass, "the promised law would not have given them, and gave every other refusal"},
	} {
		court, laws := byLaw(t, row.law, row.calls)
		require.Equal(t, row.want, laws.Judged(court).Verdict, row.name)
		if row.doubts == "" {
			require.Empty(t, court.Doubted(), row.name)
		} else {
			require.Contains(t, court.Doubted(), row.doubts, row.name)
			require.Equal(t, []string{court.Doubted()}, laws.refusalFinding(court).Warnings, "and it is said")
		}
		advice := laws.Complete().Judge(court.Trial("burst")).Next
		require.Equal(t, row.name == "a status", strings.Contains(advice, "add --refusal status=503"), row.name+advice)
		again, _ := byLaw(t, row.law, court.Calls())
		require.Equal(t, court.Calls(), again.Calls(), "%s: what is settled once is settled the same way again", row.name)
	}
}
