package verdict

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A sessionStep is a message that takes ten milliseconds.
type sessionStep struct {
	at      float64 // seconds
	session string
	what    string // "open", "call" or "end", and what came of it where that isn't a result: "open refused"
}

func sessionCalls(steps []sessionStep) (calls []history.Call) {
	for _, s := range steps {
		c := history.Call{Arrival: history.Arrival{Client: "c1", Session: s.session, Method: "tools/call", Tool: "a"},
			Sent: time.Duration(s.at * 1e9), Outcome: history.OK, Status: 200}
		c.Received = c.Sent + 10*time.Millisecond
		switch s.what {
		case "open", "open refused", "open lost", "open failed", "open without":
			c.Method, c.Tool = "initialize", ""
		case "end", "end refused":
			c.Method, c.Tool, c.Kind = "DELETE", "", history.Deletion
		}
		switch s.what {
		case "open refused":
			c.Outcome = history.Limited
		case "open lost":
			c.Outcome = history.TimedOut
		case "open failed":
			c.Outcome, c.Status, c.Detail = history.Rejected, 503, "HTTP 503"
		case "open without":
			c.Detail = Sessionless
		case "end refused":
			c.Outcome, c.Status = history.Rejected, 405
		case "call gone":
			c.Outcome, c.Status = history.Rejected, 404
		}
		calls = append(calls, c)
	}
	return calls
}

// TestSessionsAtATime: two sessions may be open.
func TestSessionsAtATime(t *testing.T) {
	full := []sessionStep{{0, "a", "open"}, {0.1, "b", "open"}, {1, "a", "call"}, {1.1, "b", "call"}}
	and := func(more ...sessionStep) []sessionStep { return append(slices.Clone(full), more...) }
	for _, row := range []struct {
		name      string
		steps     []sessionStep
		want      LawState
		refused   int // that nothing explains
		lingering bool
		calls     []int // of the witness
	}{
		{name: "two", steps: full, want: NotObserved},
		{name: "a third is refused", steps: and(sessionStep{0.5, "c", "open refused"}), want: Kept},
		{name: "a third", steps: and(sessionStep{0.5, "c", "open"}), want: Broken, calls: []int{1, 2, 3, 4, 5}},
		{name: "a third, of which nobody knows if the first was open still", want: NotObserved,
			steps: []sessionStep{{0, "a", "open"}, {0.1, "b", "open"}, {0.5, "c", "open"}, {1, "b", "call"}}},
		{name: "a third, asked at the same time as the others", want: Broken, calls: []int{1, 2, 3, 4, 5, 6},
			steps: []sessionStep{{0, "a", "open"}, {0, "b", "open"}, {0, "c", "open"}, {1, "a", "call"},
				{1.1, "b", "call"}, {1.2, "c", "call"}}},
		{name: "one after the other", want: NotObserved, steps: []sessionStep{{0, "a", "open"}, {1, "a", "call"},
			{2, "b", "open"}, {3, "b", "call"}, {4, "c", "open"}, {5, "c", "call"}}},
		{name: "a third once one has ended", want: NotObserved,
			steps: and(sessionStep{2, "a", "end"}, sessionStep{4, "c", "open"}, sessionStep{4.5, "b", "call"})},
		{name: "a third is refused though one has ended", want: NotObserved, refused: 1,
			steps: and(sessionStep{2, "a", "end"}, sessionStep{4, "c", "open refused"})},
		{name: "a third is refused just behind an end", want: Kept,
			steps: and(sessionStep{2, "a", "end"}, sessionStep{2.9, "c", "open refused"})},
		{name: "a third is refused behind an end that wasn't taken", want: Kept,
			steps: and(sessionStep{2, "a", "end refused"}, sessionStep{9, "c", "open refused"})},
		{name: "the second is refused", want: NotObserved, refused: 1,
			steps: []sessionStep{{0, "a", "open"}, {1, "b", "open refused"}}},
		{name: "the second is refused, with sessions of before", want: NotObserved, lingering: true,
			steps: []sessionStep{{0, "a", "open"}, {1, "b", "open refused"}}},
		{name: "the third is refused, with sessions of before", want: NotObserved, lingering: true,
			steps: and(sessionStep{0.5, "c", "open refused"})},
		{name: "a third, with sessions of before", steps: and(sessionStep{0.5, "c", "open"}), want: Broken,
			lingering: true, calls: []int{1, 2, 3, 4, 5}},
		{name: "the third is refused beside one that may have been opened", want: Kept,
			steps: []sessionStep{{0, "a", "open"}, {0.1, "b", "open lost"}, {1, "c", "open refused"}}},
		{name: "what fails may open a session", want: Kept,
			steps: []sessionStep{{0, "a", "open"}, {0.1, "b", "open failed"}, {1, "c", "open refused"}}},
		{name: "what was refused opened none", want: Kept, refused: 1,
			steps: and(sessionStep{0.5, "c", "open refused"}, sessionStep{2, "a", "end"}, sessionStep{4, "d", "open refused"})},
		{name: "a new one puts the first out", want: Kept,
			steps: []sessionStep{{0, "a", "open"}, {0.1, "b", "open"}, {0.2, "c", "open"}, {1, "a", "call gone"},
				{1.1, "b", "call"}, {1.2, "c", "call"}}},
		{name: "one is gone, and another has ended", want: NotObserved,
			steps: []sessionStep{{0, "a", "open"}, {0.1, "b", "open"}, {1, "b", "call"}, {1.1, "b", "end"},
				{1.2, "c", "open"}, {1.3, "a", "call gone"}, {1.4, "c", "call"}}},
		{name: "the name of one that was opened anew", want: NotObserved,
			steps: []sessionStep{{0, "a", "open"}, {0.1, "b", "open"}, {0.2, "a", "open"}, {1, "a", "call"},
				{1.1, "b", "call"}}},
		{name: "no session is given", want: NotObserved,
			steps: []sessionStep{{0, "a", "open without"}, {0.1, "b", "open without"}, {0.2, "c", "open without"},
				{1, "a", "call"}, {1, "b", "call"}, {1, "c", "call"}}},
	} {
		j := JudgeLaws(parsed(t, "2 sessions at a time"), sessionCalls(row.steps),
			LawConfig{Clocks: DefaultClocks(), Lingering: row.lingering})
		require.Equal(t, row.want, j.Laws[0].State, "%s: %+v", row.name, j)
		require.Len(t, j.Unexplained, row.refused, row.name)
		if row.calls != nil {
			require.Equal(t, row.calls, j.Laws[0].Witness.Calls, row.name)
		}
	}
}

