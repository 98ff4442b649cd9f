package verdict

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// histories is how many honest histories a promise is tried with: few with -short, and
// HONEST_HISTORIES where that is set, as every night with 10,000.
func histories(t *testing.T, usual int) int {
	t.Helper()
	n, nightly := usual, os.Getenv("HONEST_HISTORIES")
	if nightly != "" {
		var err error
		n, err = strconv.Atoi(nightly)
		require.NoError(t, err)
	} else if testing.Short() {
		n = usual / 5
	}
	t.Logf("%d honest histories a promise; HONEST_HISTORIES=10000 says how many", n)
	return n
}

// A lasting limiter is one that is told when an admitted request ends, and what came of
// it. It says how long a request waits before it is let in; false refuses it.
type lasting interface {
	ask(at float64) (wait float64, ok bool)
	ended(at float64, failed bool)
}

// simSlots is a cap.
type simSlots struct{ n, used int }

func (s *simSlots) ask(float64) (float64, bool) {
	if s.used >= s.n {
		return 0, false
	}
	s.used++
	return 0, true
}
func (s *simSlots) ended(float64, bool) { s.used-- }

// simQueue is a bucket that lets requests wait, and knows beforehand how long.
type simQueue struct{ rate, burst, level, last, longest float64 }

func (q *simQueue) ask(at float64) (float64, bool) {
	q.level = min(q.burst, q.level+q.rate*(at-q.last))
	q.last = at
	wait := max(0, (1-q.level)/q.rate)
	if wait > q.longest {
		return 0, false
	}
	q.level--
	return wait, true
}
func (q *simQueue) ended(float64, bool) {}

// simOutcome is a window that counts failures only: at once, and takes back what
// succeeds, or when it knows what came of a request.
type simOutcome struct {
	n, used     int
	every, ends float64
	late        bool
}

func (o *simOutcome) turn(at float64) {
	if at >= o.ends {
		o.used, o.ends = 0, at+o.every
	}
}

func (o *simOutcome) ask(at float64) (float64, bool) {
	o.turn(at)
	if o.used >= o.n {
		return 0, false
	}
	if !o.late {
		o.used++
	}
	return 0, true
}

func (o *simOutcome) ended(at float64, failed bool) {
	o.turn(at)
	switch {
	case o.late && failed:
		o.used++
	case !o.late && !failed:
		o.used = max(0, o.used-1)
	}
}

// simBarred bars everybody for a time after a refusal of a window's.
type simBarred struct {
	simCount
	bar, until float64
	prolongs   bool
}

func (b *simBarred) ask(at float64) (float64, bool) {
	switch {
	case at < b.until:
		return 0, false
	case b.try(at, 1):
		b.count(at, 1)
		return 0, true
	case b.prolongs:
		b.end = at + b.every
	}
	b.until = at + b.bar
	return 0, false
}
func (b *simBarred) ended(float64, bool) {}

// lastingPromises are laws that ask how long requests last, or what came of them.
var lastingPromises = map[string]func(r *rand.Rand) lasting{
	"3 at a time": func(*rand.Rand) lasting { return &simSlots{n: 3} },
	"1 at a time": func(*rand.Rand) lasting { return &simSlots{n: 1} },
	"10/s burst 5 queue 500ms": func(*rand.Rand) lasting {
		return &simQueue{rate: 10, burst: 5, level: 5,
			longest: 0.5}
	},
	"5 per 2s fixed only failures": func(r *rand.Rand) lasting {
		return &simOutcome{n: 5, every: 2,
			late: r.IntN(2) == 0}
	},
	"5 per 2s fixed elastic": func(*rand.Rand) lasting {
		return &simBarred{simCount: simCount{n: 5, every: 2, first: true}, prolongs: true}
	},
	"5 per 2s fixed lockout 1500ms": func(*rand.Rand) lasting {
		return &simBarred{simCount: simCount{n: 5, every: 2,
			first: true}, bar: 1.5}
	},
}

// A moment of a simulation: a request is decided, or ends.
type moment struct {
	at   time.Duration
	call int
	ends bool
}

