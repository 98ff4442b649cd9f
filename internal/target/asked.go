package target

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
)

// Asked is which servers are meant, and how they are to be taken, in the words of the
// flags that its errors name. Most users want Consistent, Profiles, and of each of these
// Override and Target.
type Asked struct {
	Servers  []string // by their profiles' names
	All      bool
	URL      string
	Replicas []string // further URLs that the promise holds over; only run takes them
	Live     bool
	Offline  bool
	Label    string
	Env      []string

	Rate    string
	Burst   int
	Scope   string
	Against string

	Tool, Args  string
	Yes         bool
	Refusals    []string
	Excused     []string // signs of what is no refusal
	Protocol    string
	Transport   string
	Timeout     time.Duration
	ReplyMemory string
	Header      http.Header // of every request
	Socket      string
	Version     string // of ours, as servers are told it

	Fault, Shape, Charge string // of a mock
	Embedded             bool   // which keeps its promise by the limiter that servers embed
	Latency              time.Duration
	Seed                 uint64

	Unjudged bool // no promise is needed: nothing is held against it
	Lawful   bool // laws are promised, so that no rate and burst is needed
}

// Target is the server of a profile, as it was asked for, with what it gets of our
// environment and what else it is given. Of a mock it doesn't say yet what serves it.
func (a *Asked) Target(p profiles.Profile, command []string, look invoked.Lookup, given []string) (t Target,
	err error) {
	t.Profile, t.Replicas = p, a.Replicas
	t.Mock = mock.Config{Profile: p, Fault: a.Fault, Shape: ratelimit.Shape(a.Shape), Charge: mock.Charging(a.Charge),
		Latency: a.Latency, Seed: a.Seed, Embedded: a.Embedded}
	if t.Options, err = a.wireOptions(p); err != nil {
		return t, err
	}
	place := Place{URL: a.URL, Command: command, Live: a.Live, Transport: a.Transport, Protocol: a.Protocol}
	if err := t.Aim(place); err != nil {
		return t, err
	}
	t.Options.Env = Environment(&t, look, given)
	t.Label, err = place.Label(a.Label)
	return t, err
}

// Consistent refuses flags that contradict each other.
func (a *Asked) Consistent(command []string) error {
	attached := a.URL != "" || len(command) > 0
	named := len(a.Servers) > 0
	switch {
	case a.All && named:
		return fmt.Errorf("--all and --server exclude each other")
	case a.Label != "" && (a.All || len(a.Servers) > 1):
		return fmt.Errorf("--label says what one server is known by, and these are several")
	case a.All && attached:
		return fmt.Errorf("--all judges every server that has a profile, so it takes no --url and no command")
	case attached && a.Live:
		return fmt.Errorf("--live starts the profile's own launch command, so it takes no --url and no command")
	case a.Protocol != "" && !wire.Speaks(a.Protocol):
		return fmt.Errorf("--protocol %q is neither auto nor a revision such as %s", a.Protocol, revision.R2511)
	case a.Offline && !a.Live:
		return fmt.Errorf("--offline is about what --live installs, so it needs --live")
	case attached && len(a.Servers) > 1:
		return fmt.Errorf("one --url or command is one server, but --server names %d", len(a.Servers))
	case attached && (a.Fault != "" || a.Shape != "" || a.Charge != "" || a.Latency != 0 || a.Embedded),
		a.Live && (a.Fault != "" || a.Embedded):
		return fmt.Errorf("--fault, --shape, --charge, --latency and --embedded change the mock, and this is no mock")
	case a.Embedded && (a.Charge != "" || a.Transport != "auto" && a.Transport != "http"):
		return fmt.Errorf("--embedded is a limiter over http that charges what is promised: it takes no --charge and " +
			"no other --transport")
	case !a.All && !named && !attached:
		return hint.New(fmt.Errorf("no server is named"), "attach to one with --url, start one with -- command, or "+
			"name a mock with --server acb")
	case attached && !named && !a.promised() && !a.Unjudged && !a.Lawful:
		return a.unpromised(command)
	case len(a.Env) > 0 && !a.Live && len(command) == 0:
		return hint.New(fmt.Errorf("--env is for a server that is started, and none is"), "start one with -- "+
			"command, or with --live")
	case a.Socket != "" && len(a.Replicas) > 0:
		return fmt.Errorf("--unix-socket is one server's, and --url names %d", len(a.Replicas)+1)
	case a.Timeout <= 0:
		return fmt.Errorf("--timeout %s is not above 0", a.Timeout)
	}
	return nil
}

