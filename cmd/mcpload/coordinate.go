package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/merge"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/scenarios/shard"
	sharddrive "github.com/mcpload/mcpload/scenarios/shard/drive"
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
}

func (a *app) coordinateCommand() *cobra.Command {
	f := &coordinateFlags{}
	cmd := &cobra.Command{
		Use:   "coordinate --shards N --addr ADDR [flags] -- load|run [its flags]",
		Short: "Have several machines send one load or run, and judge the whole",
		Long: `Coordinate waits for as many workers (mcpload work ADDR) as there are shards, hands each
its part of the plan, has all begin at one instant, and judges what they send back as
one run. It sends no call itself.

Each worker measures the coordinator's clock as bounds, before and during the run, so
that calls of all machines stand in one history. A worker that dies is named in the
verdict: what it told of until then is judged, the rest is unsent. Stopping the
coordinator with an interrupt stops the workers, and judges what was sent.

Workers and coordinator know each other by the token in $MCPLOAD_TOKEN. Beyond this
machine the connection is TLS, with --cert and --key.

Exit status: 0 pass, 1 fail, 2 could not run, 3 inconclusive.`,
		Example: `  MCPLOAD_TOKEN=… mcpload coordinate --shards 3 --addr 127.0.0.1:7070 -- \
      load --url http://127.0.0.1:8000/mcp --tool search --rate 900/s --duration 1m
  mcpload coordinate --shards 10 --addr :7070 --cert tls.crt --key tls.key -- \
      run --url https://server/mcp --rate 15/s --burst 40`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if at := cmd.ArgsLenAtDash(); at != 0 {
				return hint.New(errors.New("what the workers are to send stands after --"), "mcpload coordinate --shards 3 --addr 127.0.0.1:7070 -- load --url …")
			}
			return a.coordinate(cmd.Context(), f, args)
		},
	}
	f.registerKeep(cmd)
	flags := cmd.Flags()
	flags.IntVar(&f.shards, "shards", 0, "how many workers send a part each, `n`")
	flags.StringVar(&f.addr, "addr", "127.0.0.1:7070", "`address` to listen on, host:port")
	flags.StringVar(&f.tokenEnv, "token-env", tokenVariable, "`variable` of the environment that holds the token")
	flags.StringVar(&f.cert, "cert", "", "PEM `file` with the certificate that workers are shown")
	flags.StringVar(&f.key, "key", "", "PEM `file` with its private key (default: the --cert file)")
	flags.DurationVar(&f.within, "within", 10*time.Minute, "how `long` to wait until all workers are ready")
	flags.DurationVar(&f.lostAfter, "lost-after", 15*time.Second, "a worker is lost that wasn't heard of for this `long`")
	flags.StringVar(&f.history, "save-history", "", "`file` for the calls of all shards in common time, as JSON Lines; compressed if it ends in .gz")
	flags.StringVar(&f.format, "format", "table", formatNames())
	flags.StringVarP(&f.output, "output", "o", "-", "`file` for the result; - is stdout")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show every check, passed ones too")
	return cmd
}

// coordinate is the command once its arguments are parsed.
func (a *app) coordinate(ctx context.Context, f *coordinateFlags, args []string) error {
	if _, err := formatNamed(f.format); err != nil {
		return err
	}
	if f.shards < 1 || f.shards > shard.Most {
		return hint.New(fmt.Errorf("--shards %d is not from 1 to %d", f.shards, shard.Most), "one for each machine that runs mcpload work")
	}
	if f.lostAfter < 5*time.Second {
		return fmt.Errorf("--lost-after %s is below 5s: a busy worker would be taken for a dead one", f.lostAfter)
	}
	plan, err := handedOut(args)
	if err != nil {
		return err
	}
	token, err := a.token(f.tokenEnv)
	if err != nil {
		return err
	}
	listener, cert, err := f.listen()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "mcpload-coordinate-")
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { _ = os.RemoveAll(folder) }() // a folder for temporary files is nobody's loss
	c := &sharddrive.Coordinator{Plan: plan, Shards: f.shards, Token: token, Folder: folder, LostFor: f.lostAfter, Drain: a.drain,
		Say: func(s string) { a.say("%s", s) }}
	c.Open("coordinator-" + workerName())
	a.say("waiting for %d workers: mcpload work %s", f.shards, listener.Addr())
	outcomes, err := c.Serve(ctx, listener, cert, f.within)
	if err != nil && len(outcomes) == 0 {
		return err
	}
	parts, err := a.received(outcomes, folder)
	if err != nil {
		return err
	}
	return a.mergeParts(&f.mergeFlags, parts)
}

