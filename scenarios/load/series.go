package load

import (
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
}

func newSeries() series { return series{step: time.Second} }

// add takes in a call. One that is handed over after its interval has closed
// counts in the open one.
func (s *series) add(c history.Call) {
	for i := int64(c.Received / s.step); s.index < i; i = int64(c.Received / s.step) {
		s.close()
	}
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
	if n := s.now; n.OK+n.Refused+n.Failed+n.Unsent+n.ClosedIdle > 0 {
		list = append(list, s.point())
	}
	return list
}
