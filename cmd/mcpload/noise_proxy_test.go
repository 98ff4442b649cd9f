//go:build noise && linux

package main

import (
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A noisyProxy passes bytes on late: each piece by some jitter, all of them
// while it stands still, and none any more where it drops a connection.
type noisyProxy struct {
	listener net.Listener
	target   string
	r        *rand.Rand

	mu    sync.Mutex // guards r and what follows
	until time.Time  // it stands still so long
	open  []net.Conn // client sides, the oldest first
	drops bool
}

func newNoisyProxy(target string, seed uint64, drops bool) (*noisyProxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &noisyProxy{listener: l, target: target, r: rand.New(rand.NewPCG(seed, 3)), drops: drops}
	go p.accept()
	return p, nil
}

func (p *noisyProxy) addr() string { return p.listener.Addr().String() }

func (p *noisyProxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close() // its peer sees that
			continue
		}
		p.mu.Lock()
		p.open = append(p.open, client)
		p.mu.Unlock()
		go p.pump(client, server)
		go p.pump(server, client)
	}
}

// pump hands bytes on until either side ends, and then ends the other.
func (p *noisyProxy) pump(from, to net.Conn) {
	defer func() { _, _ = from.Close(), to.Close() }() // both may be closed already
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		time.Sleep(p.delay())
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// delay is how late the next piece is.
func (p *noisyProxy) delay() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := time.Duration(p.r.ExpFloat64() * float64(2*time.Millisecond))
	if p.r.IntN(50) == 0 {
		d += time.Duration(p.r.IntN(40)) * time.Millisecond
	}
	return max(d, time.Until(p.until))
}

// misbehave stands still, or drops a connection, now and then for so long.
func (p *noisyProxy) misbehave(length time.Duration) {
	time.Sleep(5 * time.Second) // connecting is no part of it
	for end := time.Now().Add(length); time.Now().Before(end); {
		p.mu.Lock()
		pause := time.Duration((0.5 + p.r.ExpFloat64()) * float64(6*time.Second))
		p.mu.Unlock()
		time.Sleep(pause)
		p.mu.Lock()
		if n := len(p.open); p.drops && n > 0 && p.r.IntN(3) == 0 {
			at := p.r.IntN(n)
			_ = p.open[at].Close() // that is what it is for
			p.open = append(p.open[:at], p.open[at+1:]...)
		} else {
			p.until = time.Now().Add(time.Duration(p.r.Float64() * 2.5e9))
		}
		p.mu.Unlock()
	}
}

func (p *noisyProxy) close() {
	_ = p.listener.Close() // the run is over
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		_ = c.Close() // the same
	}
}

// descendants are a process and all that it started, as Linux tells.
func descendants(pid int) []int {
	list := []int{pid}
	tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children") // none where it has ended
	for _, name := range tasks {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it ended just now
		}
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				list = append(list, descendants(child)...)
			}
		}
	}
	return list
}

// tied has a command end with this process, however that ends.
func tied(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// stopped stops a process for some time.
func stopped(pid int, length time.Duration) {
	if syscall.Kill(pid, syscall.SIGSTOP) != nil {
		return // it has ended
	}
	time.Sleep(length)
	_ = syscall.Kill(pid, syscall.SIGCONT) // the same
}
