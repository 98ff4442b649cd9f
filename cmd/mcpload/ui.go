package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results/ui"
	"github.com/mcpload/mcpload/runner"
)

// uiFlags are the flags of ui, as given.
type uiFlags struct {
	storeFlags
	addr   string
	noOpen bool
}

func (a *app) uiCommand() *cobra.Command {
	f := &uiFlags{}
	cmd := &cobra.Command{
		Use:   "ui",
		Short: "Look at the kept runs in a browser",
		Long: `Ui serves the kept runs as pages: a list with filters, every run with its charts,
what became of each server from run to run, and two runs side by side. It prints
its address, opens a browser there, and serves until it is interrupted.

It answers this machine only, changes nothing, and asks nobody for anything: the
pages work without a network.`,
		Example: `  mcpload ui
  mcpload ui --addr 127.0.0.1:0 --no-open       a free port; open it yourself
  mcpload ui --results /srv/mcpload             the runs of another folder`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serveUI(cmd.Context(), f) },
	}
	f.storeFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:4280", "loopback `address` to listen on; port 0 takes a free one")
	flags.BoolVar(&f.noOpen, "no-open", false, "don't open a browser")
	return cmd
}

func (a *app) serveUI(ctx context.Context, f *uiFlags) error {
	if host, _, err := net.SplitHostPort(f.addr); err != nil {
		return hint.New(fmt.Errorf("--addr %q is no host and port", f.addr), "for example 127.0.0.1:4280")
	} else if !ui.Loopback(host) {
		return hint.New(fmt.Errorf("--addr %q is no loopback address: the runs are shown to this machine only", f.addr), "to look from elsewhere, forward a port: ssh -L 4280:127.0.0.1:4280 HOST")
	}
	kept, err := f.open()
	if err != nil {
		return err
	}
	handler, err := ui.New(kept)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		return hint.New(fmt.Errorf("cannot listen: %w", err), "--addr 127.0.0.1:0 takes a free port")
	}
	address := "http://" + listener.Addr().String() + "/"
	if _, err := fmt.Fprintln(a.stdout, address); err != nil {
		return errors.Join(err, listener.Close())
	}
	a.say("serving the runs in %s; interrupt to stop", kept.Dir())
	if !f.noOpen && isTerminal(a.stdout) {
		a.browse(address)
	}
	ctx, stop := runner.Until(ctx, a.drain)
	defer stop()
	return serveUntil(ctx, listener, handler)
}

// serveUntil serves until the context ends, and then lets answers that are under
// way a moment to finish.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving ended: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return server.Close() // somebody is still reading: they lose nothing that is kept
	}
	return nil
}

// browse opens an address in the user's browser. Where there is none, the address
// stands on the screen.
func (a *app) browse(address string) {
	var cmd *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		cmd = exec.Command("open", address)
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", address)
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return
		}
		cmd = exec.Command("xdg-open", address)
	}
	if err := cmd.Start(); err != nil {
		a.say("no browser could be opened: %v", err)
		return
	}
	go func() { _ = cmd.Wait() }() // only so that no dead process is left
}
