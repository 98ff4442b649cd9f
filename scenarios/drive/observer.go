package drive

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/scenarios"
)

// An Observer hears how far runs are. Both methods may be called from several
// goroutines at a time, and hold the run up while they work.
type Observer interface {
	// Tell is told what a server's run has come to.
	Tell(Event)
	// Saw is shown each call once it is over.
	Saw(server string, c history.Call)
}

// An Event is what a run tells: what it does now, a sentence for people, or what is
// about to be sent.
type Event struct {
	Server string
	Doing  string // in a word or two, such as resting; in the end the verdict
	Say    string // in a sentence

	Plan       []history.Arrival // about to be sent, due from instant 0 on
	Limit      profiles.Limit    // that it is planned for
	Laws       promise.Promise   // or these, in place of the limit
	Begin, Now time.Duration     // when the plan begins and what time it is, on the clock of the calls
	Again      bool              // the plan comes on top of one before
	// the plan stands in place of what was left of the one before: a scenario has ended early
	Rest bool

	Stage string        // what that is, whose plan is made as it goes; empty: a load
	Calls int           // about how many are sent then; 0: nobody knows
	End   time.Duration // when the last of them is due; 0: the plan is made before
}

// A teller tells an observer of one server; where there is none, nobody.
type teller struct {
	to     Observer
	server string
}

func (t teller) tell(e Event) {
	if e.Server = t.server; t.to != nil {
		t.to.Tell(e)
	}
}

func (t teller) doing(what string) { t.tell(Event{Doing: what}) }

func (t teller) say(format string, args ...any) { t.tell(Event{Say: fmt.Sprintf(format, args...)}) }

// plan tells of the nth plan of a run, from 1.
func (t teller) plan(j *Job, plan []history.Arrival, begin, now time.Duration, n int) {
	e := Event{Plan: plan, Limit: j.Profile.Limit, Begin: begin, Now: now, Again: n > 1}
	if j.Laws != nil {
		e.Limit, e.Laws = profiles.Limit{}, scenarios.Held(j.Laws.Promise, j.load())
	}
	t.tell(e)
}

// rest tells of what is left of a plan, once a scenario of it has ended early.
func (t teller) rest(plan []history.Arrival, begin time.Duration) {
	t.tell(Event{Plan: plan, Begin: begin, Rest: true})
}

// saw is what the runner tells of every call; nil where nobody listens.
func (t teller) saw() func(history.Call) {
	if t.to == nil {
		return nil
	}
	return func(c history.Call) {
		if !target.Unopenable(&c) {
			t.to.Saw(t.server, c)
		}
	}
}
