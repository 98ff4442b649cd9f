package mock

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
)

const methodCall = "tools/call"

// A Charging says which requests cost a token. Notifications never do.
type Charging string

// The charging policies.
const (
	ChargeAll   Charging = "all"   // what the promise charges or may charge, as FastMCP since 2.13
	ChargeTools Charging = "tools" // of that, tools/call only, as a tool handler's middleware
)

// Chargings returns every charging policy.
func Chargings() []Charging { return []Charging{ChargeAll, ChargeTools} }

// free reports if a request costs nothing. A method that the promise may or may
// not charge is charged: both keep it, and charging is what FastMCP does.
func (c Charging) free(l profiles.Limit, method string) bool {
	least, most := l.Cost(method)
	if least == 0 && strings.HasPrefix(method, "notifications/") {
		return true
	}
	return most == 0 || c == ChargeTools && method != methodCall
}

// A Request is what a limiter sees of one.
type Request struct {
	At     time.Duration // the server's monotonic clock, from its first request
	Client string        // who sent it: the session, or what stands for one
	Who    string        // who sent it by its identity header; empty: the session tells
	Conn   string        // the connection that it came by
	ID     int64         // JSON-RPC id; 0 where it is no number, or isn't known
	Method string        // JSON-RPC method
	Tool   string        // tool name, for tools/call only
	Fails  bool          // it will be answered with an error, whatever the limiter says
	Lasts  time.Duration // how long it is served once it is let in

	Batch     int                      // its place in a JSON-RPC batch, from 0; 0 where it comes alone
	Arguments string                   // of a tools/call, as they were sent
	Spelled   bool                     // the tool's name differs from the tool's own by case or spaces
	Escaped   bool                     // its method is spelled with escapes
	Cased     bool                     // its method, or its members, are in another case
	Twice     bool                     // its method, or its tool's name, stands in it twice
	Form      string                   // how it is written in all; empty where that isn't looked at
	Header    func(name string) string // of the HTTP request; nil where there is none
}

// identity is whom a limit for each client means.
func (r Request) identity() string {
	if r.Who != "" {
		return r.Who
	}
	return r.Client
}

// An Answer is what becomes of a request. The zero Answer admits it, takes no
// token, and leaves the reply as it is.
type Answer struct {
	Limited    bool          // refused for its rate
	Charged    bool          // a token was taken
	RetryAfter time.Duration // what the refusal asks to wait; ratelimit.Never where waiting doesn't help
	Remaining  int           // whole tokens left; 0 where the limiter counts none
	Delay      time.Duration // how long an admitted request waits first
	Law        string        // what the law that refuses is called; empty where it has no name

	// How the reply is deformed; an honest limiter sets none of them.
	WrongID   bool // the reply carries an id that nobody sent
	Duplicate bool // the reply comes twice
	AsSuccess bool // the refusal is dressed as a successful result that talks of a rate limit
	Mute      bool // no reply ever comes
	Dead      bool // the server is gone from now on, and every connection with it
}

// A Limiter decides requests. Decide may be called concurrently and with
// instants out of order: one before the latest seen is taken for the latest.
type Limiter interface {
	Decide(Request) Answer
}

// Honest returns a limiter that keeps the promise. One that can't be kept,
// such as of rate 0, is a limiter that refuses everything charged; New has an
// error for it.
func Honest(l profiles.Limit, c Charging) Limiter {
	return &serial{limit: l, charging: c, inner: newHonest(l, 1)}
}

// NewLimiter returns a limiter with a fault, by its name in the catalogue; ""
// is none. The seed is for faults that draw lots; the same seed repeats them.
func NewLimiter(l profiles.Limit, fault string, c Charging, seed uint64) (Limiter, error) {
	if err := check(l, &c); err != nil {
		return nil, err
	}
	if fault == "" {
		return Honest(l, c), nil
	}
	f, ok := FaultNamed(fault)
	if !ok {
		return nil, &UnknownError{Kind: "fault", Name: fault, List: "faults", has: FaultNames()}
	}
	return f.limiter(l, c, seed), nil
}

// check refuses what no limiter can keep, and settles the charging policy.
func check(l profiles.Limit, c *Charging) error {
	if *c == "" {
		*c = ChargeAll
	}
	if !slices.Contains(Chargings(), *c) {
		return fmt.Errorf("mock: charging %q: want %q or %q", *c, ChargeAll, ChargeTools)
	}
	if _, err := ratelimit.New(ratelimit.Config{Rate: l.Rate, Burst: l.Burst}); err != nil {
		return fmt.Errorf("mock: %w", err)
	}
	if len(l.Charges)+len(l.MayCharge) == 0 {
		return fmt.Errorf("mock: the limit %v/s burst %d charges no method", l.Rate, l.Burst)
	}
	return nil
}

// A decider is a limiter's state machine. It is called by one goroutine at a
// time, with instants that never move back, for charged requests only.
type decider interface {
	decide(Request) Answer
}

// A serial makes a decider a Limiter: it puts requests in an order, and keeps
// from the decider what costs nothing.
type serial struct {
	limit    profiles.Limit
	charging Charging

	mu     sync.Mutex
	latest time.Duration
	dead   bool
	inner  decider
}

// Decide implements Limiter.
func (s *serial) Decide(r Request) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = max(s.latest, r.At)
	r.At = s.latest
	switch {
	case s.dead:
		return Answer{Dead: true}
	case s.charging.free(s.limit, r.Method):
		return Answer{}
	}
	a := s.inner.decide(r)
	s.dead = a.Dead
	return a
}

// honest is the decider that keeps the promise, by the ratelimit package.
type honest struct {
	limiter   *ratelimit.Limiter
	perClient bool
	session   bool // that is what a client is, whatever a header says
}

// newHonest takes a seed only to be a fault's builder too.
func newHonest(l profiles.Limit, _ uint64) decider {
	limiter, err := ratelimit.New(ratelimit.Config{Rate: l.Rate, Burst: l.Burst})
	if err != nil {
		limiter = new(ratelimit.Limiter) // refuses everything; check reports the error
	}
	return &honest{limiter: limiter, perClient: l.Scope == profiles.Client, session: l.Key == profiles.SessionKey}
}

func (h *honest) decide(r Request) Answer {
	at := time.Unix(0, 0).Add(r.At)
	var d ratelimit.Decision
	switch {
	case h.perClient && h.session:
		d = h.limiter.AllowKeyAt(r.Client, at)
	case h.perClient:
		d = h.limiter.AllowKeyAt(r.identity(), at)
	default:
		d = h.limiter.AllowAt(at)
	}
	return Answer{Limited: !d.Allowed, Charged: d.Allowed, RetryAfter: d.RetryAfter, Remaining: d.Remaining}
}
