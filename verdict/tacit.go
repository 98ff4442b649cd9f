package verdict

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// settled is how long after the answer to a later call the server must have
// decided a message that nothing answers.
const settled = 50 * time.Millisecond

// A tacit is a mark of a message that nothing answers, such as a notification,
// and the instant at which it was certainly out.
//
// When was it decided? No instant of our own tells: a server that stands still
// decides it when it goes on, and one that takes messages in at once may charge
// them later. But it has gone on, and caught up, once it answers a call that was
// sent after the message was out. That is the instant that counts, with a little
// room for the order of its threads; until then it may still be charged.
type tacit struct {
	mark int32
	out  int64
}

// settle works out until when the tacit marks may be decided.
func (b *bucket) settle() {
	if len(b.tacit) == 0 {
		return
	}
	answered := make([]*mark, 0, len(b.marks))
	for i := range b.marks {
		if m := &b.marks[i]; !m.tacit && m.received != never {
			answered = append(answered, m)
		}
	}
	slices.SortFunc(answered, func(x, y *mark) int { return cmp.Compare(x.sent, y.sent) })
	first := make([]int64, len(answered)+1) // the first answer to one of the calls from here on
	first[len(answered)] = never
	for i := len(answered) - 1; i >= 0; i-- {
		first[i] = min(first[i+1], answered[i].received)
	}
	early := int64(b.evidence.clocks.Error)
	for _, t := range b.tacit {
		later := sort.Search(len(answered), func(i int) bool { return answered[i].sent-early >= t.out+early })
		b.marks[t.mark].received = first[later]
		if first[later] < never-int64(settled) {
			b.marks[t.mark].received += int64(settled)
		}
	}
}
