package drive

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner"
)

// mortal is a coordinator at one address that dies and is started again.
type mortal struct {
	t      *testing.T
	folder string
	base   string
	now    atomic.Pointer[Coordinator]
	starts int
	watch  func(part, planned int, calls []history.Call)
}

func newMortal(t *testing.T) *mortal {
	m := &mortal{t: t, folder: t.TempDir()}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := m.now.Load()
		if c == nil {
			panic(http.ErrAbortHandler) // nobody is there
		}
		c.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	m.base = srv.URL
	m.start()
	return m
}

func (m *mortal) start() *Coordinator {
	m.starts++
	c := &Coordinator{Plan: Plan{Args: []string{"load"}}, Shards: 2, Token: token, Folder: m.folder, Keep: true,
		LostFor: time.Minute, Watch: m.watch}
	require.NoError(m.t, c.Open(fmt.Sprintf("clock %d", m.starts)))
	m.t.Cleanup(func() { _ = c.Close() })
	m.now.Store(c)
	return c
}

func (m *mortal) join(name string) *Worker {
	w := &Worker{Base: m.base, Token: token, Name: name, Drift: 200e-6}
	require.NoError(m.t, w.Join(m.t.Context(), 0, time.Second))
	return w
}

func (m *mortal) begin(w *Worker) func() {
	began := make(chan error, 1)
	go func() {
		_, err := w.Begin(func() int { return 7 })(m.t.Context(), runner.NewClock(), 0)
		began <- err
	}()
	return func() { require.NoError(m.t, <-began) }
}

// told has a worker tell of so many more calls.
func (m *mortal) told(w *Worker, from, n int) {
	for i := from; i < from+n; i++ {
		at := time.Duration(i)
		w.Saw(history.Call{Arrival: history.Arrival{Due: at, Method: "ping"}, Sent: at, Received: at + 1,
			Outcome: history.OK})
	}
	require.NoError(m.t, w.measure(m.t.Context()))
	require.NoError(m.t, w.beat(m.t.Context(), ""))
	for more := true; more; {
		var err error
		more, err = w.stream(m.t.Context())
		require.NoError(m.t, err)
	}
}

// A coordinator that dies before the plan begins, in mid-run, and in the middle of a
// result is started again, and takes in all that its workers kept and told of, once.
func TestACoordinatorStartedAgainGoesOn(t *testing.T) {
	m := newMortal(t)
	one := m.join("one")
	m.now.Store(nil)
	begun := m.begin(one) // it asks again until somebody answers
	time.Sleep(50 * time.Millisecond)
	m.start()
	two := m.join("two")
	begun2 := m.begin(two)
	begun()
	begun2()
	require.NotEqual(t, one.Part, two.Part)

	m.told(one, 0, 10)
	m.told(two, 0, 5000)
	m.now.Store(nil)
	require.ErrorContains(t, one.beat(t.Context(), ""), "can't be reached")
	var watched []int
	m.watch = func(part, planned int, calls []history.Call) { watched = append(watched, part, planned, len(calls)) }
	c := m.start()
	p := c.Progress()
	p.Ended = 0
	require.Equal(t, Progress{Joined: 2, Ready: 2, Begun: true, Planned: 14}, p)
	m.told(two, 5000, 10)
	require.Equal(t, []int{0, 14, 0, two.Part.Nth, 0, 10}, watched)
	require.Len(t, two.Clocks(), 2, "two met the clocks of the second and third coordinator")
	require.Len(t, one.Clocks(), 2, "one heard nothing of the third one's yet")

	result := bytes.Repeat([]byte("what one kept"), 2*chunk/13)
	var got acked
	path := fmt.Sprintf("/v1/result?worker=one&from=0&of=%d", len(result))
	require.NoError(t, one.post(t.Context(), path, result[:chunk], &got))
	m.now.Store(nil)
	m.start()
	require.NoError(t, one.Deliver(t.Context(), bytes.NewReader(result), int64(len(result))))
	m.now.Store(nil)
	c = m.start()
	c.LostFor = time.Millisecond
	list, err := c.Wait(t.Context(), time.Minute)
	require.NoError(t, err)
	kept, err := os.ReadFile(list[one.Part.Nth-1].Archive)
	require.NoError(t, err)
	require.True(t, bytes.Equal(result, kept))
	lost := list[two.Part.Nth-1]
	require.Len(t, lost.Calls, 5010)
	for i, call := range lost.Calls {
		require.Equal(t, time.Duration(i), call.Sent)
	}
	require.Contains(t, lost.Lost, "it was not heard of for")
	require.NotEmpty(t, lost.Shard.Clocks)
	require.Equal(t, 7, lost.Planned)

	require.NoError(t, Forget(m.folder))
	require.NoDirExists(t, m.folder)
}

// What was cut short by the death wasn't acknowledged, and is as if it had never come.
func TestWhatWasCutShortIsForgotten(t *testing.T) {
	m := newMortal(t)
	one, two := m.join("one"), m.join("two")
	begun, begun2 := m.begin(one), m.begin(two)
	begun()
	begun2()
	m.told(one, 0, 10)
	for file, tail := range map[string]string{"journal.jsonl": `{"part":1,"whole":tr`,
		"shard-1.calls": "\x00\x00\x01\x00half a batch"} {
		f, err := os.OpenFile(filepath.Join(m.folder, file), os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.WriteString(tail)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	m.start()
	m.told(one, 10, 10)
	c := m.start()
	c.LostFor = time.Millisecond
	list, err := c.Wait(t.Context(), time.Minute)
	require.NoError(t, err)
	require.Len(t, list[one.Part.Nth-1].Calls, 20)
}

// A folder is of one plan, and whoever is put aside stops nobody.
func TestAStateIsOfOnePlan(t *testing.T) {
	m := newMortal(t)
	other := &Coordinator{Plan: Plan{Args: []string{"run"}}, Shards: 2, Folder: m.folder, Keep: true}
	require.ErrorIs(t, other.Open("x"), ErrOtherPlan)
	require.NoError(t, other.Close())
	other = &Coordinator{Plan: Plan{Args: []string{"load"}, Files: map[string]string{}}, Shards: 3, Folder: m.folder,
		Keep: true}
	require.ErrorIs(t, other.Open("x"), ErrOtherPlan)
	require.NoError(t, other.Close())

	c := m.now.Load()
	drained := make(chan struct{})
	close(drained)
	c.Drain, c.Aside = drained, func() bool { return true }
	_, err := c.Wait(t.Context(), time.Minute)
	require.ErrorIs(t, err, ErrAside)
	require.False(t, c.stopped())
	c.Aside = nil
	_, err = c.Wait(t.Context(), time.Minute)
	require.ErrorIs(t, err, ErrNobody)
	require.True(t, m.start().stopped(), "that it was stopped is kept")
}
