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
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// A loadWatch samples what the server's processes use.
type loadWatch struct {
	processes []*wire.Process // those of ours; none where we attached to a server
	quit      chan struct{}
	wg        sync.WaitGroup
	used      load.Resources
}

// sampleEvery is how often a process is looked at, which costs a millisecond
// or so where there are many processes.
const sampleEvery = 500 * time.Millisecond

func watchServer(clock runner.Clock, begin time.Duration, processes []*wire.Process) *loadWatch {
	w := &loadWatch{processes: processes, quit: make(chan struct{})}
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
func (w *loadWatch) sample(at time.Duration) bool {
	sum := load.Sample{At: at}
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

func (w *loadWatch) end() { close(w.quit); w.wg.Wait() }

// exited reports if a process has ended by itself.
func (w *loadWatch) exited() (status string, ok bool) {
	for _, p := range w.processes {
		if status, ok := p.Exited(); ok {
			return status, true
		}
	}
	return "", false
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

// A tape writes calls to files as they end: the user's, and the store's.
type tape struct {
	mu     sync.Mutex
	file   *os.File
	zip    *gzip.Writer
	out    *history.Writer // to the user's file; nil where none is named
	spool  *history.Spool  // to the store; nil where nothing is kept
	redact func(string) string
	every  int // one call in so many
	seen   int
	err    error
}

// spooledCalls is how many calls of a load stay in memory until the run is
// kept.
const spooledCalls = 20_000

// newTape returns a tape into a file, and for the store, unless nothing is
// named and nothing is kept.
func newTape(name string, keep bool, every int, redact func(string) string) (*tape, error) {
	t := &tape{every: every, redact: redact}
	if keep {
		t.spool = history.NewSpool(spooledCalls, "")
	}
	if name == "" {
		return t, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("cannot save the history: %w", err)
	}
	t.file = file
	if strings.HasSuffix(name, ".gz") {
		t.zip, err = gzip.NewWriterLevel(file, gzip.BestSpeed) // it runs beside the load
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		t.out = history.NewWriter(t.zip)
		return t, nil
	}
	t.out = history.NewWriter(file)
	return t, nil
}

// add writes a call. Its first error ends the recording, and comes with close.
func (t *tape) add(c history.Call) {
	if t.out == nil && t.spool == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen++
	if (t.seen-1)%t.every != 0 {
		return
	}
	c.Arguments = nil // histories hold none, and they would be held in memory
	t.clean(&c)
	if t.out != nil && t.err == nil {
		t.err = t.out.Write(&c)
	}
	if t.spool != nil {
		t.spool.Add(c)
	}
}

// clean takes the secrets out of a call's texts.
func (t *tape) clean(c *history.Call) {
	if t.redact == nil {
		return
	}
	for _, text := range []*string{&c.Client, &c.Method, &c.Tool, &c.Label, &c.Detail, &c.Media} {
		if *text != "" {
			*text = t.redact(*text)
		}
	}
}

// close ends the files.
func (t *tape) close() error {
	if t.spool != nil {
		if err := t.spool.Close(); err != nil {
			return err
		}
	}
	if t.out == nil {
		return nil
	}
	err := errors.Join(t.err, t.out.Flush())
	if t.zip != nil {
		err = errors.Join(err, t.zip.Close())
	}
	if err = errors.Join(err, t.file.Close()); err != nil {
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
