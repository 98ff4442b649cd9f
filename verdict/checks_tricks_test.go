package verdict

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// tricked is a control whose calls came to one end, and after it a trick whose calls came to
// another, all within a few milliseconds.
func tricked(control, trick history.Outcome) (calls []history.Call) {
	at := time.Duration(0)
	add := func(n int, session string, o history.Outcome) {
		for range n {
			at += 100 * time.Microsecond
			calls = append(calls, history.Call{Arrival: history.Arrival{Client: "a", Method: "tools/call", Tool: "echo",
				Label: "forgery", Session: session},
				Outcome: o, Sent: at, Received: at + time.Millisecond})
		}
	}
	add(10, "", control)
	add(5, "", history.Limited)
	add(12, "Cookie #1", trick)
	return calls
}

// Two tricks that buy calls, of which the first is the order of headers that both have.
func TestTheOrderOfHeadersIsNamedForWhatHasIt(t *testing.T) {
	p := presumed(10, 10, toolCall)
	calls := tricked(history.OK, history.OK)
	for i := range calls[15:] {
		calls[15+i].Session = OtherOrder + " #1"
	}
	later := tricked(history.Limited, history.OK)
	later[len(later)-1].Outcome = history.Limited
	for i := range later {
		later[i].Sent += 10 * time.Millisecond
		later[i].Received += 10 * time.Millisecond
	}
	f := judgeTricks(NewCourt(p, append(calls, later...), Config{}).Trial("forgery"))
	require.Equal(t, Fail, f.Verdict)
	require.Contains(t, f.Cause, OtherOrder+" buys ")
	require.NotContains(t, f.Cause, "Cookie")
	require.Contains(t, f.Saw, "not to be told of Cookie ("+sameWay)

	later[len(later)-1].Outcome = history.OK
	f = judgeTricks(NewCourt(p, append(calls, later...), Config{}).Trial("forgery"))
	require.Contains(t, f.Cause, "; Cookie buys ", "all of it was let through, which is more")
}

// What is turned away as plain calls are was not turned away for how it looks, as in a ban.
func TestATrickThatIsTurnedAwayAsPlainCallsAreIsNotTold(t *testing.T) {
	p := presumed(10, 10, toolCall)
	calls := tricked(history.OK, history.Rejected)
	after := calls[len(calls)-1]
	after.Session = ""
	after.Sent, after.Received = after.Sent+time.Millisecond, after.Received+time.Millisecond
	calls = append(calls, after)
	for i := range calls[15:] {
		calls[15+i].Status, calls[15+i].Detail = 403, "HTTP 403: forbidden"
	}
	f := judgeTricks(NewCourt(p, calls, Config{}).Trial("forgery"))
	require.Equal(t, Inconclusive, f.Verdict, f.Saw)
	require.Contains(t, f.Saw, "not to be told of Cookie ("+shut)
	require.Equal(t, hiddenNext, f.Next)

	calls[len(calls)-1].Detail = "HTTP 403: something else"
	f = judgeTricks(NewCourt(p, calls, Config{}).Trial("forgery"))
	require.Equal(t, Pass, f.Verdict, f.Saw)
}

// A server need open no session of a trick's kind; what could not be sent for that is not ours.
func TestSessionsThatAServerDoesNotTakeAreNoFaultOfOurs(t *testing.T) {
	p := presumed(10, 10, toolCall)
	calls := tricked(history.OK, history.Unsent)
	for session, want := range map[string]Verdict{"session over HTTP/2 #1": Pass, "session": Inconclusive} {
		for i := range calls[15:] {
			calls[15+i].Session, calls[15+i].Detail = session, Unopened
		}
		f := judgeGenerator(NewCourt(p, calls, Config{}).Trial("forgery"))
		require.Equal(t, want, f.Verdict, f.Saw)
		require.Equal(t, want == Pass, strings.Contains(f.Saw, "beside 12 of tricks"))
	}
}

