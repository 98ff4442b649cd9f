// Package merge puts the parts of one plan together that several machines sent: one
// document, one history in common time, and one judgement of both.
//
// Most users want Runs. What doesn't depend on when two machines did something is
// exactly what one run would have: counts, distributions, series, thresholds. What
// does, such as how many calls a server let through in a second, is judged in common
// time, in which each call may have been sent a little earlier and answered a little
// later than its machine says: as much as the clocks are not known.
//
// The package deliberately reads no store and no clock, and sends nothing.
package merge

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/verdict"
)

// A Part is what one machine kept.
type Part struct {
	Name     string // by which it is called where something is wrong with it
	Document *results.Document
	Each     func(fn func(server string, c *history.Call) error) error // its calls; fn must not keep them
	Ours     func(c *history.Call) bool                                // as judge.Stored has it
}

// Config is what is known beside the parts. The zero value takes clocks as they were
// measured.
type Config struct {
	ClockError time.Duration // the machines' clocks agree to within this, where nobody measured them; 0: nobody knows
}

// A Whole are the parts put together.
type Whole struct {
	Document *results.Document
	Calls    []history.Call // of a run, in common time and in the order of their sending; nil of a load
	lines    []timeline
}

// The checks of what is put together. They are no scenario's.
const (
	Scenario    = "shards"
	checkWhole  = "all-shards"
	checkCommon = "common-start"
)

// Runs puts parts together and judges them.
func Runs(parts []Part, c Config) (*Whole, error) {
	sorted, of, err := fit(parts)
	if err != nil {
		return nil, err
	}
	w := &Whole{}
	if w.lines, err = timelines(sorted, c); err != nil && !isLoad(sorted[0]) && !isConform(sorted[0]) {
		return nil, err
	}
	doc := *sorted[0].Document
	doc.Servers = slices.Clone(doc.Servers)
	doc.Again, doc.Repeat = nil, ""
	w.Document = &doc
	s := &doc.Servers[0]
	missing := lost(sorted, of)
	for _, p := range sorted[1:] {
		if p.Document.Started < doc.Started {
			doc.Started = p.Document.Started
		}
	}
	var own []string
	for _, p := range sorted {
		for _, note := range p.server().Notes {
			if !slices.Contains(own, note) && !slices.Contains(partNotes(p), note) {
				own = append(own, note)
			}
		}
	}
	s.Shard, s.Notes, s.Error, s.Hint = nil, own, "", ""
	switch {
	case isConform(sorted[0]):
		w.conform(sorted, missing)
		err = nil
	case isLoad(sorted[0]):
		err = w.load(sorted, missing, of)
	default:
		err = w.run(sorted, missing, of)
	}
	if err != nil {
		return nil, err
	}
	doc.Finish()
	return w, nil
}

func (p *Part) server() *results.Server { return &p.Document.Servers[0] }

func (p *Part) shard() *results.Shard { return p.server().Shard }

func isLoad(p Part) bool {
	return slices.ContainsFunc(p.server().Scenarios, func(sc results.Scenario) bool { return sc.Load != nil })
}

// partNotes are those of a part's notes that aren't the whole's.
func partNotes(p Part) (list []string) {
	for _, n := range p.server().Notes {
		if len(n) > 14 && n[:14] == "this is shard " || n == sharedNote {
			list = append(list, n)
		}
	}
	return list
}

const sharedNote = "refusals were not held against the server, because it is shared"

