package ratelimit

import (
	"fmt"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A plainLimit is a limit as its sentence says it, with a list of all that was ever
// admitted. It shares nothing with the counters.
type plainLimit struct {
	Limit
	exact  *big.Rat // of a bucket: its rate
	bucket map[string]*reference
	taken  map[string][]time.Time
	opened map[string]time.Time
}

// fits reports if n more are admitted at t.
func (p *plainLimit) fits(key string, n int, t time.Time) bool {
	count := 0
	switch p.Kind {
	case Bucket:
		b := p.level(key, t)
		return b.Cmp(big.NewRat(int64(n), 1)) >= 0
	case Cap:
		return len(p.taken[key])+n <= p.N
	case Sliding:
		for _, at := range p.taken[key] {
			if t.Sub(at) < p.Every {
				count++
			}
		}
	case Fixed:
		if opened, ok := p.opened[key]; ok && t.Sub(opened) < p.Every {
			for _, at := range p.taken[key] {
				if !at.Before(opened) {
					count++
				}
			}
		}
	case Aligned:
		for _, at := range p.taken[key] {
			if at.UnixNano()/int64(p.Every) == t.UnixNano()/int64(p.Every) {
				count++
			}
		}
	}
	return count+n <= p.N
}

// level is what the key's bucket holds at t.
func (p *plainLimit) level(key string, t time.Time) *big.Rat {
	b := p.bucket[key]
	if b == nil {
		return big.NewRat(int64(p.Burst), 1)
	}
	later := *b
	later.at(t)
	return later.level
}

func (p *plainLimit) take(key string, n int, t time.Time) {
	if p.Kind == Bucket {
		if p.bucket[key] == nil {
			p.bucket[key] = newReference(p.exact, p.Burst)
		}
		b := p.bucket[key]
		b.at(t)
		b.level = new(big.Rat).Sub(b.level, big.NewRat(int64(n), 1))
		return
	}
	if opened, ok := p.opened[key]; p.Kind == Fixed && (!ok || t.Sub(opened) >= p.Every) {
		p.opened[key], p.taken[key] = t, nil
	}
	p.taken[key] = append(p.taken[key], slices.Repeat([]time.Time{t}, n)...)
}

// room is how many more fit at t.
func (p *plainLimit) room(key string, t time.Time) int {
	n := 0
	for p.fits(key, n+1, t) {
		n++
	}
	return n
}

func drawLimit(t *rapid.T, i int) *plainLimit {
	p := &plainLimit{bucket: map[string]*reference{}, taken: map[string][]time.Time{}, opened: map[string]time.Time{}}
	p.Name = fmt.Sprint("limit ", i)
	p.Scope = rapid.SampledFrom([]Scope{Everybody, PerClient, PerTool, PerClient | PerTool}).Draw(t, "scope")
	p.Kind = rapid.SampledFrom([]Kind{Bucket, Sliding, Fixed, Aligned, Cap}).Draw(t, "kind")
	switch p.Kind {
	case Bucket:
		p.Rate, p.exact = drawRate(t)
		p.Burst = rapid.IntRange(1, 6).Draw(t, "burst")
	case Cap:
		p.N = rapid.IntRange(1, 4).Draw(t, "n")
	default:
		p.N = rapid.IntRange(1, 6).Draw(t, "n")
		p.Every = time.Duration(rapid.Int64Range(1, 20_000).Draw(t,
			"every")) * time.Duration(rapid.SampledFrom([]int64{1, 1e6}).Draw(t, "unit"))
	}
	if rapid.Bool().Draw(t, "by method") {
		p.Charges = func(method, _ string) bool { return method == "tools/call" }
	}
	return p
}

// Each decision of a stack of any limits is that of the sentences: admission, wait and
// what remains, with instants that go back, several units, and events that end.
func TestStacksDecideAsTheirSentences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var plain []*plainLimit
		var c StackConfig
		for i := range rapid.IntRange(1, 3).Draw(t, "limits") {
			plain = append(plain, drawLimit(t, i))
			c.Limits = append(c.Limits, plain[i].Limit)
		}
		s, err := NewStack(c)
		require.NoError(t, err)
		now, latest := t0, t0
		type running struct {
			key  []string
			n    int
			done func()
		}
		var run []running
		for i := range rapid.IntRange(1, 150).Draw(t, "events") {
			if len(run) > 0 && rapid.Bool().Draw(t, "end") {
				k := rapid.IntRange(0, len(run)-1).Draw(t, "which")
				run[k].done()
				run[k].done()
				for j, p := range plain {
					if p.Kind == Cap && run[k].key[j] != "-" {
						p.taken[run[k].key[j]] = p.taken[run[k].key[j]][run[k].n:]
					}
				}
				run = slices.Delete(run, k, k+1)
			}
			now = now.Add(drawWait(t, plain))
			if i == 0 || now.After(latest) { // the first instant seen is the earliest that counts
				latest = now
			}
			e := Event{Client: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "client"),
				N:      rapid.IntRange(0, 2).Draw(t, "units"),
				Method: rapid.SampledFrom([]string{"ping", "tools/call"}).Draw(t, "method"),
				Tool:   rapid.SampledFrom([]string{"x", "y"}).Draw(t, "tool")}
			want, keys := decide(plain, e, now, latest)
			got, standings, done := s.judge(&now, []Event{e}, true)
			require.Equal(t, want, got, "event %d at %v, %v: %+v", i, now.Sub(t0), latest.Sub(t0), e)
			if !got.Allowed {
				done() // to no effect
				continue
			}
			for j, p := range plain {
				if keys[j] != "-" {
					p.take(keys[j], max(1, e.N), latest)
				}
			}
			run = append(run, running{keys, max(1, e.N), done})
			requireStandings(t, plain, keys, standings, latest)
		}
	})
}

