package kubernetes_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// late is by how much every message to the coordinator comes later than its answer goes
// back: what makes a clock look off by half of it, and known to no better than that.
const late = 5 * time.Millisecond

// threeHosts are hosts with an address and a clock each: network namespaces, and time
// namespaces whose monotonic clocks are far apart.
type threeHosts struct {
	t    *testing.T
	dir  string
	prog string
}

func newHosts(t *testing.T) *threeHosts {
	h := &threeHosts{t: t, dir: t.TempDir(), prog: filepath.Join(os.Getenv("MCPLOAD_CLUSTER_BIN"), "mcpload")}
	if _, err := os.Stat(h.prog); err != nil {
		t.Fatal("make cluster builds what is needed, and runs this: ", err)
	}
	for i := 1; i <= 3; i++ {
		h.sh(fmt.Sprintf(`set -e
ip netns add h%[1]d
ip link add v%[1]d type veth peer name eth0 netns h%[1]d
ip addr add 198.51.100.%[2]d/30 dev v%[1]d
ip link set v%[1]d up
ip -n h%[1]d addr add 198.51.100.%[3]d/30 dev eth0
ip -n h%[1]d link set eth0 up
ip -n h%[1]d link set lo up
ip -n h%[1]d route add default via 198.51.100.%[2]d`, i, 4*i+1, 4*i+2))
		t.Cleanup(func() { h.sh(fmt.Sprintf("ip link del v%[1]d; ip netns del h%[1]d", i)) })
	}
	h.sh(fmt.Sprintf("cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout "+
		"tls.key -out tls.crt "+
		"-subj /CN=coordinator -addext subjectAltName=IP:192.0.2.7 2>&1", h.dir))
	return h
}

func (h *threeHosts) sh(script string) {
	h.t.Helper()
	if out, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
}

// relay listens at an address, and hands each connection to whom of its source says,
// what it sends so much later. While cut says so, every connection is cut.
func (h *threeHosts) relay(at string, to func(from string) string, later time.Duration, cut func() bool) {
	l, err := net.Listen("tcp", at)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			host, _, _ := net.SplitHostPort(in.RemoteAddr().String()) // it has one
			if cut() {
				_ = in.Close()
				continue
			}
			go passOn(in, to(host), later, cut)
		}
	}()
}

// passOn copies both ways until one side has enough.
func passOn(in net.Conn, to string, later time.Duration, cut func() bool) {
	defer in.Close()
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer out.Close()
	var both sync.WaitGroup
	over := make(chan struct{})
	defer close(over)
	go func() {
		for ; !cut(); time.Sleep(50 * time.Millisecond) {
			select {
			case <-over:
				return
			default:
			}
		}
		_ = errors.Join(in.Close(), out.Close()) // which ends both ways
	}()
	both.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := in.Read(buf)
			time.Sleep(later)
			if _, werr := out.Write(buf[:n]); errors.Join(err, werr) != nil {
				break
			}
		}
		_ = out.(*net.TCPConn).CloseWrite() // the other side may have closed
	})
	both.Go(func() { _, _ = io.Copy(in, out); _ = in.(*net.TCPConn).CloseWrite() })
	both.Wait()
}

func never() bool { return false }

// serve starts a mock, until the test has ended.
func (h *threeHosts) serve(addr string, args ...string) {
	h.t.Helper()
	cmd := exec.Command(h.prog, append([]string{"mock", "--addr", addr}, args...)...)
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Since(began) > 30*time.Second {
			h.t.Fatal(err)
		}
	}
}

// run has a plan sent by all three, whose clocks are so far apart, and returns what the
// coordinator says and its exit status.
func (h *threeHosts) run(n int, args ...string) (text string, status int) {
	h.t.Helper()
	dir := filepath.Join(h.dir, fmt.Sprint("run-", n, "-", time.Now().UnixNano()))
	env := append(os.Environ(), "MCPLOAD_TOKEN=token-of-this-test")
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Env = env
		return cmd
	}
	var all sync.WaitGroup
	for i := 1; i <= 3; i++ {
		all.Go(func() {
			off := strconv.Itoa(i*i*1000 + n)
			out, err := command("ip", "netns", "exec", fmt.Sprint("h", i), "unshare", "--time", "--monotonic", off,
				"--boottime", off, "--fork",
				h.prog, "work", "--cacert", filepath.Join(h.dir, "tls.crt"), "--results",
				filepath.Join(dir, fmt.Sprint("w", i)), "192.0.2.7:7070").CombinedOutput()
			if err != nil {
				h.t.Errorf("the worker of host %d: %v: %s", i, err, out)
			}
		})
	}
	cmd := command(h.prog, append([]string{"coordinate", "--shards", "3", "--addr", "192.0.2.6:7070", "--cert",
		filepath.Join(h.dir, "tls.crt"),
		"--key", filepath.Join(h.dir, "tls.key"), "--results", filepath.Join(dir, "whole"), "--within", "2m", "--"},
		args...)...)
	out, err := cmd.CombinedOutput()
	all.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// plan is a run's arguments, held to so much.
