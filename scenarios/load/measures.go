package load

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// mostTail is how many calls are remembered one by one that ended after the last
// result: more than it takes to say that a server has stopped giving any.
const mostTail = 2000

// A planPart is what metrics keep besides, so that others can be put together with them.
type planPart struct {
	series    series // of one second each, however many
	intervals []results.IntervalMeasures
	tail      []results.TailCall
	err       error
}

// Split makes metrics keep what it takes to put them together with those of other
// parts of a plan. It is called before the first call is added.
func (m *Metrics) Split() {
	m.part = &planPart{series: newSeries()}
	m.part.series.closing, m.part.series.kept = m.part.close, m.part.kept
}

// add takes in a call.
func (p *planPart) add(c *history.Call) {
	p.series.add(*c)
	if c.Outcome == history.OK {
		p.tail = p.tail[:0]
		return
	}
	if len(p.tail) >= mostTail {
		p.tail = append(p.tail[:0], p.tail[mostTail/2:]...)
	}
	p.tail = append(p.tail, results.TailCall{EndedNS: int64(c.Received), Outcome: c.Outcome.String()})
}

// close keeps an interval that ends.
func (p *planPart) close(n results.LoadInterval, wait *Histogram) {
	waited, err := wait.Distribution()
	p.err = errors.Join(p.err, err)
	p.intervals = append(p.intervals, results.IntervalMeasures{OK: n.OK, Refused: n.Refused, Failed: n.Failed,
		Unsent: n.Unsent, ClosedIdle: n.ClosedIdle, Due: n.Due, InFlight: n.InFlight, Waited: waited})
}

// kept is what may still be counted in an interval that has ended.
func (p *planPart) kept(index int64) (due *int64, inFlight *float64) {
	return &p.intervals[index].Due, &p.intervals[index].InFlight
}

// Distribution is the histogram as documents have it.
func (h *Histogram) Distribution() (results.Distribution, error) {
	if h.N() == 0 {
		return results.Distribution{}, nil
	}
	text, err := h.Encoded()
	return results.Distribution{HDR: text, MaxNS: int64(h.max)}, err
}

// MergeDistribution takes in what a document has of another histogram.
func (h *Histogram) MergeDistribution(d results.Distribution) error {
	if d.HDR == "" {
		return nil
	}
	o, err := hdr.Decode([]byte(d.HDR))
	if err != nil {
		return fmt.Errorf("cannot read a histogram: %w", err)
	}
	if h.h == nil {
		h.h = hdr.New(1, longest, digits)
	}
	if dropped := h.h.Merge(o); dropped > 0 {
		return fmt.Errorf("a histogram holds %d values beyond %s", dropped, time.Duration(longest))
	}
	h.max = max(h.max, time.Duration(d.MaxNS))
	return nil
}

// Measures are the metrics of a part as documents have them; see Split.
func (m *Metrics) Measures() (*results.LoadMeasures, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	late, err := m.late.Distribution()
	l := &results.LoadMeasures{
		Spans: map[string]results.Distribution{spanLate: late}, Reasons: m.reasons.frequent(maxReasons + 1),
		Harm:     map[string]int64{},
		ResultNS: int64(m.result), DueNS: int64(m.due), Tail: slices.Clone(m.part.tail),
		ServiceNS: int64(m.service), QueuedNS: int64(m.queued), Series: slices.Clone(m.part.intervals),
	}
	open := planPart{}
	open.close(m.part.series.now, &m.part.series.wait)
	l.Series = append(l.Series, open.intervals...)
	errs := []error{err, m.part.err, open.err}
	for _, name := range slices.Sorted(maps.Keys(m.tools)) {
		t := m.tools[name]
		of := results.ToolMeasures{Tool: name, Outcomes: t.byName()}
		for _, d := range []struct {
			h  *Histogram
			to *results.Distribution
		}{{&t.Response, &of.Response}, {&t.Service, &of.Service}, {&t.GaveUp, &of.GaveUp}, {&t.Refused, &of.Refused}} {
			*d.to, err = d.h.Distribution()
			errs = append(errs, err)
		}
		l.Tools = append(l.Tools, of)
		if n := m.crossed.harm(name); n > 0 {
			l.Harm[name] = n
		}
	}
	return l, errors.Join(errs...)
}

