package ratelimit

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTokenNanos(t *testing.T) {
	cases := []struct {
		rate float64
		want string // nanoseconds a token
	}{
		{1, "1000000000/1"},
		{15, "200000000/3"},
		{12, "250000000/3"},
		{997, "1000000000/997"},
		{0.1, "10000000000/1"},
		{0.3, "10000000000/3"},
		{0.7, "10000000000/7"},
		{2.5, "400000000/1"},
		{12.345, "200000000000/2469"},
		{1.0 / 3, "3000000000/1"},
		{2.0 / 3, "1500000000/1"},
		{5.0 / 60, "12000000000/1"},
		{1.0 / 86400, "86400000000000/1"},
		{1.0 / (30 * 86400), "2592000000000000/1"},
		{999_999_937, "1000000000/999999937"},
		{1e9, "1/1"},
	}
	for _, c := range cases {
		require.Equal(t, c.want, tokenNanos(c.rate).String(), "%v/s", c.rate)
	}
}

// Whatever the rate, the fraction is one that the float64 stands for.
func TestTokenNanosRoundsToTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(1e-9, maxRate).Draw(t, "rate")
		token := tokenNanos(rate)
		back, _ := new(big.Rat).Quo(big.NewRat(1e9, 1), token).Float64()
		require.Equal(t, rate, back, "%v ns a token", token)
		require.True(t, token.Cmp(big.NewRat(1, 1)) >= 0, "a token takes a nanosecond or more: %v", token)
	})
}

// The fractions that people write are recovered exactly.
func TestTokenNanosRecoversShortFractions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := rapid.Int64Range(1, 1000).Draw(t, "p"), rapid.Int64Range(1, 1000).Draw(t, "q")
		require.Equal(t, big.NewRat(1e9*q, p).String(), tokenNanos(float64(p)/float64(q)).String())
	})
}

// simplest is compared with trying all denominators.
func TestSimplest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := big.NewRat(rapid.Int64Range(1, 5000).Draw(t, "p"), rapid.Int64Range(1, 500).Draw(t, "q"))
		hi := new(big.Rat).Add(lo, big.NewRat(1, rapid.Int64Range(1, 3000).Draw(t, "width")))
		got := simplest(lo, hi)
		require.True(t, got.Cmp(lo) >= 0 && got.Cmp(hi) <= 0, "%v is outside [%v, %v]", got, lo, hi)
		for d := int64(1); d < got.Denom().Int64(); d++ {
			n := new(big.Rat).Mul(lo, big.NewRat(d, 1))
			up := new(big.Int).Quo(new(big.Int).Add(n.Num(), new(big.Int).Sub(n.Denom(), big.NewInt(1))), n.Denom())
			require.Positive(t, new(big.Rat).SetFrac(up, big.NewInt(d)).Cmp(hi), "%v/%d is simpler than %v", up, d, got)
		}
	})
}

// Every quota that newQuota accepts keeps all sums within 63 bits.
func TestQuotaNeverOverflows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := math.Pow(10, rapid.Float64Range(-10, 9).Draw(t, "exponent"))
		if rapid.Bool().Draw(t, "whole") {
			rate = math.Ceil(rate)
		}
		q, err := newQuota(rate, 1)
		if err != nil {
			require.Less(t, rate, 1e-9)
			return
		}
		q, err = newQuota(rate, int(maxTicks/q.cost)) // the largest burst
		require.NoError(t, err)
		require.Positive(t, q.perNano)
		require.LessOrEqual(t, q.perNano, q.cost)
		require.LessOrEqual(t, q.capacity, int64(maxTicks))
		_, err = newQuota(rate, int(maxTicks/q.cost)+1)
		require.ErrorContains(t, err, "the largest that can be counted exactly")

		now := int64(maxTicks)
		fullAt, excess := q.take(0, now, q.burst)
		require.Zero(t, excess)
		require.Equal(t, now+q.capacity, fullAt)
		require.Equal(t, Decision{Allowed: true}, q.decide(outcome{excess: excess}, q.burst))

		_, excess = q.take(fullAt, now, q.burst)
		require.Equal(t, q.capacity, excess)
		d := q.decide(outcome{excess: excess}, q.burst)
		require.False(t, d.Allowed)
		require.Zero(t, d.Remaining)

		_, excess = q.take(fullAt, now, 1)
		d = q.decide(outcome{excess: excess}, 1)
		exact := new(big.Rat).SetFrac64(q.cost, q.perNano)
		wait := new(big.Rat).SetInt64(int64(d.RetryAfter))
		require.True(t, wait.Cmp(exact) >= 0 && wait.Cmp(exact.Add(exact, big.NewRat(1, 1))) < 0, "%v", d)
	})
}

func TestBurstOf31Bits(t *testing.T) {
	for _, rate := range []float64{1e9, 1000, 15, 12.5, 1} {
		l := mustNew(t, Config{Rate: rate, Burst: 1 << 31})
		for i := range 10 {
			require.Equal(t, Decision{Allowed: true, Remaining: 1<<31 - 1 - i}, l.AllowAt(t0), "%v/s", rate)
		}
	}
}
