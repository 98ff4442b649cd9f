package ratelimit

import (
	"math/big"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A reference is a token bucket in rational numbers: a level that grows at the
// rate up to the burst. It shares no arithmetic with the limiter.
type reference struct {
	rate, burst, level *big.Rat
	latest             time.Time
}

func newReference(rate *big.Rat, burst int) *reference {
	b := big.NewRat(int64(burst), 1)
	return &reference{rate: rate, burst: b, level: b}
}

// at moves the bucket to t, unless it is later already.
func (r *reference) at(t time.Time) {
	if r.latest.IsZero() {
		r.latest = t
	}
	if !t.After(r.latest) {
		return
	}
	earned := new(big.Rat).SetFrac64(int64(t.Sub(r.latest)), 1e9)
	r.level = earned.Add(earned.Mul(earned, r.rate), r.level)
	if r.level.Cmp(r.burst) > 0 {
		r.level = r.burst
	}
	r.latest = t
}

// wait returns how long after latest the level is at least want.
func (r *reference) wait(want *big.Rat) time.Duration {
	d := new(big.Rat).Sub(want, r.level)
	d.Mul(d.Quo(d, r.rate), big.NewRat(1e9, 1))
	up := new(big.Int).Add(d.Num(), new(big.Int).Sub(d.Denom(), big.NewInt(1)))
	return time.Duration(up.Quo(up, d.Denom()).Int64())
}

func (r *reference) full() bool { return r.level.Cmp(r.burst) == 0 }

var one = big.NewRat(1, 1)

func (r *reference) allow(t time.Time) Decision {
	r.at(t)
	if r.level.Cmp(one) < 0 {
		return Decision{RetryAfter: r.wait(one) + r.latest.Sub(t), Reason: ReasonRate}
	}
	r.level = new(big.Rat).Sub(r.level, one)
	whole := new(big.Int).Quo(r.level.Num(), r.level.Denom())
	return Decision{Allowed: true, Remaining: int(whole.Int64())}
}

// drawRate draws a rate as a fraction that people would write, or as any
// float64. It returns the exact value that the limiter promises for it.
func drawRate(t *rapid.T) (float64, *big.Rat) {
	if rapid.Bool().Draw(t, "short") {
		p, q := rapid.Int64Range(1, 1000).Draw(t, "p"), rapid.Int64Range(1, 1000).Draw(t, "q")
		return float64(p) / float64(q), big.NewRat(p, q)
	}
	rate := rapid.Float64Range(1e-3, 1e6).Draw(t, "rate")
	return rate, new(big.Rat).Quo(big.NewRat(1e9, 1), tokenNanos(rate))
}

// drawStep draws the time to the next event: often about a token's, sometimes
// nothing, back, or long.
func drawStep(t *rapid.T, rate float64) time.Duration {
	token := int64(1e9/rate) + 1
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return 0
	case 1:
		return -time.Duration(rapid.Int64Range(0, 5*token).Draw(t, "back"))
	case 2:
		return time.Duration(rapid.Int64Range(token-2, token+2).Draw(t, "token"))
	case 3:
		return time.Duration(rapid.Int64Range(0, 50*token).Draw(t, "long"))
	default:
		return time.Duration(rapid.Int64Range(0, token).Draw(t, "short"))
	}
}

// Each decision is the reference's: admission, wait and what remains.
func TestDecisionsEqualTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, exact := drawRate(t)
		burst := rapid.IntRange(1, 10).Draw(t, "burst")
		l := mustNewRapid(t, Config{Rate: rate, Burst: burst})
		ref, now := newReference(exact, burst), t0
		for i := range rapid.IntRange(1, 200).Draw(t, "events") {
			now = now.Add(drawStep(t, rate))
			require.Equal(t, ref.allow(now), l.AllowAt(now), "event %d at %v", i, now.Sub(t0))
		}
	})
}

func mustNewRapid(t *rapid.T, c Config) *Limiter {
	l, err := New(c)
	require.NoError(t, err)
	return l
}

