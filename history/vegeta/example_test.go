package vegeta_test

import (
	"fmt"
	"os"
	"time"

	lib "github.com/tsenart/vegeta/v12/lib"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/history/vegeta"
)

func ExampleEncode() {
	start := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	calls := []history.Call{{
		Arrival: history.Arrival{Method: "tools/call", Tool: "echo", Due: time.Second},
		Sent:    time.Second, Received: time.Second + 4*time.Millisecond, Outcome: history.Limited, Detail: "slow down",
	}}
	if err := vegeta.Encode(lib.NewJSONEncoder(os.Stdout), "acb", start, calls); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"attack":"acb","seq":0,"code":429,"timestamp":"2026-11-24T12:00:01Z","latency":4000000,"bytes_out":0,"bytes_in":0,"error":"slow down","body":null,"method":"tools/call","url":"mcp:tools/call/echo","headers":null}
}
