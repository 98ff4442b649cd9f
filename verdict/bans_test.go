package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// flooded is what a server that bars for ten seconds answers to a flood of a session's, and to
// a plain call each half second after it, and to twenty more much later.
func flooded(session, label string) (calls []history.Call) {
	add := func(at time.Duration, session string, o history.Outcome, hint time.Duration) {
		calls = append(calls, history.Call{Arrival: history.Arrival{Client: "a", Method: "tools/call", Tool: "echo",
			Label: label, Session: session}, Outcome: o, Sent: at, Received: at + time.Millisecond, RetryAfter: hint})
	}
	for i := range 12 { // of a burst of 10
		o := history.OK
		if i >= 10 {
			o = history.Limited
		}
		add(time.Duration(i)*100*time.Microsecond, "", o, 0)
	}
	for i := range 300 {
		add(50*time.Millisecond+time.Duration(i)*100*time.Microsecond, session, history.Limited, 10*time.Second)
	}
	for at := time.Second; at < 10*time.Second; at += 500 * time.Millisecond {
		add(at, "", history.Limited, 5*time.Second)
	}
	for i := range 10 {
		add(11*time.Second+time.Duration(i)*100*time.Microsecond, "", history.OK, 0)
	}
	return calls
}

// Who is barred for what an audit sent is told so, and the server isn't failed for it.
func TestABanForOurOwnCrowdIsNoOverRejection(t *testing.T) {
	p := presumed(10, 10, toolCall)
	rejected := func(calls []history.Call) Finding {
		return judgeOverRejection(NewCourt(p, calls, Config{}).Trial("flood"))
	}
	f := rejected(flooded("a flood of 100 times the rate", "flood"))
	require.Equal(t, Inconclusive, f.Verdict, f.Saw)
	require.Contains(t, f.Saw, "18 calls were refused that the promise lets through, from call 313 on for 8.5s")
	require.Contains(t, f.Saw, "they said for how long")
	require.Contains(t, f.Next, "no promise has a word for that")
	require.False(t, NewCourt(p, flooded("x #1", "flood"), Config{}).violated())

	two := flooded("a flood of 100 times the rate", "flood")
	for i := range two {
		if i > 11 && two[i].Outcome == history.Limited {
			two[i].Status, two[i].Detail = 429, "barred"
		}
	}
	f = rejected(two)
	require.Equal(t, Inconclusive, f.Verdict)
	require.Contains(t, f.Saw, "18 calls were refused", "a ban in other words is no failure of the server's")
	require.Empty(t, NewCourt(p, two, Config{}).Doubted())

	for _, session := range []string{"", "session", Rest + "1s", Staying} {
		f = rejected(flooded(session, "flood"))
		require.Equal(t, Fail, f.Verdict, "calls of %q are no crowd", session)
		require.NotEmpty(t, f.Witness.Calls)
	}

	opens := flooded("a flood of 100 times the rate", "flood")
	for i := range opens {
		if c := &opens[i]; c.Outcome == history.Limited && c.Session == "" && i > 11 {
			c.Method, c.Tool, c.Session = "initialize", "", "session of its own #1"
		}
	}
	p.Limit.Charges = []string{"*"}
	f = rejected(opens)
	require.Equal(t, Inconclusive, f.Verdict, "a ban bars new sessions as well: %s", f.Saw)

	late := flooded("a flood of 100 times the rate", "flood")
	late = append(late, late[len(late)-1], late[len(late)-1])
	for i, o := range []history.Outcome{history.OK, history.Limited} {
		c := &late[len(late)-2+i]
		c.Sent, c.Outcome = 2*time.Minute+time.Duration(i)*time.Second, o
		c.Received = c.Sent + time.Millisecond
	}
	f = rejected(late)
	require.Equal(t, Fail, f.Verdict, "a minute later, and after a call that was let through, it is no ban for that")
	require.Contains(t, f.Saw, "call 342 ")

	last := late[:len(late)-2]
	for i := range last[330:] {
		last[330+i].Session, last[330+i].Outcome = "Cookie #1", history.Limited
	}
	f = judgeTricks(NewCourt(p, last, Config{}).Trial("flood"))
	require.Contains(t, f.Saw, "Cookie ("+barredTrick+")")
	require.NotContains(t, f.Saw, "bought by Cookie")
}

// Nor is it of a promise of laws.
func TestABanForOurOwnCrowdBreaksNoLaw(t *testing.T) {
	law, err := promise.Parse("10/s burst 10")
	require.NoError(t, err)
	p := presumed(1e9, 1e9, toolCall)
	for session, want := range map[string]Verdict{"a flood of 100 times what is granted #1": Inconclusive, "": Fail} {
		laws := &Laws{Said: promise.Promise{law}, Held: promise.Promise{law}}
		f := laws.refusalFinding(NewCourt(p, flooded(session, "laws"), Config{}))
		require.Equal(t, want, f.Verdict, f.Saw)
	}
}

// What no server need take is turned away in its own words: that is a clear answer, and says
// nothing of sessions.
func TestATrickThatIsTurnedAwayIsAClearAnswer(t *testing.T) {
	p := presumed(10, 10, toolCall)
	for session, want := range map[string]Verdict{"message by PUT #1": Pass, "": Inconclusive} {
		calls := tricked(history.OK, history.OK)
		for i := range calls[15:] {
			c := &calls[15+i]
			c.Session, c.Outcome, c.Status, c.Detail = session, history.Rejected, 404, "HTTP 404: not found"
		}
		f := judgeComplete(NewCourt(p, calls, Config{}).Trial("forgery"))
		require.Equal(t, want, f.Verdict, f.Saw)
		require.Equal(t, want == Pass, f.Next == "")
	}
}

// Calls that fail prove nothing, but where they cost nothing that is said.
func TestFailingCallsThatCostNothingAreWarnedOf(t *testing.T) {
	p := presumed(10, 10, toolCall)
	for _, row := range []struct {
		outcome        history.Outcome
		status, warned int
	}{{history.Rejected, 200, 1}, {history.ToolError, 200, 1}, {history.Limited, 429, 0}, {history.Rejected, 404, 0}} {
		calls, warned := tricked(history.OK, row.outcome), row.warned
		for i := range calls[15:] {
			calls[15+i].Session, calls[15+i].Tool, calls[15+i].Status = Failing, "none", row.status
		}
		f := judgeTricks(NewCourt(p, calls, Config{}).Trial("forgery"))
		require.NotEqual(t, Fail, f.Verdict)
		require.Len(t, f.Warnings, warned)
		require.NotContains(t, f.Saw, Failing)
		if warned > 0 {
			require.Contains(t, f.Warnings[0], "calls that fail cost nothing: 22 calls ")
		}
	}
}
