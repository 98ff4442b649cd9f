package mock_test

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
)

// The pure core knows no clock: a second passes when the caller says so.
func ExampleNewLimiter() {
	promise := profiles.Limit{Rate: 2, Burst: 3, Scope: profiles.Global, Charges: []string{"*"}}
	for _, fault := range []string{"", "burst+1", "never-refills"} {
		limiter, err := mock.NewLimiter(promise, fault, mock.ChargeAll, 1)
		if err != nil {
			fmt.Println(err)
			return
		}
		admitted := func(at time.Duration) (n int) {
			for range 10 {
				if a := limiter.Decide(mock.Request{At: at, Method: "tools/call"}); !a.Limited {
					n++
				}
			}
			return n
		}
		fmt.Printf("%q: %d at once, %d a second later\n", fault, admitted(0), admitted(time.Second))
	}
	// Output:
	// "": 3 at once, 2 a second later
	// "burst+1": 4 at once, 2 a second later
	// "never-refills": 3 at once, 0 a second later
}
