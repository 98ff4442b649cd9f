package verdict

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// Handshake is the label of set-up calls. A refusal among them is never held
// against a server: nobody knows what was used before the run began.
const Handshake = history.Handshake

// Cost is what a message takes from a limit's bucket when it is admitted.
func Cost(l *promise.Limit, c *history.Call) (least, most int) {
	if c.Kind == history.Request || c.Kind == history.Notification {
		return l.Cost(c.Method)
	}
	return l.CostAside()
}

// Unsure parts the name of a client from what it sent, where nobody knows if that made it
// another one, as in "c1?X-Forwarded-For": such a call may have cost the client's own
// bucket a token, and where each client is promised one it is held against nobody. Under a
// limit for everybody it is a call like any other, unless it is Opening: what opens a
// session while the bucket is empty, of which few servers do what they say.
const (
	Unsure  = "?"
	Opening = "opening"
)

// never is the end of a call that got no reply: the server may decide it at
// any later instant.
const never = math.MaxInt64

type kind uint8

const (
	admitted kind = iota
	maybe         // may have been admitted, may not
	refused
)

// A mark is what judging needs of one call. It is kept small, so that a
// million calls fit into a few dozen megabytes.
type mark struct {
	sent, received int64 // nanoseconds; received is never where no reply came
	pos            int32 // 1-based position in the history
	kind           kind
	least, most    uint8 // tokens that its admission takes
	tacit          bool  // nothing answers it
}

// Evidence is a history made ready for judging: who decided what, between
// which two instants, and what it cost. It is built once and asked many times.
//
// The zero value is not usable; use Gather or NewEvidence.
type Evidence struct {
	limit    promise.Limit
	split    bool // one bucket a client
	buckets  []*bucket
	byName   map[string]*bucket
	calls    int // calls added, whatever they were
	limited  int // refusals, set-up calls apart
	granted  int // calls certainly admitted
	names    int // bytes of clients' names
	misdated int // calls whose instants contradict each other
	weight   int // tokens that a surely charged call takes: 1, or 2 (see Court)
	clocks   Clocks

	greediest, stingiest *bucket // which said the most and the least when they were asked last
	shared               desk    // on which small buckets are judged, one after the other
}

// NewEvidence returns evidence without any call, for a limit that says what is
// charged and who shares a bucket. Its rate and burst aren't used. It takes
// DefaultClocks for granted; Under says otherwise.
func NewEvidence(limit promise.Limit) *Evidence {
	e := &Evidence{limit: limit, split: limit.Scope == promise.Client, byName: map[string]*bucket{}, weight: 1}
	return e.Under(DefaultClocks())
}

// Gather returns the evidence of a whole history.
func Gather(limit promise.Limit, calls []history.Call) *Evidence {
	return NewEvidence(limit).gather(calls)
}

// Under says how far the clocks may disagree, from now on, and returns the
// evidence. It panics where no clocks can disagree so far; see Clocks.Fault.
func (e *Evidence) Under(c Clocks) *Evidence {
	if fault := c.Fault(); fault != "" {
		panic("verdict: internal error: " + fault)
	}
	e.clocks = c
	for _, b := range e.buckets {
		b.leave()
	}
	return e
}

// Clocks returns how far the clocks may disagree.
func (e *Evidence) Clocks() Clocks { return e.clocks }

// gather takes a whole history in.
func (e *Evidence) gather(calls []history.Call) *Evidence {
	if !e.split {
		e.bucketOf("").marks = make([]mark, 0, len(calls))
	}
	for i := range calls {
		e.Add(i+1, &calls[i])
	}
	return e
}

