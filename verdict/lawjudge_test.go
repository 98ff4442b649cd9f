package verdict

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A simLimiter is a limiter as its author would write it: it knows the instant of each
// request, and what it costs. try says if it lets the request through, without counting it.
type simLimiter interface {
	try(at float64, cost int) bool
	count(at float64, cost int)
}

type simBucket struct {
	rate, burst, level, last float64
	step, every, next        float64
	back                     clockBack
}

// clockBack is what a bucket makes of a clock that was set back.
type clockBack int

const (
	backTakes clockBack = iota // what comes in between flows out again
	backWaits                  // nothing flows until it shows a new time
	backLoses                  // what came since the last call is lost, and it goes on
)

func (b *simBucket) flow(at float64) {
	if at < b.last && b.back != backTakes {
		if b.back == backLoses {
			b.last = at
		}
		return
	}
	if b.step == 0 {
		b.level = min(b.burst, b.level+b.rate*(at-b.last))
		b.last = at
		return
	}
	for ; b.next <= at; b.next += b.every {
		b.level = min(b.burst, b.level+b.step)
	}
}
func (b *simBucket) try(at float64, cost int) bool { b.flow(at); return b.level >= float64(cost)-1e-9 }
func (b *simBucket) count(at float64, cost int)    { b.flow(at); b.level -= float64(cost) }

type simLog struct {
	n     int
	every float64
	at    []float64
}

func (l *simLog) try(at float64, cost int) bool {
	n := 0
	for _, t := range l.at {
		if t > at-l.every {
			n++
		}
	}
	return n+cost <= l.n
}
func (l *simLog) count(at float64, cost int) {
	for range cost {
		l.at = append(l.at, at)
	}
}

type simCount struct {
	n, used, last int
	every, end    float64
	first, fades  bool
}

func (c *simCount) turn(at float64) {
	for at >= c.end {
		c.last, c.used = c.used, 0
		if c.first {
			c.end = at + c.every
			return
		}
		c.end += c.every
	}
}
func (c *simCount) peek(at float64) float64 {
	used, last, end := c.used, c.last, c.end
	for at >= end {
		last, used = used, 0
		if c.first {
			return 0
		}
		end += c.every
	}
	if c.fades {
		return float64(used) + float64(last)*(end-at)/c.every
	}
	return float64(used)
}
func (c *simCount) try(at float64, cost int) bool {
	return c.peek(at)+float64(cost) <= float64(c.n)+1e-9
}
func (c *simCount) count(at float64, cost int) { c.turn(at); c.used += cost }

// simFor is a limiter that keeps a law, at a phase that nobody knows.
func simFor(r *rand.Rand, l promise.Law) simLimiter {
	phase := r.Float64() * max(l.Every.Seconds(), 0.001)
	switch l.Kind {
	case promise.Bucket:
		return &simBucket{rate: l.Rate, burst: float64(l.N), level: float64(l.N), step: float64(l.Step),
			every: l.Every.Seconds(), next: phase}
	case promise.Quota:
		return &simCount{n: l.N, every: l.Unit.Length().Seconds(), end: r.Float64() * l.Unit.Length().Seconds()}
	}
	style := l.Style
	if style == promise.Unsaid {
		style = []promise.Style{promise.Sliding, promise.Fixed, promise.Aligned, promise.Counter}[r.IntN(4)]
	}
	if style == promise.Sliding {
		return &simLog{n: l.N, every: l.Every.Seconds()}
	}
	c := &simCount{n: l.N, every: l.Every.Seconds(), end: phase, first: style == promise.Fixed,
		fades: style == promise.Counter}
	if c.first {
		c.end = 0
	}
	return c
}

// A simServer asks the limiters of several laws, one a key, and charges in any of the
// ways in which servers do: all or none, or each until one refuses.
type simServer struct {
	laws     promise.Promise
	limiters []map[string]simLimiter
	r        *rand.Rand
	early    bool // a law charges before the next is asked
	order    []int
	pace     float64 // of its clock
	stepAt   float64 // when its clock is set by stepBy, in seconds
	stepBy   float64
	back     clockBack
	loses    bool // replies
}

func newSimServer(r *rand.Rand, p promise.Promise) *simServer {
	s := &simServer{laws: p, r: r, early: r.IntN(2) == 0, order: r.Perm(len(p)), pace: 1}
	for range p {
		s.limiters = append(s.limiters, map[string]simLimiter{})
	}
	return s
}

