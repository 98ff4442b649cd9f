package verdict

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
)

// Sessionless is the detail of an initialize that was answered with a result and no session.
const Sessionless = "it gave no session id"

// ExtraSession is what the names of sessions begin with that are opened for a law that counts
// them.
const ExtraSession = "extra session "

// endSlack is how long after the answer to its DELETE a session may still count as open:
// servers clear up behind their answers.
const endSlack = time.Second

// A stay is how long a session was open that a call opened. Instants are nanoseconds from the
// first one, as wide as the clocks leave them.
type stay struct {
	surely int64 // it was still open at this instant; math.MinInt64: at none that anybody knows of
	by     int32 // the call that shows that
	over   int64 // it surely counts no more; never: nobody knows
	lost   bool  // a call in it was told that there is no such session
}

// stays are of all calls that opened a session, by their index. A session was open when a call
// by it was sent that was answered with a result, and is over once its DELETE was answered.
// Where a client opened several under one name, nobody knows which of them a call was by.
func stays(calls []history.Call, origin int64, clocks Clocks) map[int32]stay {
	type name struct{ client, session string }
	order := make([]int32, 0, len(calls))
	for i := range calls {
		if calls[i].Outcome != history.Unsent {
			order = append(order, int32(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return compare(int64(calls[a].Sent), int64(calls[b].Sent)) })
	out, open := map[int32]stay{}, map[name][]int32{}
	for _, i := range order {
		c := &calls[i]
		who := name{c.Client, c.Session}
		if opened(c) {
			out[i] = stay{surely: math.MinInt64, over: never}
			open[who] = append(open[who], i)
			continue
		}
		if len(open[who]) != 1 {
			continue
		}
		only := open[who][0]
		s := out[only]
		switch {
		case c.Sent < calls[only].Received:
		case c.Kind == history.Deletion:
			if c.Outcome == history.OK {
				s.over = int64(c.Received) - origin + int64(clocks.Error) + int64(endSlack)
			}
			delete(open, who)
		case c.Kind == history.Request && (c.Outcome == history.OK || c.Outcome == history.ToolError):
			s.surely, s.by = int64(c.Sent)-origin-int64(clocks.Error), i
		case lostSession(c):
			s.lost = true
		}
		out[only] = s
	}
	return out
}

// opened reports if a call may have opened a session.
func opened(c *history.Call) bool {
	return c.Kind == history.Request && c.Method == "initialize" &&
		c.Outcome != history.Limited && c.Outcome != history.Unsent
}

// over is when what a stake took surely counts no more, of a law of sessions: one that was
// refused opened none.
func (c *counter) over(s *stake) int64 {
	if stay, ok := c.stays[s.call]; ok {
		return stay.over
	}
	return s.received + int64(endSlack)
}

// surelyOpen is until when a session was surely open, from the answer on to what opened it;
// before that where nobody knows if it was open that long.
func (c *counter) surelyOpen(s *stake) int64 { return c.stays[s.call].surely }

// gathering is the most sessions of a law's key that were surely open at the same time: when
// one was opened, those that had been before and were still open after it, or when one was
// surely open for the last time. O(n log n).
func (c *counter) gathering() excess {
	sure, best := c.sure(), excess{windows: 1}
	var begun, ended []int64
	for _, i := range sure {
		if s := &c.stakes[i]; c.surelyOpen(s) >= s.received {
			begun, ended = append(begun, s.received), append(ended, c.surelyOpen(s))
		}
	}
	slices.Sort(begun)
	slices.Sort(ended)
	// Whoever begins after from and ends before to is taken off though it never counted.
	open := func(from, to int64) int {
		return sort.Search(len(begun), func(k int) bool { return begun[k] > from }) -
			sort.Search(len(ended), func(k int) bool { return ended[k] >= to })
	}
	own := int32(-1)
	for _, i := range sure {
		s := &c.stakes[i]
		if n := 1 + open(s.sent, s.received); n > best.units {
			best.units, best.from, best.to, own = n, s.sent, s.received, i
		}
		if at := c.surelyOpen(s); at >= s.received && open(at, at) > best.units {
			best.units, best.from, best.to, own = open(at, at), at, at, i
		}
	}
	from, to := best.from, best.to
	best.units = 0
	for _, i := range sure {
		s := &c.stakes[i]
		during := s.received <= from && c.surelyOpen(s) >= to
		if i != own && !during {
			continue
		}
		best.units++
		best.from, best.to, best.calls = min(best.from, s.sent), max(best.to, s.received), append(best.calls, s.call)
		if during {
			best.to, best.calls = max(best.to, c.surelyOpen(s)), append(best.calls, c.stays[s.call].by)
		}
	}
	return best
}

// shared reports if others may have taken some of a law's units, so that nothing that it
// refuses proves anything.
func (j *lawJudge) shared(x int) bool {
	return j.cfg.Shared || j.cfg.Lingering && j.promise[x].Kind == promise.Sessions
}

// putOut is how many sessions were told to be there no more that nobody has ended: where as
// many were open as may be, a new one put them out, and in place of a refusal that shows
// the number.
func (c *counter) putOut(e excess) (n int) {
	if c.law.Kind != promise.Sessions || e.units != c.law.N {
		return 0
	}
	for _, i := range c.sure() {
		if stay := c.stays[c.stakes[i].call]; stay.lost && stay.over == never {
			n++
		}
	}
	return n
}

// lostSession reports if a call was told that its session is there no more.
func lostSession(c *history.Call) bool {
	return c.Kind == history.Request && c.Outcome == history.Rejected && c.Status == 404
}

// saySessions says of a law of sessions what was seen in its own words.
func (l *Laws) saySessions(c *Court, f *LawFinding, found *Finding) {
	switch {
	case f.State == Broken:
		found.Saw = fmt.Sprintf("%s were open at the same time, where %g may be",
			words.Count(f.Witness.Admitted, "session"), f.Witness.Allowed)
		if f.Key != "" {
			found.Saw += " of " + f.Key
		}
	case f.PutOut > 0:
		found.Saw += fmt.Sprintf(", and %s that a new one put out in place of being refused",
			words.Count(f.PutOut, "session"))
	case f.State == NotObserved && l.Lingering:
		found.Saw = "not observed: sessions of before may have been open still"
		found.Next = "if nobody has had a session there for as long as it keeps one, say --fresh"
	}
	if slices.ContainsFunc(c.calls, func(c history.Call) bool { return undeleted(&c) }) {
		found.Warnings = append(found.Warnings, "the server takes no DELETE, so that nothing shows that a session "+
			"that has ended makes room")
	}
}

// undeleted reports if a call is a DELETE that the server doesn't take.
func undeleted(c *history.Call) bool {
	return c.Kind == history.Deletion && c.Outcome == history.Rejected && c.Status == 405
}

// timeless reports if something that is wrong has nothing to do with a clock: what laws let
// through, or refuse, that count what is there at a time.
func timeless(p promise.Promise, calls []history.Call, found LawJudgement) bool {
	for _, f := range found.Laws {
		if f.State == Broken && f.Law.Returned() {
			return true
		}
	}
	return slices.ContainsFunc(found.Unexplained, func(u Unexplained) bool {
		return !slices.ContainsFunc(p, func(l promise.Law) bool {
			_, most := costOf(&l, &calls[u.Call-1])
			return most > 0 && !l.Returned()
		})
	})
}

// withSessions takes a failure to open a session for a refusal where such came only when as
// many were open as may be: whatever the server says then, it opens no more.
func (c *Court) withSessions() *Court {
	if c.cfg.Laws == nil || c.cfg.Shared || !c.cfg.Laws.Held.Has(promise.Sessions) {
		return c
	}
	unopened := func(call *history.Call) bool {
		return call.Outcome == history.Rejected && call.Planned() && opened(call) &&
			!slices.Contains(notLimits, call.Status)
	}
	n, said := 0, ""
	for i := range c.calls {
		if unopened(&c.calls[i]) {
			n, said = n+1, c.calls[i].Detail
		}
	}
	if n == 0 {
		return c
	}
	taken := c.with(func(call *history.Call) {
		if unopened(call) {
			call.Outcome = history.Limited
		}
	})
	kept := func(f LawFinding) bool { return f.Law.Kind == promise.Sessions && f.State == Kept }
	if !taken.justified() || !slices.ContainsFunc(taken.byLaws().Laws, kept) {
		return c
	}
	taken.doubted = fmt.Sprintf("%s such as %.160q counted as refused: so opening a session ended only when as many "+
		"were open as are promised (--refusal says so for good)", plural(n, "answer"), said)
	return taken
}
