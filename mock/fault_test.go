package mock

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
)

// tenTwenty is the promise of the rows below: a token every 100 ms, full after
// 2 s.
func tenTwenty() profiles.Limit {
	return profiles.Limit{Rate: 10, Burst: 20, Scope: profiles.Global, Charges: []string{"*"}}
}

// A row is n requests at an instant, again every so often if times is set, and
// how many of all of them are admitted.
type row struct {
	at    time.Duration
	n     int
	want  int
	every time.Duration
	times int
	as    Request // client, connection, method and tool; tools/call where it names none
}

const ms = time.Millisecond

func (r row) requests() []Request {
	var list []Request
	for i := range max(1, r.times) {
		for range r.n {
			q := r.as
			q.At = r.at + time.Duration(i)*r.every
			if q.Method == "" {
				q.Method, q.Tool = methodCall, cmpOr(q.Tool, "ping")
			}
			q.Client, q.Conn = cmpOr(q.Client, "c1"), cmpOr(q.Conn, "k1")
			list = append(list, q)
		}
	}
	return list
}

func cmpOr(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// behaviour is what each fault of the catalogue does, at named instants. Each
// drains the bucket first, unless it says otherwise.
var behaviour = map[string][]row{
	"off":                    {{n: 500, want: 500}},
	"burst+1":                {{n: 30, want: 21}},
	"burst-1":                {{n: 30, want: 19}},
	"burst-x2":               {{n: 50, want: 40}},
	"ignores-burst":          {{n: 50, want: 12}}, // at 6/s, see limitOf
	"leaky":                  {{n: 30, want: 1}, {at: 99 * ms, n: 30}, {at: 100 * ms, n: 30, want: 1}},
	"rate+10%":               {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 10, want: 11}},
	"rate-10%":               {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 10, want: 9}},
	"rate+5%":                {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 20, want: 21}},
	"rate-5%":                {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 20, want: 19}},
	"rate+2%":                {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 50, want: 51}},
	"rate-2%":                {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 50, want: 49}},
	"never-refills":          {{n: 30, want: 20}, {at: time.Hour, n: 30}},
	"start-empty":            {{n: 30}, {at: 100 * ms, n: 30, want: 1}},
	"idle-reset":             {{n: 30, want: 20}, {at: 999 * ms, n: 30, want: 9}, {at: 1999 * ms, n: 30, want: 20}},
	"periodic-reset":         {{n: 30, want: 20}, {at: 1900 * ms, n: 30, want: 19}, {at: 2000 * ms, n: 30, want: 20}, {at: 2001 * ms, n: 30}},
	"stepwise-1s":            {{n: 30, want: 20}, {at: 999 * ms, n: 30}, {at: 1000 * ms, n: 30, want: 10}},
	"stepwise-250ms":         {{n: 30, want: 20}, {at: 249 * ms, n: 30}, {at: 250 * ms, n: 30, want: 2}, {at: 500 * ms, n: 30, want: 3}},
	"stepwise-100ms":         {{at: 50 * ms, n: 30, want: 20}, {at: 99 * ms, n: 30}, {at: 100 * ms, n: 30, want: 1}, {at: 199 * ms, n: 30}},
	"truncating-refill":      {{n: 30, want: 20}, {at: 50 * ms, n: 1, every: 50 * ms, times: 20}, {at: 1100 * ms, n: 30, want: 1}},
	"over-capacity":          {{at: time.Second, n: 40, want: 30}, {at: time.Hour, n: 50, want: 40}},
	"off-after-first-window": {{at: 3999 * ms, n: 30, want: 20}, {at: 4000 * ms, n: 500, want: 500}},
	"fixed-window":           {{at: 1999 * ms, n: 30, want: 20}, {at: 2000 * ms, n: 30, want: 20}, {at: 3999 * ms, n: 30}},
	"sliding-log":            {{n: 10, want: 10}, {at: 1000 * ms, n: 30, want: 10}, {at: 1999 * ms, n: 30}, {at: 2000 * ms, n: 30, want: 10}, {at: 3000 * ms, n: 30, want: 10}},
	"concurrency-cap":        {{n: 30, want: 20}, {at: 49 * ms, n: 30}, {at: 50 * ms, n: 30, want: 20}},
	"burst-once":             {{n: 30, want: 20}, {at: 2 * time.Second, n: 30, want: 1}, {at: time.Hour, n: 30, want: 1}},
	"lockout":                {{n: 21, want: 20}, {at: 999 * ms, n: 5}, {at: 1000 * ms, n: 11, want: 10}, {at: 1999 * ms, n: 5}},
	"per-session":            {{n: 30, want: 20}, {n: 30, want: 20, as: Request{Client: "c2"}}, {n: 30, as: Request{Conn: "k2"}}},
	"per-connection":         {{n: 30, want: 20}, {n: 30, want: 20, as: Request{Conn: "k2"}}, {n: 30, as: Request{Client: "c2"}}},
	"per-tool":               {{n: 30, want: 20}, {n: 30, want: 20, as: Request{Tool: "echo"}}, {n: 30, want: 20, as: Request{Method: "tools/list"}}},
	"per-method":             {{n: 30, want: 20}, {n: 30, as: Request{Tool: "echo"}}, {n: 30, want: 20, as: Request{Method: "tools/list"}}},
	"shared":                 {{n: 30, want: 20}, {n: 30, as: Request{Client: "c2"}}}, // with a bucket promised to each, see limitOf
	"replicas-3":             {{n: 90, want: 60}, {at: 100 * ms, n: 30, want: 3}},
	"session-reset":          {{n: 30, want: 20}, {n: 1, want: 1, as: Request{Method: "initialize"}}, {n: 30, want: 19}},
	"refusals-cost":          {{n: 25, want: 20}, {at: 600 * ms, n: 2, want: 1}, {at: 700 * ms, n: 1}}, // 5 owed; then 6-5-1-1
	"double-charge":          {{n: 30, want: 10}, {at: 200 * ms, n: 30, want: 1}},
	"racy":                   {{n: 50, want: 50}, {at: 4 * ms, n: 50, want: 50}, {at: 5 * ms, n: 50}, {at: 200 * ms, n: 1, want: 1}},
	"never-for-tools":        {{n: 500, want: 500}, {n: 30, want: 20, as: Request{Method: "tools/list"}}},
	"only-success-counted":   {{n: 500, want: 500, as: Request{Fails: true}}, {n: 500, want: 500, as: Request{Method: "tools/list"}}, {n: 30, want: 20}, {n: 5, want: 5, as: Request{Fails: true}}},
	"leak-3%":                {{n: 20, want: 20}, {n: 1000, want: 32}},                              // about 3 % of 1000; seed 1
	"false-refusal-5%":       {{at: time.Second, every: time.Second, times: 1000, n: 1, want: 951}}, // about 95 % of 1000; seed 1
	"clock-back":             {{at: 3900 * ms, n: 30, want: 20}, {at: 4000 * ms, n: 1}, {at: 6990 * ms, n: 1}, {at: 7000 * ms, n: 1, want: 1}, {at: 8900 * ms, n: 30, want: 19}, {at: 9000 * ms, n: 1}, {at: 11990 * ms, n: 1}},
	"clock-forward":          {{at: 3900 * ms, n: 30, want: 20}, {at: 4000 * ms, n: 30, want: 20}, {at: 8900 * ms, n: 30, want: 20}, {at: 9000 * ms, n: 30, want: 20}},
	"dies-after-60":          {{n: 30, want: 20}, {at: 2 * time.Second, n: 30, want: 20}, {at: 10 * time.Second, n: 30}},
	// The rest decides honestly and replies wrongly: see TestDeformedReplies.
	"retry-after-short":  {{n: 30, want: 20}},
	"retry-after-long":   {{n: 30, want: 20}},
	"wrong-id":           {{n: 30, want: 20}},
	"duplicate-reply":    {{n: 30, want: 20}},
	"refusal-as-success": {{n: 30, want: 20}},
	"silent-refusals":    {{n: 30, want: 20}},
}

