package verdict

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// counted is a history of four readings, with one call before the third, and after it some
// that are admitted, refused and not answered.
func counted(readings [4]string, admitted, refused, lost int) (calls []history.Call) {
	at := time.Duration(0)
	add := func(session, detail string, o history.Outcome) {
		at += time.Second
		calls = append(calls, history.Call{Arrival: history.Arrival{Client: "a", Method: "tools/call", Tool: "echo",
			Label: "executions", Session: session},
			Outcome: o, Sent: at, Received: at + time.Millisecond, Detail: detail})
	}
	for n, text := range readings {
		switch n {
		case 2:
			add("", "", history.OK)
		case 3:
			for range admitted {
				add("", "", history.OK)
			}
			for range refused {
				add("", "", history.Limited)
			}
			for range lost {
				add("", "", history.TimedOut)
			}
		}
		add(Counter+" #"+strconv.Itoa(n+1), text, history.OK)
	}
	return calls
}

func TestExecutionsAreHeldAgainstTheAnswers(t *testing.T) {
	p := presumed(10, 10, toolCall)
	for _, row := range []struct {
		name                    string
		readings                [4]string
		admitted, refused, lost int
		shared                  bool
		want                    Verdict
		says                    string
	}{
		{"right", [4]string{"counted 5", "counted 5", "counted 6", "counted 16"}, 10, 3, 0, false, Pass,
			"10 carried out"},
		{"reading counts too", [4]string{"counted 5", "counted 6", "counted 8", "counted 19"}, 10, 3, 0, false, Pass,
			"10 carried out"},
		{"one not carried out", [4]string{"counted 5", "counted 5", "counted 6", "counted 15"}, 10, 3, 0, false, Fail,
			"1 of 10 admitted calls weren't carried out"},
		{"one refused was", [4]string{"counted 5", "counted 5", "counted 6", "counted 17"}, 10, 3, 0, false, Fail,
			"1 call carried out beyond what was admitted, and 3 were refused"},
		{"it may be the one that was lost", [4]string{"counted 5", "counted 5", "counted 6", "counted 17"}, 10, 3, 1,
			false, Pass, "of 1 it can't be told"},
		{"it may be somebody else's", [4]string{"counted 5", "counted 5", "counted 6", "counted 17"}, 10, 3, 0, true,
			Inconclusive, "others use the server"},
		{"nobody else can take one away", [4]string{"counted 5", "counted 5", "counted 6", "counted 15"}, 10, 3, 0,
			true, Fail, "weren't carried out"},
		{"counts by two", [4]string{"counted 5", "counted 5", "counted 7", "counted 27"}, 10, 3, 0, false, Inconclusive,
			"by 2 for one admitted call"},
		{"counts something else", [4]string{"counted 5", "counted 5", "counted 5", "counted 5"}, 10, 3, 0, false,
			Inconclusive, "by 0 for one admitted call"},
		{"moves by itself", [4]string{"counted 5", "counted 9", "counted 14", "counted 28"}, 10, 3, 0, false,
			Inconclusive, "by 4 for a reading"},
		{"no number", [4]string{"counted 5", "counted 5", "", "counted 16"}, 10, 3, 0, false, Inconclusive,
			"3 of 4 readings"},
		{"nothing refused", [4]string{"counted 5", "counted 5", "counted 6", "counted 16"}, 10, 0, 0, false,
			Inconclusive, "nothing was refused"},
	} {
		t.Run(row.name, func(t *testing.T) {
			calls := counted(row.readings, row.admitted, row.refused, row.lost)
			f := judgeExecutions(NewCourt(p, calls, Config{Shared: row.shared}).Trial("executions"))
			require.Equal(t, row.want, f.Verdict, f.Saw)
			require.Contains(t, f.Saw+f.Cause, row.says)
		})
	}
}
