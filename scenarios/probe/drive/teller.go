package drive

import (
	"cmp"
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// A teller tells an observer of one server; where there is none, nobody.
type teller struct {
	to     drive.Observer
	server string
}

func (t teller) tell(e drive.Event) {
	if t.to != nil {
		t.to.Tell(e)
	}
}

// say says a sentence that isn't of one server among several: there is one.
func (t teller) say(text string) { t.tell(drive.Event{Say: text}) }

// begins tells what a probe may spend.
func (t teller) begins(j *Job, now time.Duration) {
	calls, most := cmp.Or(j.Budget.Calls, probe.DefaultCalls), cmp.Or(j.Budget.Time, probe.DefaultTime)
	t.say(fmt.Sprintf("probing %s with %s, at most %d calls in %s (--budget changes that)", j.Profile.Name,
		j.CallWords(),
		calls, promise.Span(most)))
	t.tell(drive.Event{Server: t.server, Stage: Stage, Now: now, Calls: calls, End: now + most})
}

// saw is what the runner tells of every call; nil where nobody listens.
func (t teller) saw() func(history.Call) {
	if t.to == nil {
		return nil
	}
	return func(c history.Call) { t.to.Saw(t.server, c) }
}
