package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// A kind says where a server comes from.
type kind string

const (
	kindMock    kind = "mock"
	kindURL     kind = "url"
	kindCommand kind = "command"
)

// A job is one server to judge: the whole line from profile to findings.
type job struct {
	profile   profiles.Profile
	kind      kind
	options   wire.Options
	mock      mock.Config
	dirs      []string // folders of the user's profiles, for a mock in a process of its own
	launch    []string // a command to start before dialling the URL
	live      *living  // a server of the profile's recipe to install and start; nil: none
	scenarios []scenarios.Scenario
	seed      uint64
	shared    bool
	call      results.Call    // what it is loaded with, where nobody named it
	settle    settling        // how it comes to that call
	unopened  unopened        // sessions that could not be opened
	clocks    *verdict.Clocks // nil: the default
	laws      *lawRun         // held to these, in place of a bucket; nil: none
	clients   int             // how many sessions a run opens, where the transport has several
	identity  clientHeader    // what tells clients apart besides their sessions
	virtual   virtual.Delay   // simulated delay of a message; nil: real time, real sockets
}

// aim decides where the job's server comes from.
func (j *job) aim(f *targetFlags, command []string) error {
	launch := j.profile.Launch
	switch {
	case f.url != "":
		j.kind, j.options.URL, j.launch = kindURL, f.url, command
		if f.transport == "stdio" || f.transport == "inprocess" {
			return fmt.Errorf("--transport %s has no --url", f.transport)
		}
	case len(command) > 0:
		j.kind, j.options.Command, j.options.Transport = kindCommand, command, wire.Stdio
		if f.transport != "auto" && f.transport != "stdio" {
			return hinted{fmt.Errorf("a command is spoken to over stdio, not %s", f.transport), "give the --url that it serves as well"}
		}
	case f.live:
		return j.aimLive(f)
	default:
		j.kind = kindMock
		if f.transport == "auto" {
			j.options.Transport = wire.HTTP
		}
		if j.profile.Limit.Scope == profiles.Client && f.protocol == "auto" {
			j.options.Protocol = "2025-11-25" // the newest revision whose sessions tell clients apart
		}
	}
	if launch.Transport != "" && j.options.Transport == wire.Auto && launch.Transport != "stdio" && j.kind != kindURL {
		j.options.Transport = wire.Transport(launch.Transport)
	}
	return nil
}

