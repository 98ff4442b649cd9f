package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/mcpload/mcpload/history"
)

// The checks of this file compare times. None of them fails by a pause, whoever
// made it: see Stall.

// FastRefusals is the check that saying no is cheap.
var FastRefusals = Check{
	ID:    "fast-refusals",
	Doc:   "refusals don't take much longer than admissions",
	Judge: judgeFastRefusals,
}

// A refusal may take this much longer than an admission: a limiter that makes
// callers wait holds what it ought to protect.
const (
	slowFactor = 5
	slowFloor  = 100 * time.Millisecond
	slowSample = 5    // calls of either sort, at least
	slowChance = 1e-6 // that a fail is by chance, at most
)

// slower reports if one time is too long beside another.
func slower(took, beside time.Duration) bool {
	return took > slowFactor*beside && took > beside+slowFloor
}

// judgeFastRefusals passes on the medians of what calls took when stalls are
// taken out. It fails only on calls that were held back under the same
// conditions as others that weren't: see pace.held.
func judgeFastRefusals(t *Trial) Finding {
	p := paceOf(t.Calls)
	no, yes := p.times(history.Limited), p.times(history.OK)
	f := Finding{Check: "fast-refusals", Want: "median refusal within 5x the median admission, or 100ms more"}
	f.Saw = fmt.Sprintf("median refusal %s (n=%d), median admission %s (n=%d)",
		span(quantile(no, 0.5)), len(no), span(quantile(yes, 0.5)), len(yes))
	if stood := covered(together(p.stalls)); stood > 0 {
		f.Saw += fmt.Sprintf(" without the %s in which nothing was answered", span(stood))
	}
	if len(no) < slowSample || len(yes) < slowSample {
		f.Saw += ": too few to tell"
		return f
	}
	heldNo, example := p.countHeld(history.Limited)
	heldYes, _ := p.countHeld(history.OK)
	switch {
	case 2*heldNo > len(no) && chance(heldNo, len(no), heldYes, len(yes)) < slowChance:
		f.Verdict = Fail
		f.Saw += fmt.Sprintf("; %d refusals and %d admissions were held while later calls of their connection were "+
			"admitted, %s",
			heldNo, heldYes, p.words(example))
		f.Cause = "the server makes refused callers wait"
	case slower(quantile(no, 0.5), quantile(yes, 0.5)):
		f.Saw += fmt.Sprintf("; but only %d of them were held while later calls of their connection were admitted, "+
			"so that pauses may have done this", heldNo)
	default:
		f.Verdict = Pass
	}
	return f
}

// together are the stalls of all connections that may be taken out of times.
func together(list []Stall) []Stall {
	return slices.DeleteFunc(slices.Clone(list), func(s Stall) bool {
		return s.Lane != "" ||
			s.To-s.since < stallLeast
	})
}

// A pace is what calls took, beside what others took at the same time.
type pace struct {
	calls  []history.Call
	stalls []Stall
	lanes  map[string][]int // admissions of a connection, by when they were sent
}

func paceOf(calls []history.Call) *pace {
	p := &pace{calls: calls, stalls: Stalls(calls, stallLeast), lanes: map[string][]int{}}
	for i, c := range calls {
		if c.Outcome == history.OK {
			p.lanes[laneOf(c)] = append(p.lanes[laneOf(c)], i)
		}
	}
	for _, lane := range p.lanes {
		slices.SortStableFunc(lane, func(a, b int) int { return cmp.Compare(calls[a].Sent, calls[b].Sent) })
	}
	return p
}

// times are what the calls of an outcome took without stalls, in order.
func (p *pace) times(o history.Outcome) []time.Duration {
	var list []time.Duration
	for i, c := range p.calls {
		if c.Outcome == o {
			list = append(list, without(p.stalls, i, c))
		}
	}
	slices.Sort(list)
	return list
}

