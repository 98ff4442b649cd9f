package drive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// A Job is one server to judge.
type Job struct {
	target.Target
	Scenarios []scenarios.Scenario
	Shared    bool            // others may use the server meanwhile: judge over-admission only
	Clocks    *verdict.Clocks // nil: the default
	Demands   []string        // on latency, as they were given; the scenarios' checks hold them
	Listen    bool            // hold each answer to the specification as well; see Conform
	FailFast  bool            // end the traffic at the first witness
	Laws      *Laws           // held to these, in place of a bucket; nil: none
	// the least error of the rate that the plan is to show, as a part of it; 0: scenarios.DefaultPrecision
	Precision float64
	Audit     *Audit        // what is tried beside the scenarios; nil: nothing
	Virtual   virtual.Delay // simulated delay of a message; nil: real time, real sockets
	// it is judged when those before it have been, and their tokens are back: they are the same server
	InTurn bool
	Start  runner.Start // when the plan begins, where others begin theirs with it; nil: once the server is ready
}

// An Outcome is what came of a job.
type Outcome struct {
	Server   results.Server
	Calls    []history.Call
	unspoken bool // the server doesn't speak the revision that it was asked for
	unfit    bool // what is promised has no meaning in that revision
}

// Run takes the job through the whole line. A server that can't be used is
// part of the outcome, not an error.
func (j Job) Run(ctx context.Context, o Observer, drain <-chan struct{}) Outcome {
	if j = j.charged(); j.Virtual != nil {
		return j.runVirtual(ctx, teller{o, j.Profile.Name})
	}
	out := Outcome{Server: j.Describe()}
	clock := runner.NewClock()
	j.Options.Now, j.Options.Hear = clock.Now, j.Listen
	tell := teller{o, j.Profile.Name}
	tell.doing("connecting")
	if j.Settle.Note == nil {
		j.Settle.Note = tell.doing
	}
	sessions, stop, err := j.Open(ctx)
	defer stop()
	if err != nil {
		if out.stillborn(&j, err) {
			tell.doing("doesn't start")
			return out
		}
		tell.doing("could not run")
		out.fail(err)
		return out
	}
	set := scenarios.Setting{Clients: j.everybody(sessions), Seed: j.Seed, Varied: true, Precision: j.Precision,
		Identity:  j.Identity.Header != "",
		Disguises: j.Disguises(sessions[0].Transport(), sessions[0].Protocol())}
	trial, err := j.SettleCall(ctx, sessions[0])
	before := slices.Concat(sessions.Handshake(), j.Unopened.Calls, trial)
	begin, apart := time.Duration(0), j.SessionsApart(sessions[0].Protocol())
	if j.Laws != nil && err == nil && apart == nil {
		before, err = j.meetLaws(ctx, sessions[0], before, trial, tell, &out.Server)
	}
	out.met(&j, sessions[0])
	if err = cmp.Or(err, j.lacks(sessions), apart); err == nil {
		begin, err = j.starts(ctx, clock, j.quiet(clock, before, tell))
	}
	if err != nil {
		out.Calls = append(before, j.CloseAll(sessions)...)
		out.fail(err)
		out.unfit = j.InTurn && err == apart
		return out
	}
	if j.Audit != nil {
		audit := *j.Audit // which other jobs may share
		audit.Others, j.Audit = j.Harmless(sessions[0]), &audit
		j.sayAudit(j.AddAudit(sessions[0].Transport()), tell, &out)
	}
	ear := j.listens(sessions)
	pace, fast, release := target.Fastest(clock, sessions, ear.target(sessions), ear.config())
	l := &line{job: &j, setting: set, sessions: sessions, clock: clock, pace: pace, target: fast, release: release,
		tell: tell, drain: drain, ear: ear}
	out.Calls = before
	out.Server.Shard = j.sharded(clock, begin)
	notes := l.run(ctx, begin, &out)
	Sent(out.Server.Shard, clock)
	out.Server.Launch = j.Started()
	tell.doing(out.Said())
	out.Server.Notes = slices.Concat(out.Server.Notes, notes, PartNote(out.Server.Shard), j.remarks())
	return out
}

