package virtual_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
)

var _ runner.Clock = (*virtual.Clock)(nil)
var _ runner.Target = (*virtual.Server)(nil)

func TestEventsComeInOrderOfTheirInstants(t *testing.T) {
	c := virtual.NewClock()
	var seen []string
	note := func(s string) func() { return func() { seen = append(seen, s+c.Now().String()) } }
	c.At(3*time.Second, note("late "))
	c.At(time.Second, func() { note("first ")(); c.At(0, note("nested ")) })
	c.At(time.Second, note("second "))
	require.NoError(t, c.Wait(t.Context(), 2*time.Second, nil))
	require.Equal(t, []string{"first 1s", "second 1s", "nested 1s"}, seen)
	require.Equal(t, 2*time.Second, c.Now())
	require.ErrorContains(t, c.Wait(t.Context(), 1<<63-1, nil), "nothing is left")
	require.Equal(t, "late 3s", seen[len(seen)-1])
}

// once runs n calls against a server that admits every other one.
func once(t *testing.T, seed uint64) []history.Call {
	clock := virtual.NewClock()
	n := 0
	s := &virtual.Server{
		Clock: clock, There: virtual.Exp(2 * time.Millisecond), Back: virtual.Uniform(0, time.Millisecond),
		Rand: rand.New(rand.NewPCG(seed, 0)), Timeout: time.Second,
		Decide: func(time.Duration, history.Arrival) virtual.Reply {
			n++
			return virtual.Reply{Outcome: []history.Outcome{history.OK, history.Limited}[n%2], Lost: n == 7}
		},
	}
	var as []history.Arrival
	for i := range 50 {
		as = append(as, history.Arrival{Due: time.Duration(i/5) * time.Second})
	}
	calls, err := runner.Run(t.Context(), clock, s, slices.Values(as), runner.Config{})
	require.NoError(t, err)
	return calls
}

func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	a := once(t, 1)
	require.Equal(t, a, once(t, 1))
	require.NotEqual(t, a, once(t, 2))
	lost := 0
	for _, c := range a {
		require.GreaterOrEqual(t, c.Received, c.Sent)
		require.Equal(t, c.Due, c.Sent, "virtual traffic is never late")
		if c.Outcome == history.TimedOut {
			lost++
			require.Equal(t, time.Second, c.Service())
		}
	}
	require.Equal(t, 1, lost)
}

func TestParseDelay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, good := range []string{"2ms", "const(2ms)", "exp(2ms)", "uniform(1ms, 20ms)", "0s"} {
		d, err := virtual.ParseDelay(good)
		require.NoError(t, err, good)
		require.GreaterOrEqual(t, d(r), time.Duration(0))
	}
	sum := time.Duration(0)
	d, err := virtual.ParseDelay("exp(2ms)")
	require.NoError(t, err)
	for range 20000 {
		sum += d(r)
	}
	require.InDelta(t, float64(2*time.Millisecond), float64(sum)/20000, 1e5)
	for _, bad := range []string{"", "2", "-2ms", "exp()", "exp(1ms,2ms)", "uniform(3ms)", "uniform(5ms,1ms)",
		"normal(2ms)", "exp(", "exp(2ms", "exp(-1ms)", "25h", "EXP(2ms)", "uniform(1ms,2ms,3ms)", "\x00"} {
		_, err := virtual.ParseDelay(bad)
		require.ErrorContains(t, err, "want such as", bad)
	}
}

// A message takes a day at most, however great a mean is: no sum of instants
// overflows, and no message arrives before it was sent.
func TestDelaysHaveAnEnd(t *testing.T) {
	for name, d := range map[string]virtual.Delay{
		"exp": virtual.Exp(math.MaxInt64), "const": virtual.Constant(math.MaxInt64),
		"uniform":  virtual.Uniform(1<<62, math.MaxInt64),
		"negative": virtual.Constant(-time.Hour), "none": nil,
	} {
		clock := virtual.NewClock()
		s := &virtual.Server{
			Clock: clock, There: d, Back: d, Rand: rand.New(rand.NewPCG(1, 1)), Timeout: 1000 * time.Hour,
			Decide: func(time.Duration, history.Arrival) virtual.Reply { return virtual.Reply{Outcome: history.OK} },
		}
		calls, err := runner.Run(t.Context(), clock, s, slices.Values(make([]history.Arrival, 20)), runner.Config{})
		require.NoError(t, err)
		for _, c := range calls {
			require.Equal(t, history.OK, c.Outcome, name)
			want := 48 * time.Hour
			if name == "negative" || name == "none" {
				want = 0
			}
			if name != "exp" {
				require.Equal(t, want, c.Service(), name)
			}
			require.GreaterOrEqual(t, c.Service(), time.Duration(0), name)
		}
	}
}
