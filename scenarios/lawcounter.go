package scenarios

import (
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A lawCounter is what an honest server holds of a law, for whom it is kept.
type lawCounter struct {
	meter *promise.Meter
	cap   int             // of a cap, how many it serves at a time; of sessions, how many may be open
	busy  []time.Duration // of these, until when what was sent may be served, in order; never: while it is open
	spent int             // of a quota, what was taken for sure
}

// whose is the counter of a law that a call of a client goes by, as far as the plan's
// clients and tools can differ in what the law is kept by.
func (w *lawPlanner) whose(y, client int, a *history.Arrival) (who lawWho) {
	key := w.promise[y].Key
	if key.Has(promise.Session) || key.Has(promise.Credential) && w.set.Distinct {
		who.client = client
	}
	if key.Has(promise.Tool) {
		who.tool = a.Tool
	}
	return who
}

// A lawWho tells counters of a law apart.
type lawWho struct {
	client int
	tool   string
}

// counter is a law's for a call of a client.
func (w *lawPlanner) counter(y, client int, a *history.Arrival) *lawCounter {
	who := w.whose(y, client, a)
	c := w.counters[y][who]
	if c == nil {
		c = &lawCounter{meter: promise.NewMeter(w.promise[y])}
		if w.promise[y].Returned() {
			c.cap = w.promise[y].N
		}
		w.counters[y][who] = c
		for open := range min(w.set.Open, c.cap) {
			if w.promise[y].Kind == promise.Sessions && w.whose(y, open, a) == who {
				c.busy = append(c.busy, never)
			}
		}
	}
	return c
}

// left is how many units a law surely grants now.
func (c *lawCounter) left(now time.Duration) float64 {
	if c.cap == 0 {
		sure, _ := c.meter.Left(now)
		return sure
	}
	for len(c.busy) > 0 && c.busy[0] <= now {
		c.busy = c.busy[1:]
	}
	return float64(c.cap - len(c.busy))
}

// left is how many units a law surely grants the first client now.
func (w *lawPlanner) left(y int) float64 { return w.counter(y, 0, &w.load).left(w.now) }

// ways are the calls that ask the same of law x: of any client and any tool that share its
// counter, where other laws tell them apart. Together they are granted more by these.
func (w *lawPlanner) ways(x int) (ways []lawWay) {
	if w.alone {
		return []lawWay{{0, w.load}}
	}
	loads := []history.Arrival{w.load}
	keyed := slices.ContainsFunc(w.promise, func(l promise.Law) bool { return l.Key.Has(promise.Tool) })
	for _, a := range w.set.Others {
		least, most := w.promise[x].Charge.Cost(a.Method, a.Tool)
		if keyed && a.Method == w.load.Method && a.Tool != w.load.Tool && least == most &&
			most == w.charges(x, &w.load) && w.promise[x].Charge.Outcomes == promise.All {
			loads = append(loads, a)
		}
	}
	for _, a := range loads {
		for client := range w.set.Clients {
			if w.whose(x, client, &a) == w.whose(x, 0, &w.load) {
				ways = append(ways, lawWay{client, a})
			}
		}
	}
	return ways
}

// A lawWay is a call and who sends it.
type lawWay struct {
	client int
	load   history.Arrival
}

// wait is how long, about, until every law but x surely grants a call.
func (w *lawPlanner) wait(x int, way *lawWay) (wait time.Duration) {
	for y := range w.counters {
		units := w.charges(y, &way.load)
		if y == x || units == 0 {
			continue
		}
		c := w.counter(y, way.client, &way.load)
		if sure := c.left(w.now); sure < float64(units)+0.5 && sure < float64(w.promise[y].N) {
			wait = max(wait, w.short(y, c, float64(units)+0.5-sure))
		}
	}
	return wait
}

// short is how long a law takes to grant so many units more, about.
func (w *lawPlanner) short(y int, c *lawCounter, units float64) time.Duration {
	l := w.promise[y]
	switch l.Kind {
	case promise.Cap:
		return max(c.busy[0]-w.now, time.Millisecond)
	case promise.Sessions:
		return time.Second // nothing is given back by waiting
	}
	if l.Kind == promise.Bucket && l.Step == 0 {
		return seconds(units/l.Rate) + time.Millisecond
	}
	return max(l.Every/20, 10*time.Millisecond)
}

// kept is how many counters of another law those calls go by that ask the same of x.
func (w *lawPlanner) kept(y int, ways []lawWay) int {
	all := map[lawWho]bool{}
	for _, way := range ways {
		all[w.whose(y, way.client, &way.load)] = true
	}
	return len(all)
}

// forget waits until what was sent before costs no bucket anything any more, where that doesn't
// take long: of windows the plan asks later.
func (w *lawPlanner) forget() {
	for _, l := range w.promise {
		units := 0
		for _, a := range w.set.Beside {
			_, most := l.Charge.Cost(a.Method, a.Tool)
			units += most
		}
		if l.Kind != promise.Bucket || !l.Charge.Presumed {
			continue
		}
		if rest := seconds(float64(units+l.Step) / l.Rate); rest < w.set.Budget/10 {
			w.now = max(w.now, rest)
		}
	}
}

// take is what a call that is sent now takes of every law.
func (w *lawPlanner) take(client int, a *history.Arrival) {
	for x, l := range w.promise {
		units := w.charges(x, a)
		if units == 0 {
			continue
		}
		c := w.counter(x, client, a)
		switch {
		case l.Kind == promise.Cap:
			c.busy = append(c.busy, w.now+w.held())
		case l.Kind == promise.Sessions && len(c.busy) < c.cap:
			c.busy = append(c.busy, never)
		}
		if c.meter.Take(w.now, units) && w.whose(x, client, a).client == 0 {
			w.plan.Spends[x] += units
		}
	}
}

// spend counts what a call takes of quotas, where every law surely grants it.
func (w *lawPlanner) spend(client int, a *history.Arrival) {
	if !w.promise.Has(promise.Quota) {
		return
	}
	for y := range w.promise {
		if units := w.charges(y, a); units > 0 && w.counter(y, client, a).left(w.now) < float64(units)+0.5 {
			return
		}
	}
	for y := range w.promise {
		least, _ := w.promise[y].Charge.Cost(a.Method, a.Tool)
		w.counter(y, client, a).spent += least
	}
}
