package mcpgo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/ratelimit/mcpgo"
)

// Every tool call of an mcp-go server costs a token of the server's.
func ExampleMiddleware() {
	limiter, err := ratelimit.New(ratelimit.Config{Rate: 0.5, Burst: 1})
	if err != nil {
		log.Fatal(err)
	}
	s := server.NewMCPServer("example", "1.0.0",
		server.WithToolHandlerMiddleware(mcpgo.Middleware(limiter, mcpgo.Config{})))
	s.AddTool(mcp.NewTool("echo"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("hello"), nil
	})
	for range 2 {
		reply := s.HandleMessage(context.Background(),
			[]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}`))
		text, err := json.Marshal(reply)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(text))
	}
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hello"}]}}
	// {"jsonrpc":"2.0","id":1,"result":{"_meta":{"retry_after_ms":2000},"content":[{"type":"text","text":"Rate limit exceeded"}],"isError":true}}
}
