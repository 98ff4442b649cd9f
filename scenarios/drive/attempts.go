package drive

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// maxAttempts is how often a scenario is tried: a stall that comes each time is
// no accident.
const maxAttempts = 3

// A line is what a job's traffic goes through: all its scenarios once, and then
// those again that something spoilt, such as a pause of our own machine. What
// was spoilt stays in the history and is judged like everything else, since a
// limiter has a memory and a witness is a witness; only what could not be told
// is asked again.
type line struct {
	job      *Job
	setting  scenarios.Setting
	sessions target.Sessions
	clock    runner.Clock  // of all calls
	pace     runner.Clock  // that the sender waits on
	target   runner.Target // that carries calls
	release  func()        // frees what carries them
	tell     teller
	drain    <-chan struct{}
	ear      *listening // on every answer; nil: none

	clients []*target.Clients
	ended   bool // before its plan did
}

// run sends everything from an instant on, and judges it. It ends the sessions, and
// returns what they have to tell.
func (l *line) run(ctx context.Context, begin time.Duration, out *Outcome) (notes []string) {
	list, last := parted(l.job.Scenarios)
	for n := 1; len(list) > 0; n++ {
		c := l.course(list, begin, out.Calls)
		l.tell.plan(l.job, c.plan, begin, l.clock.Now(), n)
		err := l.send(ctx, c, out)
		l.tell.doing("judging")
		l.ended = err != nil
		out.note(err, l.job.Profile.Limit)
		if !l.job.Part.Whole() || l.job.Laws != nil && !l.job.Laws.again(n, c.laws.Length) {
			break
		}
		so := *out
		so.judge(*l.job)
		spoilt := so.spoilt(*l.job, list)
		if err != nil || n == maxAttempts || len(spoilt) == 0 {
			break
		}
		list = l.again(spoilt, out)
		begin = l.rested(out.Calls)
		for _, s := range spoilt {
			begin = max(begin, l.clock.Now()+s.rest)
		}
	}
	l.finish(ctx, last, begin, out)
	notes = l.close(out)
	out.judge(*l.job)
	l.ear.close(l.job, out)
	return notes
}

// parted takes out of scenarios those that nothing can follow.
func parted(list []scenarios.Scenario) (rest, last []scenarios.Scenario) {
	for _, s := range list {
		if s.Last {
			last = append(last, s)
		} else {
			rest = append(rest, s)
		}
	}
	return rest, last
}

// finish sends what nothing can follow, unless the run ended before.
func (l *line) finish(ctx context.Context, last []scenarios.Scenario, begin time.Duration, out *Outcome) {
	if len(last) == 0 || ctx.Err() != nil || l.ended {
		return
	}
	if len(last) < len(l.job.Scenarios) {
		begin = l.rested(out.Calls)
	}
	c := l.course(last, begin, out.Calls)
	l.tell.plan(l.job, c.plan, begin, l.clock.Now(), 1)
	out.note(l.send(ctx, c, out), l.job.Profile.Limit)
}

// close ends all sessions: what that sends may be charged too, and so belongs to the
// history. It returns what the sessions have to tell.
func (l *line) close(out *Outcome) (notes []string) {
	notes = append(l.sessions.Notes(), l.job.Ended()...)
	for _, t := range l.clients {
		t.Close()
	}
	l.release()
	out.Calls = slices.Concat(out.Calls, l.job.CloseAll(l.sessions))
	all := slices.Clone(l.sessions)
	for _, t := range l.clients {
		out.Calls = append(out.Calls, t.Asides()...)
		all = append(all, t.Late()...)
	}
	return append(notes, all.Behind()...)
}

// course is the traffic of some scenarios, after some calls, from an instant on.
func (l *line) course(list []scenarios.Scenario, begin time.Duration, before []history.Call) *course {
	c := l.job.course(list, l.setting, begin, before)
	c.changed = func(rest []history.Arrival) { l.tell.rest(rest, begin) }
	if l.job.Laws != nil {
		l.job.Laws.epoch = runner.Began(l.clock)
		l.tell.say("%s", l.job.AnnounceLaws(c.laws))
	} else if n := len(c.plan); n > 0 && len(l.clients) == 0 && c.plan[n-1].Due >= time.Second {
		l.tell.say("%s in %s at most", words.Count(n, "call"),
			promise.Span(c.plan[n-1].Due.Round(100*time.Millisecond)))
	}
	return c
}

// send sends a course, and puts what came of it into the outcome. Each course has
// sessions of its own that come in disguise.
func (l *line) send(ctx context.Context, c *course, out *Outcome) error {
	clients := target.NewClients(&l.job.Target, l.sessions, l.target)
	l.clients = append(l.clients, clients)
	giveUp := target.GiveUp
	if !l.job.Part.Whole() {
		giveUp = 0 // the others go on as well
	}
	ended := func(err error) error { return err }
	cfg := c.watched(runner.Config{GiveUp: giveUp, Odd: oddForm, Drain: l.drain, Observe: l.tell.saw()})
	if l.job.FailFast {
		look, release := l.job.lookOut(l.clock, c, l.drain)
		defer release()
		cfg, ended = look.watching(cfg), look.ended
	}
	calls, err := runner.Run(ctx, l.pace, clients, c.arrivals(), cfg)
	err = ended(err)
	clients.EndExtra()
	out.Calls = slices.Concat(out.Calls, target.Opened(calls), clients.Handshakes())
	l.sessions.Amend(out.Calls)
	return err
}

