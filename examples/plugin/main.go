// Command plugin is a server built on another one's: a host with a rate limit
// and a credential, and a plugin that inherits both. docs/PLUGIN_ARCHITECTURE.md
// explains it.
//
//	export HOST_TOKEN=…                          # 32 or more letters and digits
//	go run ./examples/plugin                     # speaks MCP on stdin and stdout
//	go run ./examples/plugin -addr 127.0.0.1:8000
//	go run ./examples/plugin -own-bucket         # the mistake that mcpload finds
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/server"
)

func main() {
	addr := flag.String("addr", "", "serve streamable HTTP at this `address`, path /mcp, in place of stdio")
	ownBucket := flag.Bool("own-bucket", false, "give the plugin a bucket of its own, which is a mistake")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *ownBucket); err != nil {
		fmt.Fprintln(os.Stderr, "plugin:", err)
		os.Exit(1)
	}
}

// run checks the credentials before anything else, so that a server that can't
// work never answers.
func run(ctx context.Context, addr string, ownBucket bool) error {
	h, err := newHost(os.LookupEnv, ownBucket)
	if err != nil {
		return err
	}
	if err := newPlugin(h, ownBucket).register(); err != nil {
		return err
	}
	log := slog.New(h.credentials.Redactor().Handler(slog.NewTextHandler(os.Stderr, nil)))
	log.Info("credentials", "report", h.credentials)
	if addr == "" {
		err := server.NewStdioServer(h.mcp).Listen(ctx, os.Stdin, os.Stdout)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	}
	srv := &http.Server{Addr: addr, Handler: h.handler(), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = srv.Close() }) // the process ends with it
	log.Info("serving", "address", addr)
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