// Decisions stay the reference's when the epoch moves, which these rates do
// within seconds and minutes.
func TestDecisionsEqualTheReferenceAcrossEpochs(t *testing.T) {
	const burst, rounds = 1_000_000_000, 3000
	for _, rate := range []int64{999_999_937, 7_654_321} {
		l := mustNew(t, Config{Rate: float64(rate), Burst: burst, MaxKeys: 1})
		ref, now, epochs, last := newReference(big.NewRat(rate, 1), burst), t0, 0, time.Time{}
		for i := range rounds {
			now = now.Add(l.span/7 + time.Duration(i))
			// Take half the burst, and later about what has flowed in, all at
			// once, so that the bucket is neither full nor empty at any epoch,
			// and what it is short of has a fraction.
			n := burst / 2
			if i > 0 {
				n = int(l.span.Seconds()/7*float64(rate)) + i%2*1000
			}
			ref.at(now)
			if i > 0 {
				require.False(t, ref.full(), "round %d", i)
			}
			ref.level = new(big.Rat).Sub(ref.level, big.NewRat(int64(n), 1))
			require.True(t, ref.level.Sign() > 0, "the test takes more than there is")
			single, keyed := l.single(&now, n), l.keyed("a", &now, n)
			require.True(t, single.excess <= 0 && keyed.excess <= 0, "round %d", i)

			want := ref.allow(now)
			require.Equal(t, want, l.AllowAt(now), "round %d", i)
			require.Equal(t, want, l.AllowKeyAt("a", now), "round %d, keyed", i)
			if !l.epoch.Equal(last) {
				epochs, last = epochs+1, l.epoch
			}
		}
		require.Greater(t, epochs, rounds/10, "the epoch hardly moved, so nothing was tested")
	}
}

// A stack's bucket decides as a limiter does, however often their epochs move: each by
// its own counting.
func TestStacksOutlastTheirEpochs(t *testing.T) {
	const rate, burst = 999_999_937, 1_000_000_000
	l := mustNew(t, Config{Rate: rate, Burst: burst})
	s, err := NewStack(StackConfig{Limits: []Limit{{Kind: Bucket, Rate: rate, Burst: burst, Scope: PerClient}}})
	require.NoError(t, err)
	now := t0
	for i := range 2000 {
		now = now.Add(time.Duration(i%13) * l.span / 300)
		n := 1 + i + i%5*90_000_000 // about what flows in
		single := l.quota.decide(l.single(&now, n), n)
		d, standings, _ := s.judge(&now, []Event{{Client: "a", N: n}}, true)
		require.Equal(t, single, d, "event %d of %d", i, n)
		if d.Allowed {
			require.Equal(t, single.Remaining, standings[0].Remaining, "event %d", i)
		}
	}
}

// A bucket that is emptied again and again has admitted burst + rate*t by t,
// to the token, after a million decisions.
func TestNoDriftOverAMillionDecisions(t *testing.T) {
	l := mustNew(t, Config{Rate: 15, Burst: 40})
	var admitted, decisions int64
	for i := int64(0); decisions < 1_000_000; i++ {
		at := time.Duration(i * 1_234_567_891) // about 18.5 tokens apart
		for ok := true; ok; decisions++ {
			if ok = l.AllowAt(t0.Add(at)).Allowed; ok {
				admitted++
			}
		}
		require.Equal(t, 40+15*int64(at)/1e9, admitted, "after %v", at)
	}
}

// Over any window of judged instants, at most burst + rate*window are admitted.
func TestNeverMoreThanTheWindowGrants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, exact := drawRate(t)
		burst := rapid.IntRange(1, 10).Draw(t, "burst")
		l := mustNewRapid(t, Config{Rate: rate, Burst: burst})
		now, latest := t0, time.Duration(0)
		var admitted []time.Duration
		for i := range 150 {
			if i > 0 {
				now = now.Add(drawStep(t, rate))
			}
			latest = max(latest, now.Sub(t0))
			if l.AllowAt(now).Allowed {
				admitted = append(admitted, latest)
			}
		}
		for i, u := range admitted {
			for j := i; j < len(admitted); j++ {
				grants := new(big.Rat).SetFrac64(int64(admitted[j]-u), 1e9)
				grants.Add(grants.Mul(grants, exact), big.NewRat(int64(burst), 1))
				require.True(t, grants.Cmp(big.NewRat(int64(j-i+1), 1)) >= 0, "%d admitted from %v to %v", j-i+1, u,
					admitted[j])
			}
		}
	})
}

// A span is an admitted event as its caller sees it: it was judged somewhere
// from from to to.
type span struct{ from, to time.Duration }

// requireWithin fails if more events certainly lie in a window than a bucket
// admits in it.
func requireWithin(t *testing.T, events []span, rate float64, burst int) {
	t.Helper()
	require.Greater(t, len(events), burst, "too few events to tell")
	slices.SortFunc(events, func(a, b span) int { return int(a.to - b.to) })
	for _, first := range events {
		n := 0
		for _, e := range events {
			if e.from < first.from {
				continue
			}
			n++
			if window := e.to - first.from; float64(n) > float64(burst)+rate*window.Seconds()+1e-6 {
				t.Fatalf("%d events in %v from %v, and the bucket admits %v", n, window, first.from,
					float64(burst)+rate*window.Seconds())
			}
		}
	}
}

// gather runs ask on several goroutines and collects the spans of what it
// admits.
func gather(goroutines, events int, ask func() (span, bool)) []span {
	var mu sync.Mutex
	var all []span
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			var mine []span
			for range events {
				if s, ok := ask(); ok {
					mine = append(mine, s)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, mine...)
		})
	}
	wg.Wait()
	return all
}

