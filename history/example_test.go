package history_test

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mcpload/mcpload/history"
)

func ExampleWrite() {
	err := history.Write(os.Stdout, []history.Call{
		{Arrival: history.Arrival{Client: "c1", Method: "tools/call", Tool: "echo"}, ID: 1, Received: 812345,
			Outcome: history.OK},
		{Arrival: history.Arrival{Client: "c1", Method: "ping", Due: 1000}, ID: 2, Sent: 1500, Received: 9000,
			Outcome: history.TimedOut},
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"sent_ns":0,"received_ns":812345,"outcome":"admitted","client":"c1","method":"tools/call","due_ns":0,"code":0,"id":1,"tool":"echo"}
	// {"sent_ns":1500,"received_ns":9000,"outcome":"unknown","client":"c1","method":"ping","due_ns":1000,"code":0,"result":"timed-out","id":2}
}

// A log of any kind that has the three fields will do; what else it has is
// ignored, and blank lines keep their numbers.
func ExampleReader_Each() {
	const file = `{"sent_ns":0,"received_ns":4000000,"outcome":"admitted","status":"200","upstream":{"host":"a"}}

{"sent_ns":1.0e6,"received_ns":2000000,"outcome":"limited","status":"429"}
`
	err := history.NewReader(strings.NewReader(file)).Each(func(line int, c *history.Call) error {
		fmt.Println(line, c.Outcome, c.Service())
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 1 ok 4ms
	// 3 limited 1ms
}

// All bad lines of a file are told at once.
func ExampleReadAll_badLines() {
	_, err := history.ReadAll(strings.NewReader(`{"sent_ns":9,"received_ns":5,"outcome":"admitted"}
{"sent_ns":0.5,"received_ns":5,"outcome":"admitted"}
{"sent_ns":0,"received_ns":5,"outcome":"ok"}
`))
	fmt.Println(err)
	var bad *history.LineError
	if errors.As(err, &bad) {
		fmt.Println("first:", bad.Line, bad.Field)
	}
	// Output:
	// history: line 1: received_ns 5 is before sent_ns 9
	// history: line 2: sent_ns 0.5 has a fraction, want a whole number
	// history: line 3: outcome "ok" is none of admitted, limited, unknown
	// first: 1 received_ns
}

// One bad line needn't be the end: Read goes on after it.
func ExampleReader_Read() {
	r := history.NewReader(strings.NewReader("{}\n" + `{"sent_ns":1,"received_ns":2,"outcome":"limited"}`))
	_, err := r.Read()
	fmt.Println(err)
	c, err := r.Read()
	fmt.Println(r.Line(), c.Outcome, err)
	_, err = r.Read()
	fmt.Println(err)
	// Output:
	// history: line 1: sent_ns is missing
	// 2 limited <nil>
	// EOF
}
