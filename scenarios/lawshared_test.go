package scenarios_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/mock"
	laws "github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/verdict"
)

// A shared is the limiter that servers embed, as a mock's.
type shared struct {
	stack *ratelimit.Stack
	under []underWay
}

// An underWay is a request that a stack has let in, and when it is over.
type underWay struct {
	until time.Duration
	done  func()
}

// Decide implements mock.Limiter.
func (s *shared) Decide(r mock.Request) mock.Answer {
	var later []underWay
	for _, u := range s.under {
		if u.until <= r.At {
			u.done()
		} else {
			later = append(later, u)
		}
	}
	d, done := s.stack.AcquireAt(ratelimit.Event{Client: r.Client, Method: r.Method, Tool: r.Tool}, noon.Add(r.At))
	s.under = append(later, underWay{r.At + r.Lasts, done})
	return mock.Answer{Limited: !d.Allowed, Charged: d.Allowed, RetryAfter: max(0, d.RetryAfter)}
}

// stacked is the shared limiter that is told to keep a promise.
func stacked(t *testing.T, p laws.Promise) mock.Limiter {
	t.Helper()
	var c ratelimit.StackConfig
	for _, l := range p {
		one := ratelimit.Limit{Name: l.String(), N: l.N, Every: l.Every}
		switch {
		case l.Kind == laws.Bucket:
			one = ratelimit.Limit{Name: l.String(), Kind: ratelimit.Bucket, Rate: l.Rate, Burst: l.N}
		case l.Kind == laws.Cap:
			one.Kind = ratelimit.Cap
		default:
			one.Kind = ratelimit.Kind(l.Style)
		}
		if len(l.Key) > 0 {
			one.Scope = ratelimit.PerClient
		}
		c.Limits = append(c.Limits, one)
	}
	stack, err := ratelimit.NewStack(c)
	require.NoError(t, err)
	return &shared{stack: stack}
}

// What a run sends and how it judges holds for the limiter that servers embed, of every
// kind and stacked: it keeps what it is told to, and told anything else it fails.
func TestTheSharedLimiterIsJudged(t *testing.T) {
	for _, row := range []struct {
		promise []string
		broken  [][]string // what it keeps in its place
	}{
		{[]string{"10/s burst 20"}, [][]string{{"10/s burst 21"}, {"10/s burst 19"}, {"10.6/s burst 20"},
			{"20 per 2s fixed"}}},
		{[]string{"30 per 10s sliding"}, [][]string{{"31 per 10s sliding"}, {"29 per 10s sliding"},
			{"30 per 9500ms sliding"}, {"30 per 10500ms sliding"}, {"30 per 10s fixed"}, {"30 per 10s aligned"},
			{"30 per 10s sliding per session"}}},
		{[]string{"30 per 10s fixed"}, [][]string{{"31 per 10s fixed"}, {"29 per 10s fixed"}, {"30 per 9500ms fixed"},
			{"30 per 10500ms fixed"}, {"30 per 10s sliding"}, {"30 per 10s fixed per session"}}},
		{[]string{"30 per 10s aligned"}, [][]string{{"31 per 10s aligned"}, {"29 per 10s aligned"},
			{"30 per 10s sliding"}, {"30 per 10s aligned per session"}}},
		{[]string{"4 at a time"}, [][]string{{"5 at a time"}, {"3 at a time"}, {"4 at a time per session"}}},
		{[]string{"10 per 5s sliding per session"}, [][]string{{"10 per 5s sliding"}, {"11 per 5s sliding per session"}}},
		{[]string{"10/s burst 20", "60 per 20s fixed"}, [][]string{{"10/s burst 20"}, {"60 per 20s fixed"},
			{"10/s burst 20", "61 per 20s fixed"}, {"10/s burst 21", "60 per 20s fixed"}}},
		{[]string{"10 per 5s fixed", "40 per 30s sliding"}, [][]string{{"10 per 5s fixed"},
			{"10 per 5s fixed", "41 per 30s sliding"}, {"11 per 5s fixed", "40 per 30s sliding"}}},
		{[]string{"6 per 20s sliding", "3 at a time"}, [][]string{{"6 per 20s sliding"},
			{"6 per 20s sliding", "4 at a time"}, {"7 per 20s sliding", "3 at a time"}}},
	} {
		t.Run(strings.Join(row.promise, " + "), func(t *testing.T) {
			t.Parallel()
			p := parsedLaws(t, row.promise)
			for seed := range uint64(3) {
				for _, delay := range []virtual.Delay{nil, virtual.Exp(time.Millisecond),
					virtual.Exp(100 * time.Millisecond)} {
					j, _ := performBefore(t, p, stacked(t, p), seed, delay)
					require.NotEqual(t, verdict.Fail, j.Verdict, "seed %d: %+v", seed, j)
				}
				j, _ := performBefore(t, p, stacked(t, p), seed, virtual.Exp(time.Millisecond))
				require.Equal(t, verdict.Pass, j.Verdict, "seed %d: %+v", seed, j)
				for _, other := range row.broken {
					j, _ := performBefore(t, p, stacked(t, parsedLaws(t, other)), seed, virtual.Exp(time.Millisecond))
					require.Equal(t, verdict.Fail, j.Verdict, "seed %d: it keeps %q", seed, other)
				}
			}
		})
	}
}