func TestATrickIsToldOnlyWhereItWasTried(t *testing.T) {
	p := presumed(10, 10, toolCall)
	for _, row := range []struct {
		name           string
		control, trick history.Outcome
		want           Verdict
		says           string
	}{
		{"refused", history.OK, history.Limited, Pass, "no call was bought by Cookie"},
		{"not taken", history.OK, history.Rejected, Pass, "turned away, as what the server doesn't take: Cookie"},
		{"let through", history.OK, history.OK, Fail, "Cookie buys "},
		{"without an answer", history.OK, history.TimedOut, Inconclusive, "no call of it got an answer"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := judgeTricks(NewCourt(p, tricked(row.control, row.trick), Config{}).Trial("forgery"))
			require.Equal(t, row.want, f.Verdict, f.Saw)
			require.Contains(t, f.Saw, row.says)
		})
	}
	t.Run("a replica that takes nothing shows nothing", func(t *testing.T) {
		calls := tricked(history.OK, history.Rejected)
		for i := range calls[15:] {
			calls[15+i].Session = Replica + "2 (other:80)"
		}
		f := judgeTricks(NewCourt(p, calls, Config{}).Trial("forgery"))
		require.Equal(t, Inconclusive, f.Verdict, f.Saw)
	})
	t.Run("the control gets no answer", func(t *testing.T) {
		calls := tricked(history.Rejected, history.Rejected)
		for i := range calls[:15] {
			calls[i].Outcome = history.Rejected
		}
		calls = append(calls, history.Call{Arrival: history.Arrival{Client: "a", Method: "tools/call", Label: "forgery",
			Session: "Origin #1"}, Outcome: history.Limited, Sent: time.Second, Received: time.Second + 1})
		f := judgeTricks(NewCourt(p, calls, Config{}).Trial("forgery"))
		require.Contains(t, f.Saw, "Cookie (plain calls just before were not answered)")
		require.NotContains(t, f.Saw, "bought by Cookie")
		require.Contains(t, f.Saw, "no call was bought by Origin")
		require.Equal(t, Inconclusive, f.Verdict, "what hides one trick leaves all open")
		require.Contains(t, f.Next, "--scenario")
	})
}

// A trick that many clients try is named once.
func TestATrickOfManyClientsIsNamedOnce(t *testing.T) {
	p := presumed(10, 10, toolCall)
	trial := NewCourt(p, tricked(history.OK, history.Limited), Config{}).Trial("forgery")
	var silent untold
	silent.add(notSent, "c", "c", "d")
	require.Contains(t, trial.trickWords([]string{"a", "b", "a"}, []string{"e", "e"}, silent), "no call was bought by "+
		"a, b; turned away, as what the server doesn't take: e; not to be told of c, d (nothing could be sent)")
}

// What is turned away may fill the bucket for the plain calls after it: it is named, whether or
// not the calls beside it prove that by themselves.
func TestATrickIsNamedForWhatComesAfterIt(t *testing.T) {
	const ms = time.Millisecond
	for _, row := range []struct {
		name   string
		gap    time.Duration // between a trick and the control after it
		last   history.Outcome
		ok     int // of the control in the middle
		want   Verdict
		starts string
	}{
		{"by all calls together", 400 * ms, history.Limited, 4, Fail, "what comes after Origin buys calls: 10 of 15 plain"},
		{"by the next trick", 100 * ms, history.Limited, 1, Fail, "what comes after Origin buys calls: 10 of 15 plain"},
		{"by its own control", 2 * ms, history.Limited, 0, Fail, "what comes after Origin buys calls: 10 of 15 plain"},
		{"an honest one", 1200 * ms, history.Limited, 10, Pass, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			var calls []history.Call
			at := time.Duration(0)
			add := func(n int, session string, o history.Outcome) {
				for range n {
					at += 100 * time.Microsecond
					calls = append(calls, history.Call{Arrival: history.Arrival{Client: "a", Method: "tools/call", Tool: "echo",
						Label: "forgery", Session: session}, Outcome: o, Sent: at, Received: at + 50*time.Microsecond})
				}
			}
			drain := func(ok int) { add(ok, "", history.OK); add(15-ok, "", history.Limited) }
			drain(10)
			add(12, "Cookie #1", history.Limited)
			at += row.gap
			drain(row.ok)
			add(12, "Origin #1", history.Rejected)
			at += row.gap
			drain(10)
			add(12, "Via #1", row.last)
			f := judgeTricks(NewCourt(presumed(10, 10, toolCall), calls, Config{}).Trial("forgery"))
			require.Equal(t, row.want, f.Verdict, f.Saw)
			require.True(t, strings.HasPrefix(f.Cause, row.starts), f.Cause)
			require.Equal(t, row.want == Fail, f.Witness != nil)
		})
	}
}
