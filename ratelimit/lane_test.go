package ratelimit

import (
	"math/big"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// requireLane fails unless Allow goes without the lock.
func requireLane(t require.TestingT, l *Limiter) *lane {
	p := l.lane.Load()
	require.NotNil(t, p, "no lane")
	require.NotEqual(t, int64(closed), p.fullAt.Load(), "the lane is closed")
	require.True(t, p.epoch.Equal(l.epoch), "the lane is of an older epoch")
	return p
}

// inBubble checks a property, each time on a clock of its own.
func inBubble(t *testing.T, property func(*rapid.T)) {
	rapid.Check(t, func(rt *rapid.T) {
		var failure any // rapid ends a property by a panic, which belongs on rapid's goroutine
		synctest.Test(t, func(*testing.T) {
			defer func() { failure = recover() }()
			property(rt)
		})
		if failure != nil {
			panic(failure)
		}
	})
}

// Without the lock each decision is the reference's, too.
func TestLaneEqualsTheReference(t *testing.T) {
	inBubble(t, func(t *rapid.T) {
		rate, exact := drawRate(t)
		burst := rapid.IntRange(1, 10).Draw(t, "burst")
		l, ref := mustNewRapid(t, Config{Rate: rate, Burst: burst}), newReference(exact, burst)
		for i := range rapid.IntRange(1, 200).Draw(t, "events") {
			require.Equal(t, ref.allow(time.Now()), l.Allow(), "event %d", i)
			requireLane(t, l)
			time.Sleep(max(0, drawStep(t, rate)))
		}
	})
}

// Whatever of the four methods, of batches and of moving epochs meets the lane,
// each decision is the reference's, with one clock for all.
func TestLaneAmongTheOthersEqualsTheReference(t *testing.T) {
	lanes, givens, epochs := 0, 0, 0
	property := func(t *rapid.T) {
		rate, exact := drawRate(t)
		burst := rapid.IntRange(1, 10).Draw(t, "burst")
		l := mustNewRapid(t, Config{Rate: rate, Burst: burst})
		if rapid.Bool().Draw(t, "short epochs") {
			l.span = time.Duration(int64(float64(burst+3)*1e9/rate) + 1)
		}
		single, keyed := newReference(exact, burst), newReference(exact, burst)
		var latest time.Time
		started, given := false, false
		see := func(instants ...time.Time) { // moves the clock of both references
			if !started {
				latest, started = instants[0], true
			}
			for _, at := range instants {
				if at.After(latest) {
					latest = at
				}
			}
			single.at(latest)
			keyed.at(latest)
		}
		chosen := func() time.Time { // an instant of the caller's, after what it makes count as seen
			at := time.Now().Add(drawStep(t, rate))
			if started && !given {
				see(time.Now())
			}
			given = true
			see(at)
			return at
		}
		for i := range rapid.IntRange(1, 60).Draw(t, "events") {
			epoch := l.epoch
			switch kind := rapid.IntRange(0, 19).Draw(t, "kind"); {
			case kind < 12:
				see(time.Now())
				require.Equal(t, single.allow(time.Now()), l.Allow(), "event %d, Allow", i)
				if !given {
					requireLane(t, l)
					lanes++
				}
			case kind < 16:
				see(time.Now())
				require.Equal(t, keyed.allow(time.Now()), l.AllowKey("a"), "event %d, AllowKey", i)
			case kind < 18:
				see(time.Now())
				require.Equal(t, ReasonSize, l.allow(burst+1).Reason, "event %d, a batch", i)
			case kind == 18:
				at := chosen()
				require.Equal(t, single.allow(at), l.AllowAt(at), "event %d, AllowAt", i)
				givens++
			default:
				at := chosen()
				require.Equal(t, keyed.allow(at), l.AllowKeyAt("a", at), "event %d, AllowKeyAt", i)
				givens++
			}
			if i > 0 && !l.epoch.Equal(epoch) {
				epochs++
			}
			time.Sleep(max(0, drawStep(t, rate)))
		}
	}
	for again := 0; again == 0 || epochs == 0 && again < 50; again++ { // few draws may move none
		inBubble(t, property)
	}
	require.Positive(t, lanes)
	require.Positive(t, givens)
	require.Positive(t, epochs)
}

// Many callers at one instant get what the reference has at it, and no more.
func TestLaneAdmitsExactlyWhatTheBucketHas(t *testing.T) {
	cases := map[string]struct {
		rate  float64
		exact *big.Rat
		burst int
		n     int // tokens an event
		step  time.Duration
	}{
		"15 a second":         {15, big.NewRat(15, 1), 40, 1, 333_333_333},
		"one in 100 s":        {0.01, big.NewRat(1, 100), 3, 1, 77 * time.Second},
		"one in 3 s":          {1.0 / 3, big.NewRat(1, 3), 5, 1, 4*time.Second - 1},
		"a million a second":  {1e6, big.NewRat(1e6, 1), 100, 1, 77_777},
		"epochs of 2 seconds": {999_999_937, big.NewRat(999_999_937, 1), 1e9, 2e7, 333_333_337},
		"an epoch each round": {999_999_937, big.NewRat(999_999_937, 1), 1e9, 2e7, 5 * time.Second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, ref := mustNew(t, Config{Rate: c.rate, Burst: c.burst}), newReference(c.exact, c.burst)
				cost := big.NewRat(int64(c.n), 1)
				for round := range 60 {
					admitted := together(4, c.burst/c.n, func() bool { return l.allow(c.n).Allowed })
					ref.at(time.Now())
					want := 0
					for ; ref.level.Cmp(cost) >= 0; want++ {
						ref.level = new(big.Rat).Sub(ref.level, cost)
					}
					require.Equal(t, want, admitted, "round %d", round)
					requireLane(t, l)
					time.Sleep(c.step)
				}
			})
		})
	}
}

