package results

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/mcpload/mcpload/history"
)

// benchCalls is the most single calls a scenario that Benchmark writes. Of more,
// every k-th stands for k: benchstat's test needs no more to see a difference.
const benchCalls = 10_000

// Benchmark writes a run in the Go benchmark format, for benchstat and its kin.
// What a caller waited is a line for each admitted call, as sec/op, so that
// benchstat compares the distributions of two runs; quantiles, rates and bounds of
// the limit, one of each a run, are lines of other units. Without stored calls only
// these are there. It fails with ErrUnfinished where Finish wasn't called.
//
// The format is specified at https://go.dev/design/14313-benchmark-format.
func Benchmark(w io.Writer, d *Document, histories map[string][]history.Call) error {
	if d.Schema != Schema {
		return ErrUnfinished
	}
	b := bufio.NewWriter(w)
	// Not as configuration: benchstat would put two runs into two tables for it.
	fmt.Fprintf(b, "# mcpload %s, started %s, seed %d\n", benchValue(d.Version), benchValue(d.Started), d.Seed)
	b.WriteString("Unit sec/op better=lower\nUnit p50-sec better=lower\nUnit p99-sec better=lower\nUnit admitted/s " +
		"better=higher\n\n")
	for i := range d.Servers {
		s := &d.Servers[i]
		fmt.Fprintf(b, "# %s over %s, limit %s: %s\n", benchValue(s.Server), benchValue(s.Target.String()),
			benchValue(s.Promised()), s.Verdict)
		s.benchLimit(b)
		for j := range s.Scenarios {
			s.Scenarios[j].bench(b, s.Server, histories[s.Server])
		}
		b.WriteByte('\n')
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("cannot write the benchmarks: %w", err)
	}
	return nil
}

// benchLimit adds the bounds of the limit, as far as there are any.
func (s *Server) benchLimit(b *bufio.Writer) {
	if s.Measured == nil {
		return
	}
	fmt.Fprintf(b, "BenchmarkLimit/server=%s 1", benchName(s.Server))
	for _, bound := range []struct {
		unit  string
		value float64
	}{{"rate-lo", s.Measured.Rate.Lo}, {"rate-hi", s.Measured.Rate.Hi}, {"burst-lo", s.Measured.Burst.Lo},
		{"burst-hi", s.Measured.Burst.Hi}} {
		if bound.value < infinite {
			fmt.Fprintf(b, " %v %s", bound.value, bound.unit)
		}
	}
	b.WriteByte('\n')
}

// infinite is above every bound that can be told.
const infinite = 1e300

func (sc *Scenario) bench(b *bufio.Writer, server string, calls []history.Call) {
	name := fmt.Sprintf("server=%s/scenario=%s", benchName(server), benchName(sc.Scenario))
	if n := sc.Latency.Admitted.N; n > 0 {
		fmt.Fprintf(b, "BenchmarkScenario/%s %d %v p50-sec %v p99-sec %v admitted/s\n", name, n,
			sc.Latency.Admitted.P50/1e3, sc.Latency.Admitted.P99/1e3, sc.Rate.Admitted)
	}
	var admitted []*history.Call
	last := history.LastAttempts(calls)
	for i := range calls {
		if c := &calls[i]; c.Outcome == history.OK && c.Label == sc.Scenario && c.Nth() == last[c.Label] {
			admitted = append(admitted, c)
		}
	}
	step := (len(admitted) + benchCalls - 1) / benchCalls
	shown := step
	if sc.Load != nil {
		shown *= max(1, sc.Load.Generator.Sampled)
	}
	if shown > 1 {
		fmt.Fprintf(b, "# one of %d calls of %s is shown\n", shown, name)
	}
	for i := 0; i < len(admitted); i += step {
		fmt.Fprintf(b, "BenchmarkCall/%s 1 %d ns/op\n", name, max(admitted[i].Response().Nanoseconds(), 0))
	}
}

// benchName is a name as one part of a benchmark's: the format has no space in a
// name, takes / and = for its own, and a dash before digits at the end for a
// number of processors.
func benchName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '/' || r == '=' || unicode.IsSpace(r) || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(s, "_"))
	if stem := strings.TrimRight(s, "0123456789"); stem != s && strings.HasSuffix(stem, "-") {
		s = stem[:len(stem)-1] + "_" + s[len(stem):]
	}
	return s
}

// benchValue is a text on one line.
func benchValue(s string) string { return strings.Join(strings.Fields(s), " ") }
