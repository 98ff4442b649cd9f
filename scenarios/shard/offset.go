package shard

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// An Exchange is a message to whoever has the common clock, and its answer: sent and
// received by our clock, and seen in between by theirs. Instants are in nanoseconds
// from any zero, which may be another for each clock.
type Exchange struct {
	Sent, Received time.Duration // ours
	Seen           time.Duration // theirs
}

// A Bound says that what the common clock shows beyond ours was from Lo to Hi when
// ours showed At.
type Bound struct{ At, Lo, Hi time.Duration }

// Bound is what an exchange proves. They saw it after we sent it, and before we got
// the answer: so theirs is at least Seen-Received and at most Seen-Sent beyond ours,
// however long either way took.
//
// At is the middle; that the instant may be either end, and drift (1e-6 is one part
// in a million) have moved the clocks since, widens it.
func (e Exchange) Bound(drift float64) Bound {
	half := (e.Received - e.Sent + 1) / 2
	slack := widened(half, drift)
	return Bound{At: e.Sent + half, Lo: e.Seen - e.Received - slack, Hi: e.Seen - e.Sent + slack}
}

func widened(d time.Duration, drift float64) time.Duration {
	return time.Duration(math.Ceil(float64(d) * drift))
}

// Offsets say at every instant of a clock of ours what the common clock shows beyond
// it, as bounds. Between two measurements, and before and after all, they widen by the
// drift. The zero value knows nothing.
type Offsets struct {
	drift float64
	at    []Bound // in order; Lo and Hi are what all bounds together prove at the instant
}

// NewOffsets puts bounds together: what one proves holds at the instants of all
// others too, but for the drift since. It is an error if no offset keeps all of them:
// then a clock was set, or drifts further than that.
func NewOffsets(bounds []Bound, drift float64) (Offsets, error) {
	if len(bounds) == 0 {
		return Offsets{}, fmt.Errorf("nobody measured the clock")
	}
	o := Offsets{drift: drift, at: slices.Clone(bounds)}
	slices.SortFunc(o.at, func(a, b Bound) int { return cmp.Compare(a.At, b.At) })
	tighten := func(b *Bound, by Bound) {
		slack := widened((b.At - by.At).Abs(), drift)
		b.Lo, b.Hi = max(b.Lo, by.Lo-slack), min(b.Hi, by.Hi+slack)
	}
	for i := 1; i < len(o.at); i++ {
		tighten(&o.at[i], o.at[i-1])
	}
	for i := len(o.at) - 2; i >= 0; i-- {
		tighten(&o.at[i], o.at[i+1])
	}
	for _, b := range o.at {
		if b.Lo > b.Hi {
			return Offsets{}, fmt.Errorf("the clock was set during the run, or drifts by more than %g ppm: at %s it "+
				"was off by %s more than that explains",
				drift*1e6, b.At.Round(time.Millisecond), b.Lo-b.Hi)
		}
	}
	return o, nil
}

// At are the bounds at an instant of our clock.
func (o *Offsets) At(t time.Duration) (lo, hi time.Duration) {
	i, _ := slices.BinarySearchFunc(o.at, t, func(b Bound, t time.Duration) int { return cmp.Compare(b.At, t) })
	lo, hi = math.MinInt64, math.MaxInt64
	for _, j := range [...]int{i - 1, i} {
		if 0 <= j && j < len(o.at) {
			slack := widened((t - o.at[j].At).Abs(), o.drift)
			lo, hi = max(lo, o.at[j].Lo-slack), min(hi, o.at[j].Hi+slack)
		}
	}
	return lo, hi
}

// Common moves a span of our clock, such as from a call's sending to its reply, to
// the common clock: shift is to be added to both ends, which are then off by at most
// err either way.
func (o *Offsets) Common(sent, received time.Duration) (shift, err time.Duration) {
	lo, hi := o.At(sent)
	shift = lo + (hi-lo)/2
	later, latest := o.At(received)
	return shift, max(shift-lo, hi-shift, shift-later, latest-shift)
}

// Clock names the wall clock of the machine: programs that get the same name read the
// same clock. It is empty where the system doesn't say which machine it is.
func Clock() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(strings.TrimSpace(string(id))) == 0 {
		return ""
	}
	sum := sha256.Sum256(append([]byte("the wall clock of "), id...))
	return "wall-" + hex.EncodeToString(sum[:8])
}
