// Command gomcp is an mcp-go server with a rate limiter that isn't ours, for
// the live tests: mcp-go's own tool middleware around golang.org/x/time/rate.
// Only tools/call is charged, and a refusal is a tool result with isError, as
// a server's author would write it in ten lines.
//
//	go run ./testdata/live/gomcp -addr 127.0.0.1:0 -rate 15 -burst 40
//
// It has one tool, ping, that answers "pong". Over http it serves /mcp and
// writes "listening on URL" to standard error once it takes connections.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"golang.org/x/time/rate"
)

func main() {
	perSecond := flag.Float64("rate", 15, "tokens a `second`; 0 for no limiter")
	burst := flag.Int("burst", 40, "bucket `size`, in tokens")
	addr := flag.String("addr", "127.0.0.1:0", "listening `address` (http)")
	transport := flag.String("transport", "http", "http or stdio")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, newServer(*perSecond, *burst), *transport, *addr); err != nil {
		fmt.Fprintln(os.Stderr, "gomcp:", err)
		os.Exit(1)
	}
}

// newServer is a server with the ping tool, behind a token bucket that starts
// full.
func newServer(perSecond float64, burst int) *server.MCPServer {
	var options []server.ServerOption
	if perSecond > 0 {
		options = append(options, server.WithToolHandlerMiddleware(limit(rate.NewLimiter(rate.Limit(perSecond),
			burst))))
	}
	s := server.NewMCPServer("gomcp", "1.0.0", options...)
	s.AddTool(mcp.NewTool("ping", mcp.WithDescription(`Answers "pong".`)),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("pong"), nil
		})
	return s
}

// limit refuses a tool call that finds no token.
func limit(limiter *rate.Limiter) server.ToolHandlerMiddleware {
	return func(next server.ToolHandlerFunc) server.ToolHandlerFunc {
		return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if !limiter.Allow() {
				return mcp.NewToolResultError("rate limit exceeded"), nil
			}
			return next(ctx, request)
		}
	}
}

// serve blocks until the context ends or the transport does.
func serve(ctx context.Context, s *server.MCPServer, transport, addr string) error {
	switch transport {
	case "stdio":
		err := server.NewStdioServer(s).Listen(ctx, os.Stdin, os.Stdout)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	case "http":
		return serveHTTP(ctx, s, addr)
	}
	return fmt.Errorf("unknown transport %q, want http or stdio", transport)
}

func serveHTTP(ctx context.Context, s *server.MCPServer, addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/mcp", server.NewStreamableHTTPServer(s))
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = web.Close() }) // Serve returns either way; there is nobody to tell
	fmt.Fprintf(os.Stderr, "listening on http://%s/mcp\n", listener.Addr())
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
