package verdict

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A Check is one question to a history. Checks are values: catalogues list
// them, scenarios name them.
type Check struct {
	ID    string
	Doc   string // one sentence: what is demanded
	Judge func(*Trial) Finding
}

// A Trial is one scenario's part of a server's history, together with the
// whole of it: a limiter has a memory, so a scenario can't be judged alone.
type Trial struct {
	Terms     promise.Terms
	Scenario  string
	Attempt   int            // which of the scenario's attempts, from 1
	Calls     []history.Call // the scenario's calls in that attempt, in order
	Tolerance float64        // tokens

	court *Court
	pos   map[int]bool // 1-based positions of Calls in the whole history
}

// Config says how a history is to be judged.
type Config struct {
	Tolerance float64 // tokens; 0 means DefaultTolerance
	Shared    bool    // others may use the server during the run: refusals can't be held against it
	Clocks    *Clocks // how far the clocks may disagree; nil means DefaultClocks
	Steady    bool    // the server's clock is ours, as a mock's is: nobody sets it, and it is as fine
	Laws      *Laws   // what is promised in place of the terms' limit; nil: that is
}

// A Court holds a server's whole history, and what is computed of it once.
type Court struct {
	terms    promise.Terms
	calls    []history.Call
	cfg      Config
	evidence *Evidence
	weight   int             // tokens a call
	beats    map[string]beat // by which clocks the evidence is told, by clients; nil: by the history's
	mayTick  bool            // see MayTick
	unsure   time.Duration   // see unsureOfTicks
	untold   bool            // what was let through is nothing that surely costs a token
	bounds   *bounds
	measured *Measured
	tried    bool         // measured is computed
	why      string       // the cause of a violation, once it is worked out
	doubted  string       // what was settled against taking it for a refusal; empty where nothing was
	stray    string       // what refusals said that are somebody else's; empty where none are
	barred   map[int]bool // positions of refusals that may be a ban, and are no evidence: see withoutBans
	step     *ClockStep   // of the server's clock, that alone explains what is wrong; nil: none does
	stepped  bool         // step is looked for

	settled  *LawJudgement // of the calls as they are taken, by which refusals are settled; nil: nobody asked
	hastiest []*Witness    // waits that were too short: see hasty; nil: nobody asked

	coarser func() *Court // the same calls by a coarser clock of the limiter's; nil: it is known how fine it is
}

// bounds holds, for every call of the history, what it speaks for at the
// promised rate.
type bounds struct {
	needs   map[int]float64 // admitted: the burst that the windows ending with it need
	excuses map[int]float64 // refused: the burst at which it would be unjustified
}

// NewCourt takes a server's whole history in, set-up calls included, in the
// order that positions in witnesses are to mean.
//
// What can't be told from one answer alone is settled here, from all of them:
// see settle. Court.Calls has what came of it.
func NewCourt(t promise.Terms, calls []history.Call, cfg Config) *Court {
	court := newCourt(t, calls, cfg).settle()
	if coarse, ok := court.Clocks().Coarser(); ok && !cfg.Steady {
		cfg.Clocks = &coarse
		court.coarser = sync.OnceValue(func() *Court { return NewCourt(t, calls, cfg) })
	}
	return court
}

// newCourt is NewCourt that takes every outcome as it is.
func newCourt(t promise.Terms, calls []history.Call, cfg Config) *Court {
	if cfg.Tolerance == 0 {
		cfg.Tolerance = DefaultTolerance
	}
	if cfg.Clocks == nil {
		clocks := DefaultClocks()
		cfg.Clocks = &clocks
	}
	c := &Court{terms: t, calls: calls, cfg: cfg, weight: 1}
	c.evidence = c.weighing(t.Limit, 1).gather(calls)
	c.weigh()
	c.tick()
	c.doubt()
	return c
}

// weigh finds out what a call costs, where nobody said it. FastMCP charges a
// hidden tools/list for some calls, so that each takes two tokens. That is
// taken to be so only where the history breaks the promise at one token a call
// and keeps it at two, with the burst pinned as closely as Pressure demands.
func (c *Court) weigh() {
	l := c.terms.Limit
	if c.cfg.Shared || !l.Presumed || c.evidence.Check(l, c.cfg.Tolerance).Verdict != Fail {
		return
	}
	double := c.weighing(l, 2).gather(c.calls)
	pin := double.BurstMax(l.Rate) - double.BurstMin(l.Rate)
	if pin <= maxPin+c.ticking() && double.Check(l, c.cfg.Tolerance).Verdict == Pass {
		c.evidence, c.weight = double, 2
	}
}

// weighing returns evidence without a call, under the court's clocks, for calls
// that take so many tokens each.
func (c *Court) weighing(l promise.Limit, weight int) *Evidence {
	e := NewEvidence(l).Under(*c.cfg.Clocks)
	e.weight = weight
	return e
}

// Clocks returns how far the court takes clocks to disagree.
func (c *Court) Clocks() Clocks { return *c.cfg.Clocks }

// ticking is by how many tokens the limiter's tick alone keeps the bounds on the
// burst apart. No traffic brings them nearer, so it isn't held against a run: a
// limit of 1000/s that counts in milliseconds is a token off either way.
func (c *Court) ticking() float64 { return 2 * c.terms.Limit.Rate * c.cfg.Clocks.Tick.Seconds() }