// requireStandings holds what is said of each limit that counts an event against its
// sentence: so many are left, and one more not before Next.
func requireStandings(t *rapid.T, plain []*plainLimit, keys []string, standings []Standing, at time.Time) {
	for j, p := range plain {
		if keys[j] == "-" {
			continue
		}
		st := standings[0]
		standings = standings[1:]
		require.Equal(t, p.Name, st.Limit.Name)
		require.Equal(t, p.room(keys[j], at), st.Remaining, p.Name)
		if p.Kind == Cap {
			require.Zero(t, st.Next)
			continue
		}
		require.Positive(t, st.Next, "%s: one was just taken", p.Name)
		require.Greater(t, p.room(keys[j], at.Add(st.Next)), st.Remaining, "%s: after %v", p.Name, st.Next)
		require.Equal(t, st.Remaining, p.room(keys[j], at.Add(st.Next-1)), "%s: before %v", p.Name, st.Next)
	}
	require.Empty(t, standings)
}

func drawWait(t *rapid.T, plain []*plainLimit) time.Duration {
	p := rapid.SampledFrom(plain).Draw(t, "of")
	switch p.Kind {
	case Bucket:
		return drawStep(t, p.Rate)
	case Cap:
		return time.Duration(rapid.Int64Range(-3, 1e6).Draw(t, "gap"))
	}
	every := int64(p.Every)
	return time.Duration(rapid.OneOf(rapid.SampledFrom([]int64{0, 1, every - 1, every, every + 1}),
		rapid.Int64Range(-every, every)).Draw(t, "gap"))
}

// decide is what a stack has to say, and by which key each limit counts the event; "-"
// is one that doesn't.
func decide(plain []*plainLimit, e Event, now, latest time.Time) (Decision, []string) {
	n := max(1, e.N)
	d, keys, least := Decision{Allowed: true}, []string(nil), -1
	for _, p := range plain {
		key := "-"
		if p.Charges == nil || p.Charges(e.Method, e.Tool) {
			key = p.key(e.Client, e.Tool)
		}
		keys = append(keys, key)
		if key == "-" {
			continue
		}
		wait, reason := p.wait(key, n, latest)
		if reason != 0 && (d.Allowed || rank(int64(wait)) > rank(int64(d.RetryAfter))) {
			d = Decision{RetryAfter: wait, Reason: reason}
		}
	}
	for i, p := range plain {
		if keys[i] == "-" {
			continue
		}
		room := p.room(keys[i], latest)
		if d.Allowed {
			room -= n
		}
		if least < 0 || room < least {
			least = room
		}
	}
	d.Remaining = max(0, least)
	if d.RetryAfter > 0 && d.RetryAfter != Never {
		d.RetryAfter += latest.Sub(now)
	}
	return d, keys
}

