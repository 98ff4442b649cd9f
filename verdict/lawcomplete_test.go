package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// TestWhatTheServerDoesntKnowIsAClearAnswer: a message of the handshake that the server rejected
// is sent again to see what it costs, and is rejected again, or for another reason now that there is
// a session. What it took at first isn't clear, nor what it answers with another code than one that
// no limit has.
func TestWhatTheServerDoesntKnowIsAClearAnswer(t *testing.T) {
	law, err := promise.Parse("20 per 5s fixed")
	require.NoError(t, err)
	laws := &Laws{Said: promise.Promise{law}, Held: promise.Promise{law}}
	for _, row := range []struct {
		before    history.Outcome
		code, now int
		want      Verdict
	}{
		{history.Rejected, -32601, -32601, Pass},
		{history.Rejected, -32000, -32601, Pass}, // at first it wanted a session
		{history.Rejected, -32000, -32602, Pass}, // as the Python SDK answers what it doesn't know
		{history.Rejected, -32001, -32010, Inconclusive},
		{history.Rejected, -32601, -32603, Inconclusive},
		{history.OK, 0, -32601, Inconclusive},
	} {
		calls := []history.Call{at(0, row.before, "")}
		calls[0].Label, calls[0].Method, calls[0].Code = Handshake, "server/discover", row.code
		for i := range 40 {
			c := at(time.Duration(i)*time.Second, history.OK, "")
			if c.Label = "laws"; i%10 == 0 {
				c.Method, c.Outcome, c.Code = "server/discover", history.Rejected, row.now
			}
			calls = append(calls, c)
		}
		court := NewCourt(promise.Terms{Limit: tenTwenty}, calls, Config{})
		f := court.Judge(Question{"laws", []Check{laws.Complete()}})[0]
		require.Equal(t, row.want, f.Verdict, f.Saw)
	}
}
