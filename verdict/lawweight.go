package verdict

import (
	"math"
	"sort"
)

// Of a counter whose last window fades out, phases are tried in so many steps, and on
// histories of no more stakes than these: each is tried with each.
const (
	weightCells = 250
	mostWeighed = 4000
)

// overweight rules out boundaries of a fading counter's windows at which an admitted call
// surely found more than N: those of its own window and, of the window before, the part
// that hasn't faded by the call's reply. Limiters that cut fractions off count less, so
// that part is taken in whole units.
func (c *counter) overweight(p *phaseSet) {
	sure, length := c.sure(), int64(c.law.Every)
	if len(sure) > mostWeighed {
		return
	}
	w := &weighing{counter: c, units: newSums(len(sure)), sentSum: []int{0}, replySum: []int{0}}
	for _, i := range sure {
		w.sent = append(w.sent, c.stakes[i].sent)
		w.sentSum = append(w.sentSum, w.sentSum[len(w.sentSum)-1]+int(c.stakes[i].least))
	}
	cell := max(1, length/weightCells)
	for _, k := range c.byReply(sure) {
		s := &c.stakes[sure[k]]
		w.units.add(int(k), int(s.least))
		w.replies = append(w.replies, s.received)
		w.replySum = append(w.replySum, w.replySum[len(w.replySum)-1]+int(s.least))
		from := int64(never)
		for at := s.received - length + 1; at <= s.sent; at += cell {
			if w.tooMany(at, min(at+cell-1, s.sent), s.received) {
				from = min(from, at)
				continue
			}
			if from != never {
				p.add(from, at-1, ruledOut{refusal: s.call})
				from = never
			}
		}
		if from != never {
			p.add(from, s.sent, ruledOut{refusal: s.call})
		}
	}
}

// weighing is what was surely counted by a reply, which moves on.
type weighing struct {
	*counter
	sent     []int64 // of all that are sure, in order, and the units before each
	sentSum  []int
	units    *sums   // of what is answered by now, by its place in sent
	replies  []int64 // of the same, in order, and the units before each
	replySum []int
}

// tooMany reports if more than N surely counted at an instant, wherever in [w1, w2] the
// window begins that it lies in.
func (w *weighing) tooMany(w1, w2, at int64) bool {
	length := int64(w.law.Every)
	own := w.units.from(sort.Search(len(w.sent), func(k int) bool { return w.sent[k] >= w2 }))
	// Answered before the window began, less what may belong to one before the last.
	last := w.replySum[sort.Search(len(w.replies), func(k int) bool { return w.replies[k] >= w1 })]
	last -= w.sentSum[sort.Search(len(w.sent), func(k int) bool { return w.sent[k] >= w2-length })]
	faded := float64(at-w1+int64(w.clocks.Tick)) / float64(length) * (1 + w.clocks.Drift)
	return own+int(math.Floor(max(0, 1-faded)*float64(max(0, last))+1e-9)) > w.law.N
}
