package drive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// A wireProber sends a probe's plans over live sessions.
type wireProber struct {
	job      *Job
	clock    runner.Clock
	sessions map[string]*wire.Session
	spare    []string // open sessions that nobody has asked for yet
	opened   []*wire.Session
	drain    <-chan struct{}
	watch    func(history.Call)    // told of every call
	taken    map[*wire.Session]int // of its asides
}

func newWireProber(j *Job, clock runner.Clock, first target.Sessions, drain <-chan struct{},
	watch func(history.Call)) *wireProber {
	p := &wireProber{job: j, clock: clock, sessions: map[string]*wire.Session{}, drain: drain, watch: watch,
		taken: map[*wire.Session]int{}}
	for i, s := range first {
		p.sessions[target.ClientNames(target.DefaultClients)[i]] = s
	}
	p.spare = first.Names()[1:]
	return p
}

// Now implements probe.Prober.
func (p *wireProber) Now() time.Duration { return p.clock.Now() }

// Run implements probe.Prober.
func (p *wireProber) Run(ctx context.Context, plan []history.Arrival) ([]history.Call, error) {
	byName := runner.Sessions{}
	for name, s := range p.sessions {
		byName[name] = s
	}
	calls, err := runner.Run(ctx, p.clock, byName, runner.From(p.clock.Now(), slices.Values(plan)),
		runner.Config{GiveUp: target.GiveUp, Drain: p.drain, Observe: p.watch})
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
	p.job.EndAll(slices.Collect(maps.Values(p.sessions)))
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
	o := p.job.Options
	o.Client = fmt.Sprintf("p%d", len(p.opened)+1)
	o.Protocol = p.sessions[target.FirstClient].Protocol()
	o.Transport = p.sessions[target.FirstClient].Transport()
	o.ListTools = false
	if who.Name != "" {
		o.Name = who.Name
	}
	if who.OneConnection {
		o.MaxConns = 1
	}
	if who.Other {
		o.Header = p.job.Other
		if p.job.Other.Get("Authorization") != "" {
			o.Bearer = nil // it is the other one's
		}
	}
	s, opening, err := target.Dial(ctx, o)
	if err != nil {
		sentence, _ := target.Explain(err)
		return "", opening, errors.New(sentence)
	}
	p.sessions[o.Client] = s
	p.opened = append(p.opened, s)
	return o.Client, opening, nil
}

var (
	_ probe.Opener     = openingProber{}
	_ probe.Bystander  = openingProber{}
	_ runner.Exchanger = (*wire.Session)(nil)
)
