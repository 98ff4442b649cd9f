package live

import (
	"context"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
)

// plainEvery is how often work without a screen says how far it is: often enough that a
// log shows life, and never in a run of a few seconds.
const plainEvery = 10 * time.Second

// drawnAfter is how long work goes on before it is drawn. What is over before is told soon
// enough, and a terminal that is asked what it can do has time to answer us, where the answer
// came when nobody read it, and stood at the shell's prompt.
const drawnAfter = 400 * time.Millisecond

// A Progress tells a person how far the work on a board is: on a screen where a terminal
// is watched, and by a line now and then elsewhere.
type Progress struct {
	Board *Board
	open  func() *Screen // nil: plain lines
	shown func(*Screen)
	say   func(line string)

	breaks chan func() // what needs the terminal for itself meanwhile
}

// NewProgress is the progress of a board. Open makes a screen, again after each break;
// nil is for where nobody watches a terminal. Shown is told what is drawn, and nil when
// nothing is any more. Say prints a line.
func NewProgress(b *Board, open func() *Screen, shown func(*Screen), say func(line string)) *Progress {
	return &Progress{Board: b, open: open, shown: shown, say: say, breaks: make(chan func())}
}

// Start shows it in the background until the returned function is called, which
// returns once the terminal is as it was.
func (p *Progress) Start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if p.open != nil {
			p.draw(ctx)
			return
		}
		p.tell(ctx)
	}()
	return func() { cancel(); <-done }
}

// Later is Start once begin is called, for the first time; end ends it if it was.
func (p *Progress) Later(ctx context.Context) (begin, end func()) {
	stop := func() {}
	return sync.OnceFunc(func() { stop = p.Start(ctx) }), func() { stop() }
}

// Aside does something that needs the terminal, with nothing drawn on it.
func (p *Progress) Aside(ctx context.Context, do func()) {
	if p.open == nil {
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
func (p *Progress) draw(ctx context.Context) {
	defer p.shown(nil)
	waited, end := context.WithTimeout(ctx, drawnAfter)
	p.give(waited)
	end()
	for ctx.Err() == nil {
		screen := p.open()
		drawing, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		p.shown(screen)
		go func() { ended <- screen.Run(drawing) }()
		select {
		case err := <-ended:
			stop()
			if err != nil && ctx.Err() == nil {
				p.shown(nil)
				p.say("no live view: " + err.Error())
			}
			p.give(ctx)
			return
		case do := <-p.breaks:
			stop()
			<-ended // how it ended says nothing: it was told to
			p.shown(nil)
			do()
		}
	}
}

// give lets whatever needs the terminal have it, until the context ends.
func (p *Progress) give(ctx context.Context) {
	for {
		select {
		case do := <-p.breaks:
			do()
		case <-ctx.Done():
			return
		}
	}
}

// tell says a line now and then.
func (p *Progress) tell(ctx context.Context) {
	tick := time.NewTicker(plainEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			p.say(p.Board.Line(now))
		}
	}
}

// Stages are the parts of a plan that begins at an instant of the run.
func Stages(plan []history.Arrival, begin time.Duration) []Stage {
	var list []Stage
	for _, a := range plan {
		if n := len(list); n == 0 || list[n-1].Name != a.Label {
			list = append(list, Stage{Name: a.Label})
		}
		last := &list[len(list)-1]
		last.Calls++
		last.End = begin + a.Due
	}
	return list
}
