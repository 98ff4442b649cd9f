// Peer drives the libraries that a load on an MCP server could be made with
// otherwise, without anything around them: what it spends is theirs.
//
//	peer vegeta URL CONNECTIONS RATE SECONDS    rate 0: as fast as it can
//	peer mcpgo-stdio CALLS COMMAND...           mcp-go's client, one call at a time
//
// It prints one JSON object: how many calls were answered, and how late vegeta
// sent them, in µs.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	vegeta "github.com/tsenart/vegeta/v12/lib"
	"golang.org/x/sys/unix"
)

type report struct {
	Calls   int     `json:"calls"`
	Failed  int     `json:"failed"`
	CPU     float64 `json:"own_cpu_us,omitempty"` // where a server is a child of ours
	LateP50 float64 `json:"late_p50"`
	LateP99 float64 `json:"late_p99"`
}

func main() {
	var r report
	switch os.Args[1] {
	case "vegeta":
		r = attack(os.Args[2], number(os.Args[3]), number(os.Args[4]), number(os.Args[5]))
	case "mcpgo-stdio":
		r = stdio(number(os.Args[2]), os.Args[3:])
	default:
		log.Fatalf("peer: unknown %q", os.Args[1])
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		log.Fatal(err)
	}
	return n
}

const call = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}`

// attack is what `vegeta attack` does, without writing the results anywhere.
func attack(url string, connections, rate, seconds int) report {
	target := vegeta.NewStaticTargeter(vegeta.Target{Method: "POST", URL: url, Body: []byte(call),
		Header: map[string][]string{"Content-Type": {"application/json"},
			"Accept": {"application/json, text/event-stream"}}})
	options := []func(*vegeta.Attacker){vegeta.Connections(connections), vegeta.HTTP2(false)}
	var pacer vegeta.Pacer = vegeta.ConstantPacer{Freq: rate, Per: time.Second}
	if rate == 0 {
		options = append(options, vegeta.Workers(uint64(connections)), vegeta.MaxWorkers(uint64(connections)))
	}
	var r report
	var late []float64
	for res := range vegeta.NewAttacker(options...).Attack(target, pacer, time.Duration(seconds)*time.Second, "") {
		if r.Calls++; res.Code != 200 {
			r.Failed++
		}
		if rate > 0 {
			late = append(late, float64(res.Timestamp.UnixNano())-float64(res.Seq)*1e9/float64(rate))
		}
	}
	// When it began is not told: the request that was least late is taken for one
	// that was on time.
	slices.Sort(late)
	for i := len(late) - 1; i >= 0; i-- {
		late[i] = (late[i] - late[0]) / 1e3
	}
	if len(late) > 0 {
		r.LateP50, r.LateP99 = late[len(late)/2], late[len(late)*99/100]
	}
	return r
}

// stdio calls the tool with mcp-go's own client, from 16 goroutines.
func stdio(calls int, command []string) report {
	c, err := client.NewStdioMCPClient(command[0], nil, command[1:]...)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	init := mcp.InitializeRequest{}
	init.Params.ProtocolVersion = "2025-11-25"
	init.Params.ClientInfo = mcp.Implementation{Name: "peer", Version: "1"}
	if _, err := c.Initialize(ctx, init); err != nil {
		log.Fatal(err)
	}
	var r report
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			q := mcp.CallToolRequest{}
			q.Params.Name, q.Params.Arguments = "echo", map[string]any{"text": "hi"}
			for range calls / 16 {
				result, err := c.CallTool(ctx, q)
				mu.Lock()
				if r.Calls++; err != nil || result.IsError {
					r.Failed++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	var own unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &own); err != nil {
		log.Fatal(err)
	}
	r.CPU = float64(own.Utime.Nano()+own.Stime.Nano()) / 1e3
	if r.Failed > 0 {
		fmt.Fprintln(os.Stderr, "peer: failed calls:", r.Failed)
	}
	return r
}
