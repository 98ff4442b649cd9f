// Package target makes servers reachable, wherever they come from: a mock of a
// profile, a URL, a command, or a profile's own launch recipe. Most users want
// Target.Open, which starts what has to be started and dials it once a client;
// Dial opens one session, and says what that took also where there is none.
//
// It also settles which call a server is loaded with. It sends no load, judges
// nothing, and reads no environment: what a server gets of that is given to it.
package target

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/printable"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// A Kind says where a server comes from.
type Kind string

// The kinds. A server of a launch recipe is a command.
const (
	Mock    Kind = "mock"
	URL     Kind = "url"
	Command Kind = "command"
)

// GiveUp is how many calls in a row must break for a server to be gone.
const GiveUp = 25

// A Target is one server, and how it is reached.
type Target struct {
	Profile   profiles.Profile
	Kind      Kind
	Label     string // what it is known by from run to run; empty: by the profile's name
	Options   wire.Options
	Mock      mock.Config
	ServeMock func(mock.Config) ([]string, error) // the command that serves a mock over stdio; nil: nothing does
	Launch    []string                            // a command to start before dialling the URL
	Live      *Live                               // a server of the profile's recipe to install and start; nil: none
	// further URLs that the same promise holds over, together with the first
	Replicas []string
	// how many sessions are opened, where the transport has several; 0: DefaultClients
	Clients int
	// of the clients, where others speak as the rest; the zero value: all
	Part     shard.Part
	Identity Identity     // what tells clients apart besides their sessions
	Seed     uint64       // makes what is made up repeatable
	Call     results.Call // what it is loaded with, where nobody named it
	Settle   Settling     // how it comes to that call
	Unopened Unopened     // sessions that could not be opened
	// a page that says how many calls were carried out; empty: none is known
	CounterURL string
	Restart    Restart       // how it is restarted in mid-run
	served     []string      // the command of what serves the URL
	serving    *wire.Process // of a command that serves the URL; nil: none was started
}

// A Place says where a server is. The zero value is a mock's.
type Place struct {
	URL       string
	Command   []string // to start: before the URL is dialled, or to speak to on stdin and stdout
	Live      bool     // by the profile's launch recipe
	Transport string   // auto, or empty: the one that is found out
	Protocol  string   // likewise
}

// Aim decides where the server comes from.
func (t *Target) Aim(p Place) error {
	launch, auto := t.Profile.Launch, p.Transport == "auto" || p.Transport == ""
	switch {
	case p.URL != "":
		t.Kind, t.Options.URL, t.Launch = URL, p.URL, p.Command
		if p.Transport == "stdio" || p.Transport == "inprocess" {
			return fmt.Errorf("--transport %s has no --url", p.Transport)
		}
	case len(p.Command) > 0:
		t.Kind, t.Options.Command, t.Options.Transport = Command, p.Command, wire.Stdio
		if !auto && p.Transport != "stdio" {
			return hint.New(fmt.Errorf("a command is spoken to over stdio, not %s", p.Transport), "give the --url "+
				"that it serves as well")
		}
	case p.Live:
		return t.aimLive()
	default:
		t.Kind = Mock
		if auto {
			t.Options.Transport = wire.HTTP
		}
		if t.Profile.Limit.Scope == profiles.Client && (p.Protocol == "auto" || p.Protocol == "") {
			t.Options.Protocol = withSessions
		}
	}
	if launch.Transport != "" && t.Options.Transport == wire.Auto && launch.Transport != "stdio" && t.Kind != URL {
		t.Options.Transport = wire.Transport(launch.Transport)
	}
	return nil
}

// aimLive takes the profile's own launch command.
func (t *Target) aimLive() error {
	l := t.Profile.Launch
	if len(l.Command) == 0 {
		return hint.New(fmt.Errorf("the profile of %s has no launch command", t.Profile.Name), cmp.Or(l.Note,
			"start the server with -- command, attach to it with --url, or put launch into its profile"))
	}
	t.Kind, t.Live = Command, &Live{}
	t.Options.Transport = wire.Transport(l.Transport)
	if l.Transport == "stdio" {
		return nil
	}
	if err := Loopback(l.Host); err != nil {
		return fmt.Errorf("the profile of %s: %w", t.Profile.Name, err)
	}
	// with another port, where it takes any
	t.Options.URL = "http://" + net.JoinHostPort(l.Host, strconv.Itoa(l.Port)) + l.Path
	return nil
}

