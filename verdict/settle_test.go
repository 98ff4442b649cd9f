package verdict

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

var tenTwenty = promise.Limit{Rate: 10, Burst: 20, Scope: promise.Global, Charges: []string{"*"}}

// bucketed is what an honest bucket of a rate and a burst says to one call every
// gap, from 0 on; out says how a refusal looks, and answer, where it isn't nil,
// answers in its place.
func bucketed(rate, burst float64, gap time.Duration, n int, out func(*history.Call),
	answer func(*history.Call) bool) []history.Call {
	var calls []history.Call
	level, last := burst, time.Duration(0)
	for i := range n {
		c := at(time.Duration(i)*gap, history.OK, "")
		switch level, last = min(burst, level+rate*(c.Sent-last).Seconds()), c.Sent; {
		case answer != nil && answer(&c):
		case level >= 1:
			level--
		default:
			c.Outcome = history.Limited
			out(&c)
		}
		calls = append(calls, c)
	}
	return calls
}

func as503(c *history.Call) {
	c.Status, c.Detail, c.Hints = 503, history.Unavailable, `Retry-After="1" wait 0s..2s`
}

func as429(c *history.Call) { c.Status, c.Detail = 429, "HTTP 429" }

// away is an outage of half a second in every four, which begins after the first
// seconds: calls come whether the bucket is full or not.
func away(c *history.Call) bool {
	if c.Sent%(4*time.Second) < 3500*time.Millisecond {
		return false
	}
	c.Outcome = history.Limited
	as503(c)
	return true
}

func count(calls []history.Call, o history.Outcome) int {
	n := 0
	for _, c := range calls {
		if c.Outcome == o {
			n++
		}
	}
	return n
}

func TestAnOutageIsNoRefusal(t *testing.T) {
	calls := bucketed(10, 20, 150*time.Millisecond, 200, as429, away) // under the rate: nothing is refused
	court := NewCourt(promise.Terms{Limit: tenTwenty}, calls, Config{})
	require.Zero(t, count(court.Calls(), history.Limited), "no bucket would have refused those calls")
	require.Contains(t, court.Doubted(), "answers with HTTP 503 and Retry-After counted as failed, not as refused: "+
		"no bucket would have refused those calls")
	f := judgeOverRejection(court.Trial("burst"))
	require.NotEqual(t, Fail, f.Verdict)
	require.Equal(t, []string{court.Doubted()}, f.Warnings)
	require.Equal(t, len(calls), len(court.Calls()))

	again := NewCourt(promise.Terms{Limit: tenTwenty}, court.Calls(), Config{})
	require.Equal(t, court.Calls(), again.Calls(), "what is settled stays settled")

	fast := bucketed(10, 20, 50*time.Millisecond, 600, as429, away) // pressed, with refusals of its own
	court = NewCourt(promise.Terms{Limit: tenTwenty}, fast, Config{})
	require.Contains(t, court.Doubted(), "its refusals are HTTP 429")
	require.Equal(t, Pass, judgeOverRejection(court.Trial("burst")).Verdict)
	require.Positive(t, count(court.Calls(), history.Limited))

	declared := promise.Terms{Limit: tenTwenty, Statuses: []int{503}}
	require.Equal(t, Fail, judgeOverRejection(NewCourt(declared, fast, Config{}).Trial("burst")).Verdict,
		"the promise says that they are refusals")
	require.Empty(t, NewCourt(declared, fast, Config{}).Doubted())
}

func TestALimiterThatRefusesWith503IsJudged(t *testing.T) {
	p := promise.Terms{Limit: tenTwenty}
	honest := bucketed(10, 20, 50*time.Millisecond, 200, as503, nil)
	court := NewCourt(p, honest, Config{})
	require.Empty(t, court.Doubted())
	require.Equal(t, count(honest, history.Limited), count(court.Calls(), history.Limited))
	require.Equal(t, Pass, judgeOverRejection(court.Trial("burst")).Verdict)

	both := bucketed(10, 20, 50*time.Millisecond, 200, func(c *history.Call) {
		if as503(c); c.Sent%(200*time.Millisecond) == 0 {
			c.Hints = ""
			as429(c)
		}
	}, nil)
	court = NewCourt(p, both, Config{})
	require.Empty(t, court.Doubted(), "the promised bucket can have refused them all")
	require.Equal(t, count(both, history.Limited), count(court.Calls(), history.Limited))

	slow := NewCourt(p, bucketed(5, 20, 50*time.Millisecond, 200, as503, nil), Config{})
	require.Empty(t, slow.Doubted())
	require.Equal(t, Fail, judgeOverRejection(slow.Trial("burst")).Verdict, "some bucket gave them, and not the "+
		"promised one")

	generous := NewCourt(p, bucketed(20, 20, 20*time.Millisecond, 300, as503, nil), Config{})
	require.Equal(t, Fail, judgeOverAdmission(generous.Trial("burst")).Verdict)
}

