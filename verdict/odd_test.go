package verdict

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// An odd limit and traffic to match: everything is drawn from the edges of
// what a history may hold.
type odd struct {
	r           *rand.Rand
	rate, burst float64
	origin      time.Duration
}

func oddOf(seed, salt uint64) odd {
	r := rand.New(rand.NewPCG(seed, salt))
	o := odd{r: r, rate: math.Pow(10, r.Float64()*8-2), burst: 1 + r.Float64()*60}
	if r.IntN(2) == 0 {
		o.rate = []float64{0.01, 0.1, 1.0 / 3, 1.0 / 60, 0.7, 15, 1e3, 1e6}[r.IntN(8)]
	}
	if r.IntN(2) == 0 {
		o.burst = []float64{1, 1, 1.5, 1.999, 2, 2.25, 40, 1000}[r.IntN(8)]
	}
	o.origin = []time.Duration{0, 1, time.Hour, 1732412345123456789, 1 << 62}[r.IntN(5)]
	return o
}

// plan draws calls that share a nanosecond, take none, overlap everything,
// or lie centuries apart.
func (o odd) plan(n int) []decision {
	r := o.r
	token := 1e9 / o.rate // nanoseconds
	scale := []float64{0, 0.01, 0.3, 3, 100}[r.IntN(5)] * token
	if r.IntN(3) == 0 {
		scale = min(scale, 50*token) * r.Float64()
	}
	const most = math.MaxInt64 / 4 // of all gaps together, and of one delay
	spent := 0.0
	gap := func(x float64) time.Duration {
		x = min(x, most-spent)
		spent += x
		return time.Duration(x)
	}
	delay := func() time.Duration { return time.Duration(min(r.ExpFloat64()*scale, most/8)) }
	strange, lossy := r.IntN(4) == 0, r.IntN(3) == 0
	now := o.origin
	ds := make([]decision, 0, n)
	for len(ds) < n {
		size := 1
		switch r.IntN(12) {
		case 0:
			now += gap(r.Float64() * 2 * o.burst * token)
		case 1, 2:
			size = 1 + r.IntN(int(min(o.burst, 30))+3) // at one nanosecond
		case 3:
			if strange {
				now += gap(r.Float64() * most / 4)
			}
		case 4:
			now += gap(1)
		default:
			now += gap(r.ExpFloat64() / 1.3 * token)
		}
		for range size {
			d := decision{sent: now, decided: now + delay()}
			d.received = d.decided + delay()
			if r.IntN(60) == 0 { // sent with the first, answered after the last
				d.sent, d.received = o.origin, o.origin+most
				d.received = max(d.received, d.decided)
			}
			d.lost = lossy && r.IntN(25) == 0
			ds = append(ds, d)
		}
	}
	return ds
}

// honest is what an honest bucket makes of a plan of n calls.
func (o odd) honest(n int) []history.Call {
	bucket := &level{rate: o.rate, burst: o.burst, tokens: o.burst}
	calls := decide(o.plan(n), bucket.take)
	o.r.Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
	return calls
}

// Soundness at the edges: rates from one call in 100 s to a million a second,
// fractional bursts, instants up to 2⁶², and calls of no length and of all.
func TestHonestHistoriesAtOddLimitsAreNeverFlagged(t *testing.T) {
	const histories = 6000
	limited, boxes := 0, 0
	for seed := range uint64(histories) {
		o := oddOf(seed, 21)
		calls := o.honest(10 + o.r.IntN(120))
		ev := Gather(testLimit(o.rate, 1), calls)
		require.LessOrEqual(t, ev.BurstMin(o.rate), o.burst+1e-6, "over-admission at %g/s %g, seed %d", o.rate, o.burst,
			seed)
		require.Greater(t, ev.BurstMax(o.rate), o.burst-1e-6, "over-rejection at %g/s %g, seed %d", o.rate, o.burst,
			seed)
		if ev.Limited() > 0 {
			limited++
		}
		if seed%4 == 0 && ev.granted > 0 {
			boxes++
			m, ok := ev.MeasureAround(o.rate, 0)
			require.True(t, ok, "an honest bucket has a box, %g/s %g, seed %d", o.rate, o.burst, seed)
			require.True(t, m.holds(o.rate, o.burst), "%s lost %g/s %g, seed %d", m, o.rate, o.burst, seed)
		}
	}
	require.Greater(t, limited, histories/3)
	require.Greater(t, boxes, 1000)
}