// Weight returns how many tokens a call takes: 1, or 2 where that is what the
// history says and nobody said otherwise.
func (c *Court) Weight() int { return c.weight }

// Evidence returns the whole history made ready for judging.
func (c *Court) Evidence() *Evidence { return c.evidence }

// Measured returns the certified box of rate and burst, or nil where no token
// bucket explains the history.
func (c *Court) Measured() *Measured {
	if !c.tried {
		c.tried = true
		if m, ok := c.evidence.MeasureAround(c.terms.Limit.Rate, c.cfg.Tolerance); ok {
			c.measured = &m
		}
	}
	return c.measured
}

// Trial returns the part of the history that a scenario's label names; where it
// was repeated, the last attempt.
func (c *Court) Trial(scenario string) *Trial { return c.Attempt(scenario, c.Attempts(scenario)) }

// Attempts is how often a scenario was tried; 1 where nothing is known of it.
func (c *Court) Attempts(scenario string) int {
	n := 1
	for i := range c.calls {
		if c.calls[i].Label == scenario {
			n = max(n, c.calls[i].Nth())
		}
	}
	return n
}

// Attempt is Trial for one attempt, from 1.
func (c *Court) Attempt(scenario string, n int) *Trial {
	t := &Trial{Terms: c.terms, Scenario: scenario, Attempt: n, Tolerance: c.cfg.Tolerance, court: c,
		pos: map[int]bool{}}
	for i, call := range c.calls {
		if call.Label == scenario && call.Nth() == n {
			t.Calls = append(t.Calls, call)
			t.pos[i+1] = true
		}
	}
	return t
}

// perCall computes the bounds of every call, once.
func (c *Court) perCall() *bounds {
	if c.bounds != nil {
		return c.bounds
	}
	c.bounds = &bounds{needs: map[int]float64{}, excuses: map[int]float64{}}
	rate := c.terms.Limit.Rate
	for _, b := range c.evidence.buckets {
		b.sweepAdmissions(rate, func(i int32, burst float64) { c.bounds.needs[int(b.marks[i].pos)] = burst })
		b.sweepRejections(rate, func(j int32, burst float64, _ int64) { c.bounds.excuses[int(b.marks[j].pos)] = burst })
	}
	return c.bounds
}

// burstMin returns the greatest burst that a window ending in this scenario
// needs, and the position of the call that it ends with; 0 and 0 where there
// is none.
func (t *Trial) burstMin() (burst float64, pos int) {
	burst = math.Inf(-1)
	for p, v := range t.court.perCall().needs {
		if t.pos[p] && (v > burst || v == burst && p < pos) {
			burst, pos = v, p
		}
	}
	if pos == 0 {
		return 0, 0
	}
	return burst, pos
}

// burstMax returns the least burst at which a refusal of this scenario would
// be unjustified, and that refusal's position; +Inf and 0 where there is none.
func (t *Trial) burstMax() (burst float64, pos int) {
	burst = math.Inf(1)
	for p, v := range t.court.perCall().excuses {
		if t.pos[p] && (v < burst || v == burst && p < pos) {
			burst, pos = v, p
		}
	}
	return burst, pos
}

// unjustified reports if a bound that refusals put on the burst proves one of
// them wrong. Of a shared server nothing is: others may have taken the tokens.
func (c *Court) unjustified(burstMax float64) bool {
	return !c.cfg.Shared && burstMax <= float64(c.terms.Limit.Burst)-c.cfg.Tolerance
}

// find returns the mark at a position.
func (c *Court) find(pos int) (*bucket, int32) {
	for _, b := range c.evidence.buckets {
		for i := range b.marks {
			if int(b.marks[i].pos) == pos {
				return b, int32(i)
			}
		}
	}
	return nil, -1
}

func (t *Trial) limit() promise.Limit { return t.Terms.Limit }

func (t *Trial) count(o history.Outcome) int {
	n := 0
	for _, c := range t.Calls {
		if c.Outcome == o {
			n++
		}
	}
	return n
}

// sent returns the calls that were sent.
func (t *Trial) sent() int { return len(t.Calls) - t.count(history.Unsent) }

// span is the time from the first call's sending to the last reply.
func (t *Trial) span() time.Duration {
	first, last := time.Duration(math.MaxInt64), time.Duration(0)
	for _, c := range t.Calls {
		if c.Outcome != history.Unsent {
			first, last = min(first, c.Sent), max(last, c.Received)
		}
	}
	return max(0, last-first)
}

// Clients returns how many client identities certainly got through at least
// once, set-up calls apart.
func (c *Court) Clients() int { return len(c.clients()) }

// clients returns the client identities that certainly got through at least
// once, in order.
func (c *Court) clients() []string {
	var names []string
	for _, call := range c.calls {
		if call.Outcome == history.OK && call.Planned() && !strings.ContainsAny(call.Client, Unsure+Anew) &&
			!slices.Contains(names, call.Client) {
			names = append(names, call.Client)
		}
	}
	slices.Sort(names)
	return names
}

// quantile is the nearest-rank quantile of sorted durations; 0 of none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

func sortedBy(calls []history.Call, keep func(history.Call) bool, of func(history.Call) time.Duration) []time.Duration {
	var ds []time.Duration
	for _, c := range calls {
		if keep(c) {
			ds = append(ds, of(c))
		}
	}
	slices.Sort(ds)
	return ds
}
