package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// mockFlags are the flags of mock, as given.
type mockFlags struct {
	server    string
	transport string
	addr      string
	fault     string
	shape     string
	charge    string
	latency   time.Duration
	profiles  []string
	rate      string
	burst     int
	promise   []string
	seed      uint64

	credentials bool
	startFault  string

	embedded     bool
	fixture      bool
	conformFault string

	handed string // for a mock that was started with a secret on its command line
}

func (a *app) mockCommand() *cobra.Command {
	f := &mockFlags{}
	cmd := &cobra.Command{
		Use:   "mock --server NAME",
		Short: "Serve a mock of a server, honest or broken in one chosen way",
		Args:  onlyAfterDash,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.serveMock(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "`name` of the profile to serve (see mcpload list servers)")
	flags.StringVar(&f.transport, "transport", "http", "`transport`: http, sse or stdio")
	flags.StringVar(&f.addr, "addr", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	flags.StringVar(&f.fault, "fault", "", "`fault` by which it breaks its promise (see mcpload list faults)")
	flags.StringVar(&f.shape, "shape", "", "`form` of its refusals: fastmcp2, fastmcp4 or http429 (default fastmcp2)")
	flags.StringVar(&f.charge, "charge", "", "`requests` that it charges: all or tools (default all)")
	flags.DurationVar(&f.latency, "latency", 0, "how long a call takes (default: no time)")
	flags.StringArrayVar(&f.profiles, "profiles", nil, "`folder` with profiles of your own (repeatable)")
	flags.StringVar(&f.rate, "rate", "", "another `rate` than the profile's: 12, 12/s, 300/1m")
	flags.Uint64Var(&f.seed, "seed", 1, "`number` that makes what a faulty mock draws lots for repeatable")
	flags.IntVar(&f.burst, "burst", 0, "another burst than the profile's, in `tokens`")
	flags.StringArrayVar(&f.promise, "promise", nil, "keep a `law` of any kind in place of the profile's, such as "+
		"'30 per 10s sliding per session' (repeatable; see docs/PROMISES.md)")
	flags.BoolVar(&f.credentials, "credentials", false, "refuse to start without the credentials that the profile "+
		"names, in the environment")
	flags.StringVar(&f.startFault, "startup-fault", "", "`fault` of its start (see mcpload list startup-faults)")
	flags.BoolVar(&f.embedded, "embedded", false, "have package ratelimit, the limiter that servers embed, keep the "+
		"promise, over http")
	flags.BoolVar(&f.fixture, "fixture", false, "have one of everything that the protocol has: resources, prompts, "+
		"completion, logging, a tool with an output schema, and what the official conformance suite asks for")
	flags.StringVar(&f.conformFault, "conform-fault", "", "`fault` against the protocol (see mcpload list "+
		"conform-faults)")
	flags.StringVar(&f.handed, "handed", "", "a secret that another mock has handed on")
	if err := flags.MarkHidden("handed"); err != nil {
		panic("internal error: " + err.Error())
	}
	return cmd
}

// mockCommand is the command that serves a mock over stdio: this program.
func mockCommand(c mock.Config, dirs []string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program to start a mock over stdio: %w", err)
	}
	return append([]string{self}, c.Arguments(dirs)...), nil
}

func (a *app) serveMock(ctx context.Context, f *mockFlags) error {
	catalog, err := a.catalog(f.profiles)
	if err != nil {
		return err
	}
	p, err := drive.Mocked(f.server, f.promise, target.Asked{Rate: f.rate, Burst: f.burst}, catalog)
	if err != nil {
		return err
	}
	ctx, stop := runner.Until(ctx, a.drain)
	defer stop()
	var start mock.Start
	if f.credentials || f.startFault != "" {
		if start, err = mock.StartUp(p.Credentials, os.LookupEnv, f.startFault, p.Providers...); err != nil {
			return err
		}
	}
	if f.handed != "" {
		start = mock.Start{} // the other process has done all this
	}
	status, over, err := start.Begin(ctx, mock.Process{Stdin: a.stdin, Stdout: a.stdout, Stderr: a.stderr,
		Arguments: os.Args[1:]})
	if a.status = status; over || err != nil {
		return err
	}
	server, err := mock.New(mock.Config{Profile: p, Fault: f.fault, Shape: ratelimit.Shape(f.shape),
		Charge: mock.Charging(f.charge), Latency: f.latency, Seed: f.seed, Reveal: start.Reveal, Fixture: f.fixture,
		Suite: f.fixture, ConformFault: f.conformFault, Laws: len(f.promise) > 0, Embedded: f.embedded})
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }() // the process ends with it
	if f.transport == "stdio" {
		start.Serves(a.stderr, server, stop)
		err := server.ServeStdio(ctx, a.stdin, a.stdout)
		if ctx.Err() != nil {
			return nil // it was told to stop, as over http
		}
		return err
	}
	if mock.Exposed(f.addr) {
		a.say("warning: listening on %s, which others can reach: a mock asks nobody who they are", f.addr)
	}
	url, err := server.Start(f.transport, f.addr)
	if err != nil {
		return hint.New(err, "--addr 127.0.0.1:0 takes a free port")
	}
	if _, err := fmt.Fprintln(a.stdout, url); err != nil {
		return err
	}
	about := cmp.Or(results.PromiseText(p.Promise), fmt.Sprintf("%g/s burst %d", p.Limit.Rate, p.Limit.Burst))
	if f.fault != "" {
		about += ", broken by " + f.fault
	}
	a.say("serving a mock of %s (%s); interrupt to stop", p.Name, about)
	start.Serves(a.stderr, server, stop)
	a.offline.Store(true) // an interrupt just ends it
	<-ctx.Done()
	return nil
}
