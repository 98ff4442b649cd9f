package probe

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// A Law is a limit that was found, in the words in which one is promised.
type Law struct {
	Law   promise.Law
	Every verdict.Interval // of a window: every length that explains the answers, in seconds
	Kinds []promise.Style  // of a window: every kind that does; one where that is certain
}

// A guess is a promise that may be what the server keeps. Of its windows only the number
// and the length count: each may be of any kind.
type guess promise.Promise

// sharp are the kinds of windows that answers can contradict by single calls. A counter
// that fades is judged so leniently that it explains what any of them does: it is never
// named.
var sharp = []promise.Style{promise.Fixed, promise.Sliding, promise.Aligned}

// mostGuesses is how many guesses are put to the test, and mostLasting how much of its
// length a window may be uncertain of.
const (
	mostGuesses = 4
	mostLasting = 0.06
)

// findLaws guesses which laws the server keeps, where no bucket explains it, and puts
// the guesses to the test that a run would put them to: only a promise that stands it,
// and whose neighbours don't, is found.
func (p *probe) findLaws(ctx context.Context) error {
	if p.report.Box != nil || p.report.Laws != nil {
		return nil
	}
	if err := p.sharpen(ctx); err != nil {
		return err
	}
	tried := map[string]bool{}
	var last guess
	for range mostGuesses {
		g, ok := p.likeliest(tried)
		if p.freshFrom == 0 && p.label == "laws" && (!ok || len(g) > 1 && len(last) > 1) {
			if err := p.findSecond(ctx); err != nil {
				return err
			}
			g, ok = p.likeliest(tried)
		}
		if !ok || len(g) > 1 && p.label != "laws" { // that comes last: it takes the most
			break
		}
		tried[g.key()] = true
		if g.near(last) && p.noOther(tried) { // what was sent to try that may tell already
			p.settleLaws(g)
		}
		var err error
		for i := 0; !p.lawsCertain && err == nil && i < len(sharp); i++ {
			holding := p.holding(g)
			if i >= len(holding) || i > 0 && len(g) == 1 { // single windows' kinds are told apart in another way
				break
			}
			err = p.tryLaws(ctx, g, holding[i])
			p.settleLaws(g)
		}
		last = g
		if err == nil && p.lawsCertain && len(g) == 1 {
			err = p.stagger(ctx, g[0])
			if p.settleLaws(g); err != nil {
				p.lawsCertain = false
			}
		}
		if err != nil || p.lawsCertain {
			return err
		}
	}
	return nil
}

// likeliest is the first guess that explains all answers in one of its variants, and
// hasn't been tried.
func (p *probe) likeliest(tried map[string]bool) (guess, bool) {
	for _, g := range p.guesses() {
		if !tried[g.key()] && len(p.holding(g)) > 0 {
			return g, true
		}
	}
	return nil, false
}

// key tells guesses apart.
func (g guess) key() (s string) {
	for _, l := range g {
		s += l.String() + "; "
	}
	return s
}

// near reports if guesses differ in nothing but the lengths of their windows, and little in
// those: the same calls try both.
func (g guess) near(other guess) bool {
	return slices.EqualFunc(g, other, func(a, b promise.Law) bool {
		return a.Kind == b.Kind && a.N == b.N && a.Rate == b.Rate &&
			math.Abs(float64(a.Every-b.Every)) <= mostLasting*float64(b.Every)
	})
}

// variants are a guess with each kind of windows.
func (g guess) variants() []promise.Promise {
	list := []promise.Promise{{}}
	for _, l := range g {
		styles := []promise.Style{l.Style}
		if l.Kind == promise.Window {
			styles = sharp
		}
		var next []promise.Promise
		for _, one := range list {
			for _, style := range styles {
				l.Style = style
				next = append(next, append(slices.Clone(one), l))
			}
		}
		list = next
	}
	return list
}

// holding are the variants of a guess that explain all answers.
func (p *probe) holding(g guess) (list []promise.Promise) {
	calls := p.lawCalls()
	for _, v := range g.variants() {
		if v.Validate() == nil && p.judged(v, calls).Verdict != verdict.Fail {
			list = append(list, v)
		}
	}
	return list
}

func (p *probe) judged(v promise.Promise, calls []history.Call) verdict.LawJudgement {
	return verdict.JudgeLaws(v, calls, p.lawConfig())
}