// TestNoClockExplainsSessions: how many are open, or served, is no matter of time.
func TestNoClockExplainsSessions(t *testing.T) {
	steps := []sessionStep{{0, "a", "open"}, {0.1, "b", "open"}, {1, "a", "call"}, {1.1, "b", "call"},
		{2, "a", "end"}, {4, "c", "open refused"}}
	_, stepped := LawStep(parsed(t, "2 sessions at a time"), sessionCalls(steps), LawConfig{Clocks: DefaultClocks()})
	require.False(t, stepped)
	steps = []sessionStep{{0, "a", "open"}, {0.1, "b", "open"}, {0.2, "c", "open"}, {1, "a", "call"}, {1.1, "b", "call"}}
	_, stepped = LawStep(parsed(t, "2 sessions at a time"), sessionCalls(steps), LawConfig{Clocks: DefaultClocks()})
	require.False(t, stepped)
}

// A sessionServer lets n sessions be open, and refuses a further one, or puts the one out that
// was used or opened first. What has ended makes room after a while.
type sessionServer struct {
	n      int
	evicts bool
	lazy   float64 // seconds
	used   map[string]float64
	ended  []float64 // until when sessions that have ended still count
}

func (s *sessionServer) open(at float64, name string) bool {
	s.ended = slices.DeleteFunc(s.ended, func(until float64) bool { return until <= at })
	if len(s.used)+len(s.ended) >= s.n {
		if !s.evicts || len(s.used) == 0 {
			return false
		}
		oldest := ""
		for name, used := range s.used {
			if oldest == "" || used < s.used[oldest] {
				oldest = name
			}
		}
		delete(s.used, oldest)
	}
	s.used[name] = at
	return true
}