// together asks so often on each of several goroutines, and counts what is
// admitted.
func together(goroutines, events int, ask func() bool) int {
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range events {
				if ask() {
					admitted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return int(admitted.Load())
}

// A bucket that is never full again after its first event is full, to the tick,
// a token's time after the first event for each event admitted: none is lost or
// counted twice, on the real clock, while batches that are too large close the
// lane, the epoch moves all the time, and another caller takes to AllowAt.
func TestLaneLosesNoToken(t *testing.T) {
	const callers, events, first = 4, 25_000, 100_000
	for name, c := range map[string]struct {
		span  time.Duration
		given bool
	}{
		"one epoch":        {time.Hour, false},
		"many epochs":      {20 * time.Microsecond, false},
		"closed for good":  {time.Hour, true},
		"both of the last": {20 * time.Microsecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := mustNew(t, Config{Rate: 30_000, Burst: 3_000_000}) // 100 s; a token is 100,000/3 ns
			require.EqualValues(t, 3, l.quota.perNano)
			l.span = c.span
			require.True(t, l.allow(first).Allowed) // so that it isn't full again before the others begin
			start := l.epoch
			var wg sync.WaitGroup
			for caller := range callers {
				wg.Go(func() {
					for i := range events {
						if i%512 == 511 {
							l.allow(l.quota.burst + 1)
						}
						if c.given && caller == 0 && i > events/2 {
							l.AllowAt(time.Now())
						} else {
							l.Allow()
						}
					}
				})
			}
			wg.Wait()
			if !c.given {
				requireLane(t, l)
			}
			l.closeLane()
			moved := int64(l.epoch.Sub(start))
			require.Equal(t, (first+callers*events)*l.quota.cost, moved*l.quota.perNano+l.fullAt)
			require.Equal(t, c.span < time.Second, moved > 0, "the epoch moved by %d ns", moved)
		})
	}
}

// A refusal says when the next token is there. Each must name an instant that
// follows from the tokens that were taken between its call and its return, and
// refuse before it.
func TestLaneRefusalsOfConcurrentCallersAreExact(t *testing.T) {
	type refusal struct {
		from, to    time.Duration // it was judged in between
		least, most int64         // and so many tokens had been taken
		retryAfter  time.Duration
	}
	const burst, taken = 1_000_000, 990_000
	l := mustNew(t, Config{Rate: 30_000, Burst: burst}) // a token is 100,000/3 ns
	require.EqualValues(t, 3, l.quota.perNano)
	require.True(t, l.allow(taken).Allowed) // so that it isn't full again before the others begin
	epoch := l.epoch
	var begun, done atomic.Int64 // of the events that are or may yet be admitted
	begun.Store(taken)
	done.Store(taken)
	var mu sync.Mutex
	var all []refusal
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var mine []refusal
			for len(mine) < 5000 {
				r := refusal{least: done.Load()}
				begun.Add(1)
				r.from = time.Since(epoch)
				d := l.Allow()
				r.to = time.Since(epoch)
				if d.Allowed {
					done.Add(1)
					continue
				}
				begun.Add(-1)
				r.most, r.retryAfter = begun.Load(), d.RetryAfter
				mine = append(mine, r)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, mine...)
		})
	}
	wg.Wait()
	require.Len(t, all, 4*5000)
	p := requireLane(t, l)
	require.True(t, epoch.Equal(p.epoch))
	for _, r := range all {
		require.Positive(t, r.retryAfter)
		explained := false
		for n := r.least; n <= r.most && !explained; n++ {
			next := l.quota.nanos((n+1)*l.quota.cost - l.quota.capacity) // the next token is there
			judged := next - r.retryAfter
			explained = r.from <= judged && judged <= r.to
		}
		if !explained {
			t.Fatalf("a refusal between %v and %v after %d to %d tokens asks to wait %v", r.from, r.to, r.least,
				r.most, r.retryAfter)
		}
	}
}