// wait finds the first instant at which n fit, by halving: once they fit they do until
// somebody takes.
func (p *plainLimit) wait(key string, n int, t time.Time) (time.Duration, Reason) {
	most := p.N
	if p.Kind == Bucket {
		most = p.Burst
	}
	switch {
	case n > most:
		return Never, ReasonSize
	case p.fits(key, n, t):
		return 0, 0
	case p.Kind == Cap:
		return Unknown, ReasonCap
	}
	lo, hi := time.Duration(0), time.Duration(1)
	for !p.fits(key, n, t.Add(hi)) {
		lo, hi = hi, 2*hi
	}
	for hi-lo > 1 {
		if mid := lo + (hi-lo)/2; p.fits(key, n, t.Add(mid)) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi, ReasonRate
}

// Many callers on a clock that jumps back and forth: whatever they are told, no limit
// lets through more than its sentence allows by the latest instant that anybody read.
func TestStacksHoldUnderConcurrencyAndAClockThatGoesBack(t *testing.T) {
	for _, l := range []Limit{
		{Kind: Sliding, N: 7, Every: time.Second}, {Kind: Fixed, N: 7, Every: time.Second},
		{Kind: Aligned, N: 7, Every: time.Second}, {Kind: Bucket, Rate: 7, Burst: 7}, {Kind: Cap, N: 7},
	} {
		var ticks atomic.Int64
		now := func() time.Time {
			i := ticks.Add(1)
			return t0.Add(time.Duration(i)*time.Millisecond - time.Duration(i%7)*300*time.Millisecond)
		}
		s, err := NewStack(StackConfig{Limits: []Limit{l, {Name: "too", Kind: Cap, N: 1000}}, Now: now})
		require.NoError(t, err)
		var admitted, most, running atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 1000 {
					d, done := s.Acquire(Event{})
					if d.Allowed {
						admitted.Add(1)
						most.Store(max(most.Load(), running.Add(1)))
						running.Add(-1)
					}
					done()
				}
			})
		}
		all.Wait()
		span := int(ticks.Load()) / 1000 // the latest instant, in seconds
		switch l.Kind {
		case Cap:
			require.LessOrEqual(t, most.Load(), int64(7))
			require.EqualValues(t, 0, s.Keys(), "all are done")
		case Bucket:
			require.InDelta(t, 7*(span+1), admitted.Load(), 2)
		default:
			require.LessOrEqual(t, admitted.Load(), int64(7*(span+2)), l.Kind)
			require.Greater(t, admitted.Load(), int64(7*(span-2)), l.Kind)
		}
	}
}

// A full table refuses new keys until the first held counter is as good as new, and
// never forgets one before.
func TestStacksHoldKeysUntilTheyAreAsNew(t *testing.T) {
	for _, l := range []Limit{
		{Kind: Sliding, N: 2, Every: time.Second}, {Kind: Fixed, N: 2, Every: time.Second},
		{Kind: Aligned, N: 2, Every: time.Second}, {Kind: Bucket, Rate: 1, Burst: 1},
	} {
		l.Scope, l.MaxKeys = PerClient, 2
		s, err := NewStack(StackConfig{Limits: []Limit{l}})
		require.NoError(t, err)
		ask := func(client string, at time.Duration) Decision {
			d, _ := s.AcquireAt(Event{Client: client}, t0.Add(at))
			return d
		}
		require.True(t, ask("a", 0).Allowed, l.Kind)
		require.True(t, ask("b", time.Millisecond).Allowed, l.Kind)
		require.Equal(t, Decision{RetryAfter: time.Second - 2*time.Millisecond, Reason: ReasonKeys},
			ask("c", 2*time.Millisecond), l.Kind)
		require.Equal(t, 2, s.Keys())
		require.True(t, ask("c", time.Second).Allowed, l.Kind)
		require.LessOrEqual(t, s.Keys(), 2)
	}
	s, err := NewStack(StackConfig{Limits: []Limit{{Kind: Cap, N: 1, Scope: PerClient, MaxKeys: 1}}})
	require.NoError(t, err)
	_, done := s.Acquire(Event{Client: "a"})
	d, _ := s.Acquire(Event{Client: "b"})
	require.Equal(t, Decision{RetryAfter: Unknown, Reason: ReasonKeys}, d)
	done()
	d, _ = s.Acquire(Event{Client: "b"})
	require.True(t, d.Allowed)
}

