package promise

import (
	"math"
	"sort"
	"time"
)

// A Meter is what an honest server that answers at once still grants by one law to
// one key. Instants are of any clock, and must not go backwards. A Meter is not safe
// for concurrent use.
type Meter struct {
	law   Law
	now   time.Duration
	level float64         // Bucket: tokens, as if they flowed
	open  time.Duration   // Window that is Fixed: when the last one opened
	taken []time.Duration // Window, Quota, Cap: when each unit was, in order, as far back as it matters
}

// NewMeter returns the meter of a law whose counter nobody has taken from yet.
func NewMeter(l Law) *Meter { return &Meter{law: l, level: float64(l.N)} }

// Left returns how many units are certainly granted at an instant, and how many may
// be. The two differ where nobody can know when a window begins or tokens come. A
// bucket's have fractions; a request of one unit needs a whole one.
func (m *Meter) Left(at time.Duration) (sure, may float64) {
	m.advance(at)
	n, step := float64(m.law.N), float64(m.law.Step)
	switch m.law.Kind {
	case Bucket:
		return max(0, m.level-step), min(n, m.level+step)
	case Window:
		switch m.law.Style {
		case Sliding:
			sure = n - m.since(m.law.Every)
			return sure, sure
		case Fixed:
			sure = n
			if m.isOpen() {
				sure -= m.after(m.open)
			}
			return sure, sure
		}
	}
	// Where windows lie by the server's clock, one may have begun just now, and may
	// as well reach back as far as it is long.
	return max(0, n-m.since(m.law.Refilled())), n - m.since(0)
}

// Take counts a request of so many units at an instant, and reports if it may have
// been granted: one that surely wasn't takes nothing.
func (m *Meter) Take(at time.Duration, units int) bool {
	if _, may := m.Left(at); may < float64(units) {
		return false
	}
	if m.law.Kind == Bucket {
		m.level = max(0, m.level-float64(units))
		return true
	}
	if !m.isOpen() {
		m.open = at
	}
	for range units {
		m.taken = append(m.taken, at)
	}
	return true
}

// Rested returns the earliest instant from at on at which, without another request,
// nothing that was taken before matters any more: Left is N then, surely.
func (m *Meter) Rested(at time.Duration) time.Duration {
	m.advance(at)
	switch {
	case m.law.Kind == Bucket && m.level == float64(m.law.N):
		return at
	case m.law.Kind == Bucket && m.law.Step > 0:
		fills := math.Ceil((float64(m.law.N)-m.level)/float64(m.law.Step)) + 1
		return at + time.Duration(fills)*m.law.Every
	case m.law.Kind == Bucket:
		return at + seconds((float64(m.law.N)-m.level)/m.law.Rate)
	case len(m.taken) == 0:
		return at
	case m.law.Style == Fixed && m.law.Kind == Window:
		return max(at, m.open+m.law.Every)
	}
	return max(at, m.taken[len(m.taken)-1]+m.law.Refilled())
}

// advance lets time go by.
func (m *Meter) advance(at time.Duration) {
	if m.law.Kind == Bucket {
		rate := m.law.Rate
		if m.law.Step > 0 {
			rate = float64(m.law.Step) / m.law.Every.Seconds()
		}
		m.level = min(float64(m.law.N), m.level+rate*(at-m.now).Seconds())
	}
	m.now = at
	for len(m.taken) > 0 && m.taken[0] < at && at-m.taken[0] >= m.law.Refilled() {
		m.taken = m.taken[1:]
	}
}

// isOpen reports if the last window that opened with a request hasn't closed yet.
func (m *Meter) isOpen() bool { return len(m.taken) > 0 && m.now < m.open+m.law.Every }

// since counts the units of the last span, those of its beginning apart; those of
// this very instant count always.
func (m *Meter) since(span time.Duration) float64 {
	first := sort.Search(len(m.taken), func(k int) bool { return m.taken[k] > m.now-span || m.taken[k] == m.now })
	return float64(len(m.taken) - first)
}

// after counts the units from an instant on.
func (m *Meter) after(from time.Duration) float64 {
	first := sort.Search(len(m.taken), func(k int) bool { return m.taken[k] >= from })
	return float64(len(m.taken) - first)
}
