package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/live"
	"github.com/mcpload/mcpload/internal/usage"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/scenarios/shard"
	sharddrive "github.com/mcpload/mcpload/scenarios/shard/drive"
	"github.com/mcpload/mcpload/verdict"
)

// coordinateFlags are the flags of coordinate, as given.
type coordinateFlags struct {
	mergeFlags
	shards    int
	addr      string
	tokenEnv  string
	cert, key string
	within    time.Duration
	lostAfter time.Duration
	state     string
}

func (a *app) coordinateCommand() *cobra.Command {
	f := &coordinateFlags{}
	cmd := &cobra.Command{
		Use:   "coordinate --shards N --addr ADDR [flags] -- load|run|conform [its flags]",
		Short: "Have several machines send one load, run or conform, and judge the whole",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if at := cmd.ArgsLenAtDash(); at != 0 {
				return hint.New(errors.New("what the workers are to send stands after --"), "mcpload coordinate "+
					"--shards 3 --addr 127.0.0.1:7070 -- load --url …")
			}
			return a.coordinate(cmd.Context(), f, args)
		},
	}
	f.registerKeep(cmd)
	flags := cmd.Flags()
	flags.IntVar(&f.shards, "shards", 0, "`number` of workers, which send a part each")
	flags.StringVar(&f.addr, "addr", "127.0.0.1:7070", "`address` to listen on, host:port")
	flags.StringVar(&f.tokenEnv, "token-env", tokenVariable, "`variable` of the environment that holds the token")
	flags.StringVar(&f.cert, "cert", "", "PEM `file` with the certificate that workers are shown")
	flags.StringVar(&f.key, "key", "", "PEM `file` with its private key (default: the --cert file)")
	flags.DurationVar(&f.within, "within", 10*time.Minute, "how long to wait until all workers are ready")
	flags.DurationVar(&f.lostAfter, "lost-after", 15*time.Second, "a worker is lost that wasn't heard of for this "+
		"long")
	flags.StringVar(&f.state, "state", "", "`folder` that keeps what the workers sent, so that a coordinator started "+
		"again on it goes on")
	f.registerWhole(flags)
	return cmd
}

// coordinate is the command once its arguments are parsed.
func (a *app) coordinate(ctx context.Context, f *coordinateFlags, args []string) error {
	if _, err := formatOf(export.Runs(), f.format); err != nil {
		return err
	}
	if f.shards < 1 || f.shards > shard.Most {
		return hint.New(fmt.Errorf("--shards %d is not from 1 to %d", f.shards, shard.Most), "one for each machine "+
			"that runs mcpload work")
	}
	if f.lostAfter < 5*time.Second {
		return fmt.Errorf("--lost-after %s is below 5s: a busy worker would be taken for a dead one", f.lostAfter)
	}
	plan, err := sharddrive.HandedOut(args)
	if err != nil {
		return err
	}
	token, err := a.token(f.tokenEnv)
	if err != nil {
		return err
	}
	listener, cert, err := sharddrive.Listen(f.addr, f.cert, f.key)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "mcpload-coordinate-")
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { _ = os.RemoveAll(work) }() // a folder for temporary files is nobody's loss
	outcomes, err := a.serveShards(ctx, f, &sharddrive.Coordinator{Plan: plan, Shards: f.shards, Token: token,
		Folder: work, Version: version()}, listener, cert)
	if errors.Is(err, sharddrive.ErrAside) {
		a.say("put aside: the workers go on, and the same command goes on with them")
		a.status = exitTerminated
		return nil
	}
	if err != nil && len(outcomes) == 0 {
		if errors.Is(err, sharddrive.ErrNobody) { // nothing was sent
			err = errors.Join(err, sharddrive.Forget(f.state))
		}
		return err
	}
	parts, err := sharddrive.Received(outcomes, work, wire.Ours)
	if err != nil {
		return err
	}
	if err := a.mergeParts(&f.mergeFlags, parts); err != nil {
		return err
	}
	return sharddrive.Forget(f.state)
}

// serveShards serves a coordinator until all is there, or nobody is waited for.
func (a *app) serveShards(ctx context.Context, f *coordinateFlags, c *sharddrive.Coordinator, l net.Listener,
	cert *tls.Certificate) (
	list []sharddrive.Outcome, err error) {
	c.LostFor, c.Drain, c.Say = f.lostAfter, a.drain, func(s string) { a.say("%s", s) }
	if f.state != "" {
		c.Folder, c.Keep, c.Aside = f.state, true, a.terminated.Load
		a.resumes.Store(true)
		defer a.resumes.Store(false)
	}
	if a.watched() {
		p := a.newProgress(fmt.Sprintf("mcpload coordinate · %d shards", f.shards))
		b := &live.Shards{Board: p.Board, Of: f.shards, Now: time.Now}
		b.Waits()
		c.Watch = b.Watch
		defer p.Start(ctx)()
	}
	err = c.Open("coordinator-" + sharddrive.NewName())
	defer func() { err = errors.Join(err, c.Close()) }()
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	a.say("waiting for %d workers: mcpload work %s", f.shards, l.Addr())
	return c.Serve(ctx, l, cert, f.within)
}

