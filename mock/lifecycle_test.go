package mock

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRefillAndLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := slowly(2)
		p.Limit.Rate = 10
		s := start(t, Config{Profile: p, Latency: 30 * time.Millisecond})
		c := inProcessPeer{s, "c1"}
		time.Sleep(time.Hour)
		took := func(want time.Duration, in string) {
			begin := time.Now()
			assert.Contains(t, c.exchange(t, toolCall("1", "echo"), 1)[0], in)
			assert.Equal(t, want, time.Since(begin))
		}
		took(30*ms, `"text":"{}"`) // decided at 0
		took(30*ms, `"text":"{}"`) // at 30
		took(0, "limit exceeded")  // at 60, with 0.6 tokens: refused at once
		time.Sleep(40 * ms)
		took(30*ms, `"text":"{}"`) // at 100
	})
}

func TestToolSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{Profile: slowly(9)})
		c := inProcessPeer{s, "c1"}
		for arguments, want := range map[string]time.Duration{`{}`: 100 * ms, `{"ms":7}`: 7 * ms,
			`{"ms":1e9}`: 10 * time.Second} {
			begin := time.Now()
			reply := c.exchange(t, request("1", "tools/call", `"name":"slow","arguments":`+arguments), 1)[0]
			assert.Contains(t, reply, `"text":"done"`)
			assert.Equal(t, want, time.Since(begin))
		}
		go func() { time.Sleep(ms); assert.NoError(t, s.Close()) }()
		begin := time.Now()
		s.Handle(t.Context(), "c1", []byte(toolCall("1", "slow")))
		assert.Equal(t, ms, time.Since(begin), "it outlived the server")
		synctest.Wait()
	})
}

func TestCloseWaitsForHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Config{Profile: slowly(1)})
		require.NoError(t, err)
		release := make(chan struct{})
		h := s.counted(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
		go h.ServeHTTP(nil, nil)
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("it didn't wait")
		default:
		}
		close(release)
		assert.NoError(t, <-closed)
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() { h.ServeHTTP(nil, nil) })
	})
}

func TestServeStdioEnds(t *testing.T) {
	t.Run("with its input, after the replies", func(t *testing.T) {
		s := start(t, Config{Profile: slowly(5)})
		p, served := pipes(t, s, context.Background())
		require.NoError(t, p.send(request("1", "tools/call", `"name":"slow","arguments":{"ms":30}`)))
		p.end()
		assert.Contains(t, <-p.replies, `"text":"done"`)
		assert.NoError(t, <-served)
	})
	t.Run("with its context", func(t *testing.T) {
		s := start(t, Config{Profile: slowly(5)})
		ctx, cancel := context.WithCancelCause(context.Background())
		p, served := pipes(t, s, ctx)
		p.shakeHands(t)
		why := errors.New("enough")
		cancel(why)
		assert.ErrorIs(t, <-served, why)
	})
	t.Run("with the server", func(t *testing.T) {
		s := start(t, Config{Profile: slowly(5)})
		p, served := pipes(t, s, context.Background())
		p.shakeHands(t)
		assert.NoError(t, s.Close())
		assert.ErrorIs(t, <-served, ErrClosed)
	})
	t.Run("when it dies", func(t *testing.T) {
		s := start(t, Config{Profile: slowly(5), Fault: "dies-after-60"})
		p, served := pipes(t, s, context.Background())
		for range 61 {
			require.NoError(t, p.send(toolCall("1", "echo")))
		}
		assert.ErrorIs(t, <-served, ErrDied)
	})
	t.Run("when nobody reads", func(t *testing.T) {
		s := start(t, Config{Profile: slowly(5)})
		in, toServer := io.Pipe()
		out, served := brokenPipe{}, make(chan error, 1)
		go func() { served <- s.ServeStdio(context.Background(), in, out) }()
		_, err := io.WriteString(toServer, initialize+"\n")
		require.NoError(t, err)
		assert.ErrorIs(t, <-served, io.ErrClosedPipe)
		assert.NoError(t, in.Close())
	})
	t.Run("at a line without an end", func(t *testing.T) {
		s := start(t, Config{Profile: slowly(5)})
		err := s.ServeStdio(context.Background(), strings.NewReader(strings.Repeat("x", maxMessage+1)), io.Discard)
		assert.ErrorContains(t, err, "mock: stdio: bufio.Scanner: token too long")
	})
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestNewRefuses(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`mock: no fault is named "x"`:                                     func(c *Config) { c.Fault = "x" },
		`mock: no conform fault is named "batch" (did you mean batches?)`: func(c *Config) { c.ConformFault = "batch" },
		`shape "x": want "http429"`:                                       func(c *Config) { c.Shape = "x" },
		`charging "x": want "all" or "tools"`:                             func(c *Config) { c.Charge = "x" },
		`mock: latency -1ns: want 0 or more`:                              func(c *Config) { c.Latency = -1 },
		`burst 0: want at least 1`:                                        func(c *Config) { c.Profile.Limit.Burst = 0 },
	} {
		c := Config{Profile: slowly(1)}
		change(&c)
		_, err := New(c)
		assert.ErrorContains(t, err, want)
	}
	s := start(t, Config{Profile: slowly(1)})
	_, err := s.Start("smtp", "127.0.0.1:0")
	assert.EqualError(t, err, `mock: transport "smtp": want http or sse`)
	_, err = s.Start("http", "127.0.0.1:http-ish")
	assert.ErrorContains(t, err, "mock: listen")
	require.NoError(t, s.Close())
	_, err = s.Start("http", "127.0.0.1:0")
	assert.ErrorIs(t, err, ErrClosed)
	before := s.Stats()
	for _, text := range []string{initialize, toolCall("1", "echo"), "garbage"} {
		assert.Nil(t, s.Handle(t.Context(), "c1", []byte(text)), text)
	}
	assert.Equal(t, before, s.Stats())
}

