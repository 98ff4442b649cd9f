package mcpload

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/probe"
	probedrive "github.com/mcpload/mcpload/scenarios/probe/drive"
	"github.com/mcpload/mcpload/verdict"
)

// ProbeConfig says whose limit is to be found out, and what that may take. Its zero
// value is refused, as it names no server.
type ProbeConfig struct {
	Server Server // what it promises isn't read: only the mock needs a promise, which it keeps

	Calls   int           // the most that may be sent; 0: 450
	Time    time.Duration // the most that it may take; 0: 4 minutes
	Seed    uint64        // makes the jitter repeatable
	Other   http.Header   // of somebody else, in place of the Server's, to see who shares a limit; nil: there is nobody
	Virtual bool          // a mock only, in virtual time with simulated delays: repeatable, in milliseconds

	// what is tried on a token bucket that was found, to say who shares it and what evades
	// it, beside the budget above; of no Attempts those of a minute. nil: nothing
	Audit *Audit

	Observer Observer        // hears what is asked; nil: nobody does
	Drain    <-chan struct{} // once it is closed nothing more is sent, and what was is told; nil: never

	// Histories is given the server's calls in the end; nil: nobody is.
	Histories func(server string, calls []history.Call)

	// Prepared is a server that is set up in all detail already, in place of what is above
	// but Observer, Drain and Histories. nil: there is none.
	Prepared *probedrive.Job
	// Report is given what was found beside its document, and what writes a profile of it
	// that promises just that. nil: nobody is.
	Report func(r probe.Report, profile func(file string) ([]byte, error))
}

// Probe finds out what limit a server keeps that nobody declared, within a budget of
// calls and time: the document's Probed says which. Nothing was judged: its verdict is a
// pass where something was found out, and inconclusive where the budget didn't suffice,
// which is no error; that nothing could be asked is one.
func Probe(ctx context.Context, c ProbeConfig) (*results.Document, error) {
	j := c.Prepared
	if j == nil {
		var err error
		if j, err = c.job(); err != nil {
			return nil, err
		}
	}
	found, err := j.Run(ctx, c.Observer, c.Drain)
	if err != nil {
		return nil, err
	}
	found.Document.Version = version()
	if c.Histories != nil {
		c.Histories(found.Document.Server, found.Report.Calls)
	}
	if c.Report != nil {
		c.Report(found.Report, func(file string) ([]byte, error) { return j.ProfileOf(file, found.Report) })
	}
	doc := &results.Document{Schema: results.ProbeSchema, Version: version(), Seed: j.Seed, Probed: found.Document}
	if found.Document.Result != results.ProbeUnfinished {
		doc.Verdict = verdict.Pass
	}
	return doc, nil
}

// job is the server as the drive takes it.
func (c ProbeConfig) job() (*probedrive.Job, error) {
	s := c.Server
	switch attached := s.URL != "" || len(s.Command) > 0; {
	case attached:
		s.Promise = promise.Promise{{Kind: promise.Bucket, Rate: 1, N: 1}} // which nobody reads
	case len(s.Promise) == 0:
		return nil, errors.New("ProbeConfig.Server names no server: give a URL, a Command, or the promise of a mock")
	}
	if c.Calls < 0 || c.Time < 0 {
		return nil, errors.New("ProbeConfig.Calls and Time can't be below 0")
	}
	one, err := s.job()
	if err != nil {
		return nil, err
	}
	j := &probedrive.Job{Job: one, Budget: probe.Budget{Calls: c.Calls, Time: c.Time}, Other: c.Other}
	j.Seed, j.Mock.Seed = c.Seed, c.Seed
	if j.Tricks, err = c.Audit.drive(); err != nil {
		return nil, err
	}
	if c.Virtual {
		err = inVirtualTime(&j.Job, "probed")
	}
	return j, err
}