// limitOf is the promise that a fault's rows break: not every promise can be
// broken by every fault.
func limitOf(fault string) profiles.Limit {
	l := tenTwenty()
	switch fault {
	case "ignores-burst":
		l.Rate = 6
	case "shared":
		l.Scope = profiles.Client
	}
	return l
}

func admitted(a Answer) bool { return !a.Limited && !a.Dead && !a.Mute }

// play returns how many requests of each row are admitted, and every answer.
func play(l Limiter, rows []row) (counts []int, answers []Answer) {
	for _, r := range rows {
		n := 0
		for _, q := range r.requests() {
			a := l.Decide(q)
			answers = append(answers, a)
			if admitted(a) {
				n++
			}
		}
		counts = append(counts, n)
	}
	return counts, answers
}

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
		"sliding-log", "concurrency-cap", "lockout", "start-empty"} {
		refuse := func() (Limiter, Answer) {
			f, _ := FaultNamed(name)
			l := f.New(tenTwenty())
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
		assert.False(t, l.Decide(Request{At: 10*ms + a.RetryAfter, Method: methodCall}).Limited, "%s: refused after %s", name, a.RetryAfter)
		l, a = refuse()
		if name == "truncating-refill" {
			continue // the early request itself puts the token off
		}
		assert.True(t, l.Decide(Request{At: 9*ms + a.RetryAfter, Method: methodCall}).Limited, "%s: admitted before %s", name, a.RetryAfter)
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
	assert.ErrorContains(t, err, "off, burst+1, burst-1")
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
		{ChargeAll, "tools/call", false}, {ChargeAll, "tools/list", false}, {ChargeAll, "initialize", false}, {ChargeAll, "ping", true},
		{ChargeTools, "tools/call", false}, {ChargeTools, "tools/list", true}, {ChargeTools, "initialize", true}, {ChargeTools, "ping", true},
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
					l.Decide(Request{At: time.Duration(k*(i+1)) * ms, Client: fmt.Sprint(i), Conn: fmt.Sprint(i % 3), Method: methodCall})
				}
			})
		}
		wg.Wait()
	}
}