// Loopback refuses a host beyond this machine: live servers are started and
// loaded here, and nothing is sent anywhere else.
func Loopback(host string) error {
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return hint.New(fmt.Errorf("%q is not on this machine, and live servers are started and loaded on its loopback "+
		"interface only", host), "let the launch recipe listen on 127.0.0.1")
}

// Describe is the server as documents have it before anything is sent.
func (t *Target) Describe() results.Server {
	return results.Server{
		Server: t.Profile.Name,
		Target: results.Target{Kind: string(t.Kind), Transport: string(t.Options.Transport),
			Protocol: t.Options.Protocol, Label: t.Label, Call: t.LoadedWith()},
		Limit:    results.LimitOf(t.Profile.Limit),
		Observed: results.ObservedOf(t.Profile.Observed),
	}
}

// LoadedWith is the call as documents spell it.
func (t *Target) LoadedWith() *results.Call {
	c := t.Call
	c.Method, c.Tool = t.Profile.Call.Method, t.Profile.Call.Tool
	return &c
}

// CallWords are the call for people.
func (t *Target) CallWords() string {
	if tool := t.Profile.Call.Tool; tool != "" {
		return t.Profile.Call.Method + " " + tool
	}
	return t.Profile.Call.Method
}

// KnowsTool refuses a tool that the server doesn't have, before any load.
func (t *Target) KnowsTool(s *wire.Session, tool string) error {
	tools := s.Tools()
	if tool == "" || len(tools) == 0 || slices.Contains(tools, tool) {
		return nil
	}
	for i := range tools {
		tools[i] = t.shown(tools[i])
	}
	return hint.New(fmt.Errorf("the server has no tool %q", tool), profiles.Meant(tool, tools)+
		"name one of its own with --tool: "+words.First(tools))
}

// shown is a server's text, fit to be printed: its secrets are taken out first, while
// what they are split by still stands.
func (t *Target) shown(text string) string {
	if t.Options.Redact != nil {
		text = t.Options.Redact(text)
	}
	return strings.Map(printable.Visible, text)
}

// Explain says why a server can't be used, and what to do about it.
func Explain(err error) (sentence, advice string) {
	sentence, advice = err.Error(), hint.Of(err)
	dial, ok := errors.AsType[*wire.DialError](err)
	if !ok {
		return sentence, advice
	}
	if lines := LastLines(dial.Stderr); advice == "" && len(lines) > 0 {
		switch dial.Kind {
		case wire.Exited:
			advice = wroteLast(lines) + missed(lines)
		case wire.TimedOut:
			advice = cmp.Or(elsewhere(lines), dial.Hint) + "\n  " + wroteLast(lines)
		}
	}
	return dial.Sentence(), cmp.Or(advice, dial.Hint)
}

// Explained is an error in the words of Explain.
func Explained(err error) error {
	sentence, advice := Explain(err)
	return hint.New(errors.New(sentence), advice)
}

// Unreached is why nothing could be asked of the server, with what of how it was reached
// may be the reason.
func (t *Target) Unreached(err error) error {
	dial, ok := errors.AsType[*wire.DialError](err)
	if !ok {
		return err
	}
	_, advice := Explain(dial)
	if t.Options.HTTP2 && (dial.Kind == wire.Lost || dial.Kind == wire.Protocol || advice == "") {
		advice = "does the server speak HTTP/2? --http 1.1 is the default"
	}
	if dial.Kind == wire.Auth && t.Options.Bearer == nil && t.Options.Header.Get("Authorization") != "" {
		advice = "it doesn't take the credentials that it was given: is the variable the right one, and does its " +
			"scheme stand in the header, as in --header 'Authorization: Bearer $NAME'?"
	}
	if t.Options.Proxy != nil && advice == "" {
		advice = "is the proxy there that --proxy names, and may it reach the server?"
	}
	return hint.New(errors.New(dial.Sentence()), advice)
}
