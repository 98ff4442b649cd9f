package main

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

	recipes "github.com/mcpload/mcpload/internal/launch"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/startup"
)

// launchConfig says where live servers are installed, and how much may be done.
func (a *app) launchConfig(offline bool) (recipes.Config, error) {
	cache := os.Getenv("MCPLOAD_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return recipes.Config{}, hinted{fmt.Errorf("there is no folder to install servers in: %w", err), "name one with $MCPLOAD_CACHE"}
		}
		cache = filepath.Join(dir, "mcpload")
	}
	cache, err := filepath.Abs(cache)
	return recipes.Config{Cache: filepath.Join(cache, "servers"), Offline: offline, Say: func(s string) { a.say("%s", s) }}, err
}

// A living is a live server of a profile's recipe, from its installation to its
// end.
type living struct {
	config  recipes.Config
	env     *recipes.Env // nil where the recipe installs nothing
	given   []string     // what --env adds to its environment
	secrets *secretBook  // where what is made up for it is noted
	began   time.Time    // zero: it wasn't started
	took    time.Duration
	process *wire.Process
	stdout  lastWritten // over stdio, where the process's own output is the protocol's
}

// loopbackHost refuses a host beyond this machine: live servers are started and
// loaded here, and nothing is sent anywhere else.
func loopbackHost(host string) error {
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return hinted{fmt.Errorf("%q is not on this machine, and live servers are started and loaded on its loopback interface only", host), "let the launch recipe listen on 127.0.0.1"}
}

// prepare installs what a recipe needs and returns the command, and the URL that
// it will serve; empty over stdio.
func prepare(ctx context.Context, l profiles.Launch, c recipes.Config) (argv []string, url string, env *recipes.Env, err error) {
	port := l.Port
	if l.Transport != "stdio" {
		if err := loopbackHost(l.Host); err != nil {
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
		if env, err = recipes.Prepare(ctx, *l.Install, c); err != nil {
			return nil, "", nil, err
		}
	}
	folder := filepath.Join(c.Cache, "launch")
	if l.UsesFiles() {
		if err := recipes.Files(folder); err != nil {
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
func (j *job) goLive(ctx context.Context) (process *wire.Process, stop func(), err error) {
	stop = func() {}
	argv, url, env, err := prepare(ctx, j.profile.Launch, j.live.config)
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
	j.live.env = env
	j.options.Dir = filepath.Join(base, "work")
	made, credErr := j.live.makeUp(j.profile.Credentials, j.seed)
	if err = errors.Join(err, credErr); err != nil {
		return nil, clear, err
	}
	j.options.Env = slices.Concat(liveEnv(base, env), passedOn(j.profile), made, j.live.given)
	j.live.began = time.Now()
	if url == "" {
		j.options.Command, j.options.Tap = argv, &j.live.stdout
		return nil, clear, nil
	}
	j.options.URL = url
	process, end, err := j.serve(ctx, argv)
	j.live.process, j.live.took = process, time.Since(j.live.began)
	if err == nil {
		err = sleepFor(ctx, j.refill())
	}
	return process, func() { end(); clear() }, err
}

// liveEnv is what a live server finds in its environment: no home but an empty
// one, and proxies that lead nowhere, so that what it would send to others
// fails at once. A server that asks the network by other ways isn't held back.
func liveEnv(base string, env *recipes.Env) []string {
	path := os.Getenv("PATH")
	if env != nil {
		path = env.Bin() + string(os.PathListSeparator) + path
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

// passedOn is what the recipe names and the caller has, but for credentials.
func passedOn(p profiles.Profile) []string {
	var list []string
	for _, name := range p.Launch.Env {
		held := slices.ContainsFunc(p.Credentials, func(c profiles.Credential) bool { return c.Env == name })
		if value, ok := os.LookupEnv(name); ok && !held {
			list = append(list, name+"="+value)
		}
	}
	return list
}

// makeUp makes up what the server can't do without. Optional credentials are
// left out: a server may ask their provider.
func (l *living) makeUp(list []profiles.Credential, seed uint64) ([]string, error) {
	var env []string
	r := rand.New(rand.NewPCG(seed, seed))
	for _, c := range list {
		if !c.Required {
			continue
		}
		credential, err := startup.NewCredential(c.Env, c.Provider, true)
		if err != nil {
			return nil, err
		}
		value, _ := credential.Make(startup.Good, 0, r) // every provider has good ones
		l.secrets.add(value)
		env = append(env, c.Env+"="+value)
	}
	return env, nil
}

// record is what the document says of the start.
func (l *living) record(p profiles.Profile) *results.Launch {
	if l == nil || l.began.IsZero() {
		return nil
	}
	r := &results.Launch{Command: p.Launch.Command, ReadyMS: milliseconds(l.took)}
	if l.env != nil {
		r.Runtime, r.Packages = l.env.Runtime, l.named(p)
	}
	if r.Output = l.lines(40); l.process != nil {
		r.Exit, _ = l.process.Exited() // empty while it runs
	}
	return r
}

// named are the packages that a reader wants to know: those that the recipe
// names, and the libraries that the protocol comes from.
func (l *living) named(p profiles.Profile) []string {
	list := slices.Concat(p.Launch.Install.Packages, p.Launch.Install.NPM)
	for _, name := range []string{"fastmcp", "mcp", "mcp-common"} {
		if v := l.env.Version(name); v != "" && !slices.Contains(list, name+"=="+v) {
			list = append(list, name+"=="+v)
		}
	}
	return list
}

// refill is how long any bucket takes to fill that is as the profile promises or
// as its code was read: a server may have spent tokens on itself at its start,
// and a judgement begins with a full bucket.
func (j *job) refill() time.Duration {
	l := j.profile.Limit
	seconds := float64(l.Burst) / l.Rate
	if o := j.profile.Observed; o != nil && o.Rate > 0 {
		seconds = max(seconds, float64(o.Burst)/o.Rate)
	}
	return time.Duration(min(seconds, 60) * 1e9)
}

func sleepFor(ctx context.Context, d time.Duration) error {
	sleep(ctx, d)
	return ctx.Err()
}
