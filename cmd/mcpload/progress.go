package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/live"
	"github.com/mcpload/mcpload/internal/telemetry"
	"github.com/mcpload/mcpload/results/screen"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/load"
)

// progress tells a person how far the work is.
type progress struct {
	app *app
	*live.Progress
}

func (a *app) newProgress(title string) *progress {
	board := live.NewBoard(title)
	var open func() *live.Screen
	if a.watched() {
		open = func() *live.Screen { return live.NewScreen(board, a.keys(), a.stderr, a.interrupt) }
	}
	say := func(line string) { a.say("%s", line) }
	return &progress{a, live.NewProgress(board, open, func(s *live.Screen) { a.screen.Store(s) }, say)}
}

// watched reports if somebody looks at a terminal that can be drawn on.
func (a *app) watched() bool {
	return !a.noTUI && isTerminal(a.stderr) && os.Getenv("CI") == "" && os.Getenv("NO_COLOR") == "" &&
		os.Getenv("TERM") != "dumb"
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
		p.Board.Note(e.Server, e.Doing)
	case e.End > 0:
		p.Board.Expect(live.Server{Name: e.Server, Began: time.Now().Add(-e.Now),
			Stages: []live.Stage{{Name: cmp.Or(e.Stage, load.Label), Calls: e.Calls, End: e.End}}})
	case e.Rest:
		p.Board.Rest(e.Server, live.Stages(e.Plan, e.Begin))
	case e.Again:
		p.Board.More(e.Server, live.Stages(e.Plan, e.Begin))
	default:
		p.Board.Expect(live.Server{Name: e.Server, Rate: e.Limit.Rate, Burst: float64(e.Limit.Burst), Laws: e.Laws,
			Began: time.Now().Add(-e.Now), Stages: live.Stages(e.Plan, e.Begin)})
	}
}

// Saw implements drive.Observer.
func (p *progress) Saw(server string, c history.Call) {
	if e := p.app.exporter; e != nil {
		e.Saw(server, &c)
	}
	p.Board.Saw(server, c)
	if w := p.app.worker; w != nil {
		w.Saw(c)
	}
}

// A lineProgress shows a person at a terminal what is under way, on one line.
type lineProgress struct{ a *app }

// Tell implements mcpload.Observer.
func (p lineProgress) Tell(e mcpload.Event) {
	drawn := p.a.watched()
	if drawn {
		_, _ = io.WriteString(p.a.stderr, "\r\x1b[K") // a terminal that has gone needs no progress
	}
	if e.Say != "" {
		p.a.say("%s: %s", e.Server, e.Say)
	}
	if drawn && e.Doing != "" { // on one line, or it couldn't be taken back
		line, room := p.a.clean(e.Server)+": "+e.Doing, cmp.Or(screen.Columns(p.a.stderr), 80)-1
		if screen.Wide(line) > room {
			line = screen.Wrap(e.Doing, room, room)[0]
		}
		fmt.Fprint(p.a.stderr, line)
	}
}

// Saw implements mcpload.Observer: what single calls say fits on no line.
func (lineProgress) Saw(string, history.Call) {}

// registerTelemetry adds the flags that say which monitoring is shown the calls.
func registerTelemetry(flags *pflag.FlagSet, f *telemetry.Asked) {
	flags.StringVar(&f.Prometheus, "prometheus-addr", "", "serve metrics for Prometheus at this `address` during the "+
		"run: a port, on loopback, or host:port")
	flags.BoolVar(&f.OTLP, "otlp", false, "send metrics and traces to a collector of OpenTelemetry, by the OTEL_ "+
		"variables (default http://localhost:4318), and a traceparent with each request")
}

// export begins to show calls to monitoring, where that is asked for. The function
// that it returns sends what is left.
func (a *app) export(ctx context.Context, f *telemetry.Asked) (end func(), err error) {
	if !f.Any() {
		return func() {}, nil
	}
	warn := func(text string) { a.say("warning: telemetry: %s", text) }
	e, err := f.Open(ctx, telemetry.Config{Version: version(), Warn: warn}, os.Getenv, a.hide)
	if err != nil {
		return nil, err
	}
	if e.Address() != "" {
		a.say("metrics are at %s", e.Address())
	}
	a.exporter = e
	return sync.OnceFunc(func() {
		a.exporter = nil
		if err := e.Close(); err != nil {
			warn(err.Error())
		}
	}), nil
}
