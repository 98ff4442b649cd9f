package mock

import (
	"math"
	"time"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
)

// A bucket is a token bucket that faults are made of. Unlike ratelimit's it
// may hold nothing, never fill, or go into debt, which is what faults need; it
// counts in floating point, which no fault notices.
type bucket struct {
	rate  float64 // tokens a second, >= 0
	burst float64 // what it holds
	level float64
	at    time.Duration // when the level was so
}

// slack keeps a token that is just due from being late by a rounding.
const slack = 1e-9

// full returns a bucket that is full at instant 0.
func full(rate, burst float64) *bucket { return &bucket{rate: rate, burst: burst, level: burst} }

func promised(l profiles.Limit) *bucket { return full(l.Rate, float64(l.Burst)) }

// flow lets tokens flow in until an instant.
func (b *bucket) flow(at time.Duration) {
	b.level = min(b.burst, b.level+b.rate*(at-b.at).Seconds())
	b.at = at
}

// take asks for a token as the level is now.
func (b *bucket) take() Answer {
	if b.level < 1-slack {
		return refused(b.wait())
	}
	b.level = b.level - 1
	return Answer{Charged: true, Remaining: int(max(0, b.level+slack))}
}

// wait is how long it takes until there is a token.
func (b *bucket) wait() time.Duration {
	seconds := (1 - b.level) / b.rate
	if b.rate <= 0 || b.burst < 1-slack || seconds > math.MaxInt64/1e9 {
		return ratelimit.Never
	}
	return time.Duration(math.Ceil(seconds * 1e9))
}

func (b *bucket) decide(r Request) Answer {
	b.flow(r.At)
	return b.take()
}

func refused(wait time.Duration) Answer { return Answer{Limited: true, RetryAfter: max(0, wait)} }

// open is the decider that never refuses.
type open struct{}

func (open) decide(Request) Answer { return Answer{} }

// sizeFaults are buckets of another size than promised.
func sizeFaults() []Fault {
	sized := func(rate, burst func(l profiles.Limit) float64) builder {
		return scoped(func(l profiles.Limit, _ uint64) decider { return full(rate(l), burst(l)) })
	}
	rate := func(l profiles.Limit) float64 { return l.Rate }
	burst := func(l profiles.Limit) float64 { return float64(l.Burst) }
	rateTimes := func(k float64) builder { return sized(func(l profiles.Limit) float64 { return k * l.Rate }, burst) }
	burstPlus := func(d float64) builder {
		return sized(rate, func(l profiles.Limit) float64 { return float64(l.Burst) + d })
	}
	const (
		tooFast, tooSlow = "rate is too high", "rate is too low"
		tooBig, tooSmall = "burst is too big", "burst is too small"
	)
	return []Fault{
		{Name: "off", Doc: "nothing is ever refused", Cause: "no limiter", Detectable: true,
			build: func(profiles.Limit, uint64) decider { return open{} }},
		{Name: "burst+1", Doc: "the bucket holds one token more", Cause: tooBig, Detectable: true, build: burstPlus(1)},
		{Name: "burst-1", Doc: "the bucket holds one token less", Cause: tooSmall, Detectable: true,
			build: burstPlus(-1)},
		{Name: "burst-x2", Doc: "the bucket holds twice as much", Cause: tooBig + "|no limiter", Detectable: true,
			build: sized(rate, func(l profiles.Limit) float64 { return 2 * float64(l.Burst) })},
		{Name: "ignores-burst", Doc: "the burst setting is ignored: the bucket holds FastMCP's default, twice the rate",
			Cause: "burst is too", Detectable: true,
			Note:  "no fault where the promised burst is twice the rate",
			build: sized(rate, func(l profiles.Limit) float64 { return max(1, math.Floor(2*l.Rate)) })},
		{Name: "leaky", Doc: "there is no burst: calls are admitted one a token's time apart", Cause: tooSmall +
			"|without burst", Detectable: true,
			Note:  "no fault where the promised burst is 1",
			build: sized(rate, func(profiles.Limit) float64 { return 1 })},
		{Name: "rate+10%", Doc: "tokens flow in 10 % too fast", Cause: tooFast, Detectable: true,
			build: rateTimes(1.10)},
		{Name: "rate-10%", Doc: "tokens flow in 10 % too slowly", Cause: tooSlow, Detectable: true,
			build: rateTimes(0.90)},
		{Name: "rate+5%", Doc: "tokens flow in 5 % too fast", Cause: tooFast, Detectable: true, build: rateTimes(1.05)},
		{Name: "rate-5%", Doc: "tokens flow in 5 % too slowly", Cause: tooSlow, Detectable: true,
			build: rateTimes(0.95)},
		{Name: "rate+2%", Doc: "tokens flow in 2 % too fast", Cause: tooFast, Detectable: true, build: rateTimes(1.02)},
		{Name: "rate-2%", Doc: "tokens flow in 2 % too slowly", Cause: tooSlow, Detectable: true,
			build: rateTimes(0.98)},
		{Name: "never-refills", Doc: "no token ever flows in", Cause: "never refills", Detectable: true,
			build: rateTimes(0)},
	}
}
