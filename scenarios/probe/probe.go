// Package probe finds out what nobody declared: a loop over small runs that
// narrows a certified box around a server's rate and burst, and names what else
// it sees: the kind of limiter, who shares it, what costs a token, and whether
// a refusal says what it should.
//
// Most users want Probe with a Prober that sends its plans, to a live server or
// in virtual time.
//
// The package deliberately doesn't hammer: it begins with one call, doubles
// until something is refused, and from then on offers just over what the server
// grants, within a budget of calls and seconds. What the budget didn't reach is
// reported as unknown, never as a guess.
package probe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// A Prober sends plans to one server.
type Prober interface {
	// Run sends a plan, whose due instants count from now and are in order, and
	// returns one call for each arrival once all have ended. The calls' instants
	// are of the clock that Now reads. An error ends the probe; the calls that
	// come with it still count.
	Run(ctx context.Context, plan []history.Arrival) ([]history.Call, error)
	// Now is the time of the calls' clock. It never goes back.
	Now() time.Duration
}

// A Bystander is a Prober that knows what else leaves us while plans are sent,
// such as answers to the server's requests. A server may charge it.
type Bystander interface {
	// Asides returns what left since it was last called.
	Asides() []history.Call
}

// An Opener is a Prober that can speak as more than one client.
type Opener interface {
	// Open makes one more client, on a connection of its own, and returns its
	// name for arrivals and the requests that setting it up took. Where the
	// server refused them for its rate, they say so and err may be nil: the
	// client was set up after a while.
	Open(ctx context.Context, who Identity) (client string, handshake []history.Call, err error)
}

// An Identity says who a new client is to be. The zero value is somebody who
// looks just like the first client.
type Identity struct {
	Name          string // another name of the client program; empty: the same
	Other         bool   // with the credentials of somebody else, where Config.Other says that there are any
	OneConnection bool   // all its requests share one connection
}

// A Budget bounds what a probe may ask of a server. The zero value of a field
// means its default.
type Budget struct {
	Calls int           // requests, those of handshakes apart; default DefaultCalls
	Time  time.Duration // from the first request; default DefaultTime
}

// The default budget: kind to a server that belongs to somebody else.
const (
	DefaultCalls = 450
	DefaultTime  = 4 * time.Minute
)

// A Config says what to probe with. Only Load and Client must be set.
type Config struct {
	Load history.Arrival // the call that is sent over and over: Method, Tool, Arguments
	// a call of another tool, to see if each has a limit of its own; without a Tool: there is none
	Second    history.Arrival
	Client    string         // who sends, where nothing else is said
	Handshake []history.Call // what setting that client up took
	Budget    Budget
	Seed      uint64 // makes jitter repeatable
	Stateless bool   // the protocol has no sessions and no initialize (2026-07-28 and later)
	Other     bool   // Identity.Other has credentials to speak with
	// nobody said that the load is charged: that none of it is refused says nothing of other calls
	Presumed  bool
	Tolerance float64         // tokens; default verdict.DefaultTolerance
	Clocks    *verdict.Clocks // how far clocks may disagree; nil: verdict.DefaultDrift, and no tick: see allowTick
	Tell      func(string)    // told what the probe is about to do; nil: nobody is
}

// How narrow a box must be.
const (
	rateWithin  = 0.01 // of the rate, to either side
	burstWithin = 0.5  // tokens, to either side
)

// ErrGone is returned where the server stopped answering, so that nothing more
// could be found out.
var ErrGone = errors.New("the server stopped answering")

// ErrFailing is returned where the load got nothing but errors, so that more of it
// would find out nothing.
var ErrFailing = errors.New("calls fail")

// ErrUnsent is returned where calls that were due didn't leave us, such as for want of
// open files: what nobody sent, nobody can have refused.
var ErrUnsent = errors.New("calls could not be sent")

// errSpent ends a phase: its share of the budget is used up.
var errSpent = errors.New("the budget is spent")

// A probe is one probe under way.
type probe struct {
	*ledger
	cfg    Config
	rand   *rand.Rand
	client string // who sends the load
	label  string // of what is sent now

	rate, burst float64 // working estimates, tokens a second and tokens; 0: none yet
	report      Report

	segments  []segment // what the box is measured from
	mixed     bool      // the calls of other clients count too: who shares the limiter isn't known yet
	used      int       // tokens that the bucket may have lacked when the probe began
	explained bool      // explain was tried
	confirmed bool      // windows were put to the test by traffic of their own
	straddled int       // how often that was
	cut       bool      // the probe ended before its budget did
	gaveUp    bool      // more of the same would not narrow the box

	capped      time.Duration // how long calls last of which a cap was found; 0: none was
	lawsFrom    int           // the first of the calls that put laws to the test
	freshFrom   int           // the first of the calls before which a second limit had forgotten all; 0: none is known
	stepped     bool          // equal fills of a bucket were seen
	lawsTested  bool          // traffic was sent to put laws to the test
	need        need          // of the first guess for which the budget hadn't room
	lawsCertain bool          // the laws that were found are all that explains the answers
	tests                     // that a narrow box has to stand
}

