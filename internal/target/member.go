package target

import (
	"fmt"
	"net/url"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
)

// OfMember is what is asked of a server of a fleet. One that is attached to is on this
// machine.
func OfMember(m profiles.Member, c *profiles.Catalog) (Asked, error) {
	a := Asked{Live: m.URL == "" && len(m.Command) == 0, URL: m.URL, Burst: m.Burst, Scope: string(m.Scope),
		Tool: m.Tool, Args: m.Arguments, Protocol: "auto", Transport: "auto"}
	if m.Rate > 0 {
		a.Rate = promise.FormatRate(m.Rate)
	}
	if _, known := c.Get(m.Server); known || a.Live {
		a.Servers = []string{m.Server}
	}
	if m.URL == "" {
		return a, nil
	}
	u, err := url.Parse(m.URL)
	if err != nil {
		return a, fmt.Errorf("url: %w", err)
	}
	return a, Loopback(u.Hostname())
}
