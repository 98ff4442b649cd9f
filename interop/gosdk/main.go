// Command gosdk is a server made with the official Go SDK, for the interop
// matrix: one tool, ping, and a limiter in the SDK's receiving middleware around
// golang.org/x/time/rate. What it returns for a refusal is a plain error, as in
// the SDK's own example, which becomes a JSON-RPC error with the code 0.
//
//	go run ./gosdk -addr 127.0.0.1:8123 -rate 10 -burst 20
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"golang.org/x/time/rate"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "listening `address`")
	perSecond := flag.Float64("rate", 10, "tokens a `second`; 0 for no limiter")
	burst := flag.Int("burst", 20, "bucket `size`, in tokens")
	stateless := flag.Bool("stateless", false, "keep no sessions")
	flag.Parse()

	server := newServer(*perSecond, *burst)
	mux := http.NewServeMux()
	mux.Handle("/mcp", mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{Stateless: *stateless}))
	web := &http.Server{Addr: *addr, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintln(os.Stderr, "gosdk:", web.ListenAndServe())
	os.Exit(1)
}

func newServer(perSecond float64, burst int) *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "gosdk", Version: "1.0.0"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "ping", Description: `Answers "pong".`},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "pong"}}}, nil, nil
		})
	addAsking(server)
	if perSecond > 0 {
		limiter := rate.NewLimiter(rate.Limit(perSecond), burst)
		server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
			return func(ctx context.Context, method string, request mcp.Request) (mcp.Result, error) {
				if method == "tools/call" && !limiter.Allow() {
					return nil, errors.New("rate limit exceeded")
				}
				return next(ctx, method, request)
			}
		})
	}
	return server
}

// addAsking adds tools that ask their client something before they answer.
func addAsking(server *mcp.Server) {
	add := func(name, what string, ask func(context.Context, *mcp.ServerSession) (string, error)) {
		mcp.AddTool(server, &mcp.Tool{Name: name, Description: what},
			func(ctx context.Context, q *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
				got, err := ask(ctx, q.Session)
				return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: got}}}, nil, err
			})
	}
	add("elicits", "Asks for a name.", func(ctx context.Context, s *mcp.ServerSession) (string, error) {
		got, err := s.Elicit(ctx, &mcp.ElicitParams{Message: "who?", RequestedSchema: map[string]any{
			"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}}})
		if err != nil {
			return "", err
		}
		return fmt.Sprint(got.Content["name"]), nil
	})
	add("samples", "Asks for a sample.", func(ctx context.Context, s *mcp.ServerSession) (string, error) {
		got, err := s.CreateMessage(ctx, &mcp.CreateMessageParams{MaxTokens: 10,
			Messages: []*mcp.SamplingMessage{{Role: "user", Content: &mcp.TextContent{Text: "hello"}}}})
		if err != nil {
			return "", err
		}
		return fmt.Sprint(got.Content), nil
	})
	add("pings", "Pings its client.", func(ctx context.Context, s *mcp.ServerSession) (string, error) {
		return "pong", s.Ping(ctx, nil)
	})
}