// The spans of a document's measures, beside those of calls.
const (
	spanLate      = "late"       // from due to sent
	SpanPacing    = "pacing"     // from due to handed over
	SpanHandshake = "handshake"  // whole set-ups of sessions
	SpanConnect   = "connect"    // connections
	SpanTLS       = "tls"        // their handshakes
	SpanFirstByte = "first_byte" // from sent to a reply's first byte
	SpanDelay     = "delay"      // from requests of the server to our answers
	SpanStreamEnd = "stream_end" // from responses to the ends of their streams
)

// Join puts the measures of all parts together: what it returns is what one run
// would have measured that made all their calls.
func Join(shape Shape, parts []*results.LoadMeasures) (*Metrics, error) {
	m := NewMetrics(Shape{})
	var err error
	for _, p := range parts {
		err = errors.Join(err, m.join(p))
	}
	if err = errors.Join(err, m.joinSeries(parts)); err != nil {
		return nil, err
	}
	for _, p := range parts {
		for _, c := range p.Tail {
			if o, ok := outcomeOf(c.Outcome); ok && time.Duration(c.EndedNS) > m.result && o != history.Unsent {
				m.since[o]++
			}
		}
	}
	if shape.Burst.Size > 0 {
		m.recovery = newRecovery(shape)
	}
	return m, nil
}

// Recovers takes in a call of which only the recovery from bursts is still to be
// measured, since that needs them in the order of their ends.
func (m *Metrics) Recovers(c history.Call) {
	if m.recovery != nil && c.Planned() {
		m.recovery.add(c)
	}
}

// join takes in one part but for its series.
func (m *Metrics) join(p *results.LoadMeasures) (err error) {
	for _, of := range p.Tools {
		t := m.tool(of.Tool)
		for name, n := range of.Outcomes {
			o, ok := outcomeOf(name)
			if !ok {
				return fmt.Errorf("there is no outcome %q", name)
			}
			t.Count[o] += n
		}
		err = errors.Join(err, t.Response.MergeDistribution(of.Response), t.Service.MergeDistribution(of.Service),
			t.GaveUp.MergeDistribution(of.GaveUp), t.Refused.MergeDistribution(of.Refused))
	}
	for _, r := range p.Reasons {
		o, ok := outcomeOf(r.Outcome)
		if !ok {
			return fmt.Errorf("there is no outcome %q", r.Outcome)
		}
		m.reasons.add(o, r.Detail, r.Count)
	}
	if len(p.Harm) > 0 && m.crossed.lost == nil {
		m.crossed.open, m.crossed.lost = map[string]map[string]int64{}, map[string]int64{}
	}
	for tool, n := range p.Harm {
		m.crossed.lost[tool] += n
	}
	m.result, m.due = max(m.result, time.Duration(p.ResultNS)), max(m.due, time.Duration(p.DueNS))
	m.service += time.Duration(p.ServiceNS)
	m.queued += time.Duration(p.QueuedNS)
	return errors.Join(err, m.late.MergeDistribution(p.Spans[spanLate]))
}

// joinSeries puts the intervals together one after the other, as a run does.
func (m *Metrics) joinSeries(parts []*results.LoadMeasures) error {
	last := 0
	for _, p := range parts {
		last = max(last, len(p.Series))
	}
	for i := range last {
		for m.series.index < int64(time.Duration(i)*time.Second/m.series.step) {
			m.series.close()
		}
		for _, p := range parts {
			if i >= len(p.Series) {
				continue
			}
			n, now := p.Series[i], &m.series.now
			now.OK, now.Refused, now.Failed = now.OK+n.OK, now.Refused+n.Refused, now.Failed+n.Failed
			now.Unsent, now.ClosedIdle = now.Unsent+n.Unsent, now.ClosedIdle+n.ClosedIdle
			now.Due += n.Due
			now.InFlight += n.InFlight * float64(time.Second) / float64(m.series.step)
			if err := m.series.wait.MergeDistribution(n.Waited); err != nil {
				return err
			}
		}
	}
	return nil
}

// outcomeOf is the outcome of a name.
func outcomeOf(name string) (history.Outcome, bool) {
	for o := range outcomes {
		if history.Outcome(o).String() == name {
			return history.Outcome(o), true
		}
	}
	return 0, false
}
