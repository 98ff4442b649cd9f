package probe_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// A look is what a probe must say of a fault of the mock.
type look struct {
	result      probe.Result
	kinds       []string // nil: none explains it; any other result's may differ
	rate, burst float64  // of a bucket: what the box must hold; 0: no box may be called measured
	scope       string
	evasion     string
	free        []string // kinds of requests that must cost nothing
	note        string   // part of a note
}

var bucket = []string{"token bucket"}

// none is the look of a limiter that is no token bucket, and of no known kind.
var none = look{result: probe.Unfinished}

// sized is the look of a right bucket of some size.
func sized(rate, burst float64) look {
	return look{result: probe.Measured, kinds: bucket, rate: rate, burst: burst, scope: probe.Global, evasion: "no"}
}

// besides is the look of a right bucket some of whose other requests are free.
func besides(free ...string) look {
	l := sized(12, 16)
	l.free = free
	return l
}

// looks has every fault of the mock. Where a probe's answer is that of an
// honest server, the reason stands beside it.
var looks = map[string]look{
	"off":             {result: probe.NoLimit, kinds: []string{"no limit"}},
	"never-for-tools": {result: probe.NoLimit, kinds: []string{"no limit"}},
	// The text of a success is never taken for a refusal.
	"refusal-as-success": {result: probe.NoLimit, kinds: []string{"no limit"}},

	"burst+1": sized(12, 17), "burst-1": sized(12, 15), "burst-x2": sized(12, 32), "ignores-burst": sized(12, 24),
	"rate+10%": sized(13.2, 16), "rate-10%": sized(10.8, 16), "rate+5%": sized(12.6, 16), "rate-5%": sized(11.4, 16),
	"rate+2%": sized(12.24, 16), "rate-2%": sized(11.76, 16),
	// A call of the load is the unit, so that two tokens a call are half the bucket.
	"double-charge": sized(6, 8),
	"never-refills": {result: probe.Unfinished, kinds: bucket, note: "tokens flowed in so slowly, or not at all"},
	"leaky":         {result: probe.Unfinished, kinds: []string{"leaky bucket without burst"}, scope: probe.Global},

	"start-empty": {result: probe.Measured, kinds: bucket, rate: 12, burst: 16, scope: probe.Global,
		note: "not full when the probe began"},
	// Twice the burst after a rest, and once at first: a bigger bucket that wasn't full.
	"over-capacity": {result: probe.Measured, kinds: bucket, rate: 12, burst: 32, note: "not full when the " +
		"probe began"},

	"idle-reset": none, "periodic-reset": none, "stepwise-1s": none, "stepwise-250ms": none, "stepwise-100ms": none,
	"truncating-refill": none, "off-after-first-window": none, "lockout": none, "replicas-3": none,
	"burst-once": {result: probe.Unfinished}, "racy": none, "clock-back": none, "clock-forward": none,
	"leak-3%": none, "false-refusal-5%": none,

	"fixed-window": {result: probe.OtherModel, kinds: []string{"fixed window"}, scope: probe.Global, evasion: "no"},
	"sliding-log":  {result: probe.OtherModel, kinds: []string{"sliding window"}, scope: probe.Global, evasion: "no"},
	// It answers at once and holds a place for 50 ms, which is a window.
	"concurrency-cap": {result: probe.OtherModel, kinds: []string{"sliding window"}},
	"refusals-cost":   {result: probe.OtherModel, kinds: []string{probe.ModelCostly}},

	"per-session": {result: probe.Measured, kinds: bucket, rate: 12, burst: 16, scope: probe.PerSession,
		evasion: "yes"},
	"per-connection": {result: probe.Unfinished, kinds: bucket, scope: probe.PerConnection, evasion: "yes"},
	"session-reset": {result: probe.Measured, kinds: bucket, rate: 12, burst: 16, scope: probe.Global,
		evasion: "resets"},
	// One client, one identity and one range of ids see one bucket.
	"per-identity": sized(12, 16), "per-id-range": sized(12, 16), "shared": sized(12, 16),
	"per-tool":             besides("tools/list", "ping", "initialize", "a call of an unknown tool"),
	"per-method":           besides("tools/list", "ping", "initialize"),
	"only-success-counted": besides("tools/list", "ping", "initialize", "a call of an unknown tool"),

	"retry-after-short": sized(12, 16), "retry-after-long": sized(12, 16), // see TestRetryAfterIsTakenAtItsWord
	"duplicate-reply": sized(12, 16), // in virtual time a reply comes once; the wire tells
	"wrong-id":        {result: probe.Unfinished},
	"silent-refusals": {result: probe.Unfinished, note: "got no reply"},
	"dies-after-60":   {result: probe.Unfinished},
}

func TestEveryFaultIsSeenForWhatItIs(t *testing.T) {
	for _, f := range mock.Faults() {
		want, ok := looks[f.Name]
		require.True(t, ok, "%s has no row", f.Name)
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(2) {
				r, err := probe.Probe(t.Context(), newServerOf(t, limit(12, 16), f.Name, "", seed+1),
					probe.Config{Load: load, Client: "c1", Seed: seed + 1})
				require.True(t, err == nil || errors.Is(err, probe.ErrGone))
				show(t, r)
				looksLike(t, want, r)
			}
		})
	}
	require.Len(t, looks, len(mock.Faults()), "a row is of no fault")
}

func looksLike(t *testing.T, want look, r probe.Report) {
	t.Helper()
	require.Equal(t, want.result, r.Result)
	if want.kinds != nil {
		require.Equal(t, want.kinds, names(r))
	}
	if want.rate > 0 {
		require.LessOrEqual(t, r.Box.Rate.Lo, want.rate)
		require.GreaterOrEqual(t, r.Box.Rate.Hi, want.rate)
		require.LessOrEqual(t, r.Box.Burst.Lo, want.burst)
		require.GreaterOrEqual(t, r.Box.Burst.Hi, want.burst)
	} else {
		require.NotEqual(t, probe.Measured, r.Result)
	}
	if want.scope != "" {
		require.Equal(t, want.scope, r.Scope.Answer)
	}
	if want.evasion != "" {
		require.Equal(t, want.evasion, r.Evasion.Answer)
	}
	known := costs(r)
	if len(want.free) > 0 {
		for _, kind := range []string{"tools/list", "ping", "initialize", "a call of an unknown tool", "a call with " +
			"invalid arguments"} {
			cost, ok := known[kind]
			require.True(t, ok, kind)
			require.Equal(t, slices.Contains(want.free, kind), cost == 0, kind)
		}
	} else if want.scope == probe.Global && want.result == probe.Measured && want.note == "" && want.evasion == "no" {
		for kind, cost := range known {
			require.Equal(t, kind != "notifications" && kind != "a refused call", cost == 1, kind)
		}
		require.Len(t, known, 8)
	}
	if want.note != "" {
		require.Condition(t, func() bool {
			return slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, want.note) })
		}, "%q", r.Notes)
	}
}
