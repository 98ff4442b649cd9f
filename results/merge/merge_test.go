package merge

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/shard"
	"github.com/mcpload/mcpload/verdict"
)

// A world is a run from several machines, simulated: what each sent, by its own clock.
type world struct {
	r        *rand.Rand
	limit    profiles.Limit // that is promised
	kept     profiles.Limit // that the server keeps
	replicas bool           // each machine meets a limiter of its own
	machines int
	rtt      time.Duration // of exchanges with the coordinator, at most
	drift    float64       // of machines against the coordinator, at most
}

// bucket is an honest limiter of one key.
type bucket struct {
	level float64
	last  time.Duration
}

func (b *bucket) take(l profiles.Limit, at time.Duration) bool {
	b.level = min(float64(l.Burst), b.level+l.Rate*(at-b.last).Seconds())
	if b.last = at; b.level < 1 {
		return false
	}
	b.level--
	return true
}

// clock is a machine's: it runs at a pace of its own, from a zero of its own.
type clock struct {
	zero time.Duration // in true time
	pace float64
}

func (c clock) reads(at time.Duration) time.Duration {
	return time.Duration(float64(at-c.zero) * c.pace)
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.r.Int64N(int64(d) + 1)) }

// parts is one run from all machines.
func (w *world) parts(names ...string) []Part {
	var list []scenarios.Scenario
	for _, n := range names {
		s, ok := scenarios.Named(n)
		if !ok {
			panic("no scenario " + n)
		}
		list = append(list, s)
	}
	clients := make([]string, w.machines)
	for i := range clients {
		clients[i] = fmt.Sprintf("c%d", i+1)
	}
	profile := profiles.Profile{Name: "s", Limit: w.limit, Call: profiles.LoadCall{Method: "ping"}}
	set := scenarios.Setting{Clients: clients, Seed: w.r.Uint64()}
	begins := time.Hour + w.upTo(time.Hour)
	type sent struct {
		history.Call
		decided time.Duration
		machine int
	}
	var all []sent
	for a := range scenarios.Plan(profile, list, set) {
		s := sent{Call: history.Call{Arrival: a}, machine: slices.Index(clients, a.Client)}
		s.Sent = begins + a.Due + w.upTo(500*time.Microsecond)
		s.decided = s.Sent + w.upTo(2*time.Millisecond)
		s.Received = s.decided + w.upTo(2*time.Millisecond)
		if w.r.IntN(20) == 0 {
			s.Received += w.upTo(30 * time.Millisecond)
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b sent) int { return int(a.decided - b.decided) })
	buckets := map[string]*bucket{}
	calls := make([][]history.Call, w.machines)
	clocks := make([]clock, w.machines)
	for i := range clocks {
		clocks[i] = clock{begins - time.Second - w.upTo(20*time.Second), 1 + w.drift*(2*w.r.Float64()-1)}
	}
	for _, s := range all {
		key := ""
		if w.limit.Scope == profiles.Client {
			key = s.Client
		}
		if w.replicas {
			key += fmt.Sprint(s.machine)
		}
		b := buckets[key]
		if b == nil {
			b = &bucket{level: float64(w.kept.Burst), last: s.decided}
			buckets[key] = b
		}
		if s.Outcome = history.Limited; b.take(w.kept, s.decided) {
			s.Outcome = history.OK
		}
		c := clocks[s.machine]
		s.Due, s.Sent, s.Received = c.reads(begins+s.Due), c.reads(s.Sent), c.reads(s.Received)
		calls[s.machine] = append(calls[s.machine], s.Call)
	}
	ends := all[len(all)-1].Received
	parts := make([]Part, w.machines)
	for i := range parts {
		parts[i] = w.part(i, profile, list, clocks[i], begins, ends, calls[i])
	}
	return parts
}

// part is what one machine keeps.
func (w *world) part(i int, p profiles.Profile, list []scenarios.Scenario, c clock, begins, ends time.Duration,
	calls []history.Call) Part {
	bounds := []results.ClockBound{}
	for at := c.zero; at < ends+time.Second; at += time.Second + w.upTo(time.Second) {
		there, back := w.upTo(w.rtt/2), w.upTo(w.rtt/2)
		e := shard.Exchange{Sent: c.reads(at), Seen: at + there, Received: c.reads(at + there + back)}
		b := e.Bound(verdict.DefaultDrift)
		bounds = append(bounds, results.ClockBound{AtNS: int64(b.At), LoNS: int64(b.Lo), HiNS: int64(b.Hi)})
	}
	s := results.Server{Server: p.Name, Limit: results.LimitOf(p.Limit), Setting: &results.Setting{Shared: true},
		Target: results.Target{Kind: "url", Call: &results.Call{Method: "ping"}},
		Shard: &results.Shard{Part: i + 1, Of: w.machines, Plan: "p", BeganNS: int64(c.reads(begins)),
			Clocks: []results.ShardClock{{Name: "coordinator", DriftPPM: verdict.DefaultDrift * 1e6, Bounds: bounds}}}}
	for _, sc := range list {
		own := slices.DeleteFunc(slices.Clone(calls), func(c history.Call) bool { return c.Label != sc.Name })
		s.Scenarios = append(s.Scenarios, results.Scenario{Scenario: sc.Name, Calls: results.Count(own)})
	}
	return Part{Name: fmt.Sprintf("shard %d", i+1), Document: &results.Document{Seed: 1, Servers: []results.Server{s}},
		Each: func(fn func(string, *history.Call) error) error {
			for i := range calls {
				if err := fn("s", &calls[i]); err != nil {
					return err
				}
			}
			return nil
		}}
}

