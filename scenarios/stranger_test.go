package scenarios_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// These servers are written here, each as somebody might write it, and share no line with
// the mock: a limiter is asked at an instant, and told when a call is over.
type limiter interface {
	ask(at float64, c *history.Call) (wait float64, ok bool)
	over(at float64, c *history.Call)
}

// A rule is a limiter without calls that last.
type rule func(at float64, c *history.Call) bool

func (r rule) ask(at float64, c *history.Call) (float64, bool) { return 0, r(at, c) }
func (rule) over(float64, *history.Call)                       {}

// A stack asks all before any is charged.
type stack []*window

func (s stack) ask(at float64, c *history.Call) (float64, bool) {
	for _, w := range s {
		if !w.room(at, c) {
			return 0, false
		}
	}
	for _, w := range s {
		w.count(at, c)
	}
	return 0, true
}
func (stack) over(float64, *history.Call) {}

// A window remembers when it let what in, by key, and asks a function what of that counts.
type window struct {
	n     int
	key   func(c *history.Call) string
	cost  func(c *history.Call) int
	since func(at float64, log []entry) float64 // from when on entries count
	log   map[string][]entry
}

type entry struct {
	at    float64
	units int
}

func (w *window) of(c *history.Call) (key string, units int) {
	units = 1
	if w.key != nil {
		key = w.key(c)
	}
	if w.cost != nil {
		units = w.cost(c)
	}
	return key, units
}

func (w *window) room(at float64, c *history.Call) bool {
	key, units := w.of(c)
	if units == 0 {
		return true
	}
	from, used := w.since(at, w.log[key]), 0
	for _, e := range w.log[key] {
		if e.at >= from {
			used += e.units
		}
	}
	return used+units <= w.n
}

func (w *window) count(at float64, c *history.Call) {
	key, units := w.of(c)
	if w.log == nil {
		w.log = map[string][]entry{}
	}
	if units > 0 {
		w.log[key] = append(w.log[key], entry{at, units})
	}
}

func sliding(length float64) func(float64, []entry) float64 {
	return func(at float64, _ []entry) float64 { return at - length + 1e-9 }
}

// opening is a window that opens with a request after the last has closed.
func opening(length float64) func(float64, []entry) float64 {
	return func(at float64, log []entry) float64 {
		start := math.Inf(-1)
		for _, e := range log {
			if e.at >= start+length {
				start = e.at
			}
		}
		if at >= start+length {
			return at
		}
		return start
	}
}

func gridded(length, phase float64) func(float64, []entry) float64 {
	return func(at float64, _ []entry) float64 { return phase + length*math.Floor((at-phase)/length) }
}

// calendar resets at the beginning of an hour or a day somewhere.
func calendar(day bool, zone string) func(float64, []entry) float64 {
	where, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	return func(at float64, _ []entry) float64 {
		now := strangersEpoch.Add(time.Duration(at * 1e9)).In(where)
		hour := now.Hour()
		if day {
			hour = 0
		}
		start := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, where)
		return start.Sub(strangersEpoch).Seconds()
	}
}

func session(c *history.Call) string { return c.Client }
func tool(c *history.Call) string    { return c.Tool }

func limited(n int, since func(float64, []entry) float64, more ...func(c *history.Call) string) *window {
	w := &window{n: n, since: since}
	if len(more) > 0 {
		w.key = more[0]
	}
	return w
}

// fails is what a window of failures counts.
func failing(c *history.Call) int {
	if c.Tool == "fail" {
		return 1
	}
	return 0
}

func costing(w *window, cost func(c *history.Call) int) *window { w.cost = cost; return w }

// unitsOf is what a call costs where one tool's cost more.
func unitsOf(tool string, units int) func(c *history.Call) int {
	return func(c *history.Call) int {
		if c.Tool == tool {
			return units
		}
		return 1
	}
}

// A tub is a bucket, or several: tokens that flow, or come so many at a time.
type tub struct {
	rate, most  float64
	step, every float64
	longest     float64 // that a call waits
	key         func(c *history.Call) string
	level, last map[string]float64
}

func (b *tub) room(at float64, c *history.Call) (wait float64, ok bool) {
	key := ""
	if b.key != nil {
		key = b.key(c)
	}
	if b.level == nil {
		b.level, b.last = map[string]float64{}, map[string]float64{}
	}
	if _, known := b.level[key]; !known {
		b.level[key], b.last[key] = b.most, at
	}
	if b.step > 0 {
		b.level[key] = min(b.most, b.level[key]+b.step*(math.Floor(at/b.every)-math.Floor(b.last[key]/b.every)))
	} else {
		b.level[key] = min(b.most, b.level[key]+b.rate*(at-b.last[key]))
	}
	b.last[key] = at
	if b.level[key] >= 1-1e-9 {
		return 0, true
	}
	wait = (1 - b.level[key]) / max(b.rate, 1e-9)
	return wait, wait <= b.longest
}

func (b *tub) take(c *history.Call) {
	key := ""
	if b.key != nil {
		key = b.key(c)
	}
	b.level[key]--
}

// tubs are buckets beside each other.
type tubs []*tub

func (s tubs) ask(at float64, c *history.Call) (wait float64, ok bool) {
	for _, b := range s {
		w, ok := b.room(at, c)
		if !ok {
			return 0, false
		}
		wait = max(wait, w)
	}
	for _, b := range s {
		b.take(c)
	}
	return wait, true
}
func (tubs) over(float64, *history.Call) {}

// slots serve so many at a time, in front of another limiter.
type slots struct {
	n, used int
	then    limiter
}

