package merge

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/shard"
	"github.com/mcpload/mcpload/verdict"
)

// A timeline leads a part's clock to the common one.
type timeline struct {
	offsets shard.Offsets
	worst   time.Duration // by how much an instant of those that were moved may be off
	base    time.Duration // what is taken from the common clock, so that a run begins near 0
}

// ErrNoCommonClock is wrapped where parts have no clock in common.
var ErrNoCommonClock = errors.New("the shards have no clock in common")

// timelines finds a clock that all parts have in common: the coordinator's, which each
// has measured, or the wall clock of the one machine that all ran on. Else their wall
// clocks agree to within what somebody says.
func timelines(parts []Part, c Config) ([]timeline, error) {
	for _, candidate := range parts[0].shard().Clocks {
		if candidate.Name != "" && slices.IndexFunc(parts,
			func(p Part) bool { return clockOf(p, candidate.Name) == nil }) < 0 {
			return lines(parts, 0, func(p Part) *results.ShardClock { return clockOf(p, candidate.Name) })
		}
	}
	if c.ClockError <= 0 {
		return nil, hint.New(fmt.Errorf("%w: they ran on several machines, and nobody measured these",
			ErrNoCommonClock),
			"--clock-error 20ms says to within what the machines' clocks agree, such as by NTP; mcpload coordinate "+
				"measures it")
	}
	return lines(parts, c.ClockError, calendarOf)
}

// calendarOf is a part's own wall clock; nil where it has none.
func calendarOf(p Part) *results.ShardClock {
	clocks := p.shard().Clocks
	i := slices.IndexFunc(clocks, func(c results.ShardClock) bool { return c.DriftPPM == 0 })
	if i < 0 {
		return nil
	}
	return &clocks[i]
}

// clockOf is a part's clock of a name; nil where it has none.
func clockOf(p Part, name string) *results.ShardClock {
	clocks := p.shard().Clocks
	i := slices.IndexFunc(clocks, func(c results.ShardClock) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &clocks[i]
}

// lines are the timelines by one clock each, which may be off by a little more.
func lines(parts []Part, off time.Duration, of func(Part) *results.ShardClock) ([]timeline, error) {
	var list []timeline
	least := time.Duration(math.MaxInt64)
	for _, p := range parts {
		c := of(p)
		if c == nil {
			return nil, fmt.Errorf("%w: %s has none at all", ErrNoCommonClock, p.Name)
		}
		var bounds []shard.Bound
		for _, b := range c.Bounds {
			bounds = append(bounds, shard.Bound{At: time.Duration(b.AtNS), Lo: time.Duration(b.LoNS) - off,
				Hi: time.Duration(b.HiNS) + off})
		}
		o, err := shard.NewOffsets(bounds, c.DriftPPM*1e-6)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		lo, _ := o.At(0)
		least = min(least, lo)
		list = append(list, timeline{offsets: o})
	}
	for i := range list {
		list[i].base = least - time.Millisecond
	}
	return list, nil
}

// base is when instant 0 of the common time is, in nanoseconds since 1970 by its clock.
func (w *Whole) base() int64 { return int64(w.lines[0].base) }

// move puts a call into common time, and returns by how much its instants may be off.
func (l *timeline) move(c *history.Call) time.Duration {
	shift, err := l.offsets.Common(c.Sent, c.Received)
	shift -= l.base
	c.Sent, c.Received, c.Due = max(0, c.Sent+shift), max(0, c.Received+shift), max(0, c.Due+shift)
	return err
}

// spread is how far apart the parts may have begun, and how well their clocks are known.
func (w *Whole) spread(parts []Part) (spread, known time.Duration) {
	first, last := time.Duration(math.MaxInt64), time.Duration(math.MinInt64)
	for i, p := range parts {
		began := time.Duration(p.shard().BeganNS)
		lo, hi := w.lines[i].offsets.At(began)
		first, last = min(first, began+lo), max(last, began+hi)
	}
	for i := range w.lines {
		known = max(known, w.lines[i].worst)
	}
	return last - first, known
}

// together is the finding of whether the parts of a load were sent at one time: of those
// that weren't, the rate of the whole never was. Where nobody measured the clocks, what
// each says of itself counts.
func (w *Whole) together(parts []Part) verdict.Finding {
	f := verdict.Finding{Check: checkCommon, Verdict: verdict.Pass, Want: "shards that begin together, within " +
		apart.String()}
	by := ""
	if w.lines == nil {
		by = ", by clocks that nobody measured"
		w.lines, _ = lines(parts, 0, calendarOf) // without one nobody knows, which is said below
	}
	if w.lines == nil {
		f.Verdict, f.Saw = verdict.Inconclusive, "when they began is not known"
		return f
	}
	spread, _ := w.spread(parts)
	f.Saw = fmt.Sprintf("within %s%s", spread.Round(time.Millisecond), by)
	if spread > apart {
		f.Verdict = verdict.Inconclusive
		f.Saw += ", so that what all were to send was never sent at once: give all of them one --start-at, or let " +
			"mcpload coordinate start them"
	}
	return f
}

// join puts the calls of a run into common time and in the order of their sending.
func (w *Whole) join(parts []Part) error {
	for i, p := range parts {
		l, planned := &w.lines[i], map[string]int{}
		err := p.Each(func(_ string, c *history.Call) error {
			moved := *c
			planned[c.Label]++
			l.worst = max(l.worst, l.move(&moved))
			w.Calls = append(w.Calls, moved)
			return nil
		})
		if err == nil {
			err = p.whole(planned)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	slices.SortStableFunc(w.Calls, func(a, b history.Call) int { return cmp.Compare(a.Sent, b.Sent) })
	return nil
}

// A stream is a part's calls on their way to a joint history: read ahead, so that all
// parts are read at the same time.
type stream struct {
	batches chan []history.Call
	now     []history.Call // what is left of a batch
	err     error          // set before batches is closed
}

// readAhead is how many calls are read at a time, and twice as many ahead.
const readAhead = 1024

// read reads a part until nobody wants more of it.
func (s *stream) read(p Part, moved func(*history.Call), enough <-chan struct{}) {
	defer close(s.batches)
	batch := make([]history.Call, 0, readAhead)
	hand := func() error {
		select {
		case s.batches <- batch:
			batch = make([]history.Call, 0, readAhead)
			return nil
		case <-enough:
			return errEnough
		}
	}
	s.err = p.Each(func(_ string, c *history.Call) error {
		batch = append(batch, *c)
		moved(&batch[len(batch)-1])
		if len(batch) == readAhead {
			return hand()
		}
		return nil
	})
	if s.err == nil {
		s.err = hand()
	}
}

// next goes on to the next call, and reports if there is one.
func (s *stream) next() bool {
	if len(s.now) > 1 {
		s.now = s.now[1:]
		return true
	}
	s.now = nil
	for len(s.now) == 0 {
		batch, ok := <-s.batches
		if !ok {
			return false
		}
		s.now = batch
	}
	return true
}

// A queue has the stream in front whose call ended first.
type queue []*stream

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].now[0].Received < q[j].now[0].Received }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*stream)) }
func (q *queue) Pop() any {
	x := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return x
}