// honestSessions is what clients see of such a server: messages and their answers take a
// while, some answers are lost, and some names are used again.
func honestSessions(r *rand.Rand) (calls []history.Call, n int) {
	s := &sessionServer{n: 1 + r.IntN(4), evicts: r.IntN(3) == 0, lazy: 0.9 * r.Float64() * float64(r.IntN(2)),
		used: map[string]float64{}}
	type event struct {
		at   float64
		call int
	}
	var events []event
	delay := []float64{0.001, 0.05, 0.6}[r.IntN(3)]
	for i := range 10 + r.IntN(60) {
		c := history.Call{Arrival: history.Arrival{Client: fmt.Sprint("c", 1+r.IntN(2)), Session: fmt.Sprint(r.IntN(9)),
			Method: "tools/call", Tool: "a"}, Status: 200}
		switch r.IntN(5) {
		case 0, 1:
			c.Method, c.Tool = "initialize", ""
		case 2:
			c.Method, c.Tool, c.Kind = "DELETE", "", history.Deletion
		}
		c.Sent = time.Duration(r.Float64() * 12 * 1e9)
		at := c.Sent.Seconds() + delay*r.ExpFloat64()
		c.Received = time.Duration((at + delay*r.ExpFloat64()) * 1e9)
		calls, events = append(calls, c), append(events, event{at, i})
	}
	slices.SortFunc(events, func(a, b event) int { return compare(int64(a.at*1e9), int64(b.at*1e9)) })
	for _, e := range events {
		c := &calls[e.call]
		id := latestOpened(calls, c)
		_, alive := s.used[id]
		switch {
		case c.Method == "initialize" && s.open(e.at, fmt.Sprint(e.call)):
			c.Outcome = history.OK
		case c.Method == "initialize":
			c.Outcome = history.Limited
		case !alive:
			c.Outcome, c.Status = history.Rejected, 404
		case c.Kind == history.Deletion:
			delete(s.used, id)
			s.ended = append(s.ended, e.at+s.lazy)
			c.Outcome = history.OK
		default:
			c.Outcome, s.used[id] = history.OK, e.at
		}
		if r.IntN(12) == 0 {
			c.Outcome, c.Status = history.TimedOut, 0
		}
	}
	return calls, s.n
}

// latestOpened is the session that a client sends a message by: the one whose opening under
// this name was answered last, when it was sent.
func latestOpened(calls []history.Call, c *history.Call) string {
	latest := -1
	for i := range calls {
		o := &calls[i]
		if o.Method == "initialize" && o.Outcome == history.OK && o.Client == c.Client && o.Session == c.Session &&
			o.Received <= c.Sent && (latest < 0 || o.Received > calls[latest].Received) {
			latest = i
		}
	}
	return fmt.Sprint(latest)
}

// TestHonestSessions: no server that lets so many sessions be open is failed, and what it is
// told to have had open at once is never more than all pairs say.
func TestHonestSessions(t *testing.T) {
	shown := 0
	for seed := range histories(t, 3000) {
		r := rand.New(rand.NewPCG(uint64(seed), 77))
		calls, n := honestSessions(r)
		p := promise.Promise{{Kind: promise.Sessions, N: n, Charge: promise.SessionCharge()}}
		j := newLawJudge(p, calls, LawConfig{Clocks: DefaultClocks()})
		j.settle()
		found := j.judgement()
		require.NotEqual(t, Fail, found.Verdict, "seed %d: %+v", seed, found)
		if found.Verdict == Pass {
			shown++
		}
		for _, c := range j.counters[0] {
			require.LessOrEqual(t, c.gathering().units, plainGathering(c), "seed %d", seed)
		}
	}
	require.Positive(t, shown)
}

// plainGathering is gathering, by asking of every session and instant.
func plainGathering(c *counter) (most int) {
	sure := c.sure()
	count := func(from, to int64, own int32) (n int) {
		for _, i := range sure {
			if s := &c.stakes[i]; i == own || s.received <= from && c.surelyOpen(s) >= to {
				n++
			}
		}
		return n
	}
	for _, i := range sure {
		s := &c.stakes[i]
		if most = max(most, count(s.sent, s.received, i)); c.surelyOpen(s) >= s.received {
			most = max(most, count(c.surelyOpen(s), c.surelyOpen(s), i))
		}
	}
	return most
}