// fit says if the parts are those of one plan, and returns them in order.
func fit(parts []Part) (sorted []Part, of int, err error) {
	if len(parts) == 0 {
		return nil, 0, errors.New("there is nothing to put together")
	}
	sorted = slices.Clone(parts)
	for i := range sorted {
		p := &sorted[i]
		if len(p.Document.Servers) != 1 || p.shard() == nil {
			return nil, 0, hint.New(fmt.Errorf("%s is no shard, but a whole run", p.Name), "mcpload load, run and "+
				"conform send a part with --shard k/n")
		}
	}
	slices.SortStableFunc(sorted, func(a, b Part) int { return cmp.Compare(a.shard().Part, b.shard().Part) })
	first := &sorted[0]
	for i := range sorted {
		p, s := &sorted[i], sorted[i].shard()
		switch {
		case s.Of != first.shard().Of:
			return nil, 0, fmt.Errorf("%s is one of %d shards, and %s one of %d", p.Name, s.Of, first.Name,
				first.shard().Of)
		case s.Part < 1 || s.Part > s.Of:
			return nil, 0, fmt.Errorf("%s says that it is shard %d of %d", p.Name, s.Part, s.Of)
		case s.Plan != first.shard().Plan || p.server().Server != first.server().Server ||
			isLoad(*p) != isLoad(*first) || isConform(*p) != isConform(*first) || !alike(p, first):
			return nil, 0, hint.New(fmt.Errorf("%s and %s are parts of different plans", first.Name, p.Name),
				"give every shard the same flags")
		case i > 0 && s.Part == sorted[i-1].shard().Part:
			return nil, 0, fmt.Errorf("%s and %s are both shard %d", sorted[i-1].Name, p.Name, s.Part)
		case isConform(*p) && (p.server().Target.Kind != "url" ||
			p.server().Target.Address == first.server().Target.Address):
			// what each started for itself is the same server
		case isConform(*p) && p.server().Target.Address != first.server().Target.Address:
			return nil, 0, hint.New(fmt.Errorf("%s went to %s, and %s to %s: one may keep what the other breaks",
				first.Name, first.server().Target.Address, p.Name, p.server().Target.Address), "give every shard the "+
				"same --url, by a name that all machines know")
		case !isLoad(*p) && p.server().Target.Address != first.server().Target.Address:
			return nil, 0, hint.New(fmt.Errorf("%s went to %s, and %s to %s: a limit that two servers keep is "+
				"another one",
				first.Name, first.server().Target.Address, p.Name, p.server().Target.Address), "give every shard the "+
				"same --url, by a name that all machines know")
		}
	}
	return sorted, first.shard().Of, nil
}

// lost says which parts are missing, or not whole.
func lost(sorted []Part, of int) (missing []string) {
	there := map[int]*Part{}
	for i := range sorted {
		there[sorted[i].shard().Part] = &sorted[i]
	}
	for nth := 1; nth <= of; nth++ {
		switch p := there[nth]; {
		case p == nil:
			missing = append(missing, fmt.Sprintf("shard %d is missing: what it would have sent is unsent, and what "+
				"it sent is not known", nth))
		case p.shard().Lost != "":
			missing = append(missing, fmt.Sprintf("shard %d: %s", nth, p.shard().Lost))
		case p.server().Error != "":
			missing = append(missing, fmt.Sprintf("shard %d could not run: %s", nth, p.server().Error))
		}
	}
	return missing
}

// whole is the finding of whether all parts are there.
func whole(missing []string, of int) verdict.Finding {
	f := verdict.Finding{Check: checkWhole, Verdict: verdict.Pass, Want: fmt.Sprintf("the results of %d shards", of),
		Saw: fmt.Sprintf("all %d", of)}
	if len(missing) > 0 {
		f.Verdict, f.Saw = verdict.Inconclusive, missing[0]
		if more := len(missing) - 1; more > 0 {
			f.Saw += fmt.Sprintf("; and %d more", more)
		}
	}
	return f
}

// Parts of a run begin together where they do so within begin; where they don't within
// apart, what their calls show of refusals isn't held against anybody.
const (
	begin = 100 * time.Millisecond
	apart = time.Second
)

// run judges the parts of a run.
func (w *Whole) run(sorted []Part, missing []string, of int) error {
	if err := w.join(sorted); err != nil {
		return err
	}
	s := &w.Document.Servers[0]
	spread, err := w.spread(sorted)
	set := results.Setting{}
	if s.Setting != nil {
		set = *s.Setting
	}
	set.Shared = sorted[0].shard().Shared || len(missing) > 0 || spread > apart
	if !set.Epoch.IsZero() {
		set.Epoch = time.Unix(0, w.base()).UTC()
	}
	s.Setting = set.Recorded()
	clocks := s.Clocks.Judged()
	clocks.Error += err
	s.Clocks = results.ClocksOf(clocks)
	again, jerr := judge.Again(judge.Stored{Run: Scenario, Document: w.Document, Ours: sorted[0].Ours,
		Each: func(fn func(string, *history.Call) error) error {
			for i := range w.Calls {
				if err := fn(s.Server, &w.Calls[i]); err != nil {
					return err
				}
			}
			return nil
		}})
	if jerr != nil {
		return jerr
	}
	again.Again = nil
	*w.Document = *again
	s = &w.Document.Servers[0]
	common := verdict.Finding{Check: checkCommon, Verdict: verdict.Pass, Want: "shards that begin together, within " +
		begin.String(),
		Saw: fmt.Sprintf("within %s, by clocks known to %s", spread.Round(time.Microsecond),
			err.Round(time.Microsecond))}
	if spread > begin {
		common.Verdict = verdict.Inconclusive
		common.Saw += ": give all of them one --start-at, or let mcpload coordinate start them"
	}
	s.Scenarios = append(s.Scenarios, results.NewScenario(Scenario, nil, []verdict.Finding{whole(missing, of), common}))
	return nil
}
