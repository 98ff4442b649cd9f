// Package mcpload checks that MCP servers keep the rate limits they promise. Most
// users want Run: it sends traffic to servers and returns what that proves, as a
// document. Probe finds out what limit a server keeps that nobody declared. Load puts a
// server under general load, Conform holds it to the protocol's
// specification, and Startup to refusing bad credentials; Verify judges a history that
// somebody else recorded, and Compare says what changed between runs. For tests in Go
// there is mcploadtest, which fails a test with the calls that prove it; for people and
// CI there is the command.
//
// The package keeps nothing and prints nothing, and reads no environment: what a
// server that is started should get of it, its Server says.
package mcpload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// Config says what a run does. Its zero value is refused, as it names no server.
type Config struct {
	Servers []Server // judged at the same time
	// by name; empty: those that say what the limit is. Promises of other kinds than one bucket
	// bring their own traffic
	Scenarios []string
	Seed      uint64 // makes the plan repeatable
	Repeat    int    // judge so many times over; the worst run counts; 0: once
	Most      int    // an error if more calls are planned for a server; 0: two million
	// the least error of the rate that is to show, as a part of it, from 0.0005 to 0.05; 0: 0.01
	Precision float64
	Virtual   bool            // mocks only, in virtual time with simulated delays: repeatable, in milliseconds
	Shared    bool            // others may use the servers meanwhile: judge over-admission only
	Observer  Observer        // hears how far the run is; nil: nobody does
	Audit     *Audit          // what is tried beside the scenarios; nil: nothing
	Drain     <-chan struct{} // once it is closed nothing more is sent, and what was is judged; nil: never

	// Histories is given each server's calls in the end; nil: nobody is.
	Histories func(server string, calls []history.Call)

	// Prepared are servers with scenarios and all else that can be said of them, in place
	// of Servers, Scenarios, Most, Precision, Virtual and Shared. nil: there are none.
	Prepared []drive.Job
}

// An Audit is what is tried that servers may let through which behave for a tester, as
// docs/AUDIT.md has it.
type Audit struct {
	Attempts []string      // by name, such as "forgery"; empty: all
	Allow    []string      // of "flood" and "forgery" those that may be made beyond this machine
	Time     time.Duration // the most that it may take; 0: 10 minutes
	Calls    int           // the most that it may send; 0: no bound
	Restart  string        // command for a shell that restarts the server; empty: only one that was started here can be
	Kept     bool          // counters are promised to be kept across a restart, so that losing them fails
}

// drive is the audit as a job has it. It refuses names that are no attempt's.
func (a *Audit) drive() (*drive.Audit, error) {
	if a == nil {
		return nil, nil
	}
	for _, name := range slices.Concat(a.Attempts, a.Allow) {
		if _, ok := audit.Named(name); !ok {
			return nil, fmt.Errorf("no attempt of an audit is named %q", name)
		}
	}
	return &drive.Audit{Names: a.Attempts, Allow: a.Allow, Budget: audit.Budget{Time: a.Time, Calls: a.Calls},
		Kept: a.Kept}, nil
}

// An Observer hears how far a run is.
type Observer = drive.Observer

// An Event is what a run tells its Observer.
type Event = drive.Event

// Run sends each scenario's traffic to the servers, judges the answers, and returns
// what was found. That a server breaks its promise is the document's verdict, and no
// error; that nothing could be run is one. Cancelling the context ends the run at
// once, closing Config.Drain in good order.
func Run(ctx context.Context, c Config) (*results.Document, error) {
	jobs, err := c.Prepared, error(nil)
	if len(jobs) == 0 {
		jobs, err = c.jobs()
	}
	if err != nil {
		return nil, err
	}
	repeat := max(1, c.Repeat)
	if repeat > drive.MostRepeats {
		return nil, fmt.Errorf("repeat %d is more than %d", c.Repeat, drive.MostRepeats)
	}
	blank := func() *results.Document {
		started := time.Now()
		if jobs[0].Virtual != nil {
			started = time.Unix(0, 0) // in virtual time the same seed gives the same document
		}
		return &results.Document{Version: version(), Started: started.UTC().Format(time.RFC3339), Seed: c.Seed}
	}
	doc, histories, err := drive.Repeated(ctx, repeat, jobs, blank, c.Observer, c.Drain)
	if err != nil {
		return nil, err
	}
	if c.Histories != nil {
		for _, s := range doc.Servers {
			c.Histories(s.Server, histories[s.Server])
		}
	}
	return doc, nil
}

// jobs are the servers, all checked before anything is sent.
func (c Config) jobs() ([]drive.Job, error) {
	if len(c.Servers) == 0 {
		return nil, errors.New("Config.Servers names no server")
	}
	if err := scenarios.CheckPrecision(c.Precision); err != nil {
		return nil, fmt.Errorf("Config.Precision: %w", err)
	}
	list := scenarios.Catalogue()
	if len(c.Scenarios) > 0 {
		list = nil
	}
	for _, name := range c.Scenarios {
		s, ok := scenarios.Named(name)
		if !ok {
			return nil, fmt.Errorf("no scenario is named %q", name)
		}
		list = append(list, s)
	}
	tried, err := c.Audit.drive()
	if err != nil {
		return nil, err
	}
	var jobs []drive.Job
	seen := map[string]bool{}
	for i, s := range c.Servers {
		j, err := s.job()
		if err == nil {
			j.Seed, j.Mock.Seed, j.Shared, j.Precision = c.Seed, c.Seed, c.Shared, c.Precision
			if j.Audit = tried; tried != nil {
				j.Restart.Command = c.Audit.Restart
			}
			if j.Scenarios = list; j.Laws != nil {
				j.Scenarios = []scenarios.Scenario{scenarios.Laws()}
			}
			err = errors.Join(err, j.TellsApart())
			j.Complete()
			err = errors.Join(err, j.Fits())
		}
		if err == nil {
			err = c.bound(&j)
		}
		if err == nil && seen[j.Profile.Name] {
			err = fmt.Errorf("another one has the name %q", j.Profile.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("server %d: %w", i+1, err)
		}
		seen[j.Profile.Name] = true
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// bound refuses what is too long, and moves mocks into virtual time.
func (c Config) bound(j *drive.Job) error {
	if c.Most > 0 {
		if n := len(j.Plan(j.Planned())); n > c.Most {
			return fmt.Errorf("the plan has %d calls, and at most %d are allowed", n, c.Most)
		}
	}
	if !c.Virtual {
		return nil
	}
	return inVirtualTime(j, "judged")
}

// inVirtualTime moves a mock there, with simulated delays; what is done to it there is for
// the error.
func inVirtualTime(j *drive.Job, done string) (err error) {
	if j.Kind != target.Mock {
		return fmt.Errorf("only a mock can be %s in virtual time", done)
	}
	j.Virtual, err = virtual.ParseDelay("exp(1ms)")
	return err
}
