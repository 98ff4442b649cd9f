// Package mock is an MCP server that keeps its promise, or breaks it in one
// chosen way. The rate limit is decided at one gate before mcp-go sees a
// request, whatever transport the request came by.
//
// Most users want New and Server.Start. Whoever runs in virtual time takes the
// pure core: NewLimiter, or Honest and Faults, whose limiters know no clock but
// the instants that they are given.
//
// The package deliberately judges nothing and imports neither the histories nor
// the verdicts, so that judge and judged share no arithmetic.
package mock

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/ratelimit"
)

// ErrDied is what ServeStdio returns once a fault has ended the server.
var ErrDied = errors.New("mock: the server died, as its fault wants")

// ErrClosed is what a closed server answers.
var ErrClosed = errors.New("mock: the server is closed")

// A Config says which server to be.
type Config struct {
	Profile profiles.Profile // its Limit or Promise is kept, its Call.Tool is offered
	Fault   string           // a name of the catalogue; "" keeps the promise
	Shape   ratelimit.Shape  // how refusals look; "" means the fault's, else FastMCP2
	Charge  Charging         // what costs a token; "" means ChargeAll
	Latency time.Duration    // what an admitted request takes after the decision, >= 0
	Seed    uint64           // repeats what faults draw lots for
	Reveal  string           // what its error replies give away; "" is nothing
	// Laws has it keep the profile's promise by the letter, also where that is one bucket
	// that a Limit can say: a credential that nobody shows is one, and no session's.
	Laws bool
	// Embedded has the limiter that servers embed keep the promise, with its headers: over
	// streamable HTTP, and without headers in virtual time. A fault is that it is told to
	// keep other laws.
	Embedded bool

	// Fixture gives it one of everything that the protocol has: resources, prompts,
	// completion and logging.
	Fixture      bool
	Suite        bool   // with Fixture: also what the official conformance suite asks a server to have
	ConformFault string // how it breaks the protocol: a name of ConformFaults; "" is not at all

	// Bearers are the tokens of which HTTP clients must send one; empty: none is asked
	// for. Who gives them is published, and gives none.
	Bearers []string

	// Counter names a tool that tells how many calls of others were carried out; empty:
	// there is none.
	Counter string

	// IdentityHeader names the HTTP header that says who a client is, for
	// limits of one bucket a client; empty: its session does.
	IdentityHeader string
}

// A Server is an MCP server behind a limiter. It may serve several transports
// at once; they share the limiter. Its clock starts with its first request, so
// faults that time brings about happen at the same instants of every run.
type Server struct {
	config  Config
	limiter atomic.Pointer[Limiter]
	mcp     *server.MCPServer
	tools   map[string]bool
	tally   tally

	executions Executions

	owners   sync.Map      // the token of each session, by its id
	declared sync.Map      // what each session declared, by its id, where a fault asks
	underWay sync.Map      // what cancels a request that takes a while, by its client and id
	breach   *ConformFault // nil: none

	first sync.Once
	start time.Time

	life   context.Context // ends with Close, or when a fault kills the server
	cancel context.CancelFunc

	mu       sync.Mutex
	closed   bool
	closers  []func()                            // end the transports
	sessions map[string]*server.InProcessSession // of Handle, by client
	failure  error                               // the first of a listener
	wg       sync.WaitGroup                      // of listeners and HTTP handlers
}

// Showing is the shape of refusals that was chosen, else the one that shows the fault; empty
// where any does.
func (c Config) Showing() ratelimit.Shape {
	if c.Shape != "" {
		return c.Shape
	}
	name, _, _ := strings.Cut(c.Fault, "@")
	if f, ok := LawFaultNamed(name); ok {
		return f.Shape
	}
	f, _ := FaultNamed(c.Fault)
	return f.Shape
}

// New returns a server that serves nothing yet. It must be closed. The error
// for an unknown fault, shape or charging policy names those that there are.
func New(c Config) (*Server, error) {
	limiter, err := c.ownLimiter(time.Now())
	if err != nil {
		return nil, err
	}
	c.Latency = c.Lasts()
	c.Fixture = c.Fixture || len(LawReads(c.Profile.Promise)) > 0
	if c.IdentityHeader == "" && slices.ContainsFunc(c.Profile.Promise,
		func(l promise.Law) bool { return l.Key.Has(promise.Credential) }) {
		c.IdentityHeader = "Authorization"
	}
	c.Shape = c.Showing()
	if c.Shape == "" && c.Embedded {
		c.Shape = ratelimit.HTTP429
	}
	if c.Shape == "" {
		c.Shape = ratelimit.FastMCP2
	}
	if err := (ratelimit.Refusal{Shape: c.Shape}).Validate(); err != nil {
		return nil, fmt.Errorf("mock: %w", err)
	}
	if c.Latency < 0 {
		return nil, fmt.Errorf("mock: latency %s: want 0 or more", c.Latency)
	}
	breach, ok := ConformFaultNamed(c.ConformFault)
	if !ok && c.ConformFault != "" {
		return nil, &UnknownError{Kind: "conform fault", Name: c.ConformFault, List: "conform-faults",
			has: conformFaultNames()}
	}
	s := &Server{config: c, sessions: map[string]*server.InProcessSession{}}
	s.limiter.Store(&limiter)
	if ok {
		s.breach = &breach
	}
	s.life, s.cancel = context.WithCancel(context.Background())
	s.executions.Fault, s.executions.Counter = c.Fault, c.Counter
	s.mcp, s.tools = newMCP(s.life, c)
	s.addCounter()
	return s, nil
}

