package promise

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each bound is tried on both of its sides: the last that is taken, and the first
// that isn't.
func TestBoundsOfLaws(t *testing.T) {
	bucket := func(change func(*Law)) Law {
		l := Law{Kind: Bucket, N: 10, Rate: 5}
		change(&l)
		return l
	}
	window := func(every time.Duration) Law { return Law{Kind: Window, N: 10, Every: every} }
	stepped := bucket(func(l *Law) { l.Step, l.Every = 5, time.Second })
	for _, row := range []struct {
		name    string
		law     Law
		problem string // empty: it is fine
	}{
		{name: "the most tokens", law: bucket(func(l *Law) { l.N = maxN })},
		{name: "one more", law: bucket(func(l *Law) { l.N = maxN + 1 }),
			problem: "1000000001 is not from 1 to 1000000000"},
		{name: "the fewest", law: bucket(func(l *Law) { l.N = 1 })},
		{name: "none", law: bucket(func(l *Law) { l.N = 0 }), problem: "0 is not from 1 to"},
		{name: "the least rate", law: bucket(func(l *Law) { l.Rate = minRate })},
		{name: "less", law: bucket(func(l *Law) { l.Rate = minRate / 2 }), problem: "a rate of 5e-07/s"},
		{name: "the highest rate", law: bucket(func(l *Law) { l.Rate = maxRate })},
		{name: "a higher one", law: bucket(func(l *Law) { l.Rate = 2 * maxRate }), problem: "a rate of 2e+09/s"},
		{name: "steps", law: stepped},
		{name: "one step is all of it", law: bucket(func(l *Law) { l.Step, l.Every, l.Rate = 10, time.Second, 10 })},
		{name: "a step of more", law: bucket(func(l *Law) { l.Step, l.Every, l.Rate = 11, time.Second, 11 }),
			problem: "can't get 11 tokens at once"},
		{name: "a step back", law: bucket(func(l *Law) { l.Step, l.Every = -1, time.Second }),
			problem: "can't get -1 tokens at once"},
		{name: "a step without a time", law: bucket(func(l *Law) { l.Step = 5 }), problem: "need the time between two"},
		{name: "a step against its rate", law: bucket(func(l *Law) { l.Step, l.Every = 4, time.Second }),
			problem: "are 4/s, not 5/s"},
		{name: "the shortest window", law: window(time.Millisecond)},
		{name: "a shorter one", law: window(time.Millisecond - 1), problem: "a window of 999.999µs"},
		{name: "the longest window", law: window(maxEvery)},
		{name: "a longer one", law: window(maxEvery + 1), problem: "is not from 1ms to"},
		{name: "the longest queue", law: bucket(func(l *Law) { l.Wait = maxEvery })},
		{name: "a longer queue", law: bucket(func(l *Law) { l.Wait = maxEvery + 1 }), problem: "a queue of"},
		{name: "a queue back", law: bucket(func(l *Law) { l.Wait = -1 }), problem: "a queue of"},
		{name: "the longest lockout", law: bucket(func(l *Law) { l.Lockout = maxEvery })},
		{name: "a longer lockout", law: bucket(func(l *Law) { l.Lockout = maxEvery + 1 }), problem: "a lockout of"},
		{name: "a lockout back", law: bucket(func(l *Law) { l.Lockout = -1 }), problem: "a lockout of"},
		{name: "a length that no kind needs", law: bucket(func(l *Law) { l.Every = time.Second }),
			problem: "no use for a length of 1s"},
		{name: "the most units", law: bucket(func(l *Law) { l.Charge.Units = map[string]int{"a": maxN} })},
		{name: "more units", law: bucket(func(l *Law) { l.Charge.Units = map[string]int{"a": maxN + 1} }),
			problem: "1000000001 units of a"},
		{name: "no units", law: bucket(func(l *Law) { l.Charge.Units = map[string]int{"a": 0} })},
		{name: "fewer", law: bucket(func(l *Law) { l.Charge.Units = map[string]int{"a": -1} }),
			problem: "-1 units of a"},
		{name: "no methods", law: bucket(func(l *Law) { l.Charge.Methods = []string{} }),
			problem: "nothing is charged"},
		{name: "no methods, but some may be", law: bucket(func(l *Law) {
			l.Charge.Methods, l.Charge.May = []string{},
				[]string{"ping"}
		})},
		{name: "no tools", law: bucket(func(l *Law) { l.Charge.Tools = []string{} }), problem: "nothing is charged"},
		{name: "a zone that is none", law: Law{Kind: Quota, N: 1, Unit: Day, Zone: "Local"}, problem: "no time zone"},
		{name: "a calendar day", law: Law{Kind: Quota, N: 1, Unit: Day}},
	} {
		err := row.law.Validate()
		if row.problem == "" {
			assert.NoError(t, err, row.name)
		} else if assert.Error(t, err, row.name) {
			assert.Contains(t, err.Error(), row.problem, row.name)
		}
	}
}

