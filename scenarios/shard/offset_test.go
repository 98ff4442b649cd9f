package shard

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// However long messages take either way, and however our clock wanders within its
// drift, the true offset is within the bounds at every instant.
func TestOffsetsHoldTheTruth(t *testing.T) {
	const drift = 200e-6
	rapid.Check(t, func(t *rapid.T) {
		truth := time.Duration(rapid.Int64Range(-1e12, 1e12).Draw(t, "offset"))
		delay := rapid.Int64Range(1, 50_000_000)
		pace := rapid.Float64Range(-drift, drift)
		type moment struct{ at, off time.Duration }
		var walk []moment
		var bounds []Bound
		at, off := time.Duration(0), float64(truth)
		step := func(d time.Duration) { // the common clock gains on ours
			at += d
			off += float64(d) * pace.Draw(t, "pace")
			walk = append(walk, moment{at, time.Duration(off)})
		}
		for range rapid.IntRange(1, 12).Draw(t, "exchanges") {
			step(time.Duration(rapid.Int64Range(0, 20e9).Draw(t, "pause")))
			e := Exchange{Sent: at}
			step(time.Duration(delay.Draw(t, "there")))
			e.Seen = at + time.Duration(off)
			step(time.Duration(delay.Draw(t, "back")))
			e.Received = at
			bounds = append(bounds, e.Bound(drift))
		}
		o, err := NewOffsets(bounds, drift)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range walk {
			lo, hi := o.At(m.at)
			if m.off < lo-2 || m.off > hi+2 { // what is rounded
				t.Fatalf("at %s the offset is %d, and the bounds are %d to %d", m.at, m.off, lo, hi)
			}
			for _, later := range walk[i:] {
				shift, e := o.Common(m.at, later.at)
				if (m.off-shift).Abs() > e+2 || (later.off-shift).Abs() > e+2 {
					t.Fatalf("from %s to %s: %d and %d are not within %d of %d", m.at, later.at, m.off, later.off, e,
						shift)
				}
			}
		}
	})
}

func TestManyExchangesNarrow(t *testing.T) {
	one := Exchange{Sent: 0, Seen: 1_000_000, Received: 10_000_000}       // -9 ms to 1 ms
	other := Exchange{Sent: 20_000_000, Seen: 29_000_000, Received: 30e6} // -1 ms to 9 ms
	o, err := NewOffsets([]Bound{other.Bound(0), one.Bound(0)}, 0)
	require.NoError(t, err)
	lo, hi := o.At(15e6)
	require.Equal(t, -time.Millisecond, lo)
	require.Equal(t, time.Millisecond, hi)
}

func TestAClockThatWasSet(t *testing.T) {
	before := Exchange{Sent: 0, Seen: 500_000, Received: 1_000_000}
	after := Exchange{Sent: 1e9, Seen: 1e9 + 100e6, Received: 1e9 + 1e6} // 100 ms further
	_, err := NewOffsets([]Bound{before.Bound(200e-6), after.Bound(200e-6)}, 200e-6)
	require.ErrorContains(t, err, "the clock was set during the run, or drifts by more than 200 ppm")
	_, err = NewOffsets(nil, 0)
	require.EqualError(t, err, "nobody measured the clock")
}
