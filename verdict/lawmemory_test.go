package verdict

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

// BenchmarkLawMemory measures the most memory that judging three stacked laws needs at a
// time, in bytes a call, the calls themselves apart.
func BenchmarkLawMemory(b *testing.B) {
	p, calls := stackedCalls(b, 1_000_000)
	defer debug.SetGCPercent(debug.SetGCPercent(2))
	most := 0.0
	for b.Loop() {
		runtime.GC()
		base := liveHeap()
		over := make(chan float64)
		stop := make(chan struct{})
		go func() {
			most := uint64(0)
			for {
				select {
				case <-stop:
					over <- float64(most-base) / float64(len(calls))
					return
				case <-time.After(time.Millisecond):
					most = max(most, liveHeap())
				}
			}
		}()
		JudgeLaws(p, calls, LawConfig{Clocks: DefaultClocks()})
		close(stop)
		most = max(most, <-over)
	}
	b.ReportMetric(most, "peak-B/call")
}

func liveHeap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