// A reference is the promise in exact fractions, written without regard to how
// the limiter does it: the level is recomputed from the whole past.
type reference struct {
	rate, burst *big.Rat
	level       *big.Rat
	at          time.Duration
}

func newReference(perSecond *big.Rat, burst int) *reference {
	b := big.NewRat(int64(burst), 1)
	return &reference{rate: new(big.Rat).Quo(perSecond, big.NewRat(1e9, 1)), burst: b, level: new(big.Rat).Set(b)}
}

func (f *reference) admit(at time.Duration) bool {
	f.level.Add(f.level, new(big.Rat).Mul(f.rate, big.NewRat(int64(at-f.at), 1)))
	f.at = at
	if f.level.Cmp(f.burst) > 0 {
		f.level.Set(f.burst)
	}
	one := big.NewRat(1, 1)
	if f.level.Cmp(one) < 0 {
		return false
	}
	f.level.Sub(f.level, one)
	return true
}

func TestHonestKeepsThePromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		num, den := rapid.Int64Range(1, 200).Draw(t, "num"), rapid.SampledFrom([]int64{1, 2, 4, 10}).Draw(t, "den")
		burst := rapid.IntRange(1, 60).Draw(t, "burst")
		scope := rapid.SampledFrom([]profiles.Scope{profiles.Global, profiles.Client}).Draw(t, "scope")
		l := Honest(profiles.Limit{Rate: float64(num) / float64(den), Burst: burst, Scope: scope, Charges: []string{"*"}, Free: []string{"ping"}}, ChargeAll)
		refs := map[string]*reference{}
		token := time.Duration(1e9 * den / num)
		at := time.Duration(0)
		for range rapid.IntRange(1, 300).Draw(t, "calls") {
			// Near multiples of a token's time, where rounding shows.
			at += rapid.SampledFrom([]time.Duration{0, 0, 0, 1, token - 1, token, token + 1, token / 2, time.Duration(burst) * token}).Draw(t, "gap")
			client := rapid.SampledFrom([]string{"c1", "c2"}).Draw(t, "client")
			method := rapid.SampledFrom([]string{methodCall, "tools/list", "ping"}).Draw(t, "method")
			a := l.Decide(Request{At: at, Client: client, Method: method})
			if method == "ping" {
				if a != (Answer{}) {
					t.Fatalf("a free request at %s got %+v", at, a)
				}
				continue
			}
			key := client
			if scope == profiles.Global {
				key = ""
			}
			if refs[key] == nil {
				refs[key] = newReference(big.NewRat(num, den), burst)
				refs[key].at = at
			}
			want := refs[key].admit(at)
			if a.Limited == want || a.Charged != want {
				t.Fatalf("at %s %s: want admitted %v, got %+v", at, client, want, a)
			}
		}
	})
}
