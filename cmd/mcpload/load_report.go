package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// report turns a run into its part of the result document.
func (r *loadRun) report() (loadReport, error) {
	out := loadReport{server: r.describe(), spool: r.tape.spool}
	total := r.metrics.Total("")
	out.waited = total.Waited()
	s := r.metrics.Scenario(load.Label, r.seconds())
	l := &results.Load{Shape: r.shape.Text, Arrivals: r.spread(), Seconds: r.seconds(), Sessions: len(r.crew.names),
		Processes: min(r.processes, len(r.crew.names)), Stopped: r.stopped, Setup: r.crew.report()}
	if r.crew.conns != nil {
		l.Connections, l.HTTP = r.connections, r.http
	}
	if err := r.metrics.Report(l); err != nil {
		return out, err
	}
	l.Generator = r.generator(l.Generator)
	l.Server = r.watch.used.Report()
	l.Integrity = r.integrity()
	s.Load = l
	demands, nodata := r.judgeThresholds(l.Generator)
	out.nodata = nodata
	findings := []verdict.Finding{r.judgeGenerator(l, demands), r.judgeAnswers()}
	if f, short := r.judgeSessions(); short {
		findings = append(findings, f)
	}
	if r.echo {
		findings = append(findings, judgeEcho(l.Integrity, r.asked.Load()))
	}
	if what, saw, ok := strings.Cut(r.window.aborted, ": "); ok {
		findings = append(findings, verdict.Finding{Check: "abort-on", Verdict: verdict.Fail, Want: "never " + what,
			Saw: what + ": " + saw, Cause: "the condition held, so that the run was ended"})
	}
	if strings.HasPrefix(r.stopped, interrupted) {
		findings = append(findings, verdict.Finding{Check: "duration", Want: "the run that was asked for",
			Saw: fmt.Sprintf("%s after %.1fs of %s", r.stopped, r.seconds(), r.length.Round(time.Millisecond))})
	}
	findings = append(findings, demands...)
	s.Findings = results.Findings(findings)
	out.server.Scenarios, out.server.Latency = []results.Scenario{s}, &s.Latency
	out.server.Notes = r.notes(l)
	return out, nil
}

// judgeAnswers says if there was a server to measure.
func (r *loadRun) judgeAnswers() verdict.Finding {
	f := r.metrics.JudgeAnswers(r.ended-r.begin, r.spoilt.Load())
	if r.gone {
		f.Verdict, f.Cause = verdict.Fail, "the server is gone, or refuses connections"
		f.Saw = fmt.Sprintf("%d results of %d calls, the last one %s into the run; %s", r.metrics.Total("").Of(history.OK), r.metrics.Total("").Sent(),
			results.Span(r.metrics.LastResult()), r.stopped)
	}
	return f
}

// describe is the server's part of the document: nothing is held against a
// limit.
func (r *loadRun) describe() results.Server {
	s := r.Job.Describe()
	if r.Kind != target.Mock {
		s.Limit = results.Limit{}
	}
	first := r.crew.first
	s.Target.Transport, s.Target.Protocol = string(first.Transport()), first.Protocol()
	if r.Kind == target.URL {
		s.Target.Address = first.URL()
	}
	return s
}

// integrity is how replies matched their requests; nil where all did and
// nobody asked. The sessions have told what strayed when they were closed.
func (r *loadRun) integrity() *results.LoadIntegrity {
	count := func(k wire.StrayKind) int64 { return int64(r.crew.strays[k].Count) }
	total := r.metrics.Total("")
	i := &results.LoadIntegrity{
		Checked: r.checked.Load(), Missing: r.missing.Load(),
		CrossTalk:  r.crossed.Load() + count(wire.UnknownID) + count(wire.NoID),
		Duplicates: count(wire.Duplicate),
		Lost:       total.Of(history.TimedOut) - count(wire.Late),
	}
	if i.Lost < 0 {
		i.Lost = 0
	}
	if !r.echo && i.CrossTalk+i.Duplicates == 0 {
		return nil
	}
	return i
}

// judgeEcho holds the replies to their requests.
func judgeEcho(i *results.LoadIntegrity, asked int64) verdict.Finding {
	f := verdict.Finding{Check: "echo", Want: "every call answered once, with its own nonce",
		Saw: fmt.Sprintf("%d replies checked: %d crossed, %d without a nonce, %d answered twice, %d never answered", i.Checked, i.CrossTalk, i.Missing, i.Duplicates, i.Lost)}
	switch {
	case i.CrossTalk > 0:
		f.Verdict, f.Cause = verdict.Fail, "replies reach calls of others: state is shared between requests that must not share it"
	case i.Duplicates > 0:
		f.Verdict, f.Cause = verdict.Fail, "a call is answered more than once"
	case i.Lost > 0:
		f.Verdict, f.Cause = verdict.Fail, "calls are never answered"
	case i.Checked == 0:
		f.Saw = "no reply could be checked"
	case i.Checked < asked:
		f.Saw += fmt.Sprintf("; %d more results came in a way that can't be checked", asked-i.Checked)
	case i.Missing == i.Checked:
		f.Saw += "; the tool doesn't give its arguments back"
	case i.Missing > 0:
		f.Verdict, f.Cause = verdict.Fail, "some replies lack what others give back"
	default:
		f.Verdict = verdict.Pass
	}
	return f
}

// notes are what is worth knowing and changes no verdict.
func (r *loadRun) notes(l *results.Load) []string {
	var notes []string
	if r.stopped != "" {
		notes = append(notes, fmt.Sprintf("the run ended after %.1fs of %s: %s", r.seconds(), r.length.Round(time.Millisecond), r.stopped))
	}
	if n := l.Setup.Reopened; n > 0 {
		notes = append(notes, fmt.Sprintf("%d× a session was opened anew, since the server no longer knew the last one (HTTP 404)", n))
	}
	if n := l.Setup.Failed; n > 0 {
		notes = append(notes, fmt.Sprintf("%d× a session could not be opened during the run", n))
	}
	for _, k := range []wire.StrayKind{wire.NotMCP, wire.UnknownID, wire.NoID, wire.Duplicate, wire.Late, wire.Uncalled, wire.Unanswered} {
		if s := r.crew.strays[k]; s.Count > 0 {
			notes = append(notes, fmt.Sprintf("%d× %s: %s", s.Count, target.StrayWords[k], s.Text))
		}
	}
	if n := r.seqs.Broken(); n > 0 {
		notes = append(notes, fmt.Sprintf("%d sequences ended before their last step, since a step got no result", n))
	}
	if l.Server != nil {
		for _, g := range l.Server.Growth {
			if g.Leak {
				notes = append(notes, "the server's process seems to leak: "+results.Growth(g))
			}
		}
	}
	return notes
}

// writeHGRM writes the latency distribution, where that is asked for.
func (l *loadJob) writeHGRM(r loadReport) error {
	if l.hgrm == "" || r.waited == nil {
		return nil
	}
	file, err := os.Create(l.hgrm)
	if err != nil {
		return fmt.Errorf("--hgrm: %w", err)
	}
	return errors.Join(r.waited.WriteHGRM(file), file.Close())
}
