package target

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/verdict"
)

// IDJump is how far the ids of a disguise lie from those before.
const IDJump = 10_000_000

// Clients are a target whose clients may come back in another way: as a new
// session, which is opened when its turn comes, or in their first session on a
// new connection or with other ids.
type Clients struct {
	runner.Target
	of   *Target
	main *wire.Session // the first client's

	mu      sync.Mutex
	others  map[string]*lateSession // by the name of the session
	batches map[string]*batch       // that are being gathered, by the name of the session
	ids     int64                   // how many were made up
}

// A lateSession is a session that is opened during the run.
type lateSession struct {
	ready   chan struct{}  // closed once what follows is set
	session *wire.Session  // nil: it could not be opened
	calls   []history.Call // that its opening took beyond the first, also where it failed
	ended   bool           // by a call of the plan, which has its DELETE
}

func NewClients(t *Target, s Sessions, plain runner.Target) *Clients {
	c := &Clients{Target: plain, of: t, others: map[string]*lateSession{}, batches: map[string]*batch{}}
	if len(s) > 0 { // there are none in virtual time
		c.main = s[0]
	}
	return c
}

// Send implements runner.Target.
func (c *Clients) Send(ctx context.Context, a history.Arrival, done func(history.Call)) {
	if a.Session == "" {
		c.Target.Send(ctx, a, done)
		return
	}
	if g, ok := audit.GuiseOf(a.Session); ok {
		c.sendAs(ctx, a, g, done)
		return
	}
	l, first := c.late(a.Session)
	switch d := scenarios.Disguise(a.Session); {
	case d == scenarios.NewConnection || d == scenarios.NewIDs:
		if first {
			c.change(d)
			l.session = c.main
			close(l.ready)
		}
	case first:
		go func() { done(c.open(ctx, a, l)) }()
		return
	}
	go func() {
		<-l.ready // its opening ends with ctx, if not before
		if l.session == nil {
			done(history.Call{Arrival: a, Outcome: history.Unsent, Sent: c.of.Options.Now(),
				Received: c.of.Options.Now(), Detail: verdict.Unopened})
			return
		}
		if scenarios.ExtraSession(a.Session) && a.Method == http.MethodDelete {
			done(c.end(a, l))
			return
		}
		done(l.session.Exchange(ctx, a))
	}()
}

// late returns the session of a name, and true where nobody asked for it
// before.
func (c *Clients) late(name string) (l *lateSession, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, ok := c.others[name]
	if !ok {
		l = &lateSession{ready: make(chan struct{})}
		c.others[name] = l
	}
	return l, !ok
}

func (c *Clients) change(d scenarios.Disguise) {
	if d == scenarios.NewConnection {
		c.main.Reconnect()
		return
	}
	c.main.JumpIDs(IDJump)
}

// open opens a session and returns what came of its first request.
func (c *Clients) open(ctx context.Context, a history.Arrival, l *lateSession) history.Call {
	defer close(l.ready)
	n := 1
	switch {
	case scenarios.Disguise(a.Session) == scenarios.NewIdentity:
		n = MaxClients + 1 // nobody else's
	case scenarios.ExtraSession(a.Session):
		n = numbered(a.Client)
	}
	failed := history.Call{Arrival: a, Outcome: history.Unsent, Sent: c.of.Options.Now()}
	failed.Received = failed.Sent
	o, err := c.of.As(n)
	if err != nil {
		failed.Detail = err.Error()
		return failed
	}
	o.Client, o.ListTools, o.Once = a.Client, false, scenarios.ExtraSession(a.Session)
	o.Transport, o.Protocol = c.main.Transport(), c.main.Protocol()
	g, tricky := audit.GuiseOf(a.Session)
	sign := false
	if g.Begins {
		o.Patience = c.of.readyWithin()
		if sign, err = c.of.restarted(ctx); err != nil {
			failed.Detail = "the server was to be restarted: " + c.of.redacted(err)
			return failed
		}
	}
	if tricky {
		if o = dressed(o, g); g.At > 1 && g.At-2 < len(c.of.Replicas) {
			o.URL = c.of.Replicas[g.At-2]
		}
	}
	s, opening, err := Dial(ctx, o)
	if err != nil {
		failed.Detail = err.Error()
	}
	if l.session = s; g.Ends && s != nil {
		c.of.EndAll(Sessions{s})
	}
	if failed, l.calls = parted(opening, failed); sign && s != nil {
		failed.Detail = verdict.Restarted
	}
	return l.extra(failed)
}

// parted takes the first request out of an opening, which the plan has. Where
// there is none it returns another call in its place.
func parted(opening []history.Call, none history.Call) (first history.Call, rest []history.Call) {
	at := slices.IndexFunc(opening, func(c history.Call) bool { return c.Kind == history.Request })
	if at < 0 {
		return none, opening
	}
	return opening[at], slices.Delete(slices.Clone(opening), at, at+1)
}

// Handshakes are the requests that opened sessions during the run, or tried to,
// but for the first of each, which the plan has. A server may have charged them.
func (c *Clients) Handshakes() []history.Call {
	var calls []history.Call
	for _, l := range c.others {
		calls = append(calls, l.calls...)
	}
	return calls
}

// Asides are what left the sessions that were opened during the run beside their
// calls. They are closed.
func (c *Clients) Asides() []history.Call {
	var calls []history.Call
	for _, l := range c.others {
		if l.session != nil && l.session != c.main {
			for _, call := range l.session.Asides() {
				if !l.ended || call.Kind != history.Deletion {
					calls = append(calls, call)
				}
			}
		}
	}
	return calls
}

// Late are the sessions that were opened during the run.
func (c *Clients) Late() Sessions {
	var late Sessions
	for _, l := range c.others {
		if l.session != nil && l.session != c.main {
			late = append(late, l.session)
		}
	}
	return late
}

// Close ends the sessions that were opened during the run.
func (c *Clients) Close() { c.of.EndAll(c.Late()) }
