package drive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// A phoenix is a small server that can be restarted, and counts what it carried out
// across restarts. Its flaws are what the rows must see.
type phoenix struct {
	loses, doubles, stays, bad bool // how it is flawed
	forgets                    bool // the counter begins anew, which nothing is made of

	mu       sync.Mutex
	sessions map[string]bool
	ran      atomic.Int64
	http     *http.Server
	address  string
}

func (p *phoenix) start(t *testing.T) {
	t.Helper()
	var l net.Listener
	require.Eventually(t, func() (ok bool) {
		var err error
		l, err = net.Listen("tcp", p.address)
		return err == nil
	}, 5*time.Second, 10*time.Millisecond)
	p.address = l.Addr().String()
	p.mu.Lock()
	p.sessions = map[string]bool{}
	p.mu.Unlock()
	p.http = &http.Server{Handler: p}
	go func(s *http.Server) { _ = s.Serve(l) }(p.http) // it ends with Close
	t.Cleanup(func() { _ = p.http.Close() })
}

func (p *phoenix) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		ID     json.RawMessage
		Method string
		Params struct{ Name string }
	}
	if json.NewDecoder(r.Body).Decode(&m) != nil || m.ID == nil {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	id := r.Header.Get("Mcp-Session-Id")
	p.mu.Lock()
	known := p.sessions[id]
	if m.Method == "initialize" {
		id = fmt.Sprintf("%016x%016x", time.Now().UnixNano()*7919, len(p.sessions))
		p.sessions[id], known = true, true
	}
	p.mu.Unlock()
	if !known {
		w.WriteHeader(map[bool]int{false: http.StatusNotFound, true: http.StatusBadRequest}[p.bad])
		return
	}
	w.Header().Set("Mcp-Session-Id", id)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, p.result(m.Method, m.Params.Name))
}

func (p *phoenix) result(method, tool string) string {
	switch {
	case method == "initialize":
		return `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"p","version":"1"}}`
	case method == "tools/list":
		return `{"tools":[{"name":"work","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}},{"name":"ran","inputSchema":{"type":"object"}}]}`
	case tool == "ran":
		return fmt.Sprintf(`{"content":[{"type":"text","text":"%d"}]}`, p.ran.Load())
	case method == "tools/call":
		p.ran.Add(1)
		return `{"content":[{"type":"text","text":"done"}]}`
	}
	return `{}`
}

// restart is what its operator does.
func (p *phoenix) restart(t *testing.T) func(context.Context) error {
	return func(context.Context) error {
		_ = p.http.Close()
		ran := p.ran.Load()
		switch {
		case p.forgets:
			p.ran.Store(0)
		case p.loses:
			p.ran.Store(ran / 2)
		case p.doubles:
			p.ran.Add(12)
			time.Sleep(400 * time.Millisecond) // calls that nobody takes meanwhile don't hide it
		}
		if !p.stays {
			p.start(t)
		}
		return nil
	}
}

