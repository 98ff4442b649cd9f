package merge

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// scaleSwitch has merges benchmarked at their full size, which takes a minute or two.
const scaleSwitch = "MCPLOAD_SCALE"

// large is a part of a load of a million calls, whose history is in a file.
func large(t testing.TB, dir string, nth, of, calls int) Part {
	path := filepath.Join(dir, fmt.Sprintf("shard-%d.jsonl.gz", nth))
	f, err := os.Create(path)
	require.NoError(t, err)
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	require.NoError(t, err)
	w := history.NewWriter(z)
	m := load.NewMetrics(load.Shape{})
	m.Split()
	for i := range calls {
		at := time.Duration(i*of+nth) * 20 * time.Microsecond
		c := history.Call{Arrival: history.Arrival{Due: at, Client: fmt.Sprintf("c%d", nth), Method: "tools/call",
			Tool: "echo", Label: load.Label},
			ID: int64(i + 1), Sent: at + 30*time.Microsecond, Received: at +
				time.Duration(300+i*7919%900)*time.Microsecond, Outcome: history.OK}
		m.Add(c)
		require.NoError(t, w.Write(&c))
	}
	require.NoError(t, w.Flush())
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	measures, err := m.Measures()
	require.NoError(t, err)
	l := &results.Load{Shape: "50000/s", Seconds: 20, Measures: measures, Setting: &results.LoadSetting{Wanted: 1,
		Thresholds: []string{"p99<250ms"}}}
	s := results.Server{Server: "s", Scenarios: []results.Scenario{{Scenario: load.Label, Load: l,
		Calls: results.Counts{Planned: calls, Sent: calls, Admitted: calls}}},
		Shard: &results.Shard{Part: nth, Of: of, Plan: "p",
			Clocks: []results.ShardClock{{Name: "one", Bounds: []results.ClockBound{{LoNS: 1e18, HiNS: 1e18 + 4e5}}}}}}
	return Part{Name: path, Document: &results.Document{Servers: []results.Server{s}},
		Each: func(fn func(string, *history.Call) error) error {
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			z, err := gzip.NewReader(bufio.NewReaderSize(f, 64<<10))
			if err != nil {
				return err
			}
			return history.NewReader(z).Each(func(_ int, c *history.Call) error { return fn("s", c) })
		}}
}

// spent is what something took: of time, or of processors where others had these too.
func spent(t testing.TB) func() time.Duration {
	began := time.Now()
	cpu, ok := runner.OwnCPU()
	return func() time.Duration {
		took := time.Since(began)
		used, still := runner.OwnCPU()
		t.Logf("%s, %s of processors", took.Round(time.Millisecond), (used - cpu).Round(time.Millisecond))
		if ok && still {
			took = min(took, used-cpu)
		}
		return took
	}
}

// peak is how much memory the program has from the system.
func peak() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys-m.HeapReleased) / (1 << 20)
}

// BenchmarkScale puts documents, series and histograms of 64 shards together, and a joint
// history of eight, and judges that. At full size, a million calls a shard, the first
// must take under 60 s and 500 MB and the second under 30 s and 2 GB.
func BenchmarkScale(b *testing.B) {
	calls, full := 20_000, os.Getenv(scaleSwitch) != ""
	if full {
		calls = 1_000_000
	}
	dir := b.TempDir()
	var parts, many []Part
	for nth := 1; nth <= 8; nth++ {
		parts = append(parts, large(b, dir, nth, 8, calls))
	}
	for nth := 1; nth <= 64; nth++ {
		p := parts[nth%8]
		doc := *p.Document
		server := doc.Servers[0]
		of := *server.Shard
		of.Part, of.Of = nth, 64
		server.Shard = &of
		doc.Servers = []results.Server{server}
		p.Document = &doc
		many = append(many, p)
	}
	within := func(b *testing.B, took, most time.Duration, megabytes float64) {
		b.ReportMetric(peak(), "MB")
		if full && (took > most || peak() > megabytes) {
			b.Errorf("%s and %.0f MB, where %s and %.0f MB are the most", took, peak(), most, megabytes)
		}
	}
	b.Run("documents", func(b *testing.B) {
		runtime.GC()
		for b.Loop() {
			took := spent(b)
			whole, err := Runs(many, Config{})
			require.NoError(b, err)
			require.Equal(b, 64*calls, whole.Document.Servers[0].Scenarios[0].Calls.Sent)
			within(b, took(), time.Minute, 500)
		}
	})
	b.Run("history", func(b *testing.B) {
		for b.Loop() {
			took := spent(b)
			limit := profiles.Limit{Rate: 50_000, Burst: 100, Scope: profiles.Global, Charges: []string{"*"}}
			e := verdict.NewEvidence(limit)
			line := 0
			off, err := Joint(parts, Config{}, func(c *history.Call) error {
				line++
				e.Add(line, c)
				return nil
			})
			require.NoError(b, err)
			clocks := verdict.DefaultClocks()
			clocks.Error = off
			f := e.Under(clocks).Check(limit, verdict.DefaultTolerance)
			require.Equal(b, 8*calls, line)
			if full {
				require.Equal(b, verdict.Pass, f.Verdict)
			}
			within(b, took(), 30*time.Second, 2000)
		}
	})
}
