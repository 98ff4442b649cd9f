package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/runner"
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

	fixture      bool
	conformFault string

	handed string // for a mock that was started with a secret on its command line
}

func (a *app) mockCommand() *cobra.Command {
	f := &mockFlags{}
	cmd := &cobra.Command{
		Use:   "mock --server NAME",
		Short: "Serve a mock of a server, honest or broken in one chosen way",
		Long: `Mock serves a profile's tools behind the rate limit that the profile promises,
until it is interrupted, and prints its URL. With --fault it breaks its promise
in one chosen way, to try out what a check can see.

With --promise it keeps laws of any kind, and a fault whose name begins with law-
breaks the first law that can be broken so, or the one that is named: law-n+1@2.`,
		Example: `  mcpload mock --server acb
  mcpload mock --server acb --fault never-refills --shape http429
  mcpload mock --promise '30 per 10s fixed per session' --fault law-n+1
  mcpload mock --server acb --transport stdio      speaks on stdin and stdout
  MAILGUN_API_KEY=test mcpload mock --server mailgun-mcp --credentials      refuses to start`,
		Args: func(cmd *cobra.Command, args []string) error {
			_, err := afterDash(cmd, args)
			return err
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serveMock(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "profile to serve (see mcpload list servers)")
	flags.StringVar(&f.transport, "transport", "http", "http, sse or stdio")
	flags.StringVar(&f.addr, "addr", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	flags.StringVar(&f.fault, "fault", "", "what to break (see mcpload list faults)")
	flags.StringVar(&f.shape, "shape", "", "how it refuses: fastmcp2, fastmcp4 or http429 (default fastmcp2)")
	flags.StringVar(&f.charge, "charge", "", "what it charges: all or tools (default all)")
	flags.DurationVar(&f.latency, "latency", 0, "how long a call takes")
	flags.StringArrayVar(&f.profiles, "profiles", nil, "`folder` with profiles of your own (repeatable)")
	flags.StringVar(&f.rate, "rate", "", "another rate than the profile's: 12, 12/s, 300/1m")
	flags.Uint64Var(&f.seed, "seed", 1, "makes what a faulty mock draws lots for repeatable")
	flags.IntVar(&f.burst, "burst", 0, "another burst than the profile's, in `tokens`")
	flags.StringArrayVar(&f.promise, "promise", nil, "keep a `law` of any kind in place of the profile's, such as '30 per 10s sliding per session' (repeatable; see docs/PROMISES.md)")
	flags.BoolVar(&f.credentials, "credentials", false, "refuse to start without the credentials that the profile names, in the environment")
	flags.StringVar(&f.startFault, "startup-fault", "", "how to start `wrongly` (see mcpload list startup-faults)")
	flags.BoolVar(&f.fixture, "fixture", false, "have one of everything that the protocol has: resources, prompts, completion, logging, a tool with an output schema")
	flags.StringVar(&f.conformFault, "conform-fault", "", "how to break the `protocol` (see mcpload list conform-faults)")
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
	return append([]string{self}, mockArgs(c, dirs)...), nil
}

// mockArgs are its arguments.
func mockArgs(c mock.Config, dirs []string) []string {
	l := c.Profile.Limit
	promised := []string{"--rate", fmt.Sprint(l.Rate), "--burst", fmt.Sprint(l.Burst)}
	if c.Profile.Lawful() {
		promised = nil
		for _, law := range c.Profile.Promise {
			promised = append(promised, "--promise", law.String())
		}
	}
	args := []string{"mock", "--server", c.Profile.Name, "--transport", "stdio"}
	args = append(args, promised...)
	args = append(args, "--fault", c.Fault, "--shape", string(c.Shape), "--charge", string(c.Charge), "--seed", fmt.Sprint(c.Seed), "--latency", c.Latency.String())
	if c.Fixture {
		args = append(args, "--fixture")
	}
	if c.ConformFault != "" {
		args = append(args, "--conform-fault", c.ConformFault)
	}
	for _, dir := range dirs {
		args = append(args, "--profiles", dir)
	}
	return args
}

// mocked is the profile that a mock serves: a known one, or one that only keeps what
// --promise says.
func (a *app) mocked(f *mockFlags) (profiles.Profile, error) {
	if f.server == "" && len(f.promise) == 0 {
		return profiles.Profile{}, hint.New(fmt.Errorf("no server is named"), "name a profile with --server, or say what to keep with --promise; mcpload list servers names them all")
	}
	target := targetFlags{rate: f.rate, burst: f.burst}
	if f.server != "" {
		target.servers = []string{f.server}
	}
	catalog, err := a.catalog(f.profiles)
	if err != nil {
		return profiles.Profile{}, err
	}
	chosen, err := target.promises(catalog, nil)
	if err != nil {
		return profiles.Profile{}, err
	}
	p := chosen[0]
	if len(f.promise) == 0 {
		return p, target.override(&p)
	}
	if f.rate != "" || f.burst != 0 {
		return p, fmt.Errorf("--promise takes no --rate and no --burst: a law says them")
	}
	p.Promise, err = parsePromise(f.promise)
	p.Promised = "--promise"
	p.Settle()
	return p, err
}

func (a *app) serveMock(ctx context.Context, f *mockFlags) error {
	p, err := a.mocked(f)
	if err != nil {
		return err
	}
	ctx, stop := runner.Until(ctx, a.drain)
	defer stop()
	start, over, err := a.beginMock(ctx, f, p)
	if over || err != nil {
		return err
	}
	server, err := mock.New(mock.Config{Profile: p, Fault: f.fault, Shape: ratelimit.Shape(f.shape), Charge: mock.Charging(f.charge), Latency: f.latency, Seed: f.seed, Reveal: start.Reveal, Fixture: f.fixture, ConformFault: f.conformFault})
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }() // the process ends with it
	if f.transport == "stdio" {
		a.ready(start, server, stop)
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
		return err
	}
	if _, err := fmt.Fprintln(a.stdout, url); err != nil {
		return err
	}
	fault := ""
	if f.fault != "" {
		fault = ", broken by " + f.fault
	}
	a.say("serving a mock of %s (%g/s burst %d%s); interrupt to stop", p.Name, p.Limit.Rate, p.Limit.Burst, fault)
	a.ready(start, server, stop)
	<-ctx.Done()
	return nil
}
