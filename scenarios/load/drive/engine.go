package drive

import (
	"encoding/json"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
)

// engine is what sends: the fast path where the transport has one, or a
// goroutine a call. Sequences on sessions that come and go take the latter. done
// must be called once the calls are over.
func (r *run) engine(drain <-chan struct{}) (clock runner.Clock, to runner.Target, done func()) {
	if r.Plan.Calls > 0 && r.Plan.Steps() {
		return runner.Precise(r.clock), r.paced(r.clock, r.chained(drain)), func() {}
	}
	relay := &runner.Relay{Clock: r.clock, Follows: r.seqs.Follows, Next: r.seqs.Next, Observe: r.saw, Drain: drain}
	cfg := wire.LoopConfig{Conns: r.Connections, Phase: r.pool.phase, Read: r.reads(relay)}
	if r.Plan.Calls > 0 {
		cfg.Renew = r.pool.renewal(r.Plan.Calls)
		cfg.Renew.Hurry = drain
	}
	clock, to, done = target.Fastest(r.clock, r.pool.sessions, nil, cfg)
	loop, ok := to.(*wire.Loop)
	if !ok {
		return clock, r.paced(clock, r.chained(drain)), done
	}
	if r.pool.conns != nil {
		r.pool.conns.Close() // the set-up's connections would come on top of the loop's
	}
	r.pool.moved = func(s *wire.Session) {
		loop.Do(func() {
			if loop.Replace(s) != nil { // a redirect led the set-up elsewhere
				r.pool.unopened()
			}
		})
	}
	to = r.paced(clock, loop)
	if r.Plan.Steps() {
		relay.Target, relay.Do = to, loop.Do
		to = relay
	}
	return clock, to, done
}

// reads is who looks into replies on the fast path; nil where nobody does.
func (r *run) reads(relay *runner.Relay) func(c *history.Call, result []byte) {
	switch {
	case r.looks() && r.Plan.Steps():
		return func(c *history.Call, result []byte) { r.looked(c, result); relay.Read(c, result) }
	case r.looks():
		return r.looked
	case r.Plan.Steps():
		return relay.Read
	}
	return nil
}

// paced is a target whose lateness is measured.
func (r *run) paced(clock runner.Clock, target runner.Target) runner.Target {
	r.pacing = pacing{inner: target, clock: clock, closed: r.Shape.Max}
	return &r.pacing
}

// chained is the plain target, with what must read replies before it: all of
// them, or those of sequences.
func (r *run) chained(drain <-chan struct{}) runner.Target {
	if !r.Plan.Steps() && !r.looks() {
		return r.pool.target
	}
	return &runner.Chain{Clock: r.clock, Clients: r.pool.fetchers, Plain: r.pool.target, Drain: drain,
		Reads: func(a history.Arrival) bool { return r.looks() || r.seqs.Follows(a) },
		Next: func(c *history.Call, result json.RawMessage) (history.Arrival, bool) {
			r.looked(c, result)
			return r.seqs.Next(c, result)
		},
		Observe: func(c history.Call) { r.saw(c); r.pacing.sent.Add(1) }, // the next one goes
	}
}
