package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/scenarios/shard"
	sharddrive "github.com/mcpload/mcpload/scenarios/shard/drive"
	"github.com/mcpload/mcpload/verdict"
)

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
		Long: `Work asks the coordinator at ADDR (host:port, of mcpload coordinate) for a shard of its
plan, sends that when all others send theirs, and hands back what it kept. It needs
nothing but the address, and the token in the environment. Credentials that the plan
names by their variables, as in --header 'Authorization: Bearer $TOKEN', are taken
from this machine's environment.

Where the coordinator is lost during the run, the run goes on to its end and is kept:
mcpload merge takes it later. A plan that would start a command here is refused.

On other machines than the coordinator's the connection is TLS; --cacert names the
certificate that the coordinator shows, or its authority.

Exit status: 0 the shard was sent, 2 it was not. The verdict is the coordinator's.`,
		Example: `  MCPLOAD_TOKEN=… mcpload work 127.0.0.1:7070
  mcpload work --cacert coordinator.pem loadgen-0:7070`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return hint.New(errors.New("work takes one address"), "host:port, as mcpload coordinate says")
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.work(cmd.Context(), f, args[0]) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.tokenEnv, "token-env", tokenVariable, "`variable` of the environment that holds the token")
	flags.StringVar(&f.caCert, "cacert", "", "PEM `file` of the authorities to trust, in place of the system's")
	flags.DurationVar(&f.within, "within", 5*time.Minute, "how `long` to wait for the coordinator to be there")
	return cmd
}

// token is the secret of a variable. It is never shown.
func (a *app) token(variable string) (string, error) {
	token := os.Getenv(variable)
	if len(token) < 8 {
		return "", hint.New(fmt.Errorf("the environment's %s holds no token of 8 characters or more", variable), "for example "+variable+"=$(openssl rand -hex 16), the same for coordinator and workers")
	}
	a.secrets.add(token)
	return token, nil
}

// loopback reports if a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// coordinatorAt is the address of a coordinator as a URL: TLS, unless it is this machine.
func coordinatorAt(addr string) (string, error) {
	scheme, rest, given := strings.Cut(addr, "://")
	if !given {
		rest = addr
	}
	host, port, err := net.SplitHostPort(strings.TrimSuffix(rest, "/"))
	switch {
	case err != nil || host == "" || port == "":
		return "", hint.New(fmt.Errorf("%q is no address of a coordinator", addr), "host:port, as mcpload coordinate says")
	case !given && loopback(host):
		scheme = "http"
	case !given:
		scheme = "https"
	case scheme != "https" && !(scheme == "http" && loopback(host)):
		return "", hint.New(fmt.Errorf("%q is neither https nor on this machine: the token would be read on its way", addr), "leave the scheme out")
	}
	return scheme + "://" + net.JoinHostPort(host, port), nil
}

