package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/bearer"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/live"
	"github.com/mcpload/mcpload/internal/telemetry"
	sharddrive "github.com/mcpload/mcpload/scenarios/shard/drive"
)

// Exit statuses, the same for every command.
const (
	exitPass         = 0
	exitFail         = 1
	exitUsage        = 2 // bad usage, or could not run
	exitInconclusive = 3
)

// An app is one invocation: its streams, and the status that it ends with.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	status         int
	drain          chan struct{} // closed at the first interrupt
	interrupts     chan struct{} // one for each, whether it came as a signal or as a key
	noTUI          bool
	worker         *sharddrive.Worker          // whose shard is run; nil: nobody's
	told           sync.Map                    // texts that its coordinator was told, without their secrets
	tells          atomic.Int64                // how many
	offline        atomic.Bool                 // nothing is in flight: the first interrupt ends it
	screen         atomic.Pointer[live.Screen] // what is drawn on stderr; nil: nothing
	exporter       *telemetry.Exporter         // is shown each call; nil: nobody asked
	secrets        secretBook                  // what must not be shown
	ends           endings                     // what is said at the end
	sources        []*bearer.Source            // of tokens
}

// run is main without the process: it returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, drain: make(chan struct{}), interrupts: make(chan struct{}, 2)}
	ctx, stop := a.interruptible()
	defer stop()
	root := a.root()
	root.SetArgs(urlFirst(root, args))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	defer a.endSources()
	err := unknownCommand(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err != nil {
		a.say("%s", strings.TrimSpace(err.Error()))
		if advice := hint.Of(err); advice != "" {
			a.say("hint: %s", advice)
		}
		return exitUsage
	}
	a.tellEnd()
	return a.status
}

// interruptible returns a context that the second interrupt ends; the first
// one closes drain, so that what is in flight is waited for and reported.
func (a *app) interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for n := 1; ; n++ {
			select {
			case <-signals:
			case <-a.interrupts:
			case <-done:
				return
			}
			if n == 1 && a.offline.Load() {
				close(a.drain)
				continue
			}
			if n == 1 {
				a.say("interrupted: waiting for the calls in flight, then reporting; interrupt again to stop at once")
				close(a.drain)
				continue
			}
			cancel()
		}
	}()
	return ctx, func() { signal.Stop(signals); close(done); cancel() }
}

// interrupt does what a signal does. It never blocks.
func (a *app) interrupt() {
	select {
	case a.interrupts <- struct{}{}:
	default: // two are waiting, and a third says no more
	}
}

// say prints a line to stderr in the program's voice, above what is drawn there,
// without secrets and without anything that a terminal or a CI log would obey.
func (a *app) say(format string, args ...any) {
	line := "mcpload: " + a.clean(fmt.Sprintf(format, args...))
	if s := a.screen.Load(); s != nil {
		s.Print(line)
		return
	}
	fmt.Fprintln(a.stderr, line)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "mcpload",
		Short: "Checks that MCP servers keep the rate limits they promise",
		Long: `mcpload sends burst and sustained traffic to an MCP server and proves from the
answers whether its rate limit is what it promises: pass, fail with the very
calls that no honest server could have answered so, or inconclusive.

It also measures limits that nobody declared (probe), checks that a server keeps the
protocol (conform), puts it under general load (load), from many machines as from one
(coordinate, merge), checks that it refuses bad credentials (startup), and keeps and
compares what it found (results, report, compare, history, ui).`,
		Example: `  mcpload run --all --virtual                mocks of nine servers, in virtual time
  mcpload tools http://127.0.0.1:8000/mcp    what a server has
  mcpload run --url http://127.0.0.1:8000/mcp --rate 15/s --burst 40
  mcpload run --rate 10/s --burst 20 -- python server.py
  mcpload probe --url http://127.0.0.1:8000/mcp
  mcpload load --url http://127.0.0.1:8000/mcp --tool search --rate 200/s --threshold 'p99<250ms'
  mcpload conform http://127.0.0.1:8000/mcp
  mcpload startup --credential OPENAI_API_KEY=openai -- python server.py
  mcpload list servers`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		Version:           version(),
		Args:              cobra.NoArgs,
		PersistentPreRunE: writable,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return hint.New(unknownFlag(cmd, plainFlagError(err)), fmt.Sprintf("%s --help lists the flags", cmd.CommandPath()))
	})
	root.AddCommand(a.reading(a.conformCommand()))
	root.AddCommand(a.reading(a.mergeCommand()), a.coordinateCommand(), a.workCommand(), a.kubernetesCommand(), a.reportCommand(), a.resultsCommand(), a.compareCommand(), a.historyCommand())
	root.PersistentFlags().BoolVar(&a.noTUI, "no-tui", false, "plain lines in place of the live view (also with NO_COLOR, CI, or no terminal)")
	root.SetVersionTemplate("mcpload " + version() + " (" + build() + ")\n")
	root.AddCommand(a.reading(a.runCommand()), a.reading(a.fleetCommand()), a.reading(a.loadCommand()), a.reading(a.probeCommand()), a.reading(a.startupCommand()), a.verifyCommand(), a.promiseCommand(), a.selftestCommand(), a.listCommand(), a.mockCommand(), a.keysCommand(), a.uiCommand(), a.reading(a.toolsCommand()), a.reading(a.callCommand()), a.versionCommand(), a.manCommand())
	root.AddCommand(a.serveCommand())
	a.complete(root)
	lenient(root)
	return root
}

// plainFlagError says of a flag's value that should be a number what it is not,
// without the name of the function that found out.
func plainFlagError(err error) error {
	var bad *pflag.InvalidValueError
	var number *strconv.NumError
	if !errors.As(err, &bad) || !errors.As(err, &number) {
		return err
	}
	kind := "a number"
	if t := bad.GetFlag().Value.Type(); strings.HasPrefix(t, "int") || strings.HasPrefix(t, "uint") {
		kind = "a whole number"
	}
	if errors.Is(number, strconv.ErrRange) {
		kind += " that fits"
	}
	return fmt.Errorf("--%s %q is not %s", bad.GetFlag().Name, bad.GetValue(), kind)
}