// charged is the job with a call that costs something, where nobody said what does.
func (j Job) charged() Job {
	if j.Laws == nil {
		j.Profile, j.Mock.Profile = j.Profile.Charged(), j.Mock.Profile.Charged()
	}
	return j
}

// remarks are what is to be said of our own part in a run.
func (j *Job) remarks() (notes []string) {
	for _, note := range []string{target.Unread(j.Options.Memory), j.Unopened.Note} {
		if note != "" {
			notes = append(notes, note)
		}
	}
	return notes
}

// met writes down who was met, and what is asked of it.
func (o *Outcome) met(j *Job, s *wire.Session) {
	t := &o.Server.Target
	t.Call, o.Server.Limit, o.Server.Setting = j.LoadedWith(), j.limit(), j.recorded()
	t.Transport, t.Protocol = string(s.Transport()), s.Protocol()
	if j.Kind == target.URL {
		t.Address = s.URL()
	}
	if note := target.Eras(&j.Target, s); note != "" {
		o.Server.Notes = append(o.Server.Notes, note)
	}
}

// Said is the verdict on all scenarios, in a word.
func (o *Outcome) Said() string {
	var all []verdict.Verdict
	for _, s := range o.Server.Scenarios {
		all = append(all, s.Verdict)
	}
	return verdict.Worst(all...).String()
}

// limit is the bucket that the server is held to; of nothing where it is laws.
func (j Job) limit() results.Limit {
	if j.Laws != nil {
		return results.Limit{}
	}
	return results.LimitOf(j.Profile.Limit)
}

// recorded is what the verdicts rest on beside the calls, as documents have it.
func (j *Job) recorded() *results.Setting {
	set := verdict.Setting{Terms: j.Profile.Terms(), Config: verdict.Config{Shared: j.shares()}}
	if j.Laws != nil {
		set.Terms.Limit.Presumed = false
	}
	r := judge.Recorded(set, j.Laws != nil && j.Identity.Header != "", j.Demands)
	if j.Laws == nil {
		return r
	}
	return judge.WithLaws(r, j.Laws.judged(j))
}

// Describe is the server's part of the result document before the run.
func (j *Job) Describe() results.Server {
	s := j.Target.Describe()
	s.Limit, s.Promise, s.Setting = j.limit(), j.Laws.promiseText(), j.recorded()
	if j.Laws != nil {
		s.PromiseSource = j.Laws.Source
	}
	return s
}

// quiet returns when the plan may begin. A server that was used before may
// hold fewer tokens than its burst: only after burst/rate of rest is every
// honest bucket full. One that we started has spent what the handshake cost.
func (j Job) quiet(clock runner.Clock, before []history.Call, tell teller) time.Duration {
	if j.Laws != nil {
		if rest := j.lawRest(); rest > 0 {
			tell.doing("resting")
			tell.say("resting %s first, so that any honest server has forgotten what was before",
				rest.Round(100*time.Millisecond))
		}
		return clock.Now() + j.lawRest() + breath
	}
	l := j.Profile.Limit
	spent := 0.0
	for _, c := range before {
		_, most := verdict.Cost(&l, &c)
		spent += float64(most)
	}
	if j.Kind == target.URL && len(j.Launch) == 0 {
		spent = float64(l.Burst)
	}
	rest := time.Duration(min(spent, float64(l.Burst)) / l.Rate * 1e9)
	if rest > 500*time.Millisecond && j.Kind == target.URL {
		tell.doing("resting")
		tell.say("resting %s first, so that any honest bucket is full", rest.Round(100*time.Millisecond))
	}
	return clock.Now() + rest + breath
}

// Plan is every arrival of the job, from instant 0.
func (j Job) Plan(set scenarios.Setting) []history.Arrival {
	if j.Laws != nil {
		return j.LawPlan(set.Clients).Arrivals
	}
	return slices.Collect(scenarios.Plan(j.Profile, j.Scenarios, set))
}

// maxPlanned is how many calls a run may plan, for each server: they are kept in
// memory, and it takes a GB or two for that many.
const maxPlanned = 2_000_000

// Complete makes of a job that is held to laws what follows from them: no bucket is held
// against its server, and a mock keeps them. Sessions are had where they are needed.
func (j *Job) Complete() {
	if j.Laws != nil {
		j.Profile.Limit, j.Mock.Laws = judge.Permissive(), true
	}
	j.TakesSessions()
}