func (s *simServer) limiter(x int, c *history.Call) simLimiter {
	key := (&LawConfig{}).identityOf(s.laws[x].Key, c).String()
	l := s.limiters[x][key]
	if l == nil {
		l = simFor(s.r, s.laws[x])
		if b, ok := l.(*simBucket); ok {
			b.back = s.back
		}
		s.limiters[x][key] = l
	}
	return l
}

func (s *simServer) admit(at time.Duration, c *history.Call) bool {
	now := at.Seconds() * s.pace
	if now >= s.stepAt {
		now += s.stepBy
	}
	yes := true
	for _, x := range s.order {
		l := s.laws[x]
		_, cost := l.Charge.Cost(c.Method, c.Tool)
		if cost == 0 || !yes && s.early {
			continue
		}
		lim := s.limiter(x, c)
		if !lim.try(now, cost) {
			yes = false
			if l.Charge.Refused {
				lim.count(now, cost)
			}
			continue
		}
		if s.early || l.Charge.Refused {
			lim.count(now, cost)
		}
	}
	for _, x := range s.order {
		l := s.laws[x]
		if _, cost := l.Charge.Cost(c.Method, c.Tool); yes && cost > 0 && !s.early && !l.Charge.Refused {
			s.limiter(x, c).count(now, cost)
		}
	}
	return yes
}

// traffic is a plan of any sort against a server: rests, bursts, steady flow; with
// delays of any size, and replies that are lost.
func (s *simServer) traffic(n int, delay float64, tools []string) []history.Call {
	type decided struct {
		at time.Duration
		i  int
	}
	r := s.r
	calls, order := make([]history.Call, n), make([]decided, n)
	at, longest := time.Duration(0), 1.0
	for _, l := range s.laws {
		longest = max(longest, min(60, l.Refilled().Seconds()))
	}
	gap := longest / float64(1+r.IntN(60))
	for i := range calls {
		switch r.IntN(20) {
		case 0:
			at += time.Duration(r.Float64() * 1.5 * longest * 1e9)
		case 1, 2, 3, 4, 5:
			at += time.Duration(r.ExpFloat64() * gap * 1e9)
		case 6:
			gap = longest / float64(1+r.IntN(200))
		}
		wait := func() time.Duration {
			d := delay * r.ExpFloat64()
			if r.IntN(30) == 0 {
				d *= 20
			}
			return time.Duration(d * 1e9)
		}
		c := &calls[i]
		c.Client = fmt.Sprintf("c%d", 1+r.IntN(2))
		c.Method, c.Tool = "tools/call", tools[r.IntN(len(tools))]
		if r.IntN(15) == 0 {
			c.Method, c.Tool = "tools/list", ""
		}
		c.Sent = at
		decision := at + wait()
		c.Received = decision + wait()
		order[i] = decided{decision, i}
	}
	slices.SortStableFunc(order, func(a, b decided) int { return compare(int64(a.at), int64(b.at)) })
	for _, d := range order {
		c := &calls[d.i]
		c.Outcome = history.Limited
		if s.admit(d.at, c) {
			c.Outcome = history.OK
		}
		if s.loses && r.IntN(40) == 0 {
			c.Outcome, c.Received = history.TimedOut, c.Received+time.Second
		}
	}
	return calls
}

func parsed(t testing.TB, texts ...string) promise.Promise {
	var p promise.Promise
	for _, text := range texts {
		l, err := promise.Parse(text)
		require.NoError(t, err)
		p = append(p, l)
	}
	require.NoError(t, p.Validate())
	return p
}

var honestPromises = [][]string{
	{"10/s burst 20"}, {"3/s burst 4 per session"}, {"10/s burst 20 steps 10 every 1s"},
	{"8/s burst 4 steps 2 every 250ms"}, {"10/s burst 20 steps 3 every 300ms", "60 per 10s sliding"},
	{"10 per 2s sliding"}, {"10 per 2s fixed"}, {"10 per 2s aligned"}, {"10 per 2s counter"}, {"10 per 2s"},
	{"5 per 10s fixed per session"}, {"30 per 10s fixed per tool"}, {"quota 25 per day"},
	{"10 per 2s fixed refusals charged"},
	{"10/s burst 20", "40 per 5s sliding"}, {"10/s burst 20", "40 per 5s fixed"}, {"20 per 3s fixed per session",
		"30 per 4s aligned"},
	{"10 per 1s sliding", "25 per 5s counter", "60 per 30s"}, {"5/s burst 5 per tool", "8/s burst 20 per session",
		"50 per 10s fixed"},
	{"20 per 2s fixed units b=3", "10/s burst 10 units a=2"}, {"10 per 2s aligned tools a", "15 per 3s aligned"},
	{"6 per 2s fixed methods tools/list", "10 per 2s fixed free tools/list"},
}

