package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/agents"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/ui"
	"github.com/mcpload/mcpload/runner"
)

// serveFlags are the flags of serve, as given.
type serveFlags struct {
	storeFlags
	mcp      bool
	http     string
	urls     []string
	commands []string
	headers  []string
	env      []string
	profiles []string
	budget   int
	longest  time.Duration
}

func (a *app) serveCommand() *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{
		Use:   "serve --mcp",
		Short: "Let agents judge servers, within bounds that you set",
		Long: `Serve is mcpload as an MCP server: agents list servers, judge them, and read and
compare the reports. It speaks on stdin and stdout, or with --http on a loopback
address.

Without --allow-url and --allow-command an agent judges mocks, and nothing else. It
chooses neither headers nor environment: those that you give go to every server that
you allow. A run sends no more calls than --budget and takes no longer than
--max-time; one goes on at a time. What is refused is said, with what is allowed.`,
		Example: `  mcpload serve --mcp --allow-url http://127.0.0.1:8000/mcp
  mcpload serve --mcp --allow-command 'python server.py' --budget 500
  mcpload serve --mcp --http 127.0.0.1:8765 --allow-url 'http://127.0.0.1:8000/*'
  {"mcpServers": {"mcpload": {"command": "mcpload", "args": ["serve", "--mcp"]}}}      for an agent's settings`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context(), f) },
	}
	f.registerKeep(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.mcp, "mcp", false, "speak the model context protocol")
	flags.StringVar(&f.http, "http", "", "serve streamable HTTP at this loopback `address`, such as 127.0.0.1:8765, in place of stdin and stdout")
	flags.StringArrayVar(&f.urls, "allow-url", nil, "MCP `endpoint` that may be judged; http://127.0.0.1:8000/* allows all paths there (repeatable)")
	flags.StringArrayVar(&f.commands, "allow-command", nil, "`command` that may be started and judged over stdio, its words separated by spaces (repeatable)")
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "header `'Name: value'` of every request to an allowed server; $NAME in the value is taken from the environment (repeatable)")
	registerEnv(flags, &f.env)
	flags.StringArrayVar(&f.profiles, "profiles", nil, "`folder` with profiles of your own (repeatable; ./mcpload.d is read anyway)")
	flags.IntVar(&f.budget, "budget", 2000, "the most `calls` that a run may send")
	flags.DurationVar(&f.longest, "max-time", 5*time.Minute, "the `longest` that a run may take")
	return cmd
}

// serve is the command once its arguments are parsed.
func (a *app) serve(ctx context.Context, f *serveFlags) error {
	c, err := a.agentsConfig(f)
	if err != nil {
		return err
	}
	m, err := agents.New(c)
	if err != nil {
		return err
	}
	defer func() { a.ends = endings{} }() // a run of an agent's is not what this ends with
	a.offline.Store(true)
	ctx, stop := runner.Until(ctx, a.drain)
	defer stop()
	if f.http == "" {
		a.say("speaking MCP on stdin and stdout")
		if err := server.NewStdioServer(m).Listen(ctx, a.stdin, a.stdout); err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("speaking MCP: %w", err)
		}
		return nil
	}
	return a.serveAgents(ctx, f.http, agents.Handler(m))
}

// agentsConfig checks the flags.
func (a *app) agentsConfig(f *serveFlags) (agents.Config, error) {
	switch {
	case !f.mcp:
		return agents.Config{}, hint.New(errors.New("serve has no door but that for agents"), "mcpload serve --mcp; the kept runs are shown by mcpload ui, a mock is served by mcpload mock")
	case f.budget < 1:
		return agents.Config{}, fmt.Errorf("--budget %d is not 1 or more", f.budget)
	case f.longest <= 0:
		return agents.Config{}, fmt.Errorf("--max-time %s is not above 0", f.longest)
	}
	catalog, err := a.catalog(f.profiles)
	if err != nil {
		return agents.Config{}, err
	}
	header, err := parseHeaders("--header", f.headers)
	if err != nil {
		return agents.Config{}, err
	}
	a.hideHeaders("--header", header)
	given, err := a.given(f.env)
	if err != nil {
		return agents.Config{}, err
	}
	kept, err := f.open()
	if err != nil {
		return agents.Config{}, err
	}
	c := agents.Config{Version: version(), Catalog: catalog, Addresses: f.urls, Env: append(launchEnv(nil), given...), Header: header,
		Calls: f.budget, Time: f.longest, Store: kept, Clean: a.clean}
	for _, text := range f.commands {
		words := strings.Fields(text)
		if len(words) == 0 {
			return c, errors.New("--allow-command is empty")
		}
		c.Commands = append(c.Commands, words)
	}
	c.Keep = func(kind string, began time.Time, doc *results.Document, calls map[string][]history.Call) (*results.Document, string, error) {
		doc, _, err := a.keepRun(&f.storeFlags, kind, began, doc, calls)
		return doc, a.ends.kept, err
	}
	return c, nil
}

// serveAgents serves streamable HTTP on a loopback address.
func (a *app) serveAgents(ctx context.Context, address string, handler http.Handler) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return hint.New(fmt.Errorf("--http %q is no host and port", address), "for example 127.0.0.1:8765")
	}
	if !ui.Loopback(host) {
		return hint.New(fmt.Errorf("--http %q is no loopback address: agents of this machine only are served", address), "to reach it from elsewhere, forward a port: ssh -L 8765:127.0.0.1:8765 HOST")
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return hint.New(fmt.Errorf("cannot listen: %w", err), "--http 127.0.0.1:0 takes a free port")
	}
	if _, err := fmt.Fprintf(a.stdout, "http://%s/mcp\n", listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	return serveUntil(ctx, listener, handler)
}
