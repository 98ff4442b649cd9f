package compare

import (
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// stallLeast is how long a pause is at least that may be taken out: shorter ones
// are what every run has many of.
const stallLeast = 25 * time.Millisecond

// longestStall is the longest span of some calls in which nothing was answered, or
// nothing sent that was due: somebody stood still, and nobody can tell from one
// run if it will happen again.
func longestStall(calls []history.Call) verdict.Stall {
	list := append(verdict.Stalls(calls, stallLeast), verdict.Standstills(calls, stallLeast)...)
	if len(list) == 0 {
		return verdict.Stall{}
	}
	return slices.MaxFunc(list, func(a, b verdict.Stall) int { return int(a.Length() - b.Length()) })
}

// touched reports if a call waited in a stall, or right after it, as long as it
// lasted: what it held up has to be worked off.
func touched(c *history.Call, s verdict.Stall) bool {
	return c.Received >= s.From && c.Due <= s.To+s.Length()
}

// without says that what was seen is gone where one stall a side is taken out;
// empty where it stays, or where several runs a side tell how much runs differ.
//
// The calls of a run are taken as drawn one by one, which those that a stall
// holds up are not: 30 in a row may wait for the one pause of a collector, and
// p99 of 3,000 calls is theirs alone.
func (row *Row) without(stays func(base, now []float64) bool, least int) string {
	base, now := row.samples[0], row.samples[1]
	if len(base.runs) > 1 || len(now.runs) > 1 || base.stall+now.stall == 0 {
		return ""
	}
	if b, n := base.calmed(), now.calmed(); min(len(b), len(n)) >= least && stays(b, n) {
		return ""
	}
	return fmt.Sprintf("one stall of %s may be all there is to it: several runs a side would tell",
		max(base.stall, now.stall).Round(time.Millisecond))
}

// calmed is the sample without what its longest stall touched.
func (s sample) calmed() []float64 {
	if s.stall == 0 {
		return s.all
	}
	return s.calm
}
