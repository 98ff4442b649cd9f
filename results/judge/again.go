package judge

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/verdict"
)

// A Stored run is a document and the calls that it speaks of.
type Stored struct {
	Run      string // its name
	Document *results.Document

	// Each hands out the calls, server by server, in the order of the history. Those of
	// a load may be too many for memory.
	Each func(fn func(server string, c *history.Call) error) error

	// Ours reports if a call failed for want of something of ours. Nil: none did.
	Ours func(c *history.Call) bool
}

// Again judges a stored run with all checks of its kind, and returns the document as
// it is judged now, with what differs. What can't be judged again, because what it
// rested on isn't kept, stands as it was stored and is named. The stored document is
// left as it is.
func Again(st Stored) (*results.Document, error) {
	doc := *st.Document
	doc.Servers = slices.Clone(st.Document.Servers)
	a := &again{stored: st, Again: results.Again{Run: st.Run, Was: doc.Verdict, Differences: []results.Difference{},
		Kept: []results.Unjudged{}}}
	for i := range doc.Servers {
		if err := a.server(&doc.Servers[i]); err != nil {
			return nil, err
		}
	}
	doc.Again = &a.Again
	doc.Finish()
	a.compare(st.Document, &doc)
	return &doc, nil
}

// again is a second judgement under way.
type again struct {
	results.Again
	stored Stored
}

// keep names what stands as it was.
func (a *again) keep(s *results.Server, scenario, check, why string) {
	a.Kept = append(a.Kept, results.Unjudged{Server: s.Server, Scenario: scenario, Check: check, Why: why})
}

// server judges one server again.
func (a *again) server(s *results.Server) error {
	if len(s.Repeats) > 1 {
		a.keep(s, "", "", fmt.Sprintf("of %d runs the calls of the worst are kept, and only those are judged",
			len(s.Repeats)))
	}
	if s.Error != "" {
		a.keep(s, "", "", "it could not be judged, or not to the end: "+s.Error)
	}
	if slices.ContainsFunc(s.Scenarios, func(sc results.Scenario) bool { return sc.Load != nil }) {
		return a.load(s)
	}
	asked, others := a.asked(s)
	if len(asked) == 0 {
		return nil
	}
	calls, err := a.calls(s.Server)
	if err != nil {
		return err
	}
	if len(calls) == 0 {
		for _, sc := range asked {
			a.keep(s, sc.Scenario, "", "no call was kept")
		}
		return nil
	}
	set, err := settingOf(s, asked)
	if err != nil {
		return err
	}
	stored := s.Scenarios
	Server(s, set, calls)
	for i := range s.Scenarios {
		a.Judged += len(s.Scenarios[i].Findings)
		quarantined(&s.Scenarios[i], stored)
	}
	s.Scenarios = append(s.Scenarios, others...)
	slices.SortStableFunc(s.Scenarios, func(x, y results.Scenario) int {
		return at(stored, x.Scenario) - at(stored, y.Scenario)
	})
	return nil
}

// at is where a scenario stands in a document.
func at(list []results.Scenario, name string) int {
	return slices.IndexFunc(list, func(sc results.Scenario) bool { return sc.Scenario == name })
}

// quarantined marks those fails that were known when they were stored.
func quarantined(sc *results.Scenario, stored []results.Scenario) {
	was := stored[at(stored, sc.Scenario)]
	for i := range sc.Findings {
		f := &sc.Findings[i]
		f.Quarantined = f.Verdict != verdict.Pass && slices.ContainsFunc(was.Findings, func(o results.Finding) bool {
			return o.Check == f.Check && o.Verdict == f.Verdict && o.Quarantined
		})
	}
}

// asked parts the scenarios whose calls can be judged from the others, which it names.
func (a *again) asked(s *results.Server) (asked, others []results.Scenario) {
	for _, sc := range s.Scenarios {
		_, known := named(sc.Scenario)
		switch {
		case len(sc.Starts) > 0:
			a.keep(s, sc.Scenario, "", "what its starts printed isn't kept, since it may hold credentials")
			others = append(others, sc)
		case sc.Conform != nil:
			a.keep(s, sc.Scenario, "", "it rests on the texts of answers, which aren't kept")
			others = append(others, sc)
		case known || sc.Scenario == scenarios.LawScenario:
			asked = append(asked, sc)
		default:
			a.keep(s, sc.Scenario, "", "it rests on what isn't a call: how the server's process came up")
			others = append(others, sc)
		}
	}
	return asked, others
}

// named is a scenario, or an attempt of an audit.
func named(name string) (scenarios.Scenario, bool) {
	if s, ok := scenarios.Named(name); ok {
		return s, true
	}
	return audit.Named(name)
}

// calls reads a server's calls.
func (a *again) calls(server string) (calls []history.Call, err error) {
	err = a.stored.Each(func(of string, c *history.Call) error {
		if of == server {
			calls = append(calls, *c)
		}
		return nil
	})
	return calls, err
}

