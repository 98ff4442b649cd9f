package drive

import (
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// A course is a plan as it is sent. It knows what was handed out and what came of it, and
// ends scenarios early whose answers show already what the rest of them is for: so the same
// seed and answers give the same calls.
type course struct {
	job      *Job
	list     []scenarios.Scenario
	setting  scenarios.Setting
	attempts map[string]int    // by label, how often it was tried before
	plan     []history.Arrival // of the job's part, from instant 0, as long as it may be
	laws     scenarios.LawPlan // where the job is held to laws
	begin    time.Duration
	before   []history.Call
	changed  func(rest []history.Arrival) // told what is left of the plan when a scenario has ended early

	mu    sync.Mutex // guards what follows
	sent  []history.Arrival
	calls []history.Call
	said  []bool // what was answered each time it was asked if a scenario is over
}

// settledAfter is how long before a question an answer must have been there to count: one
// that comes at the same time may or may not be known by then.
const settledAfter = 50 * time.Millisecond

// mostLooked is the most calls on which it is asked if a scenario is over: more take longer
// to judge than there is time between two of them.
const mostLooked = 2000

// course is the traffic of some scenarios from an instant on, after some calls.
func (j *Job) course(list []scenarios.Scenario, set scenarios.Setting, begin time.Duration,
	before []history.Call) *course {
	c := &course{job: j, list: list, setting: set, begin: begin, before: before, attempts: history.LastAttempts(before)}
	if j.Laws != nil {
		c.laws = j.LawPlan(set.Clients)
		c.plan = c.laws.Arrivals
		for i := range c.plan {
			if n := c.attempts[c.plan[i].Label]; n > 0 {
				c.plan[i].Attempt = n + 1
			}
		}
	} else {
		c.plan = slices.Collect(c.planned(nil))
	}
	c.plan = j.Own(c.plan)
	return c
}

// planned is every arrival of the scenarios from instant 0, each numbered by how often it
// was tried before.
func (c *course) planned(over func(scenarios.Scenario, time.Duration) bool) iter.Seq[history.Arrival] {
	set := c.setting
	set.Over = over
	return func(yield func(history.Arrival) bool) {
		for a := range scenarios.Plan(c.job.Profile, c.list, set) {
			if n := c.attempts[a.Label]; n > 0 {
				a.Attempt = n + 1
			}
			if !yield(a) {
				return
			}
		}
	}
}

// arrivals hands the plan out, due on the clock of the calls.
func (c *course) arrivals() iter.Seq[history.Arrival] {
	plan := slices.Values(c.plan)
	if c.job.Laws == nil && c.job.Part.Whole() {
		plan = c.planned(c.over)
	}
	return func(yield func(history.Arrival) bool) {
		for a := range plan {
			a.Due += c.begin
			c.mu.Lock()
			c.sent = append(c.sent, a)
			c.mu.Unlock()
			if !yield(a) {
				return
			}
		}
	}
}

// saw takes in what came of a call.
func (c *course) saw(call history.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, call)
}

// watched is a run's configuration that tells the course of every call.
func (c *course) watched(cfg runner.Config) runner.Config {
	tell := cfg.Observe
	cfg.Observe = func(call history.Call) {
		if tell != nil {
			tell(call)
		}
		c.saw(call)
	}
	return cfg
}

// over reports if a scenario is, by the answers that are there when its call is sent that is
// due at an instant of the plan.
func (c *course) over(s scenarios.Scenario, due time.Duration) bool {
	is := c.shows(s, c.begin+due-settledAfter)
	c.mu.Lock()
	c.said = append(c.said, is)
	c.mu.Unlock()
	if is && c.changed != nil {
		c.changed(c.left(due))
	}
	return is
}

func (c *course) shows(s scenarios.Scenario, by time.Duration) bool {
	calls := c.sofar(by)
	if len(calls) > mostLooked {
		return false
	}
	cfg := verdict.Config{Shared: c.job.shares(), Clocks: c.job.Clocks}
	court := verdict.NewCourt(c.job.Profile.Terms(), calls, cfg)
	return s.Shown(court.Trial(s.Name), c.setting.AskedPrecision())
}

// left is what the plan has after an instant, if no scenario ends early any more.
func (c *course) left(after time.Duration) []history.Arrival {
	said := slices.Clone(c.said)
	var rest []history.Arrival
	for a := range c.planned(func(scenarios.Scenario, time.Duration) bool {
		if len(said) == 0 {
			return false
		}
		is := said[0]
		said = said[1:]
		return is
	}) {
		if a.Due > after {
			rest = append(rest, a)
		}
	}
	return rest
}

// sofar are the calls up to an instant. Those without a reply by then may have been decided
// already, and may have taken something.
func (c *course) sofar(by time.Duration) []history.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := append(make([]history.Call, 0, len(c.before)+len(c.sent)), c.before...)
	answered := make(map[asked]int, len(c.calls))
	for i := range c.calls {
		if c.calls[i].Received > by {
			continue
		}
		all = append(all, c.calls[i])
		answered[askedOf(&c.calls[i].Arrival)]++
	}
	for i := range c.sent {
		a := &c.sent[i]
		if k := askedOf(a); answered[k] > 0 {
			answered[k]--
		} else if a.Due <= by+settledAfter {
			all = append(all, history.Call{Arrival: *a, Sent: a.Due, Outcome: history.Unknown})
		}
	}
	return all
}

// soon is how many calls were due by an instant, of those that were handed out.
func (c *course) soon(by time.Duration) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.sent)
	for n > 0 && c.sent[n-1].Due > by {
		n--
	}
	return n
}
