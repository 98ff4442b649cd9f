package live

import (
	"fmt"
	"strings"
	"time"
)

// A snapshot is one server as it stands at an instant.
type snapshot struct {
	name, stage                     string
	number, stages                  int // the stage's place, from 1, and how many there are
	done, planned                   int
	admitted, refused, failed, idle int
	rates                           [3]float64 // a second, of the three above, over the last two seconds
	p50, p99                        time.Duration
	samples                         int64
	level, burst                    float64
	limited                         bool   // a limit is known
	taken                           string // of each law
	left                            time.Duration
	note                            string // what it is about while no call tells
}

// snapshots are all servers at an instant, in the order in which they came.
func (b *Board) snapshots(now time.Time) []snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]snapshot, len(b.rows))
	for i, r := range b.rows {
		list[i] = r.snapshot(now)
	}
	return list
}

// snapshot needs the board's mu.
func (r *row) snapshot(now time.Time) snapshot {
	at := max(0, now.Sub(r.Began))
	s := snapshot{
		name: r.Name, stage: r.stage, stages: len(r.Stages), planned: r.planned,
		done:     r.admitted + r.refused + r.failed + r.idle,
		admitted: r.admitted, refused: r.refused, failed: r.failed, idle: r.idle,
		burst: r.Burst, limited: r.Rate > 0,
	}
	for i, st := range r.Stages {
		if st.Name == r.stage {
			s.number = i + 1 // of one that is repeated, the last time
		}
	}
	if s.number == 0 {
		s.stages = 0
	}
	if r.note != "" {
		s.stage, s.stages, s.note = r.note, 0, r.note
	}
	if s.limited {
		s.level = r.levelAt(at)
	}
	s.taken = r.taken(max(at, r.last))
	s.rates = r.rates(at)
	if s.samples = r.latency.TotalCount(); s.samples > 0 {
		s.p50 = time.Duration(r.latency.ValueAtQuantile(50)) * time.Microsecond
		s.p99 = time.Duration(r.latency.ValueAtQuantile(99)) * time.Microsecond
	}
	if n := len(r.Stages); n > 0 && s.done < s.planned {
		s.left = max(0, r.Stages[n-1].End-at)
	}
	return s
}

// rates are events a second over the last whole slots.
func (r *row) rates(at time.Duration) (rates [3]float64) {
	current := int64(at / slot) // not whole yet
	whole := min(current, slots-1)
	if whole == 0 {
		return rates
	}
	span := (time.Duration(whole) * slot).Seconds()
	for _, s := range r.recent {
		if current-whole <= s.at && s.at < current {
			rates[0] += float64(s.admitted) / span
			rates[1] += float64(s.refused) / span
			rates[2] += float64(s.failed) / span
		}
	}
	return rates
}

// Line sums up all servers in one line of text, for logs.
func (b *Board) Line(now time.Time) string {
	var sum snapshot
	var notes []string
	servers := b.snapshots(now)
	for _, s := range servers {
		if s.note != "" {
			notes = append(notes, s.name+": "+s.note)
		}
		sum.done += s.done
		sum.planned += s.planned
		sum.admitted += s.admitted
		sum.refused += s.refused
		sum.failed += s.failed
		sum.idle += s.idle
		sum.left = max(sum.left, s.left)
	}
	if sum.done == 0 && len(notes) > 0 {
		const most = 3
		return strings.Join(notes[:min(len(notes), most)], "; ")
	}
	text := fmt.Sprintf("%d", sum.done)
	if sum.planned > 0 {
		text += fmt.Sprintf(" of %d", sum.planned)
	}
	text += fmt.Sprintf(" calls done, %d admitted, %d refused, %d failed", sum.admitted, sum.refused, sum.failed)
	if sum.idle > 0 {
		text += fmt.Sprintf(", %d closed while idle", sum.idle)
	}
	if sum.left > 0 {
		text += fmt.Sprintf(", about %s left", sum.left.Round(time.Second))
	}
	return text
}
