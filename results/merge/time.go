package merge

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// A timeline leads a part's clock to the common one.
type timeline struct {
	offsets shard.Offsets
	worst   time.Duration // by how much an instant of those that were moved may be off
	base    time.Duration // what is taken from the common clock, so that a run begins near 0
}

// ErrNoCommonClock is wrapped where parts have no clock in common.
var ErrNoCommonClock = errors.New("merge: the shards have no clock in common")

// timelines finds a clock that all parts have in common: the coordinator's, which each
// has measured, or the wall clock of the one machine that all ran on. Else their wall
// clocks agree to within what somebody says.
func timelines(parts []Part, c Config) ([]timeline, error) {
	for _, candidate := range parts[0].shard().Clocks {
		if candidate.Name != "" && slices.IndexFunc(parts, func(p Part) bool { return clockOf(p, candidate.Name) == nil }) < 0 {
			return lines(parts, 0, func(p Part) *results.ShardClock { return clockOf(p, candidate.Name) })
		}
	}
	if c.ClockError <= 0 {
		return nil, hint.New(fmt.Errorf("%w: they ran on several machines, and nobody measured these", ErrNoCommonClock),
			"--clock-error 20ms says to within what the machines' clocks agree, such as by NTP; mcpload coordinate measures it")
	}
	return lines(parts, c.ClockError, func(p Part) *results.ShardClock {
		clocks := p.shard().Clocks
		i := slices.IndexFunc(clocks, func(c results.ShardClock) bool { return c.DriftPPM == 0 })
		if i < 0 {
			return nil
		}
		return &clocks[i]
	})
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
			bounds = append(bounds, shard.Bound{At: time.Duration(b.AtNS), Lo: time.Duration(b.LoNS) - off, Hi: time.Duration(b.HiNS) + off})
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

// join puts the calls of a run into common time and in the order of their sending.
func (w *Whole) join(parts []Part) error {
	for i, p := range parts {
		l := &w.lines[i]
		err := p.Each(func(_ string, c *history.Call) error {
			moved := *c
			l.worst = max(l.worst, l.move(&moved))
			w.Calls = append(w.Calls, moved)
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	slices.SortStableFunc(w.Calls, func(a, b history.Call) int { return cmp.Compare(a.Sent, b.Sent) })
	return nil
}

// A stream is a part's calls on their way to a joint history.
type stream struct {
	next  func() (history.Call, bool)
	first history.Call
}

// A queue has the stream in front whose call ended first.
type queue []*stream

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].first.Received < q[j].first.Received }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*stream)) }
func (q *queue) Pop() any {
	x := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return x
}

var errEnough = errors.New("no more is wanted")

// joint hands out the calls of parts that each are in the order of their ends, in that
// order of all of them, after moved has put each into the time that all have in common.
// It keeps one call of each in memory.
func joint(parts []Part, moved func(part int, c *history.Call), fn func(*history.Call) error) error {
	var q queue
	errs := make([]error, len(parts))
	for i, p := range parts {
		next, stop := iter.Pull(func(yield func(history.Call) bool) {
			errs[i] = p.Each(func(_ string, c *history.Call) error {
				one := *c
				if moved(i, &one); !yield(one) {
					return errEnough
				}
				return nil
			})
		})
		defer stop()
		if c, ok := next(); ok {
			q = append(q, &stream{next, c})
		}
	}
	heap.Init(&q)
	for len(q) > 0 {
		if err := fn(&q[0].first); err != nil {
			return err
		}
		c, ok := q[0].next()
		if !ok {
			heap.Pop(&q)
			continue
		}
		q[0].first = c
		heap.Fix(&q, 0)
	}
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("%s: %w", parts[i].Name, err)
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
	err = joint(sorted, func(i int, c *history.Call) { off = max(off, list[i].move(c)) }, fn)
	return off, err
}
