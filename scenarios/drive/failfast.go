package drive

import (
	"errors"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/verdict"
)

// errWitness ends a run's traffic because there is a witness already.
var errWitness = errors.New("drive: the first witness was found")

// A lookout judges what has come of a plan so far, every now and then, and ends the
// traffic once that can't have come of an honest server. The run is judged when all
// replies are there, as always: the lookout only says when to stop.
type lookout struct {
	laws   promise.Promise
	config verdict.LawConfig
	clock  runner.Clock
	before []history.Call
	plan   []history.Arrival // in order of their due instants
	drain  chan struct{}     // closed by the first witness, and by whoever interrupts the run

	calls []history.Call
	over  map[asked]int
	next  time.Duration
	due   int // arrivals that are due soon, or were
	found bool
	end   sync.Once
}

// asked tells arrivals of a plan apart, as far as that matters.
type asked struct {
	due                  time.Duration
	client, method, tool string
}

func askedOf(a *history.Arrival) asked { return asked{a.Due, a.Client, a.Method, a.Tool} }

// lookOut watches a plan; interrupt, which may be nil, ends the traffic as well.
// release must be called when the traffic is over.
func (j *Job) lookOut(clock runner.Clock, before []history.Call, plan []history.Arrival, interrupt <-chan struct{}) (o *lookout, release func()) {
	o = &lookout{laws: j.Profile.Laws(), clock: clock, before: before, plan: plan, drain: make(chan struct{}), over: map[asked]int{}}
	o.config = verdict.LawConfig{Clocks: verdict.DefaultClocks(), Shared: j.shares()}
	if j.Clocks != nil {
		o.config.Clocks = *j.Clocks
	}
	if j.Laws != nil {
		laws := j.Laws.judged(j)
		o.laws, o.config = laws.Held, laws.Config(o.config)
	}
	over := make(chan struct{})
	go func() {
		select {
		case <-interrupt:
			o.stop()
		case <-over:
		}
	}()
	return o, func() { close(over) }
}

func (o *lookout) stop() { o.end.Do(func() { close(o.drain) }) }

// often is how much time lies between two looks, and lookEvery calls make it as much
// longer: each look judges everything anew.
const (
	often     = 250 * time.Millisecond
	lookEvery = 2000
)

// saw is told of every call, one at a time.
func (o *lookout) saw(c history.Call) {
	o.calls = append(o.calls, c)
	o.over[askedOf(&c.Arrival)]++
	now := o.clock.Now()
	for o.due < len(o.plan) && o.plan[o.due].Due <= now+often {
		o.due++
	}
	// A look now and then, and one when a while comes in which nothing else does.
	if o.found || now < o.next && len(o.calls) < o.due {
		return
	}
	o.next = now + often*time.Duration(1+len(o.calls)/lookEvery)
	if verdict.JudgeLaws(o.laws, o.sofar(now), o.config).Verdict == verdict.Fail {
		o.found = true
		o.stop()
	}
}

// sofar are the calls up to an instant. Those without a reply may have been decided
// already, and may have taken something.
func (o *lookout) sofar(now time.Duration) []history.Call {
	all := append(append(make([]history.Call, 0, len(o.before)+len(o.calls)), o.before...), o.calls...)
	over := make(map[asked]int, len(o.over))
	for k, n := range o.over {
		over[k] = n
	}
	for i := range o.plan {
		a := &o.plan[i]
		if a.Due > now {
			break
		}
		if k := askedOf(a); over[k] > 0 {
			over[k]--
			continue
		}
		all = append(all, history.Call{Arrival: *a, Sent: a.Due, Outcome: history.Unknown})
	}
	return all
}

// watching is the run's configuration with somebody who looks out.
func (o *lookout) watching(cfg runner.Config) runner.Config {
	cfg.Drain = o.drain
	tell := cfg.Observe
	cfg.Observe = func(c history.Call) {
		if tell != nil {
			tell(c)
		}
		o.saw(c)
	}
	return cfg
}

// ended is what ended the traffic.
func (o *lookout) ended(err error) error {
	if o.found && errors.Is(err, runner.ErrDrained) {
		return errWitness
	}
	return err
}