// Probe finds out what it can within the budget. The error is nil unless the
// server couldn't be used or the context ended; the report then says what was
// found until then.
func Probe(ctx context.Context, prober Prober, cfg Config) (Report, error) {
	if cfg.Tolerance == 0 {
		cfg.Tolerance = verdict.DefaultTolerance
	}
	if cfg.Clocks == nil {
		cfg.Clocks = &verdict.Clocks{Drift: verdict.DefaultDrift}
	}
	if cfg.Budget.Calls == 0 {
		cfg.Budget.Calls = DefaultCalls
	}
	if cfg.Budget.Time == 0 {
		cfg.Budget.Time = DefaultTime
	}
	if cfg.Budget.Calls < 0 || cfg.Budget.Time < 0 {
		return Report{}, fmt.Errorf("a budget of %d calls and %s: want more than none", cfg.Budget.Calls,
			cfg.Budget.Time)
	}
	if cfg.Tell == nil {
		cfg.Tell = func(string) {}
	}
	p := &probe{
		ledger: newLedger(prober, cfg),
		cfg:    cfg, client: cfg.Client, label: "ramp",
		rand: rand.New(rand.NewPCG(cfg.Seed, 0x9e3779b97f4a7c15)),
	}
	p.report.Budget, p.report.Clocks = cfg.Budget, *cfg.Clocks
	p.segments = []segment{{0, -1}}
	err := p.all(ctx)
	if errors.Is(err, errSpent) {
		err = nil
	}
	p.cut = err != nil
	p.conclude()
	if err != nil {
		p.report.Result = Unfinished
	} else {
		p.noteTwo()
		p.noteMore()
	}
	return p.report, err
}

// A phase is one question, and the share of the whole budget that may be spent
// by its end.
type phase struct {
	name  string
	doc   string
	share float64
	ask   func(context.Context) error
}

// all asks every question in turn. A phase that runs out of its share leaves
// its answers as they are, and the next one begins.
func (p *probe) all(ctx context.Context) error {
	for _, ph := range []phase{
		{"ramp", "sending 1, 2, 4, ... calls at once until one is refused", 0.64, p.ramp},
		{"cap", "seeing if it is calls in flight that are limited", 0.76, p.findCap},
		{"box", "narrowing rate and burst", 0.70, p.narrow},
		{"model", "telling kinds of limiters apart", 0.78, p.tellApart},
		{"scope", "finding out who shares the limit", 0.86, p.findScope},
		{"tools", "finding out if another tool shares it", 0.9, p.findTools},
		{"retry-after", "taking Retry-After at its word", 0.92, p.tryRetryAfter},
		{"cost", "finding out what costs a token", 1, p.mapCosts},
		{"again", "seeing if the limit still holds", 1, p.again},
		{"laws", "looking for a second limit, or for steps", 1, p.secondLook},
		{"box", "narrowing rate and burst with what is left of the budget", 1, p.narrowMore},
	} {
		if ph.name != "ramp" && !p.report.Refused {
			break
		}
		p.label = ph.name
		p.allow(ph.share)
		if ph.name == "model" && p.report.Box == nil { // what it is matters most then
			p.allow(0.82)
		}
		if (ph.name == "scope" || ph.name == "tools") && p.lawsTested {
			p.mayCalls = max(p.mayCalls, min(p.cfg.Budget.Calls, p.sent+int(3*p.burst)+30))
			p.mayUntil = max(p.mayUntil, p.began+p.cfg.Budget.Time*95/100)
		}
		if ph.name == "cost" {
			p.mayCalls = min(p.mayCalls, max(p.sent, p.cfg.Budget.Calls-p.kept()))
		}
		if ph.name == "box" && ph.share < 1 { // the ramp may have found the limit late
			p.mayCalls = max(p.mayCalls, min(p.cfg.Budget.Calls*9/10, p.sent+p.cfg.Budget.Calls/4))
		}
		if ph.name == "cap" && !p.mayBeCap() || p.capped > 0 && slices.Contains(pastCap, ph.name) ||
			ph.name == "tools" && p.cfg.Second.Tool == "" || ph.name == "again" && !p.worthAgain() ||
			ph.name == "laws" && p.clear() || ph.name == "box" && (p.certain() && p.tests.passed() || p.gaveUp) {
			continue
		}
		p.cfg.Tell(ph.doc)
		if ph.name == "scope" {
			p.close()
		}
		if err := ph.ask(ctx); err != nil && !errors.Is(err, errSpent) {
			return err
		}
	}
	return nil
}

// kept is how many calls the last phases need, where they have something to do
// that matters more than costs do: what was measured is certain only then.
func (p *probe) kept() int {
	switch {
	case p.isNarrow() && !p.gaveUp && !p.tests.passed():
		return int(2*p.burst) + 30
	case p.worthAgain():
		return int(p.burst) + againCalls
	}
	return 0
}
