package scenarios

import (
	"iter"
	"math"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// beyond is how many calls more than the burst are sent at once.
const beyond = 5

// limitChecks are the checks of every scenario that presses on the limit, with
// more of its own.
func limitChecks(more ...verdict.Check) []verdict.Check {
	return slices.Concat([]verdict.Check{verdict.Generator, verdict.Alive}, verdict.LimitChecks(), more)
}

func full(l profiles.Limit) Level { return Level{Min: float64(l.Burst), Max: float64(l.Burst)} }

// low is a bucket with half a second's tokens: enough that calls a little off
// their time aren't refused, too few to hide a bucket that doesn't refill.
func low(l profiles.Limit) Level {
	few := min(3+0.5*l.Rate, max(1, float64(l.Burst)/2))
	return Level{Min: few, Max: few + 1}
}

var burst = Scenario{
	Name:      "burst",
	Doc:       "burst + 5 calls at once, against a full bucket, and one more before a token is back",
	Criterion: "exactly the burst is admitted, give or take what refills meanwhile; the rest is refused",
	Start:     full,
	Arrivals: func(l profiles.Limit, _ Setting) iter.Seq[Beat] {
		// The late call tells a burst of one less from the promised one: there
		// it is refused although more than a token should be back.
		return beats(Beat{Calls: l.Burst + beyond}, Beat{At: seconds(0.7 / l.Rate), Calls: 1})
	},
	Checks: limitChecks(verdict.Pressure, verdict.RefusalShape, verdict.RetryHint),
}

var sustained = Scenario{
	Name:      "sustained",
	Doc:       "95 % of the rate for a second or more, from a nearly empty bucket",
	Criterion: "nothing is refused, and at least 90 % is admitted",
	Start:     low,
	Arrivals: func(l profiles.Limit, set Setting) iter.Seq[Beat] {
		return steady(0.95*l.Rate, max(set.lasts(max(4, 8/l.Rate)), seconds(3/l.Rate)))
	},
	Shown:  refuted,
	Checks: limitChecks(verdict.Served),
}

var overload = Scenario{
	Name:      "overload",
	Doc:       "about 130 % of the rate until the limit is measured, from a nearly empty bucket",
	Criterion: "admissions go at the rate, refusals are fast, the server stays alive, the limit is measured",
	Start:     func(profiles.Limit) Level { return Level{Max: 3} },
	Arrivals:  overloadBeats,
	Shown:     measured,
	Checks: limitChecks(verdict.Pressure, verdict.Scope, verdict.Measure, verdict.FastRefusals, verdict.RefusalShape,
		verdict.RetryHint, verdict.Complete),
}

// refusals is how many overload brings at any precision: enough to say how long they take.
const refusals = 7

// overloadBeats goes just over the rate rather than hammering: admissions and
// refusals then alternate, and pin the level from both sides. The jitter moves
// the calls to every phase of a token's refill.
func overloadBeats(l profiles.Limit, set Setting) iter.Seq[Beat] {
	return func(yield func(Beat) bool) {
		r := Jitter(set.Seed, "overload")
		length := max(set.lasts(7), set.brings(40, l.Rate), seconds(refusals/(0.3*l.Rate)))
		for at := time.Duration(0); at < length; at += seconds((0.7 + 0.6*r.Float64()) / (1.3 * l.Rate)) {
			if !yield(Beat{At: at, Calls: 1}) {
				return
			}
		}
	}
}

var recovery = Scenario{
	Name:      "recovery",
	Doc:       "drain a full bucket in quick succession, call twice more, then ask for k + 1 after k tokens",
	Criterion: "the burst is admitted, then what flows in and no more",
	Alone:     true,
	Start:     full,
	Arrivals:  recoveryBeats,
	Checks:    limitChecks(verdict.Pressure, verdict.RetryHint),
}

// recoveryBeats drains one call after the other, in quick succession. A server
// that answers many calls at once only slowly blurs a burst at once, because any
// of them may have been decided last; these it can answer as they come, so the
// size of the bucket is pinned.
func recoveryBeats(l profiles.Limit, _ Setting) iter.Seq[Beat] {
	k := recovered(l)
	// A rest before the drain shows a bucket that goes on filling when it is full.
	rest := seconds(min(1, 3/l.Rate))
	step := min(0.006, 0.1/l.Rate)
	drain := int(math.Ceil(float64(l.Burst+beyond) / (1 - step*l.Rate)))
	var list []Beat
	for i := range drain {
		list = append(list, Beat{At: rest + seconds(float64(i)*step), Calls: 1})
	}
	empty := list[len(list)-1].At
	return beats(append(list,
		// Nothing is admitted between these two, so the second shows if the
		// first was told the truth about when to retry.
		Beat{At: empty + seconds(0.4/l.Rate), Calls: 1},
		Beat{At: empty + seconds(0.8/l.Rate), Calls: 1},
		Beat{At: empty + seconds((float64(k)+0.5)/l.Rate), Calls: k + 1},
	)...)
}

// recovered is k, the tokens that the recovery scenario waits for.
func recovered(l profiles.Limit) int { return max(1, min(4, l.Burst/2)) }

var idle = Scenario{
	Name:      "idle",
	Doc:       "drain the bucket, send nothing for up to 1.5 s, call again",
	Criterion: "no more is admitted than what flowed in meanwhile",
	Start:     func(profiles.Limit) Level { return Level{Max: 0} },
	Arrivals: func(l profiles.Limit, _ Setting) iter.Seq[Beat] {
		gap := longestRest(l)
		back := int(math.Ceil(gap*l.Rate)) + beyond
		return beats(Beat{Calls: 2}, Beat{At: seconds(gap), Calls: back})
	},
	Checks: limitChecks(verdict.Pressure),
}

var results = Scenario{
	Name:      "results",
	Doc:       "45 % of the rate for a second or more, while the bucket fills up",
	Criterion: "the statistics are complete: sent = admitted + limited + failed + unknown",
	Start:     low,
	Arrivals: func(l profiles.Limit, set Setting) iter.Seq[Beat] {
		return steady(0.45*l.Rate, max(set.lasts(max(2, 4/l.Rate)), seconds(5/l.Rate)))
	},
	Checks: limitChecks(verdict.Complete),
}

// beats is a plan of given beats.
func beats(list ...Beat) iter.Seq[Beat] { return slices.Values(list) }

// steady is a plan at a constant rate, in calls a second.
func steady(rate float64, length time.Duration) iter.Seq[Beat] {
	return paced(vegeta.ConstantPacer{Freq: 1, Per: seconds(1 / rate)}, length)
}

// paced asks a pacer when its hits are due.
func paced(p vegeta.Pacer, length time.Duration) iter.Seq[Beat] {
	return func(yield func(Beat) bool) {
		at := time.Duration(0)
		for hits := uint64(0); ; hits++ {
			wait, stop := p.Pace(at, hits)
			at += wait
			if stop || at > length || !yield(Beat{At: at, Calls: 1}) {
				return
			}
		}
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * 1e9) }
