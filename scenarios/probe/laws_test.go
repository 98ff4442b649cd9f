package probe_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// keeping is a server that keeps laws, or breaks them in one way.
func keeping(t *testing.T, fault string, seed uint64, laws ...string) *server {
	t.Helper()
	var p promise.Promise
	for _, text := range laws {
		l, err := promise.Parse(text)
		require.NoError(t, err)
		p = append(p, l)
	}
	limiter, err := mock.NewLaws(mock.LawConfig{Promise: p, Fault: fault})
	require.NoError(t, err)
	s := newServer(t, limit(12, 16), "", "")
	delay := virtual.Exp(time.Millisecond)
	s.limiter, s.target.There, s.target.Rand = limiter, delay, rand.New(rand.NewPCG(seed, 7))
	return s
}

// lawsOf are laws as people write them.
func lawsOf(r probe.Report) (list []string) {
	for _, l := range r.Laws {
		list = append(list, l.Law.String())
	}
	return list
}

// What a server keeps is found, and within the default budget where that is one window.
func TestLawsAreFound(t *testing.T) {
	more := probe.Budget{Calls: 2500, Time: 25 * time.Minute}
	for _, row := range []struct {
		laws   []string
		budget probe.Budget
	}{
		{[]string{"30 per 10s fixed"}, probe.Budget{}},
		{[]string{"30 per 10s sliding"}, probe.Budget{}},
		{[]string{"30 per 10s aligned"}, probe.Budget{}},
		{[]string{"20 per 2s fixed"}, probe.Budget{}},
		{[]string{"8 per 4s sliding"}, probe.Budget{}},
		{[]string{"10/s burst 20", "120 per 1m fixed"}, more},
		{[]string{"10/s burst 20", "120 per 1m sliding"}, more},
		{[]string{"10 per 5s fixed", "40 per 1m fixed"}, more},
		{[]string{"10 per 1s sliding", "60 per 1m sliding"}, more},
		{[]string{"10 per 1s fixed", "100 per 1m fixed"}, more},
		{[]string{"10 per 1s aligned", "60 per 1m aligned"}, more},
		{[]string{"100/s burst 10", "50 per 10s fixed"}, more},
		{[]string{"12/s burst 16 steps 3 every 250ms"}, more},
		{[]string{"2/s burst 20 steps 10 every 5s"}, more},
	} {
		t.Run(strings.Join(row.laws, ", "), func(t *testing.T) {
			t.Parallel()
			named := 0
			for seed := uint64(1); seed <= 3; seed++ {
				r := run(t, keeping(t, "", seed, row.laws...), probe.Config{Seed: seed, Budget: row.budget})
				if r.Result == probe.OtherModel {
					named++
					require.Equal(t, row.laws, lawsOf(r))
					require.Len(t, r.Models, 1)
				} else {
					show(t, r)
				}
			}
			require.GreaterOrEqual(t, named, 2)
		})
	}
}

