package drive

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// starts is when the job's plan begins.
func (j *Job) starts(ctx context.Context, c runner.Clock, earliest time.Duration) (time.Duration, error) {
	if j.Start == nil {
		return earliest, nil
	}
	return j.Start(ctx, c, earliest)
}

// everybody are the clients of all parts.
func (j *Job) everybody(s target.Sessions) []string {
	if j.Part.Whole() {
		return s.Names()
	}
	return target.ClientNames(j.ClientCount())
}

// Own are those of a plan's arrivals that belong to the job's part: a client, as
// whomever it comes back, is one part's.
func (j *Job) Own(plan []history.Arrival) []history.Arrival {
	if j.Part.Whole() {
		return plan
	}
	names := target.ClientNames(j.ClientCount())
	return slices.DeleteFunc(slices.Clone(plan), func(a history.Arrival) bool {
		return !j.Part.Owns(clientNumber(names, a.Client))
	})
}

// clientNumber is the number of a client, from 0, which may be disguised as c1+session.
func clientNumber(names []string, client string) int {
	name, _, _ := strings.Cut(client, "+")
	return slices.Index(names, name)
}

// shares reports if others use the server meanwhile: to a part, all other parts do.
func (j *Job) shares() bool { return j.Shared || !j.Part.Whole() }

// lacks is an error where a part hasn't all of its clients: those of the others
// couldn't be told from them.
func (j *Job) lacks(s target.Sessions) error {
	if want := j.Part.Count(j.ClientCount()); !j.Part.Whole() && len(s) < want {
		return fmt.Errorf("shard %s could open %d of its %s, and no other shard can stand in for it", j.Part, len(s),
			words.Count(want, "session"))
	}
	return nil
}

// sharded is which part was sent, as documents have it, but for how it ended; nil
// where it was the whole.
func (j *Job) sharded(c runner.Clock, begin time.Duration) *results.Shard {
	if j.Part.Whole() {
		return nil
	}
	return &results.Shard{Part: j.Part.Nth, Of: j.Part.Of, Shared: j.Shared, BeganNS: int64(begin),
		Clocks: WallClock(nil, c),
		Plan:   shard.Fingerprint(j.Profile.Name, j.fingerprinted())}
}

// Sent reads the calendar again, once a part has been sent. Nil is no part.
func Sent(s *results.Shard, c runner.Clock) {
	if s != nil {
		s.Clocks = WallClock(s.Clocks, c)
	}
}

// PartNote says what a part is worth by itself; nothing of the whole.
func PartNote(s *results.Shard) []string {
	if s == nil {
		return nil
	}
	return []string{fmt.Sprintf("this is shard %d of %d: mcpload merge judges all of them together, and a part by "+
		"itself shows no more than what surely is too much", s.Part, s.Of)}
}

// fingerprinted is what all parts of one run have in common.
func (j *Job) fingerprinted() []any {
	set, list := j.Planned(), []string{}
	for _, s := range j.Scenarios {
		list = append(list, s.Name)
	}
	return []any{j.limit(), j.Laws.promiseText(), list, j.Seed, j.ClientCount(), set.Identity, j.Demands,
		j.Profile.Call.Method, j.Profile.Call.Tool, string(j.Profile.Call.Arguments), j.Shared, j.Part.Of, j.Precision}
}

// WallClock adds what the machine's calendar shows now to what it showed before. A
// clock that was set in between has no one offset: the bounds hold both.
func WallClock(before []results.ShardClock, c runner.Clock) []results.ShardClock {
	lo, hi := runner.Epoch(c)
	b := results.ClockBound{AtNS: int64(c.Now()), LoNS: lo.UnixNano(), HiNS: hi.UnixNano()}
	if len(before) > 0 {
		b.LoNS, b.HiNS = min(b.LoNS, before[0].Bounds[0].LoNS), max(b.HiNS, before[0].Bounds[0].HiNS)
	}
	return []results.ShardClock{{Name: shard.Clock(), Bounds: []results.ClockBound{b}}}
}