// Whatever an outage answers, and however calls are pressed, an honest bucket with
// refusals of its own isn't failed for it.
func TestNoOutageFailsAnHonestBucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gap := time.Duration(rapid.IntRange(5, 300).Draw(t, "gap")) * time.Millisecond
		from := time.Duration(rapid.IntRange(0, 10_000).Draw(t, "from")) * time.Millisecond
		long := time.Duration(rapid.IntRange(1, 4000).Draw(t, "long")) * time.Millisecond
		calls := bucketed(10, 20, gap, 300, as429, func(c *history.Call) bool {
			if c.Sent < from || c.Sent >= from+long {
				return false
			}
			c.Outcome = history.Limited
			as503(c)
			return true
		})
		own := false
		for _, c := range calls {
			own = own || c.Status == 429
		}
		court := NewCourt(promise.Terms{Limit: tenTwenty}, calls, Config{})
		for _, check := range []Check{overAdmission, overRejection, Alive} {
			f := check.Judge(court.Trial("burst"))
			if own || check.ID != "over-rejection" {
				require.NotEqual(t, Fail, f.Verdict, "%s: %s", check.ID, f.Saw)
			}
		}
	})
}

// TestFailuresUnderPressureAreRefusals: what may mean something else is a refusal where it came
// just as the promised bucket's would, and no other came; and stays a failure where it didn't.
func TestFailuresUnderPressureAreRefusals(t *testing.T) {
	quota := func(c *history.Call) { c.Outcome, c.Detail = history.ToolError, "Quota exhausted for this key" }
	coded := func(c *history.Call) { c.Outcome, c.Code, c.Detail = history.Rejected, -32010, "error -32010: no" }
	other := func(c *history.Call) { c.Outcome, c.Detail = history.ToolError, "disk full" }
	full := func(c *history.Call) bool { // from the third second on, whatever the bucket holds
		if c.Sent < 3*time.Second {
			return false
		}
		c.Outcome, c.Detail = history.ToolError, "disk quota exceeded"
		return true
	}
	for _, row := range []struct {
		name    string
		calls   []history.Call
		refused bool
	}{
		{"words", bucketed(10, 20, 50*time.Millisecond, 300, quota, nil), true},
		{"a code", bucketed(10, 20, 50*time.Millisecond, 300, coded, nil), true},
		{"neither", bucketed(10, 20, 50*time.Millisecond, 300, other, nil), false},
		{"a bucket that holds less", bucketed(10, 12, 50*time.Millisecond, 300, quota, nil), false},
		{"whatever the bucket holds", bucketed(10, 20, 150*time.Millisecond, 300, quota, full), false},
		{"beside others", append(bucketed(10, 20, 50*time.Millisecond, 300, quota, nil),
			bucketed(10, 20, 50*time.Millisecond, 40, as429, nil)...), false},
		{"in the handshake", append(bucketed(10, 20, 50*time.Millisecond, 300, quota, nil), func() history.Call {
			c := at(0, history.ToolError, "")
			c.Label, c.Detail = Handshake, "quota exhausted"
			return c
		}()), false},
	} {
		was := count(row.calls, history.Limited)
		court := NewCourt(promise.Terms{Limit: tenTwenty}, row.calls, Config{})
		require.Equal(t, row.refused, count(court.Calls(), history.Limited) > was, row.name)
		require.Equal(t, row.refused, strings.Contains(court.Doubted(), "counted as refused"), row.name)
		for _, check := range []Check{overAdmission, overRejection, Alive} {
			f := check.Judge(court.Trial("burst"))
			require.True(t, f.Verdict != Fail || row.name == "beside others", "%s: %s: %s", row.name, check.ID, f.Saw)
		}
	}
}

