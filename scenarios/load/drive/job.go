// Package drive puts a server under the load that package load plans, and measures
// it: it opens the sessions, sends when it is due, watches the server's processes and
// our own machine, and hands on what package load judges.
//
// Most users want Job.Run: one run of the load, or a search of many for the highest
// rate that the server keeps up with. Asked.Job makes one of a command line's words. Tools
// asks a server what it has, so that a plan can be drafted.
//
// The package deliberately judges nothing by itself, keeps no run, and registers no flag;
// it reads no environment.
package drive

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	scenariodrive "github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// A Job is one load: the server, the traffic and the demands on it.
type Job struct {
	scenariodrive.Job
	Plan    *load.Plan
	Unnamed bool // nobody named a call: one is chosen when the server has listed its tools
	Shape   load.Shape
	Poisson bool            // gaps of chance, by the seed; not in a closed loop
	Replay  []time.Duration // due instants from 0, in order, in place of the shape's; nil without
	Length  time.Duration   // in which requests are due

	Sessions    int // of all parts, where the plan is split; what follows is our part's
	Connections int // HTTP connections at most, shared by the sessions; of a closed loop also what is in flight
	Processes   int // servers over stdio, each with one session
	MaxInFlight int
	Patient     bool   // nobody said how long a step of a set-up may take
	Sized       bool   // somebody said how many connections there are
	HTTP        string // the version, as documents have it; empty: 1.1

	Echo       bool // each reply must hold its request's nonce
	Schema     bool // each result must be as the specification demands of it
	Thresholds []verdict.Threshold
	AbortOn    []verdict.Threshold
	Find       *CapacitySearch // nil: one run

	History string              // file for the calls as they end; compressed if it ends in .gz; empty: none
	Sample  int                 // one call in so many is recorded
	Keep    bool                // the Report has the calls
	Redact  func(string) string // takes secrets out of a recorded text, and what can't be printed; nil: nothing does
}

// A CapacitySearch is how to search a capacity.
type CapacitySearch struct {
	First     float64       // requests a second to begin with
	Precision float64       // how closely, as a share of the rate
	CoolDown  time.Duration // rest between two trials
}

// A Report is what came of a load.
type Report struct {
	Server results.Server
	Waited *load.Histogram // what callers waited
	Calls  *history.Spool  // nil where they aren't kept; whoever gets it removes it
	NoData string          // a threshold that no call matched
}

// Run makes the server ready, and runs the load, or a search of many. A server that
// can't be loaded is an error. Once drain is closed nothing more is sent.
func (j *Job) Run(ctx context.Context, o scenariodrive.Observer, drain <-chan struct{}) (Report, error) {
	process, stop, err := j.Ready(ctx)
	defer stop()
	if err != nil {
		return Report{}, err
	}
	if j.Find != nil {
		return j.search(ctx, process, o, drain)
	}
	r, err := j.once(ctx, process, o, drain)
	if err != nil {
		return Report{}, err
	}
	return r.report()
}

// Dues are the instants at which requests are due, from 0.
func (j *Job) Dues() iter.Seq[time.Duration] {
	switch {
	case j.Replay != nil:
		return func(yield func(time.Duration) bool) {
			for _, due := range j.Replay {
				if due >= j.Length || !yield(due) {
					return
				}
			}
		}
	case j.Poisson:
		return j.Shape.Poisson(j.Length, j.Seed)
	}
	return j.Shape.Arrivals(j.Length)
}

// Expected is about how many requests there will be of our part; 0 where nobody knows.
func (j *Job) Expected() int {
	n := 0
	switch {
	case j.Shape.Max:
		return 0
	case j.Replay != nil:
		n, _ = slices.BinarySearch(j.Replay, j.Length)
	default:
		n = int(j.Shape.Expected(j.Length))
	}
	if j.Part.Whole() {
		return n
	}
	return n * j.Part.Count(j.Sessions) / j.Sessions
}

// spread names how requests are spread, as documents do.
func (j *Job) spread() string {
	switch {
	case j.Shape.Max:
		return "closed"
	case j.Replay != nil:
		return "replay"
	case j.Poisson:
		return "poisson"
	}
	return "even"
}

// tell tells an observer what the load does; where there is none, nobody.
func (j *Job) tell(o scenariodrive.Observer, e scenariodrive.Event) {
	if o != nil {
		o.Tell(e)
	}
}