// A batch is admitted whole or not at all, whatever keys it is counted by.
func TestStacksTakeBatchesWhole(t *testing.T) {
	for _, kind := range []Kind{Sliding, Fixed, Aligned} {
		s, err := NewStack(StackConfig{Limits: []Limit{{Kind: kind, N: 2, Every: time.Hour, Scope: PerTool,
			MaxKeys: 2}, {Kind: Bucket, Rate: 1e-3, Burst: 5}}})
		require.NoError(t, err)
		x, y, z := Event{Tool: "x"}, Event{Tool: "y"}, Event{Tool: "z"}
		at := t0
		try := func(events ...Event) Decision {
			d, _, _ := s.judge(&at, events, false)
			return d
		}
		require.Equal(t, ReasonKeys, try(x, y, z).Reason, "three keys, room for two")
		require.Equal(t, Never, try(x, y, z).RetryAfter)
		require.Equal(t, 0, s.Keys(), "what was refused left nothing")
		require.Equal(t, ReasonSize, try(x, x, x, y).Reason)
		require.True(t, try(x, x, y).Allowed)
		require.False(t, try(y, x).Allowed)
		require.True(t, try(y).Allowed, "what was refused took nothing")
		at = at.Add(2 * time.Hour)
		require.True(t, try(z).Allowed, kind)
		require.True(t, try(x, z).Allowed, kind)
	}
}

func TestNewStackRefuses(t *testing.T) {
	window := Limit{Kind: Fixed, N: 1, Every: time.Second}
	for want, limits := range map[string][]Limit{
		"0 limits": nil, "17 limits": make([]Limit, 17),
		`limit 2: another one is named "fixed" too`: {window, window},
		`limit 1: kind ""`:                          {{}},
		"a bucket has Rate and Burst":               {{Kind: Bucket, N: 1}},
		"rate 0/s":                                  {{Kind: Bucket, Burst: 1}},
		"n 0: want":                                 {{Kind: Sliding, Every: 1}},
		"n 16777217":                                {{Kind: Cap, N: MaxEvents + 1}},
		"a cap has no Every":                        {{Kind: Cap, N: 1, Every: 1}},
		"every 0s":                                  {{Kind: Fixed, N: 1}},
		"no Rate or Burst":                          {{Kind: Fixed, N: 1, Every: 1, Burst: 1}},
		"scope 4":                                   {{Kind: Cap, N: 1, Scope: 4}},
		"max keys -1":                               {{Kind: Cap, N: 1, MaxKeys: -1}},
		"name \"a\\\"b\": want visible ASCII":       {{Kind: Cap, N: 1, Name: `a"b`}},
	} {
		_, err := NewStack(StackConfig{Limits: limits})
		require.ErrorContains(t, err, want)
	}
	d, done := new(Stack).Acquire(Event{})
	done()
	require.Equal(t, unconfigured, d)
	require.ErrorIs(t, new(Stack).Err(), ErrUnconfigured)
}

// A stack that nobody gave a clock goes by the real one.
func TestStackByTheRealClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := NewStack(StackConfig{Limits: []Limit{{Kind: Fixed, N: 1, Every: time.Second}}})
		require.NoError(t, err)
		ask := func() bool {
			d, _ := s.Acquire(Event{})
			return d.Allowed
		}
		require.True(t, ask())
		time.Sleep(999 * time.Millisecond)
		require.False(t, ask())
		time.Sleep(time.Millisecond)
		require.True(t, ask())
	})
}

// Aligned windows begin in 1970, and went on before.
func TestPhase(t *testing.T) {
	for _, c := range []struct {
		at    time.Time
		every time.Duration
		want  time.Duration
	}{
		{time.Unix(0, 0), 10 * time.Second, 0},
		{time.Unix(20, 0), 10 * time.Second, 0},
		{time.Unix(1234567, 5), 10 * time.Second, 7*time.Second + 5},
		{time.Unix(-1, 0), 10 * time.Second, 9 * time.Second},
		{time.Unix(-10, 0), 10 * time.Second, 0},
		{time.UnixMilli(1000), 300 * time.Millisecond, 100 * time.Millisecond},
		{time.UnixMilli(-1), 300 * time.Millisecond, 299 * time.Millisecond},
	} {
		require.Equal(t, int64(c.want), phase(c.at, int64(c.every)), "%v in windows of %v", c.at, c.every)
	}
}
