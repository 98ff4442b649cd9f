// Package drive takes one server through a probe: over its own connections, or, of a
// mock, in virtual time. What is asked of it, and what that proves, is probe's.
//
// Most users want Job.Run, by way of mcpload.Probe.
package drive

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

// A Job is one server to probe. Its Seed is that of the probe's jitter.
type Job struct {
	drive.Job
	Budget probe.Budget
	Other  http.Header // of somebody else, in place of the target's own; nil: there is nobody

	Tricks *drive.Audit // attempts on what was found, of which no Names are Evading; nil: none
}

// A Found is what came of a probe.
type Found struct {
	Report   probe.Report
	Document *results.Probed // without the version
}

// Stage is what the one part of a probe is called, for observers.
const Stage = "probe"

// Run opens the server and probes it. A probe that was interrupted, or whose server
// went away, is reported as far as it came; that nothing could be found out is an
// error.
func (j *Job) Run(ctx context.Context, o drive.Observer, drain <-chan struct{}) (Found, error) {
	tell := teller{o, j.Profile.Name}
	run := j.overWire
	if j.Virtual != nil {
		run = j.inVirtualTime
	}
	report, where, err := run(ctx, tell, drain)
	if err != nil {
		return Found{Report: report}, err
	}
	var tricks []results.ProbedTrick
	if j.Tricks != nil {
		tricks = j.tricks(ctx, &report, o, drain)
	}
	doc := j.document(report, where)
	doc.Tricks = tricks
	return Found{Report: report, Document: doc}, nil
}

// overWire probes over real connections.
func (j *Job) overWire(ctx context.Context, tell teller, drain <-chan struct{}) (r probe.Report,
	where results.ProbedTarget, err error) {
	clock := runner.NewClock()
	j.Options.Now, j.Options.Refusal.Wary = clock.Now, true
	sessions, stop, err := j.Open(ctx)
	defer stop()
	if err != nil {
		return r, where, target.Explained(err)
	}
	first := sessions[0]
	trial, err := j.SettleCall(ctx, first)
	if err != nil {
		return r, where, err
	}
	where = results.ProbedTarget{Kind: string(j.Kind), Transport: string(first.Transport()), Protocol: first.Protocol(),
		URL: first.URL(), Label: j.Label}
	tell.begins(j, clock.Now())
	p := newWireProber(j, clock, sessions, drain, tell.saw())
	defer p.close() // also where nothing came of it
	handshake := slices.Concat(sessions.Handshake(), j.Unopened.Calls, trial)
	for i := range handshake { // whoever sent them, they came before the probe
		handshake[i].Client = target.FirstClient
	}
	cfg := j.config(handshake, tell)
	if tool, arguments, ok := j.AnotherTool(first); ok {
		cfg.Second = history.Arrival{Method: cfg.Load.Method, Tool: tool, Arguments: arguments}
	}
	cfg.Stateless = revision.Stateless(where.Protocol)
	if len(sessions) > 1 {
		r, err = probe.Probe(ctx, openingProber{p}, cfg)
	} else {
		r, err = probe.Probe(ctx, p, cfg)
	}
	switch {
	case err == nil:
	case len(r.Calls) <= len(handshake):
		return r, where, err
	case errors.Is(err, probe.ErrFailing) && !slices.ContainsFunc(r.Calls[len(handshake):], gotThrough):
		failing := errors.New(endWords(err))
		if gone := j.Gone(failing, first); gone != failing {
			return r, where, gone
		}
		return r, where, hint.New(failing, j.Remedy(r.Calls, first))
	case errors.Is(err, probe.ErrFailing):
		r.Notes = append(r.Notes, results.ProbeEndedEarly+endWords(err), j.Remedy(r.Calls, first))
	default:
		r.Notes = append(r.Notes, results.ProbeEndedEarly+endWords(err))
	}
	r.Notes = append(append(r.Notes, sessions.Notes()...), j.Ended()...)
	p.close()
	r.Notes = append(r.Notes, sessions.Behind()...)
	r.Calls = append(r.Calls, p.Asides()...)
	r.Notes = append(r.Notes, remarks(j, r.Calls)...)
	return r, where, nil
}

// config is the probe of this server, whose handshake is known.
func (j *Job) config(handshake []history.Call, tell teller) probe.Config {
	call := j.Profile.Call
	return probe.Config{
		Load:      history.Arrival{Method: call.Method, Tool: call.Tool, Arguments: call.Arguments},
		Client:    target.FirstClient,
		Handshake: handshake, Budget: j.Budget, Seed: j.Seed, Other: len(j.Other) > 0,
		Presumed: j.Profile.Limit.Presumed && call.Tool == "",
		Clocks:   j.Clocks,
		Tell:     tell.say,
	}
}

// gotThrough reports if the server took a call as one, be it to refuse it.
func gotThrough(c history.Call) bool { return c.Outcome == history.OK || c.Outcome == history.Limited }

// remarks are what a reader should know of a probe's calls beside its findings.
func remarks(j *Job, calls []history.Call) (notes []string) {
	if note := target.Unread(j.Options.Memory); note != "" {
		notes = append(notes, note)
	}
	outage := func(c history.Call) bool { return c.Outcome == history.Limited && c.Detail == history.Unavailable }
	if slices.ContainsFunc(calls, outage) && !slices.Contains(j.Profile.Refusal.Statuses,
		http.StatusServiceUnavailable) {
		notes = append(notes, history.Unavailable+
			" was taken for a refusal; if it is an outage, add --not-refusal status=503")
	}
	if s, ok := verdict.Suspect(profiles.Limit{}, calls); ok {
		notes = append(notes, s.String())
	}
	if text := verdict.ReadClaims(calls).Words(false); text != "" {
		notes = append(notes, "headers: "+text)
	}
	if j.Unopened.Note != "" {
		notes = append(notes, j.Unopened.Note)
	}
	return notes
}

// endWords say why a probe ended before its budget.
func endWords(err error) string {
	if errors.Is(err, runner.ErrDrained) || errors.Is(err, context.Canceled) {
		return results.ProbeInterrupted
	}
	return err.Error()
}
