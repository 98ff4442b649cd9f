package drive

import (
	"context"
	"sync"
	"time"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// mostUnderWay is how many requests of the load beside the rows are under way at most.
const mostUnderWay = 64

// A load is right requests that are sent at a rate beside the rows, on a line of their
// own, whether the ones before are answered or not.
type load struct {
	trial *conform.Trial
	line  conform.Line
	sum   *conform.Loaded
	// asked for in turn with what does nothing, as its answers can be told from the others'; empty: nothing is
	telling string

	began  time.Time
	ctx    context.Context
	cancel context.CancelFunc
	once   sync.Once
	all    sync.WaitGroup
	mu     sync.Mutex // over sum
	turn   sync.Mutex // of a line whose answers come by one stream
	room   chan struct{}
}

// load begins it. It ends by end.
func (c *Config) load(ctx context.Context, o conform.Options) (*load, error) {
	line, err := c.open(ctx, c.Timeout)
	if err != nil {
		return nil, err
	}
	o.Watch = nil
	t, err := conform.NewTrial(line, o)
	if err != nil {
		line.Close()
		return nil, err
	}
	l := &load{trial: t, line: line, began: time.Now(), room: make(chan struct{}, mostUnderWay),
		sum: &conform.Loaded{Rate: c.Under, Shared: c.Transport != conform.HTTP, Members: map[string]string{}}}
	if method, name := t.Telling(); method != "" {
		l.telling, l.sum.Members[method] = method, name
	}
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.all.Go(func() { l.send(l.ctx, time.Duration(float64(time.Second)/c.Under), c.Timeout) })
	return l, nil
}

// send sends a request whenever one is due.
func (l *load) send(ctx context.Context, every, within time.Duration) {
	due := time.Now()
	for n := 1; ; n++ {
		if due = due.Add(max(every, time.Microsecond)); !sleep(ctx, time.Until(due)) {
			return
		}
		select {
		case l.room <- struct{}{}:
		default:
			l.mu.Lock()
			l.sum.Unsent++
			l.mu.Unlock()
			continue
		}
		r := l.trial.Harmless()
		if l.telling != "" && n%4 == 0 {
			r = l.trial.Right(l.telling, nil)
		}
		r.Within = within
		l.all.Go(func() {
			if l.sum.Shared { // what comes with an answer is noted in the order in which it came
				l.turn.Lock()
				defer l.turn.Unlock()
			}
			e := &conform.Exchange{Request: r, Reply: l.line.Do(r), Row: "U01", Line: l.line.Repeat(r)}
			l.mu.Lock()
			l.sum.Note(e)
			l.mu.Unlock()
			<-l.room
		})
	}
}

// leastLoad is how long it lasts at least, however fast the rows are.
const leastLoad = time.Second

// end ends it, and waits for what is under way.
func (l *load) end() {
	l.once.Do(func() {
		sleep(l.ctx, leastLoad-time.Since(l.began))
		l.cancel()
		l.all.Wait()
		l.sum.Took = time.Since(l.began)
		l.line.Close()
	})
}

// lasting reports, from its first call on, if a time isn't over yet.
func lasting(ctx context.Context, d time.Duration) func() bool {
	var end time.Time
	return func() bool {
		if end.IsZero() {
			end = time.Now().Add(d)
		}
		return ctx.Err() == nil && time.Now().Before(end)
	}
}
