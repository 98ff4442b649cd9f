package wire

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/server"
)

// childOptions starts this test binary as a stdio server.
func childOptions(mode string) Options {
	return Options{Transport: Stdio, Command: []string{os.Args[0]}, Env: append(os.Environ(), childMode+"="+mode,
		"GORACE=atexit_sleep_ms=0"),
		Client: "c1", Refusal: rateLimit, Timeout: 10 * time.Second}
}

// child is a stdio server. Its mode says how it misbehaves.
func child(mode string) {
	switch mode {
	case "mcp-go":
		if err := server.ServeStdio(newMCPGo()); err != nil {
			panic(err)
		}
		return
	case "exit":
		fmt.Fprintln(os.Stderr, "no key given")
		os.Exit(3)
	case "banner":
		fmt.Println("Welcome to the server!\n  http://127.0.0.1:8000")
	case "slow-modern":
		time.Sleep(800 * time.Millisecond)
	case "cat":
		time.Sleep(time.Hour) // says nothing, and ignores the end of its stdin
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	case "grandchild":
		// It holds stdout and stderr open, and outlives us.
		c := exec.Command(os.Args[0])
		c.Env = []string{childMode + "=cat"}
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		if err := c.Start(); err != nil {
			panic(err)
		}
		fmt.Fprintln(os.Stderr, "grandchild", c.Process.Pid)
	case "noisy":
		fmt.Fprint(os.Stderr, strings.Repeat("x", 3*tailSize)+"the end")
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	calls, lines := 0, 0
	for ; ; lines++ {
		line, err := in.ReadString('\n')
		if err != nil {
			if mode == "asks" {
				fmt.Fprintf(os.Stderr, "%d lines\n", lines)
			}
			if mode == "stubborn" {
				time.Sleep(time.Minute)
			}
			return
		}
		var p posted
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			fmt.Fprintf(os.Stderr, "not JSON: %v: %s\n", err, line)
			os.Exit(9)
		}
		if p.Method == "tools/call" {
			calls++
		}
		childAnswer(mode, p, calls)
	}
}

// childAnswer answers one message.
func childAnswer(mode string, p posted, calls int) {
	say := func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
	switch {
	case p.Method == "initialize" && mode == "slow-modern":
		say(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"Method not found"}}`, p.ID)
	case p.Method == "initialize":
		say(`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"child","version":"1"}}}`, p.ID)
	case p.Method == "server/discover" && mode == "dies-of-discover":
		os.Exit(1)
	case p.Method == "server/discover" && strings.HasSuffix(mode, "modern"):
		say(`{"jsonrpc":"2.0","id":%s,"result":{"supportedVersions":["2026-07-28"],"capabilities":{},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"modern"}}}}`, p.ID)
	case p.Method == "server/discover":
		say(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"Method not found"}}`, p.ID)
	case p.Method == "notifications/cancelled":
		fmt.Fprintf(os.Stderr, "cancelled %s\n", p.Params)
	case mode == "asks" && (p.Method == "tools/call" || p.Method == ""):
		childAsks(p)
	case p.Method == "" && p.Result != nil:
		fmt.Fprintf(os.Stderr, "answered %s %s\n", p.ID, p.Result)
	case p.Method != "tools/call":
	case mode == "dies" && calls == 3:
		os.Exit(7)
	case mode == "wanting-modern":
		w := wanting{wants: wantsName, state: "s"}
		say(`{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, w.result(p))
	case mode == "hangs":
	case mode == "endless":
		fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":{"content":`, p.ID)
	case mode == "overlong":
		say(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"%s"}]}}`, p.ID,
			strings.Repeat("x", 2000))
	case mode == "deaf":
		time.Sleep(time.Minute)
	case mode == "twice":
		say(`{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
		say(`{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
	case mode == "wrong-id":
		say(`{"jsonrpc":"2.0","id":"0%s","result":%s}`, p.ID, okResult)
		say(`{"jsonrpc":"2.0","id":99,"result":%s}`, okResult)
		say(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}`)
	case mode == "reversed":
		// Every second call is answered before the first.
		if calls%2 == 1 {
			held = append([]byte(nil), p.ID...)
			return
		}
		say(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"second"}]}}`, p.ID)
		say(`{"jsonrpc":"2.0","id":%s,"result":{"isError":true,"content":[{"type":"text","text":"first"}]}}`, held)
	case mode == "pings":
		say(`{"jsonrpc":"2.0","id":"p1","method":"ping"}`)
		say(`{"jsonrpc":"2.0","method":"notifications/message","params":{}}`)
		say(`{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
	case mode == "long":
		fmt.Print(strings.Repeat("x", MaxMessage+10), "\n")
		say(`{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
	default:
		say(`{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
	}
}

// childAsks answers a call once its own question is answered, and never one
// that hangs.
func childAsks(p posted) {
	switch {
	case strings.Contains(string(p.Params), `"hang"`):
	case p.Method == "":
		fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", strings.Trim(string(p.ID), `"`), okResult)
	default:
		fmt.Printf(`{"jsonrpc":"2.0","id":"%s","method":"sampling/createMessage","params":{}}`+"\n", p.ID)
	}
}

// held is the id of a call that waits for its successor.
var held []byte