// countsFailures reports if a law asks what comes of a request.
func (s *Server) countsFailures() bool {
	return slices.ContainsFunc(s.config.Profile.Promise,
		func(l promise.Law) bool { return l.Charge.Outcomes != promise.All })
}

// heldLaw is how long a call of a mock lasts that promises how many may at a time.
const heldLaw = 50 * time.Millisecond

// Lasts is how long an admitted request takes at least.
func (c Config) Lasts() time.Duration {
	if c.Latency == 0 && c.Profile.Promise.Has(promise.Cap) {
		return heldLaw // else no number of calls would ever be there at a time
	}
	return c.Latency
}

// Limiter returns the limiter that the config asks for. Its instant 0 is now.
func (c Config) Limiter(now time.Time) (Limiter, error) {
	if c.Embedded {
		stack, who, err := c.embeddedStack()
		if err != nil {
			return nil, err
		}
		return &embeddedCore{stack: stack, who: who, epoch: now}, nil
	}
	if c.lawful() || strings.HasPrefix(c.Fault, "law-") {
		return NewLaws(LawConfig{Promise: c.Profile.Laws(), Fault: c.Fault, Charge: c.Charge, Epoch: now})
	}
	return NewLimiter(c.Profile.Limit, c.Fault, c.Charge, c.Seed)
}

// lawful reports if laws are kept, rather than a Limit.
func (c Config) lawful() bool {
	return c.Profile.Lawful() || c.Laws && len(c.Profile.Promise) > 0
}

// Stats returns what the server counted so far.
func (s *Server) Stats() Stats { return s.tally.snapshot() }

// Close ends every transport at once, waits for its handlers, and returns the
// first error that a listener had. A second call does nothing. ServeStdio and
// Handle return soon after.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// stop ends the transports and doesn't wait.
func (s *Server) stop() {
	s.cancel()
	s.mu.Lock()
	closers := s.closers
	s.closers = nil
	s.mu.Unlock()
	for _, end := range closers {
		end()
	}
}

// enter counts a goroutine that Close waits for, which calls wg.Done at its
// end. It reports false once the server is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Add(1)
	return true
}

// ended says why the server ended; it is nil while it lives.
func (s *Server) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.tally.snapshot().Died:
		return ErrDied
	case s.closed:
		return ErrClosed
	}
	return nil
}

// An origin is who sent a request.
type origin struct {
	client, who, conn string
	header            func(name string) string // nil: there are no headers
	batch             int                      // place in a batch
	form              string                   // how it is written; empty where that isn't looked at
}

// decide is the gate. It reads the clock, and counts.
func (s *Server) decide(m message, from origin) Answer {
	s.first.Do(func() { s.start = time.Now() })
	q := Request{
		At:     time.Since(s.start),
		Client: from.client,
		Who:    from.who,
		Conn:   from.conn,
		Header: from.header,
		Batch:  from.batch,
		Form:   from.form,
		ID:     m.number(),
		Method: m.Method,
		Tool:   m.tool(),
		Fails:  m.Method == methodCall && (m.tool() == toolFail || !s.tools[m.tool()]),
		Lasts:  m.lasts(s.config.Latency),

		Arguments: string(m.Params.Arguments),
		Spelled:   s.misspelt(m),
		Escaped:   m.escaped,
		Cased:     m.cased,
		Twice:     m.twice,
	}
	a := (*s.limiter.Load()).Decide(q)
	s.executions.Note(q, a)
	s.tally.add(m.Method, a)
	if a.Dead {
		s.stop()
	}
	return a
}

// refuse returns the reply to a refused request.
func (s *Server) refuse(m message, a Answer) refusal { return refuse(s.config.Shape, m, a) }

// Start listens at an address such as 127.0.0.1:0 and serves a transport in
// the background: "http" is streamable HTTP of both protocol eras, "sse" the
// transport of 2024-11-05. It returns the URL for clients.
func (s *Server) Start(transport, addr string) (url string, err error) {
	var handler http.Handler
	var path string
	var end func()
	switch transport {
	case "http":
		path = "/mcp"
		if handler, end = s.streamable(path); s.config.Embedded {
			if handler, err = s.config.embedded(handler); err != nil {
				return "", err
			}
		}
	case "sse":
		if s.config.Embedded {
			return "", errEmbedded
		}
		path = "/sse"
		handler, end = s.eventStream(path)
	default:
		return "", fmt.Errorf("mock: transport %q: want http or sse", transport)
	}
	return s.listen(handler, end, addr, path)
}
