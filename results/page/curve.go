package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
)

const curveHeight = 170

// A curve draws one scenario's admissions, summed up, under what its limit
// allows from the scenario's first call on: in any window that is at most burst +
// rate * its length, so also in this one.
type curve struct {
	start   time.Duration
	sent    []time.Duration
	granted []time.Duration // replies of what surely cost a token
	buckets int             // how many clients' buckets were drawn from
	limit   results.Limit
	end     time.Duration
}

func newCurve(calls []history.Call, scenario string, limit results.Limit) *curve {
	c := &curve{limit: limit, start: math.MaxInt64}
	costs := costs(limit)
	clients := map[string]bool{}
	last := history.LastAttempts(calls)
	for i := range calls {
		call := &calls[i]
		if call.Label != scenario || call.Nth() < last[scenario] || call.Outcome == history.Unsent {
			continue
		}
		least, _ := costs(call.Method)
		if least == 0 {
			continue
		}
		clients[call.Client] = true
		c.start = min(c.start, call.Sent)
		c.end = max(c.end, call.Sent)
		c.sent = append(c.sent, call.Sent)
		if call.Outcome == history.OK {
			c.granted = append(c.granted, call.Received)
			c.end = max(c.end, call.Received)
		}
	}
	slices.Sort(c.sent)
	slices.Sort(c.granted)
	c.buckets = 1
	if limit.Scope == string(profiles.Client) {
		c.buckets = max(1, len(clients))
	}
	return c
}

// costs is a limit's prices, each method's looked up once.
func costs(l results.Limit) func(method string) (least, most int) {
	limit := profiles.Limit{Charges: l.Charges, MayCharge: l.MayCharge, Free: l.Free}
	known := map[string][2]int{}
	return func(method string) (int, int) {
		c, ok := known[method]
		if !ok {
			c[0], c[1] = limit.Cost(method)
			known[method] = c
		}
		return c[0], c[1]
	}
}

func (c *curve) allowed(at time.Duration) float64 {
	return float64(c.buckets) * (float64(c.limit.Burst) + c.limit.Rate*(at-c.start).Seconds())
}

func (c *curve) draw(id, scenario string) chart {
	length := max(c.end-c.start, time.Millisecond)
	x := axis{0, length.Seconds()}.padded(0.02)
	top := max(float64(len(c.sent)), float64(c.buckets*c.limit.Burst)) * 1.1
	y := func(n float64) float64 { return curveHeight - curveHeight*n/top }
	d := &drawing{height: curveHeight}
	label := func(v float64) string { return clock(seconds(v), seconds(timeStep(x.hi/3))) }
	d.yTicks(axis{0, top}.ticks(4), y, short)
	d.xTicks(x, x.every(timeStep((x.hi-x.lo)/3)), label)
	last := c.allowed(c.start + seconds(x.hi))
	allowed := fmt.Sprintf("M%s %sL%d %s", unit(x.share(0)), px(y(c.allowed(c.start))), across, px(y(last)))
	d.path("allowed-area", allowed+fmt.Sprintf("V%dH%sZ", curveHeight, unit(x.share(0))))
	d.path("sent", c.steps(c.sent, x, y))
	d.path("granted", c.steps(c.granted, x, y))
	d.path("declared", allowed)
	d.level("axis", curveHeight)
	out := chart{ID: id, Title: scenario, Small: true, SVG: d.svg(scenario + ": admitted against allowed"),
		Table: table{Caption: "Calls since the first of " + scenario, Head: []string{"after", "sent", "admitted",
			"allowed"}}}
	for k := range 11 {
		at := c.start + length*time.Duration(k)/10
		out.Table.Rows = append(out.Table.Rows, []string{label((at - c.start).Seconds()), grouped(until(c.sent, at)),
			grouped(until(c.granted, at)), figure(c.allowed(at))})
	}
	if c.buckets > 1 {
		out.Notes = []string{fmt.Sprintf("Allowed are %d clients' buckets together.", c.buckets)}
	}
	return out
}

// steps is the line that rises by one at each of the instants, which are in
// order.
func (c *curve) steps(at []time.Duration, x axis, y func(float64) float64) string {
	var t trace
	t.add(x.share(0), y(0))
	for n, v := range at {
		share := x.share((v - c.start).Seconds())
		t.add(share, y(float64(n)))
		t.add(share, y(float64(n+1)))
	}
	t.add(1, y(float64(len(at))))
	return t.line()
}

// until counts the instants up to one.
func until(list []time.Duration, at time.Duration) int {
	n, _ := slices.BinarySearchFunc(list, at, func(v, at time.Duration) int { return cmp.Or(cmp.Compare(v, at), -1) })
	return n
}