// TestRestartUnderLoad restarts servers, honest and flawed, while calls go on.
func TestRestartUnderLoad(t *testing.T) {
	good := map[string]conform.State{"U09": conform.Pass, "U09-sessions": conform.Pass, "U10": conform.Pass}
	with := func(id string, s conform.State) map[string]conform.State {
		out := map[string]conform.State{id: s}
		for k, v := range good {
			if k != id {
				out[k] = v
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		p    *phoenix
		want map[string]conform.State
	}{
		"honest":                {&phoenix{}, good},
		"work is lost":          {&phoenix{loses: true}, with("U10", conform.Fail)},
		"work is done twice":    {&phoenix{doubles: true}, with("U10", conform.Fail)},
		"the counter is anew":   {&phoenix{forgets: true}, with("U10", conform.NotTestable)},
		"sessions end with 400": {&phoenix{bad: true}, with("U09-sessions", conform.Fail)},
		"it stays away": {&phoenix{stays: true}, map[string]conform.State{"U09": conform.Fail,
			"U09-sessions": conform.NotTestable, "U10": conform.NotTestable}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := c.p
			p.address = "127.0.0.1:0"
			p.start(t)
			d := drive.Config{URL: "http://" + p.address + "/mcp", Revisions: []string{conform.R2511},
				Rows:  conform.Rows()[:1],
				Under: 100, Loaded: under(t, "U09", "U09-sessions", "U10"), Restart: p.restart(t), Counter: "ran",
				Timeout: 10 * time.Second}
			if p.stays {
				d.Recovery, d.Timeout = time.Second, time.Second
			}
			found, err := drive.Run(context.Background(), d)
			require.NoError(t, err)
			states(t, found, c.want)
		})
	}
}

// states holds the rows to what they must have come to.
func states(t *testing.T, found drive.Found, want map[string]conform.State) {
	t.Helper()
	got := map[string]conform.State{}
	for _, f := range found.Reports[0].Findings {
		if _, ok := want[f.ID]; !ok {
			continue
		}
		got[f.ID] = f.State
		t.Logf("%s: %s", f.ID, f.Saw)
		if f.State == conform.Fail {
			assert.NotEmpty(t, f.Shows, "%s shows nothing", f.ID)
		}
	}
	assert.Equal(t, want, got)
}

// serveCalls makes this test's program a server over HTTP at the address that it names,
// whose calls take half a second; serveCuts says that it ends in the middle of them.
const serveCalls, serveCuts = "CONFORM_TEST_CALLS", "CONFORM_TEST_CUTS"

func serveSlowly(address string, cuts bool) {
	p := &phoenix{sessions: map[string]bool{}}
	s := &http.Server{Addr: address, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil && bytes.Contains(body, []byte(`"tools/call"`)) {
			time.Sleep(300 * time.Millisecond)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		p.ServeHTTP(w, r)
	})}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	go func() {
		<-term
		if cuts {
			os.Exit(0)
		}
		_ = s.Shutdown(context.Background()) // it ends all the same
		os.Exit(0)
	}()
	_ = s.ListenAndServe() // see above
	select {}
}

// TestSIGTERMUnderLoad ends servers over HTTP in the middle of calls: one that answers
// them before it ends, and one that doesn't.
func TestSIGTERMUnderLoad(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	for cuts, want := range map[bool]conform.State{false: conform.Pass, true: conform.Fail} {
		t.Run(fmt.Sprint("cuts=", cuts), func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			address := l.Addr().String()
			require.NoError(t, l.Close())
			env := []string{serveCalls + "=" + address}
			if cuts {
				env = append(env, serveCuts+"=1")
			}
			process, err := wire.StartProcess(context.Background(), wire.ProcessOptions{Command: []string{self},
				Env: env})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, process.Stop(context.Background())) })
			require.Eventually(t, func() bool {
				return wire.Listening(context.Background(),
					wire.Options{URL: "http://" + address})
			}, 20*time.Second, 20*time.Millisecond)
			found, err := drive.Run(context.Background(), drive.Config{URL: "http://" + address + "/mcp",
				Revisions: []string{conform.R2511},
				Rows:      conform.Rows()[:1], Under: 5, Loaded: under(t, "U08-http"), Serving: process,
				Timeout: 10 * time.Second})
			require.NoError(t, err)
			states(t, found, map[string]conform.State{"U08-http": want})
		})
	}
}

// TestRestartCommand: what the command leaves behind runs on, and a failure is told.
func TestRestartCommand(t *testing.T) {
	_, err := exec.LookPath("sh")
	require.NoError(t, err)
	assert.NoError(t, drive.Command([]string{"sh", "-c", "sleep 3 & exit 0"})(context.Background()))
	assert.ErrorContains(t, drive.Command([]string{"sh", "-c", "exit 3"})(context.Background()), "exit status 3")
}