// A caller that was overtaken between its look at the bucket and its decision
// has decided nothing, whichever way.
func TestLaneSettlesForTheBucketThatItSaw(t *testing.T) {
	l := mustNew(t, Config{Rate: 1, Burst: 5})
	require.True(t, l.allow(2).Allowed)
	p, q := requireLane(t, l), &l.quota
	seen := p.fullAt.Load()
	_, ok := p.settle(q, seen, 0, 4)
	require.True(t, ok, "a refusal")

	require.True(t, l.Allow().Allowed)
	taken := p.fullAt.Load()
	for n, want := range map[int]bool{1: true, 3: true, 4: false} {
		excess, ok := p.settle(q, seen, 0, n)
		require.Equal(t, want, excess <= 0)
		require.False(t, ok, "%d events at a bucket that is gone", n)
		require.Equal(t, taken, p.fullAt.Load())
	}
	l.AllowAt(time.Now()) // closes the lane
	_, ok = p.settle(q, taken, 0, 1)
	require.False(t, ok, "a closed lane")
	require.EqualValues(t, closed, p.fullAt.Load())
}

// At a token a nanosecond, with a token for each reading of the clock that the
// cores can make in one, nobody is refused. A caller that judged by a reading
// from before the last admission would be.
func TestLaneJudgesByAFreshClock(t *testing.T) {
	const callers, events = 4, 400_000
	l := mustNew(t, Config{Rate: 1e9, Burst: 8 * max(callers, runtime.NumCPU())})
	require.Equal(t, callers*events, together(callers, events, func() bool { return l.Allow().Allowed }))
	requireLane(t, l)
}

// Limiters that aren't asked by the default clock alone keep their lock.
func TestLaneIsForTheDefaultClock(t *testing.T) {
	own := mustNew(t, Config{Rate: 1, Burst: 1, Now: func() time.Time { return t0 }})
	require.True(t, own.Allow().Allowed)
	require.Nil(t, own.lane.Load())

	given := mustNew(t, Config{Rate: 1, Burst: 5})
	require.True(t, given.Allow().Allowed)
	p := requireLane(t, given)
	require.True(t, given.AllowKeyAt("a", time.Now()).Allowed)
	require.Nil(t, given.lane.Load())
	require.EqualValues(t, closed, p.fullAt.Load(), "a caller that holds the lane must see that it is closed")
	require.True(t, given.Allow().Allowed)
	require.Nil(t, given.lane.Load())
}

func TestDecisionsDoNotAllocate(t *testing.T) {
	refusing, admitting := mustNew(t, Config{Rate: 1e-3, Burst: 1}), mustNew(t, Config{Rate: 1e9, Burst: 1 << 30})
	for name, l := range map[string]*Limiter{"refusing": refusing, "admitting": admitting} {
		for kind, allow := range map[string]func() Decision{
			"Allow":      l.Allow,
			"AllowKey":   func() Decision { return l.AllowKey("a") },
			"AllowAt":    func() Decision { return l.AllowAt(t0) },
			"AllowKeyAt": func() Decision { return l.AllowKeyAt("b", t0) },
		} {
			allow()
			require.Zero(t, testing.AllocsPerRun(100, func() { allow() }), "%s, %s", name, kind)
		}
	}
}