// TestFailuresThatSayWhenToComeBack: they are refusals beside others too, or after too few to be
// pressed, and failures where the bucket would have let them in.
func TestFailuresThatSayWhenToComeBack(t *testing.T) {
	hinted := func(c *history.Call) {
		c.Outcome, c.Status, c.Detail, c.Hints = history.Rejected, 403, "HTTP 403: quota used up",
			`Retry-After="1" wait 0s..2s`
	}
	mixed := func(c *history.Call) {
		if as429(c); c.Sent%(200*time.Millisecond) == 0 {
			hinted(c)
		}
	}
	honest := bucketed(10, 20, 50*time.Millisecond, 300, mixed, nil)
	court := NewCourt(promise.Terms{Limit: tenTwenty}, honest, Config{})
	require.Zero(t, count(court.Calls(), history.Rejected))
	require.Empty(t, court.Doubted())
	require.Equal(t, Pass, judgeComplete(court.Trial("burst")).Verdict)

	outage := bucketed(10, 20, 50*time.Millisecond, 300, as429, func(c *history.Call) bool {
		if c.Sent < 300*time.Millisecond || c.Sent > 500*time.Millisecond {
			return false
		}
		hinted(c)
		return true
	})
	court = NewCourt(promise.Terms{Limit: tenTwenty}, outage, Config{})
	require.Equal(t, 5, count(court.Calls(), history.Rejected))
	require.Contains(t, court.Doubted(), `5 answers such as "HTTP 403: quota used up", which say when to come back, `+
		"counted as failed, not as refused")
	require.NotEqual(t, Fail, judgeOverRejection(court.Trial("burst")).Verdict)
	require.Contains(t, judgeComplete(court.Trial("burst")).Next, "see if the server was away for a while: 5 answers")
}

func asWords(c *history.Call) {
	c.Outcome, c.Detail = history.OK, history.Speaks+"⚠ Rate limit reached, 10 requests/s"
}

func TestWordsOfALimitAreHeldAgainstNobody(t *testing.T) {
	p := promise.Terms{Limit: tenTwenty}
	court := NewCourt(p, bucketed(10, 20, 10*time.Millisecond, 300, asWords, nil), Config{})
	for _, f := range []Finding{judgeOverAdmission(court.Trial("burst")), judgePressure(court.Trial("burst")),
		judgeComplete(court.Trial("burst"))} {
		require.NotEqual(t, Fail, f.Verdict, f.Saw)
		if f.Check != "over-admission" {
			require.Equal(t, Inconclusive, f.Verdict)
			require.Contains(t, f.Next,
				`answered "⚠ Rate limit reached, 10 requests/s", which isn't known as a refusal`)
			require.Contains(t, f.Next, "--refusal 'text=Rate limit reached'")
		}
	}
	less := NewCourt(p, bucketed(5, 20, 50*time.Millisecond, 200, asWords, nil), Config{})
	require.Equal(t, Inconclusive, judgeComplete(less.Trial("burst")).Verdict, "a limit below the promise hides "+
		"behind words: no hollow pass")

	more := bucketed(30, 20, 5*time.Millisecond, 600, asWords, nil)
	require.Equal(t, Fail, judgeOverAdmission(NewCourt(p, more, Config{}).Trial("burst")).Verdict, "the others are "+
		"too many by themselves")

	all := func(gap time.Duration) Verdict {
		return judgeOverAdmission(NewCourt(p, bucketed(10, 20, gap, 100, asWords,
			func(c *history.Call) bool { asWords(c); return true }), Config{}).Trial("burst")).Verdict
	}
	require.Equal(t, Pass, all(200*time.Millisecond), "a tool that speaks of limits")
	require.NotEqual(t, Fail, all(5*time.Millisecond), "a server that was spent when we came")
}

