package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// When we were the limit: later than lateEnough at p99, and by more than
// lateShare of what callers waited, or later than lateFar whatever they waited;
// more than busyEnough of the processors; more than unsentLimit of the calls
// unsent. Later than lateLost, nothing of the shape that was asked for is left.
const (
	lateEnough  = 10 * time.Millisecond
	lateShare   = 0.2
	lateFar     = 100 * time.Millisecond
	lateLost    = time.Second
	busyEnough  = 0.9
	unsentLimit = 0.001
)

// generator is our own part.
func (r *loadRun) generator(g results.LoadGenerator) results.LoadGenerator {
	g.Pacing = r.pacing.late.Quantiles()
	g.CPU, g.Cores, g.GC = r.self.cores(), cores(), r.self.gc()
	g.Peak = int(r.pacing.peak)
	if r.sample > 1 {
		g.Sampled = r.sample
	}
	g.Starved = r.machine.starved()
	if r.shape.Max {
		g.InFlight = r.flight().Mean()
	}
	g.Limited = r.limit(g)
	return g
}

// limit says why we were the limit; empty where we weren't.
func (r *loadRun) limit(g results.LoadGenerator) string {
	total := r.metrics.Total("")
	due, full, lacked := total.Sent()+total.Of(history.Unsent), r.full.Load(), r.lacked.count()
	late := r.pacing.late.Quantile(0.99)
	also := ""
	if g.Starved != "" {
		also = "; " + g.Starved
	}
	switch {
	case target.Unread(r.Options.Memory) != "":
		return target.Unread(r.Options.Memory)
	case lacked > 0:
		return fmt.Sprintf("%d of %d requests were not sent, since %s", lacked, due, r.lacked.words())
	case due > 0 && float64(full) > unsentLimit*float64(due):
		return fmt.Sprintf("%d of %d requests were not sent, since %d were in flight: raise --max-in-flight, or lower the rate", full, due, r.maxInFlight) + also
	case late > lateFar, late > lateEnough && float64(late) > lateShare*float64(total.Waited().Quantile(0.99)):
		return fmt.Sprintf("requests were handed over up to %s late (p99), which is the generator's fault", results.Span(late)) + also
	case g.CPU > busyEnough*float64(g.Cores):
		return fmt.Sprintf("the generator used %.2f of %d processors: what was measured may be its own limit", g.CPU, g.Cores)
	case r.shape.Max && r.flight().Short() != "":
		return r.flight().Short() + also
	}
	return g.Starved
}

// lost reports if we were the limit in a way that leaves nothing to call a pass:
// calls weren't sent, were sent at quite other times, or as fast as we could and
// not the server. A server that runs within us may use what processors there are.
func (r *loadRun) lost(g results.LoadGenerator) bool {
	return g.Limited != "" && (r.spared(g) || r.shape.Max && r.Kind != target.Mock ||
		r.pacing.late.Quantile(0.99) > lateLost || g.CPU > busyEnough*float64(g.Cores) && r.Kind != target.Mock)
}

// spared reports if the server was spared calls that we could not send.
func (r *loadRun) spared(g results.LoadGenerator) bool {
	return g.Limited != "" && (r.metrics.Total("").Of(history.Unsent) > 0 || r.lacked.count() > 0)
}

// flight is how the calls of a closed loop spent their time.
func (r *loadRun) flight() load.Flight {
	f := r.metrics.Flight(r.ended - r.begin)
	f.Asked, f.Ending = r.connections, time.Duration(r.ending.Load())
	for _, e := range r.plan.Entries {
		f.Think = f.Think || slices.ContainsFunc(e.Steps, func(s load.Step) bool { return s.Think.Max > 0 })
	}
	return f
}

// judgeThresholds holds the run against its thresholds. What may be our own
// fault is no fail, and what was spared the server no pass. Latencies that we
// only made longer than they were keep a threshold all the same.
func (r *loadRun) judgeThresholds(g results.LoadGenerator) (list []verdict.Finding, nodata string) {
	for _, th := range r.thresholds {
		f, none := r.metrics.Judge(th, r.seconds())
		switch {
		case none:
			nodata = fmt.Sprintf("--threshold %s: %s", th.Text, f.Saw)
		case f.Verdict == verdict.Pass && r.spared(g):
			f.Verdict = verdict.Inconclusive
			f.Saw += "; but not all that was due was sent"
		case f.Verdict == verdict.Fail && g.Limited != "" && (th.Timed() || th.Metric == verdict.Rate) && !r.slowItself(th, g):
			f.Verdict, f.Cause = verdict.Inconclusive, ""
			f.Saw += "; but the generator was the limit, so that this may be its own fault"
		case f.Verdict == verdict.Fail && r.metrics.Excused(th, r.spoilt.Load(), r.touched.Load(), r.machine.longestStall()):
			f.Verdict, f.Cause = verdict.Inconclusive, ""
			f.Saw += "; but this machine stood still for up to " + results.Span(r.machine.longestStall()) + ", which may be why"
		}
		list = append(list, f)
	}
	if f, ok := r.metrics.JudgeImplied(r.thresholds, r.spoilt.Load()); ok {
		list = append(list, f)
	}
	return list, nodata
}

// slowItself reports if a threshold is broken by what the server and the
// network took alone, while we had processor time to spare.
func (r *loadRun) slowItself(th verdict.Threshold, g results.LoadGenerator) bool {
	if th.Metric != verdict.Latency || g.CPU > busyEnough*float64(g.Cores) || g.Starved != "" {
		return false
	}
	service := r.metrics.Total(th.Tool).Service
	return !th.Holds(float64(service.Quantile(th.Quantile)))
}

// judgeGenerator says if what was measured is the server's. That we were the
// limit makes the run inconclusive where a threshold hangs on it, or where there
// is none, and nothing is left to call a pass.
func (r *loadRun) judgeGenerator(l *results.Load, demands []verdict.Finding) verdict.Finding {
	f := verdict.Finding{Check: "generator", Verdict: verdict.Pass, Want: "requests sent when due, with processor time to spare"}
	g := l.Generator
	switch {
	case g.Limited != "":
		f.Saw = "generator-limited: " + g.Limited
		hangs := slices.ContainsFunc(demands, func(f verdict.Finding) bool { return f.Verdict == verdict.Inconclusive })
		if hangs || len(r.thresholds) == 0 && r.lost(g) {
			f.Verdict = verdict.Inconclusive
		} else {
			f.Saw += "; no verdict hangs on it"
		}
	case r.shape.Max:
		f.Saw = fmt.Sprintf("closed loop, %.1f of %d calls with the server at a time, %.2f of %d processors", g.InFlight, r.connections, g.CPU, g.Cores)
	default:
		f.Saw = fmt.Sprintf("p99 %s late, %.2f of %d processors", results.Span(r.pacing.late.Quantile(0.99)), g.CPU, g.Cores)
	}
	return f
}

// A lack counts the calls that failed for want of something of ours.
type lack struct {
	mu   sync.Mutex
	n    int64
	what string // the first time
}

// saw takes in a call that has ended, and reports if it is one.
func (l *lack) saw(c *history.Call) bool {
	what, ours := wire.WeRanOut(c)
	if !ours {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n++; l.what == "" {
		l.what = what
	}
	return true
}

func (l *lack) count() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

func (l *lack) words() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.what + ": " + wire.Remedy(l.what)
}
