package drive

import (
	"bytes"
	"context"
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
	c := &Coordinator{Plan: Plan{Args: []string{"load"}}, Shards: shards, Token: token, Folder: t.TempDir(), LostFor: time.Minute}
	c.Open("the coordinator's")
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
		w.Saw(history.Call{Arrival: history.Arrival{Due: at, Method: "ping"}, Sent: at, Received: at + 1, Outcome: history.OK})
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
