package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/live"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/load"
)

// progress tells a person how far the work is: on a live screen where a
// terminal is watched, and by a line now and then elsewhere.
type progress struct {
	app    *app
	board  *live.Board
	screen *live.Screen // nil: plain lines
	breaks chan func()  // what needs the terminal for itself meanwhile
}

// plainEvery is how often work without a live screen says how far it is: often
// enough that a log shows life, and never in a run of a few seconds.
const plainEvery = 10 * time.Second

func (a *app) newProgress(title string) *progress {
	p := &progress{app: a, board: live.NewBoard(title), breaks: make(chan func())}
	if a.watched() {
		p.screen = live.NewScreen(p.board, a.keys(), a.stderr, a.interrupt)
	}
	return p
}

// watched reports if somebody looks at a terminal that can be drawn on.
func (a *app) watched() bool {
	return !a.noTUI && isTerminal(a.stderr) && os.Getenv("CI") == "" && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// keys is where key presses come from, or nil: then Ctrl-C is a signal.
func (a *app) keys() io.Reader {
	if isTerminal(a.stdin) {
		return a.stdin
	}
	return nil
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Tell implements drive.Observer.
func (p *progress) Tell(e drive.Event) {
	switch {
	case e.Say != "" && e.Server != "":
		p.app.say("%s: %s", e.Server, e.Say)
	case e.Say != "":
		p.app.say("%s", e.Say)
	case e.Doing != "":
		p.board.Note(e.Server, e.Doing)
	case e.End > 0:
		p.board.Expect(live.Server{Name: e.Server, Began: time.Now().Add(-e.Now), Stages: []live.Stage{{Name: load.Label, Calls: e.Calls, End: e.End}}})
	case e.Again:
		p.board.More(e.Server, stages(e.Plan, e.Begin))
	default:
		p.board.Expect(live.Server{Name: e.Server, Rate: e.Limit.Rate, Burst: float64(e.Limit.Burst),
			Began: time.Now().Add(-e.Now), Stages: stages(e.Plan, e.Begin)})
	}
}

// Saw implements drive.Observer.
func (p *progress) Saw(server string, c history.Call) {
	if e := p.app.exporter; e != nil {
		e.Saw(server, &c)
	}
	p.board.Saw(server, c)
	if w := p.app.worker; w != nil {
		p.app.tellCoordinator(w, c)
	}
}

// stages are the parts of a plan.
func stages(plan []history.Arrival, begin time.Duration) []live.Stage {
	var list []live.Stage
	for _, a := range plan {
		if n := len(list); n == 0 || list[n-1].Name != a.Label {
			list = append(list, live.Stage{Name: a.Label})
		}
		last := &list[len(list)-1]
		last.Calls++
		last.End = begin + a.Due
	}
	return list
}

// start runs in the background until the returned function is called, which
// returns once the terminal is as it was.
func (p *progress) start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.run(ctx)
	}()
	return func() { cancel(); <-done }
}

// aside does something that needs the terminal, with nothing drawn on it.
func (p *progress) aside(ctx context.Context, do func()) {
	if p.screen == nil {
		do()
		return
	}
	done := make(chan struct{})
	select {
	case p.breaks <- func() { do(); close(done) }:
		<-done
	case <-ctx.Done():
	}
}

// draw draws until the context ends, but while something else needs the terminal.
func (p *progress) draw(ctx context.Context) {
	defer p.app.screen.Store(nil)
	for screen := p.screen; ; {
		drawing, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		p.app.screen.Store(screen)
		go func() { ended <- screen.Run(drawing) }()
		select {
		case err := <-ended:
			stop()
			if err != nil && ctx.Err() == nil {
				p.app.screen.Store(nil)
				p.app.say("no live view: %v", err)
			}
			for { // whatever needs the terminal may have it
				select {
				case do := <-p.breaks:
					do()
				case <-ctx.Done():
					return
				}
			}
		case do := <-p.breaks:
			stop()
			<-ended // how it ended says nothing: it was told to
			p.app.screen.Store(nil)
			do()
			screen = live.NewScreen(p.board, p.app.keys(), p.app.stderr, p.app.interrupt)
		}
	}
}

// run draws, or says a line now and then, until the context ends.
func (p *progress) run(ctx context.Context) {
	if p.screen != nil {
		p.draw(ctx)
		return
	}
	tick := time.NewTicker(plainEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			p.app.say("%s", p.board.Line(now))
		}
	}
}

// A lineProgress shows a person at a terminal what is under way, on one line.
type lineProgress struct{ a *app }

// Tell implements mcpload.Observer.
func (p lineProgress) Tell(e mcpload.Event) {
	if !isTerminal(p.a.stderr) || p.a.noTUI || os.Getenv("CI") != "" {
		return
	}
	_, _ = io.WriteString(p.a.stderr, "\r\x1b[K") // a terminal that has gone needs no progress
	if e.Doing != "" {
		fmt.Fprintf(p.a.stderr, "%s: %s", p.a.clean(e.Server), e.Doing)
	}
}

// Saw implements mcpload.Observer: what single calls say fits on no line.
func (lineProgress) Saw(string, history.Call) {}
