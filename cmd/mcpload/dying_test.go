package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// dying is a server over stdio that ends at its tenth call, with twelve lines on
// stderr; with the argument "never" it ends before it says anything, and with that of a
// method it ends when it is asked for that. With "slow" it takes its time to start, and lives.
func dying() {
	end := func() {
		for n := 1; n <= 12; n++ {
			fmt.Fprintf(os.Stderr, "\x1b[31mlast word %d\x1b[0m of $SECRET %s\n\n", n, os.Getenv("DYING_TOKEN"))
		}
		os.Exit(3)
	}
	at := ""
	if len(os.Args) > 1 {
		at = os.Args[1]
	}
	if at == "never" {
		end()
	}
	if at == "slow" {
		time.Sleep(1500 * time.Millisecond)
	}
	in := bufio.NewScanner(os.Stdin)
	for calls := 0; in.Scan(); {
		var m struct {
			ID     json.RawMessage
			Method string
		}
		if json.Unmarshal(in.Bytes(), &m) != nil || m.ID == nil {
			continue
		}
		switch m.Method {
		case at:
			end()
		case "initialize":
			fmt.Printf(
				`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"dying","version":"1"}}}`+"\n", m.ID)
		case "tools/list":
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"x","inputSchema":{"type":"object"}}]}}`+
				"\n", m.ID)
		case "tools/call":
			if calls++; calls == 10 && at != "slow" {
				end()
			}
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}`+"\n", m.ID)
		default:
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no such method"}}`+"\n", m.ID)
		}
	}
}
