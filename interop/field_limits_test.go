//go:build field

package interop

import (
	"math"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A tank is a token bucket for each key, on the monotonic clock.
type tank struct {
	rate, most float64
	clock      func() time.Time // nil: time.Now
	whole      bool             // tokens come by whole seconds, and fractions are lost

	mu   sync.Mutex
	keys map[string]*level
}

type level struct {
	tokens float64
	at     time.Time
}

// draw takes so many tokens, and says how long it is to wait where there aren't as many.
func (k *tank) draw(key string, tokens float64) (wait time.Duration, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if k.clock != nil {
		now = k.clock()
	}
	if k.keys == nil {
		k.keys = map[string]*level{}
	}
	l := k.keys[key]
	if l == nil {
		l = &level{k.most, now}
		k.keys[key] = l
	}
	passed := max(0, now.Sub(l.at).Seconds())
	if k.whole {
		passed = math.Floor(passed)
	}
	l.tokens = min(k.most, l.tokens+k.rate*passed)
	l.at = now
	if l.tokens >= tokens {
		l.tokens -= tokens
		return 0, true
	}
	return time.Duration((tokens - l.tokens) / k.rate * 1e9), false
}

// tallies count in windows that open with a key's first request.
type tallies struct {
	most   int
	length time.Duration

	mu   sync.Mutex
	keys map[string]*tallied
}

type tallied struct {
	n    int
	ends time.Time
}

func (c *tallies) count(key string) (wait time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys = map[string]*tallied{}
	}
	now := time.Now()
	w := c.keys[key]
	if w == nil || !now.Before(w.ends) {
		w = &tallied{ends: now.Add(c.length)}
		c.keys[key] = w
	}
	w.n++
	return w.ends.Sub(now), w.n <= c.most
}

// inSeconds rounds a wait up, as Retry-After wants it.
func inSeconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

func bearerOf(v *visit) string {
	return strings.TrimPrefix(v.Request.Header.Get("Authorization"), "Bearer ")
}

func addressOf(v *visit) string {
	host, _, _ := net.SplitHostPort(v.RemoteAddr) // it is a server's
	return host
}

// tens is what most of the servers keep: 10/s burst 20.
func tens() *tank { return &tank{rate: 10, most: 20} }

// refusing is an honest bucket whose refusals look as they are told to.
func refusing(refuse func(v *visit, wait time.Duration)) *door {
	k := tens()
	return &door{calls: func(v *visit) {
		if wait, ok := k.draw("", 1); !ok {
			refuse(v, wait)
		}
	}}
}

// plain refuses as HTTP does, with a right Retry-After.
func plain(v *visit, wait time.Duration) { v.tooMany(inSeconds(wait)) }

// saying refuses with a Retry-After that is made of the wait.
func saying(after func(wait time.Duration) string) *door {
	return refusing(func(v *visit, wait time.Duration) { v.tooMany(after(wait)) })
}
