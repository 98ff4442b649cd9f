package scenarios_test

import (
	"time"

	"github.com/mcpload/mcpload/history"
)

// strangers are odd mixes.
var strangers = []stranger{
	{laws: []string{"12 per 7s fixed per session", "20 per 7s sliding"},
		honest: func() limiter { return stack{limited(12, opening(7), session), limited(20, sliding(7))} },
		broken: broken{
			"N+1 a session": func() limiter {
				return stack{limited(13, opening(7), session), limited(20, sliding(7))}
			},
			"N+1 of everybody": func() limiter {
				return stack{limited(12, opening(7), session), limited(21, sliding(7))}
			},
			"no session": func() limiter { return stack{limited(12, opening(7)), limited(20, sliding(7))} },
			"T-10%": func() limiter {
				return stack{limited(12, opening(6.3), session), limited(20, sliding(7))}
			},
		}},
	{laws: []string{"3 at a time", "25 per 9s fixed"}, lasts: 200 * time.Millisecond,
		honest: func() limiter { return &slots{n: 3, then: stack{limited(25, opening(9))}} },
		broken: broken{
			"4 at a time": func() limiter { return &slots{n: 4, then: stack{limited(25, opening(9))}} },
			"2 at a time": func() limiter { return &slots{n: 2, then: stack{limited(25, opening(9))}} },
			"no window":   func() limiter { return &slots{n: 3} },
			"T-10%":       func() limiter { return &slots{n: 3, then: stack{limited(25, opening(8.1))}} },
		}},
	// One session never has twelve at a time: two do.
	{laws: []string{"3/s burst 10 per session", "12 at a time"}, lasts: 200 * time.Millisecond,
		honest: func() limiter { return &slots{n: 12, then: tubs{{rate: 3, most: 10, key: session}}} },
		broken: broken{
			"13 at a time": func() limiter { return &slots{n: 13, then: tubs{{rate: 3, most: 10, key: session}}} },
			"11 at a time": func() limiter { return &slots{n: 11, then: tubs{{rate: 3, most: 10, key: session}}} },
			"no bucket":    func() limiter { return &slots{n: 12} },
		}},
	{laws: []string{"quota 40 per day Europe/Berlin"},
		honest: func() limiter { return stack{limited(40, calendar(true, "Europe/Berlin"))} },
		broken: broken{
			"N+1": func() limiter { return stack{limited(41, calendar(true, "Europe/Berlin"))} },
			"N-1": func() limiter { return stack{limited(39, calendar(true, "Europe/Berlin"))} },
		}},
	{laws: []string{"quota 30 per hour Asia/Kathmandu", "2 at a time"}, lasts: 150 * time.Millisecond,
		honest: func() limiter { return &slots{n: 2, then: stack{limited(30, calendar(false, "Asia/Kathmandu"))}} },
		broken: broken{
			"N+1": func() limiter {
				return &slots{n: 2, then: stack{limited(31, calendar(false, "Asia/Kathmandu"))}}
			},
			"by the minute": func() limiter { return &slots{n: 2, then: stack{limited(30, gridded(5, 1))}} },
		}},
	{laws: []string{"20/s burst 7 steps 3 every 150ms"},
		honest: func() limiter { return tubs{{rate: 20, most: 7, step: 3, every: 0.15}} },
		broken: broken{
			"burst 11":    func() limiter { return tubs{{rate: 20, most: 11, step: 3, every: 0.15}} },
			"half a step": func() limiter { return tubs{{rate: 20, most: 7, step: 1.5, every: 0.15}} },
			"rate+10%":    func() limiter { return tubs{{rate: 20, most: 7, step: 3, every: 0.135}} },
		}},
	// Of 11 units three such calls and one of another tool tell.
	{laws: []string{"10 per 11s sliding units a=3"},
		honest: func() limiter { return stack{costing(limited(10, sliding(11)), unitsOf("a", 3))} },
		broken: broken{
			"units 2": func() limiter { return stack{costing(limited(10, sliding(11)), unitsOf("a", 2))} },
			"N+1":     func() limiter { return stack{costing(limited(11, sliding(11)), unitsOf("a", 3))} },
			"N-1":     func() limiter { return stack{costing(limited(9, sliding(11)), unitsOf("a", 3))} },
			"T-10%":   func() limiter { return stack{costing(limited(10, sliding(9.9)), unitsOf("a", 3))} },
		}},
	// Six such calls take all twelve, and one of another tool tells if there is one more.
	{laws: []string{"12 per 6s sliding units a=2"},
		honest: func() limiter { return stack{costing(limited(12, sliding(6)), unitsOf("a", 2))} },
		broken: broken{
			"N+1":     func() limiter { return stack{costing(limited(13, sliding(6)), unitsOf("a", 2))} },
			"N-1":     func() limiter { return stack{costing(limited(11, sliding(6)), unitsOf("a", 2))} },
			"units 1": func() limiter { return stack{limited(12, sliding(6))} },
		}},
	{laws: []string{"5 per 6s fixed only failures"},
		honest: func() limiter { return stack{costing(limited(5, opening(6)), failing)} },
		broken: broken{
			"N+1":              func() limiter { return stack{costing(limited(6, opening(6)), failing)} },
			"counts successes": func() limiter { return stack{limited(5, opening(6))} },
		}},
	{laws: []string{"8 per 7m sliding"},
		honest: func() limiter { return stack{limited(8, sliding(420))} },
		broken: broken{
			"N+1":         func() limiter { return stack{limited(9, sliding(420))} },
			"N-1":         func() limiter { return stack{limited(7, sliding(420))} },
			"per session": func() limiter { return stack{limited(8, sliding(420), session)} },
		}},
	// One session never reaches the second law: two do, at 8/s, by its burst alone.
	{laws: []string{"4/s burst 6 per session", "9/s burst 10"},
		honest: func() limiter { return tubs{{rate: 4, most: 6, key: session}, {rate: 9, most: 10}} },
		broken: broken{
			"tiers mixed up": func() limiter { return tubs{{rate: 9, most: 10, key: session}, {rate: 4, most: 6}} },
			"no session":     func() limiter { return tubs{{rate: 4, most: 6}, {rate: 9, most: 10}} },
			"no everybody":   func() limiter { return tubs{{rate: 4, most: 6, key: session}} },
			"burst+1":        func() limiter { return tubs{{rate: 4, most: 7, key: session}, {rate: 9, most: 10}} },
		}},
	{laws: []string{"6/s burst 5 queue 700ms"},
		honest: func() limiter { return tubs{{rate: 6, most: 5, longest: 0.7}} },
		broken: broken{
			"no queue":    func() limiter { return tubs{{rate: 6, most: 5}} },
			"rate+10%":    func() limiter { return tubs{{rate: 6.6, most: 5, longest: 0.7}} },
			"burst of 10": func() limiter { return tubs{{rate: 6, most: 10, longest: 0.7}} },
		}},
	{laws: []string{"10 per 4s sliding refusals charged"},
		honest: func() limiter { return harsh{limited(10, sliding(4))} },
		broken: broken{
			"N+1": func() limiter { return harsh{limited(11, sliding(4))} },
			"N-1": func() limiter { return harsh{limited(9, sliding(4))} },
		}},
	{laws: []string{"10 per 3s fixed lockout 5s"},
		honest: func() limiter { return &barrier{then: stack{limited(10, opening(3))}, bar: 5} },
		broken: broken{
			"N+1":        func() limiter { return &barrier{then: stack{limited(11, opening(3))}, bar: 5} },
			"lockout 8s": func() limiter { return &barrier{then: stack{limited(10, opening(3))}, bar: 8} },
			"no lockout": func() limiter { return stack{limited(10, opening(3))} },
		}},
	{laws: []string{"7 per 5s aligned"},
		honest: func() limiter { return stack{limited(7, gridded(5, 3.3))} },
		broken: broken{
			"N+1":  func() limiter { return stack{limited(8, gridded(5, 3.3))} },
			"N-1":  func() limiter { return stack{limited(6, gridded(5, 3.3))} },
			"half": func() limiter { return stack{limited(7, gridded(2.5, 3.3))} },
		}},
	{laws: []string{"12 per 8s counter"},
		honest: func() limiter { return fading(12, 8, 1.7) },
		broken: broken{
			"N+2":  func() limiter { return fading(14, 8, 1.7) },
			"half": func() limiter { return fading(6, 8, 1.7) },
		}},
	{laws: []string{"11 per 9s"},
		honest: func() limiter { return stack{limited(11, opening(9))} },
		broken: broken{
			"23": func() limiter { return stack{limited(23, sliding(9))} },
			"10": func() limiter { return stack{limited(10, opening(9))} },
		}},
	// One tool never reaches the second law: two do.
	{laws: []string{"15 per 6s sliding per tool", "18 per 6s sliding"},
		honest: func() limiter { return stack{limited(15, sliding(6), tool), limited(18, sliding(6))} },
		broken: broken{
			"N+1":       func() limiter { return stack{limited(16, sliding(6), tool), limited(18, sliding(6))} },
			"no second": func() limiter { return stack{limited(15, sliding(6), tool)} },
		}},
	// The third takes more than the time that a plan has.
	{laws: []string{"2 per 1s fixed", "10 per 20s fixed", "40 per 1h aligned"}, unseen: true,
		honest: func() limiter {
			return stack{limited(2, opening(1)), limited(10, opening(20)), limited(40, gridded(3600, 0))}
		},
		broken: broken{
			"second missing": func() limiter { return stack{limited(2, opening(1)), limited(40, gridded(3600, 0))} },
			"first 3": func() limiter {
				return stack{limited(3, opening(1)), limited(10, opening(20)), limited(40, gridded(3600, 0))}
			},
			"second 11": func() limiter {
				return stack{limited(2, opening(1)), limited(11, opening(20)), limited(40, gridded(3600, 0))}
			},
		}},
	{laws: []string{"5 per 8s fixed methods tools/list", "20/s burst 20 methods tools/call"},
		honest: func() limiter {
			return methods{"tools/list": stack{limited(5, opening(8))}, "tools/call": tubs{{rate: 20, most: 20}}}
		},
		broken: broken{
			"lists free": func() limiter { return methods{"tools/call": tubs{{rate: 20, most: 20}}} },
			"N+1": func() limiter {
				return methods{"tools/list": stack{limited(6, opening(8))}, "tools/call": tubs{{rate: 20, most: 20}}}
			},
			"one for both": func() limiter { return stack{limited(5, opening(8))} },
		}},
	{laws: []string{"1 per 2s sliding"},
		honest: func() limiter { return stack{limited(1, sliding(2))} },
		broken: broken{
			"2":     func() limiter { return stack{limited(2, sliding(2))} },
			"T-10%": func() limiter { return stack{limited(1, sliding(1.8))} },
			"T+10%": func() limiter { return stack{limited(1, sliding(2.2))} },
		}},
	{laws: []string{"9 per 5s fixed elastic"},
		honest: func() limiter { return stretching(9, 5) },
		broken: broken{
			"N+1": func() limiter { return stretching(10, 5) },
			"N-1": func() limiter { return stretching(8, 5) },
		}},
}

// methods have limiters of their own.
type methods map[string]limiter

func (m methods) ask(at float64, c *history.Call) (float64, bool) {
	if l := m[c.Method]; l != nil {
		return l.ask(at, c)
	}
	return 0, true
}
func (methods) over(float64, *history.Call) {}

// stretching is a window that refused calls prolong.
func stretching(n int, length float64) limiter {
	ends, used := -1.0, 0
	return rule(func(at float64, _ *history.Call) bool {
		if at >= ends {
			ends, used = at+length, 0
		}
		if used >= n {
			ends = at + length
			return false
		}
		used++
		return true
	})
}
