//go:build noise && linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// The soak: honest servers are judged while the server, the tester and the
// network between them stand still now and then and four loops keep the machine
// busy. Not one of the runs may fail. `make noise` runs it; NOISE_RUNS says how
// many honest runs (300; CI takes 24 and leaves the rest to the night),
// NOISE_SEED what they draw their lots by (drawn, and printed), and NOISE_ONLY
// takes one run by the number that it was printed with.

// The promise that every server of the soak is held to.
const soakRate, soakBurst = "12/s", "16"

const (
	atOnce  = 8   // runs that share the machine
	nightly = 300 // honest runs
)

// A soakServer is a kind of server, all but one of them honest.
type soakServer struct {
	name   string
	broken bool // it must fail now and then, else the soak proves nothing

	stdio bool
	argv  func(s *soak, port string) []string
	// url finds the address in a line that the server prints; nil: /mcp on the port.
	prints bool
}

func soakMock(s *soak, more ...string) []string {
	return append([]string{s.mcpload, "mock", "--server", "unifi-mcp", "--rate", soakRate, "--burst", soakBurst},
		more...)
}

var soakServers = []soakServer{
	{name: "mock-http", prints: true, argv: func(s *soak, port string) []string {
		return soakMock(s, "--addr", "127.0.0.1:"+port)
	}},
	{name: "mock-sse", prints: true, argv: func(s *soak, port string) []string {
		return soakMock(s, "--transport", "sse", "--addr", "127.0.0.1:"+port)
	}},
	{name: "mock-stdio", stdio: true, argv: func(s *soak, _ string) []string {
		return soakMock(s, "--transport", "stdio")
	}},
	{name: "fastmcp", argv: func(s *soak, port string) []string {
		return []string{s.python, s.script, "--rate", "12", "--burst", soakBurst, "--global", "--port", port}
	}},
	{name: "mcp-go", argv: func(s *soak, port string) []string {
		return []string{s.gomcp, "-rate", "12", "-burst", soakBurst, "-addr", "127.0.0.1:" + port}
	}},
	{name: "broken", broken: true, prints: true, argv: func(s *soak, port string) []string {
		return soakMock(s, "--fault", "burst-x2", "--addr", "127.0.0.1:"+port)
	}},
}

// serverOf is the server of the nth run: each kind in turn, and the broken one
// after eight of them.
func serverOf(n uint64) soakServer {
	honest := uint64(len(soakServers) - 1)
	if n %= 10_000; n%9 == 8 {
		return soakServers[honest]
	}
	return soakServers[(n-n/9)%honest]
}

// A soak is what all runs share.
type soak struct {
	t                              *testing.T
	dir                            string
	mcpload, gomcp, python, script string

	mu   sync.Mutex // guards runs
	runs []soakRun
}

// A soakRun is what came of one run.
type soakRun struct {
	server  soakServer
	seed    uint64
	noise   []string
	took    time.Duration
	verdict string
	reasons []string // "scenario check: saw" of whatever didn't pass
	said    string   // on stderr
}

func TestNoise(t *testing.T) {
	count, err := strconv.Atoi(cmpEnv("NOISE_RUNS", strconv.Itoa(nightly)))
	require.NoError(t, err, "NOISE_RUNS")
	seed, err := strconv.ParseUint(cmpEnv("NOISE_SEED", strconv.FormatUint(rand.Uint64N(1_000_000), 10)), 10, 64)
	require.NoError(t, err, "NOISE_SEED")
	s := newSoak(t)
	var seeds []uint64
	if only := os.Getenv("NOISE_ONLY"); only != "" {
		one, err := strconv.ParseUint(only, 10, 64)
		require.NoError(t, err, "NOISE_ONLY")
		seeds = []uint64{one}
	} else {
		for i := uint64(0); count > 0; i++ {
			seeds = append(seeds, seed*10_000+i)
			count -= b2i(!serverOf(i).broken)
		}
	}
	fmt.Printf("noise: %d runs, %d at a time; NOISE_SEED=%d draws the same again\n", len(seeds), atOnce, seed)
	if len(seeds) < nightly {
		fmt.Printf("noise: %d honest runs are made every night\n", nightly)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for range 4 {
		go busy(ctx)
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, one := range seeds {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			s.run(one)
		})
	}
	group.Wait()
	s.report()
}

func cmpEnv(name, other string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return other
}

