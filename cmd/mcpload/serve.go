package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/agents"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/usage"
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
		Args:  usage.NoWords,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context(), f) },
	}
	f.registerKeep(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.mcp, "mcp", false, "speak the model context protocol")
	flags.StringVar(&f.http, "http", "", "serve streamable HTTP at this loopback `address`, such as 127.0.0.1:8765, "+
		"in place of stdin and stdout")
	flags.StringArrayVar(&f.urls, "allow-url", nil, "MCP `endpoint` that may be judged; http://127.0.0.1:8000/* "+
		"allows all paths there (repeatable)")
	flags.StringArrayVar(&f.commands, "allow-command", nil, "`command` that may be started and judged over stdio, "+
		"its words separated by spaces (repeatable)")
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "header `'Name: value'` of every request to an allowed "+
		"server; $NAME in the value is taken from the environment (repeatable)")
	registerEnv(flags, &f.env)
	flags.StringArrayVar(&f.profiles, "profiles", nil, "`folder` with profiles of your own (repeatable; ./mcpload.d "+
		"is read anyway)")
	flags.IntVar(&f.budget, "budget", 2000, "`number` of calls that a run may send at most")
	flags.DurationVar(&f.longest, "max-time", 5*time.Minute, "how long a run may take at most")
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
		if err := agents.Serve(ctx, m, a.stdin, a.stdout); err != nil && !errors.Is(err, context.Canceled) {
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
		return agents.Config{}, hint.New(errors.New("serve has no door but that for agents"), "mcpload serve --mcp; "+
			"the kept runs are shown by mcpload ui, a mock is served by mcpload mock")
	case f.budget < 1:
		return agents.Config{}, fmt.Errorf("--budget %d is not 1 or more", f.budget)
	case f.longest <= 0:
		return agents.Config{}, fmt.Errorf("--max-time %s is not above 0", f.longest)
	}
	catalog, err := a.catalog(f.profiles)
	if err != nil {
		return agents.Config{}, err
	}
	header, err := a.headers("--header", f.headers)
	if err != nil {
		return agents.Config{}, err
	}
	given, err := a.given(f.env)
	if err != nil {
		return agents.Config{}, err
	}
	kept, err := f.open()
	if err != nil {
		return agents.Config{}, err
	}
	c := agents.Config{Version: version(), Catalog: catalog, Addresses: f.urls,
		Env:    append(target.LaunchEnv(os.LookupEnv, nil), given...),
		Header: header,
		Calls:  f.budget, Time: f.longest, Store: kept, Clean: a.clean}
	for _, text := range f.commands {
		words := strings.Fields(text)
		if len(words) == 0 {
			return c, errors.New("--allow-command is empty")
		}
		c.Commands = append(c.Commands, words)
	}
	c.Keep = func(kind string, began time.Time, doc *results.Document, calls map[string][]history.Call) (
		*results.Document, string, error) {
		doc, _, err := a.keepRun(&f.storeFlags, kind, began, doc, calls)
		return doc, a.ends.kept, err
	}
	c.KeepProbe = func(began time.Time, doc *results.Probed, calls []history.Call) (string, error) {
		_, err := a.keepProbe(&f.storeFlags, doc, calls, began)
		return a.ends.kept, err
	}
	return c, nil
}

// serveAgents serves streamable HTTP on a loopback address.
func (a *app) serveAgents(ctx context.Context, address string, handler http.Handler) error {
	listener, err := ui.Door{Flag: "--http", Address: address, Port: "8765", Away: "reach it",
		Only: "agents of this machine only are served"}.Listen()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(a.stdout, "http://%s/mcp\n", listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	return ui.Serve(ctx, listener, handler)
}

// uiFlags are the flags of ui, as given.
type uiFlags struct {
	storeFlags
	addr   string
	noOpen bool
}

func (a *app) uiCommand() *cobra.Command {
	f := &uiFlags{}
	cmd := &cobra.Command{
		Use:   "ui",
		Short: "Look at the kept runs in a browser",
		Args:  usage.NoWords,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.serveUI(cmd.Context(), f) },
	}
	f.storeFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:4280", "loopback `address` to listen on; port 0 takes a free one")
	flags.BoolVar(&f.noOpen, "no-open", false, "don't open a browser")
	return cmd
}

func (a *app) serveUI(ctx context.Context, f *uiFlags) error {
	kept, err := f.open()
	if err != nil {
		return err
	}
	handler, err := ui.New(kept)
	if err != nil {
		return err
	}
	listener, err := ui.Door{Flag: "--addr", Address: f.addr, Port: "4280", Away: "look",
		Only: "the runs are shown to this machine only"}.Listen()
	if err != nil {
		return err
	}
	address := "http://" + listener.Addr().String() + "/"
	if _, err := fmt.Fprintln(a.stdout, address); err != nil {
		return errors.Join(err, listener.Close())
	}
	a.say("serving the runs in %s; interrupt to stop", kept.Dir())
	a.offline.Store(true) // an interrupt just ends it
	if !f.noOpen && isTerminal(a.stdout) {
		if err := ui.Browse(address, os.Getenv("DISPLAY")+os.Getenv("WAYLAND_DISPLAY") != ""); err != nil {
			a.say("no browser could be opened: %v", err)
		}
	}
	ctx, stop := runner.Until(ctx, a.drain)
	defer stop()
	return ui.Serve(ctx, listener, handler)
}
