package scenarios_test

import (
	"math"
	"math/rand/v2"
	"time"
)

// An answer of a foreign limiter: refused, or so much later than at once.
type answer struct {
	refused bool
	broken  bool // no answer: the connection was refused
	after   time.Duration
}

var (
	yes = answer{}
	no  = answer{refused: true}
)

// A foreign limiter is one that people run and the mock has no fault for. They
// are written as their authors would, with no code of any other.
type foreign struct {
	name  string
	rate  float64 // of the promise
	burst int
	plan  []string // scenarios; nil: the catalogue
	cause []string // the kinds of causes that are true of it; the first must be named in most runs
	alike []string // and what may stand beside them, where the plan can't tell
	make  func(r *rand.Rand) func(at time.Duration) answer
}

// pail is a token bucket by floating point, full at first.
func pail(rate, burst float64) func(at time.Duration, cost float64) bool {
	level, last := burst, time.Duration(0)
	return func(at time.Duration, cost float64) bool {
		level, last = min(burst, level+rate*(at-last).Seconds()), at
		if level < cost-1e-9 {
			return false
		}
		level -= cost
		return true
	}
}

// counter is a window that its first call opens.
func counter(n int, length time.Duration) func(at time.Duration) bool {
	until, used := time.Duration(-1), 0
	return func(at time.Duration) bool {
		if at >= until {
			until, used = at+length, 0
		}
		used++
		return used <= n
	}
}

func says(ok bool) answer {
	if ok {
		return yes
	}
	return no
}

// simple makes a limiter of what lets a call through.
func simple(f func() func(at time.Duration) bool) func(*rand.Rand) func(time.Duration) answer {
	return func(*rand.Rand) func(time.Duration) answer {
		take := f()
		return func(at time.Duration) answer { return says(take(at)) }
	}
}

// barring refuses everything for a while once it has refused some times in a second.
func barring(strikes int, long time.Duration) func(at time.Duration) bool {
	take := pail(10, 20)
	var refusals []time.Duration
	until := time.Duration(-1)
	return func(at time.Duration) bool {
		if at < until {
			return false
		}
		if take(at, 1) {
			return true
		}
		for len(refusals) > 0 && at-refusals[0] > time.Second {
			refusals = refusals[1:]
		}
		if refusals = append(refusals, at); len(refusals) >= strikes {
			until, refusals = at+long, nil
		}
		return false
	}
}

// elastic is a window whose end every call moves.
func elastic(n int, length time.Duration) func(at time.Duration) bool {
	until, used := time.Duration(-1), 0
	return func(at time.Duration) bool {
		if at >= until {
			used = 0
		}
		until = at + length
		used++
		return used <= n
	}
}

// blocking is a window after whose last call everything is refused for longer.
func blocking(n int, length, block time.Duration) func(at time.Duration) bool {
	until, used, blocked := time.Duration(-1), 0, time.Duration(-1)
	return func(at time.Duration) bool {
		if at < blocked {
			return false
		}
		if at >= until {
			until, used = at+length, 0
		}
		if used++; used <= n {
			return true
		}
		blocked, until = at+block, -1
		return false
	}
}

// weighted counts the previous window for what is left of it.
func weighted(n int, length time.Duration) func(at time.Duration) bool {
	window, now, before := time.Duration(-1), 0, 0
	return func(at time.Duration) bool {
		if w := at / length; w != window {
			if before = now; w != window+1 {
				before = 0
			}
			window, now = w, 0
		}
		part := 1 - float64(at%length)/float64(length)
		if float64(now)+float64(before)*part+1 > float64(n) {
			return false
		}
		now++
		return true
	}
}

// spaced lets some calls through at once, and then one after a pause that grows.
func spaced(at time.Duration, count *int, last *time.Duration) bool {
	gap := time.Duration(0)
	switch {
	case *count >= 20:
		gap = 6 * time.Second
	case *count >= 12:
		gap = 3 * time.Second
	}
	if at-*last < gap {
		return false
	}
	*count, *last = *count+1, at
	return true
}

