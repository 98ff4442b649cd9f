package load

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
)

// Sequences lead the sequences of a plan from step to step while they run. The
// methods may be called from several goroutines.
type Sequences struct {
	plan   *Plan
	seed   uint64
	mu     sync.Mutex
	open   map[string]*open // by label
	broken int64
}

// An open sequence is one under way.
type open struct {
	entry *Entry
	n     uint64
	step  int // that was sent last
	saved map[string]any
}

// Sequences returns what leads a plan's sequences, for arrivals of the same
// seed.
func (p *Plan) Sequences(seed uint64) *Sequences {
	return &Sequences{plan: p, seed: seed, open: map[string]*open{}}
}

// Follows reports if an arrival of the plan begins a sequence.
func (s *Sequences) Follows(a history.Arrival) bool { return strings.IndexByte(a.Label, '#') >= 0 }

// Next returns the step that follows a call, which has ended, and its result.
// Due is when it should be sent: after the call's end and the thinking.
//
// A sequence ends where a call got no result. One whose reply lacks a value
// that a later step needs is of no use, and made Broken.
func (s *Sequences) Next(c *history.Call, result []byte) (history.Arrival, bool) {
	if !s.Follows(c.Arrival) {
		return history.Arrival{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.open[c.Label]
	if o == nil {
		o = s.begin(c.Label)
	}
	step := &o.entry.Steps[o.step]
	if c.Outcome == history.OK {
		s.save(o, step, c, result)
	}
	o.step++
	if c.Outcome != history.OK || o.step == len(o.entry.Steps) {
		if o.step < len(o.entry.Steps) {
			s.broken++
		}
		delete(s.open, c.Label)
		return history.Arrival{}, false
	}
	s.open[c.Label] = o
	random := rand.New(rand.NewPCG(s.seed+uint64(o.step)<<32, o.n))
	a := history.Arrival{Due: c.Received + step.Think.draw(random), Client: c.Client, Label: c.Label}
	o.entry.Steps[o.step].fill(&a, Values{N: o.n, Seed: s.seed, Random: random, Saved: o.saved})
	return a, true
}

// begin finds the sequence that a label names. It needs mu.
func (s *Sequences) begin(label string) *open {
	name, number, _ := strings.Cut(label, "#")
	n, err := strconv.ParseUint(number, 10, 64)
	for i := range s.plan.Entries {
		if e := &s.plan.Entries[i]; err == nil && e.Name == name {
			return &open{entry: e, n: n, saved: map[string]any{}}
		}
	}
	panic("load: internal error: no sequence has the label " + label)
}

// save takes a step's values from its result.
func (s *Sequences) save(o *open, step *Step, c *history.Call, result []byte) {
	for _, v := range step.Save {
		value, ok := Extract(result, v.Path)
		if !ok {
			c.Outcome, c.Detail = history.Broken, fmt.Sprintf("its result has no %s, which the sequence needs",
				strings.Join(v.Path, "."))
			return
		}
		o.saved[v.Name] = value
	}
}

// Broken is how many sequences ended before their last step.
func (s *Sequences) Broken() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// Steps reports if the plan has sequences at all.
func (p *Plan) Steps() bool {
	for _, e := range p.Entries {
		if len(e.Steps) > 1 {
			return true
		}
	}
	return false
}

func (t Think) draw(r *rand.Rand) time.Duration {
	if t.Max <= t.Min {
		return t.Min
	}
	return t.Min + time.Duration(r.Int64N(int64(t.Max-t.Min)))
}
