package results_test

import (
	"fmt"
	"os"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// Four calls got through at once where the limit's bucket holds three tokens.
func ExampleTimeline() {
	const ms = time.Millisecond
	calls := []history.Call{
		{Sent: 0 * ms, Received: 5 * ms, Outcome: history.OK},
		{Sent: 1 * ms, Received: 7 * ms, Outcome: history.OK},
		{Sent: 2 * ms, Received: 9 * ms, Outcome: history.OK},
		{Sent: 3 * ms, Received: 12 * ms, Outcome: history.OK},
		{Sent: 4 * ms, Received: 11 * ms, Outcome: history.Limited},
	}
	limit := results.Limit{Rate: 10, Burst: 3}
	witness := verdict.Witness{From: 0, To: 12 * ms, Calls: []int{1, 2, 3, 4}, Admitted: 4, Allowed: 3 + 10*0.012}
	err := results.Timeline(os.Stdout, calls, witness, results.TimelineOptions{Width: 72, ASCII: true, Limit: limit})
	fmt.Println("error:", err)
	// Output:
	// 4 calls were admitted within 12ms; the limit allows 3.12 there (calls
	// 1-4 of the history)
	//
	// call 1            [|-------------------A............................]
	// call 2            [....|-----------------------A....................]
	// call 3            [........|---------------------------A............]
	// call 4            [............|-----------------------------------A]
	// call 5            [................|---------------------------R....]
	// time              [0          3ms         6ms         9ms       12ms]
	// tokens left <=    [3         3.03        2.06        0.09      -0.88]
	// A admitted; R refused; a column is 245us; the window [ ] begins at 0s of
	// the run
	// error: <nil>
}
