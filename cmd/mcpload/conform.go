package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/verdict"
)

// conformFlags are the flags of conform, as given.
type conformFlags struct {
	targetFlags
	storeFlags
	otherEnv string
	baseline string
	under    string
	fuzz     time.Duration
	rows     []string
	fault    string
	strict   bool
	dryRun   bool
	format   string
	output   string
	verbose  bool
}

func (a *app) conformCommand() *cobra.Command {
	f := &conformFlags{}
	cmd := &cobra.Command{
		Use:   "conform --url URL | --server NAME | -- command args...",
		Short: "Check that a server keeps the protocol, in every revision that it speaks",
		Long: `Conform holds a server to what the specification of MCP demands of servers, as far
as a stranger can see it: over streamable HTTP, event streams or stdio, in every
revision that it speaks. The server needs no fixtures: what it doesn't declare is
not asked for.

Each row of its table has one of three answers: pass; fail, with the request and
the reply that show it, and a line to send it again; or not testable here, with the
reason and what would make it so. Each varies one thing of a request that works.

It lists, reads, sends what must be refused, and opens sessions of its own. It calls
no tool but one that says that it only reads, or the one that you name with --tool.
--dry-run prints every request that it could send, and sends none.

--under 200/s sends right requests beside the rows, so that each is tried under load,
and judges how those are answered (U01, U02). --fuzz 60s tries odd arguments on tools,
made from their schemas, repeatable by --seed: a crash, a 5xx, a hang or a stack trace
is told with the smallest arguments that bring it about (F01 to F03).

--baseline names a list of rows that are known to fail. They are told, and decide
nothing until the day that each entry names; entries that have ended, or whose row
fails no more, are told too:

  - row: H10
    protocol: 2025-06-18    # without it, every revision
    until: 2026-12-31       # 92 days ahead at most
    reason: the gateway in front answers 400

Exit status: 0 pass, 1 a MUST is broken (with --strict anything), 2 could not run,
3 inconclusive: not everything could be tried.`,
		Example: `  mcpload conform --url http://127.0.0.1:8000/mcp
  mcpload conform --url https://host/mcp --bearer-env TOKEN --tool search --args '{"q":"x"}'
  mcpload conform --protocol 2025-11-25 -- python server.py
  mcpload conform --server acb --live
  mcpload conform --url http://127.0.0.1:8000/mcp --format sarif -o conform.sarif
  mcpload conform --url http://127.0.0.1:8000/mcp --baseline known.yaml
  mcpload conform --url http://127.0.0.1:8000/mcp --under 200/s --fuzz 60s
  mcpload conform --url http://127.0.0.1:8000/mcp --dry-run
  mcpload list conform`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if at := cmd.ArgsLenAtDash(); at > 0 || at < 0 && len(args) > 0 {
				return hint.New(fmt.Errorf("unexpected argument %q", args[0]),
					"a command to start stands after --, as in: mcpload conform -- python server.py")
			}
			return a.conform(cmd.Context(), f, args, invoked(cmd, args))
		},
	}
	f.register(cmd)
	return cmd
}

func (f *conformFlags) register(cmd *cobra.Command) {
	f.targetFlags.register(cmd)
	f.registerKeep(cmd)
	flags := cmd.Flags()
	for _, name := range []string{"all", "rate", "burst", "scope", "against", "yes", "refusal", "not-refusal", "fault",
		"shape", "charge", "latency", "reply-memory"} {
		_ = flags.MarkHidden(name) // they speak of limits; it fails only where there is no such flag
	}
	flags.Lookup("server").Usage = "try a mock of the server with this profile `name`; with --live, the server itself"
	flags.Lookup("tool").Usage = "harmless `tool` that may be called (default: one that says that it only reads)"
	flags.Lookup("protocol").Usage = "only this `revision` (default: every one that the server speaks)"
	flags.Lookup("transport").Usage = "auto, http, sse or stdio"
	flags.StringVar(&f.otherEnv, "other-bearer-env", "",
		"somebody else's token, in the environment `variable`, to see that it isn't shown what is yours")
	flags.StringSliceVar(&f.rows, "row", nil, "only these `rows`, comma-separated (see mcpload list conform)")
	flags.StringVar(&f.fault, "conform-fault", "",
		"try a mock that breaks the protocol in one `way` (see mcpload list conform-faults)")
	flags.StringVar(&f.under, "under", "",
		"try the rows under load: as many right requests beside them, such as `200/s`")
	flags.DurationVar(&f.fuzz, "fuzz", 0,
		"for this `time` try odd arguments on tools that say that they only read, or on --tool")
	flags.Uint64Var(&f.seed, "seed", 1, "makes the odd arguments of --fuzz repeatable")
	flags.StringVar(&f.baseline, "baseline", "",
		"YAML `file` of rows that are known to fail, which decide nothing until they expire")
	flags.BoolVar(&f.strict, "strict", false, "what isn't a MUST counts as a fail too")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what could be sent and send nothing")
	flags.StringVar(&f.format, "format", "table", "`format` of the result: "+formatNames())
	flags.StringVarP(&f.output, "output", "o", "-", "`file` for the result; - is stdout")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show what was kept too, and the replies that show a fail")
}

