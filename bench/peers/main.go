//go:build linux

// Peers measures mcpload beside the tools that a load on an MCP server could be
// made with otherwise: in turn, several rounds, and by the processor time of the
// whole process. It prints a table in Markdown and what is required of it.
//
//	peers -bin DIR -rounds 3 -seconds 3 -o docs/PERFORMANCE.md
//
// DIR holds mcpload, canned, gomcp, peer, streams, vegeta, fortio and k6; wrk is taken from
// PATH. A tool that is missing is said to be. With k6-mcp there, which is k6 with
// github.com/grafana/xk6-mcp, that is measured too.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var (
	bin     = flag.String("bin", "bin", "folder of the programs")
	rounds  = flag.Int("rounds", 3, "rounds; medians are reported")
	seconds = flag.Int("seconds", 3, "of a run")
	output  = flag.String("o", "", "file to write; empty: standard output")
	here    = flag.String("bench", "bench", "folder of this module")
)

// A run is what one run of a tool came to.
type run struct {
	calls  float64
	cpu    time.Duration // of the process and those it waited for
	took   time.Duration
	rss    int64 // bytes, at most
	late50 float64
	late99 float64 // µs
	unsent float64
	failed string
	micros float64 // of CPU a call
	rate   float64 // calls a second

	// of a contest with streams
	p50    float64 // ms that quick calls took
	own    float64 // µs of CPU, without the set-up
	events float64
}

// A tool is how a run is started, and how its output tells how many calls there were.
type tool struct {
	name  string
	argv  []string
	env   []string
	calls func(out []byte, r *run) error
}

// A contest is one set of tools under the same conditions.
type contest struct {
	title  string
	server string // canned or gomcp
	tools  func(url string) []tool
	runs   map[string][]run
	order  []string
}

func main() {
	flag.Parse()
	var err error
	if scratch, err = os.MkdirTemp("", "peers"); err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(scratch) // what the tools kept is of no use to anybody
	list := contests()
	for round := range *rounds {
		for _, c := range list {
			url, stop := start(c.server)
			for _, t := range c.tools(url) {
				r := measure(t)
				fmt.Fprintf(os.Stderr, "round %d, %s, %s: %.0f calls, %.2f µs CPU a call, %.0f/s %s\n", round+1,
					c.title, t.name, r.calls, r.micros, r.rate, r.failed)
				if c.runs[t.name] == nil {
					c.order = append(c.order, t.name)
				}
				c.runs[t.name] = append(c.runs[t.name], r)
			}
			stop()
		}
	}
	text := report(list)
	if *output == "" {
		fmt.Print(text)
	} else if err := os.WriteFile(*output, []byte(text), 0o644); err != nil {
		log.Fatal(err)
	}
}

func program(name string) string { return filepath.Join(*bin, name) }

// has reports if a program is there that need not be.
func has(name string) bool {
	_, err := os.Stat(program(name))
	return err == nil
}

// start starts a server and returns its URL.
func start(name string) (string, func()) {
	if name == "" {
		return "", func() {}
	}
	cmd := exec.Command(program(name))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		log.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		log.Fatal(err)
	}
	return strings.TrimSpace(line), func() { _ = cmd.Process.Kill(); _ = cmd.Wait() } // it was to end so
}

// measure runs a tool.
func measure(t tool) (r run) {
	cmd := exec.Command(t.argv[0], t.argv[1:]...)
	cmd.Env = append(os.Environ(), t.env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	begin := time.Now()
	err := cmd.Run()
	r.took = time.Since(begin)
	if cmd.ProcessState == nil {
		r.failed = "not available: " + err.Error()
		return r
	}
	r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.rss = u.Maxrss << 10
	}
	if e := t.calls(out.Bytes(), &r); e != nil {
		r.failed = fmt.Sprintf("%v; %v %s", e, err, errs.String())
		return r
	}
	if r.calls > 0 && r.micros == 0 {
		r.micros = float64(r.cpu.Microseconds()) / r.calls
	}
	if r.rate == 0 {
		r.rate = r.calls / r.took.Seconds()
	}
	return r
}

func ours(name, url string, connections int, rate string, more ...string) tool {
	return oursKept(name, url, connections, rate, append(more, "--no-store")...)
}

// oursKept has the history of the run kept, as it is unless told otherwise.
func oursKept(name, url string, connections int, rate string, more ...string) tool {
	argv := append([]string{program("mcpload"), "load", "--format", "json", "--tool", "echo", "--args", `{"text":"hi"}`,
		"--protocol", "2025-11-25", "--rate", rate, "--connections", strconv.Itoa(connections), "--duration",
		fmt.Sprint(*seconds, "s"), "--url", url}, more...)
	return tool{name: name, argv: argv, env: []string{"MCPLOAD_RESULTS=" + filepath.Join(scratch, "runs")},
		calls: document}
}

