package drive

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noClock is a clock that nobody waits on.
type noClock struct{}

func (noClock) Now() time.Duration                                         { return 0 }
func (noClock) Wait(context.Context, time.Duration, <-chan struct{}) error { return nil }

// woken is a watch that woke at these instants, in milliseconds.
func woken(at ...time.Duration) *machineWatch {
	w := &machineWatch{clock: noClock{}}
	for _, ms := range at {
		w.woke(ms * time.Millisecond)
	}
	return w
}

func TestWhenWeStoodStill(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	w := woken(20, 41, 61, 81, 3081, 3101, 3121) // a stop of three seconds
	for _, row := range []struct {
		name            string
		from, to        time.Duration
		touched, spoilt bool
	}{
		{"before", 0, 80 * ms, false, false},
		{"across", 50 * ms, 3090 * ms, true, true},
		{"a part that is enough", 0, 500 * ms, true, true},
		{"a long wait, a tenth of it", 0, 29_000 * ms, true, true},
		{"after", 3082 * ms, 3120 * ms, false, false},
		{"now, which the watch doesn't know yet", 3110 * ms, 9000 * ms, true, true},
		{"now, as far as a scheduler's daily work", 3110 * ms, 3150 * ms, false, false},
	} {
		assert.Equal(t, row.touched, w.touched(row.from, row.to), row.name)
		assert.Equal(t, row.spoilt, w.spoilt(row.from, row.to), row.name)
	}
	for at := 3141 * ms; at <= 40_000*ms; at += 20 * ms {
		w.woke(at)
	}
	assert.False(t, w.spoilt(0, 31_000*ms), "a long wait, less than a tenth of it")
	require.Equal(t, 2980*ms, w.longestStall())
}

func TestAStarvedMachine(t *testing.T) {
	t.Parallel()
	assert.Empty(t, woken(20, 40, 60, 80, 100, 120, 140, 160, 180, 200).starved())
	text := woken(20, 40, 60, 560, 580, 600).starved()
	assert.Contains(t, text, "this machine is starved: we stood still for 480ms in all, 480ms at most")
	w := woken(20, 40, 60, 80, 100)
	w.before, w.after = [2]float64{100, 1000}, [2]float64{150, 1200}
	assert.Contains(t, w.starved(), "; 25% of them taken by other machines (steal)")
	w.after = [2]float64{101, 1200}
	assert.Empty(t, w.starved())
}

func TestLocalPorts(t *testing.T) {
	t.Parallel()
	require.Equal(t, 28232, portsOf("32768\t60999\n"))
	for _, text := range []string{"", "x y", "5 4"} {
		require.Zero(t, portsOf(text), text)
	}
}
