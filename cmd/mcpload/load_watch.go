package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/load"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/verdict"
	"github.com/mcpload/mcpload/wire"
)

// A loadWatch samples what the server's process uses.
type loadWatch struct {
	process *wire.Process // nil: there is none of ours
	quit    chan struct{}
	wg      sync.WaitGroup
	used    load.Resources
}

// sampleEvery is how often a process is looked at, which costs a millisecond
// or so where there are many processes.
const sampleEvery = 500 * time.Millisecond

func watchServer(clock runner.Clock, begin time.Duration, p *wire.Process) *loadWatch {
	w := &loadWatch{process: p, quit: make(chan struct{})}
	if p == nil {
		return w
	}
	w.wg.Go(func() {
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			u, err := p.Usage()
			if err != nil {
				return // it is gone, or the system doesn't tell
			}
			w.used.Add(load.Sample{At: clock.Now() - begin, CPU: u.CPU, RSS: float64(u.RSS), FDs: float64(u.FDs), Threads: float64(u.Threads)})
			select {
			case <-tick.C:
			case <-w.quit:
				return
			}
		}
	})
	return w
}

func (w *loadWatch) end() { close(w.quit); w.wg.Wait() }

// exited reports if the process has ended by itself.
func (w *loadWatch) exited() (status string, ok bool) {
	if w.process == nil {
		return "", false
	}
	return w.process.Exited()
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

// A tape writes calls to a file as they end.
type tape struct {
	mu    sync.Mutex
	file  *os.File
	zip   *gzip.Writer
	out   *history.Writer
	every int
	seen  int
	err   error
}

// newTape returns a tape into a file, or one that does nothing where
// none is named.
func newTape(name string, every int) (*tape, error) {
	r := &tape{every: every}
	if name == "" {
		return r, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("cannot save the history: %w", err)
	}
	r.file = file
	if strings.HasSuffix(name, ".gz") {
		r.zip, err = gzip.NewWriterLevel(file, gzip.BestSpeed) // it runs beside the load
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		r.out = history.NewWriter(r.zip)
		return r, nil
	}
	r.out = history.NewWriter(file)
	return r, nil
}

// add writes a call. Its first error ends the recording, and comes with close.
func (r *tape) add(c history.Call) {
	if r.out == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen++
	if r.err == nil && (r.seen-1)%r.every == 0 {
		r.err = r.out.Write(&c)
	}
}

// close ends the file.
func (r *tape) close() error {
	if r.out == nil {
		return nil
	}
	err := errors.Join(r.err, r.out.Flush())
	if r.zip != nil {
		err = errors.Join(err, r.zip.Close())
	}
	if err = errors.Join(err, r.file.Close()); err != nil {
		return fmt.Errorf("cannot save the history: %w", err)
	}
	return nil
}

// A loadWindow holds the calls of the last seconds against --abort-on.
type loadWindow struct {
	run       *loadRun
	abort     chan struct{}
	quit      chan struct{}
	wg        sync.WaitGroup
	mu        sync.Mutex
	now, last *load.Metrics
	aborted   string // the condition that held
	since     time.Duration
}

// Two halves of a window are looked at together, so that it spans between five
// and ten seconds; fewer calls than abortCalls say nothing.
const (
	halfWindow = 5 * time.Second
	abortCalls = 20
)

func newLoadWindow(r *loadRun, abort chan struct{}) *loadWindow {
	w := &loadWindow{run: r, abort: abort, quit: make(chan struct{})}
	if len(r.abortOn) == 0 {
		return w
	}
	w.now, w.last = load.NewMetrics(load.Shape{}), load.NewMetrics(load.Shape{})
	w.wg.Go(w.look)
	return w
}

func (w *loadWindow) add(c history.Call) {
	if w.now == nil {
		return
	}
	w.mu.Lock()
	m := w.now
	w.mu.Unlock()
	m.Add(c)
}

// look ends the run once a condition holds.
func (w *loadWindow) look() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	begin := time.Now()
	for n := 1; ; n++ {
		select {
		case <-w.quit:
			return
		case <-tick.C:
		}
		w.mu.Lock()
		both := load.NewMetrics(load.Shape{})
		both.Merge(w.last)
		both.Merge(w.now)
		if n%int(halfWindow/time.Second) == 0 {
			w.last, w.now = w.now, load.NewMetrics(load.Shape{})
		}
		w.mu.Unlock()
		span := min(time.Since(begin), halfWindow+time.Duration(n%int(halfWindow/time.Second))*time.Second).Seconds()
		for _, th := range w.run.abortOn {
			f, nodata := both.Judge(th, span)
			if !nodata && f.Verdict == verdict.Pass && both.Total(th.Tool).Sent() >= abortCalls {
				w.aborted = fmt.Sprintf("%s: %s", th.Text, f.Saw)
				close(w.abort)
				return
			}
		}
	}
}

func (w *loadWindow) end() { close(w.quit); w.wg.Wait() }
