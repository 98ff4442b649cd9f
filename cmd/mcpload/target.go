package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// targetFlags say which server, and how to reach it.
type targetFlags struct {
	servers   []string
	all       bool
	url       string
	replicas  []string // further URLs that the promise holds over; only run takes them
	label     string
	live      bool
	offline   bool
	env       []string
	rate      string
	burst     int
	scope     string
	tool      string
	args      string
	yes       bool
	headers   []string
	bearer    bearerFlags
	refusals  []string
	excused   []string // signs of what is no refusal
	protocol  string
	transport string
	timeout   time.Duration
	profiles  []string
	fault     string
	shape     string
	charge    string
	latency   time.Duration
	against   string
	seed      uint64
	unjudged  bool              // no promise is needed: nothing is held against it
	lawful    bool              // laws are promised, so that no rate and burst is needed
	given     func(string) bool // reports if a flag was given; nil in run

	replyMemory string
}

func (f *targetFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.servers, "server", nil, "server to judge, by its profile's `name` (repeatable; see mcpload list servers)")
	flags.BoolVar(&f.all, "all", false, "judge every server that has a profile")
	flags.StringVar(&f.url, "url", "", "attach to a running server at this MCP `endpoint`")
	registerLabel(flags, &f.label)
	flags.BoolVar(&f.live, "live", false, "install and start the real server, by its profile's launch recipe, instead of a mock")
	flags.BoolVar(&f.offline, "offline", false, "with --live: install nothing, use what is there")
	registerEnv(flags, &f.env)
	flags.StringVar(&f.rate, "rate", "", "promised `rate`, instead of the profile's: 12, 12/s, 300/1m, 0.5/s, or '8 req/sec, burst 16'")
	flags.IntVar(&f.burst, "burst", 0, "promised burst in `tokens`, instead of the profile's")
	flags.StringVar(&f.scope, "scope", "", "who shares a bucket: `global`, client, or more exactly session or credential (default: the profile's)")
	flags.StringVar(&f.against, "against", "declared", "`limit` to hold the server to: declared, or observed (what its own code sets, as far as its profile knows)")
	flags.StringVar(&f.tool, "tool", "", "`tool` to load the server with (default: the profile's, else one that says that it is harmless)")
	flags.StringVar(&f.args, "args", "", "arguments of the tool, as a `JSON` object")
	flags.BoolVar(&f.yes, "yes", false, "agree to call the tool that looks best, where none is named and none says that it is harmless")
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "header `'Name: value'` for every request; $NAME in the value is taken from the environment (repeatable)")
	f.bearer.register(flags)
	f.registerRefusals(cmd)
	flags.StringVar(&f.protocol, "protocol", "auto", "protocol `revision`: auto, 2026-07-28, 2025-11-25, ... 2024-11-05")
	flags.StringVar(&f.transport, "transport", "auto", "auto, http, sse, stdio or inprocess")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "give up on a call after this long")
	flags.StringArrayVar(&f.profiles, "profiles", nil, "`folder` with profiles of your own (repeatable; ./mcpload.d is read anyway)")
	flags.StringVar(&f.fault, "fault", "", "break the mock in one chosen `way` (see mcpload list faults)")
	flags.StringVar(&f.shape, "shape", "", "how the mock refuses: fastmcp2, fastmcp4 or http429 (default fastmcp2)")
	flags.StringVar(&f.charge, "charge", "", "what the mock charges: all or tools (default all)")
	flags.DurationVar(&f.latency, "latency", 0, "how long the mock takes for a call")
	f.registerReplyMemory(flags)
}

// registerRefusals adds the flags that say what counts as refused.
func (f *targetFlags) registerRefusals(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.refusals, "refusal", nil, "one more `sign` of a refusal: status=503, code=-32029, text=REGEXP in any result, or reset (repeatable)")
	flags.StringArrayVar(&f.excused, "not-refusal", nil, "`sign` of what is no refusal, though it looks like one: status=503, code=-32029 or text=REGEXP (repeatable)")
}

// userProfiles is the folder of profiles that is read without being named.
const userProfiles = "mcpload.d"

// catalog loads the embedded profiles and the user's own.
func (a *app) catalog(dirs []string) (*profiles.Catalog, error) {
	if info, err := os.Stat(userProfiles); err == nil && info.IsDir() {
		dirs = append([]string{userProfiles}, dirs...)
	}
	c, err := profiles.Load(dirs...)
	if err != nil {
		return nil, err
	}
	for _, w := range c.Warnings() {
		a.say("warning: %s", spoken(w))
	}
	return c, nil
}