// conform is the command once its arguments are parsed.
func (a *app) conform(ctx context.Context, f *conformFlags, command []string, again *invocation) error {
	if _, err := formatNamed(f.format); err != nil {
		return err
	}
	rows, err := f.chosenRows()
	if err != nil {
		return err
	}
	j, err := a.conformJob(f, command)
	if err != nil {
		return err
	}
	if err := a.online(); err != nil {
		return err
	}
	c := f.config(&j, rows)
	if f.under != "" {
		if c.Under, err = promise.ParseRate(f.under); err != nil {
			return fmt.Errorf("--under: %w", err)
		}
	}
	if c.Fuzz = f.fuzz; c.Fuzz < 0 {
		return fmt.Errorf("--fuzz %s: want a time such as 60s", f.fuzz)
	}
	if f.dryRun && (c.Under > 0 || c.Fuzz > 0) {
		return errors.New("--dry-run can't list what --under and --fuzz send: it depends on time")
	}
	if c.Fuzz > 0 {
		c.Seed = f.seed
	}
	if c.Baseline, err = readBaseline(f.baseline); err != nil {
		return err
	}
	if f.dryRun {
		return a.dryConform(ctx, f, c)
	}
	began := time.Now()
	if c.Other, err = a.otherCredential(f); err != nil {
		return err
	}
	a.tellCalls(f, rows)
	c.Observer, c.Drain = lineProgress{a}, a.drain
	doc, err := mcpload.Conform(ctx, c)
	c.Observer.Tell(mcpload.Event{Server: j.Profile.Name}) // the line of the terminal is free again
	if err != nil {
		return target.Explained(spoken(err))
	}
	doc.Version = version()
	if doc.Verdict == verdict.Fail {
		doc.Repeat = again.line()
	}
	if doc, _, err = a.keepRun(&f.storeFlags, keptConform, began, doc, nil); err != nil {
		return err
	}
	if err := a.render(&runFlags{format: f.format, output: f.output, verbose: f.verbose}, doc, nil); err != nil {
		return err
	}
	a.status = results.ExitStatus(doc)
	return nil
}

// readBaseline reads the list of rows that are known to fail, where there is one.
func readBaseline(name string) (results.Baseline, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	defer file.Close() // it was only read
	return results.ReadBaseline(file, filepath.Base(name), time.Now(), func(row string) bool {
		return conform.Known(row)
	})
}

// chosenRows are the rows that are asked for.
func (f *conformFlags) chosenRows() ([]conform.Row, error) {
	all := conform.Rows()
	if len(f.rows) == 0 {
		return all, nil
	}
	var list []conform.Row
	for _, id := range f.rows {
		k := slices.IndexFunc(all, func(r conform.Row) bool { return strings.EqualFold(r.ID, strings.TrimSpace(id)) })
		if k < 0 {
			return nil, hint.New(fmt.Errorf("--row %q is in no table", id), "mcpload list conform names them all")
		}
		list = append(list, all[k])
	}
	return list, nil
}

// conformJob is the one server to try.
func (a *app) conformJob(f *conformFlags, command []string) (drive.Job, error) {
	t := f.targetFlags
	t.unjudged = true
	if t.protocol != "auto" && !slices.Contains(conform.Revisions(), t.protocol) {
		return drive.Job{}, fmt.Errorf("--protocol %q is none of auto, %s", t.protocol,
			strings.Join(conform.Revisions(), ", "))
	}
	if t.all || len(t.servers) > 1 {
		return drive.Job{}, errors.New("conform takes one server at a time")
	}
	if f.fault != "" && (t.url != "" || len(command) > 0 || t.live) {
		return drive.Job{}, errors.New("--conform-fault breaks the mock, and this is no mock")
	}
	jobs, err := a.jobs(&t, command)
	if err != nil {
		return drive.Job{}, err
	}
	if jobs[0].Options.Transport == wire.InProcess {
		return drive.Job{}, errors.New("--transport inprocess has nothing that could be sent as it is")
	}
	jobs[0].Mock.ConformFault = f.fault
	return jobs[0], nil
}

// config is what the flags ask of a server.
func (f *conformFlags) config(j *drive.Job, rows []conform.Row) mcpload.ConformConfig {
	c := mcpload.ConformConfig{Prepared: j, Strict: f.strict,
		Server: mcpload.Server{Timeout: f.timeout, Tool: f.tool, Arguments: []byte(f.args)}}
	for _, r := range rows {
		c.Rows = append(c.Rows, r.ID)
	}
	if f.protocol != "auto" {
		c.Revisions = []string{f.protocol}
	}
	return c
}

// otherCredential is the header of somebody else; nil where there is nobody.
func (a *app) otherCredential(f *conformFlags) (http.Header, error) {
	if f.otherEnv == "" {
		return nil, nil
	}
	token := os.Getenv(f.otherEnv)
	if token == "" {
		return nil, fmt.Errorf("--other-bearer-env: the environment variable %s is empty", f.otherEnv)
	}
	a.secrets.add(token)
	return http.Header{"Authorization": {"Bearer " + token}}, nil
}

// tellCalls says before it starts which rows call a tool.
func (a *app) tellCalls(f *conformFlags, rows []conform.Row) {
	var ids []string
	for _, r := range rows {
		if r.Effect == conform.Calls {
			ids = append(ids, r.ID)
		}
	}
	if f.fuzz > 0 {
		ids = append(ids, "F01, F02, F03 (with odd arguments, many times)")
	}
	if len(ids) == 0 {
		return
	}
	which := "tools that say that they only read"
	if f.tool != "" {
		which = "the tool " + f.tool
	}
	fmt.Fprintf(a.stderr, "mcpload: %s call %s; --dry-run prints every request\n", strings.Join(ids, ", "),
		a.clean(which))
}
