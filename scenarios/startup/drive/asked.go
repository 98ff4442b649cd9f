package drive

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/startup"
)

// Asked is a server that is to be started again and again, in the words of the flags that
// its errors name.
type Asked struct {
	Profile profiles.Profile // of the Server; without one, it has a launch over stdio and nothing else
	Folders []string         // with profiles of the caller's own, for a mock
	Server  string           // the profile's name

	Mock      bool
	Fault     string // of the mock
	Transport string // of the mock

	Credentials, Optional, OneOf []string
	Providers                    []apikey.Provider // from a file of the caller's own

	URL    string
	Label  string
	Env    []string
	UseEnv bool
	Dir    string
	Logs   []string
	Cases  []string
	Limit  time.Duration
	Ready  time.Duration
	Tool   string
	Seed   uint64

	Look invoked.Lookup
	Say  func(format string, args ...any)
}

// Beside is what is asked of a server that a run sends calls to as well, and the command
// that starts it. Named says that it has a profile, whose credentials it takes.
func Beside(t *target.Target, named bool, env []string) (a Asked, command []string, err error) {
	a = Asked{Limit: 10 * time.Second, Transport: "stdio"}
	for _, text := range env {
		name, _, _ := strings.Cut(text, "=")
		if !slices.ContainsFunc(t.Profile.Credentials, func(c profiles.Credential) bool { return c.Env == name }) {
			a.Env = append(a.Env, text) // the rest is made up
		}
	}
	switch {
	case t.Kind == target.Mock:
		a.Mock = true
	case t.Live != nil:
	case len(t.Launch) > 0:
		command, a.URL = t.Launch, t.Options.URL
	case len(t.Options.Command) > 0:
		command = t.Options.Command
	default:
		return a, nil, hint.New(fmt.Errorf("the scenario %s starts the server itself, and nothing says how",
			startup.Scenario), "give a command after --, or --live for the profile's")
	}
	if !named {
		return a, nil, hint.New(fmt.Errorf("the scenario %s needs to know which credentials the server takes",
			startup.Scenario), "name a profile with --server, or use mcpload startup --credential NAME=PROVIDER -- "+
			"command")
	}
	a.Server = t.Profile.Name
	return a, command, nil
}

// A Line is a job, and what its document says of it.
type Line struct {
	Job
	Name   string
	Target results.Target
	Recipe *profiles.Launch // what is installed before the first start; nil: nothing
}

// Line is the server that is asked for, all checked before anything is started.
func (a Asked) Line(command []string) (*Line, error) {
	a.Mock = a.Mock || a.Fault != ""
	if err := a.consistent(command); err != nil {
		return nil, err
	}
	own, err := mock.Compiled(a.Profile.Providers)
	if err != nil {
		return nil, err
	}
	if a.asks() {
		given, err := withCredentials(a.Credentials, a.Optional, a.OneOf)
		if err != nil {
			return nil, err
		}
		a.Profile.Credentials = given
	}
	l := &Line{Name: a.Profile.Name, Job: Job{Credentials: a.Profile.Credentials, Cases: a.Cases, Seed: a.Seed,
		Providers: slices.Concat(a.Providers, own)}}
	if err := cmp.Or(l.aim(a, command), l.named(a, command)); err != nil {
		return nil, err
	}
	if err := l.equip(a); err != nil {
		return nil, err
	}
	return l, l.own(a)
}

// asks reports if a credential is named.
func (a Asked) asks() bool { return len(a.Credentials)+len(a.Optional)+len(a.OneOf) > 0 }

