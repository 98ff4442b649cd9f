package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRemarksAreMuted: what net/http says of a server that answers unasked stands nowhere amid ours.
func TestRemarksAreMuted(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close() // the test is over
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go saysTooMuch(c)
		}
	}()
	cmd := exec.Command("main", "conform", "http://"+listener.Addr().String()+"/mcp", "--protocol", "2025-06-18", "--row",
		"R01,R04,R10", "--no-store")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.Contains(t, string(out), "rows could be judged", "%v %s", err, stderr.String())
	require.NotContains(t, stderr.String(), "Unsolicited")
	require.NotContains(t, stderr.String(), "net/http")
}

// saysTooMuch answers each request twice.
func saysTooMuch(c net.Conn) {
	defer c.Close() // nobody listens any more
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // what it asks for doesn't matter
		const body = `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{},` +
			`"serverInfo":{"name":"a","version":"1"}}}`
		one := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body),
			body)
		if _, err := io.WriteString(c, one+one); err != nil {
			return
		}
	}
}
