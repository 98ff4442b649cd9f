package mock

import (
	"slices"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
)

// A Fault is one way to break a promise.
type Fault struct {
	Name  string
	Doc   string // what is wrong, in one sentence
	Cause string // what the verdict on it should say: an RE2 pattern, matched without case

	// Detectable reports if the default plan, with the profile's tools/call for
	// load and two clients, can tell the fault from an honest server.
	Detectable bool
	Note       string // why it isn't detectable, or under which promise it is none

	// Shape is the refusal shape that shows the fault; a server takes it where
	// its Config names none. "" is any.
	Shape ratelimit.Shape

	build builder
}

// A builder makes a fault's state machine for a promise. The seed is for those
// that draw lots.
type builder func(l profiles.Limit, seed uint64) decider

// New returns a limiter with the fault, which charges what the promise charges
// and draws its lots from seed 1. See NewLimiter for other choices.
func (f Fault) New(l profiles.Limit) Limiter { return f.limiter(l, ChargeAll, 1) }

func (f Fault) limiter(l profiles.Limit, c Charging, seed uint64) Limiter {
	return &serial{limit: l, charging: c, inner: f.build(l, seed)}
}

// Faults returns the catalogue, kin beside kin.
func Faults() []Fault {
	return slices.Concat(sizeFaults(), refillFaults(), modelFaults(), scopeFaults(),
		chargeFaults(), unsteadyFaults(), clockFaults(), replyFaults())
}

// FaultNamed returns the fault of that name, also one that only an audit shows.
func FaultNamed(name string) (Fault, bool) {
	for _, f := range slices.Concat(Faults(), AuditFaults()) {
		if f.Name == name {
			return f, true
		}
	}
	return Fault{}, false
}

// FaultNames returns the names of the catalogue, in order.
func FaultNames() []string {
	var names []string
	for _, f := range slices.Concat(Faults(), AuditFaults()) {
		names = append(names, f.Name)
	}
	return names
}

// scoped gives each client a state machine of its own where the promise is one
// a client.
func scoped(build builder) builder {
	return func(l profiles.Limit, seed uint64) decider {
		if l.Scope != profiles.Client {
			return build(l, seed)
		}
		return newKeyed(Request.identity, func() decider { return build(l, seed) })
	}
}
