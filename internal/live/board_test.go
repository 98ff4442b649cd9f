package live

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

var dawn = time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC)

func call(label string, due, took time.Duration, o history.Outcome) history.Call {
	return history.Call{Arrival: history.Arrival{Due: due, Label: label}, Sent: due, Received: due + took, Outcome: o}
}

// busy is a board of one server, 15/s burst 40, that got 20 calls a second for
// two seconds: 15 admitted and 5 refused a second, and one that broke.
func busy() *Board {
	b := NewBoard("mcpload run · 1 server")
	b.Expect(Server{Name: "acb", Rate: 15, Burst: 40, Began: dawn, Stages: []Stage{
		{Name: "burst", Calls: 1, End: 10 * time.Millisecond}, {Name: "overload", Calls: 99, End: 5 * time.Second},
	}})
	b.Saw("acb", call("burst", 0, 3*time.Millisecond, history.Broken))
	for i := range 40 {
		o := history.OK
		if i%4 == 3 {
			o = history.Limited
		}
		b.Saw("acb", call("overload", time.Duration(i)*50*time.Millisecond, 2*time.Millisecond, o))
	}
	return b
}

func TestASnapshotCountsWhatHappened(t *testing.T) {
	s := busy().snapshots(dawn.Add(2 * time.Second))[0]
	require.Equal(t, "overload", s.stage)
	require.Equal(t, []int{2, 2, 41, 100}, []int{s.number, s.stages, s.done, s.planned})
	require.Equal(t, []int{30, 10, 1}, []int{s.admitted, s.refused, s.failed})
	require.InDelta(t, 15, s.rates[0], 1)
	require.InDelta(t, 5, s.rates[1], 1)
	require.Zero(t, s.rates[2], "what broke did so two seconds ago")
	require.InDelta(t, float64(2*time.Millisecond), float64(s.p50), 3e4)
	require.Equal(t, 3*time.Second, s.left)
	require.InDelta(t, 40, s.level, 2, "it took 15 a second, and 15 flowed in")
}

func TestWhatIsRepeatedComesOnTop(t *testing.T) {
	b := busy()
	b.More("stranger", []Stage{{Name: "burst", Calls: 1}})
	b.More("acb", []Stage{{Name: "burst", Calls: 20, End: 9 * time.Second}})
	s := b.snapshots(dawn.Add(2 * time.Second))[0]
	require.Equal(t, []int{2, 3, 41, 120}, []int{s.number, s.stages, s.done, s.planned})
	require.Equal(t, 7*time.Second, s.left)
	b.Saw("acb", call("burst", 5*time.Second, time.Millisecond, history.OK))
	require.Equal(t, 3, b.snapshots(dawn.Add(5 * time.Second))[0].number)
}

func TestRatesForgetWhatIsOld(t *testing.T) {
	b := busy()
	require.Zero(t, b.snapshots(dawn.Add(10 * time.Second))[0].rates)
	require.Zero(t, b.snapshots(dawn)[0].rates, "nothing is known of the first instant")
}

func TestTheBucketRunsEmptyAndFillsAgain(t *testing.T) {
	b := NewBoard("")
	b.Expect(Server{Name: "acb", Rate: 10, Burst: 5, Began: dawn})
	for range 9 {
		b.Saw("acb", call("x", 0, time.Millisecond, history.OK))
	}
	require.InDelta(t, 0, b.snapshots(dawn.Add(time.Millisecond))[0].level, 0.01)
	require.InDelta(t, 2, b.snapshots(dawn.Add(201 * time.Millisecond))[0].level, 0.01)
	require.Equal(t, 5.0, b.snapshots(dawn.Add(time.Hour))[0].level)
}

func TestNotesStandUntilACallTellsMore(t *testing.T) {
	b := NewBoard("")
	b.Note("acb", "connecting")
	require.Equal(t, "connecting", b.snapshots(dawn)[0].stage)
	b.Expect(Server{Name: "acb", Began: dawn, Stages: []Stage{{Name: "burst", Calls: 2}}})
	b.Note("acb", "resting")
	require.Equal(t, "resting", b.snapshots(dawn)[0].stage)
	b.Saw("acb", call("burst", 0, 0, history.OK))
	require.Equal(t, "burst", b.snapshots(dawn)[0].stage)
	b.Saw("stranger", call("burst", 0, 0, history.OK))
	require.Len(t, b.snapshots(dawn), 1)
}

func TestLineSumsUp(t *testing.T) {
	b := busy()
	b.Expect(Server{Name: "other", Began: dawn, Stages: []Stage{{Name: "burst", Calls: 10, End: time.Minute}}})
	require.Equal(t, "41 of 110 calls done, 30 admitted, 10 refused, 1 failed, about 58s left",
		b.Line(dawn.Add(2*time.Second)))
	require.Equal(t, "0 calls done, 0 admitted, 0 refused, 0 failed", NewBoard("").Line(dawn))
}

func TestSawAllocatesNothingAndMayBeCalledAtOnce(t *testing.T) {
	b := busy()
	c := call("overload", time.Second, time.Hour, history.OK) // beyond the histogram
	require.Zero(t, testing.AllocsPerRun(100, func() { b.Saw("acb", c) }))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				b.Saw("acb", c)
				b.snapshots(dawn.Add(time.Second))
			}
		})
	}
	wg.Wait()
	require.Equal(t, 30+101+800, b.snapshots(dawn)[0].admitted)
}

func BenchmarkSaw(b *testing.B) {
	board := busy()
	c := call("overload", time.Second, time.Millisecond, history.OK)
	b.ReportAllocs()
	for b.Loop() {
		board.Saw("acb", c)
	}
}

// What a scenario that ended early leaves out is no longer expected.
func TestWhatIsLeftOutIsNotExpected(t *testing.T) {
	b := busy()
	b.Rest("stranger", []Stage{{Name: "idle", Calls: 1}})
	b.Rest("acb", []Stage{{Name: "idle", Calls: 9, End: 4 * time.Second}})
	s := b.snapshots(dawn.Add(2 * time.Second))[0]
	require.Equal(t, []int{2, 3, 41, 50}, []int{s.number, s.stages, s.done, s.planned})
	require.Equal(t, 2*time.Second, s.left)
}
