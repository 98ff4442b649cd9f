package drive

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

// A virtualProber sends a probe's plans to a mock in virtual time.
type virtualProber struct {
	clock  *virtual.Clock
	server *virtual.Server
	opened int
	watch  func(history.Call)
}

// Now implements probe.Prober.
func (p *virtualProber) Now() time.Duration { return p.clock.Now() }

// Run implements probe.Prober.
func (p *virtualProber) Run(ctx context.Context, plan []history.Arrival) ([]history.Call, error) {
	return runner.Run(ctx, p.clock, p.server, runner.From(p.clock.Now(), slices.Values(plan)),
		runner.Config{GiveUp: target.GiveUp, Observe: p.watch})
}

// Open implements probe.Opener. Like the wire, it waits while it is refused.
func (p *virtualProber) Open(ctx context.Context, _ probe.Identity) (string, []history.Call, error) {
	p.opened++
	client := fmt.Sprintf("p%d", p.opened)
	handshake, err := p.greet(ctx, client)
	return client, handshake, err
}

// greet sends what sets a client up.
func (p *virtualProber) greet(ctx context.Context, client string) (handshake []history.Call, err error) {
	const tries, wait = 5, 300 * time.Millisecond
	for range tries {
		calls, err := p.Run(ctx, []history.Arrival{{Client: client, Method: "initialize", Label: verdict.Handshake}})
		handshake = append(handshake, calls...)
		if err != nil || calls[0].Outcome == history.OK {
			return handshake, err
		}
		if err := p.clock.Wait(ctx, p.clock.Now()+wait, nil); err != nil {
			return handshake, err
		}
	}
	return handshake, fmt.Errorf("initialize was refused %d times", tries)
}

// anotherTool is a tool of every mock beside the one that it is loaded with.
const anotherTool = "another"

// inVirtualTime probes a mock without a network, in milliseconds.
func (j *Job) inVirtualTime(ctx context.Context, tell teller, _ <-chan struct{}) (r probe.Report,
	where results.ProbedTarget, err error) {
	clock := virtual.NewClock()
	c := j.Mock
	c.Seed = j.Seed
	server, err := drive.VirtualServer(clock, c, j.Virtual, rand.New(rand.NewPCG(j.Seed, 0x70726f6265)))
	if err != nil {
		return r, where, err
	}
	server.Timeout = j.Options.Timeout
	where = results.ProbedTarget{Kind: string(j.Kind), Transport: "virtual", Label: j.Label}
	p := &virtualProber{clock: clock, server: server, watch: tell.saw()}
	handshake, err := p.greet(ctx, target.FirstClient)
	if err != nil {
		return r, where, err
	}
	tell.begins(j, clock.Now())
	cfg := j.config(handshake, tell)
	if cfg.Load.Tool != "" { // a mock takes any name for a tool
		cfg.Second = history.Arrival{Method: cfg.Load.Method, Tool: anotherTool}
	}
	r, err = probe.Probe(ctx, p, cfg)
	if err != nil && len(r.Calls) > len(handshake) {
		r.Notes = append(r.Notes, results.ProbeEndedEarly+endWords(err))
		err = nil
	}
	r.Notes = append(r.Notes, remarks(j, r.Calls)...)
	return r, where, err
}
