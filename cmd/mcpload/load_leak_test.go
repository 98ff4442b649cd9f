package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// leaky is a server over stdio that keeps some memory of every call, and a
// descriptor of every tenth: with the argument "tight" it keeps nothing.
func leaky() {
	tight := len(os.Args) > 1 && os.Args[1] == "tight"
	var memory [][]byte
	var files []*os.File
	in := bufio.NewScanner(os.Stdin)
	for n := 0; in.Scan(); {
		var m struct {
			ID     json.RawMessage
			Method string
		}
		if json.Unmarshal(in.Bytes(), &m) != nil || m.ID == nil {
			continue
		}
		switch m.Method {
		case "initialize":
			fmt.Printf(
				`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"leaky","version":"1"}}}`+"\n", m.ID)
		case "tools/call":
			if n++; !tight {
				kept := make([]byte, 100_000)
				for i := range kept {
					kept[i] = byte(n)
				}
				memory = append(memory, kept)
				if n%10 == 0 {
					f, err := os.Open(os.DevNull)
					if err != nil {
						panic(err)
					}
					files = append(files, f)
				}
			}
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}`+"\n", m.ID)
		default:
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no such method"}}`+"\n", m.ID)
		}
	}
	_, _ = memory, files // held until here
}