// consistent refuses flags that contradict each other.
func (a Asked) consistent(command []string) error {
	switch {
	case a.Server == "" && len(command) == 0 && a.URL != "":
		return hint.New(errors.New("startup starts the server itself, each time with other credentials, and no "+
			"command is named"), fmt.Sprintf("mcpload startup --url %s --credential API_KEY=generic -- python "+
			"server.py, or what starts it; without --url if it speaks on stdin and stdout", invoked.Address(a.URL)))
	case a.Server == "" && len(command) == 0:
		return hint.New(fmt.Errorf("no server is named"), "give a command after --, as in: mcpload startup "+
			"--credential API_KEY=generic -- python server.py; or --server NAME for a profile's launch command")
	case a.Mock && a.Server == "":
		return hint.New(fmt.Errorf("a mock needs a --server to be a mock of"), "mcpload list servers names them all")
	case a.Mock && (len(command) > 0 || a.URL != ""):
		return fmt.Errorf("--mock and --startup-fault start a mock, so they take no command and no --url")
	case a.Transport != "stdio" && !a.Mock:
		return hint.New(fmt.Errorf("--transport is for mocks"), "a command is spoken to on stdin and stdout, or over "+
			"HTTP at the --url that it serves")
	case a.Transport != "stdio" && a.Transport != "http":
		return fmt.Errorf("--transport %q is neither stdio nor http", a.Transport)
	case len(command) > 0 && a.Server == "" && !a.asks():
		return hint.New(fmt.Errorf("no credential is named"), "say which variables hold some with --credential "+
			"NAME=PROVIDER, such as OPENAI_API_KEY=openai; mcpload keys providers lists the providers")
	}
	return nil
}

// aim decides which command is started and how it is spoken to.
func (l *Line) aim(a Asked, command []string) error {
	p, launch := a.Profile, a.Profile.Launch
	switch {
	case a.Mock:
		return l.aimMock(a)
	case len(command) > 0:
		l.Command, l.URL = command, a.URL
		l.Name = cmp.Or(l.Name, called(command, a.Dir))
	case len(launch.Command) == 0:
		return hint.New(fmt.Errorf("the profile of %s has no launch command", p.Name),
			cmp.Or(launch.Note, "give a command after --"))
	default:
		if a.URL != "" && launch.AnyPort() {
			return fmt.Errorf("--url %s: the launch recipe of %s listens on a free port of its own", a.URL, p.Name)
		}
		l.Recipe = &launch
		l.Command, l.URL = launch.Command, a.URL
		if l.URL == "" && launch.Transport != "stdio" {
			// until it is installed
			l.URL = "http://" + net.JoinHostPort(launch.Host, strconv.Itoa(launch.Port)) + launch.Path
		}
	}
	l.Target = results.Target{Kind: string(target.Command), Transport: "stdio", Address: l.Command[0]}
	if l.URL != "" {
		l.Target.Transport = "http"
		if launch.Transport == "sse" && a.Server != "" {
			l.Target.Transport = "sse"
		}
	}
	return nil
}

// named says what the server is known by from run to run.
func (l *Line) named(a Asked, command []string) (err error) {
	place := target.Place{Command: command}
	if len(command) > 0 {
		place.URL = a.URL
	}
	l.Target.Label, err = place.Label(a.Label)
	return err
}

// called names a server by its command: the script that an interpreter is given,
// else the program.
func called(command []string, dir string) string {
	for _, word := range command[1:] {
		if invoked.IsFile(word) || invoked.IsFile(filepath.Join(dir, word)) {
			return filepath.Base(word)
		}
	}
	return filepath.Base(command[0])
}

