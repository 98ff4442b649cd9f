package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// A wireProber sends a probe's plans over live sessions.
type wireProber struct {
	job      job
	clock    runner.Clock
	sessions map[string]*wire.Session
	spare    []string // open sessions that nobody has asked for yet
	opened   []*wire.Session
	drain    <-chan struct{}
	other    http.Header
	watch    func(history.Call)    // told of every call
	taken    map[*wire.Session]int // of its asides
}

func newWireProber(j job, clock runner.Clock, first opened, drain <-chan struct{}, other http.Header) *wireProber {
	p := &wireProber{job: j, clock: clock, sessions: map[string]*wire.Session{}, drain: drain, other: other, taken: map[*wire.Session]int{}}
	for i, s := range first {
		p.sessions[clientNames[i]] = s
	}
	p.spare = first.names()[1:]
	return p
}

// Now implements probe.Prober.
func (p *wireProber) Now() time.Duration { return p.clock.Now() }

// Run implements probe.Prober.
func (p *wireProber) Run(ctx context.Context, plan []history.Arrival) ([]history.Call, error) {
	target := runner.Sessions{}
	for name, s := range p.sessions {
		target[name] = s
	}
	plan = slices.Clone(plan)
	calls, err := runner.Run(ctx, p.clock, target, shifted(plan, p.clock.Now()), runner.Config{GiveUp: giveUp, Drain: p.drain, Observe: p.watch})
	patience, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, s := range p.sessions {
		s.Amend(calls)
		s.Settle(patience)
	}
	return calls, err
}

// Asides implements probe.Bystander.
func (p *wireProber) Asides() []history.Call {
	var calls []history.Call
	for _, s := range p.sessions {
		all := s.Asides()
		calls = append(calls, all[p.taken[s]:]...)
		p.taken[s] = len(all)
	}
	return calls
}

// close ends all sessions.
func (p *wireProber) close() {
	for _, s := range p.sessions {
		ended(s.Close)
	}
}

// An openingProber can open sessions too: its transport lets one server have
// several clients.
type openingProber struct{ *wireProber }

// Open implements probe.Opener.
func (p openingProber) Open(ctx context.Context, who probe.Identity) (string, []history.Call, error) {
	if who == (probe.Identity{}) && len(p.spare) > 0 {
		name := p.spare[0]
		p.spare = p.spare[1:]
		return name, nil, nil
	}
	o := p.job.options
	o.Client = fmt.Sprintf("p%d", len(p.opened)+1)
	o.Protocol = p.sessions[clientNames[0]].Protocol()
	o.Transport = p.sessions[clientNames[0]].Transport()
	o.ListTools = false
	if who.Name != "" {
		o.Name = who.Name
	}
	if who.OneConnection {
		o.MaxConns = 1
	}
	if who.Other {
		o.Header = p.other
	}
	s, err := wire.Dial(ctx, o)
	if err != nil {
		var dial *wire.DialError
		if errors.As(err, &dial) {
			return "", dial.Calls, errors.New(dial.Sentence())
		}
		return "", nil, err
	}
	p.sessions[o.Client] = s
	p.opened = append(p.opened, s)
	return o.Client, s.Handshake(), nil
}