// attack is vegeta's command, which keeps its results as ours does.
func attack(url string, connections int) tool {
	body, targets, kept := filepath.Join(scratch, "body"), filepath.Join(scratch, "targets"), filepath.Join(scratch,
		"vegeta.bin")
	for name, text := range map[string]string{body: call, targets: "POST " + url + "\nContent-Type: " +
		"application/json\nAccept: application/json, text/event-stream\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	n := fmt.Sprint(connections)
	return tool{name: vegetaKept, argv: []string{program("vegeta"), "attack", "-targets", targets, "-body", body,
		"-rate", "0", "-http2=false",
		"-workers", n, "-max-workers", n, "-connections", n, "-duration", fmt.Sprint(*seconds, "s"), "-output", kept},
		calls: func(_ []byte, r *run) error {
			out, err := exec.Command(program("vegeta"), "report", "-type", "json", kept).Output()
			var d struct {
				Requests float64
				Success  float64
			}
			if err == nil {
				err = json.Unmarshal(out, &d)
			}
			if r.calls = d.Requests; err == nil && d.Success != 1 {
				err = fmt.Errorf("%.3f of the calls succeeded", d.Success)
			}
			return err
		}}
}

// fortio is its fast client.
func fortio(url string, connections int) tool {
	return tool{name: "fortio", argv: []string{program("fortio"), "load", "-quiet", "-c", fmt.Sprint(connections),
		"-qps", "0", "-t", fmt.Sprint(*seconds, "s"),
		"-content-type", "application/json", "-H", "Accept: application/json, text/event-stream", "-payload", call,
		"-json", "-", url}, calls: func(out []byte, r *run) error {
		var d struct{ RetCodes map[string]float64 }
		if err := json.Unmarshal(out, &d); err != nil {
			return err
		}
		r.calls = d.RetCodes["200"]
		if len(d.RetCodes) != 1 {
			return fmt.Errorf("not all calls succeeded: %v", d.RetCodes)
		}
		return nil
	}}
}

// k6 runs a script for k6 with a program that may have extensions.
func k6(name, bin, script, url string, connections int, counter string) tool {
	return tool{name: name, argv: []string{program(bin), "run", "--quiet", "--no-usage-report",
		filepath.Join(*here, script)},
		env: []string{"URL=" + url, "CONNECTIONS=" + fmt.Sprint(connections), "DURATION=" + fmt.Sprint(*seconds,
			"s")},
		calls: match(counter + `\.*: (\d+)`)}
}

// The tools that are compared with.
const (
	keptName   = "mcpload, the run kept"
	vegetaName = "vegeta's library, results dropped"
	vegetaKept = "vegeta attack, results kept"
	k6Name     = "k6, its http module"
	k6MCPName  = "k6 with xk6-mcp"
)

// call is the request that all tools send.
const call = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}`

// scratch is a folder for what the tools keep.
var scratch string

// document reads mcpload's result document. The processor time is that of the
// whole process, the set-up with it, but for a run of many sessions.
func document(out []byte, r *run) error {
	type loaded struct {
		Seconds   float64            `json:"seconds"`
		Sessions  int                `json:"sessions"`
		Outcomes  map[string]float64 `json:"outcomes"`
		Processes int                `json:"processes"`
		Generator struct {
			CPU    float64            `json:"cpu_cores"`
			Pacing map[string]float64 `json:"pacing"`
		} `json:"generator"`
	}
	var d struct {
		Servers []struct {
			Scenarios []struct {
				Load *loaded `json:"load"`
			} `json:"scenarios"`
		} `json:"servers"`
	}
	err := json.Unmarshal(out, &d)
	if err != nil || len(d.Servers) == 0 || len(d.Servers[0].Scenarios) == 0 || d.Servers[0].Scenarios[0].Load == nil {
		return fmt.Errorf("no result document (%v)", err)
	}
	l := d.Servers[0].Scenarios[0].Load
	for outcome, n := range l.Outcomes {
		if outcome == "unsent" {
			r.unsent += n
			continue
		}
		if r.calls += n; outcome != "ok" {
			return fmt.Errorf("%.0f calls came to %s", n, outcome)
		}
	}
	r.rate = r.calls / l.Seconds
	r.late50, r.late99 = l.Generator.Pacing["p50_ms"]*1e3, l.Generator.Pacing["p99_ms"]*1e3
	// A process' time holds that of its children, and the set-up of sessions:
	// where that matters, what mcpload says of its run counts.
	if l.Sessions > 1 || l.Processes > 0 {
		r.micros = l.Generator.CPU * l.Seconds / r.calls * 1e6
	}
	return nil
}

func peerReport(out []byte, r *run) error {
	var d struct {
		Calls, Failed float64
		Micros        float64 `json:"own_cpu_us"`
		LateP50       float64 `json:"late_p50"`
		LateP99       float64 `json:"late_p99"`
	}
	if err := json.Unmarshal(out, &d); err != nil {
		return err
	}
	r.calls, r.late50, r.late99 = d.Calls, d.LateP50, d.LateP99
	r.micros = d.Micros / d.Calls
	if d.Failed > 0 {
		return fmt.Errorf("%.0f calls failed", d.Failed)
	}
	return nil
}

// match reads a number out of a tool's output.
func match(pattern string) func([]byte, *run) error {
	re := regexp.MustCompile(pattern)
	return func(out []byte, r *run) (err error) {
		m := re.FindSubmatch(out)
		if m == nil {
			return fmt.Errorf("no %q in its output", pattern)
		}
		r.calls, err = strconv.ParseFloat(string(m[1]), 64)
		return err
	}
}

// overStdio are the clients that speak with a child.
func overStdio(server string) func(string) []tool {
	return func(string) []tool {
		us := ours("mcpload", "", 16, "max")
		at := slices.Index(us.argv, "--url")
		us.argv = append(slices.Delete(us.argv, at, at+2), "--", program(server), "stdio")
		return []tool{us, {name: "mcp-go's client", argv: []string{program("peer"), "mcpgo-stdio", "100000",
			program(server), "stdio"}, calls: peerReport}}
	}
}

func contests() []*contest {
	duration := fmt.Sprint(*seconds, "s")
	saturation := func(n int, all bool) func(string) []tool {
		return func(url string) []tool {
			list := []tool{
				ours("mcpload", url, n, "max"),
				{name: "wrk", argv: []string{"wrk", "-t1", fmt.Sprint("-c", n), "-d" + duration, "-s",
					filepath.Join(*here, "wrk.lua"), url}, calls: match(`(\d+) requests in`)},
				{name: vegetaName, argv: []string{program("peer"), "vegeta", url, fmt.Sprint(n), "0",
					fmt.Sprint(*seconds)}, calls: peerReport},
				oursKept(keptName, url, n, "max"),
				attack(url, n),
			}
			if !all {
				return list
			}
			list = append(list, fortio(url, n), k6(k6Name, "k6", "k6.js", url, n, "http_reqs"))
			if has("k6-mcp") {
				list = append(list, k6(k6MCPName, "k6-mcp", "k6-mcp.js", url, n, "mcp_request_count"))
			}
			return list
		}
	}
	paced := func(rate int) func(string) []tool {
		return func(url string) []tool {
			return []tool{ours("mcpload", url, 64, fmt.Sprint(rate, "/s")),
				{name: vegetaName, argv: []string{program("peer"), "vegeta", url, "64", fmt.Sprint(rate),
					fmt.Sprint(*seconds)}, calls: peerReport}}
		}
	}
	list := []*contest{
		{title: "canned replies, 16 connections, as fast as it goes", server: "canned", tools: saturation(16, true)},
		{title: "canned replies, 64 connections, as fast as it goes", server: "canned", tools: saturation(64, false)},
		{title: "mcp-go's server, 16 connections, as fast as it goes", server: "gomcp", tools: saturation(16, true)},
		{title: "canned replies, 2,000/s", server: "canned", tools: paced(2000)},
		{title: "canned replies, 10,000/s", server: "canned", tools: paced(10000)},
		{title: "canned replies, 64 connections, by the number of sessions", server: "canned",
			tools: func(url string) []tool {
				return []tool{ours("10 sessions", url, 64, "max", "--sessions", "10"), ours("10,000 sessions", url, 64,
					"max", "--sessions", "10000")}
			}},
		{title: "canned replies over stdio, 16 calls in flight", tools: overStdio("canned")},
		{title: "mcp-go's server over stdio, 16 calls in flight", tools: overStdio("gomcp")},
		{title: "canned replies, 16 connections, session churn", server: "canned", tools: func(url string) []tool {
			return []tool{ours(staysName, url, 16, "max", "--sessions", "16"), churn(url)}
		}},
		streamContest(),
	}
	for _, c := range list {
		c.runs = map[string][]run{}
	}
	return list
}
