package load

import (
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// Recovery is told in bins after a burst. A bin holds a few calls of the rate
// that the burst stands on, so that one slow call isn't taken for a state.
const (
	shortestBin = 50 * time.Millisecond
	callsABin   = 10
	maxBins     = 200
	maxBursts   = 1000 // whose recovery is told
	slowShare   = 0.1  // of a bin's calls that may be slow once it has recovered
)

// A recovery follows how a server gets back to normal after each burst.
type recovery struct {
	every, bin time.Duration
	calm       Histogram // calls due before the first burst
	limit      time.Duration
	frozen     bool // calm and limit stand
	bursts     [][]bin
}

// A bin is the calls that were due in one span after a burst.
type bin struct{ calls, slow int32 }

func newRecovery(s Shape) *recovery {
	base := s.Expected(s.Burst.Every) / s.Burst.Every.Seconds()
	width := shortestBin
	if base > 0 {
		width = max(width, time.Duration(callsABin/base*1e9))
	}
	return &recovery{every: s.Burst.Every, bin: max(width, s.Burst.Every/maxBins)}
}

// add takes in a call.
func (r *recovery) add(c history.Call) {
	k := int(c.Due / r.every) // the k-th burst came last, from 1
	if k == 0 {
		if !r.frozen && c.Outcome == history.OK {
			r.calm.Record(c.Response())
		}
		return
	}
	if k > maxBursts {
		return
	}
	r.freeze()
	for len(r.bursts) < k {
		r.bursts = append(r.bursts, make([]bin, r.every/r.bin+1))
	}
	b := &r.bursts[k-1][c.Due%r.every/r.bin]
	b.calls++
	if c.Outcome != history.OK || c.Response() > r.limit {
		b.slow++
	}
}

// freeze settles what is normal: what all but one in ten calls waited before
// the first burst, with a millisecond for the clock and the scheduler.
func (r *recovery) freeze() {
	if !r.frozen {
		r.frozen = true
		r.limit = max(2*r.calm.Quantile(0.5), r.calm.Quantile(0.99)) + time.Millisecond
	}
}

// report sums up. The last bin that calls were due in is never past.
func (r *recovery) report(due time.Duration) *results.LoadRecovery {
	out := &results.LoadRecovery{Step: float64(r.bin) / 1e6, Normal: float64(r.limit) / 1e6}
	if r.calm.N() == 0 {
		return out // nothing to compare with
	}
	var took []time.Duration
	for k, bins := range r.bursts {
		out.Bursts++
		end := time.Duration(k+2) * r.every // the next burst
		back := r.back(bins)
		if back >= min(end, due)-time.Duration(k+1)*r.every {
			out.Never++
			continue
		}
		took = append(took, back)
	}
	if len(took) > 0 {
		slices.Sort(took)
		out.Median, out.Longest = float64(took[(len(took)-1)/2])/1e6, float64(took[len(took)-1])/1e6
	}
	return out
}

// back is how long after a burst the last bin with too many slow calls ended;
// 0 where there was none.
func (r *recovery) back(bins []bin) time.Duration {
	last := -1
	for i, b := range bins {
		if float64(b.slow) > slowShare*float64(b.calls) {
			last = i
		}
	}
	return time.Duration(last+1) * r.bin
}
