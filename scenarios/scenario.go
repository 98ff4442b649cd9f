// Package scenarios is the catalogue of what a run sends and what is asked of
// the answers. A Scenario is a plan of arrivals and the checks that its history
// must pass.
//
// Most users want Catalogue and Plan: Plan lines scenarios up on one server and
// knows at every instant how full an honest bucket is, so that no scenario
// assumes a full bucket that the one before has drained.
//
// The package deliberately has no engine: it sends nothing and waits for
// nothing.
package scenarios

import (
	"iter"
	"math/rand/v2"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// A Scenario is a plan of arrivals and the checks that its history must pass.
type Scenario struct {
	Name      string
	Doc       string // what is sent, in one sentence
	Criterion string // what passes, in one sentence
	Start     func(profiles.Limit) Level
	Alone     bool // only the first client sends, so that one a client's bucket is drained as well
	Arrivals  func(l profiles.Limit, set Setting) iter.Seq[Beat]
	Checks    []verdict.Check

	// Shown reports if its calls so far, at a precision, show what the rest of the scenario
	// is for, so that it may end here. Nil: it always goes to its end.
	Shown func(t *verdict.Trial, precision float64) bool

	// Cast says who sends what, where the clients play different parts; it
	// stands in place of Arrivals.
	Cast func(l profiles.Limit, set Setting) []Cue
	Once bool // it takes so long that it is never repeated, whatever disturbed it
	Last bool // nothing can follow it, not even what is repeated: it is sent by itself, in the end
}

// A Cue is a number of calls of one client, due at one instant from the
// scenario's start.
type Cue struct {
	At      time.Duration
	Calls   int
	Client  string
	Session string // which of the client's sessions; empty: its first
	Opens   bool   // no calls, but the request that opens this session

	// Change makes the nth call of the cue, from 0, another one than the profile's. Nil:
	// all are that.
	Change func(n int, a *history.Arrival)
}

// A Level is how many tokens an honest bucket should hold at a scenario's
// start. Plan waits until it holds at least Min, and drains it to Max.
type Level struct{ Min, Max float64 }

// A Beat is a number of calls due at one instant from the scenario's start.
type Beat struct {
	At    time.Duration
	Calls int
}

// Catalogue returns the scenarios of every run, in the order in which a run
// takes them.
func Catalogue() []Scenario {
	return []Scenario{burst, sustained, overload, results, recovery, idle}
}

// OnRequest returns the scenarios that a run takes only where they are named,
// after those of the catalogue: they ask who shares a limit rather than what
// it is.
func OnRequest() []Scenario { return []Scenario{isolation, evasion} }

// All returns every scenario.
func All() []Scenario { return append(Catalogue(), OnRequest()...) }

// Named returns the scenario of that name.
func Named(name string) (Scenario, bool) {
	for _, s := range All() {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// Names returns the names of all scenarios, in order.
func Names() []string {
	var names []string
	for _, s := range All() {
		names = append(names, s.Name)
	}
	return names
}

// A Setting is what a plan must know besides the promise and the scenarios.
type Setting struct {
	Clients []string // who sends; with more than one they take turns, or under a per-client limit each sends all
	Opening float64  // tokens that may be missing from the bucket when the plan begins, such as those of the handshake
	Seed    uint64   // makes jitter repeatable
	Varied  bool     // the order and the lengths of scenarios come of the seed as well; 1 has the catalogue's

	// Precision is the least error of the rate, as a part of it, that the plan is to show;
	// 0 means DefaultPrecision.
	Precision float64
	// Over is asked now and then if a scenario with Shown ends here: the last of what was
	// yielded until now is due at an instant. What follows is then due earlier. Nil: never,
	// and the plan is the longest that it may be.
	Over func(s Scenario, due time.Duration) bool

	times float64 // how many times as long the scenario that is planned takes; 0: once

	// Disguises are the ways in which the evasion scenario comes back as
	// somebody else, as far as the transport has them.
	Disguises []Disguise
	// Identity is set where something else than the session says who a client
	// is, such as a header: a new session is the same client then.
	Identity bool
}

// Plan returns every arrival of the scenarios on one server, in order of their
// due instants. It is pure: the same arguments give the same plan.
func Plan(p profiles.Profile, list []Scenario, set Setting) iter.Seq[history.Arrival] {
	return func(yield func(history.Arrival) bool) {
		list := varied(list, p.Limit, set)
		b := &planned{limit: p.Limit, level: float64(p.Limit.Burst) - set.Opening}
		turn := 0
		for i, s := range list {
			if i > 0 {
				b.wait(breath)
			}
			if i > 0 && list[i-1].Cast != nil {
				// Whoever took what, every bucket is full after this.
				cues := list[i-1].Cast(p.Limit, set)
				b.wait(cues[len(cues)-1].At.Seconds() + float64(p.Limit.Burst)/p.Limit.Rate)
			}
			start := s.Start(p.Limit)
			b.wait(max(0, start.Min-b.level) / p.Limit.Rate)
			drain := 0
			if b.level > start.Max {
				drain = int(b.level-start.Max) + 2
			}
			begin := b.now
			if s.Cast != nil {
				if !play(p, s.Name, begin, s.Cast(p.Limit, set), yield) {
					return
				}
				continue
			}
			clients := set.Clients
			if s.Alone && p.Limit.Scope != profiles.Client {
				clients = clients[:1]
			}
			look, timed := begin+lookEvery, set
			timed.times = set.longer(s.Name)
			for beat := range withDrain(drain, s.Arrivals(p.Limit, timed)) {
				b.wait((begin + beat.At - b.now).Seconds())
				for range beat.Calls {
					if !emit(p, s.Name, clients, &turn, b.now, yield) {
						return
					}
					b.take()
				}
				if s.Shown != nil && set.Over != nil && b.now >= look {
					if look = b.now + lookEvery; set.Over(s, b.now) {
						break
					}
				}
			}
		}
	}
}

// play yields the calls of a cast.
func play(p profiles.Profile, label string, begin time.Duration, cues []Cue, yield func(history.Arrival) bool) bool {
	for _, c := range cues {
		a := history.Arrival{Due: begin + c.At, Client: c.Client, Session: c.Session, Label: label,
			Method: p.Call.Method, Tool: p.Call.Tool, Arguments: p.Call.Arguments}
		if c.Opens {
			a.Method, a.Tool, a.Arguments = "initialize", "", nil
			c.Calls = 1
		}
		for n := range c.Calls {
			call := a
			if c.Change != nil {
				c.Change(n, &call)
			}
			if !yield(call) {
				return false
			}
		}
	}
	return true
}

// breath is the pause between scenarios, in seconds: what one sends should be
// answered before the next begins, so that each can be read by itself.
const breath = 0.1

// withDrain puts a number of calls before a scenario's own.
func withDrain(calls int, beats iter.Seq[Beat]) iter.Seq[Beat] {
	return func(yield func(Beat) bool) {
		if calls > 0 && !yield(Beat{Calls: calls}) {
			return
		}
		beats(yield)
	}
}

// emit yields one call, or one a client where each has a bucket of its own.
func emit(p profiles.Profile, label string, clients []string, turn *int, due time.Duration,
	yield func(history.Arrival) bool) bool {
	a := history.Arrival{Due: due, Label: label, Method: p.Call.Method, Tool: p.Call.Tool, Arguments: p.Call.Arguments}
	if p.Limit.Scope == profiles.Client {
		for _, name := range clients {
			a.Client = name
			if !yield(a) {
				return false
			}
		}
		return true
	}
	a.Client = clients[*turn%len(clients)]
	*turn++
	return yield(a)
}

// planned is the bucket of an honest server that answers at once.
type planned struct {
	limit profiles.Limit
	now   time.Duration
	level float64
}

func (b *planned) wait(seconds float64) {
	if seconds <= 0 {
		return
	}
	b.now += time.Duration(seconds * 1e9)
	b.level = min(float64(b.limit.Burst), b.level+seconds*b.limit.Rate)
}

func (b *planned) take() {
	if b.level >= 1 {
		b.level--
	}
}

// Jitter returns the random numbers of a scenario, by its name.
func Jitter(seed uint64, name string) *rand.Rand {
	var salt uint64
	for _, c := range name {
		salt = salt*31 + uint64(c)
	}
	return rand.New(rand.NewPCG(seed, salt))
}
