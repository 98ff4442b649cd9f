package verdict

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// Many small buckets are judged without trees, and most of them aren't even asked
// at most rates: what is said of all of them is the formula's all the same, in
// whatever order the rates come.
func TestACrowdIsJudgedByTheFormulas(t *testing.T) {
	bounded := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 41))
		rate, burst, c := 0.2+r.Float64()*5, 1+r.IntN(4), anyClocks(r)
		limit := testLimit(rate, burst)
		limit.Scope = promise.Client
		var calls []history.Call
		var own [][]history.Call
		for n := range 2 + r.IntN(20) {
			bucket := newLevel(rate, burst)
			mine := decide(randomPlan(r, 1+r.IntN(2*tiny), rate), func(at time.Duration) bool {
				return bucket.take(at) != (r.IntN(10) == 0)
			})
			for i := range mine {
				mine[i].Client = fmt.Sprint(n)
			}
			own, calls = append(own, c.widen(mine)), append(calls, mine...)
		}
		r.Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
		ev := Gather(limit, calls).Under(c)
		for range 8 {
			asked := rate * math.Pow(10, r.Float64()*3-1.5)
			needs, allows := math.Inf(-1), math.Inf(1)
			for _, mine := range own {
				needs = max(needs, plainBurstMin(asked*(1+c.Drift), mine))
				allows = min(allows, plainBurstMax(asked*(1-c.Drift), mine))
			}
			require.InDelta(t, needs, ev.BurstMin(asked), 1e-6, "seed %d", seed)
			w, above := ev.tightestAbove(asked, needs-0.01)
			require.InDelta(t, needs, above, 1e-6, "seed %d", seed)
			require.InDelta(t, needs, w.at(asked), 1e-6, "seed %d", seed)
			_, above = ev.tightestAbove(asked, needs+0.01)
			require.True(t, math.IsInf(above, -1))
			if math.IsInf(allows, 1) {
				require.True(t, math.IsInf(ev.BurstMax(asked), 1))
				continue
			}
			bounded++
			w, got := ev.loosest(asked)
			require.InDelta(t, allows, got, 1e-6, "seed %d", seed)
			require.InDelta(t, allows, w.at(asked), 1e-6, "seed %d", seed)
			_, _, beside := ev.loosestBeside(asked, w)
			require.InDelta(t, allows, beside, 1e-6, "seed %d", seed)
		}
		if seed%8 == 0 {
			again := Gather(limit, slices.Clone(calls)).Under(c)
			_ = again.BurstMin(rate * 3)
			_ = again.BurstMax(rate / 3)
			require.Equal(t, Gather(limit, calls).Under(c).Check(limit, 0.05), again.Check(limit, 0.05),
				"what was asked before matters, seed %d", seed)
		}
	}
	require.Greater(t, bounded, 500)
}

// A call that is added after a bucket was judged counts.
func TestABucketThatGrowsIsJudgedAnew(t *testing.T) {
	limit := testLimit(1, 1)
	limit.Scope = promise.Client
	at := func(client string) *history.Call {
		c := &history.Call{Sent: 5, Received: 6, Outcome: history.OK}
		c.Client, c.Method = client, "ping"
		return c
	}
	e := NewEvidence(limit).Under(Clocks{})
	for n := range 2 * tiny {
		e.Add(n+1, at("a"))
		e.Add(n+1, at("b"))
		require.InDelta(t, n+1, e.BurstMin(1), 1e-6)
	}
}

// crowd is what half a million clients send, three calls each or so.
func crowd(clients, calls int) []history.Call {
	r := rand.New(rand.NewPCG(1, 42))
	names := make([]string, clients)
	buckets := make([]*level, clients)
	for i := range names {
		names[i], buckets[i] = fmt.Sprintf("client-%d", i), newLevel(0.01, 2)
	}
	list := make([]history.Call, calls)
	var now time.Duration
	for i := range list {
		now += time.Duration(r.ExpFloat64() * 5e4)
		who := r.IntN(clients)
		c := history.Call{Sent: now, Received: now + time.Duration(r.ExpFloat64()*2e6), Outcome: history.Limited}
		c.Client, c.Method = names[who], "tools/call"
		if buckets[who].take(now) {
			c.Outcome = history.OK
		}
		list[i] = c
	}
	return list
}

// BenchmarkCrowd backs the claim on a limit for each of half a million clients.
func BenchmarkCrowd(b *testing.B) {
	calls := crowd(500_000, 1_500_000)
	limit := testLimit(0.01, 2)
	limit.Scope = promise.Client
	b.ReportAllocs()
	for b.Loop() {
		if j := Gather(limit, calls).Judge(testLimit(0.01, 2), DefaultTolerance); j.Verdict != Pass {
			b.Fatal("an honest history was flagged", j)
		}
	}
}
