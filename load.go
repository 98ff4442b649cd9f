package mcpload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
	loaddrive "github.com/mcpload/mcpload/scenarios/load/drive"
	"github.com/mcpload/mcpload/verdict"
)

// LoadConfig says which server is put under load, and how. Its zero value is refused,
// as it names no server; with a Server alone that is asked for its tools, or whose
// Tool is called, ten times a second for half a minute.
type LoadConfig struct {
	Server Server // what it promises isn't judged: only the mock needs a promise, which it keeps

	Rate string // requests a second or a shape, as in 200/s, max and 10/s..200/s@1m; empty: 10/s
	// how long requests are due; 0: the shape's own length, else 30 s, and 10 s a trial of Capacity
	Duration time.Duration
	Poisson  bool // gaps of chance, by the Seed
	// requested in place of the Server's Tool, with its Arguments; empty without a Tool:
	// tools/list, and the mock's tool
	Method string
	Plan   *load.Plan // a mix of calls, in place of one; nil: none
	Seed   uint64     // makes what is drawn by lot repeatable

	Sessions    int // each a client of its own; 0: the plan's, else one a connection up to 16
	Connections int // over HTTP, shared by the sessions; 0: 256, and 16 where Rate is max
	Processes   int // of a server over stdio, each with one session; 0: 1
	MaxInFlight int // calls without a reply at most; what is due beyond that isn't sent; 0: 10 000

	Echo       bool     // each reply must hold the {{nonce}} of its own request, once
	Schema     bool     // each result must be as the specification of MCP demands of it by itself
	Thresholds []string // such as p99<250ms; where none speaks of failures, errors<1% is implied
	AbortOn    []string // ends the run early once one holds over ten seconds

	Capacity  bool          // search the highest rate that keeps every threshold, from Rate on
	Precision float64       // how closely, as a share of the rate, 0.005 to 1; 0: 0.05
	CoolDown  time.Duration // rest between the trials; 0: 2 s

	Observer Observer        // hears how far the load is; nil: nobody does
	Drain    <-chan struct{} // once it is closed nothing more is sent, and what was is judged; nil: never

	// Histories is given the server's calls in the end, all in memory; nil: nobody is,
	// and of a search of Capacity nobody is anyway.
	Histories func(server string, calls []history.Call)

	// Prepared is a load that is set up in all detail already: of what is above, only
	// Observer, Drain and Histories count beside it then. nil: there is none.
	Prepared *loaddrive.Job
	// Report is given what came of the load beside its document. That no call matched a
	// threshold is then the report's NoData, and no error. nil: nobody is.
	Report func(loaddrive.Report)
}

// Load puts a server under general load and returns what callers waited, what failed,
// and if the generator could keep up. That a threshold is broken is the document's
// verdict, and no error; that nothing could be measured is one, and so is a threshold
// that no call matched, unless another one failed.
func Load(ctx context.Context, c LoadConfig) (*results.Document, error) {
	j := c.Prepared
	if j == nil {
		var err error
		if j, err = c.job(); err != nil {
			return nil, err
		}
	}
	doc := &results.Document{Version: version(), Started: time.Now().UTC().Format(time.RFC3339), Seed: j.Seed}
	report, err := j.Run(ctx, c.Observer, c.Drain)
	if err != nil {
		return nil, err
	}
	doc.Servers = []results.Server{report.Server}
	doc.Finish()
	if c.Report != nil {
		c.Report(report)
	} else if report.Calls != nil {
		defer func() { _ = report.Calls.Remove() }() // a file for temporary files is nobody's loss
	}
	if c.Histories != nil && report.Calls != nil {
		calls := make([]history.Call, 0, report.Calls.Len())
		err := report.Calls.Each(func(call *history.Call) error {
			calls = append(calls, *call)
			return nil
		})
		if err != nil {
			return nil, err
		}
		c.Histories(report.Server.Server, calls)
	}
	if c.Report == nil && report.NoData != "" && doc.Verdict != verdict.Fail {
		return nil, errors.New(report.NoData)
	}
	return doc, nil
}

