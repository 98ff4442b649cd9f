package verdict

import (
	"cmp"
	"slices"
)

// A story is a history as hypotheses are held against it: who was let through
// and who was refused, each between two instants.
//
// A hypothesis explains a story if an instant can be chosen for every call,
// between its sending and its reply, so that the hypothesis gives every answer
// that the server gave. Choosing them is the proof that it can have been so;
// that none was found proves nothing, and the hypothesis isn't named.
type story struct {
	calls   []told   // that were let through or refused, by sent
	slack   float64  // tokens that the chosen instants may be off by
	first   int      // calls let through before the first that was refused
	changes []change // when calls come into the server, and when they have left it
}

// A told is one call of a story. Instants are seconds from the first.
type told struct {
	sent, end float64
	admitted  bool
}

// longest is how many calls of a history are looked at for a cause: it is
// worked out for people, who don't wait minutes for it.
const longest = 2000

// newStory takes in the calls of a bucket that surely were let through, at a
// cost, or refused.
func newStory(b *bucket, rate, tolerance float64) *story {
	s := &story{slack: tolerance}
	var took []float64
	for i := range b.marks {
		m := &b.marks[i]
		if m.kind == maybe || m.kind == admitted && m.least == 0 {
			continue
		}
		c := told{b.sent(int32(i)) / 1e9, b.end(int32(i)) / 1e9, m.kind == admitted}
		s.calls = append(s.calls, c)
		took = append(took, c.end-c.sent)
	}
	slices.SortStableFunc(s.calls, func(x, y told) int { return cmp.Compare(x.sent, y.sent) })
	if len(s.calls) == 0 {
		return s
	}
	if s.first = slices.IndexFunc(s.calls, func(c told) bool { return !c.admitted }); s.first < 0 {
		s.first = len(s.calls)
	}
	// An admission is put as early as it can have been. What a bucket fills up
	// meanwhile is what it can be off by, and it is never more than half a token.
	slices.Sort(took)
	s.slack = min(0.5, s.slack+2*rate*took[len(took)*9/10])
	s.changes = s.line(0)
	return s
}

// A change is an instant at which a call comes into the server, or has left it.
type change struct {
	at   float64
	call int
	left bool
}

// line lays out all changes in order, where each call may have been decided
// some seconds before its sending and after its reply, too.
func (s *story) line(spare float64) []change {
	list := make([]change, 0, 2*len(s.calls))
	for i, c := range s.calls {
		list = append(list, change{c.sent - spare, i, false}, change{c.end + spare, i, true})
	}
	slices.SortStableFunc(list, func(x, y change) int {
		if x.at == y.at && x.left != y.left {
			if y.left {
				return -1
			}
			return 1
		}
		return cmp.Compare(x.at, y.at)
	})
	return list
}

// unexplained leads a model through the story and returns the calls for which
// no instant was found, in order; no more than most and one more. A call that is
// unexplained changes nothing in the model, unless that mends itself. Spare is how
// many seconds the model's own instants may be off by.
func (s *story) unexplained(m model, spare float64, most int) (odd []int) {
	changes := s.changes
	if spare > 0 {
		changes = s.line(spare)
	}
	var waiting []int // calls in the server that aren't decided yet
	for _, c := range changes {
		if !c.left {
			waiting = append(waiting, c.call)
		}
		waiting = s.settle(m, c.at, waiting)
		at := slices.Index(waiting, c.call)
		if !c.left || at < 0 {
			continue
		}
		// Its last instant: here the model may be a little off.
		waiting = slices.Delete(waiting, at, at+1)
		if s.gives(c.call, m.level(c.at), s.slack) {
			m.saw(c.at, s.calls[c.call].admitted)
			continue
		}
		if f, ok := m.(*flow); ok && f.mends {
			f.mend(s.calls[c.call].admitted)
		}
		if odd = append(odd, c.call); len(odd) > most {
			return odd
		}
	}
	return odd
}

// settle decides what can be decided at an instant, and returns what can't:
// whoever was let through is while there is a token, and whoever was refused once
// there is none.
func (s *story) settle(m model, at float64, waiting []int) []int {
	for {
		level, next := m.level(at), -1
		for k, i := range waiting {
			if s.gives(i, level, 0) && (next < 0 || s.calls[i].end < s.calls[waiting[next]].end) {
				next = k
			}
		}
		if next < 0 {
			return waiting
		}
		m.saw(at, s.calls[waiting[next]].admitted)
		waiting = slices.Delete(waiting, next, next+1)
	}
}

// gives reports if a level gives a call the answer that it got.
func (s *story) gives(call int, level, slack float64) bool {
	if s.calls[call].admitted {
		return level >= 1-slack-1e-9
	}
	return level < 1+slack
}

// span is the time from the first call to the last, in seconds.
func (s *story) span() float64 {
	if len(s.calls) == 0 {
		return 0
	}
	return s.calls[len(s.calls)-1].sent - s.calls[0].sent
}
