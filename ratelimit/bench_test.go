package ratelimit

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// One key: ours beside golang.org/x/time/rate's, in one run. In "refuse" nearly
// every event is refused, in "admit" nearly every one is admitted.
//
//	go test -run '^$' -bench OneKey -count 7 -cpu 2 ./ratelimit | benchstat -col /by -
func BenchmarkOneKey(b *testing.B) {
	for _, load := range []struct {
		name  string
		rate  float64
		burst int
	}{{"refuse", 15, 40}, {"admit", 1e9, 1 << 30}} {
		l := mustNew(b, Config{Rate: load.rate, Burst: load.burst})
		x := rate.NewLimiter(rate.Limit(load.rate), load.burst)
		for _, by := range []struct {
			name  string
			allow func()
		}{
			{"ratelimit", func() { l.Allow() }},
			{"xtime", func() { x.Allow() }},
		} {
			b.Run(fmt.Sprintf("load=%s/callers=one/by=%s", load.name, by.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					by.allow()
				}
			})
			b.Run(fmt.Sprintf("load=%s/callers=all/by=%s", load.name, by.name), func(b *testing.B) {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						by.allow()
					}
				})
			})
		}
	}
}

// A million keys, asked in turn: the time of an event, and the memory a key
// beside the key itself. x/time/rate has no keys, so it stands in a map behind
// a mutex, unbounded, as people write it.
func BenchmarkMillionKeys(b *testing.B) {
	const n = 1_000_000
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("session:%08x-%04d", uint32(i)*2654435761, i%10000)
	}
	b.Run("by=ratelimit", func(b *testing.B) {
		l := mustNew(b, Config{Rate: 15, Burst: 40, MaxKeys: n})
		millionKeys(b, keys, func(key string) { l.AllowKey(key) })
		if l.Keys() > n {
			b.Fatal("too many keys")
		}
	})
	b.Run("by=ratelimit-held", func(b *testing.B) { // no key is ever forgotten
		l := mustNew(b, Config{Rate: 1e-3, Burst: 40, MaxKeys: n})
		millionKeys(b, keys, func(key string) { l.AllowKey(key) })
		if l.Keys() != n {
			b.Fatalf("%d keys are held, want %d", l.Keys(), n)
		}
	})
	b.Run("by=xtime", func(b *testing.B) {
		var mu sync.Mutex
		limiters := map[string]*rate.Limiter{}
		millionKeys(b, keys, func(key string) {
			mu.Lock()
			x, ok := limiters[key]
			if !ok {
				x = rate.NewLimiter(1e-3, 40)
				limiters[key] = x
			}
			mu.Unlock()
			x.Allow()
		})
		runtime.KeepAlive(limiters)
	})
}

// millionKeys asks once for each key and measures what that holds, then times
// further events.
func millionKeys(b *testing.B, keys []string, allow func(string)) {
	before := heap()
	for _, key := range keys {
		allow(key)
	}
	held := heap() - before
	i := 0
	for b.Loop() {
		// A stride that is coprime to the number of keys: no order to exploit.
		if i += 7_654_321; i >= len(keys) {
			i %= len(keys)
		}
		allow(keys[i])
	}
	b.ReportMetric(float64(held)/float64(len(keys)), "B/key")
	runtime.KeepAlive(keys)
}

func heap() int64 {
	var m runtime.MemStats
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The memory that Config promises a key, also right after the arrays grew, and
// where all keys were forgotten for others.
func TestMemoryOfAKey(t *testing.T) {
	for _, n := range []int{20_000, 50_000, 55_649, 99_000} {
		l := mustNew(t, Config{Rate: 1, Burst: 1, MaxKeys: 1_000_000})
		keys := make([]string, 2*n)
		for i := range keys {
			keys[i] = fmt.Sprint("key-", i)
		}
		before := heap()
		for i, key := range keys {
			at := t0
			if i >= n { // the first n are full again
				at = at.Add(time.Second)
			}
			if !l.AllowKeyAt(key, at).Allowed {
				t.Fatal("a new key was refused")
			}
			if i%n < n-1 {
				continue
			}
			perKey := float64(heap()-before) / float64(n)
			t.Logf("%d keys: %.1f bytes a key", n, perKey)
			if perKey > 64 || perKey < 40 {
				t.Errorf("%d keys: %.1f bytes a key, want 40 to 64", n, perKey)
			}
		}
		runtime.KeepAlive(keys)
		runtime.KeepAlive(l)
	}
}