// judged merges the parts of one run.
func (w *world) judged(t *testing.T, names ...string) *results.Document {
	whole, err := Runs(w.parts(names...), Config{})
	require.NoError(t, err)
	return whole.Document
}

func fails(d *results.Document) (list []string) {
	for _, sc := range d.Servers[0].Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict == verdict.Fail {
				list = append(list, fmt.Sprintf("%s %s: %s (seed %d)", sc.Scenario, f.Check, f.Saw, d.Seed))
			}
		}
	}
	return list
}

func newWorld(seed uint64, rate float64, burst, machines int) *world {
	l := profiles.Limit{Rate: rate, Burst: burst, Scope: profiles.Global, Charges: []string{"*"}}
	return &world{r: rand.New(rand.NewPCG(seed, 1)), limit: l, kept: l, machines: machines, rtt: 10 * time.Millisecond,
		drift: 100e-6}
}

// Whatever three machines' clocks show and however slowly they learn what the
// coordinator's does, an honest server is never failed.
func TestHonestServersAreNeverFailed(t *testing.T) {
	const runs = 1000
	passed := 0
	for seed := range uint64(runs) {
		w := newWorld(seed, 10, 20, 3)
		w.rtt = []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond}[seed%3]
		if seed%4 == 0 {
			w.limit.Scope = profiles.Client
		}
		doc := w.judged(t, "burst")
		require.Empty(t, fails(doc), "run %d", seed)
		if doc.Verdict == verdict.Pass {
			passed++
		}
	}
	require.Greater(t, passed, runs/2, "so many of %d passed: the others show nothing", runs)
	w := newWorld(1, 10, 20, 3)
	require.Empty(t, fails(w.judged(t, "burst", "sustained", "overload", "recovery", "idle")))
}

// Two tokens too many are caught although nobody knows the clocks better than to 5 ms.
func TestTwoTokensTooManyAreCaught(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(seed, 10, 20, 3)
		w.rtt, w.kept.Burst = 10*time.Millisecond, 22
		doc := w.judged(t, "burst")
		require.Equal(t, verdict.Fail, doc.Verdict, "run %d", seed)
		require.Contains(t, fmt.Sprint(fails(doc)), "over-admission")
	}
}

// Three replicas of a limiter give three times what is promised: no machine sees it by
// itself, and all three together do.
func TestReplicasAreShown(t *testing.T) {
	w := newWorld(1, 10, 20, 3)
	w.replicas = true
	parts := w.parts("burst")
	for _, p := range parts {
		admitted := 0
		_ = p.Each(func(_ string, c *history.Call) error {
			if c.Outcome == history.OK {
				admitted++
			}
			return nil
		})
		require.LessOrEqual(t, admitted, 20, "%s sees an honest server", p.Name)
	}
	whole, err := Runs(parts, Config{})
	require.NoError(t, err)
	require.Equal(t, verdict.Fail, whole.Document.Verdict)
	require.Contains(t, fmt.Sprint(fails(whole.Document)), "over-admission")
}

// A limit for each address is judged for each: three addresses may have three times as
// much together, and none may have more.
func TestAddressesAreJudgedEach(t *testing.T) {
	w := newWorld(1, 10, 20, 3)
	w.limit.Scope = profiles.Client
	require.Empty(t, fails(w.judged(t, "burst", "sustained")))
	w.kept.Burst = 22
	require.Equal(t, verdict.Fail, w.judged(t, "burst").Verdict)
}

