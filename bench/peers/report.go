//go:build linux

package main

import (
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
			fmt.Fprintf(b, "| %s | %.0f µs | %.0f µs | %.2f | %.0f |\n", name, median(runs, func(r run) float64 { return r.late50 }),
				median(runs, func(r run) float64 { return r.late99 }), median(runs, cores), median(runs, func(r run) float64 { return r.unsent }))
			continue
		}
		fmt.Fprintf(b, "| %s | %.2f | %.0f | %.0f MiB |\n", name, median(runs, micros), median(runs, perSec), median(runs, func(r run) float64 { return float64(r.rss >> 20) }))
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
		{"CPU a call, 16 connections, by vegeta's", of(0, "mcpload", micros) / of(0, "vegeta", micros), 0.25, true},
		{"CPU a call, 64 connections, by vegeta's", of(1, "mcpload", micros) / of(1, "vegeta", micros), 0.25, true},
		{"CPU a call, by that of k6's http module, which costs less than its MCP extension", of(0, "mcpload", micros) / of(0, "k6 (its http module)", micros), 1.0 / 12, true},
		{"CPU a call, 16 connections, by wrk's (a goal)", of(0, "mcpload", micros) / of(0, "wrk", micros), 1, true},
		{"CPU a call, 64 connections, by wrk's (a goal)", of(1, "mcpload", micros) / of(1, "wrk", micros), 1, true},
		{"calls a second, 16 connections, by vegeta's", of(0, "mcpload", perSec) / of(0, "vegeta", perSec), 3, false},
		{"calls a second, 64 connections, by vegeta's", of(1, "mcpload", perSec) / of(1, "vegeta", perSec), 3, false},
		{"CPU a call against mcp-go's server, by vegeta's", of(2, "mcpload", micros) / of(2, "vegeta", micros), 0.25, true},
		{"lateness p99 at 2,000/s, by vegeta's", of(3, "mcpload", late99) / of(3, "vegeta", late99), 0.2, true},
		{"cores at 2,000/s", of(3, "mcpload", cores), 0.4, true},
		{"calls unsent at 10,000/s", of(4, "mcpload", func(r run) float64 { return r.unsent }), 0, true},
		{"CPU a call with 10,000 sessions, by that with 10", of(5, "10,000 sessions", micros) / of(5, "10 sessions", micros), 1.2, true},
		{"CPU a call over stdio, canned replies, by that of mcp-go's client", of(6, "mcpload", micros) / of(6, "mcp-go's client", micros), 0.2, true},
		{"CPU a call over stdio, mcp-go's server, by that of mcp-go's client", of(7, "mcpload", micros) / of(7, "mcp-go's client", micros), 0.2, true},
		{"memory, MiB", of(0, "mcpload", func(r run) float64 { return float64(r.rss) / (1 << 20) }), 64, true},
	}
	b.WriteString("## What is required\n\n")
	table(b, demands)
	b.WriteString("\nThat the steady state allocates nothing is a test (`TestLoopAllocatesNothing`, `TestPipeAllocatesNothing`).\n" +
		"k6's extension for MCP can't be had from the Go proxy, so that k6's own http module,\nwhich is cheaper, stands in for it; fortio can't either.\n")
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

var benchLine = regexp.MustCompile(`(?m)^Benchmark(OneKey|MillionKeys)/(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op(?:\s+([\d.]+) B/key)?`)

// limiter measures package ratelimit beside x/time/rate in one run.
func limiter(b *strings.Builder) {
	out, err := exec.Command("go", "test", "-run", "^$", "-bench", "OneKey|MillionKeys", "-benchtime", "100ms", "-count", "5", "-cpu", "2", "./ratelimit").CombinedOutput()
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
	b.WriteString("## The limiter\n\nPackage `ratelimit` beside golang.org/x/time/rate (a million keys: in a map behind a mutex), in one run.\n\n| benchmark | ns a decision | bytes a key |\n|---|---:|---:|\n")
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
			demands = append(demands, demand{"x/time/rate's time by ours, one key, " + load + ", callers: " + callers, medians[name+"xtime"] / medians[name+"ratelimit"], 2, false})
		}
	}
	demands = append(demands,
		demand{"our time by x/time/rate's, a million keys held (a goal)", medians["MillionKeys/by=ratelimit-held"] / medians["MillionKeys/by=xtime"], 1, true},
		demand{"the same where we forget and take up keys and it holds all (a goal)", medians["MillionKeys/by=ratelimit"] / medians["MillionKeys/by=xtime"], 1, true})
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
	return fmt.Sprintf("%s, %d cores, Linux %s, %s; %s, vegeta 12.13.0, mcp-go 1.2.1, k6 1.8.1", model, runtime.NumCPU(), strings.TrimSpace(kernel), runtime.Version(), wrk)
}
