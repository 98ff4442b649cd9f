package live

import (
	"fmt"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A gauge estimates how much of a law is taken, by the counter that was last asked: as if
// calls were decided when their replies came, and each client were somebody else.
type gauge struct {
	law  promise.Law
	keys map[string]*promise.Meter
	last *promise.Meter
	now  time.Duration // meters' instants don't go backwards
}

func (g *gauge) take(at time.Duration, c *history.Call) {
	_, units := g.law.Charge.Cost(c.Method, c.Tool)
	if units == 0 || g.law.Returned() {
		return
	}
	key := ""
	for _, d := range g.law.Key {
		switch d {
		case promise.Session, promise.Credential:
			key += c.Client
		case promise.Tool:
			key += " " + c.Tool
		case promise.Method:
			key += " " + c.Method
		}
	}
	m := g.keys[key]
	if m == nil {
		m = promise.NewMeter(g.law)
		g.keys[key] = m
	}
	g.now = max(g.now, at)
	m.Take(g.now, units)
	g.last = m
}

// taken says how much is taken; empty where the calls don't say it, as of a cap or of sessions.
func (g *gauge) taken(at time.Duration) string {
	if g.law.Returned() {
		return ""
	}
	left := float64(g.law.N)
	if g.last != nil {
		g.now = max(g.now, at)
		sure, may := g.last.Left(g.now)
		if left = may; g.law.Kind == promise.Window {
			left = sure
		}
	}
	return fmt.Sprintf("~%.0f/%d", float64(g.law.N)-left, g.law.N)
}

// taken is how much of each law is taken, in their order.
func (r *row) taken(at time.Duration) string {
	var parts []string
	for k := range r.gauges {
		if text := r.gauges[k].taken(at); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " ")
}