// busy keeps a processor busy, as another program would.
func busy(ctx context.Context) {
	cmd := tied(exec.CommandContext(ctx, "sh", "-c", "while :; do :; done"))
	_ = cmd.Run() // until it is killed
}

// newSoak builds and finds what the runs need.
func newSoak(t *testing.T) *soak {
	s := &soak{t: t, dir: t.TempDir()}
	for name, pkg := range map[string]string{"mcpload": "./cmd/mcpload", "gomcp": "./testdata/live/gomcp"} {
		build := exec.Command("go", "build", "-o", filepath.Join(s.dir, name), pkg)
		build.Dir = filepath.Join("..", "..")
		out, err := build.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	s.mcpload, s.gomcp = filepath.Join(s.dir, "mcpload"), filepath.Join(s.dir, "gomcp")
	home, err := os.UserHomeDir()
	require.NoError(t, err)
	s.python = filepath.Join(cmpEnv("MCPLOAD_TEST_CACHE", filepath.Join(home, ".cache", "mcpload-test")),
		"fastmcp-newest", "bin", "python")
	require.FileExists(t, s.python, "run `make live-setup` first")
	s.script, err = filepath.Abs(filepath.Join("..", "..", "testdata", "live", "fastmcp_server.py"))
	require.NoError(t, err)
	return s
}

// run judges one server, all of it drawn by the seed.
func (s *soak) run(seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	out := soakRun{seed: seed, server: serverOf(seed)}
	began := time.Now()
	target, server, end, err := s.start(&out, r)
	defer end()
	if err != nil {
		out.verdict, out.reasons = "could not start", []string{err.Error()}
		s.add(out)
		return
	}
	file := filepath.Join(s.dir, fmt.Sprintf("run-%d", seed))
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	tool := "ping"
	if strings.HasPrefix(out.server.name, "mock") || out.server.broken {
		tool = "echo"
	}
	args := append([]string{"run", "--rate", soakRate, "--burst", soakBurst, "--tool", tool, "--seed",
		strconv.FormatUint(seed, 10),
		// what a starved FastMCP may take for what has queued up; a call that is given up
		// may be charged at any later time
		"--timeout", "30s",
		"--no-tui", "--format", "json", "-o", file + ".json", "--save-history", file + ".jsonl"}, target...)
	cmd := tied(exec.CommandContext(ctx, s.mcpload, args...))
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.Env = append(os.Environ(), "MCPLOAD_RESULTS="+file)
	if err := cmd.Start(); err != nil {
		out.verdict = err.Error()
		s.add(out)
		return
	}
	stops := s.stops(cmd.Process.Pid, server, r, &out)
	_ = cmd.Wait() // the document says more than the status
	stops.Wait()
	out.took, out.said = time.Since(began), said.String()
	out.read(file + ".json")
	s.add(out)
}

// start starts the server, and a noisy proxy before it for two runs of three.
// target is what the tester is told; server is its process, 0 over stdio.
func (s *soak) start(out *soakRun, r *rand.Rand) (target []string, server int, end func(), err error) {
	end = func() {}
	if out.server.stdio {
		return append([]string{"--"}, out.server.argv(s, "")...), 0, end, nil
	}
	port := strconv.Itoa(freeLoopback(s.t))
	argv := out.server.argv(s, port)
	cmd := tied(exec.Command(argv[0], argv[1:]...))
	printed, err := cmd.StdoutPipe()
	if err != nil {
		return nil, 0, end, err
	}
	if err := cmd.Start(); err != nil {
		return nil, 0, end, err
	}
	kill := func() { _, _ = cmd.Process.Kill(), cmd.Wait() } // it serves until then
	end = kill
	at := &url.URL{Scheme: "http", Host: "127.0.0.1:" + port, Path: "/mcp"}
	if out.server.prints {
		line, err := bufio.NewReader(printed).ReadString('\n')
		if err != nil {
			return nil, 0, end, err
		}
		if at, err = url.Parse(strings.TrimSpace(line)); err != nil {
			return nil, 0, end, err
		}
	}
	go func() { _, _ = io.Copy(io.Discard, printed) }() // so that it never waits for a reader
	if err := listens(at.Host); err != nil {
		return nil, 0, end, err
	}
	if r.IntN(3) > 0 {
		drops := out.server.name != "mock-sse" // one whose stream is gone is gone
		proxy, err := newNoisyProxy(at.Host, out.seed, drops)
		if err != nil {
			return nil, 0, end, err
		}
		out.noise = append(out.noise, "proxy")
		end = func() { proxy.close(); kill() }
		at.Host = proxy.addr()
		go proxy.misbehave(40 * time.Second)
	}
	target = []string{"--url", at.String()}
	if out.server.name == "mock-sse" {
		target = append(target, "--transport", "sse")
	}
	return target, cmd.Process.Pid, end, nil
}

// freeLoopback is a port of loopback that was free just now.
func freeLoopback(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// listens waits until something takes connections at an address.
func listens(address string) error {
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(end) {
			return err
		}
	}
}

// stops stops the server or the tester one to three times, at random instants
// of the run's first half minute, for up to five seconds.
func (s *soak) stops(tester, server int, r *rand.Rand, out *soakRun) *sync.WaitGroup {
	var group sync.WaitGroup
	for range 1 + r.IntN(3) {
		who, at, length := "server", time.Duration(r.Float64()*30e9), time.Duration(r.Float64()*5e9)
		if r.IntN(2) == 0 {
			who = "tester"
		}
		out.noise = append(out.noise, fmt.Sprintf("%s %.1f s at %.1f s", who, length.Seconds(), at.Seconds()))
		group.Go(func() {
			time.Sleep(at)
			pid := tester
			if who == "server" {
				if pid = server; pid == 0 { // over stdio it is the tester's child
					list := descendants(tester)
					pid = list[len(list)-1]
				}
			}
			stopped(pid, length)
		})
	}
	return &group
}

// read takes the verdict out of a document, and whatever didn't pass.
func (o *soakRun) read(name string) {
	file, err := os.Open(name)
	if err != nil {
		o.verdict, o.reasons = "no document", []string{strings.TrimSpace(o.said)}
		return
	}
	defer file.Close()
	doc, err := results.Decode(file)
	if err != nil || len(doc.Servers) != 1 {
		o.verdict, o.reasons = "no document", []string{fmt.Sprint(err)}
		return
	}
	v := doc.Servers[0]
	o.verdict = doc.Verdict.String()
	if v.Error != "" {
		o.reasons = append(o.reasons, "error: "+v.Error)
	}
	for _, sc := range v.Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict != verdict.Pass {
				o.reasons = append(o.reasons, fmt.Sprintf("%s %s %s: %s", sc.Scenario, f.Check, f.Verdict, f.Saw))
			}
		}
	}
}

