package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/olekukonko/tablewriter"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/startup"
)

// startLine turns flags into what is to be started, all checked before
// anything is.
func (a *app) startLine(f *startFlags, command []string) (*startLine, error) {
	if f.fault != "" {
		f.mock = true
	}
	if err := f.consistent(command); err != nil {
		return nil, err
	}
	p := profiles.Profile{Launch: profiles.Launch{Transport: "stdio"}}
	if f.server != "" {
		catalog, err := a.catalog(f.profiles)
		if err != nil {
			return nil, err
		}
		target := targetFlags{servers: []string{f.server}}
		chosen, err := target.promises(catalog, nil)
		if err != nil {
			return nil, err
		}
		p = chosen[0]
	}
	own, err := f.ownProviders(p)
	if err != nil {
		return nil, err
	}
	if f.asks() {
		given, err := withCredentials(f.credentials, f.optional, f.oneOf)
		if err != nil {
			return nil, err
		}
		p.Credentials = given
	}
	l := &startLine{StartupConfig: mcpload.StartupConfig{Name: p.Name, Credentials: p.Credentials, Providers: own, Cases: f.cases, Seed: f.seed,
		Observer: lineProgress{a}, Drain: a.drain}}
	if err := cmp.Or(l.aim(f, p, command), l.named(f, command)); err != nil {
		return nil, err
	}
	if l.recipe != nil {
		l.Install = func(ctx context.Context) ([]string, string, error) { return a.install(ctx, *l.recipe, f.offline) }
	}
	if err := l.equip(f, p); err != nil {
		return nil, err
	}
	if l.Own, err = a.ownCredentials(f, p.Credentials); err != nil {
		return nil, err
	}
	if _, err := a.given(f.env); err != nil {
		return nil, err
	}
	for env, value := range l.Own {
		a.hide("$"+env, value)
	}
	l.plan, err = l.Starts()
	return l, spoken(err)
}

// consistent refuses flags that contradict each other.
func (f *startFlags) consistent(command []string) error {
	switch {
	case f.server == "" && len(command) == 0:
		return hint.New(fmt.Errorf("no server is named"), "give a command after --, as in: mcpload startup --credential API_KEY=generic -- python server.py; or --server NAME for a profile's launch command")
	case f.mock && f.server == "":
		return hint.New(fmt.Errorf("a mock needs a --server to be a mock of"), "mcpload list servers names them all")
	case f.mock && (len(command) > 0 || f.url != ""):
		return fmt.Errorf("--mock and --startup-fault start a mock, so they take no command and no --url")
	case f.transport != "stdio" && !f.mock:
		return hint.New(fmt.Errorf("--transport is for mocks"), "a command is spoken to on stdin and stdout, or over HTTP at the --url that it serves")
	case f.transport != "stdio" && f.transport != "http":
		return fmt.Errorf("--transport %q is neither stdio nor http", f.transport)
	case len(command) > 0 && f.server == "" && !f.asks():
		return hint.New(fmt.Errorf("no credential is named"), "say which variables hold some with --credential NAME=PROVIDER, such as OPENAI_API_KEY=openai; mcpload keys providers lists the providers")
	}
	return nil
}

// aim decides which command is started and how it is spoken to.
func (l *startLine) aim(f *startFlags, p profiles.Profile, command []string) error {
	launch := p.Launch
	switch {
	case f.mock:
		return l.aimMock(f, p)
	case len(command) > 0:
		l.Command, l.URL = command, f.url
		l.Name = cmp.Or(l.Name, called(command, f.dir))
	case len(launch.Command) == 0:
		return hint.New(fmt.Errorf("the profile of %s has no launch command", p.Name), cmp.Or(launch.Note, "give a command after --"))
	default:
		if f.url != "" && launch.AnyPort() {
			return fmt.Errorf("--url %s: the launch recipe of %s listens on a free port of its own", f.url, p.Name)
		}
		l.recipe = &launch
		l.Command, l.URL = launch.Command, f.url
		if l.URL == "" && launch.Transport != "stdio" {
			l.URL = "http://" + net.JoinHostPort(launch.Host, strconv.Itoa(launch.Port)) + launch.Path // until it is installed
		}
	}
	l.Target = results.Target{Kind: string(target.Command), Transport: "stdio", Address: l.Command[0]}
	if l.URL != "" {
		l.Target.Transport = "http"
		if launch.Transport == "sse" && f.server != "" {
			l.Target.Transport = "sse"
		}
	}
	return nil
}

// named says what the server is known by from run to run.
func (l *startLine) named(f *startFlags, command []string) (err error) {
	place := target.Place{Command: command}
	if len(command) > 0 {
		place.URL = f.url
	}
	l.Target.Label, err = place.Label(f.label)
	return err
}

// called names a server by its command: the script that an interpreter is given,
// else the program.
func called(command []string, dir string) string {
	for _, word := range command[1:] {
		if isFile(word) || isFile(filepath.Join(dir, word)) {
			return filepath.Base(word)
		}
	}
	return filepath.Base(command[0])
}

