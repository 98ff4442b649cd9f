package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/bearer"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/live"
	"github.com/mcpload/mcpload/internal/telemetry"
	"github.com/mcpload/mcpload/internal/usage"
	"github.com/mcpload/mcpload/runner"
	sharddrive "github.com/mcpload/mcpload/scenarios/shard/drive"
)

// Exit statuses, the same for every command.
const (
	exitPass         = 0
	exitFail         = 1
	exitUsage        = 2 // bad usage, or could not run
	exitInconclusive = 3
	exitTerminated   = 143 // a coordinator with --state was told to end, and is to be started again
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
	resumes        atomic.Bool                 // who ends it by SIGTERM starts it again
	terminated     atomic.Bool                 // and has
	offline        atomic.Bool                 // nothing is in flight: the first interrupt ends it
	looks          atomic.Bool                 // no reply is waited for once it is interrupted
	screen         atomic.Pointer[live.Screen] // what is drawn on stderr; nil: nothing
	exporter       *telemetry.Exporter         // is shown each call; nil: nobody asked
	secrets        apikey.Book                 // what must not be shown
	ends           endings                     // what is said at the end
	sources        []*bearer.Source            // of tokens
}

// run is main without the process: it returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, drain: make(chan struct{}), interrupts: make(chan struct{},
		2)}
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
		a.tellEnd() // of a run whose result could not be written
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
	first := func(s os.Signal) {
		switch {
		case s == syscall.SIGTERM && a.resumes.Load():
			a.terminated.Store(true)
		case !a.offline.Load() && !a.looks.Load():
			a.say("interrupted: waiting for the calls in flight, then reporting; interrupt again to stop at once")
		}
		close(a.drain)
	}
	end := runner.Interrupts(signals, a.interrupts, first, cancel)
	return ctx, func() { signal.Stop(signals); end(); cancel() }
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
		Use:               "mcpload",
		Short:             "Checks that MCP servers keep the rate limits they promise",
		SilenceUsage:      true,
		SilenceErrors:     true,
		Version:           version(),
		Args:              cobra.NoArgs,
		PersistentPreRunE: writable,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(badFlag)
	root.PersistentFlags().BoolVar(&a.noTUI, "no-tui", false, "plain lines in place of the live view (also with "+
		"NO_COLOR, CI, or no terminal)")
	root.SetVersionTemplate("mcpload " + version() + " (" + build() + ")\n")
	for _, reads := range []*cobra.Command{a.runCommand(), a.loadCommand(), a.probeCommand(), a.conformCommand(),
		a.startupCommand(), a.fleetCommand(), a.verifyCommand(), a.mergeCommand(), a.reportCommand(),
		a.compareCommand(), a.toolsCommand(), a.callCommand(), a.selftestCommand()} {
		root.AddCommand(a.reading(reads))
	}
	root.AddCommand(a.coordinateCommand(), a.workCommand(), a.kubernetesCommand(), a.resultsCommand(),
		a.historyCommand(), a.promiseCommand(), a.listCommand(), a.mockCommand(),
		a.keysCommand(), a.uiCommand(), a.versionCommand(), a.manCommand(), a.serveCommand())
	explain(root)
	a.complete(root)
	lenient(root)
	usage.Lay(root)
	return root
}