// add takes a run in, and says how it ended.
func (s *soak) add(out soakRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, out)
	fmt.Printf("noise: NOISE_ONLY=%d %s: %s after %s (%s)\n", out.seed, out.server.name, out.verdict,
		out.took.Round(time.Second), strings.Join(out.noise, ", "))
	for _, reason := range out.reasons {
		fmt.Printf("noise:   %s\n", reason)
	}
	for _, line := range strings.Split(strings.TrimSpace(out.said), "\n") {
		if strings.Contains(line, "repeated") {
			fmt.Printf("noise:   %s\n", line)
		}
	}
}

// report prints what came of the kinds of servers and why, and asserts.
func (s *soak) report() {
	t := s.t
	all, passed, control, caught := 0, 0, 0, 0
	tally, why := map[string]map[string]int{}, map[string]int{}
	for _, r := range s.runs {
		if tally[r.server.name] == nil {
			tally[r.server.name] = map[string]int{}
		}
		tally[r.server.name][r.verdict]++
		if r.server.broken {
			control++
			caught += b2i(r.verdict == "fail")
			continue
		}
		all++
		passed += b2i(r.verdict == "pass")
		for _, reason := range r.reasons {
			words := strings.Fields(reason)
			why[strings.Join(words[:min(3, len(words))], " ")]++
		}
		if r.verdict == "fail" {
			t.Errorf("an honest %s failed: NOISE_ONLY=%d make noise", r.server.name, r.seed)
		}
	}
	for _, server := range soakServers {
		fmt.Printf("noise: %-10s %v\n", server.name, tally[server.name])
	}
	for _, reason := range slices.SortedFunc(maps.Keys(why), func(a, b string) int { return why[b] - why[a] }) {
		fmt.Printf("noise: %3d× %s\n", why[reason], reason)
	}
	fmt.Printf("noise: %d of %d honest runs pass (%.0f %%); %d of %d broken ones fail\n", passed, all,
		100*float64(passed)/float64(max(1, all)), caught, control)
	require.True(t, control < 2 || caught > 0, "the broken server never failed, so that the soak proves nothing")
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
