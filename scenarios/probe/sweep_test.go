package probe_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// A weather is the delay of a message, one way.
type weather struct {
	name  string
	delay virtual.Delay
	mean  time.Duration
}

var weathers = []weather{
	{"0", nil, 0},
	{"2ms", virtual.Exp(2 * time.Millisecond), 2 * time.Millisecond},
	{"20ms", virtual.Exp(20 * time.Millisecond), 20 * time.Millisecond},
}

// A size is a limit of the sweep.
type size struct {
	rate  float64
	burst int
}

var sizes = []size{{5, 15}, {12, 16}, {15, 40}, {50, 20}, {1, 5}, {0.5, 3}, {100, 10}, {12, 1}}

// fills is how long a bucket takes to be full again, in seconds.
func (s size) fills() float64 { return float64(s.burst) / s.rate }

// truth is the token bucket that a fault of the mock is in truth, seen by the
// load of one client; false where it is none.
func (s size) truth(fault string) (rate, burst float64, ok bool) {
	rate, burst = s.rate, float64(s.burst)
	percent := map[string]float64{"rate+10%": 1.1, "rate-10%": 0.9, "rate+5%": 1.05, "rate-5%": 0.95, "rate+2%": 1.02,
		"rate-2%": 0.98, "never-refills": 0}
	if k, ok := percent[fault]; ok {
		return k * rate, burst, true
	}
	switch fault {
	case "", "per-session", "per-connection", "per-identity", "per-id-range", "shared", "per-tool", "per-method",
		"start-empty", "session-reset", "only-success-counted", "retry-after-short", "retry-after-long",
		"duplicate-reply":
		return rate, burst, true
	case "burst+1":
		return rate, burst + 1, true
	case "burst-1":
		return rate, burst - 1, true
	case "burst-x2", "over-capacity":
		return rate, 2 * burst, true
	case "double-charge":
		return rate / 2, burst / 2, true
	case "ignores-burst":
		return rate, max(1, math.Floor(2*rate)), true
	case "leaky":
		return rate, 1, true
	}
	return 0, 0, false
}

// hidden says why a fault may look like a bucket to the default budget.
func (s size) hidden(fault string, w weather) string {
	switch fault {
	case "idle-reset":
		if s.fills() < 1.05 {
			return "a bucket that is full within a second is full after it anyway"
		}
	case "burst-once", "sliding-log", "concurrency-cap":
		if s.burst == 1 {
			return "one call in any stretch of a token's time is what a bucket without burst grants"
		}
	case "clock-back", "clock-forward", "periodic-reset":
		if s.fills() < 0.5 {
			return "it shows only where the bucket is empty at that instant, and this one fills within half a second"
		}
	case "replicas-3":
		if s.fills() < 0.5 {
			return "three small buckets that take turns are nearly one of three times the size"
		}
	case "leak-3%", "false-refusal-5%":
		return "some seeds draw none while it would show"
	case "lockout":
		if s.rate <= 0.5 {
			return "the bar of a second ends before the next token comes"
		}
	case "stepwise-1s", "stepwise-250ms":
		if step := map[string]float64{"stepwise-1s": 1, "stepwise-250ms": 0.25}[fault]; step*s.rate <= 0.5 {
			return smallStep
		}
	case "racy", "stepwise-100ms":
		if fault != "racy" && 0.1*s.rate <= 0.5 {
			return smallStep
		}
		if w.mean >= 20*time.Millisecond {
			return "delays of 20 ms hide a race of 5 ms, and half a token"
		}
	}
	return ""
}

const smallStep = "a step brings no more than the half token that a box is certified to"

