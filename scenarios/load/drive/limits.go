package drive

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
)

// When we were the limit: later than lateEnough at p99, and by more than
// lateShare of what callers waited, or later than lateFar whatever they waited;
// more than load.Busy of the processors; more than unsentLimit of the calls unsent.
const (
	lateEnough  = 10 * time.Millisecond
	lateShare   = 0.2
	lateFar     = 100 * time.Millisecond
	unsentLimit = 0.001
)

// generator is our own part.
func (r *run) generator(g results.LoadGenerator) results.LoadGenerator {
	g.Pacing = r.pacing.late.Quantiles()
	g.CPU, g.Cores, g.GC = r.self.cores(), cores(), r.self.gc()
	g.Peak = int(r.pacing.peak)
	if r.Sample > 1 {
		g.Sampled = r.Sample
	}
	g.Starved = r.machine.starved()
	if r.Shape.Max {
		g.InFlight = r.flight().Mean()
	}
	g.Limited = r.limit(g)
	return g
}

// limit says why we were the limit; empty where we weren't.
func (r *run) limit(g results.LoadGenerator) string {
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
		return fmt.Sprintf("%d of %d requests were not sent, since %d were in flight: raise --max-in-flight, or "+
			"lower the rate", full, due, r.MaxInFlight) + also
	case late > lateFar, late > lateEnough && float64(late) > lateShare*float64(total.Waited().Quantile(0.99)):
		return fmt.Sprintf("requests were handed over up to %s late (p99), which is the generator's fault",
			words.Span(late)) + also
	case g.CPU > load.Busy*float64(g.Cores):
		return fmt.Sprintf("the generator used %.2f of %d processors: what was measured may be its own limit", g.CPU,
			g.Cores)
	case r.Shape.Max && r.flight().Short() != "":
		return r.flight().Short() + also
	}
	return g.Starved
}

// flight is how the calls of a closed loop spent their time.
func (r *run) flight() load.Flight {
	f := r.metrics.Flight(r.ended - r.begin)
	f.Asked, f.Ending = r.Connections, time.Duration(r.ending.Load())
	for _, e := range r.Plan.Entries {
		f.Think = f.Think || slices.ContainsFunc(e.Steps, func(s load.Step) bool { return s.Think.Max > 0 })
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
