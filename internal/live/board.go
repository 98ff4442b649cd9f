// Package live draws runs while they go: a Board gathers what happens, and a
// Screen shows it on a terminal.
//
// Most users want NewBoard, Expect and Saw, and a Screen over the board where
// somebody watches, or Board.Line now and then where nobody does.
//
// The package deliberately judges nothing: what it shows is gone when the run
// is over, and the result is made of the calls themselves. It reads no clock
// and no environment variable; instants come from its callers.
package live

import (
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A Stage is a part of a run, such as a scenario.
type Stage struct {
	Name  string
	Calls int           // how many are planned; 0: not known
	End   time.Duration // when its last call is due, from Server.Began
}

// A Server is what a board is told of a server before its traffic begins.
type Server struct {
	Name   string
	Rate   float64         // tokens a second that it promises; 0: no limit is known
	Burst  float64         // tokens
	Laws   promise.Promise // that it promises in place of those; nil: none are known
	Began  time.Time       // the zero of the instants in its calls
	Stages []Stage         // in the order of the run
}

// A Board gathers what a run does. Its methods may be called at the same time;
// Saw takes well under a microsecond, and no memory but what laws remember.
type Board struct {
	title string

	mu   sync.Mutex // guards rows and what is in them
	rows []*row
}

// NewBoard returns a board without servers. The title heads the screen.
func NewBoard(title string) *Board { return &Board{title: title} }

// Rates are counted in slots of this length, over a window of several.
const (
	slot  = 250 * time.Millisecond
	slots = 8
)

// A row is what is known of one server.
type row struct {
	Server
	planned int
	stage   string // of the newest call
	note    string // instead of the stage: what it waits for, or how it ended

	admitted, refused, failed, idle int // idle: over connections that the server closed meanwhile
	recent                          [slots]recent
	latency                         *hdrhistogram.Histogram // of admitted calls, from the due instant, in microseconds
	level                           float64                 // tokens in a bucket that keeps the promise
	last                            time.Duration           // when level was right
	gauges                          []gauge                 // a law each
}

// A recent is what one slot of time brought.
type recent struct {
	at                        int64 // number of the slot
	admitted, refused, failed int
}

// newRow is a server that nothing has happened to yet.
func newRow(s Server) *row {
	r := &row{Server: s, level: s.Burst, latency: hdrhistogram.New(1, longest.Microseconds(), 2)}
	for _, l := range s.Laws {
		r.gauges = append(r.gauges, gauge{law: l, keys: map[string]*promise.Meter{}})
	}
	return r
}

// longest is the longest latency that is told apart.
const longest = 10 * time.Minute

// Expect adds a server, or tells what is to come of one that Note added.
func (b *Board) Expect(s Server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.row(s.Name)
	if r == nil {
		r = &row{}
		b.rows = append(b.rows, r)
	}
	*r = *newRow(s)
	for _, st := range s.Stages {
		r.planned += st.Calls
	}
}

// More adds stages to those of a server.
func (b *Board) More(server string, stages []Stage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.row(server)
	if r == nil {
		return
	}
	r.Stages = append(r.Stages, stages...)
	for _, st := range stages {
		r.planned += st.Calls
	}
}

// Rest replaces what is left of a server's stages: what was planned is then what came and
// the calls of these.
func (b *Board) Rest(server string, stages []Stage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.row(server)
	if r == nil {
		return
	}
	for i, st := range r.Stages {
		if st.Name == r.stage {
			r.Stages = r.Stages[:i+1]
			break
		}
	}
	r.planned = r.admitted + r.refused + r.failed + r.idle
	for _, st := range stages {
		r.planned += st.Calls
	}
	r.Stages = append(slices.Clip(r.Stages), stages...)
}

// Note says what a server is about while no call tells: that it starts, rests,
// or is done. An empty text takes the note away.
func (b *Board) Note(server, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.row(server)
	if r == nil {
		r = newRow(Server{Name: server})
		b.rows = append(b.rows, r)
	}
	r.note = text
}

// row finds a server. It needs mu.
func (b *Board) row(server string) *row {
	i := slices.IndexFunc(b.rows, func(r *row) bool { return r.Name == server })
	if i < 0 {
		return nil
	}
	return b.rows[i]
}

// Saw takes in what came of a call. A server that nobody expects is ignored.
func (b *Board) Saw(server string, c history.Call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.row(server)
	if r == nil {
		return
	}
	r.stage, r.note = c.Label, ""
	n := int64(c.Received / slot)
	s := &r.recent[n%slots]
	if s.at < n {
		*s = recent{at: n}
	}
	switch {
	case c.Outcome == history.OK || c.Outcome == history.ToolError:
		r.admitted++
		s.admitted++
		// A latency beyond the histogram's range counts as its longest.
		_ = r.latency.RecordValue(min(max(1, c.Response().Microseconds()), longest.Microseconds()))
		r.take(c.Received)
		for k := range r.gauges {
			r.gauges[k].take(r.last, &c)
		}
	case c.Outcome == history.Limited:
		r.refused++
		s.refused++
	case c.Outcome == history.ClosedIdle:
		r.idle++
	default:
		r.failed++
		s.failed++
	}
}

// take draws a token from the promised bucket.
func (r *row) take(at time.Duration) {
	r.level = max(0, r.levelAt(at)-1)
	r.last = max(at, r.last)
}

// levelAt is what a bucket that keeps the promise would hold, if the calls were
// decided when their replies came. That is an estimate and no more.
func (r *row) levelAt(at time.Duration) float64 {
	return min(r.Burst, r.level+r.Rate*max(0, at-r.last).Seconds())
}
