package drive

import (
	"runtime/metrics"
	"sync"
	"time"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/load"
)

// A processWatch samples what the server's processes use.
type processWatch struct {
	processes []*wire.Process // those of ours; none where we attached to a server
	quit      chan struct{}
	wg        sync.WaitGroup
	calls     func() int64 // that have ended
	used      load.Resources
}

// sampleEvery is how often a process is looked at, which costs a millisecond
// or so where there are many processes.
const sampleEvery = 500 * time.Millisecond

func watchServer(clock runner.Clock, begin time.Duration, processes []*wire.Process, calls func() int64) *processWatch {
	w := &processWatch{processes: processes, calls: calls, quit: make(chan struct{})}
	if len(processes) == 0 {
		return w
	}
	w.wg.Go(func() {
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for last := false; w.sample(clock.Now()-begin) && !last; {
			select {
			case <-tick.C:
			case <-w.quit:
				last = true // one more, so that there are two of a short run
			}
		}
	})
	return w
}

// sample adds up what all processes use. False once one is gone, or where the
// system doesn't tell.
func (w *processWatch) sample(at time.Duration) bool {
	sum := load.Sample{At: at, Calls: float64(w.calls())}
	for _, p := range w.processes {
		u, err := p.Usage()
		if err != nil {
			return false
		}
		sum.CPU += u.CPU
		sum.RSS += float64(u.RSS)
		sum.FDs += float64(u.FDs)
		sum.Threads += float64(u.Threads)
	}
	w.used.Add(sum)
	return true
}

func (w *processWatch) end() { close(w.quit); w.wg.Wait() }

// exited reports if a process has ended by itself.
func (w *processWatch) exited() (status string, ok bool) {
	for _, p := range w.processes {
		if status, ok := p.Exited(); ok {
			return status, true
		}
	}
	return "", false
}

// lastLines are what a process wrote on stderr last that has ended by itself.
func (w *processWatch) lastLines() []string {
	for _, p := range w.processes {
		if notes := target.NotesOfDeath(p); len(notes) > 0 {
			return notes[1:] // that it ended is said
		}
	}
	return nil
}

// self is what we ourselves use during a run.
type self struct {
	from, wall time.Duration
	cpu        time.Duration
	known      bool
	pauses     metrics.Float64Histogram
	before     []uint64
}

const pauses = "/sched/pauses/total/gc:seconds"

func (s *self) begin(clock runner.Clock) {
	s.cpu, s.known = runner.OwnCPU()
	s.from = clock.Now()
	s.before = append([]uint64{}, gcPauses().Counts...)
}

func (s *self) end(clock runner.Clock) {
	now, _ := runner.OwnCPU()
	s.cpu = now - s.cpu
	s.wall = clock.Now() - s.from
	h := gcPauses()
	s.pauses = metrics.Float64Histogram{Buckets: h.Buckets, Counts: append([]uint64{}, h.Counts...)}
	for i := range s.pauses.Counts {
		if i < len(s.before) {
			s.pauses.Counts[i] -= s.before[i]
		}
	}
}

func gcPauses() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: pauses}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return &metrics.Float64Histogram{}
	}
	return sample[0].Value.Float64Histogram()
}

// cores is how many processors' time we used on average.
func (s *self) cores() float64 {
	if !s.known || s.wall <= 0 {
		return 0
	}
	return float64(s.cpu) / float64(s.wall)
}

// gc is how long the garbage collector stopped us. The runtime tells ranges:
// each pause counts as the upper end of its own.
func (s *self) gc() results.Quantiles {
	var h load.Histogram
	for i, n := range s.pauses.Counts {
		upper := s.pauses.Buckets[i+1]
		if upper > 3600 { // the last range has no end
			upper = s.pauses.Buckets[i]
		}
		for range n {
			h.Record(time.Duration(upper * 1e9))
		}
	}
	return h.Quantiles()
}
