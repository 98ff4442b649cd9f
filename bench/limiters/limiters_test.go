// Package limiters measures package ratelimit beside other limiters, in one run:
//
//	cd bench/limiters && go test -run '^$' -bench . -count 6 -cpu 1,2 | benchstat -col /by -
//
// Each is set up so that it counts what the others of its table count, in memory, and is
// asked in the way that its documentation shows.
package limiters

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mcpload/mcpload/ratelimit"
	"github.com/sethvargo/go-limiter/memorystore"
	"github.com/throttled/throttled/v2"
	throttledstore "github.com/throttled/throttled/v2/store/memstore"
	ulule "github.com/ulule/limiter/v3"
	ululestore "github.com/ulule/limiter/v3/drivers/store/memory"
	"golang.org/x/time/rate"
)

// A contender is a limiter, asked for one event of a key.
type contender struct {
	name  string
	allow func(key string) bool
}

// The kinds. In "admit" all events are admitted, in "refuse" all but a few aren't.
var loads = []struct {
	name  string
	most  int
	every time.Duration
}{{"admit", 1 << 24, time.Second}, {"refuse", 40, time.Hour}}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// buckets refill as time goes by: token buckets and their twin, GCRA.
func buckets(most int, every time.Duration) []contender {
	perSecond := float64(most) / every.Seconds()
	one := must(ratelimit.New(ratelimit.Config{Rate: perSecond, Burst: most, MaxKeys: 1 << 20}))
	stacked := must(ratelimit.NewStack(ratelimit.StackConfig{Limits: []ratelimit.Limit{
		{Kind: ratelimit.Bucket, Rate: perSecond, Burst: most, Scope: ratelimit.PerClient, MaxKeys: 1 << 20}}}))
	quota := throttled.RateQuota{MaxRate: throttled.PerDay(int(perSecond * 86400)), MaxBurst: most - 1}
	if perSecond > 1000 {
		quota.MaxRate = throttled.PerSec(int(perSecond))
	}
	gcra := must(throttled.NewGCRARateLimiterCtx(must(throttledstore.NewCtx(1<<20)), quota))
	return []contender{
		{"ratelimit", func(key string) bool { return one.AllowKey(key).Allowed }},
		{"ratelimit.Stack", stack(stacked)},
		{"throttled", func(key string) bool {
			limited, _, err := gcra.RateLimitCtx(context.Background(), key, 1)
			return err == nil && !limited
		}},
	}
}

// windows have a count that is set back: go-limiter's all at once with each interval,
// ulule's with the first event after the last has ended.
func windows(most int, every time.Duration) []contender {
	stacked := must(ratelimit.NewStack(ratelimit.StackConfig{Limits: []ratelimit.Limit{
		{Kind: ratelimit.Fixed, N: most, Every: every, Scope: ratelimit.PerClient, MaxKeys: 1 << 20}}}))
	seth := must(memorystore.New(&memorystore.Config{Tokens: uint64(most), Interval: every, SweepInterval: time.Hour,
		SweepMinTTL: time.Hour}))
	other := ulule.New(ululestore.NewStore(), ulule.Rate{Period: every, Limit: int64(most)})
	return []contender{
		{"ratelimit.Stack", stack(stacked)},
		{"sethvargo", func(key string) bool {
			_, _, _, ok, err := seth.Take(context.Background(), key)
			return err == nil && ok
		}},
		{"ulule", func(key string) bool {
			c, err := other.Get(context.Background(), key)
			return err == nil && !c.Reached
		}},
	}
}

func stack(s *ratelimit.Stack) func(string) bool {
	return func(key string) bool {
		d, done := s.Acquire(ratelimit.Event{Client: key})
		done()
		return d.Allowed
	}
}

// One key, or a thousand in turn; one caller, or all.
func BenchmarkKeys(b *testing.B) {
	for _, kind := range []struct {
		name string
		of   func(int, time.Duration) []contender
	}{{"bucket", buckets}, {"window", windows}} {
		for _, load := range loads {
			for _, n := range []int{1, 1000} {
				keys := make([]string, n)
				for i := range keys {
					keys[i] = fmt.Sprintf("session:%08x-%04d", uint32(i)*2654435761, i)
				}
				for _, c := range kind.of(load.most, load.every) {
					b.Run(fmt.Sprintf("kind=%s/load=%s/keys=%d/by=%s", kind.name, load.name, n, c.name),
						func(b *testing.B) {
							b.ReportAllocs()
							b.RunParallel(func(pb *testing.PB) {
								for i := 0; pb.Next(); i++ {
									c.allow(keys[i%n])
								}
							})
						})
				}
			}
		}
	}
}

// One bucket for all, as most servers have it: no key at all.
func BenchmarkOneBucket(b *testing.B) {
	for _, load := range loads {
		perSecond := float64(load.most) / load.every.Seconds()
		ours := must(ratelimit.New(ratelimit.Config{Rate: perSecond, Burst: load.most}))
		theirs := rate.NewLimiter(rate.Limit(perSecond), load.most)
		for _, c := range []contender{
			{"ratelimit", func(string) bool { return ours.Allow().Allowed }},
			{"xtime", func(string) bool { return theirs.Allow() }},
		} {
			b.Run(fmt.Sprintf("load=%s/by=%s", load.name, c.name), func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						c.allow("")
					}
				})
			})
		}
	}
}

// Each contender does what its table says: it admits so many and refuses the next.
func TestContendersLimit(t *testing.T) {
	for _, c := range append(buckets(40, time.Hour), windows(40, time.Hour)...) {
		for i := range 41 {
			if got := c.allow("key"); got != (i < 40) {
				t.Errorf("%s: event %d: admitted %v", c.name, i+1, got)
			}
		}
	}
}
