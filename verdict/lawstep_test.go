package verdict

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// What a server does whose clock is set once in the middle of a run is explained, whatever
// it promises.
func TestAStepOfTheServersClockIsFound(t *testing.T) {
	const each = 24
	named, missed := 0, 0
	for _, texts := range honestPromises {
		p := parsed(t, texts...)
		for seed := range each {
			r := rand.New(rand.NewPCG(uint64(seed), 71))
			s := newSimServer(r, p)
			s.stepAt, s.stepBy = 3+12*r.Float64(), 0.2+3*r.Float64()
			if r.IntN(2) == 0 {
				s.stepBy = -s.stepBy
			}
			s.back = clockBack(seed % 3)
			calls := s.traffic(200, []float64{0, 0.0005, 0.005}[r.IntN(3)], []string{"a", "b"})
			cfg := LawConfig{Clocks: DefaultClocks()}
			if JudgeLaws(p, calls, cfg).Verdict != Fail {
				continue
			}
			if step, ok := LawStep(p, calls, cfg); ok {
				named++
				require.LessOrEqual(t, step.By.Abs(), MostClockStep)
				continue
			}
			missed++
			t.Logf("%s, seed %d: not found: %+.2fs at %.2fs, %d", strings.Join(texts, "; "), seed, s.stepBy, s.stepAt, s.back)
		}
	}
	require.LessOrEqual(t, 20*missed, named, "a stack's clock that is set back isn't always told")
}

// A server that breaks a law again and again isn't excused by a step of its clock.
func TestNoStepIsMadeUp(t *testing.T) {
	const each = 6
	failed, excused := 0, 0
	for _, f := range lawFaults[:18] {
		if strings.Contains(f.name, "er") && !strings.Contains(f.name, "every") || strings.Contains(f.name, " for ") {
			continue // it shows once in a while: that once, the clock may be the reason
		}
		for seed := range each {
			r := rand.New(rand.NewPCG(uint64(seed), 54))
			s := newSimServer(r, parsed(t, f.kept...))
			calls := s.traffic(300, 0.0005, []string{"a", "b"})
			p, cfg := parsed(t, f.promised...), LawConfig{Clocks: DefaultClocks()}
			if JudgeLaws(p, calls, cfg).Verdict != Fail {
				continue
			}
			failed++
			if step, ok := LawStep(p, calls, cfg); ok {
				excused++
				t.Logf("%s, seed %d: %v", f.name, seed, step)
			}
		}
	}
	require.Positive(t, failed)
	require.LessOrEqual(t, 10*excused, failed, "of %d that break it", failed)
}

// stepping is what a bucket of 10/s burst 20 answers in attempts ten seconds apart whose first
// so many see its clock go two seconds too far, and keep it ever after.
func stepping(attempts, wrong int) (calls []history.Call) {
	for n := range attempts {
		at := time.Duration(n) * 10 * time.Second
		ask := func(after time.Duration, admitted int) {
			for i := range admitted + 1 {
				c := history.Call{Arrival: history.Arrival{Method: "tools/call", Client: "c1", Label: "overload",
					Attempt: n + 1, Due: at + after}, Sent: at + after + time.Duration(i)*time.Microsecond,
					Outcome: history.OK}
				if c.Received = c.Sent; i == admitted {
					c.Outcome = history.Limited
				}
				calls = append(calls, c)
			}
		}
		ask(0, 20)
		if n < wrong {
			ask(500*time.Millisecond, 20) // 5 by the right clock
		} else {
			ask(500*time.Millisecond, 5)
		}
		ask(time.Second, 5)
	}
	return calls
}

// What may be a step of the server's clock is a fail until it was tried again, and if it is
// wrong again. If it isn't, nothing is told: no pass either.
func TestAStepExcusesWhatIsRightWhenItIsTriedAgain(t *testing.T) {
	p := promise.Terms{Limit: promise.Limit{Rate: 10, Burst: 20, Scope: promise.Global,
		Charges: []string{"tools/call"}}}
	for _, row := range []struct {
		attempts, wrong int
		want            Verdict
	}{{1, 0, Pass}, {2, 0, Pass}, {1, 1, Fail}, {2, 1, Inconclusive}, {2, 2, Fail}, {3, 2, Fail}} {
		court := NewCourt(p, stepping(row.attempts, row.wrong), Config{})
		f := court.Judge(Question{"overload", []Check{overAdmission}})[0]
		require.Equal(t, row.want, f.Verdict, "%+v: %+v", row, f)
		if row.want == Inconclusive {
			require.Contains(t, f.Saw, "the server's clock having been set forward once, by 1.5s or a little more")
			require.Nil(t, f.Witness)
		}
	}
}
