package load

import (
	"math"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// maxPoints bounds the series: beyond it, neighbours are put together and the
// interval doubles.
const maxPoints = 3600

// A series is what happened in each interval, by the instant at which a call
// ended.
type series struct {
	step   time.Duration
	closed []results.LoadInterval
	now    results.LoadInterval
	index  int64 // of the interval that is open
	wait   Histogram

	// closing takes every interval that ends, where they are kept elsewhere and never put
	// together; nil: they are kept here.
	closing func(results.LoadInterval, *Histogram)
	// kept is where they are kept then: what may still be counted in one that has ended.
	kept func(index int64) (due *int64, inFlight *float64)
}

func newSeries() series { return series{step: time.Second} }

// add takes in a call. One that is handed over after its interval has closed
// counts in the open one.
func (s *series) add(c history.Call) {
	for i := int64(c.Received / s.step); s.index < i; i = int64(c.Received / s.step) {
		s.close()
	}
	s.spread(c)
	switch c.Outcome {
	case history.OK:
		s.now.OK++
		s.wait.Record(c.Response())
	case history.Limited:
		s.now.Refused++
	case history.Unsent:
		s.now.Unsent++
	case history.ClosedIdle:
		s.now.ClosedIdle++
	default:
		s.now.Failed++
	}
}

// spread counts a call in the interval in which it was due, and for as long as it was
// under way in each.
func (s *series) spread(c history.Call) {
	if due, _ := s.at(c.Due); due != nil {
		*due++
	}
	if c.Outcome == history.Unsent {
		return
	}
	for from := max(c.Sent, 0); from < c.Received; {
		next := min((from/s.step+1)*s.step, c.Received)
		if _, inFlight := s.at(from); inFlight != nil {
			*inFlight += float64(next-from) / float64(s.step)
		}
		from = next
	}
}

// at is what is counted in the interval of an instant, which is the open one at the
// latest: calls come when they have ended.
func (s *series) at(when time.Duration) (due *int64, inFlight *float64) {
	switch i := int64(when / s.step); {
	case when < 0:
		return nil, nil
	case i >= s.index:
		return &s.now.Due, &s.now.InFlight
	case s.kept != nil:
		return s.kept(i)
	default:
		return &s.closed[i].Due, &s.closed[i].InFlight
	}
}

// close closes the open interval.
func (s *series) close() {
	if s.closing != nil {
		s.closing(s.now, &s.wait)
	} else {
		s.closed = append(s.closed, s.point())
	}
	s.now = results.LoadInterval{}
	s.wait.reset()
	s.index++
	if len(s.closed) < maxPoints {
		return
	}
	for i := range maxPoints / 2 {
		s.closed[i] = s.closed[2*i].With(s.closed[2*i+1])
	}
	s.closed = s.closed[:maxPoints/2]
	s.step *= 2
	s.index = int64(len(s.closed))
}

// point is the open interval as it stands.
func (s *series) point() results.LoadInterval {
	p, q := s.now, s.wait.Quantiles()
	p.At, p.Seconds = (time.Duration(s.index) * s.step).Seconds(), s.step.Seconds()
	p.P50, p.P99, p.Max = q.P50, q.P99, q.Max
	return p
}

// points are all intervals.
func (s *series) points() []results.LoadInterval {
	list := append([]results.LoadInterval{}, s.closed...)
	if n := s.now; n.OK+n.Refused+n.Failed+n.Unsent+n.ClosedIdle+n.Due > 0 {
		list = append(list, s.point())
	}
	for i := range list {
		// Sums of nanoseconds first become what they are in any order: else a tie falls by it.
		list[i].InFlight = math.Round(math.Round(list[i].InFlight*1e12)/1e6) / 1e6
	}
	return list
}