func TestTheLikeliestRefusalIsNamed(t *testing.T) {
	set := func(o history.Outcome, status, code int, detail string) func(*history.Call) {
		return func(c *history.Call) { c.Outcome, c.Status, c.Code, c.Detail = o, status, code, detail }
	}
	rows := []struct {
		name string
		out  func(*history.Call)
		sign string // empty: nobody is suspected
	}{
		{"words", set(history.ToolError, 200, 0, "Too many requests, please try again later."),
			"text=Too many requests"},
		{"snake", set(history.ToolError, 200, 0, "rate_limit_exceeded: try again in 1s"), "text=rate_limit_exceeded"},
		{"aws", set(history.ToolError, 200, 0, "ThrottlingException: Rate exceeded"), "text=ThrottlingException"},
		{"no words, under pressure", set(history.ToolError, 0, 0, "Operation E42 can't be done"), "text=Operation E"},
		{"status", set(history.Rejected, 402, 0, `HTTP 402: {"error":"quota_exceeded"}`), "status=402"},
		{"status without words", set(history.Rejected, 503, 0, "HTTP 503: busy"), "status=503"},
		{"not found", set(history.Rejected, 404, 0, "HTTP 404: error -32001: Session not found"), ""},
		{"code", set(history.Rejected, 200, -42900, "error -42900: slow"), "code=-42900"},
		{"code without meaning", set(history.Rejected, 200, -32003, "error -32003: Daily limit reached"),
			"text=limit reached"},
		{"code without meaning or words", set(history.Rejected, 0, -32003, "error -32003: come back"),
			"text=come back"},
		{"reset", set(history.Broken, 0, 0, "connection reset by peer"), "reset"},
		{"closed", set(history.Broken, 0, 0, "the connection was closed"), "reset"},
		{"garbage", set(history.Broken, 200, 0, "the reply is no MCP message: x"), ""},
		{"nothing said", set(history.ToolError, 200, 0, ""), ""},
		{"refused", func(*history.Call) {}, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s, ok := Suspect(tenTwenty, bucketed(10, 20, 20*time.Millisecond, 200, row.out, nil))
			require.Equal(t, row.sign, s.Sign)
			require.Equal(t, row.sign != "", ok)
		})
	}
	both := bucketed(10, 20, 20*time.Millisecond, 200, set(history.ToolError, 200, 0, "Too many requests"), nil)
	both[0].Outcome, both[0].Detail = history.ToolError, "disk full"
	s, ok := Suspect(tenTwenty, both)
	require.True(t, ok, "what is no suspect hides none that comes later")
	require.Equal(t, "text=Too many requests", s.Sign)
	rare := bucketed(10, 20, 200*time.Millisecond, 100, nil, func(c *history.Call) bool {
		if c.Sent%(2*time.Second) == 0 {
			set(history.ToolError, 200, 0, "disk full")(c)
			return true
		}
		return false
	})
	_, ok = Suspect(promise.Limit{Rate: 10, Burst: 40, Charges: []string{"*"}}, rare)
	require.False(t, ok, "it comes without pressure, and speaks of no limit")
	_, ok = Suspect(promise.Limit{}, bucketed(10, 20, 20*time.Millisecond, 200, set(history.ToolError, 200, 0,
		"Too many requests"), nil))
	require.True(t, ok, "words tell without a promise")
}

func TestALostSessionIsTold(t *testing.T) {
	calls := bucketed(10, 20, 50*time.Millisecond, 100, as429, func(c *history.Call) bool {
		c.Outcome, c.Status, c.Detail = history.Rejected, 404, "HTTP 404: error -32001: Session not found"
		return c.Sent > 2*time.Second || func() bool {
			c.Outcome, c.Status, c.Detail = history.OK, 0, ""
			return false
		}()
	})
	f := judgeComplete(NewCourt(promise.Terms{Limit: tenTwenty}, calls, Config{}).Trial("burst"))
	require.Equal(t, Inconclusive, f.Verdict)
	require.Contains(t, f.Next, "the server no longer knows the session, as after a restart")
	require.Contains(t, f.Next, "from 2.05s on 59 calls were answered")
}

func TestAliveSaysWhatHappened(t *testing.T) {
	const ms = time.Millisecond
	broken := func(detail string, from, n int) []history.Call {
		var calls []history.Call
		for i := range n {
			c := at(time.Duration(from+i)*10*ms, history.Broken, "")
			c.Detail = detail
			calls = append(calls, c)
		}
		return calls
	}
	served := func(label string, from, n int) []history.Call {
		var calls []history.Call
		for i := range n {
			c := at(time.Duration(from+i)*10*ms, history.OK, "")
			c.Label = label
			calls = append(calls, c)
		}
		return calls
	}
	join := func(parts ...[]history.Call) (all []history.Call) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	rows := []struct {
		name  string
		calls []history.Call
		want  Verdict
		says  string
	}{
		{"all served", served("burst", 0, 20), Pass, "20 of 20 calls were answered"},
		{"reset, and served in the next scenario", join(served("burst", 0, 20), broken("connection reset by peer", 20,
			17), served("idle", 40, 38)), Pass,
			"20 of 37 calls were answered, 17 connections were reset, 38 of 38 served afterwards; the last 17 got no " +
				"answer, and 38 of 38 sent afterwards did"},
		{"reset to the end", join(served("burst", 0, 20), broken("connection reset by peer", 20, 17)), Inconclusive,
			"nothing was sent afterwards that could tell"},
		{"closed to the end", join(served("burst", 0, 20), broken("the connection was closed", 20, 17)), Inconclusive,
			"17 connections were closed without a reply"},
		{"garbage to the end", join(served("burst", 0, 20), broken("the reply is no MCP message: x", 20, 17)),
			Inconclusive, "17 replies were unusable"},
		{"two replies to the end", join(served("burst", 0, 20), broken(history.TwoReplies, 20, 17)), Inconclusive,
			"17 replies were unusable"},
		{"nobody there", join(served("burst", 0, 20), broken("connection reset by peer", 20, 2),
			broken("connection refused", 22, 3)), Fail, "3 connections were refused"},
		{"a process that ended", join(served("burst", 0, 20), broken("server exited: exit status 1", 20, 3)), Fail,
			"and then 3 broke in a row: server exited: exit status 1"},
		{"nobody there, for two calls", join(served("burst", 0, 20), broken("connection refused", 20, 2)), Inconclusive,
			"2 connections were refused"},
		{"nobody there, and then again", join(served("burst", 0, 20), broken("connection refused", 20, 9),
			served("idle", 40, 5)), Pass, "5 of 5 served afterwards"},
		{"reset in between", join(served("burst", 0, 20), broken("connection reset by peer", 20, 1),
			served("burst", 30, 20)), Pass, "40 of 41 calls were answered, 1 connection was reset, 20 of 20 served " +
			"afterwards"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f := judgeAlive(NewCourt(promise.Terms{Limit: promise.Limit{Rate: 1000, Burst: 100,
				Charges: []string{"*"}}}, row.calls, Config{}).Trial("burst"))
			require.Equal(t, row.want, f.Verdict, f.Saw)
			require.Contains(t, f.Saw, row.says)
			require.Equal(t, row.want == Fail, f.Cause == "the server stopped serving during the run")
		})
	}
}

