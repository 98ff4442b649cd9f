package target

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/mcpload/mcpload/internal/launch"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/startup"
)

// Live is a server of a profile's recipe, from its installation to its end.
type Live struct {
	Config  launch.Config         // where it is installed, and how much may be done
	Path    string                // where its environment finds programs
	Passed  []string              // what the caller has of the variables that the recipe names, as NAME=VALUE
	Given   []string              // what its environment holds beside that
	Made    func(value ...string) // told of credentials that are made up for it; nil: nobody is
	env     *launch.Env           // nil where the recipe installs nothing
	began   time.Time             // zero: it wasn't started
	took    time.Duration
	process *wire.Process
	stdout  lastWritten // over stdio, where the process's own output is the protocol's
}

// Afresh is the same server, not started.
func (l *Live) Afresh() *Live {
	if l == nil {
		return nil
	}
	return &Live{Config: l.Config, Path: l.Path, Passed: l.Passed, Given: l.Given, Made: l.Made}
}

// Prepare installs what a recipe needs and returns the command, and the URL that
// it will serve; empty over stdio.
func Prepare(ctx context.Context, l profiles.Launch, c launch.Config) (argv []string, url string, env *launch.Env,
	err error) {
	port := l.Port
	if l.Transport != "stdio" {
		if err := Loopback(l.Host); err != nil {
			return nil, "", nil, err
		}
		if l.AnyPort() {
			if port, err = unusedPort(); err != nil {
				return nil, "", nil, err
			}
		}
		url = "http://" + net.JoinHostPort(l.Host, strconv.Itoa(port)) + l.Path
	}
	if l.Install != nil {
		began := time.Now()
		if env, err = launch.Prepare(ctx, *l.Install, c); err != nil {
			return nil, "", nil, err
		}
		if env.Made != "" && c.Say != nil {
			c.Say(fmt.Sprintf("installed %s in %s", env.Made, time.Since(began).Round(100*time.Millisecond)))
		}
	}
	folder := filepath.Join(c.Cache, "launch")
	if l.UsesFiles() {
		if err := launch.Files(folder); err != nil {
			return nil, "", nil, err
		}
	}
	argv = l.Argv(port, folder)
	if env != nil {
		argv[0], err = env.Program(argv[0])
	}
	return argv, url, env, err
}

// unusedPort is a port of the loopback interface that nobody listens on now.
func unusedPort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("cannot find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// goLive installs and starts the job's server, in an empty folder of its own.
// stop ends it and must be called whatever the error is.
func (t *Target) goLive(ctx context.Context) (process *wire.Process, stop func(), err error) {
	stop = func() {}
	config := t.Live.Config
	config.Doing = t.Settle.Note
	argv, url, env, err := Prepare(ctx, t.Profile.Launch, config)
	if err != nil {
		return nil, stop, err
	}
	base, err := os.MkdirTemp("", "mcpload-live-")
	if err != nil {
		return nil, stop, fmt.Errorf("cannot make a folder for the server: %w", err)
	}
	clear := func() { _ = os.RemoveAll(base) } // the system clears what is left
	for _, name := range []string{"work", "home", "tmp"} {
		err = errors.Join(err, os.Mkdir(filepath.Join(base, name), 0o755))
	}
	if config.Doing != nil {
		config.Doing("starting the server")
	}
	t.Live.env = env
	t.Options.Dir = filepath.Join(base, "work")
	made, credErr := t.Live.makeUp(t.Profile, t.Seed)
	if err = errors.Join(err, credErr); err != nil {
		return nil, clear, err
	}
	t.Options.Env = slices.Concat(t.Live.environ(base), t.Live.Passed, made, t.Live.Given)
	t.Live.began = time.Now()
	if url == "" {
		t.Options.Command, t.Options.Tap = argv, &t.Live.stdout
		return nil, clear, nil
	}
	t.Options.URL = url
	process, end, err := t.serve(ctx, argv)
	t.Live.process, t.Live.took = process, time.Since(t.Live.began)
	if err == nil {
		runner.Sleep(ctx, t.Refill())
		err = ctx.Err()
	}
	return process, func() { end(); clear() }, err
}

// environ is what a live server finds in its environment: no home but an empty
// one, and proxies that lead nowhere, so that what it would send to others
// fails at once. A server that asks the network by other ways isn't held back.
func (l *Live) environ(base string) []string {
	path := l.Path
	if l.env != nil {
		path = l.env.Bin() + string(os.PathListSeparator) + path
	}
	list := []string{
		"PATH=" + path, "LANG=C.UTF-8", "HOME=" + filepath.Join(base, "home"), "TMPDIR=" + filepath.Join(base, "tmp"),
		"PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1",
		"NO_PROXY=127.0.0.1,localhost,::1", "no_proxy=127.0.0.1,localhost,::1",
		"HF_HUB_OFFLINE=1", "DO_NOT_TRACK=1", "FASTMCP_CHECK_FOR_UPDATES=off",
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		list = append(list, name+"=http://127.0.0.1:9") // the discard port: nothing listens there
	}
	return list
}

// makeUp makes up what the server can't do without. Optional credentials are
// left out: a server may ask their provider.
func (l *Live) makeUp(p profiles.Profile, seed uint64) ([]string, error) {
	var env []string
	r := rand.New(rand.NewPCG(seed, seed))
	for _, c := range p.Credentials {
		if !c.Required {
			continue
		}
		credential, err := startup.NewCredential(c.Env, c.Provider, true, mock.Own(p.Providers)...)
		if err != nil {
			return nil, err
		}
		value, _ := credential.Make(startup.Good, 0, r) // every provider has good ones
		if l.Made != nil {
			l.Made(value)
		}
		env = append(env, c.Env+"="+value)
	}
	return env, nil
}

// record is what the document says of the start.
func (l *Live) record(p profiles.Profile, redact func(string) string) *results.Launch {
	if l == nil || l.began.IsZero() {
		return nil
	}
	r := &results.Launch{Command: p.Launch.Command, ReadyMS: float64(l.took.Microseconds()) / 1000}
	if l.env != nil {
		r.Runtime, r.Packages = l.env.Runtime, l.named(p)
	}
	if r.Output = l.lines(40, redact); l.process != nil {
		r.Exit, _ = l.process.Exited() // empty while it runs
	}
	return r
}

// named are the packages that a reader wants to know: those that the recipe
// names, and the libraries that the protocol comes from.
func (l *Live) named(p profiles.Profile) []string {
	list := slices.Concat(p.Launch.Install.Packages, p.Launch.Install.NPM)
	for _, name := range []string{"fastmcp", "mcp", "mcp-common"} {
		if v := l.env.Version(name); v != "" && !slices.Contains(list, name+"=="+v) {
			list = append(list, name+"=="+v)
		}
	}
	return list
}

// Refill is how long any bucket takes to fill that is as the profile promises or
// as its code was read: a server may have spent tokens on itself at its start,
// and a judgement begins with a full bucket.
func (t *Target) Refill() time.Duration {
	l := t.Profile.Limit
	seconds := float64(l.Burst) / l.Rate
	if o := t.Profile.Observed; o != nil && o.Rate > 0 {
		seconds = max(seconds, float64(o.Burst)/o.Rate)
	}
	return time.Duration(min(seconds, 60) * 1e9)
}

// Started is what the document says of a live server's start; nil for others.
func (t *Target) Started() *results.Launch { return t.Live.record(t.Profile, t.Options.Redact) }