func TestConcurrentCallersOnTheRealClock(t *testing.T) {
	const rate, burst = 20_000, 50
	for name, allow := range map[string]func(*Limiter) Decision{
		"one bucket": (*Limiter).Allow,
		"one key":    func(l *Limiter) Decision { return l.AllowKey("a") },
	} {
		t.Run(name, func(t *testing.T) {
			l, start := mustNew(t, Config{Rate: rate, Burst: burst}), time.Now()
			events := gather(4, 20_000, func() (span, bool) {
				from := time.Since(start)
				d := allow(l)
				return span{from, time.Since(start)}, d.Allowed
			})
			requireWithin(t, events, rate, burst)
		})
	}
}

// Callers read a common clock, dawdle, and arrive with an instant that others
// have overtaken.
func TestConcurrentCallersWithStaleInstants(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rate, burst := rapid.Float64Range(100, 1e6).Draw(rt, "rate"), rapid.IntRange(1, 50).Draw(rt, "burst")
		step := int64(1e9/rate) / rapid.Int64Range(1, 4).Draw(rt, "pressure")
		l := mustNewRapid(rt, Config{Rate: rate, Burst: burst})
		var clock, turn atomic.Int64
		events := gather(4, 150, func() (span, bool) {
			from := clock.Add(step)
			if turn.Add(1)%3 == 0 {
				runtime.Gosched()
			}
			d := l.AllowAt(t0.Add(time.Duration(from)))
			return span{time.Duration(from), time.Duration(clock.Load())}, d.Allowed
		})
		requireWithin(t, events, rate, burst)
	})
}

// A refused event is refused at every instant before the promised one, and
// admitted at it.
func TestRetryAfterIsHonest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, _ := drawRate(t)
		c := Config{Rate: rate, Burst: rapid.IntRange(1, 5).Draw(t, "burst"), MaxKeys: 3}
		l, now, refused := mustNewRapid(t, c), t0, 0
		keys := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		for range 60 {
			now = now.Add(drawStep(t, rate))
			key := keys.Draw(t, "key")
			d := l.AllowKeyAt(key, now)
			if d.Allowed {
				require.Zero(t, d.RetryAfter)
				require.Zero(t, d.Reason)
				continue
			}
			refused++
			require.Positive(t, d.RetryAfter)
			early := rapid.Int64Range(0, int64(d.RetryAfter)-1).Draw(t, "early")
			require.False(t, l.AllowKeyAt(key, now.Add(time.Duration(early))).Allowed,
				"%v after the refusal, asked to wait %v", early, d.RetryAfter)
			require.False(t, l.AllowKeyAt(key, now.Add(d.RetryAfter-1)).Allowed)
			require.True(t, l.AllowKeyAt(key, now.Add(d.RetryAfter)).Allowed, "waited %v as asked", d.RetryAfter)
			now = now.Add(d.RetryAfter)
		}
	})
}

// With few places and many keys, every decision is that of one reference a key
// that is never forgotten, but for new keys while all places hold buckets that
// aren't full; those wait exactly until the first of them is.
func TestForgettingGivesNoTokenAway(t *testing.T) {
	noRoom := 0
	rapid.Check(t, func(t *rapid.T) {
		rate, exact := drawRate(t)
		burst, places := rapid.IntRange(1, 4).Draw(t, "burst"), rapid.IntRange(1, 6).Draw(t, "places")
		l := mustNewRapid(t, Config{Rate: rate, Burst: burst, MaxKeys: places})
		names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
		refs := map[string]*reference{}
		for _, n := range names {
			refs[n] = newReference(exact, burst)
		}
		now, latest := t0, t0
		for i := range 150 {
			if i > 0 {
				now = now.Add(drawStep(t, rate) / 2)
			}
			if now.After(latest) {
				latest = now
			}
			key := rapid.SampledFrom(names).Draw(t, "key")
			busy, soonest := 0, time.Duration(0)
			for _, r := range refs {
				if r.at(latest); !r.full() {
					if w := r.wait(r.burst); busy == 0 || w < soonest {
						soonest = w
					}
					busy++
				}
			}
			want := Decision{RetryAfter: soonest + latest.Sub(now), Reason: ReasonKeys}
			if busy < places || !refs[key].full() {
				want = refs[key].allow(now)
			} else {
				noRoom++
			}
			require.Equal(t, want, l.AllowKeyAt(key, now), "event %d, key %s at %v", i, key, now.Sub(t0))
			require.LessOrEqual(t, l.Keys(), places)
			if i%10 == 0 {
				requireSound(t, &l.keys)
			}
		}
	})
	require.Positive(t, noRoom, "the table was never full, so half of this was not tested")
}
