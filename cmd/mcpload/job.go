package main

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
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// A job is one server to judge: the whole line from profile to findings.
type job struct {
	target.Target
	scenarios []scenarios.Scenario
	shared    bool
	clocks    *verdict.Clocks // nil: the default
	laws      *lawRun         // held to these, in place of a bucket; nil: none
	virtual   virtual.Delay   // simulated delay of a message; nil: real time, real sockets
}

// An outcome is what came of a job.
type outcome struct {
	server results.Server
	calls  []history.Call
}

// run takes the job through the whole line. A server that can't be used is
// part of the outcome, not an error.
func (j job) run(ctx context.Context, p *progress, drain <-chan struct{}) outcome {
	if j.virtual != nil {
		return j.runVirtual(ctx)
	}
	out := outcome{server: j.describe()}
	clock := runner.NewClock()
	j.Options.Now = clock.Now
	p.board.Note(j.Profile.Name, "connecting")
	beside(ctx, &j.Settle, p, j.Profile.Name)
	sessions, stop, err := j.Open(ctx)
	defer stop()
	if err != nil {
		if out.stillborn(&j, err) {
			p.board.Note(j.Profile.Name, "doesn't start")
			return out
		}
		p.board.Note(j.Profile.Name, "could not run")
		out.fail(err)
		return out
	}
	set := scenarios.Setting{Clients: sessions.Names(), Seed: j.Seed, Identity: j.Identity.Header != "",
		Disguises: j.Disguises(sessions[0].Transport(), sessions[0].Protocol())}
	trial, err := j.SettleCall(ctx, sessions[0])
	before := slices.Concat(sessions.Handshake(), j.Unopened.Calls, trial)
	out.server.Target.Call, out.server.Limit = j.LoadedWith(), j.limit()
	out.server.Target.Transport = string(sessions[0].Transport())
	out.server.Target.Protocol = sessions[0].Protocol()
	if j.Kind == target.URL {
		out.server.Target.Address = sessions[0].URL()
	}
	if err := cmp.Or(err, j.SessionsApart(sessions[0].Protocol())); err != nil {
		out.calls = append(before, sessions.Close()...)
		out.fail(err)
		return out
	}
	begin := j.quiet(clock, before, p)
	pace, fast, release := target.Fastest(clock, sessions, sessions.Target(), wire.LoopConfig{})
	l := &line{job: &j, setting: set, sessions: sessions, clock: clock, pace: pace, target: fast, release: release, progress: p, drain: drain}
	out.calls = before
	notes := l.run(ctx, begin, &out)
	out.server.Launch = j.Started()
	p.board.Note(j.Profile.Name, out.said())
	out.server.Notes = append(out.server.Notes, notes...)
	if note := unread(j.Options.Memory); note != "" {
		out.server.Notes = append(out.server.Notes, note)
	}
	if j.Unopened.Note != "" {
		out.server.Notes = append(out.server.Notes, j.Unopened.Note)
	}
	return out
}

// said is the verdict on all scenarios, in a word.
func (o *outcome) said() string {
	var all []verdict.Verdict
	for _, s := range o.server.Scenarios {
		all = append(all, s.Verdict)
	}
	return verdict.Worst(all...).String()
}

// limit is the bucket that the server is held to; of nothing where it is laws.
func (j job) limit() results.Limit {
	if j.laws != nil {
		return results.Limit{}
	}
	return results.LimitOf(j.Profile.Limit)
}

// describe is the server's part of the result document before the run.
func (j job) describe() results.Server {
	s := j.Describe()
	s.Limit, s.Promise = j.limit(), j.laws.promiseText()
	return s
}

// quiet returns when the plan may begin. A server that was used before may
// hold fewer tokens than its burst: only after burst/rate of rest is every
// honest bucket full. One that we started has spent what the handshake cost.
func (j job) quiet(clock runner.Clock, before []history.Call, p *progress) time.Duration {
	if j.laws != nil {
		if rest := j.lawRest(); rest > 0 {
			p.board.Note(j.Profile.Name, "resting")
			p.app.say("%s: resting %s first, so that any honest server has forgotten what was before", j.Profile.Name, rest.Round(100*time.Millisecond))
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
		p.board.Note(j.Profile.Name, "resting")
		p.app.say("%s: resting %s first, so that any honest bucket is full", j.Profile.Name, rest.Round(100*time.Millisecond))
	}
	return clock.Now() + rest + breath
}

// plan is every arrival of the job, from instant 0.
func (j job) plan(set scenarios.Setting) []history.Arrival {
	return slices.Collect(scenarios.Plan(j.Profile, j.scenarios, set))
}

// maxPlanned is how many calls a run may plan, for each server: they are kept in
// memory, and it takes a GB or two for that many.
const maxPlanned = 2_000_000

// fits refuses a plan that is too long, before it is made.
func (j job) fits() error {
	n := 0
	for range scenarios.Plan(j.Profile, j.scenarios, j.planned()) {
		if n++; n > maxPlanned {
			return hint.New(fmt.Errorf("at %g/s burst %d the scenarios send %s more than %d calls", j.Profile.Limit.Rate, j.Profile.Limit.Burst, j.Profile.Name, maxPlanned),
				"choose fewer with --scenario, or use mcpload load and judge its calls with mcpload verify")

		}
	}
	return nil
}

// planned is the setting of a plan that nothing is sent by, or in virtual time:
// everything is there that a transport can have.
func (j job) planned() scenarios.Setting {
	return scenarios.Setting{Clients: target.ClientNames(j.ClientCount()), Seed: j.Seed, Identity: j.Identity.Header != "",
		Disguises: j.Disguises(wire.HTTP, "2025-11-25")}
}

// fail records why the server could not be judged.
func (o *outcome) fail(err error) {
	o.server.Error, o.server.Hint = target.Explain(err)
	if dial, ok := errors.AsType[*wire.DialError](err); ok {
		o.calls = append(o.calls, dial.Calls...)
	}
}

// stillborn takes in a live server that was started and never answered. It reports
// false where an error is something else.
func (o *outcome) stillborn(j *job, err error) bool {
	f, ok := j.Stillborn(err)
	if !ok {
		return false
	}
	if dial, ok := errors.AsType[*wire.DialError](err); ok {
		o.calls = append(o.calls, dial.Calls...)
	}
	o.server.Scenarios = append(o.server.Scenarios, results.NewScenario(target.LaunchScenario, nil, []verdict.Finding{f}))
	o.server.Launch = j.Started()
	return true
}

// note tells a reader why a run ended before its plan did.
func (o *outcome) note(err error, l profiles.Limit) {
	why := "the run was interrupted; what was sent until then is judged"
	switch {
	case err == nil:
		return
	case errors.Is(err, runner.ErrGone):
		why = fmt.Sprintf("the run was ended early: %d calls in a row broke", target.GiveUp)
	}
	o.server.Notes = append(o.server.Notes, why, spent(o.calls, l))
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
	return fmt.Sprintf("the run spent %s in %s, which cost %s of the limit", words.Count(sent, "call"), max(0, last-first).Round(100*time.Millisecond), tokens)
}