func plan(rate, burst, scope string) []string {
	args := []string{"run", "--url", "http://192.0.2.5:8000/mcp", "--tool", "echo", "--rate", rate, "--burst", burst,
		"--scope", scope, "--scenario", "burst,sustained"}
	if scope == "client" {
		args = append(args, "--clients", "3", "--protocol", "2025-11-25") // whose sessions tell them apart
	}
	return args
}

// again runs something until it has a status, a few times: a starved machine may not be
// able to tell.
func (h *threeHosts) again(want int, args []string) string {
	h.t.Helper()
	text := ""
	for n := range 4 {
		status := 0
		if text, status = h.run(n, args...); status == want {
			return text
		} else if status != 3 {
			break // it could tell
		}
	}
	h.t.Errorf("mcpload %s never ended with status %d, last with:\n%s", strings.Join(args, " "), want, text)
	return text
}

// TestThreeHosts holds what several machines say of one server to what is true of it.
func TestThreeHosts(t *testing.T) {
	newPart := func(t *testing.T) *threeHosts {
		h := newHosts(t)
		h.relay("192.0.2.7:7070", func(string) string { return "192.0.2.6:7070" }, late, never)
		return h
	}
	t.Run("Honest", func(t *testing.T) {
		h, runs := newPart(t), 3
		if s := os.Getenv("MCPLOAD_HOSTS_RUNS"); s != "" {
			runs, _ = strconv.Atoi(s) // none is caught below
		}
		t.Logf("%d runs; MCPLOAD_HOSTS_RUNS=50 for more, as the nightly build does", runs)
		h.serve("192.0.2.5:8000", "--server", "acb", "--rate", "50/s", "--burst", "20")
		passed := 0
		for n := range runs {
			switch text, status := h.run(n, plan("50/s", "20", "global")...); status {
			case 0:
				passed++
			case 3:
				t.Logf("run %d couldn't tell:\n%s", n, lines(text, "inconclusive"))
			default:
				t.Errorf("run %d of an honest server ended with %d:\n%s", n, status, text)
			}
		}
		t.Logf("%d of %d passed, and the others couldn't tell", passed, runs)
		if passed == 0 {
			t.Error("none passed")
		}
	})
	t.Run("TwoTokensTooMany", func(t *testing.T) {
		h := newPart(t)
		h.serve("192.0.2.5:8000", "--server", "acb", "--rate", "50/s", "--burst", "22")
		wants(t, h.again(1, plan("50/s", "20", "global")), "over-admission")
	})
	t.Run("ConnectionsAreCut", func(t *testing.T) {
		h := newHosts(t)
		h.relay("192.0.2.7:7070", func(string) string { return "192.0.2.6:7070" }, 0,
			func() bool { return time.Now().Unix()%2 == 0 })
		h.serve("192.0.2.5:8000", "--server", "acb", "--rate", "5000/s", "--burst", "5000")
		text, status := h.run(0, "load", "--url", "http://192.0.2.5:8000/mcp", "--tool", "echo", "--rate", "60/s",
			"--duration", "8s")
		if status != 0 {
			t.Errorf("every other second the coordinator couldn't be reached, and it ended with %d:\n%s", status, text)
		}
		wants(t, text, "480 calls sent")
		wants(t, text, "all 3")
	})
	t.Run("ALimitForEachAddress", func(t *testing.T) {
		h := newPart(t)
		h.serve("192.0.2.5:8000", "--promise", "10/s burst 20 per address")
		h.again(0, plan("10/s", "20", "client"))
		wants(t, h.again(1, plan("10/s", "20", "global")), "over-admission")
	})
	t.Run("ThreeReplicas", func(t *testing.T) {
		h := newPart(t)
		for i := 1; i <= 3; i++ {
			h.serve(fmt.Sprintf("192.0.2.5:800%d", i), "--server", "acb", "--rate", "10/s", "--burst", "20")
		}
		h.relay("192.0.2.5:8000", func(from string) string { // a balancer that keeps a caller at one
			return map[string]string{"198.51.100.6": "192.0.2.5:8001", "198.51.100.10": "192.0.2.5:8002"}[from] +
				map[string]string{"198.51.100.14": "192.0.2.5:8003"}[from]
		}, 0, never)
		alone := exec.Command("ip", append([]string{"netns", "exec", "h1", h.prog}, append(plan("10/s", "20", "global"),
			"--no-store")...)...)
		out, err := alone.CombinedOutput()
		if code := alone.ProcessState.ExitCode(); code == 1 || code == 2 {
			t.Errorf("one host alone sees an honest server, and says (%v):\n%s", err, out)
		}
		text := h.again(1, plan("10/s", "20", "global"))
		wants(t, text, "over-admission")
	})
}

// lines are those of a text that have a word, each with the next.
func lines(text, word string) string {
	var some []string
	list := strings.Split(text, "\n")
	for i, l := range list {
		if strings.Contains(l, word) {
			some = append(some, list[i:min(i+3, len(list))]...)
		}
	}
	return strings.Join(some, "\n")
}

func wants(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("there is no %q in:\n%s", part, text)
	}
}
