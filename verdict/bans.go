package verdict

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
)

// What the names of an audit's tricks begin with whose calls are plain ones that come no
// faster than a run's without an audit.
const (
	Rest    = "a rest of "
	Staying = "staying at the limit"
)

// banMemory is how long after a crowd of ours a server may still hold it against us, by
// taking no notice of the promise for a while: many count refusals a minute.
const banMemory = time.Minute

// crowding reports if a call is of an audit's trick that asks for far more than was
// promised. Sessions that a run has without an audit have names of one word.
func crowding(c *history.Call) bool {
	name, _ := TrickOf(c.Session)
	return strings.ContainsAny(c.Session, " #") && !strings.HasPrefix(name, Rest) && name != Staying &&
		name != Counter && name != Restarting
}

// bySent are the indexes of calls in the order of sending.
func bySent(calls []history.Call) []int {
	order := make([]int, len(calls))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(calls[a].Sent, calls[b].Sent) })
	return order
}

// afterCrowds reports of each call if it was refused while a server may bar us for what we
// sent ourselves: with a trick that asks for far more than was promised, or after one, until
// a plain call is let through later than a server remembers.
//
// For example a server that bars for ten seconds whoever was refused a hundred times in one
// keeps its promise to everybody else: no promise has a word for that.
func afterCrowds(calls []history.Call) []bool {
	out := make([]bool, len(calls))
	crowd, until := false, time.Duration(0)
	for _, i := range bySent(calls) {
		c := &calls[i]
		switch {
		case c.Outcome == history.Limited:
			// To open a session is no crowd, and a ban refuses that too.
			if c.Planned() && c.Method != "initialize" && crowding(c) {
				crowd, until = true, max(until, c.Received+banMemory)
			}
			out[i] = crowd
		case !c.Planned() || c.Method == "initialize":
		case c.Outcome == history.OK && c.Session == "" && c.Sent >= until:
			crowd = false
		}
	}
	return out
}

// withoutBans takes out of the evidence the refusals that no bucket explains and that came
// after a crowd of our own: they may be a ban, which nobody promised anything of. They stay
// refusals to whoever counts them.
func (c *Court) withoutBans() *Court {
	l := c.terms.Limit
	if !c.unjustified(c.evidence.BurstMax(l.Rate)) {
		return c
	}
	after, barred := afterCrowds(c.calls), map[int]bool{}
	for pos, bound := range c.perCall().excuses {
		if after[pos-1] && c.unjustified(bound) {
			barred[pos] = true
		}
	}
	if len(barred) == 0 {
		return c
	}
	e := c.weighing(l, c.weight)
	for i := range c.calls {
		if !barred[i+1] {
			e.Add(i+1, &c.calls[i])
		}
	}
	return &Court{terms: c.terms, calls: c.calls, cfg: c.cfg, weight: c.weight, untold: c.untold,
		evidence: c.ticked(e), beats: c.beats, doubted: c.doubted, stray: c.stray, barred: barred}
}

// barred are the positions of those calls of a trial that were refused as a ban would.
func (t *Trial) barred() (list []int) {
	for _, pos := range slices.Sorted(maps.Keys(t.court.barred)) {
		if t.pos[pos] {
			list = append(list, pos)
		}
	}
	return list
}

// anyBarred reports if any of some calls was refused as a ban would.
func (t *Trial) anyBarred(positions []int) bool {
	return slices.ContainsFunc(positions, func(p int) bool { return t.court.barred[p] })
}

const (
	barredNext = "ask if the server bars for a while whoever sends far more than the limit: no promise has a word " +
		"for that, so it is held against nobody"
	barredTrick = "calls were refused then that the promise lets through, as in a ban"
)

// barredWords say which calls were refused as a ban would.
func barredWords(calls []history.Call, barred []int) string {
	first, last := calls[barred[0]-1].Sent, calls[barred[0]-1].Sent
	hinted := false
	for _, p := range barred {
		c := &calls[p-1]
		first, last = min(first, c.Sent), max(last, c.Sent)
		hinted = hinted || c.RetryAfter > 0
	}
	hint := "none of them said for how long"
	if hinted {
		hint = "they said for how long"
	}
	return fmt.Sprintf("%s refused that the promise lets through, from call %d on for %s, after far more than it "+
		"lets through had been sent by this run: a ban, or a fault; %s", were(len(barred)), barred[0],
		span(last-first), hint)
}
