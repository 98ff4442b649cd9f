package verdict

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// ticking is a bucket that gets so many tokens at each tick of a clock of its own, as where
// a timer fills it or the ticks since its start are counted.
func ticking(rate float64, burst, step int, phase time.Duration) func(time.Duration) bool {
	held, seen := burst, int64(math.MinInt64)
	return func(at time.Duration) bool {
		now := int64(math.Floor((at - phase).Seconds() * rate / float64(step)))
		if seen != math.MinInt64 {
			held = min(burst, held+step*int(now-seen))
		}
		if seen = now; held < 1 {
			return false
		}
		held--
		return true
	}
}

// pressed are calls as a run sends them: a full bucket is drained, pressed on, and left to fill.
func pressed(r *rand.Rand, rate float64, burst int, take func(time.Duration) bool) []history.Call {
	var ds []decision
	send := func(at time.Duration) {
		d := decision{sent: at, decided: at + time.Duration(r.ExpFloat64()*1e6)}
		d.received = d.decided + time.Duration(r.ExpFloat64()*1e6)
		ds = append(ds, d)
	}
	at, token := time.Second, time.Duration(1e9/rate)
	for range 5 {
		for range burst + 5 {
			send(at)
			at += 500 * time.Microsecond
		}
		for range 40 {
			at += token * 4 / 5
			send(at)
		}
		at += time.Duration(burst+3)*token + time.Duration(r.Float64()*float64(token))
	}
	return decide(ds, take)
}

// A bucket that counts whole tokens and gets one at each tick of its own clock keeps what it
// promises, whenever that ticks; one that holds a token more, or is two percent too fast, doesn't,
// nor one that is filled by several tokens at a time.
func TestTokensThatComeOneAtATime(t *testing.T) {
	unsure := 0
	judged := func(l promise.Limit, calls []history.Call) (bucket, laws Verdict) {
		terms := promise.Terms{Limit: l}
		court := NewCourt(terms, calls, Config{})
		if bucket = Pass; court.violated() {
			bucket = Fail
		}
		p := promise.Promise{{Kind: promise.Bucket, N: l.Burst, Rate: l.Rate}}
		j := JudgeLaws(p, calls, LawConfig{Clocks: DefaultClocks()})
		require.Equal(t, court.MayTick(), j.mayTick)
		if court.MayTick() { // more of the same tells
			require.Equal(t, []Verdict{Fail, Fail}, []Verdict{bucket, j.Verdict})
			unsure++
		}
		return bucket, j.Verdict
	}
	const each = 40
	var missed [5]int // and of those that are honest how many can't be told
	for seed := range uint64(each) {
		r := rand.New(rand.NewPCG(seed, 71))
		rate, burst := 5+r.Float64()*15, 10+r.IntN(20)
		l := testLimit(rate, burst)
		phase := time.Duration(r.Float64() * 1e9 / rate)
		calls := pressed(r, rate, burst, ticking(rate, burst, 1, phase))
		before := unsure
		bucket, laws := judged(l, calls)
		if unsure == before {
			require.Equal(t, Pass, bucket, "seed %d", seed)
			require.NotEqual(t, Fail, laws, "seed %d", seed)
		}
		missed[4] += unsure - before
		for k, take := range []func(time.Duration) bool{newLevel(rate, burst+1).take, newLevel(rate*1.02, burst).take,
			ticking(rate, burst+1, 1, phase),
			ticking(rate, burst, 3, phase)} {
			calls = pressed(r, rate, burst, take)
			if bucket, laws = judged(l, calls); bucket != Fail || laws != Fail {
				missed[k]++
			}
		}
	}
	for k, n := range missed {
		require.LessOrEqual(t, n, each/10, "fault %d", k)
	}
}

// Several tokens at a time, each tenth or each quarter of a second, aren't taken for one at a time:
// nobody is told that they are, and where both explain what is wrong the answer is that.
func TestSeveralTokensAtATimeAreNotTakenForOne(t *testing.T) {
	unsure := 0
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 73))
		rate, step := 20.0, 2
		if seed%2 == 1 {
			rate, step = 12, 3
		}
		phase := time.Duration(r.Float64() * 1e9 / rate)
		calls := pressed(r, rate, 20, ticking(rate, 20, step, phase))[:160]
		court := NewCourt(promise.Terms{Limit: testLimit(rate, 20)}, calls, Config{})
		require.Nil(t, court.beats, "seed %d", seed)
		if court.unsureOfTicks() > 0 {
			unsure++
			require.Equal(t, token(testLimit(rate, 20)), court.unsureOfTicks())
		}
	}
	require.Positive(t, unsure)
}

// Whoever calls such a server is told what it grants.
func TestTokensThatComeOneAtATimeAreTold(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 72))
	calls := pressed(r, 10, 20, ticking(10, 20, 1, 37*time.Millisecond))
	court := NewCourt(promise.Terms{Limit: testLimit(10, 20)}, calls, Config{})
	const says = "tokens come one at a time, every 100ms by a clock of the limiter's own: at times 21 calls get " +
		"through at once"
	require.Equal(t, []string{says}, judgeOverAdmission(court.Trial("")).Warnings)
	j := JudgeLaws(promise.Promise{{Kind: promise.Bucket, N: 20, Rate: 10}}, calls, LawConfig{Clocks: DefaultClocks()})
	require.True(t, j.Laws[0].InBeats)
}

// Who comes back in disguise buys nothing from such a bucket, and a part of it is judged as the whole.
func TestNobodyEvadesTokensThatComeOneAtATime(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 72))
	calls := pressed(r, 10, 20, ticking(10, 20, 1, 37*time.Millisecond))
	for i := range calls {
		calls[i].Label, calls[i].Client = "evasion", "c1"
		if i > len(calls)-40 {
			calls[i].Session = "session"
		}
	}
	court := NewCourt(promise.Terms{Limit: testLimit(10, 20)}, calls, Config{})
	f := judgeEvasion(court.Trial("evasion"))
	require.Equal(t, Pass, f.Verdict, f.Saw)
}
