package drive

import (
	"context"
	"fmt"
	"time"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	scenariodrive "github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// Names are the clients of our part's sessions.
func (j *Job) Names() []string {
	all := target.ClientNames(j.Sessions)
	own := make([]string, j.Part.Count(len(all)))
	for i := range own {
		own[i] = all[j.Part.Index(i)]
	}
	return own
}

// Split says which calls of the plan are our part's, where these are its clients.
func (j *Job) Split(clients []string) load.Split {
	return load.Split{Part: j.Part, Sessions: j.Sessions, Clients: clients}
}

// begins is when the first call is due.
func (j *Job) begins(ctx context.Context, clock runner.Clock) (time.Duration, error) {
	const breath = 20 * time.Millisecond
	if j.Start == nil {
		return clock.Now() + breath, nil
	}
	return j.Start(ctx, clock, clock.Now()+breath)
}

// givesUp is how many calls in a row must break for the run to end; 0: it never does,
// since other parts go on.
func (r *run) givesUp() int {
	if !r.Part.Whole() {
		return 0
	}
	return r.patience()
}

// sharded is which part is sent, as documents have it; nil where it is the whole.
func (j *Job) sharded(clock runner.Clock, begin time.Duration) *results.Shard {
	if j.Part.Whole() {
		return nil
	}
	var demands []string
	for _, th := range j.Thresholds {
		demands = append(demands, th.Text)
	}
	parts := []any{j.Shape.Text, j.spread(), j.Length, j.Sessions, j.Seed, demands, j.Echo, j.Schema, j.Part.Of,
		len(j.Replay)}
	n := 0
	for a := range j.Plan.Arrivals(j.firstDues, target.ClientNames(j.Sessions), j.Seed) {
		if n++; n > 1000 { // enough to tell plans apart
			break
		}
		parts = append(parts, fmt.Sprintf("%d %s %s %s %s", a.Due, a.Client, a.Method, a.Tool, a.Arguments))
	}
	return &results.Shard{Part: j.Part.Nth, Of: j.Part.Of, Plan: shard.Fingerprint(j.Profile.Name, parts),
		BeganNS: int64(begin), Clocks: scenariodrive.WallClock(nil, clock)}
}

// firstDues are the due instants as far as they are known before.
func (j *Job) firstDues(yield func(time.Duration) bool) {
	if !j.Shape.Max {
		j.Dues()(yield)
		return
	}
	for yield(0) {
	}
}

// measures adds what it takes to put a part together with the others.
func (r *run) measures(l *results.Load) error {
	if r.shard == nil {
		return nil
	}
	m, err := r.metrics.Measures()
	if err != nil {
		return err
	}
	m.EndingNS = r.ending.Load()
	r.pool.mu.Lock()
	defer r.pool.mu.Unlock()
	for name, h := range map[string]*load.Histogram{load.SpanPacing: &r.pacing.late, load.SpanHandshake: &r.pool.setup,
		load.SpanConnect: &r.pool.connect,
		load.SpanTLS:     &r.pool.secure, load.SpanFirstByte: &r.pool.firstByte, load.SpanDelay: &r.pool.delay,
		load.SpanStreamEnd: &r.pool.streamEnd} {
		if m.Spans[name], err = h.Distribution(); err != nil {
			return err
		}
	}
	l.Measures = m
	return nil
}
