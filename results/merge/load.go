package merge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// loadOf is a part's load, in its scenario.
func loadOf(p Part) (*results.Scenario, *results.Load) {
	list := p.server().Scenarios
	i := slices.IndexFunc(list, func(sc results.Scenario) bool { return sc.Load != nil })
	return &list[i], list[i].Load
}

// load measures the parts of a load together, and judges what comes of it.
func (w *Whole) load(sorted []Part, missing []string, of int) error {
	var measures []*results.LoadMeasures
	for _, p := range sorted {
		_, l := loadOf(p)
		if l.Measures == nil || l.Setting == nil {
			return fmt.Errorf("%s has no measures to be put together", p.Name)
		}
		measures = append(measures, l.Measures)
	}
	sc, first := loadOf(sorted[0])
	shape, err := load.ParseShape(first.Shape)
	if err != nil {
		shape = load.Shape{} // of a replay
	}
	m, err := load.Join(shape, measures)
	if err != nil {
		return err
	}
	if shape.Burst.Size > 0 {
		if err := recovers(m, sorted); err != nil {
			return err
		}
	}
	l, err := sum(sorted)
	if err != nil {
		return err
	}
	l.Outcomes, l.Tools, l.Failures, l.Series, l.Recovery = nil, nil, nil, nil, nil
	if err := m.Report(l); err != nil {
		return err
	}
	if first.Setting.Closed {
		l.Generator.InFlight = m.Flight(time.Duration(l.Seconds * 1e9)).Mean()
	}
	account := &load.Account{Metrics: m, Load: l, Mock: sorted[0].server().Target.Kind == "mock"}
	for _, text := range first.Setting.Thresholds {
		th, err := verdict.ParseThreshold(text)
		if err != nil {
			return err
		}
		account.Thresholds = append(account.Thresholds, th)
	}
	s := &w.Document.Servers[0]
	out := m.Scenario(sc.Scenario, l.Seconds)
	if err := counted(sorted, out.Calls); err != nil {
		return err
	}
	out.Load = l
	findings := verdict.Judge(verdict.Setting{Questions: []verdict.Question{account.Question()}}, nil)
	out.Findings = results.Findings(append(findings, whole(missing, of), w.together(sorted)))
	s.Scenarios, s.Latency = []results.Scenario{out}, &out.Latency
	return nil
}

// recovers has the recovery from bursts measured, which rests on the order of calls.
// Each part counts from when its plan began, as all others do.
func recovers(m *load.Metrics, sorted []Part) error {
	return joint(sorted, func(i int, c *history.Call) {
		began := time.Duration(sorted[i].shard().BeganNS)
		c.Due, c.Sent, c.Received = c.Due-began, c.Sent-began, c.Received-began
		if sorted[i].Ours != nil && sorted[i].Ours(c) {
			c.Outcome = history.Unsent
		}
	}, func(c *history.Call) error {
		m.Recovers(*c)
		return nil
	})
}

// sum puts together what the parts say beside their calls.
func sum(sorted []Part) (*results.Load, error) {
	_, first := loadOf(sorted[0])
	l, set := *first, *first.Setting
	l.Measures, l.Setting, l.Server, l.Client, l.Integrity, l.Schema = nil, &set, nil, nil, nil, nil
	l.Seconds, l.Sessions, l.Connections, l.Streams, l.Processes, l.Stopped = 0, 0, 0, 0, 0, ""
	l.Setup, l.Generator = results.LoadSetup{}, results.LoadGenerator{}
	set = results.LoadSetting{AskedNS: set.AskedNS, Closed: set.Closed, Thresholds: set.Thresholds, Echo: set.Echo,
		Schema:  set.Schema,
		Aborted: set.Aborted}
	said := texts{of: len(sorted)}
	for _, p := range sorted {
		_, o := loadOf(p)
		nth, g, e := p.shard().Part, o.Generator, o.Setting
		l.Seconds = max(l.Seconds, o.Seconds)
		l.Sessions, l.Connections = l.Sessions+o.Sessions, l.Connections+o.Connections
		l.Streams, l.Processes = l.Streams+o.Streams, l.Processes+o.Processes
		l.Setup.Failed, l.Setup.Reopened = l.Setup.Failed+o.Setup.Failed, l.Setup.Reopened+o.Setup.Reopened
		l.Generator.CPU, l.Generator.Cores, l.Generator.Peak = l.Generator.CPU+g.CPU, l.Generator.Cores+g.Cores,
			l.Generator.Peak+g.Peak
		if g.GC.Max > l.Generator.GC.Max {
			l.Generator.GC = g.GC
		}
		said.add(&l.Generator.Limited, nth, g.Limited)
		said.add(&l.Generator.Starved, nth, g.Starved)
		if g.Starved == "" && g.CPU > load.Busy*float64(g.Cores) {
			said.add(&l.Generator.Starved, nth, fmt.Sprintf("used %.2f of %d processors", g.CPU, g.Cores))
		}
		said.add(&l.Stopped, nth, o.Stopped)
		said.add(&set.Missed, nth, e.Missed)
		set.InFlight, set.Wanted = set.InFlight+e.InFlight, set.Wanted+e.Wanted
		set.Spoilt, set.Touched, set.Lacked, set.Nonces = set.Spoilt+e.Spoilt, set.Touched+e.Touched, set.Lacked+
			e.Lacked, set.Nonces+e.Nonces
		set.StallNS, set.Gone = max(set.StallNS, e.StallNS), set.Gone || e.Gone
		set.Shaped += e.Shaped
		addIntegrity(&l, o.Integrity)
		addSchema(&l, o.Schema)
		addClient(&l, o.Client)
	}
	return &l, spans(&l, sorted)
}