// A proxy in front of an honest server has a 429 of its own: whether the bucket is full
// or not, one call in nine doesn't reach the server.
func TestWhoElseRefusesIsNotTheLimit(t *testing.T) {
	own := func(c *history.Call) { c.Code, c.Detail = -32000, "rate limit exceeded, 3 s" }
	proxy := func(words string) func(c *history.Call) bool {
		n := 0
		return func(c *history.Call) bool {
			if n++; n%9 == 0 {
				c.Outcome, c.Status, c.Detail = history.Limited, 429, words
			}
			return n%9 == 0
		}
	}
	limit := promise.Terms{Limit: tenTwenty}
	calls := bucketed(10, 20, 50*time.Millisecond, 400, own, proxy("HTTP 429: edge 17"))
	court := NewCourt(limit, calls, Config{})
	require.Contains(t, court.Doubted(), `44 answers "HTTP 429: edge 17" counted as failed`)
	f := judgeOverRejection(court.Trial("burst"))
	require.NotEqual(t, Fail, f.Verdict)
	require.Equal(t, []string{court.Doubted()}, f.Warnings)
	require.NotZero(t, count(court.Calls(), history.Limited), "the limit's own stay refusals")

	next := court.Trial("burst").advised(Finding{}).Next
	require.Equal(t, "see who else refuses: "+court.Doubted(), next, "they were known for refusals, and taken out")

	// A tool passes on what its provider said, in the same shape as the server's own.
	tool := func(words string) func(c *history.Call) {
		return func(c *history.Call) { c.Detail = words }
	}
	upstream := func(c *history.Call) bool {
		return proxy("")(c) || c.Sent%(700*time.Millisecond) == 0 && func() bool {
			c.Outcome, c.Detail = history.Limited, "GitHub API rate limit exceeded"
			return true
		}()
	}
	court = NewCourt(limit, bucketed(10, 20, 50*time.Millisecond, 400, tool("Rate limit exceeded"), upstream), Config{})
	require.Contains(t, court.Doubted(), "GitHub API rate limit exceeded")

	for name, calls := range map[string][]history.Call{
		"one look of all":       bucketed(10, 20, 50*time.Millisecond, 400, as429, proxy("HTTP 429")),
		"the others steal too":  bucketed(5, 20, 50*time.Millisecond, 400, own, proxy("HTTP 429: edge")),
		"each is worded anew":   bucketed(10, 20, 50*time.Millisecond, 400, own, anew(proxy("HTTP 429: "))),
		"the promise is broken": bucketed(10, 10, 50*time.Millisecond, 400, own, nil),
	} {
		court := NewCourt(limit, calls, Config{})
		require.Empty(t, court.Doubted(), name)
		require.Equal(t, Fail, judgeOverRejection(court.Trial("burst")).Verdict, name)
	}
	honest := bucketed(10, 20, 50*time.Millisecond, 400, own, nil)
	require.Empty(t, NewCourt(limit, honest, Config{}).Doubted())
}

// anew words each answer in its own way.
func anew(answer func(*history.Call) bool) func(*history.Call) bool {
	words := "a"
	return func(c *history.Call) bool {
		if !answer(c) {
			return false
		}
		words += "b"
		c.Detail += words
		return true
	}
}
