package drive

import (
	"errors"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/verdict"
)

// errWitness ends a run's traffic because there is a witness already.
var errWitness = errors.New("drive: the first witness was found")

// A lookout judges what has come of a course so far, every now and then, and ends the
// traffic once that can't have come of an honest server. The run is judged when all
// replies are there, as always: the lookout only says when to stop.
type lookout struct {
	laws   promise.Promise
	config verdict.LawConfig
	clock  runner.Clock
	course *course
	drain  chan struct{} // closed by the first witness, and by whoever interrupts the run

	answers int
	next    time.Duration
	found   bool
	end     sync.Once
}

// asked tells arrivals of a plan apart, as far as that matters.
type asked struct {
	due                  time.Duration
	client, method, tool string
}

func askedOf(a *history.Arrival) asked { return asked{a.Due, a.Client, a.Method, a.Tool} }

// lookOut watches a course; interrupt, which may be nil, ends the traffic as well.
// release must be called when the traffic is over.
func (j *Job) lookOut(clock runner.Clock, c *course, interrupt <-chan struct{}) (o *lookout, release func()) {
	o = &lookout{laws: j.Profile.Laws(), clock: clock, course: c, drain: make(chan struct{})}
	o.config = verdict.LawConfig{Clocks: verdict.DefaultClocks(), Shared: j.shares()}
	if j.Clocks != nil {
		o.config.Clocks = *j.Clocks
	}
	if coarse, ok := o.config.Clocks.Coarser(); ok && j.Kind != target.Mock {
		o.config.Clocks = coarse
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

// saw is told of every call, one at a time, when the course knows of it.
func (o *lookout) saw() {
	o.answers++
	now := o.clock.Now()
	// A look now and then, and one when a while comes in which nothing else does.
	if o.found || now < o.next && o.answers < o.course.soon(now+often) {
		return
	}
	o.next = now + often*time.Duration(1+o.answers/lookEvery)
	if verdict.JudgeLaws(o.laws, o.course.sofar(now), o.config).Verdict == verdict.Fail {
		o.found = true
		o.stop()
	}
}

// watching is the run's configuration with somebody who looks out.
func (o *lookout) watching(cfg runner.Config) runner.Config {
	cfg.Drain = o.drain
	tell := cfg.Observe
	cfg.Observe = func(c history.Call) {
		tell(c)
		o.saw()
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