// The sweeps are their formulas at the edges too, also where the history is a
// lie and where the rate asked for isn't the server's.
func TestSweepsAgreeWithThePlainFormulasAtOddLimits(t *testing.T) {
	near := func(want, got float64) bool {
		return want == got || math.Abs(want-got) <= 1e-6+1e-9*math.Abs(want)
	}
	finite := 0
	for seed := range uint64(1000) {
		o := oddOf(seed, 22)
		calls := o.honest(3 + o.r.IntN(20))
		for i := range calls {
			if o.r.IntN(8) == 0 {
				calls[i].Outcome = []history.Outcome{history.OK, history.Limited, history.Unknown}[o.r.IntN(3)]
			}
		}
		ev := exactly(testLimit(o.rate, 1), calls)
		for _, rate := range []float64{o.rate, o.rate / 7, o.rate * 3} {
			low, high := plainBurstMin(rate, calls), plainBurstMax(rate, calls)
			require.True(t, near(low, ev.BurstMin(rate)), "b_min %g is %g, seed %d", low, ev.BurstMin(rate), seed)
			require.True(t, near(high, ev.BurstMax(rate)), "b_max %g is %g, seed %d", high, ev.BurstMax(rate), seed)
			if !math.IsInf(high, 1) {
				finite++
			}
		}
	}
	require.Greater(t, finite, 1000)
}

// exactBucket is the bucket in rational numbers: it rounds nowhere.
type exactBucket struct {
	rate, burst, tokens *big.Rat // rate a nanosecond
	last                time.Duration
}

func (b *exactBucket) take(at time.Duration) bool {
	grown := new(big.Rat).SetInt64(int64(at - b.last))
	b.tokens.Add(b.tokens, grown.Mul(grown, b.rate))
	if b.tokens.Cmp(b.burst) > 0 {
		b.tokens.Set(b.burst)
	}
	b.last = at
	if b.tokens.Cmp(big.NewRat(1, 1)) < 0 {
		return false
	}
	b.tokens.Sub(b.tokens, big.NewRat(1, 1))
	return true
}

// Exactness at the edges: with no delay and distinct instants both checks
// together flag just what a bucket that rounds nowhere would not have done.
func TestExactAtZeroDelayAtOddLimits(t *testing.T) {
	flagged, honestOnes := 0, 0
	for seed := range uint64(3000) {
		o := oddOf(seed, 23)
		o.burst = math.Round(o.burst*8) / 8
		rate := new(big.Rat).SetFloat64(o.rate)
		bucket := &exactBucket{
			rate: rate.Mul(rate, big.NewRat(1, 1e9)), burst: new(big.Rat).SetFloat64(o.burst),
			tokens: new(big.Rat).SetFloat64(o.burst), last: o.origin,
		}
		now, lie, honest := o.origin, o.r.IntN(120), true
		var calls []history.Call
		for i := 0; i < 60 && honest; i++ {
			now += 1 + time.Duration(o.r.ExpFloat64()/o.rate*1e9)
			c := history.Call{Sent: now, Received: now, Outcome: history.Limited}
			c.Method = "tools/call"
			answer := bucket.take(now)
			left, _ := bucket.tokens.Float64()
			// not too near the edge for floating point
			if i == lie && (answer && left > 1e-3 || !answer && left < 1-1e-3) {
				answer, honest = !answer, false
			}
			if answer {
				c.Outcome = history.OK
			}
			calls = append(calls, c)
		}
		ev := exactly(testLimit(o.rate, 1), calls)
		violated := ev.BurstMin(o.rate) > o.burst+1e-6 || ev.BurstMax(o.rate) <= o.burst-1e-6
		require.Equal(t, !honest, violated, "%g/s %g, seed %d", o.rate, o.burst, seed)
		if violated {
			flagged++
		} else {
			honestOnes++
		}
	}
	require.Greater(t, flagged, 500)
	require.Greater(t, honestOnes, 500)
}
