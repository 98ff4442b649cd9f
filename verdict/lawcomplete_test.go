package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// TestWhatTheServerDoesntKnowIsAClearAnswer: a message of the handshake that the server rejected
// is sent again to see what it costs, and is rejected again. What it took at first isn't clear.
func TestWhatTheServerDoesntKnowIsAClearAnswer(t *testing.T) {
	law, err := promise.Parse("20 per 5s fixed")
	require.NoError(t, err)
	laws := &Laws{Said: promise.Promise{law}, Held: promise.Promise{law}}
	for _, row := range []struct {
		before history.Outcome
		code   int
		want   Verdict
	}{
		{history.Rejected, -32601, Pass}, {history.Rejected, -32603, Inconclusive}, {history.OK, 0, Inconclusive},
	} {
		calls := []history.Call{at(0, row.before, "")}
		calls[0].Label, calls[0].Method, calls[0].Code = Handshake, "server/discover", row.code
		for i := range 40 {
			c := at(time.Duration(i)*time.Second, history.OK, "")
			if c.Label = "laws"; i%10 == 0 {
				c.Method, c.Outcome, c.Code = "server/discover", history.Rejected, -32601
			}
			calls = append(calls, c)
		}
		court := NewCourt(promise.Terms{Limit: tenTwenty}, calls, Config{})
		f := court.Judge(Question{"laws", []Check{laws.Complete()}})[0]
		require.Equal(t, row.want, f.Verdict, f.Saw)
	}
}