// Over HTTP too the delay is the handler's, and no refusal's.
func TestLatencyOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{Profile: slowly(1), Latency: 30 * time.Millisecond})
		h, end := s.streamable("/mcp")
		defer end()
		for _, c := range []struct {
			want time.Duration
			in   string
		}{{30 * ms, `"text":"{}"`}, {0, "limit exceeded"}} {
			begin := time.Now()
			w, p := httptest.NewRecorder(), &httpPeer{url: "http://localhost/mcp", stateless: true}
			q, err := p.request(t.Context(), toolCall("1", "echo"))
			require.NoError(t, err)
			h.ServeHTTP(w, q)
			assert.Contains(t, w.Body.String(), c.in)
			assert.Equal(t, c.want, time.Since(begin))
		}
	})
}

// Close ends what is under way on every transport; the leak check of TestMain
// sees what stays behind.
func TestCloseEndsCalls(t *testing.T) {
	for _, p := range peers[:4] {
		s := start(t, Config{Profile: slowly(5)})
		c := p.dial(t, s)
		text := request("1", "tools/call", `"name":"slow","arguments":{"ms":10000}`)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			// What the client sees, a reply or a cut connection, is a race.
			switch c := c.(type) {
			case *httpPeer:
				_, _, _ = c.post(context.Background(), text)
			case *streamPeer:
				_ = c.send(text)
			}
		}()
		require.Eventually(t, func() bool { return s.Stats().Methods["tools/call"].Admitted == 1 }, patience,
			time.Millisecond, p.name)
		assert.NoError(t, s.Close(), p.name)
		<-ended
		c.close()
	}
}

// A client that only listens doesn't keep a server from closing.
func TestCloseEndsListening(t *testing.T) {
	s := start(t, Config{Profile: slowly(5)})
	c := dialHTTP(t, s, false)
	q, err := c.request(context.Background(), "")
	require.NoError(t, err)
	q.Method = http.MethodGet
	r, err := c.client.Do(q)
	require.NoError(t, err)
	assert.Equal(t, "text/event-stream", r.Header.Get("Content-Type"))
	assert.NoError(t, s.Close())
	_, _ = io.ReadAll(r.Body) // its end, clean or not
	assert.NoError(t, r.Body.Close())
}

func TestTooLongForHTTP(t *testing.T) {
	s := start(t, Config{Profile: slowly(5)})
	c := dialHTTP(t, s, true)
	r, _, err := c.post(t.Context(), request("1", "tools/call", `"name":"echo","arguments":{"x":"`+strings.Repeat("x",
		maxMessage)+`"}`))
	require.NoError(t, err)
	assert.Equal(t, http.StatusRequestEntityTooLarge, r.StatusCode)
	assert.Zero(t, s.Stats().Admitted)
}
