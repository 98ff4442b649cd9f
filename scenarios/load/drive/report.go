package drive

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	scenariodrive "github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// report turns a run into its part of the result document.
func (r *run) report() (Report, error) {
	out := Report{Server: r.describe(), Calls: r.recorder.spool}
	total := r.metrics.Total("")
	out.Waited = total.Waited()
	s := r.metrics.Scenario(load.Label, r.seconds())
	l := &results.Load{Shape: r.Shape.Text, Arrivals: r.spread(), Seconds: r.seconds(), Sessions: len(r.pool.names),
		Processes: min(r.Processes, len(r.pool.names)), Stopped: r.stopped, Setup: r.pool.report(),
		Client: r.pool.client()}
	if r.pool.conns != nil {
		l.Connections, l.HTTP = r.Connections, r.HTTP
		if r.pool.first.Transport() == wire.SSE || r.pool.first.Streams().Listened > 0 {
			l.Streams = len(r.pool.names)
		}
	}
	if err := r.metrics.Report(l); err != nil {
		return out, err
	}
	l.Generator = r.generator(l.Generator)
	r.watch.used.Connections = min(int(l.Setup.Connect.N), r.Connections)
	l.Server = r.watch.used.Report()
	l.Integrity = r.integrity()
	l.Schema = r.heard()
	s.Load = l
	l.Setting = r.setting()
	if err := r.measures(l); err != nil {
		return out, err
	}
	account := r.account(l)
	out.NoData = account.NoData()
	s.Findings = results.Findings(verdict.Judge(verdict.Setting{Questions: []verdict.Question{account.Question()}},
		nil))
	out.Server.Scenarios, out.Server.Latency = []results.Scenario{s}, &s.Latency
	out.Server.Notes, out.Server.Shard = append(r.notes(l), scenariodrive.PartNote(r.shard)...), r.shard
	return out, nil
}

// setting is what the verdicts rest on beside what was measured.
func (r *run) setting() *results.LoadSetting {
	s := &results.LoadSetting{
		BeginNS: int64(r.begin), AskedNS: int64(r.Length), Closed: r.Shape.Max, Wanted: r.pool.wanted,
		Spoilt: r.spoilt.Load(), Touched: r.touched.Load(), StallNS: int64(r.machine.longestStall()),
		Lacked: r.lacked.count(), Gone: r.gone, Aborted: r.window.aborted, Echo: r.Echo, Nonces: r.asked.Load(),
		Schema: r.Schema, Shaped: r.shaped.Load(),
	}
	if r.Shape.Max {
		s.InFlight = r.Connections
	}
	for _, th := range r.Thresholds {
		s.Thresholds = append(s.Thresholds, th.Text)
	}
	if len(r.pool.names) != r.pool.wanted && r.pool.missed > 0 { // else we were interrupted
		s.Missed = r.pool.why
	}
	return s
}

// account is the run as its checks see it.
func (r *run) account(l *results.Load) *load.Account {
	return &load.Account{Metrics: r.metrics, Load: l, Thresholds: r.Thresholds, Mock: r.Kind == target.Mock}
}

// describe is the server's part of the document: nothing is held against a
// limit.
func (r *run) describe() results.Server {
	s := r.Job.Describe()
	if r.Kind != target.Mock {
		s.Limit = results.Limit{}
	}
	first := r.pool.first
	s.Target.Transport, s.Target.Protocol = string(first.Transport()), first.Protocol()
	if r.Kind == target.URL {
		s.Target.Address = first.URL()
	}
	return s
}

// integrity is how replies matched their requests; nil where all did and
// nobody asked. The sessions have told what strayed when they were closed.
func (r *run) integrity() *results.LoadIntegrity {
	count := func(k wire.StrayKind) int64 { return int64(r.pool.strays[k].Count) }
	total := r.metrics.Total("")
	i := &results.LoadIntegrity{
		Checked: r.checked.Load(), Missing: r.missing.Load(),
		CrossTalk:  r.crossed.Load() + count(wire.UnknownID) + count(wire.NoID),
		Duplicates: r.pool.twice,
		Lost:       total.Of(history.TimedOut) - count(wire.Late),
	}
	if i.Lost < 0 {
		i.Lost = 0
	}
	if !r.Echo && i.CrossTalk+i.Duplicates == 0 {
		return nil
	}
	return i
}

// notes are what is worth knowing and changes no verdict.
func (r *run) notes(l *results.Load) []string {
	var notes []string
	if r.stopped != "" {
		notes = append(notes, fmt.Sprintf("the run ended after %.1fs of %s: %s", r.seconds(),
			r.Length.Round(time.Millisecond), r.stopped))
	}
	if r.stopped != "" {
		notes = append(notes, r.watch.lastLines()...)
	}
	if n := l.Setup.Reopened; n > 0 {
		notes = append(notes,
			fmt.Sprintf("%d× a session was opened anew, since the server no longer knew the last one (it said so by "+
				"HTTP 404, or in words with 400 or 401)", n))
	}
	if n := l.Setup.Failed; n > 0 {
		notes = append(notes, fmt.Sprintf("%d× a session could not be opened during the run", n))
	}
	for _, k := range []wire.StrayKind{wire.NotMCP, wire.UnknownID, wire.NoID, wire.TextID, wire.Duplicate,
		wire.Elsewhere, wire.Late, wire.Packed, wire.Uncalled, wire.Unanswered} {
		if s := r.pool.strays[k]; s.Count > 0 {
			notes = append(notes, fmt.Sprintf("%d× %s: %s", s.Count, target.StrayWords[k], s.Text))
		}
	}
	notes = append(notes, target.Behind(r.pool.behind)...)
	if n := r.seqs.Broken(); n > 0 {
		notes = append(notes, fmt.Sprintf("%d sequences ended before their last step, since a step got no result", n))
	}
	if l.Server != nil {
		for _, g := range l.Server.Growth {
			if g.Leak {
				notes = append(notes, "the server's process may leak: "+results.Growth(g))
			}
		}
	}
	return notes
}
