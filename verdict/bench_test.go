package verdict

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mcpload/mcpload/history"
)

// longHistory is n calls offered at 1.3 times a limit of 1000/s burst 200,
// with delays of milliseconds.
func longHistory(n int) []history.Call {
	r := rand.New(rand.NewPCG(1, 9))
	ds := make([]decision, n)
	var now time.Duration
	for i := range ds {
		now += time.Duration(r.ExpFloat64() / 1300 * 1e9)
		decided := now + time.Duration(r.ExpFloat64()*2e6)
		ds[i] = decision{sent: now, decided: decided, received: decided + time.Duration(r.ExpFloat64()*2e6)}
	}
	return decide(ds, newLevel(1000, 200).take)
}

// BenchmarkJudge backs the claims on growth: one check at one (rate, burst).
func BenchmarkJudge(b *testing.B) {
	for _, n := range []int{1e4, 1e5, 1e6, 1e7} {
		if n > 1e6 && testing.Short() {
			continue
		}
		b.Run(fmt.Sprintf("calls=%d", n), func(b *testing.B) {
			calls := longHistory(n)
			limit := testLimit(1000, 200)
			b.ResetTimer()
			for b.Loop() {
				ev := Gather(limit, calls)
				if ev.BurstMin(1000) > 200+1e-6 || ev.BurstMax(1000) <= 200-1e-6 {
					b.Fatal("an honest history was flagged")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/call")
		})
	}
}

// BenchmarkMeasure backs the claim on the measured box.
func BenchmarkMeasure(b *testing.B) {
	for _, n := range []int{1e4, 1e5, 1e6} {
		b.Run(fmt.Sprintf("calls=%d", n), func(b *testing.B) {
			ev := Gather(testLimit(1000, 200), longHistory(n))
			b.ResetTimer()
			for b.Loop() {
				m, ok := ev.Measure(0.05)
				if !ok || m.Rate.Lo > 1000 || m.Rate.Hi < 1000 {
					b.Fatal("the box lost the truth", m, ok)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/call")
		})
	}
}