var errEnough = errors.New("no more is wanted")

// joint hands out the calls of parts that each are in the order of their ends, in that
// order of all of them, after moved has put each into the time that all have in common;
// that is called for several parts at a time. A few thousand calls of each are in memory.
func joint(parts []Part, moved func(part int, c *history.Call), fn func(*history.Call) error) error {
	var q queue
	var work sync.WaitGroup
	enough := make(chan struct{})
	defer func() { close(enough); work.Wait() }()
	all := make([]*stream, len(parts))
	for i, p := range parts {
		s := &stream{batches: make(chan []history.Call, 1)}
		all[i] = s
		work.Go(func() { s.read(p, func(c *history.Call) { moved(i, c) }, enough) })
	}
	for _, s := range all {
		if s.next() {
			q = append(q, s)
		}
	}
	heap.Init(&q)
	for len(q) > 0 {
		if err := fn(&q[0].now[0]); err != nil {
			return err
		}
		if q[0].next() {
			heap.Fix(&q, 0)
		} else {
			heap.Pop(&q)
		}
	}
	for i, s := range all {
		if s.err != nil {
			return fmt.Errorf("%s: %w", parts[i].Name, s.err)
		}
	}
	return nil
}

// Joint writes nothing by itself: it hands out all calls of the parts in common time and
// in the order of their ends, and returns by how much each instant may be off.
func Joint(parts []Part, c Config, fn func(*history.Call) error) (off time.Duration, err error) {
	sorted, _, err := fit(parts)
	if err != nil {
		return 0, err
	}
	list, err := timelines(sorted, c)
	if err != nil {
		return 0, err
	}
	err = joint(sorted, func(i int, c *history.Call) { list[i].worst = max(list[i].worst, list[i].move(c)) }, fn)
	for i := range list {
		off = max(off, list[i].worst)
	}
	return off, err
}