// unpromised says what of a promise isn't there, and how to give it.
func (a *Asked) unpromised(command []string) error {
	for _, word := range command {
		name, _, _ := strings.Cut(word, "=")
		if slices.Contains([]string{"--rate", "--burst", "--promise", "--server"}, name) {
			return hint.New(fmt.Errorf("a server without a profile needs its promise, and %s stands behind --", name),
				"what stands behind -- is the command that starts the server: put mcpload's flags before it")
		}
	}
	switch {
	case a.Rate != "":
		return hint.New(fmt.Errorf("--rate %s needs a --burst of 1 or more beside it", a.Rate), "the burst is how "+
			"many calls a bucket grants at once; a limit without one is a window, as in --promise '60 per 1m'")
	case a.Burst != 0:
		return hint.New(fmt.Errorf("--burst %d needs a --rate beside it", a.Burst), "such as --rate 10/s")
	}
	return hint.New(fmt.Errorf("a server without a profile needs its promise"), "give --rate 10/s and --burst 20, "+
		"--promise for limits of other kinds, or --server NAME for a profile's; where nobody knows it, mcpload probe "+
		"measures it")
}

// promised reports if the flags give a rate and a burst. A rate that can't be
// read counts as given: it is refused where it is read.
func (a *Asked) promised() bool {
	l, err := profiles.ParseLimit(a.Rate)
	return a.Rate != "" && (a.Burst != 0 || l.Burst > 0 || err != nil)
}

// Profiles returns the profiles to judge.
func (a *Asked) Profiles(c *profiles.Catalog, command []string) ([]profiles.Profile, error) {
	if a.All {
		return c.All(), nil
	}
	if len(a.Servers) == 0 {
		p := profiles.ForURL(profiles.Limit{Rate: 1, Burst: 1})
		label, err := Place{URL: a.URL, Command: command}.Label(a.Label)
		p.Name = cmp.Or(label, "server")
		return []profiles.Profile{p}, err
	}
	var list []profiles.Profile
	for _, name := range a.Servers {
		p, ok := c.Get(name)
		if !ok {
			return nil, hint.New(fmt.Errorf("no profile is named %q", name), c.Meant(name)+
				"mcpload list servers names them all")
		}
		list = append(list, p)
	}
	return list, nil
}

// Override puts what the flags say in place of what the profile says.
func (a *Asked) Override(p *profiles.Profile) error {
	if err := a.choose(p); err != nil {
		return err
	}
	if err := a.overrideLimit(&p.Limit); err != nil {
		return err
	}
	if err := a.overrideCall(p); err != nil {
		return err
	}
	return cmp.Or(invoked.Flagged("--refusal", AddRefusals(&p.Refusal, a.Refusals)),
		invoked.Flagged("--not-refusal", AddNotRefusals(&p.Refusal, a.Excused)))
}

// choose takes the limit that was declared, or the one that was observed.
func (a *Asked) choose(p *profiles.Profile) error {
	switch o := p.Observed; {
	case a.Against == "" || a.Against == "declared":
	case a.Against != "observed":
		return fmt.Errorf("--against %q is neither declared nor observed", a.Against)
	case o == nil:
		return fmt.Errorf("--against observed: nobody has read what the code of %s sets", p.Name)
	case len(o.Promise) > 0:
		p.Promise, p.Promised = o.Promise, o.Source
		if !p.Lawful() {
			p.Promise, p.Promised = nil, ""
			p.Limit.Rate, p.Limit.Burst, p.Limit.Scope, p.Limit.Tier, p.Limit.Inherited = o.Rate, o.Burst, o.Scope, "",
				""
		}
	case o.Rate == 0:
		return fmt.Errorf("--against observed: the code of %s sets no limit (%s), so there is nothing to hold it to",
			p.Name, o.Source)
	default:
		p.Limit.Rate, p.Limit.Burst, p.Limit.Tier, p.Limit.Inherited = o.Rate, o.Burst, "", ""
		if o.Scope != "" {
			p.Limit.Scope = o.Scope
		}
	}
	return nil
}

