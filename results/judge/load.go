package judge

import (
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// load judges a server again that was under general load: its calls are measured
// anew, and what was known beside them is taken as it was written down.
func (a *again) load(s *results.Server) error {
	s.Scenarios = slices.Clone(s.Scenarios)
	for i := range s.Scenarios {
		if sc := &s.Scenarios[i]; sc.Load != nil {
			if err := a.loaded(s, sc); err != nil {
				return err
			}
		}
	}
	return nil
}

// loaded judges one load.
func (a *again) loaded(s *results.Server, sc *results.Scenario) error {
	l := sc.Load
	switch {
	case l.Setting == nil:
		a.keep(s, sc.Scenario, "", "an older version of mcpload kept the run, without what its verdicts rest on")
		return nil
	case l.Generator.Sampled > 1:
		a.keep(s, sc.Scenario, "", fmt.Sprintf("one call in %d was kept, and the checks rest on all",
			l.Generator.Sampled))
		return nil
	}
	account, n, err := a.account(s, l)
	if err != nil {
		return err
	}
	if n == 0 && sc.Calls.Planned > 0 {
		a.keep(s, sc.Scenario, "", "no call was kept")
		return nil
	}
	if l.Capacity != nil {
		a.keep(s, sc.Scenario, "capacity", "its trials are kept as they were judged, the calls of the best one alone")
	}
	measured := account.Scenario(sc.Scenario, l.Seconds)
	measured.Load, measured.Starts, measured.Attempts = l, sc.Starts, sc.Attempts
	measured.Findings = results.Findings(
		verdict.Judge(verdict.Setting{Questions: []verdict.Question{account.Question()}}, nil))
	was := *sc
	*sc = measured
	quarantined(sc, []results.Scenario{was})
	s.Latency = &sc.Latency
	a.Judged += len(sc.Findings)
	return nil
}

// account measures a server's calls anew, and counts them.
func (a *again) account(s *results.Server, l *results.Load) (*load.Account, int, error) {
	shape, err := load.ParseShape(l.Shape)
	if err != nil {
		shape = load.Shape{} // of a replay: what a shape adds is measured, and not judged
	}
	demands, err := thresholds(l.Setting.Thresholds)
	if err != nil {
		return nil, 0, err
	}
	account := &load.Account{Metrics: load.NewMetrics(shape), Load: l, Thresholds: demands,
		Mock: s.Target.Kind == "mock"}
	n := 0
	err = a.stored.Each(func(server string, c *history.Call) error {
		if server == s.Server && c.Planned() {
			n++
			account.Replayed(*c, a.stored.Ours != nil && a.stored.Ours(c))
		}
		return nil
	})
	return account, n, err
}