func (p *probe) lawConfig() verdict.LawConfig {
	clocks := *p.cfg.Clocks
	clocks.Tick = max(clocks.Tick, verdict.DefaultTick)
	return verdict.LawConfig{Clocks: clocks, Tolerance: p.cfg.Tolerance}
}

// lawCalls are the answers that laws are held against: those to the load of its client,
// beside which whatever else left us may have been charged.
func (p *probe) lawCalls() []history.Call {
	list := slices.Clone(p.calls)
	for i := range list {
		if c := &list[i]; !p.isLoad(*c) && c.Outcome == history.OK {
			c.Outcome = history.ToolError // it may have been charged
		}
	}
	return list
}

// charge is what laws are guessed to charge: the load, and perhaps whatever else.
func (p *probe) charge() promise.Charge {
	return promise.Charge{Methods: []string{p.load.Method}, May: []string{promise.Any}}
}

// tryLaws sends what a run would send to a server that promised a variant of the guess, stage by
// stage, until an answer contradicts it. Where the budget hasn't room for all of it, and
// it is known already when windows let through more, only what tells their kinds apart is.
func (p *probe) tryLaws(ctx context.Context, g guess, like promise.Promise) error {
	rest := time.Duration(0)
	for _, l := range like {
		rest = max(rest, l.Refilled())
	}
	rest += rest/20 + breath + p.anyPhase()
	plan := scenarios.PlanLaws(like, scenarios.LawSetting{Load: p.load, Clients: []string{p.client}, Seed: p.cfg.Seed,
		Budget: 24 * time.Hour, Calls: math.MaxInt32})
	list := stages(plan.Arrivals)
	fits := func() bool { return calls(list) <= p.left() && rest+length(list) <= p.room() }
	if !fits() {
		p.allow(mostForLaws)
	}
	if !fits() {
		list = slices.DeleteFunc(list, func(s []history.Arrival) bool {
			return !strings.HasSuffix(s[0].Label, ": halves")
		})
	}
	if len(list) == 0 || !fits() {
		p.lawsNeed(like, len(plan.Arrivals), rest+plan.Length)
		return nil
	}
	p.rest(rest)
	p.lawsFrom = len(p.calls)
	begin := p.prober.Now() + p.pause - list[0][0].Due
	p.pause = 0
	for _, stage := range list {
		for i := range stage {
			stage[i].Due = max(0, stage[i].Due+begin-p.prober.Now())
		}
		if _, err := p.send(ctx, stage); err != nil {
			return ignoreSpent(err)
		}
		if p.lawsTested = true; len(p.holding(g)) == 0 {
			return nil
		}
	}
	return nil
}

// mostForLaws is the share of the budget that may be spent by the time that laws were put
// to the test: what they are matters most then.
const mostForLaws = 0.96

func calls(list [][]history.Arrival) (n int) {
	for _, stage := range list {
		n += len(stage)
	}
	return n
}

