package load

import (
	"cmp"

	"github.com/mcpload/mcpload/history"
)

// Crossings tell the calls that crossed the end of an idle connection and did no
// harm from those that may have. Where the next call of the client that ends is
// answered, the server was there all the time. Where it fails too, or there is
// none, the call counts as any other that failed. The zero value is ready.
type crossings struct {
	open map[string]map[string]int64 // by client and tool: those that no call has followed yet
	lost map[string]int64            // by tool: those that were followed by a call that failed
}

// add takes in a call that has ended.
func (x *crossings) add(c *history.Call) {
	if c.Outcome == history.ClosedIdle {
		if x.open == nil {
			x.open, x.lost = map[string]map[string]int64{}, map[string]int64{}
		}
		if x.open[c.Client] == nil {
			x.open[c.Client] = map[string]int64{}
		}
		x.open[c.Client][cmp.Or(c.Tool, c.Method)]++
		return
	}
	if len(x.open) == 0 || c.Outcome == history.Unsent {
		return
	}
	if !c.Outcome.Answered() {
		for tool, n := range x.open[c.Client] {
			x.lost[tool] += n
		}
	}
	delete(x.open, c.Client)
}

// harm is how many calls of a tool nothing shows to have done none.
func (x *crossings) harm(tool string) int64 {
	n := x.lost[tool]
	for _, of := range x.open {
		n += of[tool]
	}
	return n
}

// merge takes in the crossings of another run. Those that no call followed there
// stay so.
func (x *crossings) merge(o *crossings) {
	if o.open == nil {
		return
	}
	if x.open == nil {
		x.open, x.lost = map[string]map[string]int64{}, map[string]int64{}
	}
	for tool, n := range o.lost {
		x.lost[tool] += n
	}
	for _, of := range o.open {
		for tool, n := range of {
			x.lost[tool] += n
		}
	}
}