// aimMock makes this program's own mock the command.
func (l *startLine) aimMock(f *startFlags, p profiles.Profile) error {
	if _, ok := mock.StartFaultNamed(f.fault); f.fault != "" && !ok {
		return hint.New(fmt.Errorf("no start-up fault is named %q", f.fault), "mcpload list startup-faults names them all")
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find this program to start a mock: %w", err)
	}
	args := mockArgs(mock.Config{Profile: p}, f.profiles)
	if f.transport == "http" {
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("cannot find a free port: %w", err)
		}
		address := free.Addr().String()
		if err := free.Close(); err != nil {
			return fmt.Errorf("cannot find a free port: %w", err)
		}
		args[slices.Index(args, "stdio")] = "http"
		args = append(args, "--addr", address)
		l.URL = "http://" + address + "/mcp"
	}
	l.Command = append(append([]string{self}, args...), "--credentials", "--startup-fault", f.fault)
	l.Target = results.Target{Kind: string(target.Mock), Transport: f.transport}
	if f.fault != "" {
		l.Target.Address = "broken by " + f.fault
	}
	return nil
}

// equip fills in the rest of how the server is started.
func (l *startLine) equip(f *startFlags, p profiles.Profile) error {
	l.Limit, l.Ready = f.limit, cmp.Or(f.ready, p.Launch.Ready, 30*time.Second)
	l.Logs = append(slices.Clone(p.Launch.Logs), f.logs...)
	if f.mock {
		l.Logs = append(l.Logs, mock.StartLog)
	}
	if l.Scratch = f.mock; !f.mock {
		dir, err := startFolder(f.dir)
		if err != nil {
			return err
		}
		l.Dir = dir
	}
	if tool := cmp.Or(f.tool, p.Call.Tool); tool != "" {
		if p.Call.Forbids(tool) {
			return fmt.Errorf("--tool %s: the profile of %s lists it among the tools never to call", tool, p.Name)
		}
		if l.Tool = tool; f.tool == "" {
			l.Arguments = p.Call.Arguments
		}
	}
	return l.environment(f, p)
}

// startFolder is the folder that the server is started in.
func startFolder(name string) (string, error) {
	dir, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("--dir: %w", err)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("--dir %q is no folder", name)
	}
	return dir, nil
}

// environment is what the server gets beside its credentials. A value that
// looks like a credential is somebody's own until they say that it may be used.
func (l *startLine) environment(f *startFlags, p profiles.Profile) error {
	held := func(name string) bool {
		return slices.ContainsFunc(p.Credentials, func(c profiles.Credential) bool { return c.Env == name })
	}
	env := launchEnv(slices.DeleteFunc(slices.Clone(p.Launch.Env), held))
	given, err := givenEnv(f.env)
	if err != nil {
		return err
	}
	for _, pair := range given {
		if name, _, _ := strings.Cut(pair, "="); held(name) {
			return fmt.Errorf("--env %s: it is a credential, whose values are made up", name)
		}
	}
	env = append(env, given...)
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		if !f.useEnv && startup.LooksReal(value) {
			return hint.New(fmt.Errorf("%s looks like a real credential, and would be passed on to the server", name),
				fmt.Sprintf("name it with --credential %s=PROVIDER to have values made up for it, or pass yours on with --use-env", name))

		}
	}
	l.Env = env
	return nil
}

// ownCredentials are the caller's own, where they are to be used. Where they
// are there and aren't, it is said.
func (a *app) ownCredentials(f *startFlags, list []profiles.Credential) (map[string]string, error) {
	own := map[string]string{}
	for _, c := range list {
		value, ok := os.LookupEnv(c.Env)
		switch {
		case !ok:
		case f.useEnv:
			own[c.Env] = value
		case startup.LooksReal(value):
			a.say("%s of your environment is not passed on: the server gets made-up values (--use-env uses yours for the good starts)", c.Env)
		}
	}
	if f.useEnv && len(own) == 0 && len(list) > 0 {
		return nil, fmt.Errorf("--use-env: the environment has no variable %s", envNames(list))
	}
	return own, nil
}

func envNames(list []profiles.Credential) string {
	var names []string
	for _, c := range list {
		names = append(names, c.Env)
	}
	return strings.Join(names, ", ")
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// printStarts prints the plan without its values.
func (a *app) printStarts(plan []startup.Start) error {
	table := tablewriter.NewTable(a.stdout, tablewriter.WithHeaderAutoFormat(0))
	table.Header([]string{"", "case", "variable", "it should", "the variable holds"})
	for i, s := range plan {
		if err := table.Append([]string{fmt.Sprint(i + 1), s.Case.Name, cmp.Or(s.Env, "-"), s.Expect.String(), s.Case.Doc}); err != nil {
			return err
		}
	}
	return table.Render()
}
