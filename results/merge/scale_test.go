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

// scaleSwitch has the test of large merges run, which takes a minute or two.
const scaleSwitch = "MCPLOAD_SCALE"

// large is a part of a load of a million calls, whose history is in a file.
func large(t *testing.T, dir string, nth, of, calls int) Part {
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
		c := history.Call{Arrival: history.Arrival{Due: at, Client: fmt.Sprintf("c%d", nth), Method: "tools/call", Tool: "echo", Label: load.Label},
			ID: int64(i + 1), Sent: at + 30*time.Microsecond, Received: at + time.Duration(300+i*7919%900)*time.Microsecond, Outcome: history.OK}
		m.Add(c)
		require.NoError(t, w.Write(&c))
	}
	require.NoError(t, w.Flush())
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	measures, err := m.Measures()
	require.NoError(t, err)
	l := &results.Load{Shape: "50000/s", Seconds: 20, Measures: measures, Setting: &results.LoadSetting{Wanted: 1, Thresholds: []string{"p99<250ms"}}}
	s := results.Server{Server: "s", Scenarios: []results.Scenario{{Scenario: load.Label, Load: l}},
		Shard: &results.Shard{Part: nth, Of: of, Plan: "p", Clocks: []results.ShardClock{{Name: "one", Bounds: []results.ClockBound{{LoNS: 1e18, HiNS: 1e18 + 4e5}}}}}}
	return Part{Name: path, Document: &results.Document{Servers: []results.Server{s}}, Each: func(fn func(string, *history.Call) error) error {
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
func spent(t *testing.T) func() time.Duration {
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

// Documents, series and histograms of 64 shards of a million calls each take under 60 s
// and 500 MB; a joint history of eight is put together and judged in under 30 s and 2 GB.
func TestScale(t *testing.T) {
	if os.Getenv(scaleSwitch) == "" {
		t.Skipf("NOT RUN: merging millions of calls takes minutes; %s=1 runs it, as the nightly build does", scaleSwitch)
	}
	dir := t.TempDir()
	var parts []Part
	for nth := 1; nth <= 8; nth++ {
		parts = append(parts, large(t, dir, nth, 8, 1_000_000))
	}
	var many []Part
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
	runtime.GC()
	took := spent(t)
	whole, err := Runs(many, Config{})
	require.NoError(t, err)
	require.Equal(t, 64_000_000, whole.Document.Servers[0].Scenarios[0].Calls.Sent)
	t.Logf("64 shards of 1,000,000 calls: %.0f MB", peak())
	require.Less(t, took(), time.Minute)
	require.Less(t, peak(), 500.0)

	took = spent(t)
	e := verdict.NewEvidence(profiles.Limit{Rate: 50_000, Burst: 100, Scope: profiles.Global, Charges: []string{"*"}})
	line := 0
	off, err := Joint(parts, Config{}, func(c *history.Call) error {
		line++
		e.Add(line, c)
		return nil
	})
	require.NoError(t, err)
	clocks := verdict.DefaultClocks()
	clocks.Error = off
	f := e.Under(clocks).Check(50_000, 100, verdict.DefaultTolerance)
	t.Logf("a joint history of 8 × 1,000,000 calls: %.0f MB: %s", peak(), f.Verdict)
	require.Less(t, took(), 30*time.Second)
	require.Less(t, peak(), 2000.0)
	require.Equal(t, verdict.Pass, f.Verdict)
}