// lastingTraffic is what comes of random calls that last at least so long.
func lastingTraffic(r *rand.Rand, l lasting, n int, delay float64, atLeast time.Duration) []history.Call {
	wait := func() time.Duration {
		d := delay * r.ExpFloat64()
		if r.IntN(30) == 0 {
			d *= 20
		}
		return time.Duration(d * 1e9)
	}
	calls, at, gap := make([]history.Call, n), time.Duration(0), 0.05
	var line []moment
	for i := range calls {
		switch r.IntN(15) {
		case 0:
			at += time.Duration(r.Float64() * 4e9)
		case 1, 2, 3, 4:
			at += time.Duration(r.ExpFloat64() * gap * 1e9)
		case 5:
			gap = 0.5 * r.Float64()
		}
		c := &calls[i]
		c.Method, c.Tool, c.Client, c.Sent = "tools/call", []string{"a", "fail"}[r.IntN(2)], "c1", at
		line = append(line, moment{at: at + wait(), call: i})
	}
	for len(line) > 0 {
		slices.SortStableFunc(line, func(a, b moment) int { return compare(int64(a.at), int64(b.at)) })
		m, c := line[0], &calls[line[0].call]
		line = line[1:]
		if m.ends {
			l.ended(m.at.Seconds(), c.Tool == "fail")
			continue
		}
		late, ok := l.ask(m.at.Seconds())
		if !ok {
			c.Outcome, c.Status, c.Received = history.Limited, 429, m.at+wait()
			continue
		}
		c.Outcome, c.Status = history.OK, 200
		if c.Tool == "fail" {
			c.Outcome, c.Status = history.Rejected, 400
		}
		over := m.at + time.Duration(late*1e9) + atLeast + wait()
		c.Received = over + wait()
		// A place is given back about when the reply is written.
		line = append(line, moment{at: min(over+time.Duration(r.Float64()*0.04e9), c.Received+slotSlack/2),
			call: m.call, ends: true})
		if r.IntN(40) == 0 {
			c.Outcome, c.Status, c.Received = history.TimedOut, 0, c.Received+time.Second
		}
	}
	return calls
}

// TestHonestLastingLawsAreNeverFailed: nor are laws of requests that last, wait or fail.
func TestHonestLastingLawsAreNeverFailed(t *testing.T) {
	each := histories(t, 200)
	for text, limiter := range lastingPromises {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			p, refused, kept := parsed(t, text), 0, 0
			for seed := range each {
				r := rand.New(rand.NewPCG(uint64(seed), 11))
				delay := []float64{0, 0.0005, 0.005, 0.05, 1}[r.IntN(5)]
				lasts := []time.Duration{0, 30 * time.Millisecond, 300 * time.Millisecond}[r.IntN(3)]
				calls := lastingTraffic(r, limiter(r), 20+r.IntN(150), delay, lasts)
				got := JudgeLaws(p, calls, LawConfig{Clocks: DefaultClocks(),
					Lasts: func(*history.Call) time.Duration { return lasts }})
				require.NotEqual(t, Fail, got.Verdict, "seed %d: %+v", seed, got)
				refused += got.Laws[0].Refused
				if got.Laws[0].State == Kept {
					kept++
				}
			}
			require.Positive(t, refused, "nothing was ever refused")
			require.Positive(t, kept, "the law was never shown to be kept")
		})
	}
}

// randomLaw is a law as somebody may write it.
func randomLaw(r *rand.Rand) string {
	n, every := 3+r.IntN(30), []string{"1s", "2s", "5s", "30s"}[r.IntN(4)]
	law := fmt.Sprintf("%d per %s %s", n, every, []string{"", "fixed", "sliding", "aligned", "counter"}[r.IntN(5)])
	switch r.IntN(8) {
	case 0, 1, 2:
		law = fmt.Sprintf("%d/s burst %d", 1+r.IntN(20), n)
	case 3:
		law = fmt.Sprintf("quota %d per %s", 20+n, []string{"hour", "day", "month"}[r.IntN(3)])
	case 4:
		law = fmt.Sprintf("%d/s burst %d steps %d every 1s", n, n, n)
	}
	for _, more := range []string{"per session", "per tool", "units a=2", "tools a", "refusals charged",
		"methods tools/call", "free tools/list"} {
		if r.IntN(9) == 0 {
			law += " " + more
		}
	}
	return law
}

// TestRandomStacksAreNeverFailed: whatever laws stand beside each other.
func TestRandomStacksAreNeverFailed(t *testing.T) {
	each, kept, tried := histories(t, 1500), 0, 0
	for seed := range each {
		r := rand.New(rand.NewPCG(uint64(seed), 12))
		var p promise.Promise
		for range 1 + r.IntN(4) {
			if l, err := promise.Parse(randomLaw(r)); err == nil {
				p = append(p, l)
			}
		}
		if p.Validate() != nil || len(p) == 0 {
			continue
		}
		tried++
		s := newSimServer(r, p)
		s.loses = r.IntN(2) == 0
		clocks := Clocks{Drift: 0.02, Tick: time.Millisecond}
		s.pace = 1 + 0.019*(2*r.Float64()-1)
		calls := s.traffic(20+r.IntN(150), []float64{0, 0.0005, 0.005, 0.05, 1}[r.IntN(5)], []string{"a", "b"})
		got := JudgeLaws(p, calls, LawConfig{Clocks: clocks})
		require.NotEqual(t, Fail, got.Verdict, "seed %d: %v: %+v", seed, texts(p), got)
		for _, f := range got.Laws {
			if f.State == Kept {
				kept++
			}
		}
	}
	require.Greater(t, tried, each/2)
	require.Greater(t, kept, tried/10, "hardly a law was ever shown to be kept")
}

func texts(p promise.Promise) string {
	var list []string
	for _, l := range p {
		list = append(list, l.String())
	}
	return strings.Join(list, "; ")
}