// odd are limiters that are none of the laws that a probe finds, though each looks like
// one for a while.
var odd = map[string]func() func(at time.Duration) bool{
	"elastic": func() func(at time.Duration) bool { // each call, refused too, moves the end
		until, used := time.Duration(0), 0
		return func(at time.Duration) bool {
			if at >= until {
				used = 0
			}
			until = at + 10*time.Second
			used++
			return used <= 30
		}
	},
	"window and ban": func() func(at time.Duration) bool {
		until, used, banned := time.Duration(0), 0, time.Duration(0)
		return func(at time.Duration) bool {
			if at < banned {
				return false
			}
			if at >= until {
				until, used = at+2*time.Second, 0
			}
			if used++; used > 20 {
				banned, until = at+8*time.Second, 0
				return false
			}
			return true
		}
	},
	"bucket and ban": func() func(at time.Duration) bool {
		level, last, refused, banned := 20.0, time.Duration(0), 0, time.Duration(0)
		return func(at time.Duration) bool {
			if at < banned {
				return false
			}
			level = min(20, level+10*(at-last).Seconds())
			if last = at; level >= 1 {
				level, refused = level-1, 0
				return true
			}
			if refused++; refused >= 5 {
				banned, refused = at+8*time.Second, 0
			}
			return false
		}
	},
	"a second twice": func() func(at time.Duration) bool { // a window that lets one in ten more through
		window, n := counted(20, 5*time.Second), 0
		return func(at time.Duration) bool { n++; return window(at) || n%10 == 0 }
	},
	"off for a while": func() func(at time.Duration) bool {
		window := counted(20, 5*time.Second)
		return func(at time.Duration) bool { return window(at) || at%(12*time.Second) < 1500*time.Millisecond }
	},
	"whole seconds": func() func(at time.Duration) bool { // fractions are lost at each call
		level, last := 20.0, time.Duration(0)
		return func(at time.Duration) bool {
			level = min(20, level+10*float64((at-last)/time.Second))
			if last = at; level < 1 {
				return false
			}
			level--
			return true
		}
	},
	"three replicas": func() func(at time.Duration) bool {
		var each []func(time.Duration) bool
		for range 3 {
			each = append(each, counted(10, 5*time.Second))
		}
		n := 0
		return func(at time.Duration) bool { n++; return each[n%3](at) }
	},
	"a window and a lock": func() func(at time.Duration) bool { // whoever has had sixty waits half a minute
		window, had, until := counted(10, time.Second), 0, time.Duration(0)
		return func(at time.Duration) bool {
			if at < until || !window(at) {
				return false
			}
			if had++; had == 60 {
				had, until = 0, at+30*time.Second
			}
			return true
		}
	},
	"three windows": func() func(at time.Duration) bool {
		return all(counted(10, time.Second), counted(30, 10*time.Second), counted(90, time.Minute))
	},
	"a long window that forgets a half": func() func(at time.Duration) bool {
		window, had, since := counted(10, time.Second), 0, time.Duration(0)
		return func(at time.Duration) bool {
			for at-since >= 20*time.Second {
				had, since = had/2, since+20*time.Second
			}
			if had >= 60 || !window(at) {
				return false
			}
			had++
			return true
		}
	},
	"two windows in replicas": func() func(at time.Duration) bool {
		short := counted(10, time.Second)
		long := []func(time.Duration) bool{counted(30, time.Minute), counted(30, time.Minute)}
		n := 0
		return func(at time.Duration) bool {
			if !short(at) {
				return false
			}
			n++
			return long[n%2](at)
		}
	},
	"a window with a slow queue of pardons": func() func(at time.Duration) bool {
		window, level, last := counted(10, time.Second), 60.0, time.Duration(0)
		return func(at time.Duration) bool {
			level = min(60, level+0.5*(at-last).Seconds())
			if last = at; level < 1 || !window(at) {
				return false
			}
			level--
			return true
		}
	},
	"a gap that grows": func() func(at time.Duration) bool {
		count, last := 0, -time.Hour
		return func(at time.Duration) bool {
			gap := time.Duration(0)
			if count >= 12 {
				gap = 3 * time.Second
			}
			if at-last < gap {
				return false
			}
			count, last = count+1, at
			return true
		}
	},
	"a fading counter": func() func(at time.Duration) bool {
		window, used, before := time.Duration(0), 0, 0
		return func(at time.Duration) bool {
			const length = 10 * time.Second
			for ; at/length > window; window++ {
				used, before = 0, used
			}
			if float64(used)+float64(before)*(1-float64(at%length)/float64(length)) >= 30 {
				return false
			}
			used++
			return true
		}
	},
	"a counter that opens with a call": func() func(at time.Duration) bool {
		begins, used, before := -time.Hour, 0, 0
		return func(at time.Duration) bool {
			const length = 10 * time.Second
			switch {
			case at >= begins+2*length:
				begins, used, before = at, 0, 0
			case at >= begins+length:
				begins, used, before = begins+length, 0, used
			}
			if float64(used)+float64(before)*(1-float64(at-begins)/float64(length)) >= 30 {
				return false
			}
			used++
			return true
		}
	},
}

// What is none of the laws is never called one.
func TestNoLawIsNamedWrongly(t *testing.T) {
	for name, made := range odd {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= 3; seed++ {
				for _, b := range []probe.Budget{{}, {Calls: 1500, Time: 15 * time.Minute}} {
					r := takenBy(t, made(), seed, b, time.Millisecond)
					if r.Result == probe.OtherModel || r.Result == probe.Measured || len(r.Laws) > 0 {
						show(t, r)
						require.Fail(t, "it is named", "%v", lawsOf(r))
					}
				}
			}
		})
	}
}