// work is the command once its arguments are parsed.
func (a *app) work(ctx context.Context, f *workFlags, addr string) error {
	base, err := coordinatorAt(addr)
	if err != nil {
		return err
	}
	token, err := a.token(f.tokenEnv)
	if err != nil {
		return err
	}
	w := &sharddrive.Worker{Base: base, Token: token, Drift: verdict.DefaultDrift, Name: workerName(), Say: func(s string) { a.say("%s", s) }}
	w.Client = &http.Client{}
	if f.caCert != "" {
		pem, err := os.ReadFile(f.caCert)
		pool := x509.NewCertPool()
		if err != nil || !pool.AppendCertsFromPEM(pem) {
			return fmt.Errorf("--cacert %s holds no certificate", f.caCert)
		}
		w.Client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
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

// workerName is a name that nobody else has.
func workerName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// workOn runs the worker's shard, and hands the result back.
func (a *app) workOn(ctx context.Context, f *workFlags, w *sharddrive.Worker) error {
	w.Keep(ctx, a.interrupt)
	args, clean, err := a.planOf(w, f)
	defer clean()
	if err == nil {
		a.worker = w
		root := a.root()
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

// deliver sends what was kept.
func (a *app) deliver(ctx context.Context, f *workFlags, w *sharddrive.Worker) (err error) {
	s, err := f.open()
	if err != nil {
		return err
	}
	e, err := find(s, a.ends.kept, store.Filter{})
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "mcpload-shard-*.tar.gz")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if err := store.Archive(file, []*store.Entry{e}); err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return w.Deliver(ctx, file, info.Size())
}

// planOf is the command line of a worker's shard. Clean removes the files that came
// with it.
func (a *app) planOf(w *sharddrive.Worker, f *workFlags) (args []string, clean func(), err error) {
	clean = func() {}
	if err := startsNothing(w.Plan.Args); err != nil {
		return nil, clean, err
	}
	dir := ""
	if len(w.Plan.Files) > 0 {
		if dir, err = os.MkdirTemp("", "mcpload-plan-"); err != nil {
			return nil, clean, err
		}
		clean = func() { _ = os.RemoveAll(dir) } // a folder for temporary files is nobody's loss
	}
	for name, text := range w.Plan.Files {
		if name != filepath.Base(name) || name == "." || name == ".." {
			return nil, clean, fmt.Errorf("the coordinator's plan has a file %q, which is no plain name", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, clean, err
		}
	}
	args = slices.Clone(w.Plan.Args)
	for i, arg := range args {
		if i > 0 && args[i-1] == "--mix" {
			args[i] = filepath.Join(dir, filepath.Base(arg))
		}
	}
	args = append(args, "--shard", w.Part.String(), "--no-tui")
	if f.dir != "" {
		args = append(args, "--results", f.dir)
	}
	return args, clean, nil
}

// handed are the commands that a coordinator hands out, and the flags that it doesn't.
var (
	handed    = []string{"load", "run"}
	notHanded = map[string]string{
		"live": "starts a server on every worker", "bearer-command": "starts a command on every worker: name a variable with --bearer-env", "shard": "is the coordinator's to give", "start-at": "is the coordinator's to give",
		"results": "is given to coordinate and work", "no-store": "would lose the shard", "output": "is given to coordinate",
		"format": "is given to coordinate", "save-history": "is given to coordinate", "hgrm": "is of the whole, which coordinate shows",
		"find": "makes a new plan of each answer", "replay": "names a file of this machine", "profiles": "names a folder of this machine",
		"quarantine": "names a file of this machine", "dry-run": "sends nothing", "abort-on": "would end one shard without the others", "all": "is a run of mocks",
		"virtual": "has no machines",
	}
)

// startsNothing refuses a plan that is more than a load or run of a URL.
func startsNothing(args []string) error {
	if len(args) == 0 || !slices.Contains(handed, args[0]) {
		return hint.New(errors.New("a coordinator hands out a load or a run"), "mcpload coordinate --shards 3 -- load --url …")
	}
	url := false
	for _, arg := range args[1:] {
		if arg == "--" {
			return errors.New("a plan for workers starts no command: give the --url of a server that runs")
		}
		if !strings.HasPrefix(arg, "-") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if strings.HasPrefix(arg, "-o") {
			name = "output"
		}
		url = url || name == "url"
		if why, no := notHanded[name]; no {
			return fmt.Errorf("--%s %s", name, why)
		}
	}
	if !url {
		return errors.New("a plan for workers needs the --url of a server that all of them reach")
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

// tellCoordinator hands on a call without its secrets. The same few texts come again
// and again, so each is looked at once.
func (a *app) tellCoordinator(w *sharddrive.Worker, c history.Call) {
	for _, text := range []*string{&c.Client, &c.Method, &c.Tool, &c.Label, &c.Detail, &c.Media, &c.Hints} {
		if *text == "" {
			continue
		}
		if known, ok := a.told.Load(*text); ok {
			*text = known.(string)
			continue
		}
		clean := a.clean(*text)
		if a.tells.Add(1) < 1<<14 {
			a.told.Store(*text, clean)
		}
		*text = clean
	}
	w.Saw(c)
}
