package export

import (
	"errors"
	"io"

	"github.com/mcpload/mcpload/internal/printable"
	"github.com/mcpload/mcpload/results/screen"
)

// ErrLeak says that a result had a secret in it although all of them were taken
// out: rather nothing than that.
var ErrLeak = errors.New("internal error: the result isn't written, as a credential is still in it after all were " +
	"taken out")

// A Gate is the last look at a result before anybody sees it. What it rests on was
// cleaned before; should that ever fail, nothing is written. It looks for values
// that chance doesn't write: a credential that is an ordinary word may stand in a
// result for other reasons.
type Gate struct {
	To    io.Writer
	Holds func(text string) bool // reports if a credential is in a text
	// it is read by people: no line is an order, and of control sequences only colours pass
	Text bool

	held []byte
	err  error
}

// What a gate holds before it lets some of it go, and how much of that stays, as a
// credential may go on behind it. Nearly all results are shorter, so that of them
// it lets all pass or nothing.
const (
	mostHeld  = 16 << 20
	leastHeld = 64 << 10
)

// Columns is how wide the terminal is that it lets things go to; 0 where there is none.
func (g *Gate) Columns() int { return screen.Columns(g.To) }

// Write implements io.Writer.
func (g *Gate) Write(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	g.held = append(g.held, p...)
	if len(g.held) > mostHeld {
		g.pass(len(g.held) - leastHeld)
	}
	if g.err != nil {
		return 0, g.err
	}
	return len(p), nil
}

// pass lets the first n bytes go.
func (g *Gate) pass(n int) {
	if g.Holds(string(g.held)) {
		g.err, g.held = ErrLeak, nil
		return
	}
	out := g.held[:n]
	if g.Text {
		out = []byte(printable.Lines(string(out)))
	}
	_, g.err = g.To.Write(out)
	g.held = append(g.held[:0], g.held[n:]...)
}

// End lets the rest go.
func (g *Gate) End() error {
	if g.err == nil && len(g.held) > 0 {
		g.pass(len(g.held))
	}
	return g.err
}