// What is merged from one machine's shards is what one run would have been, but for the
// order of instants that nobody can tell apart.
func TestMergedIsUnsharded(t *testing.T) {
	for seed := range uint64(10) {
		w := newWorld(seed, 10, 20, 3)
		w.rtt, w.drift = 0, 0
		parts := w.parts("burst", "recovery")
		merged, err := Runs(parts, Config{})
		require.NoError(t, err)
		var calls []history.Call
		for i, p := range parts {
			l := merged.lines[i]
			require.NoError(t, p.Each(func(_ string, c *history.Call) error {
				one := *c
				l.move(&one)
				calls = append(calls, one)
				return nil
			}))
		}
		slices.SortStableFunc(calls, func(a, b history.Call) int { return int(a.Sent - b.Sent) })
		one := *parts[0].Document
		one.Servers = slices.Clone(one.Servers)
		one.Servers[0].Setting, one.Servers[0].Shard = nil, nil
		again, err := judge.Again(judge.Stored{Document: &one, Each: func(fn func(string, *history.Call) error) error {
			for i := range calls {
				if err := fn("s", &calls[i]); err != nil {
					return err
				}
			}
			return nil
		}})
		require.NoError(t, err)
		n := len(again.Servers[0].Scenarios)
		for i, sc := range merged.Document.Servers[0].Scenarios[:n] {
			want := again.Servers[0].Scenarios[i]
			require.Equal(t, want.Calls, sc.Calls)
			require.Equal(t, want.Latency, sc.Latency)
			for k, f := range sc.Findings {
				require.Equal(t, want.Findings[k].Verdict, f.Verdict, "%s %s", sc.Scenario, f.Check)
			}
		}
	}
}

// A part that is missing leaves nothing to pass, and its calls may explain any refusal.
func TestAMissingPart(t *testing.T) {
	w := newWorld(3, 10, 20, 3)
	whole, err := Runs(w.parts("burst")[:2], Config{})
	require.NoError(t, err)
	require.Equal(t, verdict.Inconclusive, whole.Document.Verdict)
	last := whole.Document.Servers[0].Scenarios
	require.Contains(t, last[len(last)-1].Findings[0].Saw, "shard 3 is missing: what it would have sent is unsent")
	require.True(t, whole.Document.Servers[0].Setting.Shared)
}

// Parts of other plans, twice the same part, whole runs and clocks that nobody knows are
// refused.
func TestWhatDoesNotFit(t *testing.T) {
	w := newWorld(3, 10, 20, 3)
	refused := func(want string, change func(p []Part) []Part) {
		t.Helper()
		_, err := Runs(change(w.parts("burst")), Config{})
		require.ErrorContains(t, err, want)
	}
	refused("both shard 1", func(p []Part) []Part { return []Part{p[0], p[0]} })
	refused("parts of different plans", func(p []Part) []Part { p[1].shard().Plan = "q"; return p })
	refused("a limit that two servers keep is another one",
		func(p []Part) []Part { p[1].server().Target.Address = "http://b.example/mcp"; return p })
	refused("says that it is shard 7 of 3", func(p []Part) []Part { p[1].shard().Part = 7; return p })
	refused("says that it is shard 0 of 0", func(p []Part) []Part {
		p[0].shard().Part, p[0].shard().Of = 0, 0
		return p[:1]
	})
	refused("parts of different plans", func(p []Part) []Part { p[0].server().Scenarios = nil; return p })
	refused("it has 0 calls of burst, and its document says", func(p []Part) []Part {
		p[1].Each = func(func(string, *history.Call) error) error { return nil }
		return p
	})
	large1 := large(t, t.TempDir(), 1, 1, 50)
	large1.server().Scenarios[0].Calls.Planned = 51
	refused("the shards measured 50 calls, 50 of them admitted, and their documents say 51 and 50",
		func([]Part) []Part { return []Part{large1} })
	refused("is one of 4 shards", func(p []Part) []Part { p[1].shard().Of = 4; return p })
	refused("is no shard, but a whole run", func(p []Part) []Part { p[1].server().Shard = nil; return p })
	refused("no clock in common", func(p []Part) []Part { p[1].shard().Clocks[0].Name = "another"; return p })
	refused("the clock was set during the run", func(p []Part) []Part {
		b := &p[1].shard().Clocks[0].Bounds[1]
		b.LoNS, b.HiNS = b.LoNS+1e9, b.HiNS+1e9
		return p
	})
	_, err := Runs(nil, Config{})
	require.ErrorContains(t, err, "there is nothing to put together")
}

// Of a machine that was lost, what it told of is judged: it can break a limit, and
// nothing passes for it.
func TestALostMachine(t *testing.T) {
	for _, row := range []struct {
		kept int
		want verdict.Verdict
	}{{20, verdict.Inconclusive}, {23, verdict.Fail}} {
		w := newWorld(5, 10, 20, 3)
		w.kept.Burst = row.kept
		parts := w.parts("burst")
		var told []history.Call
		require.NoError(t, parts[2].Each(func(_ string, c *history.Call) error {
			told = append(told, *c)
			return nil
		}))
		lost, err := Lost(parts[0], *parts[2].shard(), told, len(told)+7, "it was not heard of for 15s")
		require.NoError(t, err)
		whole, err := Runs([]Part{parts[0], parts[1], lost}, Config{})
		require.NoError(t, err)
		require.Equal(t, row.want, whole.Document.Verdict)
		list := whole.Document.Servers[0].Scenarios
		require.Contains(t, list[len(list)-1].Findings[0].Saw, fmt.Sprintf(
			"shard 3: lost, as it was not heard of for 15s; the %d calls that it told of are judged, and about 7 "+
				"are unsent, or were sent and not told of", len(told)))
	}
}