// sweep probes one server and holds the report against the truth.
func sweep(t *testing.T, s size, fault string, w weather, seed uint64) {
	t.Helper()
	server := newServerOf(t, limit(s.rate, s.burst), fault, "", seed)
	server.target.There, server.target.Back, server.target.Rand = w.delay, w.delay, rand.New(rand.NewPCG(seed, 7))
	r, err := probe.Probe(t.Context(), server, probe.Config{Load: load, Client: "c1", Seed: seed})
	require.True(t, err == nil || errors.Is(err, probe.ErrGone), "%v", err)
	require.LessOrEqual(t, r.Sent, probe.DefaultCalls)
	require.LessOrEqual(t, r.Elapsed, probe.DefaultTime+2*time.Second, "an answer may be late")
	rate, burst, ok := s.truth(fault)
	if !ok {
		if r.Result == probe.Measured {
			require.NotEmpty(t, s.hidden(fault, w), "%s is certified: %s", fault, r.Box)
		}
		return
	}
	require.NotEqual(t, probe.OtherModel, r.Result, "a bucket is taken for a %v", r.Models)
	if r.Box == nil {
		return
	}
	granted := slices.ContainsFunc(r.Notes, func(n string) bool {
		return strings.Contains(n, "full when the probe "+
			"began is taken for granted")
	})
	if granted {
		require.NotEqual(t, probe.Measured, r.Result)
		if fault == "over-capacity" || fault == "start-empty" { // it wasn't full
			return
		}
	}
	if fault == "per-connection" && slices.ContainsFunc(r.Notes, func(n string) bool {
		return strings.Contains(n,
			"A limit a connection isn't excluded")
	}) {
		require.NotEqual(t, probe.Measured, r.Result)
		return
	}
	within := r.Box.Rate.Lo <= rate && rate <= r.Box.Rate.Hi && r.Box.Burst.Lo <= burst && burst <= r.Box.Burst.Hi
	faster := r.Box.Or != nil && rate >= r.Box.Or.Rate.Lo && burst <= r.Box.Or.Burst.Hi
	require.True(t, within || faster, "the true bucket of %g/s and %g is not in %s; %s, %v", rate, burst, r.Box,
		r.Result, r.Notes)
}

// faults are an honest server's, which has no name, and all that show in a probe's
// traffic: what only an audit finds looks to it like the bucket that it mostly is.
func faults() []string {
	names := []string{""}
	for _, f := range mock.Faults() {
		names = append(names, f.Name)
	}
	return names
}

// Whatever the limit, the delays and the fault: what a box says is true, and what
// is no bucket isn't certified as one. Every fault meets every size once here, and
// every delay too in TestSweepWide.
func TestSweep(t *testing.T) {
	n := 0
	for i, s := range sizes {
		for k, fault := range faults() {
			if _, _, ok := s.truth(fault); !ok && i >= 4 {
				continue
			}
			w := weathers[(i+k)%len(weathers)]
			n++
			t.Run(fmt.Sprintf("%g-%d-%s-%s", s.rate, s.burst, fault, w.name), func(t *testing.T) {
				t.Parallel()
				sweep(t, s, fault, w, uint64(i+1))
			})
		}
	}
	require.Greater(t, n, 200)
}

// Delays of 20 ms may make refusals look as if they cost a token, twice in a row.
// As long as a plain bucket explains everything, it isn't called another kind.
func TestDelaysAreNoCost(t *testing.T) {
	for _, seed := range []uint64{0, 1, 2, 3, 4, 5, 6, 7} {
		for _, fault := range []string{"", "rate+5%", "burst+1"} {
			server := newServerOf(t, limit(12, 16), fault, "", seed)
			delay := virtual.Exp(20 * time.Millisecond)
			server.target.There, server.target.Back, server.target.Rand = delay, delay, rand.New(rand.NewPCG(seed, 7))
			r, err := probe.Probe(t.Context(), server, probe.Config{Load: load, Client: "c1", Seed: seed,
				Budget: probe.Budget{Calls: 600}})
			require.NoError(t, err)
			require.NotEqual(t, probe.OtherModel, r.Result, "%s, seed %d: %v %v", fault, seed, r.Models, r.Notes)
		}
	}
}