// aimLive takes the profile's own launch command.
func (j *job) aimLive(f *targetFlags) error {
	l := j.profile.Launch
	if len(l.Command) == 0 {
		return hinted{fmt.Errorf("the profile of %s has no launch command", j.profile.Name), l.Note}
	}
	j.kind, j.live = kindCommand, &living{}
	j.options.Transport = wire.Transport(l.Transport)
	if l.Transport == "stdio" {
		return nil
	}
	if err := loopbackHost(l.Host); err != nil {
		return fmt.Errorf("the profile of %s: %w", j.profile.Name, err)
	}
	j.options.URL = "http://" + net.JoinHostPort(l.Host, strconv.Itoa(l.Port)) + l.Path // with another port, where it takes any
	return nil
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
	j.options.Now = clock.Now
	p.board.Note(j.profile.Name, "connecting")
	j.settle.beside(ctx, p, j.profile.Name)
	sessions, stop, err := j.open(ctx, clock)
	defer stop()
	if err != nil {
		if out.stillborn(&j, err) {
			p.board.Note(j.profile.Name, "doesn't start")
			return out
		}
		p.board.Note(j.profile.Name, "could not run")
		out.fail(err)
		return out
	}
	set := scenarios.Setting{Clients: sessions.names(), Seed: j.seed, Identity: j.identity.name != "",
		Disguises: j.disguises(sessions[0].Transport(), sessions[0].Protocol())}
	trial, err := j.settleCall(ctx, sessions[0])
	before := slices.Concat(sessions.handshake(), j.unopened.calls, trial)
	out.server.Target.Call, out.server.Limit = j.loadedWith(), j.limit()
	out.server.Target.Transport = string(sessions[0].Transport())
	out.server.Target.Protocol = sessions[0].Protocol()
	if j.kind == kindURL {
		out.server.Target.Address = sessions[0].URL()
	}
	if err := cmp.Or(err, j.sessionsApart(sessions[0].Protocol())); err != nil {
		out.calls = append(before, sessions.close()...)
		out.fail(err)
		return out
	}
	begin := j.quiet(clock, before, p)
	pace, target, release := fastest(clock, sessions, sessions.target(), wire.LoopConfig{})
	l := &line{job: &j, setting: set, sessions: sessions, clock: clock, pace: pace, target: target, release: release, progress: p, drain: drain}
	out.calls = before
	notes := l.run(ctx, begin, &out)
	out.server.Launch = j.live.record(j.profile)
	p.board.Note(j.profile.Name, out.said())
	out.server.Notes = append(out.server.Notes, notes...)
	if note := unread(j.options.Memory); note != "" {
		out.server.Notes = append(out.server.Notes, note)
	}
	if j.unopened.note != "" {
		out.server.Notes = append(out.server.Notes, j.unopened.note)
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

// giveUp is how many calls in a row must break for the server to be gone.
const giveUp = 25

// limit is the bucket that the server is held to; of nothing where it is laws.
func (j job) limit() results.Limit {
	if j.laws != nil {
		return results.Limit{}
	}
	return results.LimitOf(j.profile.Limit)
}

// describe is the server's part of the result document before the run.
func (j job) describe() results.Server {
	return results.Server{
		Server:   j.profile.Name,
		Target:   results.Target{Kind: string(j.kind), Transport: string(j.options.Transport), Protocol: j.options.Protocol, Call: j.loadedWith()},
		Limit:    j.limit(),
		Promise:  j.laws.promiseText(),
		Observed: results.ObservedOf(j.profile.Observed),
	}
}

// knowsTool refuses a tool that the server doesn't have, before any load.
func (j job) knowsTool(s *wire.Session) error {
	tool := j.profile.Call.Tool
	tools := s.Tools()
	if tool == "" || len(tools) == 0 {
		return nil
	}
	for _, name := range tools {
		if name == tool {
			return nil
		}
	}
	for i := range tools {
		tools[i] = strings.Map(visible, tools[i])
	}
	return hinted{fmt.Errorf("the server has no tool %q", tool), "name one of its own with --tool: " + firstFew(tools)}
}

func firstFew(names []string) string {
	s := ""
	for i, name := range names {
		if i == 8 {
			return fmt.Sprintf("%s and %d more", s, len(names)-i)
		}
		if i > 0 {
			s += ", "
		}
		s += name
	}
	return s
}

// quiet returns when the plan may begin. A server that was used before may
// hold fewer tokens than its burst: only after burst/rate of rest is every
// honest bucket full. One that we started has spent what the handshake cost.
func (j job) quiet(clock runner.Clock, before []history.Call, p *progress) time.Duration {
	if j.laws != nil {
		if rest := j.lawRest(); rest > 0 {
			p.board.Note(j.profile.Name, "resting")
			p.app.say("%s: resting %s first, so that any honest server has forgotten what was before", j.profile.Name, rest.Round(100*time.Millisecond))
		}
		return clock.Now() + j.lawRest() + breath
	}
	l := j.profile.Limit
	spent := 0.0
	for _, c := range before {
		_, most := verdict.Cost(&l, &c)
		spent += float64(most)
	}
	if j.kind == kindURL && len(j.launch) == 0 {
		spent = float64(l.Burst)
	}
	rest := time.Duration(min(spent, float64(l.Burst)) / l.Rate * 1e9)
	if rest > 500*time.Millisecond && j.kind == kindURL {
		p.board.Note(j.profile.Name, "resting")
		p.app.say("%s: resting %s first, so that any honest bucket is full", j.profile.Name, rest.Round(100*time.Millisecond))
	}
	return clock.Now() + rest + breath
}

// plan is every arrival of the job, from instant 0.
func (j job) plan(set scenarios.Setting) []history.Arrival {
	return slices.Collect(scenarios.Plan(j.profile, j.scenarios, set))
}

// maxPlanned is how many calls a run may plan, for each server: they are kept in
// memory, and it takes a GB or two for that many.
const maxPlanned = 2_000_000

// fits refuses a plan that is too long, before it is made.
func (j job) fits() error {
	n := 0
	for range scenarios.Plan(j.profile, j.scenarios, j.planned()) {
		if n++; n > maxPlanned {
			return hinted{fmt.Errorf("at %g/s burst %d the scenarios send %s more than %d calls", j.profile.Limit.Rate, j.profile.Limit.Burst, j.profile.Name, maxPlanned),
				"choose fewer with --scenario, or use mcpload load and judge its calls with mcpload verify"}
		}
	}
	return nil
}

// clientCount is how many clients a run has: --clients, or two.
func (j job) clientCount() int { return cmp.Or(j.clients, defaultClients) }

// planned is the setting of a plan that nothing is sent by, or in virtual time:
// everything is there that a transport can have.
func (j job) planned() scenarios.Setting {
	return scenarios.Setting{Clients: clientsNamed(j.clientCount()), Seed: j.seed, Identity: j.identity.name != "",
		Disguises: j.disguises(wire.HTTP, "2025-11-25")}
}

// shifted is a plan that begins at an instant of the clock.
func shifted(plan []history.Arrival, begin time.Duration) func(func(history.Arrival) bool) {
	return func(yield func(history.Arrival) bool) {
		for _, a := range plan {
			a.Due += begin
			if !yield(a) {
				return
			}
		}
	}
}

// fail records why the server could not be judged.
func (o *outcome) fail(err error) {
	o.server.Error = err.Error()
	if dial, ok := dialError(err); ok {
		o.server.Error = dial.Sentence()
		o.server.Hint = dial.Hint
		o.calls = append(o.calls, dial.Calls...)
	}
	var h hinted
	if errors.As(err, &h) {
		o.server.Hint = h.hint
	}
}

func dialError(err error) (*wire.DialError, bool) {
	var dial *wire.DialError
	return dial, errors.As(err, &dial)
}

// note tells a reader why a run ended before its plan did.
func (o *outcome) note(err error, l profiles.Limit) {
	why := "the run was interrupted; what was sent until then is judged"
	switch {
	case err == nil:
		return
	case errors.Is(err, runner.ErrGone):
		why = fmt.Sprintf("the run was ended early: %d calls in a row broke", giveUp)
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
	tokens := counted(most, "token")
	if least != most {
		tokens = fmt.Sprintf("%d to %d tokens", least, most)
	}
	return fmt.Sprintf("the run spent %s in %s, which cost %s of the limit", counted(sent, "call"), max(0, last-first).Round(100*time.Millisecond), tokens)
}