// length is how long stages take, with what lies between them.
func length(list [][]history.Arrival) time.Duration {
	if len(list) == 0 {
		return 0
	}
	last := list[len(list)-1]
	return last[len(last)-1].Due - list[0][0].Due
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// stages are the parts of a plan for laws, by their labels.
func stages(plan []history.Arrival) (list [][]history.Arrival) {
	for begin := 0; begin < len(plan); {
		end := begin + 1
		for end < len(plan) && plan[end].Label == plan[begin].Label {
			end++
		}
		list = append(list, plan[begin:end])
		begin = end
	}
	return list
}

// settleLaws takes a guess for found as far as the answers leave nothing else: every law
// was seen at work, with a unit more or less, or with another length, the answers aren't
// explained, and of the kinds of windows one alone explains them.
func (p *probe) settleLaws(g guess) {
	p.report.Laws, p.lawsCertain = nil, false
	if !p.lawsTested {
		return
	}
	holding, calls := p.holding(g), p.lawCalls()
	if len(holding) == 0 {
		return
	}
	// What went before the test may have charged the laws for much else.
	found, ok := p.certify(holding, calls)
	if !ok {
		found, ok = p.certify(holding, calls[p.lawsFrom:])
	}
	if !ok {
		return
	}
	certain := len(holding) == 1
	found = p.rounder(found, holding, calls)
	if len(g) > 1 && (!certain || !p.unrivalled(g, found)) {
		return
	}
	p.report.Laws, p.lawsCertain = found, certain
	if first := p.report.Laws[0].Law; first.Kind == promise.Window { // what the other phases reckon with
		p.rate, p.burst = float64(first.N)/first.Every.Seconds(), float64(first.N)
	} else {
		p.rate, p.burst = first.Rate, float64(first.N)
	}
}

// certify returns the laws of what holds, if calls leave nothing else of their numbers.
func (p *probe) certify(holding []promise.Promise, calls []history.Call) (found []Law, ok bool) {
	if p.judged(holding[0], calls).Verdict != verdict.Pass {
		return nil, false
	}
	for x, l := range holding[0] {
		f := Law{Law: l}
		f.Law.Charge = promise.Charge{}
		if l.Kind == promise.Window {
			m, ok := verdict.MeasureLaw(holding[0], x, calls, p.lawConfig())
			if !ok || !m.Exact || !(m.Every.Hi-m.Every.Lo <= mostLasting*l.Every.Seconds()) {
				return nil, false
			}
			f.Every, f.Kinds = m.Every, kindsOf(holding, x)
			if len(f.Kinds) > 1 {
				f.Law.Style = promise.Unsaid
			}
		} else if l.Step > 0 && !p.stepped || l.Step == 0 && !p.pins(holding[0], x, calls) {
			return nil, false
		}
		found = append(found, f)
	}
	return found, true
}

// stagger spreads the first calls of a window over it, and asks for all of them once the
// first has ended: several windows in turn, which open one after the other, let through
// only a part then. It is for a length that nobody would set, which speaks for those.
func (p *probe) stagger(ctx context.Context, l promise.Law) error {
	if isRound(l.Every) || l.N < 4 {
		return nil
	}
	var plan []history.Arrival
	put := func(at time.Duration, n int) {
		for i, a := range p.volley(p.client, n, time.Millisecond) {
			a.Due = at + time.Duration(i)*time.Millisecond
			plan = append(plan, a)
		}
	}
	put(0, 1)
	put(l.Every*3/10, 1)
	put(l.Every*6/10, l.N)
	put(l.Every+l.Every/20, l.N+1)
	p.allow(mostForLaws)
	p.rest(l.Every + l.Every/10 + breath)
	_, err := p.send(ctx, plan)
	return err
}

// isRound reports if people would set such a length.
func isRound(d time.Duration) bool {
	return d%(250*time.Millisecond) == 0 || d < time.Second && d%(50*time.Millisecond) == 0
}

// kindsOf are the kinds of a law's windows among variants.
func kindsOf(variants []promise.Promise, x int) (kinds []promise.Style) {
	for _, v := range variants {
		if !slices.Contains(kinds, v[x].Style) {
			kinds = append(kinds, v[x].Style)
		}
	}
	return kinds
}

// modelsOf are laws as models: the one window, or all of them together.
func modelsOf(laws []Law) []verdict.Model {
	if l := laws[0]; len(laws) == 1 && l.Law.Kind == promise.Window {
		n := float64(l.Law.N)
		name := map[promise.Style]string{promise.Fixed: verdict.OpenedWindow, promise.Sliding: verdict.SlidingWindow,
			promise.Aligned: verdict.FixedWindow}[l.Law.Style]
		return []verdict.Model{{Name: name, Number: verdict.Interval{Lo: n, Hi: n}, Window: l.Law.Every,
			Length: l.Every}}
	}
	if n := float64(laws[0].Law.N); len(laws) == 1 && laws[0].Law.Kind == promise.Cap {
		return []verdict.Model{{Name: verdict.ConcurrencyCap, Number: verdict.Interval{Lo: n, Hi: n}}}
	}
	if l := laws[0]; len(laws) == 1 && l.Law.Step > 0 {
		return []verdict.Model{{Name: ModelSteps + l.Law.String()}}
	}
	var words []string
	for _, l := range laws {
		words = append(words, l.Law.String())
	}
	return []verdict.Model{{Name: ModelSeveral + strings.Join(words, ", and ")}}
}

// ModelSteps begins the name of a model of a bucket whose tokens come several at a time.
const ModelSteps = "token bucket that fills in steps: "

// ModelSeveral begins the name of a model of several limits at once.
const ModelSeveral = "limiter of several limits: "
