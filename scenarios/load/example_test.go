package load_test

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/scenarios/load"
)

// A shape says when requests are due, and how many that makes.
func ExampleParseShape() {
	s, err := load.ParseShape("10/s..30/s@10s")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.0f requests, at most %.0f/s\n", s.Expected(10*time.Second), s.Peak(10*time.Second))
	// Output: 200 requests, at most 30/s
}
