package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/mcpload/mcpload/history"
)

// progress tells a person at a terminal how far a run is, on one line that is
// drawn over and over. Where stderr is no terminal only whole lines are said.
type progress struct {
	w        io.Writer
	terminal bool

	mu       sync.Mutex
	planned  int
	done     int
	outcomes map[history.Outcome]int
	end      time.Time // when the last arrival is due
	drawn    bool
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, outcomes: map[history.Outcome]int{}}
	if f, ok := w.(*os.File); ok {
		p.terminal = term.IsTerminal(int(f.Fd())) && os.Getenv("CI") == ""
	}
	return p
}

// expect takes in what a server is about to get.
func (p *progress) expect(_ string, plan []history.Arrival) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planned += len(plan)
	if len(plan) > 0 {
		if end := time.Now().Add(plan[len(plan)-1].Due); end.After(p.end) {
			p.end = end
		}
	}
}

// saw takes in what came of a call.
func (p *progress) saw(_ string, c history.Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.outcomes[c.Outcome]++
}

// say prints a whole line.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintf(p.w, "mcpload: "+format+"\n", args...)
}

// run draws until the context ends.
func (p *progress) run(ctx context.Context) {
	if !p.terminal {
		return
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			p.mu.Lock()
			p.clear()
			p.mu.Unlock()
			return
		case <-tick.C:
			p.draw()
		}
	}
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	left := max(0, time.Until(p.end)).Round(time.Second)
	failed := p.done - p.outcomes[history.OK] - p.outcomes[history.Limited]
	fmt.Fprintf(p.w, "%d of %d calls · %d admitted · %d refused · %d other · about %s left",
		p.done, p.planned, p.outcomes[history.OK], p.outcomes[history.Limited], failed, left)
	p.drawn = true
}

// clear wipes the drawn line. It needs mu.
func (p *progress) clear() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}
