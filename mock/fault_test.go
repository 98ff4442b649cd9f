package mock

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
)

func TestFaults(t *testing.T) {
	for _, f := range Faults() {
		t.Run(f.Name, func(t *testing.T) {
			rows, ok := behaviour[f.Name]
			require.True(t, ok, "no row says what the fault does")
			counts, answers := play(f.New(limitOf(f.Name)), rows)
			for i, r := range rows {
				assert.Equal(t, r.want, counts[i], "row %d: %d at %s", i+1, r.n, r.at)
			}
			_, honest := play(Honest(limitOf(f.Name), ChargeAll), rows)
			assert.NotEqual(t, honest, answers, "the fault can't be told from an honest server")
		})
	}
	assert.Len(t, behaviour, len(Faults()), "rows for faults that there aren't")
}

func TestDeformedReplies(t *testing.T) {
	rows := []row{{n: 30}, {at: 50 * ms, n: 10}}
	_, honest := play(Honest(tenTwenty(), ChargeAll), rows)
	for _, c := range []struct {
		fault  string
		deform func(i int, a *Answer)
	}{
		{"retry-after-short", func(_ int, a *Answer) { a.RetryAfter /= 4 }},
		{"retry-after-long", func(_ int, a *Answer) {
			if a.Limited {
				a.RetryAfter += 5 * time.Second
			}
		}},
		{"wrong-id", func(i int, a *Answer) { a.WrongID = i%10 == 9 }},
		{"duplicate-reply", func(i int, a *Answer) { a.Duplicate = i%10 == 9 }},
		{"refusal-as-success", func(_ int, a *Answer) { a.AsSuccess = a.Limited }},
		{"silent-refusals", func(_ int, a *Answer) { a.Mute = a.Limited }},
	} {
		f, ok := FaultNamed(c.fault)
		require.True(t, ok, c.fault)
		want := slices.Clone(honest)
		for i := range want {
			c.deform(i, &want[i])
		}
		_, got := play(f.New(tenTwenty()), rows)
		assert.Equal(t, want, got, c.fault)
	}
	assert.Equal(t, 100*ms, honest[25].RetryAfter)
	assert.Equal(t, 50*ms, honest[35].RetryAfter)
}

func TestRetryAfterOfFaultsIsTheirOwnTruth(t *testing.T) {
	// Whatever a limiter does, except lie, a refusal names an instant at which
	// the next request comes through, and no earlier one.
	for _, name := range []string{"burst+1", "leaky", "rate-5%", "stepwise-250ms", "truncating-refill", "fixed-window",
		"stepwise-100ms", "sliding-log", "concurrency-cap", "lockout", "start-empty"} {
		limit := tenTwenty()
		if name == "stepwise-100ms" {
			limit.Rate = 4 // a token takes three steps
		}
		refuse := func() (Limiter, Answer) {
			f, _ := FaultNamed(name)
			l := f.New(limit)
			var a Answer
			for range 40 {
				a = l.Decide(Request{At: 10 * ms, Method: methodCall})
				if a.Limited {
					return l, a
				}
			}
			t.Fatalf("%s: nothing was refused", name)
			return nil, a
		}
		l, a := refuse()
		assert.False(t, l.Decide(Request{At: 10*ms + a.RetryAfter, Method: methodCall}).Limited, "%s: refused after %s",
			name, a.RetryAfter)
		l, a = refuse()
		if name == "truncating-refill" {
			continue // the early request itself puts the token off
		}
		assert.True(t, l.Decide(Request{At: 9*ms + a.RetryAfter, Method: methodCall}).Limited, "%s: admitted before %s",
			name, a.RetryAfter)
	}
	f, _ := FaultNamed("never-refills")
	_, answers := play(f.New(tenTwenty()), []row{{n: 21}})
	assert.Equal(t, ratelimit.Never, answers[20].RetryAfter)
}

func TestCatalogue(t *testing.T) {
	names := FaultNames()
	assert.GreaterOrEqual(t, len(names), 30)
	sorted := slices.Sorted(slices.Values(names))
	assert.Equal(t, sorted, slices.Compact(slices.Clone(sorted)), "a name comes twice")
	for _, f := range Faults() {
		assert.NotEmpty(t, f.Doc, f.Name)
		assert.NotContains(t, f.Doc, "\n", f.Name)
		assert.Falsef(t, strings.HasSuffix(f.Doc, "."), "%s: %s", f.Name, f.Doc)
		assert.NotEmpty(t, f.Cause, f.Name)
		_, err := regexp.Compile(f.Cause)
		assert.NoError(t, err, f.Name)
		assert.True(t, f.Detectable || f.Note != "", "%s: no reason why it can't be detected", f.Name)
		got, ok := FaultNamed(f.Name)
		assert.True(t, ok && got.Doc == f.Doc, f.Name)
	}
	_, ok := FaultNamed("")
	assert.False(t, ok)
}