// listen opens the address: with a certificate, or on this machine alone.
func (f *coordinateFlags) listen() (net.Listener, *tls.Certificate, error) {
	host, _, err := net.SplitHostPort(f.addr)
	if err != nil {
		return nil, nil, fmt.Errorf("--addr %q is no host:port", f.addr)
	}
	var cert *tls.Certificate
	switch {
	case f.cert != "":
		key := f.key
		if key == "" {
			key = f.cert
		}
		pair, err := tls.LoadX509KeyPair(f.cert, key)
		if err != nil {
			return nil, nil, fmt.Errorf("--cert: %w", err)
		}
		cert = &pair
	case !loopback(host):
		return nil, nil, hint.New(fmt.Errorf("--addr %s can be reached from other machines, and without TLS the token can be read on its way", f.addr),
			"give --cert and --key, or an address on this machine such as 127.0.0.1:7070")
	}
	l, err := net.Listen("tcp", f.addr)
	if err != nil {
		return nil, nil, fmt.Errorf("--addr: %w", err)
	}
	return l, cert, nil
}

// handedOut is the plan of a command line, with the files that it names.
func handedOut(args []string) (sharddrive.Plan, error) {
	plan := sharddrive.Plan{Files: map[string]string{}}
	if err := startsNothing(args); err != nil {
		return plan, err
	}
	for _, arg := range args {
		if file, ok := strings.CutPrefix(arg, "--mix="); ok {
			plan.Args = append(plan.Args, "--mix", file)
			continue
		}
		plan.Args = append(plan.Args, arg)
	}
	at := slices.Index(plan.Args, "--mix")
	if at < 0 || at+1 == len(plan.Args) {
		return plan, nil
	}
	mix := plan.Args[at+1]
	text, err := readGiven(mix)
	if err != nil {
		return plan, err
	}
	plan.Args[at+1] = filepath.Base(mix)
	plan.Files[filepath.Base(mix)] = string(text)
	var named struct {
		Data map[string]string `yaml:"data"`
	}
	if yaml.NewDecoder(bytes.NewReader(text)).Decode(&named) != nil {
		return plan, nil // the workers say what is wrong with it
	}
	for _, name := range named.Data {
		if name != filepath.Base(name) {
			return plan, fmt.Errorf("%s names the data file %s: for workers it must stand beside the plan", mix, name)
		}
		text, err := readGiven(filepath.Join(filepath.Dir(mix), name))
		if err != nil {
			return plan, err
		}
		plan.Files[name] = string(text)
	}
	return plan, nil
}

// received are the parts that came, and of those that didn't what they told of.
func (a *app) received(outcomes []sharddrive.Outcome, folder string) ([]merge.Part, error) {
	var parts []merge.Part
	s, err := store.Open(filepath.Join(folder, "parts"))
	if err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		if o.Archive == "" {
			continue
		}
		file, err := os.Open(o.Archive)
		if err != nil {
			return nil, err
		}
		dir, err := store.Unpack(file, filepath.Join(folder, fmt.Sprintf("shard-%d", o.Part)))
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, spoken(err)
		}
		e, err := find(s, dir, store.Filter{})
		if err != nil {
			return nil, err
		}
		doc, err := e.Run()
		if err != nil {
			return nil, spoken(err)
		}
		parts = append(parts, merge.Part{Name: fmt.Sprintf("shard %d", o.Part), Document: doc, Each: e.EachCall, Ours: ours})
	}
	if len(parts) == 0 {
		return nil, errors.New("no shard came back, so that there is nothing to judge")
	}
	for _, o := range outcomes {
		if o.Archive != "" || o.Shard == nil || len(o.Shard.Clocks) == 0 {
			continue
		}
		lost, err := merge.Lost(parts[0], results.Shard{Part: o.Part, Of: len(outcomes), BeganNS: o.Shard.BeganNS, Clocks: o.Shard.Clocks},
			o.Calls, o.Planned, o.Lost)
		if err != nil {
			return nil, err
		}
		parts = append(parts, lost)
	}
	return parts, nil
}
