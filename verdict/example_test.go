package verdict_test

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

var limit = promise.Limit{Rate: 1, Burst: 2, Scope: promise.Global, Charges: []string{"*"}}

func call(sent, received time.Duration, o history.Outcome) history.Call {
	return history.Call{Arrival: history.Arrival{Method: "tools/call"}, Sent: sent, Received: received, Outcome: o}
}

func ExampleJudgeLimit() {
	const ms = time.Millisecond
	calls := []history.Call{
		call(0, 100*ms, history.OK),
		call(50*ms, 200*ms, history.OK),
		call(100*ms, 300*ms, history.Limited),
		call(700*ms, 1100*ms, history.OK),
	}
	j := verdict.JudgeLimit(limit, calls)
	fmt.Println(j.Verdict)
	fmt.Printf("the burst is at least %.2f and below %.2f\n", j.OverAdmission.Burst, j.OverRejection.Burst)
	// Output:
	// pass
	// the burst is at least 1.90 and below 3.00
}

func ExampleJudgeLimit_fail() {
	const ms = time.Millisecond
	calls := []history.Call{
		call(0, 100*ms, history.OK),
		call(50*ms, 200*ms, history.OK),
		call(100*ms, 200*ms, history.OK),
	}
	j := verdict.JudgeLimit(limit, calls)
	w := j.OverAdmission.Witness
	fmt.Println(j.Verdict)
	fmt.Printf("calls %v: %d admitted from %s to %s, %.1f allowed\n", w.Calls, w.Admitted, w.From, w.To, w.Allowed)
	// Output:
	// fail
	// calls [1 2 3]: 3 admitted from 0s to 200ms, 2.2 allowed
}

func ExampleEvidence_Measure() {
	// A bucket of 10/s and 5, called 12 times a second for ten seconds: calls
	// are admitted when a token is there, and every one takes 2 ms.
	tokens, last := 5.0, time.Duration(0)
	var calls []history.Call
	for at := time.Duration(0); at < 10*time.Second; at += 83 * time.Millisecond {
		tokens = min(5, tokens+10*(at-last).Seconds())
		last = at
		o := history.Limited
		if tokens >= 1 {
			tokens--
			o = history.OK
		}
		calls = append(calls, call(at-time.Millisecond+time.Second, at+time.Millisecond+time.Second, o))
	}
	box, ok := verdict.Gather(limit, calls).Measure(verdict.DefaultTolerance)
	fmt.Printf("%t: %s/s, %s tokens\n", ok, box.Rate, box.Burst)
	// Output:
	// true: 9.95–10.05/s, 4.74–5.25 tokens
}