// held reports if a call was held back: what it took is too long, all stalls
// taken out, beside everything that was sent later on its connection while it
// was in flight and admitted, and some of that was answered before it. So the
// connection was alive and the server was serving, and passed the call over.
func (p *pace) held(at int) bool {
	c := p.calls[at]
	slowest, overtaken := time.Duration(0), false
	lane := p.lanes[laneOf(c)]
	for _, i := range lane[sort.Search(len(lane), func(k int) bool { return p.calls[lane[k]].Sent >= c.Sent }):] {
		other := p.calls[i]
		if other.Sent > c.Received {
			break
		}
		if i == at {
			continue
		}
		slowest = max(slowest, without(p.stalls, i, other))
		overtaken = overtaken || other.Received < c.Received
	}
	return overtaken && slower(c.Service(), slowest) && slower(without(p.stalls, at, c), slowest)
}

// countHeld counts the calls of an outcome that were held back, and returns
// the index of one of them; -1 where there is none.
func (p *pace) countHeld(o history.Outcome) (n, example int) {
	example = -1
	for i, c := range p.calls {
		if c.Outcome == o && p.held(i) {
			n, example = n+1, i
		}
	}
	return n, example
}

// words say how long a call that was held back took.
func (p *pace) words(at int) string {
	c := p.calls[at]
	return fmt.Sprintf("such as the one sent at %s and answered after %s", span(c.Sent), span(c.Service()))
}

// chance is how likely it is that so many or more of what was held are
// refusals, if whoever is held is drawn from all calls alike: the upper tail of
// the hypergeometric distribution (Fisher's exact test).
func chance(heldNo, no, heldYes, yes int) float64 {
	held := heldNo + heldYes
	sum := 0.0
	for x := heldNo; x <= min(held, no); x++ {
		if held-x <= yes {
			sum += math.Exp(choose(no, x) + choose(yes, held-x) - choose(no+yes, held))
		}
	}
	return sum
}

// choose is the logarithm of a binomial coefficient.
func choose(n, k int) float64 {
	of := func(x int) float64 { l, _ := math.Lgamma(float64(x) + 1); return l }
	return of(n) - of(k) - of(n-k)
}

// LatencyCheck returns the check of a threshold.
func LatencyCheck(th Threshold) Check {
	return Check{
		ID:    "latency " + th.Text,
		Doc:   "admitted calls are answered within " + th.Max.String(),
		Judge: func(t *Trial) Finding { return judgeLatency(t, th) },
	}
}

// judgeLatency needs a sample in which the quantile is a call of its own: for
// p99 at least 100 admitted calls. It fails only where the threshold is broken
// without what callers waited for ourselves; that a server or its network
// stands still is what the threshold is there to find.
func judgeLatency(t *Trial, th Threshold) Finding {
	waited := sortedBy(t.Calls, func(c history.Call) bool { return c.Outcome == history.OK }, history.Call.Response)
	own := t.waitedForThem()
	saw := quantile(waited, th.Quantile)
	f := Finding{Check: "latency " + th.Text, Want: th.Text, Saw: fmt.Sprintf("%s (n=%d)", span(saw), len(waited))}
	enough := 1.0
	if th.Quantile < 1 {
		enough = 1 / (1 - th.Quantile)
	}
	switch {
	case len(waited) == 0:
		f.Saw = "no call was admitted: the threshold matches no data"
	case saw >= th.Max && quantile(own, th.Quantile) < th.Max:
		f.Saw += fmt.Sprintf("; %s without our own machine's standstills", span(quantile(own, th.Quantile)))
	case saw >= th.Max && (th.Quantile == 1 || float64(len(waited)) >= enough-1e-9):
		f.Verdict = Fail
		f.Cause = "admitted calls take too long"
	case saw < th.Max && waited[len(waited)-1] < th.Max:
		f.Verdict = Pass // even the slowest call keeps it, whatever the sample
	case float64(len(waited)) < enough-1e-9:
		f.Saw += fmt.Sprintf(": too few for %s, which needs %.0f", th.Text, enough)
	default:
		f.Verdict = Pass
	}
	return f
}

// waitedForThem is what callers waited when the spans are taken out in which we
// ourselves stood still, in order.
func (t *Trial) waitedForThem() []time.Duration {
	still := Standstills(t.Calls, stallLeast)
	return sortedBy(t.Calls, func(c history.Call) bool { return c.Outcome == history.OK },
		func(c history.Call) time.Duration {
			var spans []Stall
			for _, s := range still {
				if s.From, s.To = max(s.From, c.Due), min(s.To, c.Received); s.Length() > 0 {
					spans = append(spans, s)
				}
			}
			return c.Response() - covered(spans)
		})
}