// No history of a server that keeps its laws is failed, whatever the delays, the phases,
// the order in which it asks, what a refused call was charged, and the clocks.
func TestHonestLawsAreNeverFailed(t *testing.T) {
	each := histories(t, 150)
	for _, texts := range honestPromises {
		t.Run(strings.Join(texts, " + "), func(t *testing.T) {
			t.Parallel()
			p := parsed(t, texts...)
			kept := 0
			for seed := range each {
				r := rand.New(rand.NewPCG(uint64(seed), 1))
				s := newSimServer(r, p)
				s.loses = r.IntN(2) == 0
				clocks := Clocks{Tick: time.Millisecond}
				if r.IntN(2) == 0 {
					clocks = Clocks{Drift: 0.02, Tick: time.Millisecond}
					s.pace = 1 + 0.019*(2*r.Float64()-1)
				}
				delay := []float64{0, 0.0005, 0.005, 0.05, 1}[r.IntN(5)]
				calls := s.traffic(20+r.IntN(200), delay, []string{"a", "b"})
				got := JudgeLaws(p, calls, LawConfig{Clocks: clocks})
				if got.Verdict == Fail {
					t.Fatalf("seed %d: %+v", seed, got)
				}
				for _, f := range got.Laws {
					if f.State == Kept {
						kept++
					}
				}
			}
			require.Positive(t, kept, "no law was ever shown to be kept")
		})
	}
}

// lawFaults are servers that break a promise: what is promised, what is kept instead,
// and in how many of a hundred random histories that must be seen at least. Random
// traffic is no plan; a run's plan asks the right questions.
var lawFaults = []struct {
	name           string
	promised, kept []string
	seen           int
}{
	{"one more", []string{"10 per 2s sliding"}, []string{"11 per 2s sliding"}, 60},
	{"one less", []string{"10 per 2s sliding"}, []string{"9 per 2s sliding"}, 60},
	{"one more, first request", []string{"10 per 2s fixed"}, []string{"11 per 2s fixed"}, 50},
	{"one less, first request", []string{"10 per 2s fixed"}, []string{"9 per 2s fixed"}, 60},
	{"one more, aligned", []string{"10 per 2s aligned"}, []string{"11 per 2s aligned"}, 50},
	{"one less, aligned", []string{"10 per 2s aligned"}, []string{"9 per 2s aligned"}, 50},
	{"shorter windows", []string{"10 per 2s fixed"}, []string{"10 per 1900ms fixed"}, 30},
	{"longer windows", []string{"10 per 2s fixed"}, []string{"10 per 2100ms fixed"}, 30},
	{"shorter, sliding", []string{"10 per 2s sliding"}, []string{"10 per 1900ms sliding"}, 40},
	{"longer, sliding", []string{"10 per 2s sliding"}, []string{"10 per 2100ms sliding"}, 40},
	{"longer, aligned", []string{"10 per 2s aligned"}, []string{"10 per 2100ms aligned"}, 25},
	{"fixed for sliding", []string{"10 per 2s sliding"}, []string{"10 per 2s fixed"}, 40},
	{"sliding for fixed", []string{"10 per 2s fixed"}, []string{"10 per 2s sliding"}, 35},
	{"first request for aligned", []string{"10 per 2s aligned"}, []string{"10 per 2s fixed"}, 45},
	{"aligned for first request", []string{"10 per 2s fixed"}, []string{"10 per 2s aligned"}, 80},
	{"twice, unsaid kind", []string{"10 per 2s"}, []string{"22 per 2s sliding"}, 40},
	{"half, unsaid kind", []string{"10 per 2s"}, []string{"4 per 2s sliding"}, 60},
	{"everybody for each session", []string{"10 per 2s fixed per session"}, []string{"10 per 2s fixed"}, 60},
	{"each session for everybody", []string{"10 per 2s fixed"}, []string{"10 per 2s fixed per session"}, 60},
	{"refusals are charged", []string{"10/s burst 20"}, []string{"10/s burst 20 refusals charged"}, 80},
	{"a law is missing", []string{"10/s burst 20", "30 per 5s sliding"}, []string{"10/s burst 20"}, 60},
	{"a law too many", []string{"10/s burst 20"}, []string{"10/s burst 20", "30 per 5s fixed"}, 80},
	{"one of two: one more", []string{"10/s burst 20", "30 per 5s sliding"}, []string{"10/s burst 20",
		"31 per 5s sliding"}, 70},
	{"one of two: one less", []string{"10/s burst 20", "30 per 5s sliding"}, []string{"10/s burst 20",
		"28 per 5s sliding"}, 45},
	{"the bucket of two is smaller", []string{"10/s burst 20", "40 per 8s sliding"}, []string{"10/s burst 17",
		"40 per 8s sliding"}, 80},
	{"units aren't counted", []string{"20 per 2s fixed units b=3"}, []string{"20 per 2s fixed"}, 60},
	{"steps for a flow", []string{"10/s burst 20"}, []string{"10/s burst 20 steps 10 every 1s"}, 85},
	{"a bucket too deep, in steps", []string{"10/s burst 20 steps 5 every 500ms"}, []string{"10/s burst 30"}, 80},
	{"never resets", []string{"20 per 2s fixed"}, []string{"quota 20 per day"}, 60},
	{"resets for each tool", []string{"10 per 2s fixed"}, []string{"10 per 2s fixed per tool"}, 60},
}

