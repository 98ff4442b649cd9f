//go:build linux

package main

import (
	"debug/buildinfo"
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// median is that of what get returns of each run.
func median(runs []run, get func(run) float64) float64 {
	var list []float64
	for _, r := range runs {
		if r.failed == "" {
			list = append(list, get(r))
		}
	}
	if len(list) == 0 {
		return math.NaN() // no comparison with it is true
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func micros(r run) float64 { return r.micros }
func perSec(r run) float64 { return r.rate }

// cores is the processor time of a run of a fixed rate, in cores.
func cores(r run) float64 { return r.cpu.Seconds() / float64(*seconds) }

// report writes what was measured.
func report(list []*contest) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Performance

How mcpload compares with the tools that a load on an MCP server could be made with
otherwise. `+"`make bench-peers`"+` measures it and writes this file: medians of %d
interleaved rounds of %d s, client and server on one machine. Processor time is that of
the client's whole process. mcpload parses every reply, matches it by id, classifies and
records it; wrk looks at none.

Measured on %s: %s.

`, *rounds, *seconds, time.Now().UTC().Format(time.DateOnly), machine())
	for _, c := range list {
		c.write(&b)
	}
	limiter(&b)
	inProcess(&b)
	required(&b, list)
	return b.String()
}

func (c *contest) write(b *strings.Builder) {
	fmt.Fprintf(b, "## %s%s\n\n", strings.ToUpper(c.title[:1]), c.title[1:])
	paced := strings.HasSuffix(c.title, "/s")
	if paced {
		b.WriteString("| client | late p50 | late p99 | cores | unsent |\n|---|---:|---:|---:|---:|\n")
	} else {
		b.WriteString("| client | µs of CPU a call | calls a second | memory at most |\n|---|---:|---:|---:|\n")
	}
	for _, name := range c.order {
		runs := c.runs[name]
		if n := len(runs); runs[n-1].failed != "" {
			fmt.Fprintf(b, "| %s | not measured: %s |\n", name, firstLine(runs[n-1].failed))
			continue
		}
		if paced {
			fmt.Fprintf(b, "| %s | %.0f µs | %.0f µs | %.2f | %.0f |\n", name,
				median(runs, func(r run) float64 { return r.late50 }),
				median(runs, func(r run) float64 { return r.late99 }), median(runs, cores),
				median(runs, func(r run) float64 { return r.unsent }))
			continue
		}
		fmt.Fprintf(b, "| %s | %.2f | %.0f | %.0f MiB |\n", name, median(runs, micros), median(runs, perSec),
			median(runs, func(r run) float64 { return float64(r.rss >> 20) }))
	}
	b.WriteString("\n")
}

func firstLine(s string) string { line, _, _ := strings.Cut(strings.TrimSpace(s), "\n"); return line }

// A demand is a ratio that is required.
type demand struct {
	what   string
	ratio  float64
	limit  float64
	atMost bool
}

// required writes what is required, and if it was reached.
func required(b *strings.Builder, list []*contest) {
	of := func(contest int, name string, get func(run) float64) float64 {
		return median(list[contest].runs[name], get)
	}
	late99 := func(r run) float64 { return r.late99 }
	demands := []demand{
		{"CPU a call, 16 connections, the run kept, by vegeta attack's", of(0, keptName, micros) / of(0, vegetaKept,
			micros), 0.25, true},
		{"CPU a call, 64 connections, the run kept, by vegeta attack's", of(1, keptName, micros) / of(1, vegetaKept,
			micros), 0.25, true},
		{"CPU a call, 16 connections, nothing kept, by that of vegeta's library", of(0, "mcpload", micros) / of(0,
			vegetaName, micros), 0.25, true},
		{"CPU a call, 64 connections, nothing kept, by that of vegeta's library", of(1, "mcpload", micros) / of(1,
			vegetaName, micros), 0.25, true},
		byK6(of),
		{"CPU a call, 16 connections, by wrk's", of(0, "mcpload", micros) / of(0, "wrk", micros), 1, true},
		{"CPU a call, 64 connections, by wrk's", of(1, "mcpload", micros) / of(1, "wrk", micros), 1, true},
		{"the same, 16 connections (a goal)", of(0, "mcpload", micros) / of(0, "wrk", micros), 0.8, true},
		{"the same, 64 connections (a goal)", of(1, "mcpload", micros) / of(1, "wrk", micros), 0.8, true},
		{"calls a second, 16 connections, by vegeta's", of(0, "mcpload", perSec) / of(0, vegetaName, perSec), 4, false},
		{"calls a second, 64 connections, by vegeta's", of(1, "mcpload", perSec) / of(1, vegetaName, perSec), 4, false},
		{"CPU a call against mcp-go's server, the run kept, by vegeta attack's", of(2, keptName, micros) / of(2,
			vegetaKept, micros), 0.25, true},
		{"CPU a call against mcp-go's server, nothing kept, by that of vegeta's library",
			of(2, "mcpload", micros) / of(2, vegetaName, micros), 0.25, true},
		{"CPU a call against mcp-go's server, by wrk's", of(2, "mcpload", micros) / of(2, "wrk", micros), 1, true},
		{"lateness p99 at 2,000/s, by vegeta's", of(3, "mcpload", late99) / of(3, vegetaName, late99), 0.2, true},
		{"cores at 2,000/s", of(3, "mcpload", cores), 0.4, true},
		{"calls unsent at 10,000/s", of(4, "mcpload", func(r run) float64 { return r.unsent }), 0, true},
		{"CPU a call with 10,000 sessions, by that with 10", of(5, "10,000 sessions", micros) / of(5, "10 sessions",
			micros), 1.2, true},
		{"CPU a call over stdio, canned replies, by that of mcp-go's client", of(6, "mcpload", micros) / of(6,
			"mcp-go's client", micros), 0.2, true},
		{"CPU a call over stdio, mcp-go's server, by that of mcp-go's client (a goal)",
			of(7, "mcpload", micros) / of(7, "mcp-go's client", micros), 0.4, true},
		{"CPU a message where each session serves one call, by that of a call on sessions that stay (a goal)",
			of(8, churnName, micros) / of(8, staysName, micros), 2, true},
		{"memory, MiB, the run kept", of(0, keptName, func(r run) float64 { return float64(r.rss) / (1 << 20) }), 64,
			true},
	}
	demands = append(demands, streamDemands(func(name string, get func(run) float64) float64 { return of(9, name, get) })...)
	b.WriteString("## What is required\n\n")
	table(b, demands)
	b.WriteString("\nThat the steady state allocates nothing is a test (`TestLoopAllocatesNothing`, " +
		"`TestPipeAllocatesNothing`).\n" +
		"What is required is required with canned replies; mcp-go's server is measured besides. It answers\n" +
		"each call by itself, so that each reply wakes the client, whatever client that is: a third of what\n" +
		"we spend there. To sleep until there are more replies would spare it, and measure latencies that\n" +
		"are ours.\n\n" +
		"A loop in C that sends and receives and looks at no reply takes 0.77 to 0.80 of wrk's time a call on\n" +
		"canned replies (2026-12-01, 3.2 and 4.2 µs), so that 0.8 leaves nothing to read, match and record them\n" +
		"with; the same loop by io_uring takes 1.00 of that with 16 connections and 0.97 with 64: nearly all is\n" +
		"spent in the kernel's TCP, and not on entering it. So there is no loop by io_uring.\n\n" +
		"fortio is of the last version whose command the Go proxy can build.\n")
	if has("k6-mcp") {
		b.WriteString("xk6-mcp is the commit of 2026-04-09, whose source doesn't compile with the go-sdk that\nit " +
			"asks for: five of its calls were put into the terms of that go-sdk, nothing else.\n")
	} else {
		b.WriteString("xk6-mcp isn't in the Go proxy, so that k6's own http module, which costs less, stands\nin for " +
			"it; `bin/k6-mcp` is measured where it is there.\n")
	}
}

// byK6 compares with k6's extension for MCP, or without it with k6 itself.
func byK6(of func(int, string, func(run) float64) float64) demand {
	if has("k6-mcp") {
		return demand{"CPU a call, by that of k6 with xk6-mcp", of(0, "mcpload", micros) / of(0, k6MCPName, micros),
			1.0 / 12, true}
	}
	return demand{"CPU a call, by that of k6's http module, which costs less than its MCP extension",
		of(0, "mcpload", micros) / of(0, k6Name, micros), 1.0 / 12, true}
}

// table writes a line a demand.
func table(b *strings.Builder, demands []demand) {
	b.WriteString("| what | required | measured | |\n|---|---:|---:|---|\n")
	for _, d := range demands {
		sign, kept := "≥", d.ratio >= d.limit
		if d.atMost {
			sign, kept = "≤", d.ratio <= d.limit
		}
		word := "kept"
		if !kept {
			word = "**missed**"
		}
		fmt.Fprintf(b, "| %s | %s %.3g | %.3g | %s |\n", d.what, sign, d.limit, d.ratio, word)
	}
}

var inProcessLine = regexp.MustCompile(`(?m)^BenchmarkInProcess/by=(handler|mcpload)\S*\s+\d+\s+([\d.]+) ns/op`)

// inProcess measures calls to a handler in our own process beside calling it.
func inProcess(b *strings.Builder) {
	b.WriteString("## In-process\n\nMcp-go's server as a function, called by mcpload and directly, in one run.\n\n")
	out, err := exec.Command("go", "test", "-run", "^$", "-bench", "InProcess", "-count", "7",
		"./internal/wire").CombinedOutput()
	if err != nil {
		fmt.Fprintf(b, "Not measured: %v\n\n", err)
		return
	}
	times := map[string][]float64{}
	for _, m := range inProcessLine.FindAllStringSubmatch(string(out), -1) {
		if ns, err := strconv.ParseFloat(m[2], 64); err == nil {
			times[m[1]] = append(times[m[1]], ns)
		}
	}
	of := func(by string) float64 {
		if len(times[by]) == 0 {
			return math.NaN()
		}
		slices.Sort(times[by])
		return times[by][len(times[by])/2]
	}
	fmt.Fprintf(b, "| by | ns a call |\n|---|---:|\n| the handler | %.0f |\n| mcpload | %.0f |\n\n", of("handler"),
		of("mcpload"))
	table(b, []demand{{"time of an in-process call, by that of the handler", of("mcpload") / of("handler"), 1.2, true}})
	b.WriteString("\n")
}

var benchLine = regexp.MustCompile(
	`(?m)^Benchmark(OneKey|MillionKeys)/(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op(?:\s+([\d.]+) B/key)?`)

// limiter measures package ratelimit beside x/time/rate in one run.
func limiter(b *strings.Builder) {
	out, err := exec.Command("go", "test", "-run", "^$", "-bench", "OneKey|MillionKeys", "-benchtime", "100ms",
		"-count", "5", "-cpu", "2", "./ratelimit").CombinedOutput()
	if err != nil {
		fmt.Fprintf(b, "## The limiter\n\nNot measured: %v\n\n", err)
		return
	}
	times, medians, bytes, order := map[string][]float64{}, map[string]float64{}, map[string]string{}, []string{}
	for _, m := range benchLine.FindAllStringSubmatch(string(out), -1) {
		name := m[1] + "/" + m[2]
		if times[name] == nil {
			order = append(order, name)
		}
		ns, err := strconv.ParseFloat(m[3], 64)
		if err == nil {
			times[name] = append(times[name], ns)
		}
		bytes[name] = m[4]
	}
	b.WriteString("## The limiter\n\nPackage `ratelimit` beside golang.org/x/time/rate (a million keys: in a map " +
		"behind a mutex), in one run.\n\n| benchmark | ns a decision | bytes a key |\n|---|---:|---:|\n")
	for _, name := range order {
		list := times[name]
		slices.Sort(list)
		medians[name] = list[len(list)/2]
		fmt.Fprintf(b, "| %s | %.1f | %s |\n", name, medians[name], bytes[name])
	}
	perKey, err := strconv.ParseFloat(bytes["MillionKeys/by=ratelimit-held"], 64)
	if err != nil {
		fmt.Fprintf(b, "\nThe bytes a key were not measured: %v\n\n", err)
		return
	}
	demands := []demand{{"bytes a key, a million held", perKey, 64, true}}
	for _, load := range []string{"refuse", "admit"} {
		for _, callers := range []string{"one", "all"} {
			name := "OneKey/load=" + load + "/callers=" + callers + "/by="
			demands = append(demands, demand{"x/time/rate's time by ours, one key, " + load + ", callers: " + callers,
				medians[name+"xtime"] / medians[name+"ratelimit"], 2, false})
		}
	}
	demands = append(demands,
		demand{"our time by x/time/rate's, a million keys held (a goal)",
			medians["MillionKeys/by=ratelimit-held"] / medians["MillionKeys/by=xtime"], 1, true},
		demand{"the same where we forget and take up keys and it holds all (a goal)",
			medians["MillionKeys/by=ratelimit"] / medians["MillionKeys/by=xtime"], 1, true})
	b.WriteString("\n")
	table(b, demands)
	b.WriteString("\n")
}

// machine says what it was measured on, and with which versions.
func machine() string {
	model := "a processor of unknown make"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := regexp.MustCompile(`model name\s*:\s*(.*)`).FindSubmatch(text); m != nil {
			model = string(m[1])
		}
	}
	kernel := ""
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel, _, _ = strings.Cut(string(text), "-")
	}
	wrk := "no wrk"
	if out, _ := exec.Command("wrk", "-v").CombinedOutput(); len(out) > 0 { // it exits with 1
		wrk = strings.Join(strings.Fields(firstLine(string(out)))[:2], " ")
	}
	list := []string{wrk}
	for _, p := range []struct{ program, name, module string }{
		{"vegeta", "vegeta", "github.com/tsenart/vegeta/v12"}, {"gomcp", "mcp-go", "github.com/mark3labs/mcp-go"},
		{"fortio", "fortio", "fortio.org/fortio"}, {"k6", "k6", "go.k6.io/k6"}, {"k6-mcp", "go-sdk in xk6-mcp",
			"github.com/modelcontextprotocol/go-sdk"},
	} {
		if v := versionIn(program(p.program), p.module); v != "" {
			list = append(list, p.name+" "+v)
		}
	}
	return fmt.Sprintf("%s, %d cores, Linux %s, %s; %s", model, runtime.NumCPU(), strings.TrimSpace(kernel),
		runtime.Version(), strings.Join(list, ", "))
}

// versionIn is the version of a module that a Go program was built of, empty where
// that can't be told.
func versionIn(program, module string) string {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return ""
}
