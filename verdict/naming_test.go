package verdict

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// How a bucket that was measured differs from one that is promised, 10/s burst 20: each way at
// its edges.
func TestHowAnotherBucketIsNamed(t *testing.T) {
	p := newPast(testLimit(10, 20), 0, Gather(testLimit(10, 20), []history.Call{at(0, history.OK, ""),
		at(2100*time.Millisecond, history.Limited, "")}))
	for _, row := range []struct {
		rate, burst Interval
		want        string
	}{
		{Interval{0, 0.4}, Interval{20, 21}, "the bucket never refills, or hardly: "},
		{Interval{0, 0.5}, Interval{20, 21}, "the rate is too low: "},
		{Interval{0.01, 0.4}, Interval{20, 21}, "the bucket hardly refills: "},
		{Interval{0.01, 0.5}, Interval{20, 21}, "the rate is too low: "},
		{Interval{29, 31}, Interval{59, 60}, "rate and burst are 3 times what was promised, as of 3 processes with "},
		{Interval{29, 31}, Interval{59, 59.9}, "the rate is too high: "},
		{Interval{29, 29.9}, Interval{59, 61}, "the rate is too high: "},
		{Interval{15, 20}, Interval{40, 41}, "rate and burst are 2 times"},
		{Interval{10, 11}, Interval{20, 21}, "it behaves like a bucket of "},
		{Interval{11, 12}, Interval{18, 19.9}, "it is another bucket than promised: it behaves like one of "},
		{Interval{11, 12}, Interval{18, 20}, "the rate is too high: "},
		{Interval{8, 9.9}, Interval{21, 22}, "it is another bucket than promised: "},
		{Interval{8, 9.9}, Interval{20, 22}, "the rate is too low: "},
		{Interval{8, 9.9}, Interval{18, 19.9}, "the rate is too low and the burst is too small, "},
		{Interval{8, 10}, Interval{18, 19.9}, "the burst is too small: "},
		{Interval{10, 10}, Interval{18, 19.9}, "the burst is too small: "},
		{Interval{10, 10}, Interval{1, 1.9}, "the burst is too small, as of a leaky bucket without burst: "},
		{Interval{10, 10}, Interval{1, 2}, "the burst is too small: "},
		{Interval{10, 10}, Interval{20.1, 22}, "the burst is too big: "},
		{Interval{10, 10}, Interval{20, 22}, "it behaves like a bucket of "},
	} {
		words := p.otherBucket(Measured{Rate: row.rate, Burst: row.burst})
		require.True(t, strings.HasPrefix(words, row.want), "%v %v: %s", row.rate, row.burst, words)
	}
	require.Contains(t, p.otherBucket(Measured{Rate: Interval{0, 0.4}, Burst: Interval{20, 21}}),
		"longer than this traffic of 3s, or that calls prolong")
}

// Instants are told to a tenth of a second, and calls are tried evenly.
func TestWhatIsTriedAndTold(t *testing.T) {
	require.Equal(t, "0.1s", instants([]float64{0.14}))
	require.Equal(t, "0.1s, 2.0s, 3.5s", instants([]float64{0.1, 2, 3.5}))
	for _, row := range []struct {
		from, to, n int
		want        []int
	}{
		{3, 3, 5, []int{3}}, {3, 5, 5, []int{3, 4, 5}}, {3, 6, 4, []int{3, 4, 5, 6}}, {3, 7, 4, []int{3, 4, 5, 7}},
		{0, 100, 5, []int{0, 25, 50, 75, 100}}, {5, 4, 5, nil},
	} {
		require.Equal(t, row.want, tries(row.from, row.to, row.n), "%v", row)
	}
	s := &story{}
	for i, a := range []bool{true, false, true, true, false, true} {
		s.calls = append(s.calls, told{sent: float64(i), end: float64(i) + 0.5, admitted: a})
	}
	for call, want := range [][2]int{{-1, 1}, {-1, 4}, {1, 4}, {1, 4}, {1, 6}, {4, 6}} {
		before, after := s.around(call)
		require.Equal(t, want, [2]int{before, after}, call)
	}
	for instant, want := range map[float64]int{-1: 0, 0: 0, 0.9: 0, 1: 1, 4.9: 4, 5: 5, 99: 5} {
		require.Equal(t, want, s.at(instant), instant)
	}
	require.Equal(t, 5.0, s.span())
	require.Zero(t, (&story{}).span())
	p := &past{story: s, odd: []int{1, 3}}
	require.Equal(t, 3, p.firstOdd(true))
	require.Equal(t, 1, p.firstOdd(false))
	p.odd = []int{3}
	require.Equal(t, 6, p.firstOdd(false))
	p.odd = []int{0, 1, 2, 5}
	require.Equal(t, 2, p.oddIn([2]float64{0, 2}), "a refused one is none that was let through")
	require.Equal(t, 1, p.oddIn([2]float64{0.1, 4.9}))
	require.Equal(t, 1, p.oddIn([2]float64{5, 5}))
	through, turned := p.oddities()
	require.Equal(t, [2]int{3, 1}, [2]int{through, turned})
	require.Equal(t, 1, p.beforeFirst(), "one was sent before the first refusal was known")
	require.True(t, p.stopped([][2]float64{{4.5, 5}}))
	require.False(t, p.stopped([][2]float64{{3.5, 3.9}}), "one is refused after it")
	require.False(t, p.stopped([][2]float64{{2, 3}, {4.5, 5}}))
}

// A window is as long as people would set it, where that explains the answers.
func TestLengthsAreRound(t *testing.T) {
	const s = 1e9
	for _, row := range []struct{ lo, hi, want float64 }{
		{59, 61, 60}, {50, 65, 60}, {60, 61, 60.5}, {29, 31, 30}, {30, 31, 30.5}, {30, 30.6, 30.25}, {0.9, 1.2, 1},
		{0.3, 0.6, 0.5}, {0.26, 0.4, 0.33}, {119.9, 120.1, 120}, {100, 140, 120}, {0.1, 0.2, 0.15}, {0, 4, 2},
	} {
		require.InDelta(t, row.want*s, float64(round(row.lo*s, row.hi*s)), 10, "%v", row)
	}
	require.Equal(t, "1.5s", seconds(1.5))
	require.Equal(t, "1ms", seconds(0.0014))
	for i, want := range map[Interval]bool{{0.9e9, 1e9}: true, {1e9, 1.5e9}: true, {1.1e9, 1.9e9}: false,
		{1.1e9, 2e9}: true, {0.1e9, 0.9e9}: false} {
		require.Equal(t, want, wholeSeconds(i), i)
	}
}

// What is to be given to --refusal stands in quotes where a shell needs them, and ends where
// the numbers begin.
func TestSignsAreGivenToAShell(t *testing.T) {
	require.Equal(t, "status=429", quoted("status=429"))
	require.Equal(t, "'text=too many'", quoted("text=too many"))
	for text, want := range map[string]string{
		"slow down, 5 left": "slow down,",
		"a b":               "a b",
		"at 5":              "at 5",
		"123 456":           "123 456",
		"wait 60":           "wait",
		"a.b (c)":           `a\.b \(c\)`,
		"it's":              `it\.s`,
		"but it's":          "but it",
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmn":  "abcdefghijklmnopqrstuvwxyzabcdefghijklmn",
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmno": "abcdefghijklmnopqrstuvwxyzabcdefghijklmn",
	} {
		require.Equal(t, want, literal(text), text)
	}
	require.Equal(t, "1 call was", were(1))
	require.Equal(t, "2 calls were", were(2))
	require.Equal(t, "0 calls were", were(0))
}
