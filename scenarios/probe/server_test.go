package probe_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

// A server is a limiter in virtual time, with sessions and connections.
type server struct {
	clock      *virtual.Clock
	target     *virtual.Server
	limiter    mock.Limiter
	take       func(at time.Duration) bool // lets a call through, in place of the limiter; nil: none
	holds      time.Duration               // what an admitted call takes after the decision
	cap        int                         // calls at one time, in place of the limiter; 0: none
	status     int
	code       int
	double     string            // a method that takes two tokens
	quiet      bool              // refusals don't say how long to wait
	names      map[string]string // what a client calls itself
	identities bool              // the limiter goes by that

	opened   int
	single   map[string]bool // clients that have one connection only
	busy     map[string]int  // calls under way, by client
	working  int
	admitted bool // the latest decision
}

// limit is a promise that charges everything.
func limit(rate float64, burst int) profiles.Limit {
	return profiles.Limit{Rate: rate, Burst: burst, Scope: profiles.Global, Charges: []string{"*"}}
}

func newServer(t *testing.T, l profiles.Limit, fault string, charge mock.Charging) *server {
	t.Helper()
	return newServerOf(t, l, fault, charge, 1)
}

// newServerOf is newServer with the seed of what the fault leaves to chance.
func newServerOf(t *testing.T, l profiles.Limit, fault string, charge mock.Charging, seed uint64) *server {
	t.Helper()
	limiter, err := mock.NewLimiter(l, fault, charge, seed)
	require.NoError(t, err)
	s := &server{clock: virtual.NewClock(), limiter: limiter, single: map[string]bool{}, names: map[string]string{},
		busy: map[string]int{}}
	delay := virtual.Exp(time.Millisecond)
	s.target = &virtual.Server{Clock: s.clock, There: delay, Rand: rand.New(rand.NewPCG(1, 2)),
		Timeout: 10 * time.Second, Decide: s.decide}
	s.target.Back = func(r *rand.Rand) time.Duration { // asked right after Decide
		if s.admitted {
			return s.holds + delay(r)
		}
		return delay(r)
	}
	return s
}

func (s *server) decide(at time.Duration, a history.Arrival) virtual.Reply {
	s.admitted = true
	if s.cap > 0 {
		if s.working >= s.cap {
			s.admitted = false
			return virtual.Reply{Outcome: history.Limited}
		}
		s.working++
		s.clock.At(at+s.holds, func() { s.working-- })
		return virtual.Reply{Outcome: history.OK}
	}
	if s.take != nil {
		if s.admitted = s.take(at); s.admitted {
			return virtual.Reply{Outcome: history.OK}
		}
		return virtual.Reply{Outcome: history.Limited, Status: s.status, Code: s.code, Detail: "rate limit"}
	}
	conn := a.Client + "/0"
	if !s.single[a.Client] {
		conn = fmt.Sprintf("%s/%d", a.Client, s.busy[a.Client])
		s.busy[a.Client]++
		s.clock.At(at+10*time.Millisecond, func() { s.busy[a.Client]-- })
	}
	twice := s.double != "" && a.Method == s.double
	who := a.Client
	if s.identities {
		who = s.names[who]
	}
	d := s.limiter.Decide(mock.Request{At: at, Client: who, Conn: conn, Method: a.Method, Tool: a.Tool,
		Fails: a.Tool != "" && a.Tool != "ping"})
	if twice && !d.Limited {
		d = s.limiter.Decide(mock.Request{At: at, Client: who, Conn: conn, Method: a.Method})
	}
	s.admitted = !d.Limited
	if s.quiet {
		d.RetryAfter = 0
	}
	switch {
	case d.Dead:
		return virtual.Reply{Outcome: history.Broken, Detail: "connection refused"}
	case d.Mute:
		return virtual.Reply{Lost: true}
	case d.WrongID:
		return virtual.Reply{Outcome: history.Broken, Detail: history.WrongID + "id 7"}
	case d.Limited && !d.AsSuccess:
		return virtual.Reply{Outcome: history.Limited, RetryAfter: d.RetryAfter, Status: s.status, Code: s.code,
			Detail: "rate limit"}
	case len(a.Method) > 14 && a.Method[:14] == "notifications/":
		return virtual.Reply{Outcome: history.Unknown}
	case a.Tool == "mcpload-no-such-tool":
		return virtual.Reply{Outcome: history.Rejected, Code: -32602}
	}
	return virtual.Reply{Outcome: history.OK}
}

// Now implements probe.Prober.
func (s *server) Now() time.Duration { return s.clock.Now() }

// Run implements probe.Prober.
func (s *server) Run(ctx context.Context, plan []history.Arrival) ([]history.Call, error) {
	plan = slices.Clone(plan)
	for i := range plan {
		plan[i].Due += s.clock.Now()
	}
	return runner.Run(ctx, s.clock, s.target, slices.Values(plan), runner.Config{})
}

// Open implements probe.Opener. Like the wire, it waits while it is refused.
func (s *server) Open(ctx context.Context, who probe.Identity) (string, []history.Call, error) {
	s.opened++
	client := fmt.Sprintf("x%d", s.opened)
	s.single[client], s.names[client] = who.OneConnection, who.Name
	var handshake []history.Call
	for range 5 {
		a := history.Arrival{Client: client, Method: "initialize", Label: verdict.Handshake}
		calls, err := s.Run(ctx, []history.Arrival{a})
		handshake = append(handshake, calls...)
		if err != nil || calls[0].Outcome == history.OK {
			return client, handshake, err
		}
		if err := s.clock.Wait(ctx, s.clock.Now()+300*time.Millisecond, nil); err != nil {
			return client, handshake, err
		}
	}
	return client, handshake, fmt.Errorf("initialize was refused")
}

var load = history.Arrival{Method: "tools/call", Tool: "ping"}

func run(t *testing.T, s probe.Prober, cfg probe.Config) probe.Report {
	t.Helper()
	cfg.Load, cfg.Client = load, "c1"
	if cfg.Seed == 0 {
		cfg.Seed = 1
	}
	r, err := probe.Probe(t.Context(), s, cfg)
	require.NoError(t, err)
	return r
}
