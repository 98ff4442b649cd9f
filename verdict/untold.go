package verdict

import (
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/history"
)

// toolCall is the method that most limiters charge, and many charge alone.
const toolCall = "tools/call"

// doubt gives up on what is only presumed. That the load call costs a token is
// taken for granted where nobody said what is charged; of a tool call that is
// fair, since a limit of an MCP server that leaves tool calls free limits nothing.
// A limiter of tool calls only, and there are many, lets every tools/list pass and
// keeps its promise. Where such a history shows more admissions than the bucket
// has, that is no proof: each of them cost a token at most.
func (c *Court) doubt() {
	l := c.terms.Limit
	if !l.Presumed || c.terms.Method == "" || c.terms.Method == toolCall {
		return
	}
	if !c.evidence.Check(l, c.cfg.Tolerance).OverAdmission.Violated {
		return
	}
	c.untold = true
	c.terms.Limit.Charges = nil
	if !slices.Contains(l.MayCharge, "*") {
		c.terms.Limit.MayCharge = append(slices.Clone(l.MayCharge), c.terms.Method)
	}
	c.evidence, c.weight = c.weighing(c.terms.Limit, 1).gather(c.calls), 1
}

// untried says that what was let through is nothing that surely costs a token.
func (t *Trial) untried() string {
	return fmt.Sprintf("%s admitted, more than the limit grants; but nobody said that %s is charged, and a limiter "+
		"of tool calls lets it through: tool calls were not tried",
		fmt.Sprintf("%s of %s", plural(t.count(history.OK), "call"), t.court.terms.Method),
		t.court.terms.Method)
}
