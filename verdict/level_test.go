package verdict

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A truth is the level of the simulated bucket just before and just after it
// decided, which no client ever sees.
type truth struct {
	at            time.Duration
	before, after float64
}

// watched is a bucket that remembers its levels.
func watched(rate float64, burst int) (take func(time.Duration) bool, seen *[]truth) {
	l := newLevel(rate, burst)
	seen = &[]truth{}
	return func(at time.Duration) bool {
		before := min(l.burst, l.tokens+l.rate*(at-l.last).Seconds())
		ok := l.take(at)
		if n := len(*seen); n > 0 && (*seen)[n-1].at == at {
			before = (*seen)[n-1].before
			*seen = (*seen)[:n-1]
		}
		*seen = append(*seen, truth{at, before, l.tokens})
		return ok
	}, seen
}

// The true level of an honest bucket lies in the band at every instant,
// whatever the delays are; and without delays the band is that level.
func TestTheBandHoldsTheTrueLevel(t *testing.T) {
	wide, exact := 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 11))
		rate, burst := 1+r.Float64()*40, 1+r.IntN(30)
		take, seen := watched(rate, burst)
		calls := decide(randomPlan(r, 150, rate), take)
		bands := exactly(testLimit(rate, burst), calls).Bands(testLimit(rate, burst))
		require.Len(t, bands, 1)
		for _, s := range *seen {
			least, most := bands[0].At(s.at)
			require.LessOrEqual(t, least, s.after+1e-6, "seed %d at %s", seed, s.at)
			require.GreaterOrEqual(t, most, s.after-1e-6, "seed %d at %s", seed, s.at)
			least, most = bands[0].At(s.at - 1)
			slip := rate * 2e-9
			require.LessOrEqual(t, least, s.before+slip+1e-6, "seed %d before %s", seed, s.at)
			require.GreaterOrEqual(t, most, s.before-slip-1e-6, "seed %d before %s", seed, s.at)
			switch {
			case most-least > 1:
				wide++
			case most-least < 1e-6:
				exact++
			}
		}
	}
	require.Greater(t, wide, 1000, "the delays never hid anything, so this proved little")
	require.Greater(t, exact, 1000, "no history without delays")
}

// The band is its formula, tried at every instant the plain way: between calls
// too, and with calls that may have cost a token or got no reply.
func TestTheBandIsItsFormula(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 12))
		rate, burst := 1+r.Float64()*20, 1+r.IntN(8)
		calls := decide(randomPlan(r, 40, rate), newLevel(rate, burst).take)
		limit := testLimit(rate, burst)
		limit.MayCharge = []string{"ping"}
		for i := range calls {
			if r.IntN(6) == 0 {
				calls[i].Method = "ping"
			}
		}
		c := anyClocks(r)
		band := Gather(limit, calls).Under(c).Bands(testLimit(rate, burst))[0]
		for range 200 {
			at := calls[r.IntN(len(calls))].Received + time.Duration(r.NormFloat64()*5e7)
			least, most := band.At(at)
			wantLeast, wantMost := plainBand(c, limit, calls, at)
			require.InDelta(t, wantLeast, least, 1e-6, "seed %d at %s", seed, at)
			require.InDelta(t, wantMost, most, 1e-6, "seed %d at %s", seed, at)
		}
	}
}

func plainBand(k Clocks, limit promise.Limit, calls []history.Call, at time.Duration) (least, most float64) {
	least, most = float64(limit.Burst), float64(limit.Burst)
	starts := []time.Duration{at}
	lag := time.Duration(k.lag())
	for _, c := range calls {
		starts = append(starts, c.Sent-k.Error, c.Received+k.Error, c.Received+k.Error+lag)
	}
	for _, u := range starts {
		if u > at {
			continue
		}
		sure, may := 0, 0
		for _, c := range calls {
			low, high := limit.Cost(c.Method)
			if c.Outcome == history.Limited {
				continue
			}
			if c.Outcome == history.OK && c.Sent-k.Error >= u && c.Received+k.Error <= at {
				sure += low
			}
			if c.Sent-k.Error <= at && (c.Received+k.Error+lag >= u || !c.Outcome.Answered()) {
				may += high
			}
		}
		slow, fast := limit.Rate*(1-k.Drift)*(at-u).Seconds(), limit.Rate*(1+k.Drift)*(at-u+lag).Seconds()
		least = min(least, float64(limit.Burst)+slow-float64(may))
		if sure > 0 {
			most = min(most, float64(limit.Burst)+fast-float64(sure))
		}
	}
	return max(0, least), most
}

// The band shows what the checks find, no more and no less: its upper edge is
// under 0 just where over-admission is proven, and a refusal stands at one
// token or more just where over-rejection is.
func TestTheBandShowsWhatTheChecksFind(t *testing.T) {
	const tolerance = 0.05
	over, under := 0, 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 13))
		rate, burst := 2+r.Float64()*30, 3+r.IntN(12)
		actual := newLevel(rate*[]float64{1, 0.8, 1.3}[r.IntN(3)], burst+r.IntN(5)-2)
		e := Gather(testLimit(rate, burst), decide(randomPlan(r, 200, rate), actual.take)).Under(anyClocks(r))
		j, band := e.Check(testLimit(rate, burst), tolerance), e.Bands(testLimit(rate, burst))[0]
		lowest, highest := float64(burst), -1.0
		for _, l := range band.Levels {
			lowest = min(lowest, l.Most)
		}
		for _, p := range band.Refused {
			highest = max(highest, p.Level)
			least, _ := band.At(p.At)
			require.InDelta(t, least, max(0, p.Level), 1e-6, "a refusal stands on the lower edge, seed %d", seed)
		}
		for _, p := range band.Admitted {
			_, most := band.At(p.At)
			require.LessOrEqual(t, most, p.Level+1e-6, "seed %d", seed)
		}
		require.Equal(t, j.OverAdmission.Violated, lowest < -tolerance, "seed %d: %g", seed, lowest)
		require.Equal(t, j.OverRejection.Violated, highest >= 1+tolerance, "seed %d: %g", seed, highest)
		if j.OverAdmission.Violated {
			over++
		}
		if j.OverRejection.Violated {
			under++
		}
	}
	require.Greater(t, over, 30)
	require.Greater(t, under, 30)
}

// A limit a client has a band a client; nothing has none.
func TestABandABucket(t *testing.T) {
	limit := testLimit(1, 2)
	require.Empty(t, Gather(limit, nil).Bands(testLimit(1, 2)))
	limit.Scope = promise.Client
	var calls []history.Call
	for i, client := range []string{"c2", "c1", "c2"} {
		at := time.Duration(i) * time.Millisecond
		c := history.Call{Sent: at, Received: at + 100, Outcome: history.OK}
		c.Client, c.Method = client, "tools/call"
		calls = append(calls, c)
	}
	bands := exactly(limit, calls).Bands(testLimit(1, 2))
	require.Len(t, bands, 2)
	require.Equal(t, "c2", bands[0].Client)
	_, most := bands[0].At(3 * time.Millisecond)
	require.InDelta(t, 0.003, most, 1e-3)
	_, most = bands[1].At(3 * time.Millisecond)
	require.InDelta(t, 1.002, most, 1e-3)
	require.Len(t, bands[0].Admitted, 2)
	require.Equal(t, 1, bands[0].Admitted[0].Call)
	require.InDelta(t, 1, bands[0].Admitted[0].Level, 1e-6)
	require.Equal(t, 3, bands[0].Admitted[1].Call)
}
