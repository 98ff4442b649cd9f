package load

import (
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// An Account is a load as its checks see it: what was measured of its calls, and
// what is known beside them. The calls themselves are too many to be kept; whoever
// has them again takes them in anew with Add, and comes to the same account.
type Account struct {
	*Metrics
	Load       *results.Load // what was measured; Setting is what else was known
	Thresholds []verdict.Threshold
	Mock       bool // the server is ours
}

// Interrupted is why a run ended that a person ended. What it showed stands, but
// it isn't the run that was asked for, so that it can't pass.
const Interrupted = "interrupted"

// Replayed takes in a call out of a history, whose instants are of the clock that
// the run began on. One that failed for want of something of ours says nothing.
func (a *Account) Replayed(c history.Call, ours bool) {
	if ours {
		c.Outcome = history.Unsent
	}
	begin := time.Duration(a.Load.Setting.BeginNS)
	c.Due, c.Sent, c.Received = c.Due-begin, c.Sent-begin, c.Received-begin
	a.Add(c)
}

// Question is what a load is asked: a check each of whether we were the limit, if
// there was a server to measure, and of every demand.
func (a *Account) Question() verdict.Question {
	return verdict.Question{Scenario: Label, Checks: a.Checks()}
}

// seconds is how long calls were due.
func (a *Account) seconds() float64 { return a.Load.Seconds }

func (a *Account) length() time.Duration { return time.Duration(math.Round(a.Load.Seconds * 1e9)) }

// late is how late we handed calls over, at p99.
func (a *Account) late() time.Duration {
	return time.Duration(math.Round(a.Load.Generator.Pacing.P99 * 1e6))
}

// When we were the limit: with more than Busy of the processors in use, or calls
// handed over later than Lost at p99, nothing of the shape that was asked for is left.
const (
	Busy = 0.9
	Lost = time.Second
)

// lost reports if we were the limit in a way that leaves nothing to call a pass:
// calls weren't sent, were sent at quite other times, or as fast as we could and
// not the server. A server that runs within us may use what processors there are.
func (a *Account) lost() bool {
	g := a.Load.Generator
	return g.Limited != "" && (a.Spared() || a.Load.Setting.Closed && !a.Mock ||
		a.late() > Lost || g.CPU > Busy*float64(g.Cores) && !a.Mock)
}

// Spared reports if the server was spared calls that we could not send.
func (a *Account) Spared() bool {
	return a.Load.Generator.Limited != "" && (a.Total("").Of(history.Unsent) > 0 || a.Load.Setting.Lacked > 0)
}

// slowItself reports if a threshold is broken by what the server and the network
// took alone, while we had processor time to spare.
func (a *Account) slowItself(th verdict.Threshold) bool {
	g := a.Load.Generator
	if th.Metric != verdict.Latency || g.CPU > Busy*float64(g.Cores) || g.Starved != "" {
		return false
	}
	service := a.Total(th.Tool).Service
	return !th.Holds(float64(service.Quantile(th.Quantile)))
}

// hangs reports if the verdict of a demand is open.
func (a *Account) hangs() bool {
	return slices.ContainsFunc(a.Demands(), func(f verdict.Finding) bool { return f.Verdict == verdict.Inconclusive })
}