// Fits refuses a plan that is too long, before it is made. The job is complete by then, and is
// as it was, but for what the last plan of its laws left out.
func (j *Job) Fits() error {
	switch {
	case j.Laws == nil:
	case j.Laws.Headers:
		return nil // what isn't known yet is looked at once it is
	default:
		return j.fitsLaws(false)
	}
	n := 0
	for range scenarios.Plan(j.Profile, j.Scenarios, j.Planned()) {
		if n++; n > maxPlanned {
			return hint.New(fmt.Errorf("at %g/s burst %d the scenarios send %s more than %d calls",
				j.Profile.Limit.Rate, j.Profile.Limit.Burst, j.Profile.Name, maxPlanned),
				"choose fewer with --scenario, or use mcpload load and judge its calls with mcpload verify")
		}
	}
	return nil
}

// Planned is the setting of a plan that nothing is sent by, or in virtual time:
// everything is there that a transport can have.
func (j Job) Planned() scenarios.Setting {
	return scenarios.Setting{Clients: target.ClientNames(j.ClientCount()), Seed: j.Seed, Varied: j.Virtual == nil,
		Precision: j.Precision,
		Identity:  j.Identity.Header != "",
		Disguises: j.Disguises(wire.HTTP, j.revisionPlanned())}
}

// revisionPlanned is the revision that a plan is made for that nothing is sent by: the
// job's own where it is one in turn, else the last that has everything.
func (j Job) revisionPlanned() string {
	if j.InTurn {
		return j.Options.Protocol
	}
	return revision.R2511
}

// fail records why the server could not be judged.
func (o *Outcome) fail(err error) {
	o.Server.Error, o.Server.Hint = target.Explain(err)
	if dial, ok := errors.AsType[*wire.DialError](err); ok {
		o.Calls = append(o.Calls, dial.Calls...)
		o.unspoken = dial.Kind == wire.Protocol || dial.Kind == wire.NotFound
	}
}

// stillborn takes in a live server that was started and never answered. It reports
// false where an error is something else.
func (o *Outcome) stillborn(j *Job, err error) bool {
	f, ok := j.Stillborn(err)
	if !ok {
		return false
	}
	if dial, ok := errors.AsType[*wire.DialError](err); ok {
		o.Calls = append(o.Calls, dial.Calls...)
	}
	o.Server.Scenarios = append(o.Server.Scenarios, results.NewScenario(target.LaunchScenario, nil,
		[]verdict.Finding{f}))
	o.Server.Launch = j.Started()
	return true
}

// note tells a reader why a run ended before its plan did.
func (o *Outcome) note(err error, l profiles.Limit) {
	why := results.InterruptedRun + "; what was sent until then is judged"
	switch {
	case err == nil:
		return
	case errors.Is(err, errWitness):
		why = "the run was ended at the first witness, as --fail-fast asks; what was sent until then is judged"
	case errors.Is(err, runner.ErrGone):
		why = fmt.Sprintf("the run was ended early: %d calls in a row broke", target.GiveUp)
	}
	o.Server.Notes = append(o.Server.Notes, why, spent(o.Calls, l))
}

// spent says what a run that didn't come to its end has cost the server.
func spent(calls []history.Call, l profiles.Limit) string {
	sent, least, most := 0, 0, 0
	first, last := time.Duration(math.MaxInt64), time.Duration(0)
	for _, c := range calls {
		if c.Outcome == history.Unsent {
			continue
		}
		sent++
		first, last = min(first, c.Sent), max(last, c.Received)
		if lo, hi := l.Cost(c.Method); c.Outcome == history.OK {
			least, most = least+lo, most+hi
		} else if c.Outcome != history.Limited {
			most += hi
		}
	}
	tokens := words.Count(most, "token")
	if least != most {
		tokens = fmt.Sprintf("%d to %d tokens", least, most)
	}
	return fmt.Sprintf("the run spent %s in %s, which cost %s of the limit", words.Count(sent, "call"),
		max(0, last-first).Round(100*time.Millisecond), tokens)
}
