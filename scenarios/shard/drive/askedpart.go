package drive

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// An AskedPart says which part of a plan is sent, when all parts begin, and from where, in
// the words of the flags that its errors name.
type AskedPart struct {
	Part    string
	StartAt string
	Source  string
}

// From is the address of this machine's that connections come from; empty: any.
func (a *AskedPart) From() (string, error) {
	if a.Source != "" && net.ParseIP(a.Source) == nil {
		return "", fmt.Errorf("--source-address %q is no IP address", a.Source)
	}
	return a.Source, nil
}

// Read is the part, and the common start where one is given. A part must be kept.
func (a *AskedPart) Read(kept bool, look invoked.Lookup) (part shard.Part, start runner.Start, err error) {
	if a.StartAt != "" {
		at, err := time.Parse(time.RFC3339Nano, a.StartAt)
		if err != nil {
			return part, nil, hint.New(fmt.Errorf("--start-at %q is no instant", a.StartAt), "for example "+
				time.Now().Add(time.Minute).UTC().Format(time.RFC3339))
		}
		if late := time.Since(at); late > 0 {
			return part, nil, fmt.Errorf("--start-at %s was %s ago", a.StartAt, late.Round(time.Second))
		}
		start = runner.StartAt(at)
	}
	switch a.Part {
	case "":
		return part, start, nil
	case "auto":
		part, err = shard.Auto(look)
	default:
		part, err = shard.Parse(a.Part)
	}
	if err != nil {
		return part, nil, fmt.Errorf("--shard: %s", err)
	}
	if !kept {
		return part, nil, hint.New(errors.New("--shard with --no-store: a part is nothing by itself, and is kept for "+
			"mcpload merge"), "leave --no-store out")
	}
	return part, start, nil
}

// ForPods refuses what pods of a cluster can't send.
func ForPods(args []string) error {
	if err := StartsNothing(args); err != nil {
		return err
	}
	for _, arg := range args {
		if arg == "--mix" || strings.HasPrefix(arg, "--mix=") {
			return errors.New("--mix names a file that no pod has: mount it, or run mcpload coordinate where it is")
		}
	}
	return nil
}

// Token is the secret of a variable that coordinator and workers share.
func Token(variable string, getenv func(string) string) (string, error) {
	token := getenv(variable)
	if len(token) < 8 {
		return "", hint.New(fmt.Errorf("the environment's %s holds no token of 8 characters or more", variable),
			"for example "+variable+"=$(openssl rand -hex 16), the same for coordinator and workers")
	}
	return token, nil
}

// Trusting is a client of a coordinator that shows a certificate of the authorities in a
// file; without one the system's are trusted.
func Trusting(caCert string) (*http.Client, error) {
	if caCert == "" {
		return &http.Client{}, nil
	}
	pool, err := invoked.Authorities(caCert)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool,
		MinVersion: tls.VersionTLS12}}}, nil
}
