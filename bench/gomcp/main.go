// Gomcp is a real server, by mcp-go, with one tool that answers at once. It
// prints its URL and serves until it is killed; with the argument stdio it
// speaks on its pipes. It keeps no sessions, because most of the tools that are
// compared can't open one.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func main() {
	s := server.NewMCPServer("gomcp", "1")
	s.AddTool(mcp.NewTool("echo", mcp.WithString("text")), func(_ context.Context,
		r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(r.GetString("text", "")), nil
	})
	if len(os.Args) > 1 && os.Args[1] == "stdio" {
		log.Fatal(server.ServeStdio(s))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s/mcp\n", listener.Addr())
	log.Fatal(http.Serve(listener, server.NewStreamableHTTPServer(s, server.WithStateLess(true))))
}