// overrideLimit puts another rate, burst or scope into a limit.
func (a *Asked) overrideLimit(l *profiles.Limit) error {
	if a.Rate != "" {
		given, err := profiles.ParseLimit(a.Rate)
		if err != nil {
			return fmt.Errorf("--rate: %w", err)
		}
		l.Rate, l.Inherited, l.Tier = given.Rate, "", ""
		l.Burst = cmp.Or(given.Burst, l.Burst)
	}
	switch {
	case a.Burst < 0:
		return fmt.Errorf("--burst %d is not 1 or more", a.Burst)
	case a.Burst > 0:
		l.Burst, l.Inherited, l.Tier = a.Burst, "", ""
	}
	switch scope := profiles.Scope(a.Scope); scope {
	case "":
	case profiles.Global, profiles.Client:
		l.Scope, l.Key = scope, ""
	case profiles.Scope(profiles.SessionKey), profiles.Scope(profiles.CredentialKey):
		l.Scope, l.Key = profiles.Client, profiles.Key(scope)
	default:
		return fmt.Errorf("--scope %q is none of global, client, session and credential", a.Scope)
	}
	return nil
}

// CheckArguments refuses arguments of a tool that are no JSON object.
func CheckArguments(text string) error {
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
		return hint.New(fmt.Errorf("--args %q is not a JSON object", text), `such as --args '{"q":"cats"}'`)
	}
	return nil
}

// overrideCall puts another call to load with into a profile.
func (a *Asked) overrideCall(p *profiles.Profile) error {
	if a.Tool != "" {
		if p.Call.Forbids(a.Tool) {
			return fmt.Errorf("--tool %s: the profile of %s lists it among the tools never to call", a.Tool, p.Name)
		}
	}
	arguments := p.Call.Arguments
	if a.Tool != "" {
		arguments = nil
	}
	if a.Args != "" {
		if err := CheckArguments(a.Args); err != nil {
			return err
		}
		if a.Tool == "" && p.Call.Tool == "" {
			return fmt.Errorf("--args needs a --tool")
		}
		arguments = json.RawMessage(a.Args)
	}
	if tool := cmp.Or(a.Tool, p.Call.Tool); tool != "" {
		*p = p.Loading(tool, arguments)
	}
	if a.Charge == string(mock.ChargeTools) {
		if p.Call.Tool == "" {
			return hint.New(fmt.Errorf("--charge tools makes a mock that charges tool calls only, and %s is loaded "+
				"with %s", p.Name, p.Call.Method), "name a tool with --tool, such as echo")
		}
		p.Limit.Charges, p.Limit.MayCharge, p.Limit.Free = []string{p.Call.Method}, nil, nil
	}
	return nil
}

// wireOptions is how the wire is to speak.
func (a *Asked) wireOptions(p profiles.Profile) (wire.Options, error) {
	o := wire.Options{
		Header: a.Header, Protocol: a.Protocol, Timeout: a.Timeout,
		Name: "mcpload", Version: a.Version, ListTools: true,
	}
	var err error
	if o.Refusal, err = SignsOf(p); err != nil {
		return o, err
	}
	switch a.Transport {
	case "auto", "http", "sse", "stdio", "inprocess":
		o.Transport = wire.Transport(a.Transport)
	default:
		return o, fmt.Errorf("--transport %q is none of auto, http, sse, stdio, inprocess", a.Transport)
	}
	return o, nil
}