func (s *slots) ask(at float64, c *history.Call) (float64, bool) {
	if s.used >= s.n {
		return 0, false
	}
	if s.then != nil {
		if _, ok := s.then.ask(at, c); !ok {
			return 0, false
		}
	}
	s.used++
	return 0, true
}
func (s *slots) over(float64, *history.Call) { s.used-- }

// barrier refuses everybody for a time after a refusal.
type barrier struct {
	then       limiter
	bar, until float64
}

func (b *barrier) ask(at float64, c *history.Call) (float64, bool) {
	if at < b.until {
		return 0, false
	}
	wait, ok := b.then.ask(at, c)
	if !ok {
		b.until = at + b.bar
	}
	return wait, ok
}
func (b *barrier) over(float64, *history.Call) {}

// harsh counts what it refuses as well.
type harsh struct{ *window }

func (h harsh) ask(at float64, c *history.Call) (float64, bool) {
	ok := h.room(at, c)
	h.count(at, c)
	return 0, ok
}
func (harsh) over(float64, *history.Call) {}

// fading is an aligned window with the part of the one before that hasn't faded.
func fading(n int, length, phase float64) limiter {
	var log []float64
	return rule(func(at float64, _ *history.Call) bool {
		start := phase + length*math.Floor((at-phase)/length)
		own, before := 0.0, 0.0
		for _, t := range log {
			switch {
			case t >= start:
				own++
			case t >= start-length:
				before++
			}
		}
		if own+math.Floor(before*(1-(at-start)/length)) >= float64(n) {
			return false
		}
		log = append(log, at)
		return true
	})
}

// strangersEpoch is when these runs begin: a minute and a half before midnight in Berlin,
// in the night that daylight saving time begins.
var strangersEpoch = time.Date(2026, 3, 28, 22, 58, 30, 0, time.UTC)

// A stranger is a promise that nobody made here, an honest server of it and broken ones.
type stranger struct {
	laws   []string
	honest func() limiter
	broken map[string]func() limiter
	lasts  time.Duration // of each call
	open   []string      // of the broken, those that the plan leaves open
	unseen bool          // the plan can't show every law, so that nobody passes
}

// meet sends a stranger its plan and judges what came of it.
func meet(t testing.TB, s stranger, l limiter, seed uint64, delay float64) verdict.LawJudgement {
	t.Helper()
	said := parsedLaws(t, s.laws)
	load := history.Arrival{Method: "tools/call", Tool: "a"}
	held := scenarios.Held(said, load)
	plan := scenarios.PlanLaws(held, scenarios.LawSetting{Load: load, Clients: []string{"c1", "c2"}, Seed: seed,
		Failing: &history.Arrival{Method: "tools/call", Tool: "fail"}, Lasts: s.lasts,
		Others: []history.Arrival{{Method: "tools/call", Tool: "b"}}})
	r := rand.New(rand.NewPCG(seed, 77))
	wait := func() float64 {
		d := delay * r.ExpFloat64()
		if r.IntN(40) == 0 {
			d *= 15
		}
		return d
	}
	type moment struct {
		at   float64
		i    int
		over bool
	}
	calls, line := make([]history.Call, len(plan.Arrivals)), []moment{}
	for i, a := range plan.Arrivals {
		a.Label = scenarios.LawScenario
		calls[i] = history.Call{Arrival: a, Sent: a.Due, Status: 200}
		line = append(line, moment{a.Due.Seconds() + wait(), i, false})
	}
	for len(line) > 0 {
		k := 0
		for n := range line {
			if line[n].at < line[k].at {
				k = n
			}
		}
		m := line[k]
		line = slices.Delete(line, k, k+1)
		c := &calls[m.i]
		if m.over {
			l.over(m.at, c)
			continue
		}
		late, ok := l.ask(m.at, c)
		if !ok {
			c.Outcome, c.Status, c.Received = history.Limited, 429, time.Duration((m.at+wait())*1e9)
			continue
		}
		over := m.at + late + s.lasts.Seconds()
		if c.Outcome = history.OK; c.Tool == "fail" {
			c.Outcome = history.ToolError
		}
		c.Received = time.Duration((over + wait()) * 1e9)
		line = append(line, moment{over, m.i, true})
	}
	laws := verdict.Laws{Said: said, Held: held, Identify: judge.Identify(false), Epoch: strangersEpoch, Lasts: s.lasts,
		Fails: "fail"}
	return verdict.JudgeLaws(held, calls, laws.Config(verdict.LawConfig{Clocks: verdict.DefaultClocks()}))
}

// TestStrangers: whoever keeps a promise that nobody here made is never failed, and whoever
// breaks it is failed, or named as one that the plan may leave open.
func TestStrangers(t *testing.T) {
	const seeds = 6
	for _, s := range strangers {
		t.Run(strings.Join(s.laws, " + "), func(t *testing.T) {
			shown := 0
			for seed := range uint64(seeds) {
				for _, delay := range []float64{0.0003, 0.004, 0.06} {
					j := meet(t, s, s.honest(), seed, delay)
					require.NotEqual(t, verdict.Fail, j.Verdict, "honest, seed %d, %g: %+v", seed, delay, j)
					if delay < 0.001 && j.Verdict == verdict.Pass {
						shown++
					}
				}
			}
			require.Equal(t, s.unseen, shown == 0, "honest: passed %d of %d", shown, seeds)
			for name, server := range s.broken {
				caught, passed := 0, 0
				for seed := range uint64(seeds) {
					switch meet(t, s, server(), seed, 0.0003).Verdict {
					case verdict.Fail:
						caught++
					case verdict.Pass:
						passed++
					}
				}
				require.Zero(t, passed, name)
				if !slices.Contains(s.open, name) {
					require.GreaterOrEqual(t, caught, seeds-1, "%s: late replies may hide it once", name)
				}
			}
		})
	}
}

type broken = map[string]func() limiter
