package verdict

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/mcpload/mcpload/promise"
)

// A Band says, for one bucket of the server and every instant of a history,
// between which two levels an honest bucket of a rate and a burst must have
// been: no choice of the unseen instants puts it below Least or above Most.
// Where nobody knows what was decided when, the band is wide; it is never wrong.
//
//	Most(t)  = burst - max over u <= t of ( N(u,t) - rate*(t-u) )
//	Least(t) = burst - max over u <= t of ( M(u,t) - rate*(t-u) )
//
// N(u,t) counts the tokens of what was certainly admitted within [u, t], M(u,t)
// those of all that may have been: the two sums that the checks rest on. So a
// band shows what they say. Most falls under 0 just where more was admitted
// than the bucket can grant, and a refusal that stands at 1 or higher was
// refused a token that was certainly there.
type Band struct {
	Client string  // whose bucket it is; empty where one is for all
	Rate   float64 // tokens a second
	Burst  float64 // tokens
	Fast   float64 // tokens a second that Most rises by: the rate, by a clock as fast as it may be
	Slow   float64 // and Least, by one as slow as it may be

	Levels   []Level      // in rising order, one for each instant at which a call was sent or answered
	Admitted []LevelPoint // what surely cost a token, by reply: what can have been left at most
	// by sending: what must have been there at least, at the instant that excuses the refusal best
	Refused []LevelPoint
}

// A Level is the band at one instant, and how it goes on from there.
type Level struct {
	At    time.Duration
	Most  float64 // tokens at most, at At; it then rises by Fast, up to the burst
	Least float64 // tokens at least, at At; under 0 where more may have been taken than a bucket holds
	Room  float64 // what Least rises to after At, by Slow: the burst less all that is in flight
}

// A LevelPoint is a call and the level that it speaks for.
type LevelPoint struct {
	Call  int // 1-based position in the history
	At    time.Duration
	Level float64 // tokens
}

// Bands returns the band of every bucket that the evidence knows, in the order
// of their first calls, for a limit's rate and burst. It costs O(n log n).
func (e *Evidence) Bands(l promise.Limit) []Band {
	bands := make([]Band, 0, len(e.buckets))
	for _, b := range e.buckets {
		if len(b.marks) > 0 {
			bands = append(bands, b.band(l.Rate, float64(l.Burst)))
		}
	}
	return bands
}

func (b *bucket) band(rate, burst float64) Band {
	b.prepare()
	out := Band{Client: b.client, Rate: rate, Burst: burst, Fast: rate * b.fast(), Slow: rate * b.slow()}
	b.sweepAdmissions(rate, func(i int32, need float64) {
		out.Admitted = append(out.Admitted, LevelPoint{int(b.marks[i].pos), b.instant(b.until(i)), burst - need})
	})
	b.sweepRejections(rate, func(j int32, bound float64, t int64) {
		out.Refused = append(out.Refused, LevelPoint{int(b.marks[j].pos), b.instant(t), burst - (bound - 1)})
	})
	times := b.instants()
	for at, i := range b.byReceived { // sweepAdmissions may have been the last to set the ranks
		b.rank[i] = int32(at)
	}
	taken := b.demandAt(perNano(out.Slow), times, nil)
	out.Levels = make([]Level, len(times))
	admitted, flying, sent, done := 0, 0.0, 0, 0
	most := Level{At: b.instant(-b.early), Most: burst}
	for k, t := range times {
		at := b.instant(t)
		most = Level{At: at, Most: most.most(at, out.Fast, burst)}
		for ; admitted < len(out.Admitted) && out.Admitted[admitted].At <= at; admitted++ {
			most.Most = min(burst, out.Admitted[admitted].Level)
		}
		for ; sent < len(b.bySent) && b.since(b.bySent[sent]) <= t; sent++ {
			flying += float64(b.marks[b.bySent[sent]].most)
		}
		for ; done < len(b.byReceived) && b.missed(b.byReceived[done]) <= t; done++ {
			flying -= float64(b.marks[b.byReceived[done]].most)
		}
		out.Levels[k] = Level{At: at, Most: most.Most, Least: burst - taken[k], Room: burst - flying}
	}
	return out
}

// instants are those at which a call was sent or answered, refused ones
// included, each once and in order.
func (b *bucket) instants() []int64 {
	times := make([]int64, 0, len(b.times)+2*len(b.marks))
	times = append(times, b.times...)
	for i := range b.marks {
		if b.marks[i].received != never {
			times = append(times, b.until(int32(i)), b.missed(int32(i)))
		}
	}
	slices.Sort(times)
	return slices.Compact(times)
}

func (l Level) most(at time.Duration, rate, burst float64) float64 {
	return min(burst, l.Most+rate*(at-l.At).Seconds())
}

// At returns the band at an instant: how many tokens there were at least (0 or
// more) and at most. Before the first call the bucket is full.
func (b Band) At(t time.Duration) (least, most float64) {
	k := sort.Search(len(b.Levels), func(k int) bool { return b.Levels[k].At > t }) - 1
	if k < 0 {
		return b.Burst, b.Burst
	}
	l := b.Levels[k]
	least = l.Least
	if t > l.At {
		least = min(l.Room, l.Least+b.Slow*(t-l.At).Seconds())
	}
	return math.Max(0, least), l.most(t, b.Fast, b.Burst)
}
