package mcpload

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"time"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/startup"
	startdrive "github.com/mcpload/mcpload/scenarios/startup/drive"
)

// StartupConfig says which server is started again and again, with other credentials
// each time. Its zero value is refused, as it names no command.
type StartupConfig struct {
	Name    string   // in the document; empty: the program's
	Command []string // starts the server
	Dir     string   // to start it in; empty: this one
	Scratch bool     // it is started in an empty folder of its own instead
	Env     []string // its whole environment beside the credentials, as NAME=VALUE
	URL     string   // MCP endpoint that it serves; empty: it speaks on stdin and stdout

	Credentials []profiles.Credential // that it takes; values are made up, of their providers' forms
	Providers   []apikey.Provider     // of one's own, beside those that apikey knows
	Own         map[string]string     // real ones for the good starts, by their variables; nil: made up too
	Cases       []string              // by name, between the good starts; empty: all
	Seed        uint64                // makes what is made up repeatable

	Limit     time.Duration   // how long it may take to refuse a bad credential; 0: 10 s
	Ready     time.Duration   // how long it may take to answer with a good one; 0: 30 s
	Logs      []string        // patterns of log files that it writes; relative ones count from its folder
	Tool      string          // a harmless tool, whose reply is looked through as well; empty: none
	Arguments json.RawMessage // of the tool, a JSON object; nil: {}

	Target   results.Target  // what the document says of the server; of the zero value it says what is known
	Observer Observer        // hears which start is under way; nil: nobody does
	Drain    <-chan struct{} // once it is closed nothing more is started, and what was is judged; nil: never

	// Install makes the server ready before its first start, and says how it is started
	// then; an empty URL leaves that as it is. nil: it is ready.
	Install func(context.Context) (command []string, url string, err error)

	Header http.Header // of every request over HTTP

	// Prepared says how requests over HTTP are made in all detail: their headers in place
	// of Header, tokens, certificates, proxy and socket. nil: as Go does.
	Prepared *wire.Options
}

// StartupOf is the configuration of a server that is set up in all detail already.
func StartupOf(l *startdrive.Line) StartupConfig {
	return StartupConfig{Name: l.Name, Target: l.Target, Command: l.Command, Dir: l.Dir, Scratch: l.Scratch, Env: l.Env,
		URL: l.URL, Credentials: l.Credentials, Providers: l.Providers, Own: l.Own, Cases: l.Cases, Seed: l.Seed,
		Limit: l.Limit, Ready: l.Ready, Logs: l.Logs, Tool: l.Tool.Tool, Arguments: l.Tool.Arguments}
}

// Startup starts a server once for each way to set its credentials, and returns if it
// refuses the bad ones before it answers anything, starts with the good ones, and
// shows none. That it doesn't is the document's verdict, and no error; that it could
// not be started at all is one.
func Startup(ctx context.Context, c StartupConfig) (*results.Document, error) {
	j, err := c.job()
	if err != nil {
		return nil, err
	}
	server := results.Server{Server: cmp.Or(c.Name, filepath.Base(c.Command[0])), Target: c.describe()}
	tell := func(string) {}
	if c.Observer != nil {
		tell = func(doing string) { c.Observer.Tell(Event{Server: server.Server, Doing: doing}) }
	}
	doc := &results.Document{Version: version(), Started: time.Now().UTC().Format(time.RFC3339), Seed: c.Seed}
	if err := j.Run(ctx, c.Drain, &server, tell); err != nil {
		return nil, err
	}
	doc.Servers = append(doc.Servers, server)
	doc.Finish()
	return doc, nil
}

// Starts are the starts that Startup would make, all checked. It makes none.
func (c StartupConfig) Starts() ([]startup.Start, error) {
	j, err := c.job()
	if err != nil {
		return nil, err
	}
	trial, err := j.Plan()
	if err != nil {
		return nil, err
	}
	return trial.Starts, nil
}

// job is the server as the drive takes it.
func (c StartupConfig) job() (*startdrive.Job, error) {
	switch {
	case len(c.Command) == 0:
		return nil, errors.New("StartupConfig.Command names no program")
	case c.Limit < 0 || c.Ready < 0:
		return nil, errors.New("StartupConfig.Limit and Ready can't be below 0")
	case c.Arguments != nil && !json.Valid(c.Arguments):
		return nil, errors.New("StartupConfig.Arguments are no JSON")
	}
	j := &startdrive.Job{Command: c.Command, Dir: c.Dir, Scratch: c.Scratch, Env: c.Env, URL: c.URL, Logs: c.Logs,
		Limit: cmp.Or(c.Limit, 10*time.Second), Ready: cmp.Or(c.Ready, 30*time.Second),
		Credentials: c.Credentials, Providers: c.Providers, Own: c.Own, Cases: c.Cases, Seed: c.Seed,
		Install: c.Install}
	if c.Tool != "" {
		j.Tool = history.Arrival{Method: "tools/call", Tool: c.Tool, Arguments: c.Arguments}
	}
	if c.Prepared != nil {
		j.Options, c.Header = *c.Prepared, c.Prepared.Header
	}
	secrets := Server{URL: c.URL, Env: c.Env, Header: c.Header}.secrets()
	for _, value := range c.Own {
		secrets = append(secrets, value)
	}
	j.Options.Name, j.Options.Version, j.Options.Timeout, j.Options.Header = "mcpload", version(), j.Limit, c.Header
	j.Options.Redact = apikey.NewRedactor(secrets...).Redact
	if c.Target.Transport == string(wire.SSE) {
		j.Options.Transport = wire.SSE
	}
	return j, nil
}

// describe is what the document says of the server.
func (c StartupConfig) describe() results.Target {
	t := c.Target
	if t == (results.Target{}) {
		t = results.Target{Kind: "command", Transport: "stdio", Address: c.Command[0]}
		if c.URL != "" {
			t.Transport = "http"
		}
	}
	return t
}