// A texts joins what parts say.
type texts struct{ of int }

func (t texts) add(to *string, nth int, text string) {
	if text == "" {
		return
	}
	if *to != "" {
		*to += "; "
	}
	if t.of > 1 && !strings.HasPrefix(text, load.Interrupted) {
		text = fmt.Sprintf("shard %d: %s", nth, text)
	}
	*to += text
}

func addIntegrity(l *results.Load, o *results.LoadIntegrity) {
	if o == nil {
		return
	}
	if l.Integrity == nil {
		l.Integrity = &results.LoadIntegrity{}
	}
	i := l.Integrity
	i.Checked, i.CrossTalk, i.Missing = i.Checked+o.Checked, i.CrossTalk+o.CrossTalk, i.Missing+o.Missing
	i.Duplicates, i.Lost = i.Duplicates+o.Duplicates, i.Lost+o.Lost
}

func addSchema(l *results.Load, o *results.LoadSchema) {
	if o == nil {
		return
	}
	if l.Schema == nil {
		l.Schema = &results.LoadSchema{}
	}
	s := l.Schema
	s.Checked, s.Wrong = s.Checked+o.Checked, s.Wrong+o.Wrong
	for _, b := range o.Breaches {
		k := slices.IndexFunc(s.Breaches, func(x results.LoadBreach) bool {
			return x.Row == b.Row && x.Method == b.Method
		})
		if k < 0 {
			s.Breaches = append(s.Breaches, b)
			continue
		}
		s.Breaches[k].Count += b.Count
	}
}

func addClient(l *results.Load, o *results.LoadClient) {
	if o == nil {
		return
	}
	if l.Client == nil {
		l.Client = &results.LoadClient{}
	}
	c := l.Client
	c.Answers, c.Listened, c.Ended = c.Answers+o.Answers, c.Listened+o.Listened, c.Ended+o.Ended
	c.Broke, c.Resumed = c.Broke+o.Broke, c.Resumed+o.Resumed
}

// spans puts the distributions together of what isn't a call.
func spans(l *results.Load, sorted []Part) error {
	for name, to := range map[string]*results.Quantiles{load.SpanPacing: &l.Generator.Pacing,
		load.SpanHandshake: &l.Setup.Handshake,
		load.SpanConnect:   &l.Setup.Connect, load.SpanTLS: &l.Setup.TLS, load.SpanFirstByte: &l.Setup.FirstByte,
		load.SpanDelay: delayOf(l), load.SpanStreamEnd: endOf(l)} {
		var h load.Histogram
		for _, p := range sorted {
			_, o := loadOf(p)
			if err := h.MergeDistribution(o.Measures.Spans[name]); err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
		}
		*to = h.Quantiles()
	}
	return nil
}

func delayOf(l *results.Load) *results.Quantiles {
	if l.Client == nil {
		return &results.Quantiles{}
	}
	return &l.Client.Delay
}

func endOf(l *results.Load) *results.Quantiles {
	if l.Client == nil {
		return &results.Quantiles{}
	}
	return &l.Client.StreamEnd
}
