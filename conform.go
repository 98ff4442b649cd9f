package mcpload

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/conform"
	conformdrive "github.com/mcpload/mcpload/scenarios/conform/drive"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// ConformConfig says which server is held to the specification of MCP. Its zero value
// tries a mock that has one of everything, in every revision.
type ConformConfig struct {
	// what it promises isn't judged; its Tool may be called, and without one a tool that says that
	// it only reads
	Server Server

	Revisions []string // such as 2025-11-25; empty: every one that the server speaks
	Rows      []string // of the table, by their ids; empty: all
	Strict    bool     // what isn't a MUST counts as a fail too

	Under float64 // right requests a second that are sent beside the rows; 0: none
	// a command that restarts the server while calls go on, with its arguments; empty: it isn't
	// restarted. It needs Under.
	Restart []string
	Counter string // a tool that tells how many calls of others were carried out; empty: there is none
	// how long odd arguments are tried on the tools that may be called, in the newest revision; 0:
	// they aren't
	Fuzz time.Duration
	Seed uint64 // of the odd arguments

	Baseline results.Baseline // of rows that are known to fail, which decide nothing; nil: nothing is known

	// of somebody else, in place of the Server's; nil: there is nobody, and what needs somebody
	// isn't tried
	Other http.Header

	// how a shell reaches the server, for the lines that repeat an exchange. Its zero value will
	// do: what isn't known is a variable then, that the shell asks for.
	Again conformdrive.Again

	// about how long all may take: what is demanded most strongly is tried first where the rest would
	// take longer, and what wasn't tried is told. 0: 15 minutes, and with Under or Fuzz no end
	Budget time.Duration

	Observer Observer        // hears which row is tried; nil: nobody does
	Drain    <-chan struct{} // once it is closed nothing more is sent, and what was is judged; nil: never

	// Prepared is a server that is set up in all detail already, in place of all that
	// Server says but its Tool, Arguments and Timeout. nil: there is none.
	Prepared *drive.Job
}

// Conform holds a server to what the specification of MCP demands of it, as far as a
// stranger can see that, and returns which demand it broke by which reply. That it
// breaks one is the document's verdict, and no error; that nothing could be tried is
// one.
func Conform(ctx context.Context, c ConformConfig) (*results.Document, error) {
	t, d, err := c.tried()
	if err != nil {
		return nil, err
	}
	if c.Observer != nil {
		var pace conformdrive.Pace
		d.Watch = func(s conformdrive.Step) {
			c.Observer.Tell(Event{Server: t.Profile.Name, Doing: s.String(), Say: pace.Said(s)})
		}
	}
	doc := &results.Document{Version: version(), Started: time.Now().UTC().Format(time.RFC3339), Seed: c.Seed}
	soft, stop := runner.Until(ctx, c.Drain)
	defer stop()
	server, err := conformdrive.Server(soft, t, d, c.Strict)
	if err != nil {
		return nil, err
	}
	if soft.Err() != nil {
		server.Notes = append(server.Notes, results.InterruptedRun+"; what was asked until then is judged")
	}
	doc.Servers = []results.Server{server}
	if notes := c.Baseline.Apply(doc, time.Now()); len(c.Baseline) > 0 {
		doc.Servers[0].Notes = append(doc.Servers[0].Notes, notes...)
	}
	doc.Finish()
	return doc, nil
}

// Rehearse returns the requests that Conform could send, by revision, and sends the
// server none of them. What is asked next depends on what was answered, so a mock that
// has one of everything answers in the server's place, at the address that is
// returned.
func (c ConformConfig) Rehearse(ctx context.Context) (reports []conform.Report, address string, err error) {
	t, d, err := c.tried()
	if err != nil {
		return nil, "", err
	}
	stand, err := standIn(t)
	if err != nil {
		return nil, "", err
	}
	d.Tool, d.Arguments = "", nil // the mock has its own
	d.Under, d.Fuzz = 0, 0        // which are no list
	d.Restart = nil
	d.Again.Alone = true
	reports, err = conformdrive.Rehearse(ctx, stand, d)
	if err != nil {
		return nil, "", err
	}
	return reports, stand.Options.URL, nil
}

// standIn is a mock that is spoken to as a server is: of a known server, so that it can
// be served over stdio by name.
func standIn(t *target.Target) (*target.Target, error) {
	known, err := profiles.Load()
	if err != nil {
		return nil, err
	}
	p := known.All()[0]
	stand := &target.Target{Profile: p, Kind: target.Mock, ServeMock: t.ServeMock,
		Mock: mock.Config{Profile: p, Fixture: true}}
	stand.Mock.Profile.Limit.Rate, stand.Mock.Profile.Limit.Burst = roomy()[0].Rate, roomy()[0].N
	stand.Options.Transport = t.Options.Transport
	if len(t.Options.Command) > 0 {
		stand.Options.Transport = wire.Stdio
	}
	if t.ServeMock == nil || stand.Options.Transport == wire.Auto || stand.Options.Transport == "" {
		stand.Options.Transport = wire.HTTP
	}
	return stand, nil
}

// roomy is a limit that is in nobody's way.
func roomy() promise.Promise {
	const much = 100_000 // calls a second and at once
	return promise.Promise{{Kind: promise.Bucket, Rate: much, N: much}}
}

// tried is the server to try, and how.
func (c ConformConfig) tried() (*target.Target, conformdrive.Config, error) {
	d := conformdrive.Config{Timeout: c.Server.Timeout, Tool: c.Server.Tool, Arguments: c.Server.Arguments,
		Revisions: c.Revisions, Other: c.Other,
		Under: c.Under, Fuzz: c.Fuzz, Budget: c.Budget, Seed: c.Seed, Counter: c.Counter, Again: c.Again}
	if c.Under < 0 || c.Fuzz < 0 || c.Budget < 0 {
		return nil, d, fmt.Errorf("under %g, fuzz %s and budget %s: want 0 or more", c.Under, c.Fuzz, c.Budget)
	}
	if len(c.Restart) > 0 {
		d.Restart = conformdrive.Command(c.Restart)
	}
	for _, r := range c.Revisions {
		if !slices.Contains(conform.Revisions(), r) {
			return nil, d, fmt.Errorf("revision %q is none of %s", r, strings.Join(conform.Revisions(), ", "))
		}
	}
	d.Rows = []conform.Row{}
	for _, id := range c.Rows {
		named := func(r conform.Row) bool { return strings.EqualFold(r.ID, id) }
		if k := slices.IndexFunc(conform.LoadRows(), named); k >= 0 && c.Under > 0 {
			d.Loaded = append(d.Loaded, conform.LoadRows()[k])
			continue
		}
		k := slices.IndexFunc(conform.Rows(), named)
		if k < 0 {
			return nil, d, fmt.Errorf("row %q is in no table", id)
		}
		d.Rows = append(d.Rows, conform.Rows()[k])
	}
	if len(c.Rows) == 0 {
		d.Rows, d.Loaded = conform.Rows(), conform.LoadRows()
	}
	j := c.Prepared
	if j == nil {
		s := c.Server
		s.Promise, s.Tool, s.Arguments = roomy(), "", nil
		one, err := s.job()
		if err != nil {
			return nil, d, err
		}
		j = &one
	}
	t := j.Target
	if t.Kind == target.Mock { // of one of everything, and of a limit that is in nobody's way
		t.Mock.Fixture, t.Options.Protocol = true, ""
		t.Mock.Profile.Limit.Rate, t.Mock.Profile.Limit.Burst = roomy()[0].Rate, roomy()[0].N
	}
	return &t, d, nil
}