// aimMock makes this program's own mock the command.
func (l *Line) aimMock(a Asked) error {
	if _, ok := mock.StartFaultNamed(a.Fault); a.Fault != "" && !ok {
		return mock.UnknownStartFault(a.Fault)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find this program to start a mock: %w", err)
	}
	args := mock.Config{Profile: a.Profile}.Arguments(a.Folders)
	if a.Transport == "http" {
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
	l.Command = append(append([]string{self}, args...), "--credentials", "--startup-fault", a.Fault)
	l.Target = results.Target{Kind: string(target.Mock), Transport: a.Transport}
	if a.Fault != "" {
		l.Target.Address = "broken by " + a.Fault
	}
	return nil
}

// equip fills in the rest of how the server is started.
func (l *Line) equip(a Asked) error {
	p := a.Profile
	l.Limit, l.Ready = a.Limit, cmp.Or(a.Ready, p.Launch.Ready, 30*time.Second)
	l.Logs = append(slices.Clone(p.Launch.Logs), a.Logs...)
	if a.Mock {
		l.Logs = append(l.Logs, mock.StartLog)
	}
	if l.Scratch = a.Mock; !a.Mock {
		dir, err := startFolder(a.Dir)
		if err != nil {
			return err
		}
		l.Dir = dir
	}
	if tool := cmp.Or(a.Tool, p.Call.Tool); tool != "" {
		if p.Call.Forbids(tool) {
			return fmt.Errorf("--tool %s: the profile of %s lists it among the tools never to call", tool, p.Name)
		}
		l.Tool = history.Arrival{Method: "tools/call", Tool: tool}
		if a.Tool == "" {
			l.Tool.Arguments = p.Call.Arguments
		}
	}
	return l.environment(a)
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
func (l *Line) environment(a Asked) error {
	p := a.Profile
	held := func(name string) bool {
		return slices.ContainsFunc(p.Credentials, func(c profiles.Credential) bool { return c.Env == name })
	}
	env := target.LaunchEnv(a.Look, slices.DeleteFunc(slices.Clone(p.Launch.Env), held))
	given, err := invoked.Environment(a.Env, a.Look)
	if err != nil {
		return invoked.Flagged("--env", err)
	}
	for _, pair := range given {
		if name, _, _ := strings.Cut(pair, "="); held(name) {
			return fmt.Errorf("--env %s: it is a credential, whose values are made up", name)
		}
	}
	env = append(env, given...)
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		if !a.UseEnv && startup.LooksReal(value) {
			return hint.New(fmt.Errorf("%s looks like a real credential, and would be passed on to the server", name),
				fmt.Sprintf("name it with --credential %s=PROVIDER to have values made up for it, or pass yours on "+
					"with --use-env", name))

		}
	}
	l.Env = env
	return nil
}

// own takes the caller's own credentials, where they are to be used. Where they are there
// and aren't, it is said.
func (l *Line) own(a Asked) error {
	l.Own = map[string]string{}
	for _, c := range l.Credentials {
		value, ok := a.Look(c.Env)
		switch {
		case !ok:
		case a.UseEnv:
			l.Own[c.Env] = value
		case startup.LooksReal(value):
			a.Say("%s of your environment is not passed on: the server gets made-up values (--use-env uses yours for "+
				"the good starts)", c.Env)
		}
	}
	if a.UseEnv && len(l.Own) == 0 && len(l.Credentials) > 0 {
		return fmt.Errorf("--use-env: the environment has no variable %s", envNames(l.Credentials))
	}
	return nil
}

func envNames(list []profiles.Credential) string {
	var names []string
	for _, c := range list {
		names = append(names, c.Env)
	}
	return strings.Join(names, ", ")
}

// withCredentials turns NAME=PROVIDER into credentials.
func withCredentials(required, optional, oneOf []string) ([]profiles.Credential, error) {
	var list []profiles.Credential
	groups := map[string]string{} // by the text
	for i, text := range oneOf {
		for one := range strings.SplitSeq(text, ",") {
			required = append(required, one)
			groups[one] = fmt.Sprint("one of ", i+1)
		}
	}
	for i, text := range append(append([]string(nil), required...), optional...) {
		c, err := parseCredential(text)
		if err != nil {
			return nil, err
		}
		c.Required, c.OneOf = i < len(required), groups[text]
		for _, other := range list {
			if other.Env == c.Env {
				return nil, fmt.Errorf("credential %s is given twice", c.Env)
			}
		}
		list = append(list, c)
	}
	return list, nil
}

// parseCredential reads NAME=PROVIDER.
func parseCredential(text string) (profiles.Credential, error) {
	name, provider, ok := strings.Cut(text, "=")
	if !ok || !invoked.Name.MatchString(name) || provider == "" {
		// What stands behind the = may be a key that somebody gave by mistake.
		return profiles.Credential{}, hint.New(fmt.Errorf("--credential %q is not of the form NAME=PROVIDER", name),
			"such as OPENAI_API_KEY=openai; never the value itself")
	}
	return profiles.Credential{Env: name, Provider: provider}, nil
}