// Add takes one call in; pos is its 1-based position in the history, by which
// a witness names it. Calls may come in any order. A call that was never sent,
// or whose method costs nothing, says nothing of the limit and isn't kept. Nor
// is a refusal whose instants contradict each other; an admission of that kind
// is taken as one that may have been decided at any time (see Judge).
//
// A refusal is held against the server if the plan has it, and if it is a
// request or surely charged. Of the others nobody knows which limit refused
// them, and this one may have charged them before.
func (e *Evidence) Add(pos int, c *history.Call) {
	if c.Outcome == history.Unsent {
		return
	}
	if c.Kind == history.Request {
		e.calls++
	}
	least, most := Cost(&e.limit, c)
	if least > 0 {
		least, most = e.weight*least, e.weight*most
	}
	m := mark{sent: int64(c.Sent), received: int64(c.Received), pos: int32(pos)}
	misdated := c.Sent < 0 || c.Received < c.Sent && c.Outcome.Answered()
	if misdated {
		e.misdated++
		m.sent, m.received = 0, never
	}
	switch {
	case c.Outcome == history.Limited && c.Planned() && (c.Kind == history.Request || least > 0):
		if misdated {
			return
		}
		m.kind = refused
		e.limited++
	case most == 0:
		return
	case c.Outcome.Admitted() && !misdated:
		m.kind, m.least, m.most = admitted, uint8(least), uint8(most)
		if c.Kind == history.Request {
			e.granted++
		}
	default:
		m.kind, m.most = maybe, uint8(most)
		m.tacit = c.Outcome == history.Unknown && c.Kind != history.Request && !misdated
		if !c.Outcome.Answered() && !m.tacit {
			m.received = never
		}
	}
	b := e.bucketFor(c, &m)
	if b == nil {
		return
	}
	if m.tacit {
		b.tacit = append(b.tacit, tacit{int32(len(b.marks)), max(m.sent, m.received)})
	}
	if len(b.marks) == cap(b.marks) {
		// Half a million clients with a few calls each must fit into memory, and a
		// million calls of one client must not be moved about too often.
		b.marks = slices.Grow(b.marks, max(1, min(len(b.marks)/2+1, 64), len(b.marks)-64))
	}
	b.marks = append(b.marks, m)
	b.leave()
}

// bucketOf returns the bucket that a client draws from, and makes it at its
// first use.
func (e *Evidence) bucketOf(client string) *bucket {
	if !e.split {
		client = ""
	}
	return e.bucketNamed(client)
}

// bucketNamed returns the bucket of a name, and makes it at its first use.
func (e *Evidence) bucketNamed(client string) *bucket {
	b := e.byName[client]
	if b == nil {
		b = &bucket{client: client, evidence: e}
		e.byName[client] = b
		e.names += len(client)
		e.buckets = append(e.buckets, b)
	}
	return b
}

// Calls returns how many calls were sent, free ones and unknown ones included.
func (e *Evidence) Calls() int { return e.calls }

// Names returns how many bytes the names of those take who have a bucket each.
func (e *Evidence) Names() int { return e.names }

// Limited returns how many calls were refused, set-up calls apart.
func (e *Evidence) Limited() int { return e.limited }

// Judgeable reports if there is anything to judge: a call that was certainly
// admitted, or one that was refused.
func (e *Evidence) Judgeable() bool { return e.granted > 0 || e.limited > 0 }

// A bucket is the part of a history that one bucket of the server decided. What
// is derived of its marks lies on a desk, where prepare puts it.
type bucket struct {
	client   string
	marks    []mark
	tacit    []tacit // the marks that nothing answers
	evidence *Evidence
	*desk

	reviewed      bool // since then no call was added, and the clocks are the same
	needs, allows said
	ages          bool    // its instants lie far in the future, where sums run over
	length        float64 // seconds from its first instant to its last, by the fastest clock
}

// A desk holds what is derived of one bucket's marks. A big bucket keeps its own;
// small ones share one, since half a million of them would take a kilobyte each.
type desk struct {
	of         *bucket   // whose marks lie on it; nil where none
	origin     int64     // earliest sent instant: everything is reckoned from it
	early      int64     // how much earlier than it says a call may have been sent
	late       int64     // how much later than it says a call may have been answered
	lag        int64     // how much later than that a token that it took may be missed
	bySent     []int32   // admitted and maybe, by sent
	byReceived []int32   // the same, by received
	rank       []int32   // mark -> its place in byReceived or, for a sweep of admissions, in sure
	sure       []int32   // admitted that certainly cost a token, by sent
	sureEnd    []int32   // the same, by received
	refusals   []int32   // by sent
	times      []int64   // every sent instant, each once, in order
	open       []span32  // of each refusal: the times from its sending to its reply
	level      []float64 // what demand fills in, kept for the next time
	tree       suffixTree
	peaks      maxTree
}

// small is how many calls a bucket may have to be judged on the shared desk.
const small = 256

// A span32 is a stretch of times: from the first to before the second.
type span32 struct{ from, to int32 }

// aside gives a bucket a desk of its own, so that it stays prepared while others are
// looked at, and returns it.
func (b *bucket) aside() *bucket {
	if b.desk == nil || b.desk == &b.evidence.shared {
		b.leave()
		b.desk = new(desk)
	}
	return b
}

// leave says that what lies on the desk is no longer true of the bucket.
func (b *bucket) leave() {
	b.reviewed = false
	if b.desk != nil && b.of == b {
		b.of = nil
	}
}

