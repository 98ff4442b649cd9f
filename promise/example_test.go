package promise_test

import (
	"fmt"

	"github.com/mcpload/mcpload/promise"
)

// What servers' papers say is read as laws, and written the same way everywhere.
func ExampleParse() {
	for _, text := range []string{"10/s burst 20", "1000 per 1h", "30 per 10s fixed per session"} {
		law, err := promise.Parse(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(law)
	}
	// Output:
	// 10/s burst 20
	// 1000 per 1h
	// 30 per 10s fixed per session
}
