package drive

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/runner"
)

// A machineWatch tells how well this machine lets us run: it wants to wake at
// short intervals, and notes how long after them it does. Whatever keeps it from
// that, a busy machine or a SIGSTOP, keeps the load from being sent and the
// replies from being read.
type machineWatch struct {
	clock runner.Clock
	quit  chan struct{}
	wg    sync.WaitGroup

	awake    atomic.Int64 // when it woke last
	from, to atomic.Int64 // of the latest stall

	mu      sync.Mutex
	began   time.Duration
	stalls  []stall       // the latest, at most keptStalls
	stalled time.Duration // all of them together
	longest time.Duration
	before  [2]float64 // processor time of this machine: stolen, and all
	after   [2]float64
}

// A stall is a time in which we stood still.
type stall struct{ from, to time.Duration }

const (
	wakeEvery  = 20 * time.Millisecond
	stallLeast = 20 * time.Millisecond // beyond wakeEvery; less is a scheduler's daily work
	keptStalls = 4096

	// A call that got no reply is no fault of the server's where we stood still
	// for this share of the time that it had.
	spoilShare = 0.1
	// A machine is starved where we stood still for this share of the run, or so
	// much of its processors was taken by other machines (steal).
	starvedShare = 0.1
)

func watchMachine(clock runner.Clock) *machineWatch {
	now := clock.Now()
	w := &machineWatch{clock: clock, quit: make(chan struct{}), began: now, before: stolen()}
	w.awake.Store(int64(now))
	w.wg.Go(func() {
		tick := time.NewTimer(wakeEvery)
		defer tick.Stop()
		for {
			select {
			case <-w.quit:
				return
			case <-tick.C:
			}
			w.woke(clock.Now())
			tick.Reset(wakeEvery)
		}
	})
	return w
}

// woke takes in that we run.
func (w *machineWatch) woke(now time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	awake := time.Duration(w.awake.Load())
	if late := now - awake - wakeEvery; late > stallLeast {
		w.from.Store(int64(awake))
		w.to.Store(int64(now))
		if len(w.stalls) == keptStalls {
			w.stalls = append(w.stalls[:0], w.stalls[keptStalls/2:]...)
		}
		w.stalls = append(w.stalls, stall{awake, now})
		w.stalled += late
		w.longest = max(w.longest, late)
	}
	w.awake.Store(int64(now))
}

// touched reports if we stood still for some of the time between two instants,
// as far as the latest stall tells. It costs next to nothing.
func (w *machineWatch) touched(from, to time.Duration) bool {
	return to > time.Duration(w.awake.Load())+wakeEvery+stallLeast || from < time.Duration(w.to.Load()) &&
		to > time.Duration(w.from.Load())
}

// longestStall is how long we stood still at most.
func (w *machineWatch) longestStall() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.longest
}

// end ends the watch.
func (w *machineWatch) end() {
	close(w.quit)
	w.wg.Wait()
	w.after = stolen()
}

// spoilt reports if we stood still for so long between two instants that a reply
// may have been there, or the call late, for that alone. The stall may be over
// for whoever asks, and not yet for the watch.
func (w *machineWatch) spoilt(from, to time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := time.Duration(0)
	if awake := time.Duration(w.awake.Load()); to > awake+wakeEvery+stallLeast {
		sum = to - max(from, awake)
	}
	for i := len(w.stalls) - 1; i >= 0 && w.stalls[i].to > from; i-- {
		sum += max(0, min(to, w.stalls[i].to)-max(from, w.stalls[i].from))
	}
	return to > from && float64(sum) >= spoilShare*float64(to-from)
}

// starved says that this machine had too little time for us, by all that tells
// of it; empty where it had not.
func (w *machineWatch) starved() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	share, steal := 0.0, 0.0
	if run := time.Duration(w.awake.Load()) - w.began; run > 0 {
		share = float64(w.stalled) / float64(run)
	}
	if all := w.after[1] - w.before[1]; all > 0 {
		steal = (w.after[0] - w.before[0]) / all
	}
	if share < starvedShare && steal < starvedShare {
		return ""
	}
	text := fmt.Sprintf("this machine is starved: we stood still for %s in all, %s at most", words.Span(w.stalled),
		words.Span(w.longest))
	if load, ok := loadAverage(); ok {
		text += fmt.Sprintf("; load average %.1f on %d processors", load, cores())
	}
	if steal > 0.01 {
		text += fmt.Sprintf("; %.0f%% of them taken by other machines (steal)", steal*100)
	}
	return text
}

// loadAverage is how many tasks wanted to run over the last minute.
func loadAverage() (float64, bool) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, false // not on this system
	}
	first, _, _ := strings.Cut(string(text), " ")
	x, err := strconv.ParseFloat(first, 64)
	return x, err == nil
}

// stolen is how much time other machines took of this one's processors, and all
// time that these had, in ticks since its start.
func stolen() (sum [2]float64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return sum // not on this system
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	const steal = 8 // behind cpu: user nice system idle iowait irq softirq steal
	for i, field := range strings.Fields(string(line)) {
		x, err := strconv.ParseFloat(field, 64)
		if err != nil || i > steal { // guests' time is in user's already
			continue
		}
		sum[1] += x
		if i == steal {
			sum[0] = x
		}
	}
	return sum
}
