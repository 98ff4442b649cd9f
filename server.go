package mcpload

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// A Server is one server to judge: where it is, and what it promises. Without a URL
// and a Command it is a mock that keeps its promise.
type Server struct {
	Name      string          // in the document; empty: its address, its script's name, else "server"
	Promise   promise.Promise // what it promises; at least one law
	URL       string          // MCP endpoint of a running server, or of the one that Command starts
	Command   []string        // starts a server; without a URL it is spoken to on stdin and stdout
	Env       []string        // the whole environment of the Command, as NAME=VALUE
	Header    http.Header     // of every request
	Transport string          // http, sse or stdio; empty: found out
	Protocol  string          // revision, such as 2025-11-25; empty: found out
	Timeout   time.Duration   // of a call; 0: 10 s
	Clients   int             // sessions to speak as; 0: two, where the transport has several

	// Tool is called with Arguments. Where it is empty, a tool is taken that says that it
	// is harmless; where there is none, tools/list is requested.
	Tool      string
	Arguments json.RawMessage // a JSON object; nil: {}

	Fresh bool // nobody has used the server before, so that a promise of windows need not be waited for
	Spend bool // more than 200 of a quota may be used up
}

// job is the server as the drive takes it.
func (s Server) job() (drive.Job, error) {
	if len(s.Promise) == 0 {
		return drive.Job{}, errors.New("it promises nothing: give a law, such as that of promise.Parse(\"10/s " +
			"burst 20\")")
	}
	if err := s.Promise.Validate(); err != nil {
		return drive.Job{}, err
	}
	if s.Arguments != nil && !json.Valid(s.Arguments) {
		return drive.Job{}, errors.New("its Arguments are no JSON")
	}
	var j drive.Job
	p := profiles.ForURL(profiles.Limit{Rate: 1, Burst: 1})
	label, err := target.Place{URL: s.URL, Command: s.Command}.Label("")
	if err != nil {
		return drive.Job{}, err
	}
	p.Name = cmp.Or(s.Name, label, "server")
	limit, bucket := s.bucket(p.Limit)
	if bucket {
		p.Limit = limit
	}
	if s.Tool != "" {
		p = p.Loading(s.Tool, s.Arguments)
	}
	j.Profile, j.Mock = p, mock.Config{Profile: p}
	j.Settle.Named = s.Tool != ""
	signs, err := target.SignsOf(p)
	if err != nil {
		return j, err
	}
	signs.Wary = true
	j.Options = wire.Options{Header: s.Header, Protocol: s.Protocol, Timeout: cmp.Or(s.Timeout, 10*time.Second),
		Env: s.Env, Name: "mcpload", Version: version(), ListTools: true, Refusal: signs,
		Redact:    apikey.NewRedactor(s.secrets()...).Redact,
		Transport: wire.Transport(cmp.Or(s.Transport, string(wire.Auto)))}
	if err := j.Aim(target.Place{URL: s.URL, Command: s.Command, Transport: s.Transport,
		Protocol: s.Protocol}); err != nil {
		return j, err
	}
	j.ChooseOfMock()
	if !bucket {
		j.Profile.Promise, j.Profile.Promised = s.Promise, ""
		j.Profile.Settle()
		j.Mock.Profile = j.Profile // a mock keeps it
		j.Laws = &drive.Laws{Promise: s.Promise, Budget: scenarios.DefaultLawBudget, Fresh: s.Fresh, Spend: s.Spend}
	}
	return j, j.SpeakAs(cmp.Or(s.Clients, target.DefaultClients), target.Identity{})
}

// bucket is the promise as one token bucket, where it is that and nothing else.
func (s Server) bucket(l profiles.Limit) (profiles.Limit, bool) {
	if len(s.Promise) != 1 {
		return l, false
	}
	law := s.Promise[0]
	if law.Kind != promise.Bucket || law.Step != 0 || law.Wait != 0 || law.Lockout != 0 ||
		!reflect.DeepEqual(law.Charge, promise.Charge{}) {
		return l, false
	}
	l.Rate, l.Burst = law.Rate, law.N
	switch {
	case len(law.Key) == 0:
		l.Scope = profiles.Global
	case slices.Equal(law.Key, promise.Key{promise.Session}):
		l.Scope, l.Key = profiles.Client, profiles.SessionKey
	case slices.Equal(law.Key, promise.Key{promise.Credential}):
		l.Scope, l.Key = profiles.Client, profiles.CredentialKey
	default:
		return l, false
	}
	return l, true
}

// secrets are what must not be shown of a server.
func (s Server) secrets() []string {
	list := slices.Concat(apikey.InHeaders(s.Header), apikey.InURL(s.URL))
	for _, pair := range s.Env {
		name, value, _ := strings.Cut(pair, "=")
		list = append(list, apikey.InURL(value)...)
		if apikey.NamesSecret(name) {
			list = append(list, value)
		}
	}
	return list
}

// version is the module's, as a server is told it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == "github.com/mcpload/mcpload" && m.Version != "" && m.Version != "(devel)" {
				return m.Version
			}
		}
	}
	return "devel"
}

// ParsePromise reads the laws of a promise, as in "10/s burst 20" and "1000 per 1h".
func ParsePromise(laws ...string) (promise.Promise, error) {
	return promise.ParseAll(laws...)
}