func TestLawFaultsAreSeen(t *testing.T) {
	for _, row := range lawFaults {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			promised, kept, seen := parsed(t, row.promised...), parsed(t, row.kept...), 0
			for seed := range 100 {
				r := rand.New(rand.NewPCG(uint64(seed), 2))
				calls := newSimServer(r, kept).traffic(150, 0.001, []string{"a", "b"})
				if JudgeLaws(promised, calls, LawConfig{Clocks: DefaultClocks()}).Verdict == Fail {
					seen++
				}
			}
			t.Logf("%s: %d of 100", row.name, seen)
			require.GreaterOrEqual(t, seen, row.seen)
		})
	}
}

// The sweeps say what plain loops over all pairs say.
func TestLawSweepsAgreeWithPlainLoops(t *testing.T) {
	for seed := range 300 {
		r := rand.New(rand.NewPCG(uint64(seed), 4))
		p := parsed(t, []string{"10 per 2s sliding", "5 per 3s fixed units b=3", "8/s burst 9 units a=2"}[seed%3])
		s := newSimServer(r, p)
		s.loses = true
		calls := s.traffic(60, []float64{0.001, 0.05, 0.5}[r.IntN(3)], []string{"a", "b"})
		c := counters(p, calls, LawConfig{Clocks: Clocks{Drift: 0.001, Tick: time.Millisecond}})[0][0]
		charged := func(s *stake) bool { return s.call%5 != 0 }

		span, most := c.fewest(2*time.Second), 0
		need, rho := 0.0, c.law.Rate/1e9*(1+c.clocks.Drift)
		for _, a := range c.stakes {
			for _, b := range c.stakes {
				units := 0
				for _, x := range c.stakes {
					if x.sent >= a.sent && x.received <= b.received && b.received != never {
						units += int(x.least)
					}
				}
				if b.received != never && b.received-a.sent < span {
					most = max(most, units)
				}
				if b.received >= a.sent && b.received != never && a.least > 0 && b.least > 0 {
					need = max(need, float64(units)-rho*float64(b.received-a.sent+c.clocks.lag()))
				}
			}
		}
		require.Equal(t, most, c.sureWithin(span).units, "seed %d", seed)
		if c.law.Kind == promise.Bucket {
			got, _ := c.bucketNeed()
			require.InDelta(t, need, got, 1e-6, "seed %d", seed)
		}
		present, drawn := c.present(charged), c.demand(charged)
		for _, i := range c.refuse {
			j := &c.stakes[i]
			value, level, slow := 0, 0.0, c.law.Rate/1e9*(1-c.clocks.Drift)
			for _, at := range c.stakes {
				if at.sent < j.sent || at.sent > j.received {
					continue
				}
				units := 0
				for _, x := range c.stakes {
					if charged(&x) && x.sent <= at.sent && (c.forgotten(&x) == never || at.sent <= c.forgotten(&x)) {
						units += int(x.most)
					}
					from := at.sent // a window of the bucket that ends at at
					if x.received != never {
						from = min(from, x.received+c.clocks.lag())
					}
					in := 0
					for _, y := range c.stakes {
						if charged(&y) && y.sent <= at.sent && (y.received == never || y.received+
							c.clocks.lag() >= from) {
							in += int(y.most)
						}
					}
					level = max(level, float64(in)-slow*float64(at.sent-from))
				}
				value = max(value, units)
			}
			require.Equal(t, float64(value), present.most(j.sent, j.received), "seed %d, call %d", seed, j.call)
			if c.law.Kind == promise.Bucket {
				require.InDelta(t, level, drawn.most(j.sent, j.received), 1e-6, "seed %d, call %d", seed, j.call)
			}
		}
	}
}

