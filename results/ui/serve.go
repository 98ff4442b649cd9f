package ui

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"time"

	"github.com/mcpload/mcpload/internal/hint"
)

// A Door is a loopback address to serve at, in the words of the flag that its errors name.
type Door struct {
	Flag, Address string
	Port          string // of the example
	Only          string // who is served: this machine only
	Away          string // what it is to look from elsewhere
}

// Listen opens it.
func (d Door) Listen() (net.Listener, error) {
	host, _, err := net.SplitHostPort(d.Address)
	if err != nil {
		return nil, hint.New(fmt.Errorf("%s %q is no host and port", d.Flag, d.Address),
			"for example 127.0.0.1:"+d.Port)
	}
	if !Loopback(host) {
		return nil, hint.New(fmt.Errorf("%s %q is no loopback address: %s", d.Flag, d.Address, d.Only),
			fmt.Sprintf("to %s from elsewhere, forward a port: ssh -L %s:127.0.0.1:%s HOST", d.Away, d.Port, d.Port))
	}
	listener, err := net.Listen("tcp", d.Address)
	if err != nil {
		return nil, hint.New(fmt.Errorf("cannot listen: %w", err), d.Flag+" 127.0.0.1:0 takes a free port")
	}
	return listener, nil
}

// Serve serves until the context ends, and then lets answers that are under
// way a moment to finish.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
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

// Browse opens an address in the user's browser. On systems other than macOS and Windows
// there may be no screen: then it does nothing.
func Browse(address string, screen bool) error {
	var cmd *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		cmd = exec.Command("open", address)
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", address)
	default:
		if !screen {
			return nil
		}
		cmd = exec.Command("xdg-open", address)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // only so that no dead process is left
	return nil
}
