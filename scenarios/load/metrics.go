package load

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// outcomes is how many history.Outcome values there are.
const outcomes = int(history.ClosedIdle) + 1

// Handshake is the label of the calls that set a session up. They are no part
// of the load.
const Handshake = history.Handshake

// Metrics measure a run while it goes on, in memory that doesn't grow with it.
// The methods may be called from several goroutines.
type Metrics struct {
	mu       sync.Mutex
	tools    map[string]*Tool
	late     Histogram
	series   series
	recovery *recovery // nil without bursts
	reasons  reasons
	crossed  crossings
	result   time.Duration   // the last end of a call that got a result
	due      time.Duration   // the last due instant
	since    [outcomes]int64 // of what ended after the last result
	service  time.Duration   // of all calls that were sent, together
	queued   time.Duration   // from due to sent, likewise
	part     *planPart       // nil where this is no part of a plan
}

// A Tool is what came of the calls of one tool, or of one method that is no
// tool.
type Tool struct {
	Count    [outcomes]int64
	Response Histogram // from due: results
	Service  Histogram // from sent: results
	GaveUp   Histogram // from due: calls that timed out
	Refused  Histogram // from due: refusals
}

// Waited is what callers waited who got a result, or gave up. A caller that
// gave up would have waited longer still, so that a server can't better its
// latency by not answering.
func (t *Tool) Waited() *Histogram {
	h := &Histogram{}
	h.Merge(&t.Response)
	h.Merge(&t.GaveUp)
	return h
}

// NewMetrics returns metrics of a run of one shape, which may be Shape{}.
func NewMetrics(s Shape) *Metrics {
	m := &Metrics{tools: map[string]*Tool{}, reasons: reasons{}, series: newSeries()}
	if s.Burst.Size > 0 {
		m.recovery = newRecovery(s)
	}
	return m
}

// Add takes in a call that has ended. What no plan has is passed over.
func (m *Metrics) Add(c history.Call) {
	if !c.Planned() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tool(cmp.Or(c.Tool, c.Method))
	t.Count[min(int(c.Outcome), outcomes-1)]++
	m.due = max(m.due, c.Due)
	if c.Outcome != history.Unsent {
		m.late.Record(c.Late())
		m.service += c.Service()
		m.queued += c.Late()
		m.since[min(int(c.Outcome), outcomes-1)]++
	}
	switch c.Outcome {
	case history.OK:
		m.result = max(m.result, c.Received)
		m.since = [outcomes]int64{}
		t.Response.Record(c.Response())
		t.Service.Record(c.Service())
	case history.TimedOut:
		t.GaveUp.Record(c.Response())
	case history.Limited:
		t.Refused.Record(c.Response())
	}
	if c.Outcome != history.OK {
		m.reasons.add(c.Outcome, c.Detail, 1)
	}
	m.crossed.add(&c)
	m.series.add(c)
	if m.part != nil {
		m.part.add(&c)
	}
	if m.recovery != nil {
		m.recovery.add(c)
	}
}

func (m *Metrics) tool(name string) *Tool {
	t := m.tools[name]
	if t == nil {
		t = &Tool{}
		m.tools[name] = t
	}
	return t
}

// Total is what came of all calls of one tool, or of all where tool is empty.
// It is a copy.
func (m *Metrics) Total(tool string) *Tool {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum := &Tool{}
	for name, t := range m.tools {
		if tool == "" || tool == name {
			sum.merge(t)
		}
	}
	return sum
}

// Merge takes in what other metrics hold but their series and recovery, which
// belong to one run.
func (m *Metrics) Merge(o *Metrics) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, t := range o.tools {
		m.tool(name).merge(t)
	}
	m.late.Merge(&o.late)
	for why, t := range o.reasons {
		m.reasons.add(why.outcome, t.detail, t.n)
	}
	m.crossed.merge(&o.crossed)
	m.result, m.due = max(m.result, o.result), max(m.due, o.due)
}

func (t *Tool) merge(o *Tool) {
	for i, n := range o.Count {
		t.Count[i] += n
	}
	t.Response.Merge(&o.Response)
	t.GaveUp.Merge(&o.GaveUp)
	t.Service.Merge(&o.Service)
	t.Refused.Merge(&o.Refused)
}

// Of is the number of calls with an outcome.
func (t *Tool) Of(o history.Outcome) int64 { return t.Count[o] }

// Sent is the number of calls that left us.
func (t *Tool) Sent() int64 {
	n := int64(0)
	for o, count := range t.Count {
		if history.Outcome(o) != history.Unsent {
			n += count
		}
	}
	return n
}

// Counts sums the outcomes up as documents spell them.
func (t *Tool) Counts() results.Counts {
	sent := t.Sent()
	c := results.Counts{
		Planned: int(sent + t.Of(history.Unsent)), Sent: int(sent),
		Admitted: int(t.Of(history.OK)), Limited: int(t.Of(history.Limited)),
		Failed: int(t.Of(history.ToolError) + t.Of(history.Rejected) + t.Of(history.Broken)),
	}
	c.ClosedIdle = int(t.Of(history.ClosedIdle))
	c.Unknown = c.Sent - c.Admitted - c.Limited - c.Failed
	return c
}

// byName is the count of every outcome that there was.
func (t *Tool) byName() map[string]int64 {
	m := map[string]int64{}
	for o, n := range t.Count {
		if n > 0 {
			m[history.Outcome(o).String()] = n
		}
	}
	return m
}

// Errors is the share of the calls sent that got no result, refusals among
// them.
func (t *Tool) Errors() float64 { return t.share(t.Sent() - t.Of(history.OK)) }

func (t *Tool) share(n int64) float64 {
	if t.Sent() == 0 {
		return 0
	}
	return float64(n) / float64(t.Sent())
}

// Late is how late calls were sent: our own fault. It is a copy.
func (m *Metrics) Late() *Histogram {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := &Histogram{}
	h.Merge(&m.late)
	return h
}

// Report fills in what was measured here. The seconds are those in which
// calls were due.
func (m *Metrics) Report(l *results.Load) error {
	total := m.Total("")
	m.mu.Lock()
	defer m.mu.Unlock()
	waited := total.Waited()
	encoded, err := waited.Encoded()
	if err != nil {
		return err
	}
	l.HDR, l.Outcomes = encoded, total.byName()
	l.Waited, l.Service = waited.Quantiles(), total.Service.Quantiles()
	l.Generator.Late = m.late.Quantiles()
	for _, name := range slices.Sorted(maps.Keys(m.tools)) {
		t := m.tools[name]
		l.Tools = append(l.Tools, results.LoadTool{Tool: name, Calls: t.Counts(), Outcomes: t.byName(),
			Waited: t.Waited().Quantiles(), Service: t.Service.Quantiles()})
	}
	l.Failures = m.reasons.frequent(10)
	l.Series = m.series.points()
	if m.recovery != nil {
		l.Recovery = m.recovery.report(m.due)
	}
	return nil
}

// Scenario is the run as a scenario of the result document, without findings.
func (m *Metrics) Scenario(name string, seconds float64) results.Scenario {
	total := m.Total("")
	s := results.Scenario{
		Scenario: name,
		Calls:    total.Counts(),
		Latency:  results.Latencies{Admitted: total.Response.Quantiles(), Limited: total.Refused.Quantiles()},
		Late:     m.Late().Quantiles(),
		Rate:     results.Achieved{Seconds: seconds},
	}
	if seconds > 0 {
		s.Rate.Offered = float64(s.Calls.Sent) / seconds
		s.Rate.Admitted = float64(s.Calls.Admitted) / seconds
	}
	return s
}