// prepare sorts. All instants become offsets from the first one, so that
// access logs with epoch nanoseconds keep their precision where they become
// floats. Where small buckets take turns at one desk, each must be prepared anew
// before it is looked at.
func (b *bucket) prepare() {
	b.review()
	switch {
	case b.desk != nil && b.of == b:
		return
	case b.desk == nil && len(b.marks) <= small:
		b.desk = &b.evidence.shared
	case b.desk == nil || b.desk == &b.evidence.shared && len(b.marks) > small:
		b.desk = new(desk)
	}
	b.of = b
	c := b.evidence.clocks
	b.early, b.late, b.lag = int64(c.Error), int64(c.Error), c.lag()
	b.bySent, b.sure, b.refusals = b.bySent[:0], b.sure[:0], b.refusals[:0]
	b.origin = never
	for i := range b.marks {
		b.origin = min(b.origin, b.marks[i].sent)
	}
	for i := range b.marks {
		if b.marks[i].kind == refused {
			b.refusals = append(b.refusals, int32(i))
			continue
		}
		b.bySent = append(b.bySent, int32(i))
		if b.marks[i].kind == admitted && b.marks[i].least > 0 {
			b.sure = append(b.sure, int32(i))
		}
	}
	b.byReceived = append(b.byReceived[:0], b.bySent...)
	b.sureEnd = append(b.sureEnd[:0], b.sure...)
	for _, list := range [][]int32{b.bySent, b.sure, b.refusals} {
		b.sortBy(list, func(m *mark) int64 { return m.sent })
	}
	for _, list := range [][]int32{b.byReceived, b.sureEnd} {
		b.sortBy(list, func(m *mark) int64 { return m.received })
	}
	if cap(b.rank) < len(b.marks) {
		b.rank = make([]int32, len(b.marks))
	}
	b.rank = b.rank[:len(b.marks)]
	b.line()
}

// line lays out the instants that matter to refusals, which are the same for
// every rate.
func (b *bucket) line() {
	b.times, b.open = b.times[:0], b.open[:0]
	for x, y := 0, 0; x < len(b.bySent) || y < len(b.refusals); {
		var t int64
		if y == len(b.refusals) || x < len(b.bySent) && b.since(b.bySent[x]) <= b.since(b.refusals[y]) {
			t = b.since(b.bySent[x])
			x++
		} else {
			t = b.since(b.refusals[y])
			y++
		}
		if n := len(b.times); n == 0 || b.times[n-1] < t {
			if n == cap(b.times) {
				b.times = slices.Grow(b.times, len(b.bySent)+len(b.refusals)-n)
			}
			b.times = append(b.times, t)
		}
	}
	from := 0
	for _, j := range b.refusals {
		for b.times[from] < b.since(j) {
			from++
		}
		end := b.until(j)
		to := from + sort.Search(len(b.times)-from, func(k int) bool { return b.times[from+k] > end })
		b.open = append(b.open, span32{int32(from), int32(to)})
	}
}

// since and until are between which two instants a mark's call was decided, in
// nanoseconds from the origin, as wide as the clocks leave it; until is never
// where no reply came.
func (b *bucket) since(i int32) int64 { return b.marks[i].sent - b.origin - b.early }

func (b *bucket) until(i int32) int64 { return b.ending(i, b.late) }

// missed is until when a token that the call took may be missed: a tick longer.
func (b *bucket) missed(i int32) int64 { return b.ending(i, b.late+b.lag) }

func (b *bucket) ending(i int32, more int64) int64 {
	received := b.marks[i].received
	switch {
	case received == never:
		return never
	case received-b.origin >= never-more:
		return never - 1
	}
	return received - b.origin + more
}

// sent and end are since and until where a rounded instant will do.
func (b *bucket) sent(i int32) float64 { return float64(b.since(i)) }

func (b *bucket) end(i int32) float64 {
	if b.marks[i].received == never {
		return math.Inf(1)
	}
	return float64(b.until(i))
}

func (b *bucket) instant(offset int64) time.Duration { return time.Duration(b.origin + offset) }

// perNano turns tokens a second into tokens a nanosecond.
func perNano(rate float64) float64 { return rate / 1e9 }

// fast and slow are how much faster and slower than the history's clock the
// limiter's may run.
func (b *bucket) fast() float64 { return 1 + b.evidence.clocks.Drift }
func (b *bucket) slow() float64 { return 1 - b.evidence.clocks.Drift }