// An error names the laws by their places, counted from 1.
func TestWhichLawIsWrong(t *testing.T) {
	fine, bad := Law{Kind: Cap, N: 2}, Law{Kind: Cap}
	require.ErrorContains(t, Promise{fine, bad}.Validate(), "law 2: 0 is not from 1")
	require.ErrorContains(t, Promise{fine, {Kind: Cap, N: 3}, fine}.Validate(), "law 3 says what law 1 says")
	many := make(Promise, MaxLaws)
	for i := range many {
		many[i] = Law{Kind: Cap, N: i + 1}
	}
	require.NoError(t, many.Validate())
	require.ErrorContains(t, append(many, Law{Kind: Cap, N: 99}).Validate(), "17 laws, at most 16")
}

// What the kinds take to be whole again, and the shortest that a unit lasts: the
// judge and the plans go by them.
func TestLengths(t *testing.T) {
	for _, row := range []struct {
		law  Law
		want time.Duration
	}{
		{Law{Kind: Bucket, N: 10, Rate: 5}, 2 * time.Second},
		{Law{Kind: Bucket, N: 10, Rate: 2, Step: 4, Every: 2 * time.Second}, 6 * time.Second},
		{Law{Kind: Window, N: 1, Every: time.Minute, Style: Fixed}, time.Minute},
		{Law{Kind: Window, N: 1, Every: time.Minute, Style: Sliding}, time.Minute},
		{Law{Kind: Window, N: 1, Every: time.Minute, Style: Counter}, 2 * time.Minute},
		{Law{Kind: Window, N: 1, Every: time.Minute}, 2 * time.Minute},
		{Law{Kind: Quota, N: 1, Unit: Day}, 25 * time.Hour},
		{Law{Kind: Quota, N: 1}, 0},
		{Law{Kind: Cap, N: 1}, 0},
	} {
		assert.Equal(t, row.want, row.law.Refilled(), "%+v", row.law)
	}
	assert.Equal(t, time.Hour, Hour.Shortest())
	assert.Equal(t, 23*time.Hour, Day.Shortest())
	assert.Equal(t, 671*time.Hour, Month.Shortest())
	assert.Equal(t, time.Duration(0), Unit("week").Shortest())
	assert.Equal(t, 745*time.Hour, Month.Length())
}

func TestWhatHasNoMethodMayCost(t *testing.T) {
	for _, row := range []struct {
		charge Charge
		most   int
	}{
		{Charge{}, 1},
		{Charge{Methods: []string{"tools/call"}}, 0},
		{Charge{May: []string{"ping"}}, 0},
		{Charge{Methods: []string{Any}}, 1},
		{Charge{Methods: []string{"tools/call"}, May: []string{Any}}, 1},
		{Charge{Tools: []string{"crawl"}}, 0},
		{Charge{Tools: []string{"crawl"}, May: []string{Any}}, 1},
	} {
		least, most := row.charge.Aside()
		assert.Equal(t, row.most, most, "%+v", row.charge)
		assert.Zero(t, least, "%+v", row.charge)
	}
}

func TestRatesAreWrittenForPeople(t *testing.T) {
	for rate, want := range map[float64]string{12: "12/s", 0.5: "0.5/s", minRate: "0.000001/s", 5e-7: "5e-07/s",
		999999999: "999999999/s", maxRate: "1e+09/s", 0: "0/s", 1.0 / 60: "1/min", 100.0 / 60: "100/min",
		50.0 / 3600: "50/h", 1000.0 / 86400: "1000/d", 1.0 / 3: "20/min", math.Pi: "3.141592653589793/s", 2.5: "2.5/s"} {
		assert.Equal(t, want, FormatRate(rate))
	}
}

func TestQuotesFitALine(t *testing.T) {
	assert.Equal(t, `"`+strings.Repeat("é", 60)+`"`, quote(strings.Repeat("é", 60)))
	assert.Equal(t, `"`+strings.Repeat("é", 60)+`…"`, quote(strings.Repeat("é", 61)))
}
