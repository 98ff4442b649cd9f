package drive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/shard"
)

const token = "a token of the test"

// served is a coordinator of so many shards, and its address. Broken, if it isn't nil,
// may take a request's answer away.
func served(t *testing.T, shards int, broken func(*http.Request) bool) (*Coordinator, string) {
	c := &Coordinator{Plan: Plan{Args: []string{"load"}}, Shards: shards, Token: token, Folder: t.TempDir(),
		LostFor: time.Minute}
	require.NoError(t, c.Open("the coordinator's"))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken != nil && broken(r) {
			c.ServeHTTP(httptest.NewRecorder(), r) // it is heard, and the answer is lost
			panic(http.ErrAbortHandler)
		}
		c.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return c, srv.URL
}

func joinedTo(t *testing.T, base, name string) *Worker {
	w := &Worker{Base: base, Token: token, Name: name, Drift: 200e-6}
	require.NoError(t, w.Join(t.Context(), 0, time.Second))
	return w
}

// All begin together: each is told the same instant, and finds it on its own clock.
func TestAllBeginTogether(t *testing.T) {
	c, base := served(t, 3, nil)
	var work sync.WaitGroup
	begins := make([]time.Time, 3)
	parts := make([]shard.Part, 3)
	for i := range 3 {
		work.Go(func() {
			w := joinedTo(t, base, fmt.Sprint(i))
			clock := runner.NewClock()
			at, err := w.Begin(func() int { return 5 })(t.Context(), clock, clock.Now())
			if err != nil {
				t.Error(err)
				return
			}
			begins[i], parts[i] = time.Now().Add(at-clock.Now()), w.Part
		})
	}
	work.Wait()
	require.ElementsMatch(t, []shard.Part{{Nth: 1, Of: 3}, {Nth: 2, Of: 3}, {Nth: 3, Of: 3}}, parts)
	for _, b := range begins {
		require.WithinDuration(t, begins[0], b, time.Second) // a starved machine's exchanges are long
	}
	p := c.Progress()
	require.Equal(t, Progress{Joined: 3, Ready: 3, Begun: true, Planned: 15}, p)
}

// A result whose pieces' answers are lost now and then arrives whole, and once.
func TestResultsArriveWhole(t *testing.T) {
	var n atomic.Int32
	c, base := served(t, 1, func(r *http.Request) bool {
		return r.URL.Path == "/v1/result" && n.Add(1)%2 == 1
	})
	w := joinedTo(t, base, "one")
	ready1(t, w)
	result := make([]byte, 0, 3*chunk)
	for i := 0; len(result) < 3*chunk; i++ { // no two pieces are alike
		result = fmt.Appendf(result, "%d,", i)
	}
	require.NoError(t, w.Deliver(t.Context(), bytes.NewReader(result), int64(len(result))))
	list, err := c.Wait(t.Context(), time.Minute)
	require.NoError(t, err)
	got, err := os.ReadFile(list[0].Archive)
	require.NoError(t, err)
	require.True(t, bytes.Equal(result, got))
}

// Calls whose answers are lost are told again, and taken in once. Of a worker that says
// no more, what it told of is there.
func TestCallsOfALostWorker(t *testing.T) {
	var n atomic.Int32
	c, base := served(t, 1, func(r *http.Request) bool { return r.URL.Path == "/v1/calls" && n.Add(1)%2 == 1 })
	c.LostFor = 50 * time.Millisecond
	w := joinedTo(t, base, "one")
	ready1(t, w)
	for i := range 5000 {
		at := time.Duration(i)
		w.Saw(history.Call{Arrival: history.Arrival{Due: at, Method: "ping"}, Sent: at, Received: at + 1,
			Outcome: history.OK})
	}
	require.NoError(t, w.beat(t.Context(), ""))
	for tries, more := 0, true; more && tries < 20; tries++ {
		more2, err := w.stream(t.Context())
		more = more2 || err != nil
	}
	list, err := c.Wait(t.Context(), time.Minute)
	require.NoError(t, err)
	require.Contains(t, list[0].Lost, "it was not heard of for")
	require.Len(t, list[0].Calls, 5000)
	for i, call := range list[0].Calls {
		require.Equal(t, time.Duration(i), call.Sent)
	}
	require.NotEmpty(t, list[0].Shard.Clocks[0].Bounds)
	require.Equal(t, 7, list[0].Planned)
}

func ready1(t *testing.T, w *Worker) {
	clock := runner.NewClock()
	_, err := w.Begin(func() int { return 7 })(t.Context(), clock, 0)
	require.NoError(t, err)
}

