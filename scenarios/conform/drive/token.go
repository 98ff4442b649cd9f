package drive

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/mcpload/mcpload/internal/wire"
)

// A Bearer has the token that requests show, where that changes.
type Bearer = wire.Bearer

// token is the one to show now; empty where there is none.
func (c *Config) token() string {
	if c.Bearer == nil {
		return ""
	}
	return c.Bearer.Token()
}

// authorized are the user's own headers, with the token to show now.
func (c *Config) authorized() http.Header {
	token := c.token()
	if token == "" {
		return c.Header
	}
	h := c.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Authorization", "Bearer "+token)
	return h
}

// firstToken gets the token before anything is tried: a server that wants one says
// so to a request without.
func firstToken(ctx context.Context, c *Config) error {
	if err := c.Bearer.Ready(ctx); err != nil {
		return fmt.Errorf("there is no token: %w", err)
	}
	if c.token() != "" {
		return nil
	}
	const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, strings.NewReader(ping))
	if err != nil {
		return fmt.Errorf("the URL cannot be requested: %w", err)
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Accept", "application/json, text/event-stream")
	t := &http.Transport{DisableKeepAlives: true}
	wire.ConnectAs(t, c.Wire)
	resp, err := t.RoundTrip(q)
	if err != nil {
		return nil // what is tried says so, and better
	}
	_ = resp.Body.Close() // the head says it all
	if resp.StatusCode != http.StatusUnauthorized {
		return nil // it wants none, so far
	}
	if err := c.Bearer.Renew(ctx, "", resp.Header); err != nil {
		return fmt.Errorf("there is no token: %w", err)
	}
	return nil
}
