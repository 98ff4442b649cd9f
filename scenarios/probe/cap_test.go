package probe_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

// crowded is a server of calls that last, and asks serve whether it lets one in. The
// answer is how long after the call came its reply leaves.
func crowded(t *testing.T, seed uint64, serve func(c *virtual.Clock, at time.Duration) (lasts time.Duration, ok bool),
) *server {
	t.Helper()
	s := newServer(t, limit(12, 16), "off", "")
	delay := virtual.Exp(time.Millisecond)
	s.target.Rand = rand.New(rand.NewPCG(seed, 3))
	var lasts time.Duration
	s.target.Decide = func(at time.Duration, _ history.Arrival) virtual.Reply {
		var ok bool
		if lasts, ok = serve(s.clock, at); ok {
			return virtual.Reply{Outcome: history.OK}
		}
		lasts = 0
		return virtual.Reply{Outcome: history.Limited, Status: 503, Detail: "busy"}
	}
	s.target.Back = func(r *rand.Rand) time.Duration { return lasts + delay(r) }
	return s
}

// places lets n calls in at a time.
type places struct{ n, taken int }

func (p *places) serve(c *virtual.Clock, at, lasts time.Duration) bool {
	if p.taken >= p.n {
		return false
	}
	p.taken++
	c.At(at+lasts, func() { p.taken-- })
	return true
}

func TestACapIsFound(t *testing.T) {
	for _, row := range []struct {
		name  string
		n     int
		lasts func(r *rand.Rand) time.Duration
	}{
		{"1 of 60ms", 1, func(*rand.Rand) time.Duration { return 60 * time.Millisecond }},
		{"6 of 60ms", 6, func(*rand.Rand) time.Duration { return 60 * time.Millisecond }},
		{"2 of 300ms", 2, func(*rand.Rand) time.Duration { return 300 * time.Millisecond }},
		{"3 of 55ms to 65ms", 3, func(r *rand.Rand) time.Duration {
			return 55*time.Millisecond + time.Duration(r.Int64N(10))*time.Millisecond
		}},
		{"25 of 150ms", 25, func(*rand.Rand) time.Duration { return 150 * time.Millisecond }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= 3; seed++ {
				free, r := &places{n: row.n}, rand.New(rand.NewPCG(seed, 9))
				s := crowded(t, seed, func(c *virtual.Clock, at time.Duration) (time.Duration, bool) {
					lasts := row.lasts(r)
					return lasts, free.serve(c, at, lasts)
				})
				found := run(t, s, probe.Config{Seed: seed})
				if found.Result != probe.OtherModel {
					show(t, found)
				}
				require.Equal(t, probe.OtherModel, found.Result)
				require.Equal(t, row.n, found.Laws[0].Law.N)
				require.Len(t, found.Models, 1)
				require.Equal(t, probe.Global, found.Scope.Answer)
				require.Equal(t, "no", found.Evasion.Answer)
			}
		})
	}
}

// uncapped are limiters of calls that last that are no cap on the calls in flight, though
// each refuses only while some are.
var uncapped = map[string]func(seed uint64) func(c *virtual.Clock, at time.Duration) (time.Duration, bool){
	"adaptive": func(uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		free, served := &places{n: 4}, 0
		return func(c *virtual.Clock, at time.Duration) (time.Duration, bool) {
			if !free.serve(c, at, 60*time.Millisecond) {
				return 0, false
			}
			if served++; served%16 == 0 {
				free.n++
			}
			return 60 * time.Millisecond, true
		}
	},
	"random shedding of a crowd": func(seed uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		free, r := &places{n: 1000}, rand.New(rand.NewPCG(seed, 1))
		return func(c *virtual.Clock, at time.Duration) (time.Duration, bool) {
			if free.taken >= 4 && r.IntN(3) > 0 {
				return 0, false
			}
			return 60 * time.Millisecond, free.serve(c, at, 60*time.Millisecond)
		}
	},
	"a slow bucket": func(uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		return lasting(poured(10, 6), 60*time.Millisecond)
	},
	"a quick bucket": func(uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		return lasting(poured(80, 6), 60*time.Millisecond)
	},
	"a bucket as quick as its calls": func(uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		return lasting(poured(24, 2), 90*time.Millisecond)
	},
	"a window as long as a call": func(uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		return lasting(counted(6, time.Second), time.Second)
	},
	"one a second of calls of a second": func(uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		return lasting(poured(1, 1), time.Second)
	},
	"a window a little longer than a call": func(uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		return lasting(counted(4, 500*time.Millisecond), 450*time.Millisecond)
	},
	"a queue in front of a bucket": func(uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		next := time.Duration(0)
		return func(_ *virtual.Clock, at time.Duration) (time.Duration, bool) {
			start := max(at, next)
			if start-at > 250*time.Millisecond {
				return 0, false
			}
			next = start + 50*time.Millisecond
			return start - at + 30*time.Millisecond, true
		}
	},
	"a cap that its calls outlive": func(uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		free := &places{n: 5}
		return func(c *virtual.Clock, at time.Duration) (time.Duration, bool) {
			return 90 * time.Millisecond, free.serve(c, at, 50*time.Millisecond)
		}
	},
	"a cap and a queue": func(uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		ends, inside := make([]time.Duration, 4), &places{n: 8}
		return func(c *virtual.Clock, at time.Duration) (time.Duration, bool) {
			first := slices.Index(ends, slices.Min(ends))
			end := max(at, ends[first]) + 60*time.Millisecond
			if !inside.serve(c, at, end-at) {
				return 0, false
			}
			ends[first] = end
			return end - at, true
		}
	},
	"a cap beside a bucket": func(uint64) func(*virtual.Clock, time.Duration) (time.Duration, bool) {
		free, take := &places{n: 4}, poured(10, 20)
		return func(c *virtual.Clock, at time.Duration) (time.Duration, bool) {
			return 60 * time.Millisecond, free.taken < 4 && take(at) && free.serve(c, at, 60*time.Millisecond)
		}
	},
}

// poured is a token bucket.
func poured(rate, burst float64) func(at time.Duration) bool {
	level, last := burst, time.Duration(0)
	return func(at time.Duration) bool {
		level = min(burst, level+rate*(at-last).Seconds())
		if last = at; level < 1 {
			return false
		}
		level--
		return true
	}
}

// lasting has calls last that a limiter lets through.
func lasting(take func(at time.Duration) bool, lasts time.Duration) func(*virtual.Clock, time.Duration) (time.Duration,
	bool) {
	return func(_ *virtual.Clock, at time.Duration) (time.Duration, bool) { return lasts, take(at) }
}

// What isn't a cap is never called one.
func TestNoCapIsNamedWrongly(t *testing.T) {
	for name, made := range uncapped {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, crowded(t, 1, made(1)), probe.Config{Seed: 1})
			if r.Result == probe.OtherModel && slices.ContainsFunc(r.Models, func(m verdict.Model) bool {
				return m.Name == verdict.ConcurrencyCap || m.Window > 0 && m.Window < 100*time.Millisecond
			}) {
				show(t, r)
				require.Fail(t, "it is called a cap, or a window that nobody would set", "%v", r.Models)
			}
		})
	}
}
