package results

import (
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/internal/words"
)

// seriesRows is how many rows the series has at most.
const seriesRows = 10

// loadSeries adds how it went over time, in a few rows.
func (s *view) loadSeries() error {
	_, sc := s.doc.load()
	due, late := sc.Load.intervals()
	if len(due) < 3 {
		return nil
	}
	s.heading("over time")
	every := (len(due) + seriesRows - 1) / seriesRows
	g := &grid{header: []string{"from", "results/s", "refused/s", "failed/s", "closed while idle/s", "unsent/s",
		"p50 ms", "p99 ms", "max ms"}}
	for _, p := range append(inRows(due, every), inRows(late, every)...) {
		row := []cell{{text: words.Span(time.Duration(p.At * 1e9)), right: true}}
		for _, n := range []int64{p.OK, p.Refused, p.Failed, p.ClosedIdle, p.Unsent} {
			row = append(row, cell{text: per(n, p.Seconds), right: true})
		}
		for _, x := range []float64{p.P50, p.P99, p.Max} {
			text := "-"
			if p.OK > 0 {
				text = milli(x)
			}
			row = append(row, cell{text: text, right: true})
		}
		g.rows = append(g.rows, row)
	}
	err := g.without(func(column int) bool { return 2 <= column && column <= 5 && g.all(column, "0") }).draw(s.page)
	if err == nil && every > 1 {
		s.text(0, faint, fmt.Sprintf("a row is %.0f s; its p50 and p99 are the highest of its seconds",
			float64(every)*due[0].Seconds))
	}
	return err
}

// inRows puts so many neighbours each into one.
func inRows(points []LoadInterval, every int) (rows []LoadInterval) {
	for chunk := range slices.Chunk(points, every) {
		p := chunk[0]
		for _, q := range chunk[1:] {
			p = p.With(q)
		}
		rows = append(rows, p)
	}
	return rows
}

// With puts an interval and the next one together. Quantiles can't be added
// up: the higher one stands for both.
func (p LoadInterval) With(q LoadInterval) LoadInterval {
	inFlight := 0.0
	if length := p.Seconds + q.Seconds; length > 0 {
		inFlight = (p.InFlight*p.Seconds + q.InFlight*q.Seconds) / length
	}
	return LoadInterval{
		At: p.At, Seconds: p.Seconds + q.Seconds, Due: p.Due + q.Due, InFlight: inFlight,
		OK: p.OK + q.OK, Refused: p.Refused + q.Refused, Failed: p.Failed + q.Failed, Unsent: p.Unsent + q.Unsent,
		ClosedIdle: p.ClosedIdle + q.ClosedIdle,
		P50:        max(p.P50, q.P50), P99: max(p.P99, q.P99), Max: max(p.Max, q.Max),
	}
}

// fewLate is the share of an interval's calls up to which those that ended
// after it count in it.
const fewLate = 0.05

// intervals are those in which calls were due, and later ones. A few stragglers
// count in the last of the former, but have no say in what half of its callers
// waited.
func (l *Load) intervals() (due, late []LoadInterval) {
	n := len(l.Series)
	for n > 1 && l.Series[n-1].At >= l.Seconds-0.001 {
		n--
	}
	due, late = slices.Clone(l.Series[:n]), l.Series[n:]
	if n == 0 {
		return due, late
	}
	last := &due[n-1]
	if left := l.Seconds - last.At; left > 0.001 && left < last.Seconds {
		last.Seconds = left // it was cut short where the run was
	}
	var sum LoadInterval
	for _, p := range late {
		sum = sum.With(p)
	}
	if float64(sum.calls()) > fewLate*float64(last.calls()) {
		return due, late
	}
	all := last.With(sum)
	all.P50, all.P99, all.Seconds = last.P50, last.P99, last.Seconds
	*last = all
	return due, nil
}

// calls is how many ended in the interval.
func (p LoadInterval) calls() int64 { return p.OK + p.Refused + p.Failed + p.Unsent + p.ClosedIdle }

// per says a number a second.
func per(n int64, seconds float64) string {
	if n == 0 {
		return "0"
	}
	return perSecond(float64(n) / seconds)
}