// job is the load as the drive takes it.
func (c LoadConfig) job() (*loaddrive.Job, error) {
	s := c.Server
	if s.URL != "" || len(s.Command) > 0 {
		s.Promise = promise.Promise{{Kind: promise.Bucket, Rate: 1, N: 1}} // of which the document says nothing
	} else if len(s.Promise) == 0 {
		return nil, errors.New("LoadConfig.Server names no server: give a URL, a Command, or the promise of a mock")
	}
	if s.Arguments != nil && c.Plan != nil {
		return nil, errors.New("LoadConfig.Plan has arguments of its own: Server.Arguments belong to one Tool " +
			"or Method")
	}
	tool, arguments := s.Tool, s.Arguments
	s.Tool, s.Arguments = "", nil // they are the plan's
	one, err := s.job()
	if err != nil {
		return nil, err
	}
	j := &loaddrive.Job{Job: one, Plan: c.Plan, Poisson: c.Poisson, Echo: c.Echo, Schema: c.Schema, Sample: 1,
		HTTP:        "1.1",
		MaxInFlight: cmp.Or(c.MaxInFlight, loaddrive.DefaultInFlight),
		Patient:     s.Timeout == 0, Sized: c.Connections != 0, Keep: c.Histories != nil && !c.Capacity,
		Redact: one.Options.Redact}
	if j.Seed = c.Seed; j.Kind == target.Mock {
		j.Mock.Seed = c.Seed
	}
	if j.Plan == nil {
		method := cmp.Or(c.Method, "tools/list")
		if j.Kind == target.Mock && c.Method == "" {
			tool = cmp.Or(tool, j.Profile.Call.Tool)
		}
		switch {
		case tool != "" && c.Method != "":
			return nil, errors.New("LoadConfig.Method and Server.Tool exclude each other")
		case tool != "":
			method = "tools/call"
		}
		if j.Plan, err = load.Single(method, tool, arguments); err != nil {
			return nil, err
		}
	} else if tool != "" || c.Method != "" {
		return nil, errors.New("LoadConfig.Plan says what is called: there is no Method and no Server.Tool beside it")
	}
	return j, c.ask(j)
}

// ask sets when is sent, how widely, and what is demanded.
func (c LoadConfig) ask(j *loaddrive.Job) (err error) {
	if j.Shape, err = load.ParseShape(cmp.Or(c.Rate, "10/s")); err != nil {
		return err
	}
	if c.Duration < 0 || c.MaxInFlight < 0 || c.CoolDown < 0 {
		return errors.New("LoadConfig.Duration, MaxInFlight and CoolDown can't be below 0")
	}
	if j.Shape.Max && c.Poisson {
		return errors.New("LoadConfig.Poisson needs a rate: in a closed loop the replies say when to send")
	}
	j.Length = cmp.Or(c.Duration, j.Shape.Length, loaddrive.DefaultLength)
	if err := j.Widen(c.Sessions, c.Connections, c.Processes); err != nil {
		return err
	}
	if err := j.Fit(); err != nil {
		return err
	}
	for _, list := range []struct {
		texts []string
		to    *[]verdict.Threshold
	}{{c.Thresholds, &j.Thresholds}, {c.AbortOn, &j.AbortOn}} {
		for _, text := range list.texts {
			th, err := verdict.ParseThreshold(text)
			if err == nil {
				err = j.Reaches(th)
			}
			if err != nil {
				return fmt.Errorf("threshold %q: %w", text, err)
			}
			*list.to = append(*list.to, th)
		}
	}
	if c.Echo && !j.Plan.Nonces() {
		return errors.New("LoadConfig.Echo: no call has a {{nonce}} in its arguments")
	}
	return c.search(j)
}

// search sets what is searched.
func (c LoadConfig) search(j *loaddrive.Job) error {
	if !c.Capacity {
		return nil
	}
	precision := cmp.Or(c.Precision, loaddrive.DefaultPrecision)
	first, err := promise.ParseRate(j.Shape.Text)
	switch {
	case err != nil:
		return errors.New("LoadConfig.Capacity searches one rate: Rate is where it begins, such as 100/s")
	case !(precision >= loaddrive.LeastPrecision && precision <= 1):
		return fmt.Errorf("LoadConfig.Precision %g is not from %g to 1", precision, loaddrive.LeastPrecision)
	case j.Schema:
		return errors.New("LoadConfig.Schema belongs to a single run, not to Capacity")
	case len(j.Thresholds) == 0 || len(j.AbortOn) > 0:
		return errors.New("LoadConfig.Capacity needs Thresholds, and goes with no AbortOn")
	}
	j.Length = cmp.Or(c.Duration, loaddrive.DefaultTrial)
	j.Find = &loaddrive.CapacitySearch{First: first, Precision: precision,
		CoolDown: cmp.Or(c.CoolDown, loaddrive.DefaultCoolDown)}
	return nil
}