// Who has no token learns nothing, and who comes late gets no part.
func TestWhoIsRefused(t *testing.T) {
	_, base := served(t, 1, nil)
	w := &Worker{Base: base, Token: "another", Name: "x"}
	require.ErrorContains(t, w.Join(t.Context(), 0, time.Second), "the token is missing, or another one")
	joinedTo(t, base, "one")
	again := joinedTo(t, base, "one")
	require.Equal(t, shard.Part{Nth: 1, Of: 1}, again.Part, "it asked again")
	two := &Worker{Base: base, Token: token, Name: "two"}
	require.ErrorContains(t, two.Join(t.Context(), 0, time.Second), "all 1 shards have their workers")
	require.ErrorContains(t, two.Join(t.Context(), 2, time.Second), "there is no shard 2 of 1")
	for _, path := range []string{"/v1/beat", "/v1/ready", "/v1/calls?batch=x", "/v1/result?from=-1", "/v1/nothing"} {
		resp, err := http.Post(base+path, "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
		require.NoError(t, resp.Body.Close())
		require.Error(t, again.post(t.Context(), path, []byte("no message"), &struct{}{}))
	}
}

// Where not all come nothing is sent, and whoever is there is told.
func TestNotAllCome(t *testing.T) {
	c, base := served(t, 2, nil)
	w := joinedTo(t, base, "one")
	failed := make(chan error, 1)
	go func() {
		clock := runner.NewClock()
		_, err := w.Begin(func() int { return 1 })(context.WithoutCancel(t.Context()), clock, 0)
		failed <- err
	}()
	_, err := c.Wait(t.Context(), 300*time.Millisecond)
	require.ErrorIs(t, err, ErrNobody)
	require.ErrorContains(t, err, "1 of 2 joined")
	require.ErrorContains(t, <-failed, "called it off before it began")
}

// A worker whose place another took begins nothing, also where it was waiting meanwhile.
func TestWhoseWorkerWasReplaced(t *testing.T) {
	c, base := served(t, 2, nil)
	begins := func(w *Worker) error {
		_, err := w.Begin(func() int { return 1 })(t.Context(), runner.NewClock(), 0)
		return err
	}
	first := &Worker{Base: base, Token: token, Name: "first"}
	require.NoError(t, first.Join(t.Context(), 1, time.Second))
	failed := make(chan error, 1)
	go func() { failed <- begins(first) }()
	require.Eventually(t, func() bool { return c.Progress().Ready == 1 }, time.Minute, time.Millisecond)
	second := &Worker{Base: base, Token: token, Name: "second"}
	require.NoError(t, second.Join(t.Context(), 1, time.Second))
	other := &Worker{Base: base, Token: token, Name: "other"}
	require.NoError(t, other.Join(t.Context(), 2, time.Second))
	rest := make(chan error, 1)
	go func() { rest <- begins(other) }()
	require.NoError(t, begins(second))
	require.NoError(t, <-rest)
	require.ErrorContains(t, <-failed, "another took its place")
}

// No plan begins without a worker that was ready and died: the others wait for who takes
// its place.
func TestNoneBeginsWithoutTheDead(t *testing.T) {
	c, base := served(t, 2, nil)
	dead := joinedTo(t, base, "dead")
	var got starts
	require.NoError(t, dead.ask(t.Context(), "/v1/ready", ready{"dead", 1}, &got))
	c.mu.Lock()
	c.workers[0].heard = time.Now().Add(-2 * c.LostFor)
	c.mu.Unlock()
	two := &Worker{Base: base, Token: token, Name: "two"}
	require.NoError(t, two.Join(t.Context(), 2, time.Second))
	require.NoError(t, two.ask(t.Context(), "/v1/ready", ready{"two", 1}, &got))
	require.False(t, got.Begun)
	instead := joinedTo(t, base, "instead")
	require.Equal(t, dead.Part, instead.Part)
	require.Eventually(t, func() bool { // each asks every second, as Begin does
		err := instead.ask(t.Context(), "/v1/ready", ready{"instead", 1}, &got)
		return errors.Join(err, two.ask(t.Context(), "/v1/ready", ready{"two", 1}, &got)) == nil && got.Begun
	}, time.Minute, time.Millisecond)
}

// What a batch was told of whose answer was lost is told again as it was, though more calls
// have ended since: the rest follows.
func TestABatchToldAgainIsTheSame(t *testing.T) {
	var n atomic.Int32
	c, base := served(t, 1, func(r *http.Request) bool { return r.URL.Path == "/v1/calls" && n.Add(1) == 1 })
	w := joinedTo(t, base, "one")
	for i := range 30 {
		w.Saw(history.Call{Sent: time.Duration(i), Received: time.Duration(i + 1), Outcome: history.OK})
		if i == 9 {
			_, err := w.stream(t.Context())
			require.Error(t, err, "the answer was lost")
		}
	}
	for more := true; more; {
		var err error
		more, err = w.stream(t.Context())
		require.NoError(t, err)
	}
	require.Len(t, c.workers[0].calls, 30)
}

// A coordinator that stood still takes nobody for lost whom it couldn't hear.
func TestWhoStoodStillLosesNobody(t *testing.T) {
	c, base := served(t, 1, nil)
	ready1(t, joinedTo(t, base, "one"))
	c.over()
	c.mu.Lock()
	hour := -time.Hour
	c.looked, c.workers[0].heard = c.looked.Add(hour), c.workers[0].heard.Add(hour)
	c.mu.Unlock()
	done, begun := c.over()
	require.True(t, begun)
	require.False(t, done)
	require.Zero(t, c.Progress().Lost)
	c.mu.Lock()
	c.workers[0].heard = c.workers[0].heard.Add(hour) // we looked, and it was silent
	c.mu.Unlock()
	done, _ = c.over()
	require.True(t, done)
	require.Equal(t, 1, c.Progress().Lost)
}

// What a proxy says whose coordinator is gone is asked again; that of a version of its own
// is told so.
func TestProxiesAndVersions(t *testing.T) {
	c, base := served(t, 1, nil)
	c.Version = "v2"
	var gone atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if gone.Add(1)%2 == 1 {
			http.Error(w, "no upstream", http.StatusBadGateway)
			return
		}
		c.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	old := &Worker{Base: base, Token: token, Name: "old"}
	require.ErrorContains(t, old.Join(t.Context(), 0, time.Second),
		"the worker is mcpload of an older version, and the coordinator v2")
	old.Version = "v1"
	require.ErrorContains(t, old.Join(t.Context(), 0, time.Second), "the worker is mcpload v1, and the coordinator v2")
	w := &Worker{Base: proxy.URL, Token: token, Name: "one", Version: "v2"}
	require.NoError(t, w.Join(t.Context(), 0, time.Minute))
	require.NoError(t, w.insist(t.Context(), func() error { return w.beat(t.Context(), "") }))
}