// processes have a bucket each, and calls go to one of them.
func processes(n int, next func(i int) int) func(at time.Duration) bool {
	var pails []func(time.Duration, float64) bool
	for range n {
		pails = append(pails, pail(10, 20))
	}
	i := 0
	return func(at time.Duration) bool {
		i++
		return pails[next(i)](at, 1)
	}
}

// foreigners are the limiters of logs, libraries and gateways that were once
// called something that they aren't.
var foreigners = []foreign{
	{name: "charges a hidden request too", rate: 10, burst: 20, cause: []string{"nested"},
		make: simple(func() func(at time.Duration) bool {
			take := pail(10, 20)
			return func(at time.Duration) bool {
				first := take(at, 1)
				return first && take(at, 1)
			}
		})},
	{name: "window-of-30-in-10s", rate: 3, burst: 30, cause: []string{"opened"}, alike: []string{"sliding"},
		make: simple(func() func(time.Duration) bool { return counter(30, 10*time.Second) })},
	{name: "window-of-30-in-10s, promised as 10/s", rate: 10, burst: 20, cause: []string{"opened"},
		alike: []string{"sliding", "block"},
		make:  simple(func() func(time.Duration) bool { return counter(30, 10*time.Second) })},
	// nothing comes back while calls go on
	{name: "elastic window", rate: 10, burst: 20, cause: []string{"size", "elastic"},
		make: simple(func() func(time.Duration) bool { return elastic(30, 10*time.Second) })},
	{name: "window with a block", rate: 10, burst: 20, cause: []string{"block"}, alike: []string{"fixed", "opened"},
		make: simple(func() func(time.Duration) bool { return blocking(20, 2*time.Second, 8*time.Second) })},
	{name: "ban", rate: 10, burst: 20, cause: []string{"ban"},
		make: simple(func() func(time.Duration) bool { return barring(5, 8*time.Second) })},
	{name: "tiers", rate: 10, burst: 20, cause: []string{"quota"},
		make: simple(func() func(time.Duration) bool {
			first, second := pail(10, 20), counter(120, time.Minute)
			return func(at time.Duration) bool { return first(at, 1) && second(at) }
		})},
	{name: "daily quota", rate: 10, burst: 20, cause: []string{"quota"},
		make: simple(func() func(time.Duration) bool {
			first, second := pail(10, 20), counter(150, 24*time.Hour)
			return func(at time.Duration) bool { return first(at, 1) && second(at) }
		})},
	{name: "lower limit behind", rate: 10, burst: 20, cause: []string{"behind", "size"},
		make: simple(func() func(time.Duration) bool {
			own, upstream := pail(10, 20), pail(4, 8)
			return func(at time.Duration) bool { return own(at, 1) && upstream(at, 1) }
		})},
	{name: "fails open", rate: 10, burst: 20, cause: []string{"off"}, alike: []string{"refilled"},
		make: simple(func() func(time.Duration) bool {
			take := pail(10, 20)
			return func(at time.Duration) bool {
				if phase := at % (12 * time.Second); phase > 6*time.Second && phase < 7500*time.Millisecond {
					return true
				}
				return take(at, 1)
			}
		})},
	{name: "fails open under load", rate: 10, burst: 20, cause: []string{"unknown"},
		make: simple(func() func(time.Duration) bool {
			take := pail(10, 20)
			var busy []time.Duration
			return func(at time.Duration) bool {
				for len(busy) > 0 && at-busy[0] > 4*time.Millisecond {
					busy = busy[1:]
				}
				if len(busy) >= 12 {
					return true
				}
				busy = append(busy, at)
				return take(at, 1)
			}
		})},
	{name: "four processes in turn", rate: 10, burst: 20, cause: []string{"none"},
		make: simple(func() func(time.Duration) bool { return processes(4, func(i int) int { return i % 4 }) })},
	{name: "two processes in turn", rate: 10, burst: 20, cause: []string{"none"},
		make: simple(func() func(time.Duration) bool { return processes(2, func(i int) int { return i % 2 }) })},
	{name: "two processes by lot", rate: 10, burst: 20, cause: []string{"none"},
		make: func(r *rand.Rand) func(time.Duration) answer {
			take := processes(2, func(int) int { return r.IntN(2) })
			return func(at time.Duration) answer { return says(take(at)) }
		}},
	{name: "clocks 700 ms apart", rate: 10, burst: 20, cause: []string{"none"},
		make: simple(func() func(time.Duration) bool {
			level, last, n := 20.0, time.Duration(0), 0
			return func(at time.Duration) bool {
				if n++; n%2 == 0 {
					at += 700 * time.Millisecond
				}
				level, last = min(20, level+10*max(0, (at-last).Seconds())), at
				if level < 1 {
					return false
				}
				level--
				return true
			}
		})},
	{name: "back-off", rate: 1.0 / 3, burst: 12, plan: []string{"burst", "sustained"}, cause: []string{"size", "once"},
		make: simple(func() func(time.Duration) bool {
			count, last := 3, -time.Hour // a handshake
			return func(at time.Duration) bool { return spaced(at, &count, &last) }
		})},
	{name: "weighted window", rate: 3, burst: 30, cause: []string{"unknown"},
		make: simple(func() func(time.Duration) bool { return weighted(30, 10*time.Second) })},
	{name: "whole seconds", rate: 10, burst: 20, cause: []string{"truncates"},
		make: simple(func() func(time.Duration) bool {
			level, last := 20, time.Duration(0)
			return func(at time.Duration) bool {
				level, last = min(20, level+int((at-last).Seconds())*10), at
				if level < 1 {
					return false
				}
				level--
				return true
			}
		})},
	{name: "by bytes", rate: 10, burst: 20, cause: []string{"unknown"},
		make: func(r *rand.Rand) func(time.Duration) answer {
			take := pail(10000, 20000)
			return func(at time.Duration) answer { return says(take(at, float64(200+r.IntN(1601)))) }
		}},
	{name: "post-paid", rate: 10, burst: 20, cause: []string{"unknown"},
		make: simple(func() func(time.Duration) bool {
			level, last := 60.0, time.Duration(0)
			var owed []time.Duration
			return func(at time.Duration) bool {
				for len(owed) > 0 && owed[0] <= at {
					level, last = min(60, level+30*(owed[0]-last).Seconds())-3, owed[0]
					owed = owed[1:]
				}
				level, last = min(60, level+30*(at-last).Seconds()), at
				if level <= 0 {
					return false
				}
				owed = append(owed, at+30*time.Millisecond)
				return true
			}
		})},
	{name: "slow-down", rate: 10, burst: 20, cause: []string{"delay"}, alike: []string{"none"},
		make: func(*rand.Rand) func(time.Duration) answer {
			until, hits := time.Duration(-1), 0
			return func(at time.Duration) answer {
				if at >= until {
					until, hits = at+10*time.Second, 0
				}
				hits++
				return answer{after: min(2*time.Second, time.Duration(max(0, hits-20))*100*time.Millisecond)}
			}
		}},
	{name: "restart", rate: 10, burst: 20, cause: []string{"refilled"}, alike: []string{"off"},
		make: func(*rand.Rand) func(time.Duration) answer {
			take, began := pail(10, 20), time.Duration(0)
			return func(at time.Duration) answer {
				for _, t := range []time.Duration{9 * time.Second, 15 * time.Second} {
					if began < t && at >= t {
						fresh := pail(10, 20)
						take, began = func(at time.Duration, cost float64) bool { return fresh(at-t, cost) }, t
					}
					if at >= t && at < t+400*time.Millisecond {
						return answer{broken: true}
					}
				}
				return says(take(at, 1))
			}
		}},
	{name: "tokens in steps of 5", rate: 10, burst: 20, cause: []string{"steps"},
		make: simple(func() func(time.Duration) bool {
			level, beat := 20.0, time.Duration(0)
			return func(at time.Duration) bool {
				now := at / (500 * time.Millisecond)
				level, beat = math.Min(20, level+5*float64(now-beat)), now
				if level < 1 {
					return false
				}
				level--
				return true
			}
		})},
}