func TestNewLimiterRefuses(t *testing.T) {
	l := tenTwenty()
	_, err := NewLimiter(l, "bursty", "", 1)
	require.ErrorContains(t, err, `no fault is named "bursty"`)
	var unknown *UnknownError
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, "mcpload list faults names them all", unknown.Hint())
	_, err = NewLimiter(l, "", "some", 1)
	assert.ErrorContains(t, err, `charging "some": want "all" or "tools"`)
	l.Rate = 0
	_, err = NewLimiter(l, "", "", 1)
	assert.ErrorContains(t, err, "rate 0")
	l = tenTwenty()
	l.Charges = nil
	_, err = NewLimiter(l, "", "", 1)
	assert.ErrorContains(t, err, "charges no method")
}

func TestHonestWithoutPromiseRefuses(t *testing.T) {
	l := profiles.Limit{Charges: []string{"*"}}
	assert.True(t, Honest(l, ChargeAll).Decide(Request{Method: methodCall}).Limited)
}

func TestCharging(t *testing.T) {
	l := tenTwenty()
	l.Free, l.MayCharge = []string{"ping"}, []string{"initialize"}
	for _, c := range []struct {
		charge Charging
		method string
		free   bool
	}{
		{ChargeAll, "tools/call", false}, {ChargeAll, "tools/list", false}, {ChargeAll, "initialize", false},
		{ChargeAll, "ping", true},
		{ChargeTools, "tools/call", false}, {ChargeTools, "tools/list", true}, {ChargeTools, "initialize", true},
		{ChargeTools, "ping", true},
	} {
		limiter, err := NewLimiter(l, "", c.charge, 1)
		require.NoError(t, err)
		counts, answers := play(limiter, []row{{n: 30, as: Request{Method: c.method}}})
		want := 20
		if c.free {
			want = 30
		}
		assert.Equal(t, want, counts[0], "%v", c)
		assert.Equal(t, !c.free, answers[0].Charged, "%v", c)
	}
}

func TestScopeClient(t *testing.T) {
	l := tenTwenty()
	l.Scope = profiles.Client
	for _, fault := range []string{"", "burst+1", "leak-3%"} {
		limiter, err := NewLimiter(l, fault, "", 2)
		require.NoError(t, err)
		counts, _ := play(limiter, []row{{n: 20}, {n: 20, as: Request{Client: "c2"}}})
		assert.Equal(t, []int{20, 20}, counts, "fault %q", fault)
	}
}

func TestSeed(t *testing.T) {
	rows := []row{{at: time.Second, every: time.Second, times: 500, n: 1}}
	with := func(seed uint64) []Answer {
		l, err := NewLimiter(tenTwenty(), "false-refusal-5%", "", seed)
		require.NoError(t, err)
		_, answers := play(l, rows)
		return answers
	}
	assert.Equal(t, with(7), with(7))
	assert.NotEqual(t, with(7), with(8))
}

// Once dead, a server is so for what is free too, and stays it.
func TestDeadStaysDead(t *testing.T) {
	l := tenTwenty()
	l.Free = []string{"ping"}
	f, _ := FaultNamed("dies-after-60")
	limiter := f.New(l)
	play(limiter, []row{{n: 60}})
	assert.False(t, limiter.Decide(Request{At: 1, Method: "ping"}).Dead)
	assert.True(t, limiter.Decide(Request{At: 2, Method: methodCall}).Dead)
	assert.True(t, limiter.Decide(Request{At: time.Hour, Method: "ping"}).Dead)
}

func TestInstantsNeverMoveBack(t *testing.T) {
	for _, f := range append([]Fault{{Name: "honest", build: newHonest}}, Faults()...) {
		// A second after a drain, requests that claim to be from before it.
		l, same := f.New(tenTwenty()), f.New(tenTwenty())
		play(l, []row{{n: 30}, {at: 1500 * ms, n: 3}})
		play(same, []row{{n: 30}, {at: 1500 * ms, n: 3}})
		_, late := play(l, []row{{at: 200 * ms, n: 20}, {at: 1500 * ms, n: 5}})
		_, now := play(same, []row{{at: 1500 * ms, n: 25}})
		assert.Equal(t, now, late, f.Name)
	}
}

func TestDecideConcurrently(t *testing.T) {
	for _, f := range append([]Fault{{Name: "honest", build: newHonest}}, Faults()...) {
		l := f.New(tenTwenty())
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for k := range 50 {
					l.Decide(Request{At: time.Duration(k*(i+1)) * ms, Client: fmt.Sprint(i), Conn: fmt.Sprint(i % 3),
						Method: methodCall})
				}
			})
		}
		wg.Wait()
	}
}
