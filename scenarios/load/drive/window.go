package drive

import (
	"fmt"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// A window holds the calls of the last seconds against --abort-on.
type window struct {
	run       *run
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

func newWindow(r *run, abort chan struct{}) *window {
	w := &window{run: r, abort: abort, quit: make(chan struct{})}
	if len(r.AbortOn) == 0 {
		return w
	}
	w.now, w.last = load.NewMetrics(load.Shape{}), load.NewMetrics(load.Shape{})
	w.wg.Go(w.look)
	return w
}

func (w *window) add(c history.Call) {
	if w.now == nil {
		return
	}
	w.mu.Lock()
	m := w.now
	w.mu.Unlock()
	m.Add(c)
}

// look ends the run once a condition holds.
func (w *window) look() {
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
		for _, th := range w.run.AbortOn {
			f, nodata := both.Judge(th, span)
			if !nodata && f.Verdict == verdict.Pass && both.Total(th.Tool).Sent() >= abortCalls {
				w.aborted = fmt.Sprintf("%s: %s", th.Text, f.Saw)
				close(w.abort)
				return
			}
		}
	}
}

func (w *window) end() { close(w.quit); w.wg.Wait() }
