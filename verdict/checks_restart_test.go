package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// Counters that are lost were lost, whether or not a connection tells of a restart; that they
// are kept is told only where one does.
func TestLostCountersNeedNoSignOfARestart(t *testing.T) {
	for _, row := range []struct {
		name, sign string
		let        int // of those after it
		want       Verdict
		says       []string
	}{
		{"lost, and restarted", Restarted, 10, Fail, []string{"20 admitted before and after it"}},
		{"lost, by something else", "", 10, Fail, []string{"20 admitted", "so that it was no restart, but something"}},
		{"kept, and restarted", Restarted, 0, Pass, []string{"counters are kept"}},
		{"kept, or not restarted", "", 0, Inconclusive, []string{"there was no sign"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var calls []history.Call
			at := time.Duration(0)
			add := func(n int, method, session string, o history.Outcome) {
				for range n {
					at += 100 * time.Microsecond
					calls = append(calls, history.Call{Arrival: history.Arrival{Client: "a", Method: method, Label: "restart",
						Session: session}, Outcome: o, Sent: at, Received: at + 50*time.Microsecond})
				}
			}
			add(10, "tools/call", "", history.OK)
			add(5, "tools/call", "", history.Limited)
			at += 100 * time.Millisecond
			add(1, "initialize", Restarting+" #1", history.OK)
			calls[len(calls)-1].Detail = row.sign
			add(row.let, "tools/call", Restarting+" #1", history.OK)
			add(15-row.let, "tools/call", Restarting+" #1", history.Limited)
			f := judgeRestart(NewCourt(presumed(10, 10, toolCall), calls, Config{}).Trial("restart"))
			require.Equal(t, row.want, f.Verdict, f.Saw)
			for _, says := range row.says {
				require.Contains(t, f.Saw, says)
			}
			require.Equal(t, row.want == Fail && row.sign == "", len(row.says) > 1)
		})
	}
}