// jobs turns flags into what is to be judged, all checked before anything
// starts.
func (a *app) jobs(f *targetFlags, command []string) ([]drive.Job, error) {
	for _, u := range append([]string{f.url}, f.replicas...) {
		a.hide("--url", apikey.InURL(u)...)
	}
	if err := f.consistent(command); err != nil {
		return nil, err
	}
	catalog, err := a.catalog(f.profiles)
	if err != nil {
		return nil, err
	}
	chosen, err := f.promises(catalog, command)
	if err != nil {
		return nil, err
	}
	header, err := parseHeaders("--header", f.headers)
	if err != nil {
		return nil, err
	}
	a.hideHeaders("--header", header)
	given, err := a.given(f.env)
	if err != nil {
		return nil, err
	}
	memory, err := f.memory()
	if err != nil {
		return nil, err
	}
	var jobs []drive.Job
	for _, p := range chosen {
		if err := f.override(&p); err != nil {
			return nil, err
		}
		if err := cmp.Or(addRefusals(&p.Refusal, f.refusals), addNotRefusals(&p.Refusal, f.excused)); err != nil {
			return nil, err
		}
		j, err := a.job(f, p, command, header, given)
		if err != nil {
			return nil, err
		}
		j.Options.Memory = memory
		if j.Live != nil || len(command) > 0 {
			a.hideEnv(p)
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// job is one server of a promise and the flags.
func (a *app) job(f *targetFlags, p profiles.Profile, command []string, header http.Header, given []string) (j drive.Job, err error) {
	j.Profile, j.Mock = p, mock.Config{Profile: p, Fault: f.fault, Shape: ratelimit.Shape(f.shape), Charge: mock.Charging(f.charge), Latency: f.latency, Seed: f.seed}
	j.ServeMock = func(c mock.Config) ([]string, error) { return mockCommand(c, f.profiles) }
	if j.Options, err = wireOptions(p, f, header); err != nil {
		return j, err
	}
	j.Options.Redact, j.Replicas = a.secrets.redact, f.replicas
	place := target.Place{URL: f.url, Command: command, Live: f.live, Transport: f.transport, Protocol: f.protocol}
	if err := j.Aim(place); err != nil {
		return j, err
	}
	if j.Label, err = place.Label(f.label); err != nil {
		return j, err
	}
	j.Options.Env = environment(&j.Target, given)
	if err := a.bear(&f.bearer, &j.Target); err != nil {
		return j, err
	}
	if j.Live != nil {
		j.Live.Path, j.Live.Passed, j.Live.Given, j.Live.Made = os.Getenv("PATH"), passedOn(p), given, a.secrets.add
		j.Live.Config, err = a.launchConfig(f.offline)
	}
	return j, err
}

// consistent refuses flags that contradict each other.
func (f *targetFlags) consistent(command []string) error {
	attached := f.url != "" || len(command) > 0
	named := len(f.servers) > 0
	switch {
	case f.all && named:
		return fmt.Errorf("--all and --server exclude each other")
	case f.label != "" && (f.all || len(f.servers) > 1):
		return fmt.Errorf("--label says what one server is known by, and these are several")
	case f.all && attached:
		return fmt.Errorf("--all judges every server that has a profile, so it takes no --url and no command")
	case attached && f.live:
		return fmt.Errorf("--live starts the profile's own launch command, so it takes no --url and no command")
	case f.offline && !f.live:
		return fmt.Errorf("--offline is about what --live installs, so it needs --live")
	case attached && len(f.servers) > 1:
		return fmt.Errorf("one --url or command is one server, but --server names %d", len(f.servers))
	case attached && (f.fault != "" || f.shape != "" || f.charge != "" || f.latency != 0), f.live && f.fault != "":
		return fmt.Errorf("--fault, --shape, --charge and --latency change the mock, and this is no mock")
	case !f.all && !named && !attached && f.unjudged:
		return hint.New(fmt.Errorf("no server is named"), "attach to one with --url, start one with -- command, or name a mock with --server acb")
	case !f.all && !named && !attached:
		return hint.New(fmt.Errorf("no server is named"), "name one with --server acb, all with --all, or attach to one with --url or -- command")
	case attached && !named && !f.promised() && !f.unjudged && !f.lawful:
		return hint.New(fmt.Errorf("a server without a profile needs its promise"), "give --rate 10/s and --burst 20, --promise for limits of other kinds, or --server NAME for a profile's")
	case len(f.env) > 0 && !f.live && len(command) == 0:
		return hint.New(fmt.Errorf("--env is for a server that is started, and none is"), "start one with -- command, or with --live")
	case f.timeout <= 0:
		return fmt.Errorf("--timeout %s is not above 0", f.timeout)
	}
	return nil
}

// promised reports if the flags give a rate and a burst. A rate that can't be
// read counts as given: it is refused where it is read.
func (f *targetFlags) promised() bool {
	_, burst, err := profiles.ParseLimit(f.rate)
	return f.rate != "" && (f.burst != 0 || burst > 0 || err != nil)
}

// promises returns the profiles to judge.
func (f *targetFlags) promises(c *profiles.Catalog, command []string) ([]profiles.Profile, error) {
	if f.all {
		return c.All(), nil
	}
	if len(f.servers) == 0 {
		p := profiles.ForURL(1, 1)
		p.Name = "server"
		if len(command) > 0 {
			p.Name = command[0]
		}
		return []profiles.Profile{p}, nil
	}
	var list []profiles.Profile
	for _, name := range f.servers {
		p, ok := c.Get(name)
		if !ok {
			advice := "mcpload list servers names them all"
			if near := c.Suggest(name); near != "" {
				advice = fmt.Sprintf("did you mean %s? %s", near, advice)
			}
			return nil, hint.New(fmt.Errorf("no profile is named %q", name), advice)
		}
		list = append(list, p)
	}
	return list, nil
}

// override puts what the flags say in place of what the profile says.
func (f *targetFlags) override(p *profiles.Profile) error {
	if err := f.choose(p); err != nil {
		return err
	}
	if err := f.overrideLimit(&p.Limit); err != nil {
		return err
	}
	return f.overrideCall(p)
}

// choose takes the limit that was declared, or the one that was observed.
func (f *targetFlags) choose(p *profiles.Profile) error {
	switch o := p.Observed; {
	case f.against == "" || f.against == "declared":
	case f.against != "observed":
		return fmt.Errorf("--against %q is neither declared nor observed", f.against)
	case o == nil:
		return fmt.Errorf("--against observed: nobody has read what the code of %s sets", p.Name)
	case len(o.Promise) > 0:
		p.Promise, p.Promised = o.Promise, o.Source
		if !p.Lawful() {
			p.Promise, p.Promised = nil, ""
			p.Limit.Rate, p.Limit.Burst, p.Limit.Scope, p.Limit.Tier, p.Limit.Inherited = o.Rate, o.Burst, o.Scope, "", ""
		}
	case o.Rate == 0:
		return fmt.Errorf("--against observed: the code of %s sets no limit (%s), so there is nothing to hold it to", p.Name, o.Source)
	default:
		p.Limit.Rate, p.Limit.Burst, p.Limit.Tier, p.Limit.Inherited = o.Rate, o.Burst, "", ""
		if o.Scope != "" {
			p.Limit.Scope = o.Scope
		}
	}
	return nil
}

// overrideLimit puts another rate, burst or scope into a limit.
func (f *targetFlags) overrideLimit(l *profiles.Limit) error {
	if f.rate != "" {
		rate, burst, err := profiles.ParseLimit(f.rate)
		if err != nil {
			return fmt.Errorf("--rate: %w", err)
		}
		l.Rate, l.Inherited, l.Tier = rate, "", ""
		if burst > 0 {
			l.Burst = burst
		}
	}
	switch {
	case f.burst < 0:
		return fmt.Errorf("--burst %d is not 1 or more", f.burst)
	case f.burst > 0:
		l.Burst, l.Inherited, l.Tier = f.burst, "", ""
	}
	switch scope := profiles.Scope(f.scope); scope {
	case "":
	case profiles.Global, profiles.Client:
		l.Scope, l.Key = scope, ""
	case profiles.Scope(profiles.SessionKey), profiles.Scope(profiles.CredentialKey):
		l.Scope, l.Key = profiles.Client, profiles.Key(scope)
	default:
		return fmt.Errorf("--scope %q is none of global, client, session and credential", f.scope)
	}
	return nil
}

// overrideCall puts another call to load with into a profile.
func (f *targetFlags) overrideCall(p *profiles.Profile) error {
	if f.tool != "" {
		if p.Call.Forbids(f.tool) {
			return fmt.Errorf("--tool %s: the profile of %s lists it among the tools never to call", f.tool, p.Name)
		}
	}
	arguments := p.Call.Arguments
	if f.tool != "" {
		arguments = nil
	}
	if f.args != "" {
		var object map[string]any
		if err := json.Unmarshal([]byte(f.args), &object); err != nil || object == nil {
			return fmt.Errorf("--args %q is not a JSON object", f.args)
		}
		if f.tool == "" && p.Call.Tool == "" {
			return fmt.Errorf("--args needs a --tool")
		}
		arguments = json.RawMessage(f.args)
	}
	if tool := cmp.Or(f.tool, p.Call.Tool); tool != "" {
		*p = p.Loading(tool, arguments)
	}
	if f.charge == string(mock.ChargeTools) {
		if p.Call.Tool == "" {
			return hint.New(fmt.Errorf("--charge tools makes a mock that charges tool calls only, and %s is loaded with %s", p.Name, p.Call.Method), "name a tool with --tool, such as echo")
		}
		p.Limit.Charges, p.Limit.MayCharge, p.Limit.Free = []string{p.Call.Method}, nil, nil
	}
	return nil
}

// wireOptions turns a promise and the flags into how the wire is to speak.
func wireOptions(p profiles.Profile, f *targetFlags, header http.Header) (wire.Options, error) {
	o := wire.Options{
		Header: header, Protocol: f.protocol, Timeout: f.timeout,
		Name: "mcpload", Version: version(), ListTools: true,
	}
	var err error
	if o.Refusal, err = target.SignsOf(p); err != nil {
		return o, err
	}
	switch f.transport {
	case "auto", "http", "sse", "stdio", "inprocess":
		o.Transport = wire.Transport(f.transport)
	default:
		return o, fmt.Errorf("--transport %q is none of auto, http, sse, stdio, inprocess", f.transport)
	}
	return o, nil
}