// A fail names the law, the calls that prove it, and what the law grants them; a
// refusal that nothing explains names what was left of every law.
func TestLawWitness(t *testing.T) {
	at := func(second float64, o history.Outcome) history.Call {
		sent := time.Duration(second * 1e9)
		return history.Call{Arrival: history.Arrival{Method: "tools/call", Client: "c1"}, Sent: sent,
			Received: sent + time.Millisecond, Outcome: o}
	}
	p := parsed(t, "3 per 10s sliding per session", "100/s burst 50")
	calls := []history.Call{at(1, history.OK), at(2, history.OK), at(10.5, history.OK), at(10.6, history.OK),
		at(11.5, history.Limited)}
	got := JudgeLaws(p, calls, LawConfig{Clocks: DefaultClocks()})
	require.Equal(t, Fail, got.Verdict)
	require.Equal(t, Broken, got.Laws[0].State)
	require.Equal(t, "session c1", got.Laws[0].Key)
	require.Equal(t, &Witness{From: time.Second, To: 10_601 * time.Millisecond, Calls: []int{1, 2, 3, 4}, Admitted: 4,
		Allowed: 3},
		got.Laws[0].Witness)
	require.Equal(t, NotObserved, got.Laws[1].State)
	require.Empty(t, got.Unexplained, "three may be left of ten seconds")

	calls[4] = at(25, history.Limited)
	got = JudgeLaws(p, calls[3:], LawConfig{Clocks: DefaultClocks()})
	require.Equal(t, []Unexplained{{Call: 2, Room: []string{
		"3 per 10s sliding per session: at least 3 of 3 left", "100/s burst 50: at least 50 of 50 left"}}},
		got.Unexplained)

	got = JudgeLaws(p, calls[3:], LawConfig{Clocks: DefaultClocks(), Shared: true})
	require.NotEqual(t, Fail, got.Verdict, "others may have taken it")
	require.Equal(t, Inconclusive, JudgeLaws(nil, calls, LawConfig{}).Verdict, "nothing is promised")
}

// stackedCalls are the calls of a server that keeps three stacked laws.
func stackedCalls(b *testing.B, n int) (promise.Promise, []history.Call) {
	p := parsed(b, "100/s burst 200", "1000 per 20s fixed per session", "2000 per 30s sliding")
	r := rand.New(rand.NewPCG(1, 3))
	s := newSimServer(r, p)
	s.limiters[2] = map[string]simLimiter{"": &simRing{n: 2000, every: 30}}
	calls := make([]history.Call, n)
	at := time.Duration(0)
	for i := range calls {
		at += time.Duration(r.ExpFloat64() * 9e6)
		c := &calls[i]
		c.Method, c.Tool, c.Client = "tools/call", "a", "c1"
		c.Sent, c.Received, c.Outcome = at, at+2*time.Millisecond, history.Limited
		if s.admit(at+time.Millisecond, c) {
			c.Outcome = history.OK
		}
	}
	return p, calls
}

// BenchmarkJudgeLaws: three stacked laws, the calls of a server that keeps them.
func BenchmarkJudgeLaws(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, calls := stackedCalls(b, n)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				if j := JudgeLaws(p, calls, LawConfig{Clocks: DefaultClocks()}); j.Verdict == Fail {
					b.Fatal(j.Laws)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/call")
		})
	}
}

// A simRing is a simLog that forgets, for long histories.
type simRing struct {
	n     int
	every float64
	at    []float64
}

func (l *simRing) try(at float64, cost int) bool {
	for len(l.at) > 0 && l.at[0] <= at-l.every {
		l.at = l.at[1:]
	}
	return len(l.at)+cost <= l.n
}
func (l *simRing) count(at float64, cost int) {
	for range cost {
		l.at = append(l.at, at)
	}
}
