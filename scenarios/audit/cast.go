package audit

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// beyond is how many calls more than the burst are sent at once.
const beyond = 5

// settle is how long the replies of calls that are sent at once may take before the
// next are due.
const settle = 200 * time.Millisecond

// A cast is a scenario's calls as they are put together.
type cast struct {
	limit profiles.Limit
	set   scenarios.Setting
	at    time.Duration
	cues  []scenarios.Cue
}

func newCast(l profiles.Limit, set scenarios.Setting) *cast { return &cast{limit: l, set: set} }

// first is the client that all tricks are tried as.
func (c *cast) first() string { return c.set.Clients[0] }

// drained is how many calls leave an honest bucket empty that was full.
func (c *cast) drained() int { return c.limit.Burst + beyond }

// drain is the control: the bucket is empty after it.
func (c *cast) drain() {
	c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: c.drained(), Client: c.first()})
	c.at += settle
}

// refill waits until an honest bucket is full.
func (c *cast) refill() {
	c.at += time.Duration(float64(c.limit.Burst)/c.limit.Rate*1e9) + settle
}

// who is the client that sends in a guise: where every session is promised a limit, a
// session of its own is another one, and where nobody knows what a client is, whatever
// says who somebody is may make another one.
func (c *cast) who(g Guise, name string) string {
	l := c.limit
	if l.Scope != profiles.Client {
		return c.first()
	}
	known := l.Key == profiles.SessionKey || l.Key == profiles.CredentialKey
	switch {
	case l.Key == profiles.SessionKey && g.Own():
		return c.first() + "+" + name
	case l.Key == profiles.SessionKey && g.otherSession(), g.Header["Authorization"] != "", !known &&
		!g.same():
		return c.first() + verdict.Unsure + name
	}
	return c.first()
}

// valued is a value of a trick as calls name it.
func valued(name string, v int) string { return name + " #" + strconv.Itoa(v) }

// open opens the sessions that values of tricks need, one after the other, so that an
// honest bucket has what that costs.
func (c *cast) open(list []trickForm, values int) {
	opened := false
	for _, t := range list {
		g, _ := GuiseOf(t.name)
		for v := 1; g.Own() && v <= values; v++ {
			session := valued(t.name, v)
			c.cues = append(c.cues, scenarios.Cue{At: c.at, Client: c.who(g, session), Session: session, Opens: true})
			c.at += c.opening()
			opened = true
		}
	}
	if opened {
		c.refill()
	}
}

// values sends calls by so many values of a trick, one value after the other, once the
// bucket is drained.
func (c *cast) values(name string, values, calls int, change func(n int, a *history.Arrival)) {
	g, _ := GuiseOf(name)
	c.drain()
	for v := 1; v <= values; v++ {
		n := calls
		if g.Batch > 0 {
			n = (calls + g.Batch - 1) / g.Batch * g.Batch
		}
		session := valued(name, v)
		c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: n, Client: c.who(g, session), Session: session,
			Change: shifted(change, (v-1)*n)})
		c.at += settle
	}
}

// shifted is a change that goes on counting where another cue ended.
func shifted(change func(n int, a *history.Arrival), from int) func(n int, a *history.Arrival) {
	if change == nil {
		return nil
	}
	return func(n int, a *history.Arrival) { change(from+n, a) }
}

// opening is how long after one another sessions are opened, so that what that costs
// is there: initialize, and what follows it.
func (c *cast) opening() time.Duration {
	return max(20*time.Millisecond, time.Duration(3/c.limit.Rate*1e9))
}

// each tries tricks by their names, one after the other.
func (c *cast) each(list []trickForm, values int) []scenarios.Cue {
	c.open(list, values)
	for _, t := range list {
		c.values(t.name, values, c.drained(), nil)
	}
	return c.cues
}

// The most of what an affinity is looked for with.
const affineSessions = 32

// oneByOne sends calls one after the other, as many as drain a bucket that fills meanwhile.
func (c *cast) oneByOne(session string) {
	gap := min(20*time.Millisecond, time.Duration(1e9/(4*c.limit.Rate)))
	for range (c.drained()*4 + 2) / 3 {
		c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: 1, Client: c.first(), Session: session})
		c.at += gap
	}
	c.at += settle
}

// affinity opens many sessions, one after the other, and then has all of them ask for
// half of the burst at once: with m replicas behind them they get m times the burst.
//
// Before that, plain calls that come one after the other, by one connection, are told from ones by
// connections of their own, of which nothing else is different. What comes at once takes many
// connections anyway.
func affinity(l profiles.Limit, set scenarios.Setting) []scenarios.Cue {
	c := newCast(l, set)
	for _, name := range []string{verdict.OtherOrder, ownConnection} {
		c.oneByOne("")
		c.oneByOne(valued(name, 1))
	}
	c.drain()
	c.refill()
	c.open([]trickForm{{name: ownSession}}, affineSessions)
	for v := 1; v <= affineSessions; v++ {
		c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: (l.Burst + beyond + 1) / 2, Client: c.first(),
			Session: valued(ownSession, v)})
	}
	return c.cues
}