// settingOf is under what a server was judged, by its part of the document.
func settingOf(s *results.Server, asked []results.Scenario) (verdict.Setting, error) {
	more := results.Setting{}
	if s.Setting != nil {
		more = *s.Setting
	}
	var load profiles.LoadCall
	if c := s.Target.Call; c != nil {
		load = profiles.LoadCall{Method: c.Method, Tool: c.Tool}
	}
	clocks := s.Clocks.Judged()
	set := verdict.Setting{
		Terms:  promise.Terms{Limit: limitOf(s.Limit, more), Method: load.Method, Statuses: more.Statuses},
		Config: verdict.Config{Shared: more.Shared, Clocks: &clocks, Steady: s.Target.Kind == "mock"},
	}
	demands, err := thresholds(more.Thresholds)
	if err != nil {
		return set, err
	}
	if s.Promise != "" {
		laws, err := lawsOf(s, load, more)
		if err != nil {
			return set, err
		}
		laws.Audited = slices.ContainsFunc(asked, func(sc results.Scenario) bool {
			return slices.ContainsFunc(sc.Findings, func(f results.Finding) bool {
				return f.Check == verdict.Tricks.ID
			})
		})
		set.Terms.Limit, set.Config.Laws = Permissive(), laws
		set.Questions = []verdict.Question{scenarios.LawQuestion(scenarios.Laws().Demanding(demands), laws)}
		return set, nil
	}
	var list []scenarios.Scenario
	for _, sc := range asked {
		known, _ := named(sc.Scenario)
		list = append(list, known.Demanding(demands))
	}
	set.Questions = scenarios.Questions(list)
	return set, nil
}

// thresholds reads demands as they were given.
func thresholds(texts []string) ([]verdict.Threshold, error) {
	var list []verdict.Threshold
	for _, text := range texts {
		th, err := verdict.ParseThreshold(text)
		if err != nil {
			return nil, fmt.Errorf("a demand can't be read again: %w", err)
		}
		list = append(list, th)
	}
	return list, nil
}

// limitOf is a document's limit as the judge takes it.
func limitOf(l results.Limit, more results.Setting) profiles.Limit {
	return profiles.Limit{Rate: l.Rate, Burst: l.Burst, Scope: profiles.Scope(l.Scope), Presumed: more.Presumed,
		Charges: l.Charges, MayCharge: l.MayCharge, Free: l.Free, Tier: l.Tier, Inherited: l.Inherited}
}

// lawsOf reads the laws that a server was held to.
func lawsOf(s *results.Server, load profiles.LoadCall, more results.Setting) (*verdict.Laws, error) {
	laws := &verdict.Laws{Identify: Identify(more.Identity), Epoch: more.Epoch, Lasts: time.Duration(more.LastsNS),
		Fails: more.Fails, All: more.All, Headers: more.Headers,
		Lingering: more.Lingering}
	if r := more.Refusal; r != nil {
		laws.Refusal = profiles.RefusalShape{Status: r.Status, Code: r.Code, RetryAfter: r.RetryAfter,
			Headers: r.Headers}
	}
	for x, text := range strings.Split(s.Promise, "; ") {
		law, err := promise.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("the promise of %s can't be read again: %w", s.Server, err)
		}
		laws.Said = append(laws.Said, law)
		var left []string
		if x < len(s.Laws) {
			left = s.Laws[x].Left
		}
		laws.Left = append(laws.Left, left)
	}
	if err := laws.Said.Validate(); err != nil {
		return nil, err
	}
	laws.Held = scenarios.Held(laws.Said, history.Arrival{Method: load.Method, Tool: load.Tool})
	return laws, nil
}

// Recorded is the setting as the document keeps it.
func Recorded(set verdict.Setting, identity bool, thresholds []string) *results.Setting {
	r := results.Setting{Shared: set.Shared, Presumed: set.Terms.Limit.Presumed, Identity: identity,
		Thresholds: thresholds}
	// the only one that judging asks about
	if slices.Contains(set.Terms.Statuses, http.StatusServiceUnavailable) {
		r.Statuses = []int{http.StatusServiceUnavailable}
	}
	return r.Recorded()
}

// WithLaws adds to a recorded setting, which may be nil, what a judgement of laws rests on.
func WithLaws(r *results.Setting, laws *verdict.Laws) *results.Setting {
	var s results.Setting
	if r != nil {
		s = *r
	}
	s.Epoch, s.LastsNS, s.Fails, s.All, s.Headers = laws.Epoch, int64(laws.Lasts), laws.Fails, laws.All, laws.Headers
	s.Lingering = laws.Lingering
	if f := laws.Refusal; f != (profiles.RefusalShape{}) {
		s.Refusal = &results.RefusalForm{Status: f.Status, Code: f.Code, RetryAfter: f.RetryAfter, Headers: f.Headers}
	}
	return s.Recorded()
}

// ErrNothing is returned for a run of which nothing can be judged again.
var ErrNothing = errors.New("nothing of the run can be judged again")

// Lanes are what a server's calls say of each law that it was held to, for drawings; none
// where it was held to a bucket.
func Lanes(s *results.Server, calls []history.Call) ([]verdict.Lane, error) {
	if s.Promise == "" || len(calls) == 0 {
		return nil, nil
	}
	set, err := settingOf(s, nil)
	if err != nil {
		return nil, err
	}
	return set.Config.Laws.Lanes(set.Court(calls)), nil
}
