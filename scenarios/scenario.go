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
	Arrivals  func(l profiles.Limit, seed uint64) iter.Seq[Beat]
	Checks    []verdict.Check
}

// A Level is how many tokens an honest bucket should hold at a scenario's
// start. Plan waits until it holds at least Min, and drains it to Max.
type Level struct{ Min, Max float64 }

// A Beat is a number of calls due at one instant from the scenario's start.
type Beat struct {
	At    time.Duration
	Calls int
}

// Catalogue returns every scenario, in the order in which a run takes them.
func Catalogue() []Scenario {
	return []Scenario{burst, sustained, overload, recovery, idle, results}
}

// Named returns the scenario of that name.
func Named(name string) (Scenario, bool) {
	for _, s := range Catalogue() {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// Names returns the names of the catalogue, in order.
func Names() []string {
	var names []string
	for _, s := range Catalogue() {
		names = append(names, s.Name)
	}
	return names
}

// A Setting is what a plan must know besides the promise and the scenarios.
type Setting struct {
	Clients []string // who sends; with more than one they take turns, or under a per-client limit each sends all
	Opening float64  // tokens that may be missing from the bucket when the plan begins, such as those of the handshake
	Seed    uint64   // makes jitter repeatable
}

// Plan returns every arrival of the scenarios on one server, in order of their
// due instants. It is pure: the same arguments give the same plan.
func Plan(p profiles.Profile, list []Scenario, set Setting) iter.Seq[history.Arrival] {
	return func(yield func(history.Arrival) bool) {
		b := &planned{limit: p.Limit, level: float64(p.Limit.Burst) - set.Opening}
		turn := 0
		for i, s := range list {
			if i > 0 {
				b.wait(breath)
			}
			start := s.Start(p.Limit)
			b.wait(max(0, start.Min-b.level) / p.Limit.Rate)
			drain := 0
			if b.level > start.Max {
				drain = int(b.level-start.Max) + 2
			}
			begin := b.now
			clients := set.Clients
			if s.Alone && p.Limit.Scope != profiles.Client {
				clients = clients[:1]
			}
			for beat := range withDrain(drain, s.Arrivals(p.Limit, set.Seed)) {
				b.wait((begin + beat.At - b.now).Seconds())
				for range beat.Calls {
					if !emit(p, s.Name, clients, &turn, b.now, yield) {
						return
					}
					b.take()
				}
			}
		}
	}
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
func emit(p profiles.Profile, label string, clients []string, turn *int, due time.Duration, yield func(history.Arrival) bool) bool {
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

// jitter returns the random numbers of a scenario.
func jitter(seed uint64, name string) *rand.Rand {
	var salt uint64
	for _, c := range name {
		salt = salt*31 + uint64(c)
	}
	return rand.New(rand.NewPCG(seed, salt))
}