// replicas drains the bucket at the first url, and asks for its burst at another one.
func replicas(h Having) func(profiles.Limit, scenarios.Setting) []scenarios.Cue {
	return func(l profiles.Limit, set scenarios.Setting) []scenarios.Cue {
		var list []trickForm
		for i, host := range h.Replicas {
			list = append(list, replica(i+2, host))
		}
		return newCast(l, set).each(list, 1)
	}
}

// executing reads a counter of executions, drains the bucket with far more calls than it
// holds, and reads it again.
func executing(h Having) func(profiles.Limit, scenarios.Setting) []scenarios.Cue {
	return func(l profiles.Limit, set scenarios.Setting) []scenarios.Cue {
		c := newCast(l, set)
		wait := max(settle, time.Duration(2/l.Rate*1e9))
		n := 0
		read := func() {
			n++
			c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: 1, Client: c.first(),
				Session: valued(verdict.Counter, n),
				Change: func(_ int, a *history.Arrival) {
					if a.Tool, a.Arguments = h.Counter, nil; h.Counter == Page {
						a.Method, a.Tool = "GET", ""
					}
				}})
			c.at += wait
		}
		calls := func(n int) {
			c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: n, Client: c.first()})
			c.at += wait
		}
		read()
		read()
		calls(1)
		read()
		c.refill()
		calls(2*l.Burst + beyond)
		c.refill()
		c.at += time.Second // what was admitted last may still be at work
		read()
		return c.cues
	}
}

// Page is the counter that is no tool, but a page.
const Page = "(a page)"

// noCounter says why executions can't be counted.
func noCounter(h Having) string {
	switch {
	case h.Counter == "":
		return "no tool is named that counts them"
	case h.Call.Tool == "":
		return "what is called is no tool"
	}
	return ""
}

// The rests that are tried, as far as the budget goes.
var rests = []time.Duration{1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 3600}

// resting drains the bucket, rests, and asks for twice the burst.
func resting(list []time.Duration) func(profiles.Limit, scenarios.Setting) []scenarios.Cue {
	return func(l profiles.Limit, set scenarios.Setting) []scenarios.Cue {
		c := newCast(l, set)
		for _, r := range list {
			c.drain()
			c.at += r
			c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: 2*l.Burst + beyond, Client: c.first(),
				Session: rest + r.String()})
			c.at += settle
		}
		return c.cues
	}
}

// enduring stays at the limit, a little above it, for so long.
func enduring(length time.Duration) func(profiles.Limit, scenarios.Setting) []scenarios.Cue {
	return func(l profiles.Limit, set scenarios.Setting) []scenarios.Cue {
		c := newCast(l, set)
		if length <= 0 {
			return nil // the budget leaves nothing that is worth its calls
		}
		c.drain()
		r := scenarios.Jitter(set.Seed, "endurance")
		for end := c.at + length; c.at < end; {
			c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: 1, Client: c.first(), Session: staying})
			c.at += time.Duration((0.7 + 0.6*r.Float64()) / (1.3 * l.Rate) * 1e9)
		}
		return c.cues
	}
}

// The floods that are tried: so many times the rate for a second, and so many at once.
var floods = []float64{10, 100, 1000}

const (
	floodBeat = 5 * time.Millisecond
	mostFlood = 50_000 // calls of a flood
	crowd     = 500
)

// flooding sends far more than the rate for a second, and looks after each flood if the
// limit is right again.
func flooding(l profiles.Limit, set scenarios.Setting) []scenarios.Cue {
	c := newCast(l, set)
	again := func() { c.refill(); c.drain() }
	for _, times := range floods {
		c.drain()
		total := min(times*l.Rate, mostFlood)
		sent, beats := 0, int(time.Second/floodBeat)
		name := fmt.Sprintf("%s%g times the rate", flood, math.Round(total/l.Rate))
		for b := 1; b <= beats; b++ {
			if n := int(total*float64(b)/float64(beats)) - sent; n > 0 {
				c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: n, Client: c.first(), Session: name})
				sent += n
			}
			c.at += floodBeat
		}
		c.at += time.Second // a server may have much to answer
		again()
	}
	c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: crowd, Client: c.first(), Session: atOnce +
		strconv.Itoa(crowd)})
	c.at += time.Second
	again()
	return c.cues
}
