package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/startup"
)

// startFlags are the flags of startup, as given.
type startFlags struct {
	storeFlags
	server      string
	mock        bool
	fault       string
	transport   string
	credentials []string
	optional    []string
	oneOf       []string
	providers   string // a file of them
	url         string
	label       string
	env         []string
	useEnv      bool
	dir         string
	logs        []string
	cases       []string
	limit       time.Duration
	ready       time.Duration
	tool        string
	profiles    []string
	seed        uint64
	offline     bool
	dryRun      bool
	format      string
	output      string
	verbose     bool
}

func (a *app) startupCommand() *cobra.Command {
	f := &startFlags{}
	cmd := &cobra.Command{
		Use:   "startup --server NAME | -- command args...",
		Short: "Check that a server refuses bad credentials at its start, and leaks none",
		Long: `Startup starts a server once for each way to set its credentials: not at all,
empty, blank, a placeholder, another provider's key, one that is too short or
malformed, one with a newline, older and newer formats, and good ones. It judges
if the server refuses before it answers anything, says which variable and what
format, and shows the credential nowhere: not in its output, its replies, its log
files or on a command line.

Every credential is made up for its one start. The server gets none of your
environment but PATH, HOME, LANG, TMPDIR and what --env or its profile names.

Name the variables with --credential NAME=PROVIDER, as often as there are any, or
take a profile's. The server speaks MCP on stdin and stdout, or over HTTP at the
--url that you give.

Exit status: 0 pass, 1 fail, 2 could not run, 3 inconclusive: such as where the
server doesn't start with good credentials either.`,
		Example: `  mcpload startup --credential OPENAI_API_KEY=openai -- python server.py
  mcpload startup --credential MAILGUN_API_KEY=mailgun --url http://127.0.0.1:8000/mcp -- python server.py
  mcpload startup --credential TOKEN=generic --env DATABASE_URL --log 'logs/*.log' -- node server.js
  mcpload startup --credential GITLAB_TOKEN=gitlab --optional SENTRY_TOKEN=sentry -- node server.js
  mcpload startup --server mailgun-mcp                          by its profile's launch command
  mcpload startup --server mailgun-mcp --mock                   a mock that does everything right
  mcpload startup --server mailgun-mcp --startup-fault traceback
  mcpload startup --server mailgun-mcp --dry-run                print the cases, start nothing
  mcpload list startup-cases`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			command, err := afterDash(cmd, args)
			if err != nil {
				return err
			}
			return a.startup(cmd.Context(), f, command)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *startFlags) register(cmd *cobra.Command) {
	f.registerKeep(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "server to start, by its profile's `name` (see mcpload list servers)")
	flags.BoolVar(&f.mock, "mock", false, "start a mock of the server instead of its launch command")
	flags.StringVar(&f.fault, "startup-fault", "", "start a mock that starts `wrongly` in one way (see mcpload list startup-faults)")
	flags.StringVar(&f.transport, "transport", "stdio", "how the mock is spoken to: stdio or http")
	flags.StringArrayVar(&f.credentials, "credential", nil, "variable that the server must have, and who issues what is in it: `NAME=PROVIDER` (repeatable)")
	flags.StringArrayVar(&f.optional, "optional", nil, "the same for one that it may do without: `NAME=PROVIDER` (repeatable)")
	flags.StringArrayVar(&f.oneOf, "one-of", nil, "variables of which it needs one: `NAME=PROVIDER,NAME=PROVIDER` (repeatable)")
	registerProviderFile(flags, &f.providers)
	flags.StringVar(&f.url, "url", "", "MCP `endpoint` that the command serves; without, it speaks on stdin and stdout")
	registerLabel(flags, &f.label)
	registerEnv(flags, &f.env)
	flags.BoolVar(&f.useEnv, "use-env", false, "use the credentials of your own environment for the good starts: for servers that ask the provider")
	flags.StringVar(&f.dir, "dir", "", "`folder` to start the command in (default: this one)")
	flags.StringArrayVar(&f.logs, "log", nil, "`pattern` of log files that the server writes, such as 'logs/*.log' (repeatable)")
	flags.StringSliceVar(&f.cases, "case", nil, "only these `cases`, comma-separated, between the good starts (default: all; see mcpload list startup-cases)")
	flags.DurationVar(&f.limit, "limit", 10*time.Second, "how long it may take to refuse a bad credential")
	flags.DurationVar(&f.ready, "ready", 0, "how long it may take to answer with a good one (default: the profile's, or 30s)")
	flags.StringVar(&f.tool, "tool", "", "harmless `tool` whose reply is looked through as well (default: the profile's)")
	flags.StringArrayVar(&f.profiles, "profiles", nil, "`folder` with profiles of your own (repeatable)")
	flags.Uint64Var(&f.seed, "seed", 0, "makes the made-up credentials repeatable (default: others each time)")
	flags.BoolVar(&f.offline, "offline", false, "with --server: install nothing, use what is there")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the starts and make none")
	registerTableOrJSON(flags, &f.format)
	flags.StringVarP(&f.output, "output", "o", "-", "`file` for the result; - is stdout")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show every check, passed ones too")
}

// startup is the command once its arguments are parsed.
func (a *app) startup(ctx context.Context, f *startFlags, command []string) error {
	if err := tableOrJSON(f.format); err != nil {
		return err
	}
	if f.limit <= 0 || f.ready < 0 {
		return errors.New("--limit and --ready must be above 0")
	}
	if f.seed == 0 {
		f.seed = rand.Uint64()
	}
	l, err := a.startLine(f, command)
	if err != nil {
		return err
	}
	if f.dryRun {
		return a.printStarts(l.plan)
	}
	if err := a.online(); err != nil {
		return err
	}
	began := time.Now()
	doc, err := a.makeStarts(ctx, l)
	if err != nil {
		return err
	}
	doc, _, err = a.keepRun(&f.storeFlags, keptStartup, began, doc, nil)
	if err != nil {
		return err
	}
	r := &runFlags{format: f.format, output: f.output, verbose: f.verbose}
	if err := a.render(r, doc, nil); err != nil {
		return err
	}
	a.status = results.ExitStatus(doc)
	return nil
}

// A startLine is a server that is to be started again and again.
type startLine struct {
	mcpload.StartupConfig
	recipe *profiles.Launch // what is installed before the first start; nil: nothing
	plan   []startup.Start
}

// install makes a recipe's server ready to be started.
func (a *app) install(ctx context.Context, l profiles.Launch, offline bool) (command []string, url string, err error) {
	c, err := a.launchConfig(offline)
	if err != nil {
		return nil, "", err
	}
	command, url, _, err = target.Prepare(ctx, l, c)
	if !l.AnyPort() {
		url = "" // as it was said
	}
	return command, url, err
}

// makeStarts makes the starts and returns what they say.
func (a *app) makeStarts(ctx context.Context, l *startLine) (*results.Document, error) {
	defer l.Observer.Tell(mcpload.Event{Server: l.Name}) // the line of the terminal is free again
	doc, err := mcpload.Startup(ctx, l.StartupConfig)
	if err != nil {
		return nil, spoken(err)
	}
	doc.Version = version()
	return doc, nil
}