// A spoilt scenario could not be judged, and something disturbed it.
type spoilt struct {
	scenario scenarios.Scenario
	why      string
	rest     time.Duration // before another attempt, beyond what fills the bucket
}

// spoilt lists those of some scenarios that are worth another attempt: what could
// not be told, and was disturbed itself or in a run of which another scenario
// was, since some checks ask the whole run; and what failed, where that may be one
// step of the server's clock.
func (o *Outcome) spoilt(j Job, list []scenarios.Scenario) []spoilt {
	court := j.judged().Court(o.Calls)
	elsewhere := ""
	for _, s := range list {
		if why := court.Trial(s.Name).Disturbance(); why != "" && elsewhere == "" {
			elsewhere = fmt.Sprintf("%s in %s", why, s.Name)
		}
	}
	var again []spoilt
	for _, s := range list {
		at := slices.IndexFunc(o.Server.Scenarios, func(r results.Scenario) bool { return r.Scenario == s.Name })
		if at < 0 || s.Once || o.Server.Scenarios[at].Verdict == verdict.Pass {
			continue
		}
		why := ""
		if o.Server.Scenarios[at].Verdict == verdict.Inconclusive {
			why = cmp.Or(court.Trial(s.Name).Disturbance(), elsewhere)
		}
		rest := time.Duration(0)
		if why == "" {
			// Else what a step does to one attempt is done to the next.
			why, rest = o.stepped(j, court, o.Server.Scenarios[at].Findings), verdict.MostClockStep
		}
		if why != "" {
			again = append(again, spoilt{s, why, rest})
		}
	}
	return again
}

// stepped says why what failed is worth another attempt: one step of the server's clock would
// explain all of it, and a fault shows again. Empty where none would, and of a mock, whose
// clock nobody sets.
func (o *Outcome) stepped(j Job, court *verdict.Court, findings []results.Finding) string {
	if j.Kind == target.Mock || j.FailFast {
		return ""
	}
	if slices.ContainsFunc(findings, func(f results.Finding) bool { return f.Next == verdict.OnceTooShort }) {
		return "as one refusal asked for too short a wait, and who always does shows it again"
	}
	if court.ByCoarseClock() {
		return "" // it shows again, and proves nothing
	}
	if court.MayTick() {
		return "as tokens that come one at a time, by a clock of the limiter's own, would explain what is wrong"
	}
	if step, ok := court.Step(); ok {
		return "as " + step.String() + ", would explain what is wrong"
	}
	return ""
}

// again says what is repeated and why, and returns it.
func (l *line) again(spoilt []spoilt, out *Outcome) []scenarios.Scenario {
	var list []scenarios.Scenario
	for _, s := range spoilt {
		sentence := fmt.Sprintf("%s: repeated, %s", s.scenario.Name, s.why)
		l.tell.say("%s", sentence)
		out.Server.Notes = append(out.Server.Notes, sentence)
		list = append(list, s.scenario)
	}
	return list
}

// rested is when every honest bucket is full again: after burst/rate, and the
// time that brings a token for each call that may be decided only now.
func (l *line) rested(calls []history.Call) time.Duration {
	open := 0
	for i := range calls {
		if o := calls[i].Outcome; o == history.TimedOut || o == history.Broken || o == history.Unknown ||
			o == history.ClosedIdle {
			open++
		}
	}
	if l.job.Laws != nil {
		l.tell.doing("resting")
		return l.clock.Now() + l.job.Laws.forgotten() + breath
	}
	limit := l.job.Profile.Limit
	rest := float64(limit.Burst+min(open, limit.Burst)) / limit.Rate
	l.tell.doing("resting")
	return l.clock.Now() + time.Duration(rest*1e9) + breath
}

// breath is a little time before a plan begins.
const breath = 20 * time.Millisecond

// judge fills in the findings of every scenario.
func (o *Outcome) judge(j Job) {
	if j.Laws != nil {
		o.Server.Setting = j.recorded() // only now is it known when the history began
	}
	o.Calls = judge.Server(&o.Server, j.judged(), o.Calls)
}

// judged is under what the job's calls are judged.
func (j *Job) judged() verdict.Setting {
	set := verdict.Setting{Terms: j.Profile.Terms(), Config: verdict.Config{Shared: j.shares(), Clocks: j.Clocks,
		Steady: j.Kind == target.Mock}}
	if j.Laws == nil {
		set.Questions = scenarios.Questions(j.Scenarios)
		return set
	}
	set.Config.Laws = j.Laws.judged(j)
	set.Questions = []verdict.Question{scenarios.LawQuestion(j.Scenarios[0], set.Config.Laws)}
	return set
}