// tokenVariable is where coordinator and workers find the token, unless told otherwise.
const tokenVariable = "MCPLOAD_TOKEN"

// workFlags are the flags of work, as given.
type workFlags struct {
	storeFlags
	tokenEnv string
	caCert   string
	within   time.Duration
}

func (a *app) workCommand() *cobra.Command {
	f := &workFlags{}
	cmd := &cobra.Command{
		Use:   "work [flags] ADDR",
		Short: "Send one shard of what a coordinator hands out",
		Args:  usage.Takes(1, "work takes one address", "host:port, as mcpload coordinate says"),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.work(cmd.Context(), f, args[0]) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.tokenEnv, "token-env", tokenVariable, "`variable` of the environment that holds the token")
	flags.StringVar(&f.caCert, "cacert", "", "PEM `file` of the authorities to trust, in place of the system's")
	flags.DurationVar(&f.within, "within", 5*time.Minute, "how long to wait for the coordinator to be there")
	return cmd
}

// token is the secret of a variable. It is never shown.
func (a *app) token(variable string) (string, error) {
	token, err := sharddrive.Token(variable, os.Getenv)
	if err == nil {
		a.secrets.Add(token)
	}
	return token, err
}

// work is the command once its arguments are parsed.
func (a *app) work(ctx context.Context, f *workFlags, addr string) error {
	base, err := sharddrive.At(addr)
	if err != nil {
		return err
	}
	token, err := a.token(f.tokenEnv)
	if err != nil {
		return err
	}
	w := &sharddrive.Worker{Base: base, Token: token, Drift: verdict.DefaultDrift, Name: sharddrive.NewName(),
		Version: version(),
		Clean:   a.clean,
		Say:     func(s string) { a.say("%s", s) }}
	if w.Client, err = sharddrive.Trusting(f.caCert); err != nil {
		return err
	}
	want := 0
	if p, err := shard.Auto(os.LookupEnv); err == nil {
		want = p.Nth
	}
	if err := w.Join(ctx, want, f.within); err != nil {
		return fmt.Errorf("no shard of %s: %w", base, err)
	}
	a.say("shard %s of %s", w.Part, base)
	return a.workOn(ctx, f, w)
}

// workOn runs the worker's shard, and hands the result back.
func (a *app) workOn(ctx context.Context, f *workFlags, w *sharddrive.Worker) error {
	w.Keep(ctx, a.interrupt)
	var args []string
	dir, err := os.MkdirTemp("", "mcpload-plan-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }() // a folder for temporary files is nobody's loss
		args, err = w.Plan.Unpacked(dir)
	}
	if err == nil {
		err = w.Waits(ctx)
	}
	if err == nil {
		a.worker = w
		root := a.root()
		args = append(args, "--shard", w.Part.String(), "--no-tui")
		if f.dir != "" {
			args = append(args, "--results", f.dir)
		}
		root.SetArgs(args)
		root.SetOut(a.stderr)
		root.SetErr(a.stderr)
		err = root.ExecuteContext(ctx)
	}
	if err == nil && a.ends.kept == "" {
		err = errors.New("the run could not be kept")
	}
	if err != nil {
		w.Leave(ctx, a.clean(err.Error()))
		return err
	}
	err = a.deliver(ctx, f, w)
	w.Leave(ctx, "")
	if err != nil {
		a.say("%v", err)
		a.say("hint: the shard is kept as %s; mcpload merge puts it together with the others", a.ends.kept)
	}
	return nil
}

// addClocks adds to a shard's document how its clock is led to the coordinator's.
func (a *app) addClocks(doc *results.Document) {
	for i := range doc.Servers {
		if s := doc.Servers[i].Shard; s != nil && a.worker != nil {
			s.Clocks = append(a.worker.Clocks(), s.Clocks...)
		}
	}
}

// deliver sends what was kept.
func (a *app) deliver(ctx context.Context, f *workFlags, w *sharddrive.Worker) error {
	e, err := f.find(a.ends.kept)
	if err != nil {
		return err
	}
	return w.DeliverRun(ctx, e)
}
