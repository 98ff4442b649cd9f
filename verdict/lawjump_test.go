package verdict

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// jumpBase is a time of day, as logs have it.
const jumpBase = time.Duration(1.7e18)

// ofTheDay is a history as a log has it: by the time of day, in the order of the answers
// or of the requests.
func ofTheDay(calls []history.Call, bySent bool) []history.Call {
	for i := range calls {
		calls[i].Sent, calls[i].Received = calls[i].Sent+jumpBase, calls[i].Received+jumpBase
	}
	slices.SortStableFunc(calls, func(a, b history.Call) int {
		if bySent {
			return int(a.Sent - b.Sent)
		}
		return int(a.Received - b.Received)
	})
	return calls
}

// A log of an honest server whose clock jumped once is no reason to fail a law of any
// kind: the jump is named, and where it is.
func TestAJumpUnderLawsIsNamed(t *testing.T) {
	const each = 6 // a search takes long, and not every place can be found
	for _, texts := range honestPromises {
		t.Run(strings.Join(texts, "; "), func(t *testing.T) {
			t.Parallel()
			p := parsed(t, texts...)
			named, silent, missed := 0, 0, 0
			for seed := range each {
				r := rand.New(rand.NewPCG(uint64(seed), 53))
				s := newSimServer(r, p)
				delay := []float64{0, 0.0005, 0.005}[r.IntN(3)]
				calls := ofTheDay(s.traffic(150+r.IntN(250), delay, []string{"a", "b"}), r.IntN(2) == 0)
				at := calls[len(calls)/3+r.IntN(len(calls)/3)].Received
				by := []time.Duration{100 * time.Millisecond, time.Second, 10 * time.Second, time.Minute,
					time.Hour}[r.IntN(5)]
				if r.IntN(2) == 0 {
					by = -by
				}
				inFlight := func(c history.Call) bool { return c.Sent <= at && c.Received > at }
				for by < 0 && slices.ContainsFunc(calls, inFlight) { // its answer would come before its sending
					at += time.Millisecond
				}
				log, before := jumped(calls, at, by)
				cfg := LawConfig{Clocks: DefaultClocks(), Epoch: time.Unix(0, 0)}
				if JudgeLaws(p, log, cfg).Verdict != Fail {
					silent++
					continue
				}
				j, ok := LawJump(p, log, cfg)
				if !ok {
					missed++
					t.Logf("MISSED seed %d: %s behind call %d of %d", seed, by, before, len(log))
					continue
				}
				named++
				if by.Abs() >= time.Minute { // else another place may explain it as well
					require.Equal(t, by < 0, j.Back(), "seed %d: %s named as %+v", seed, by, j)
					require.InDelta(t, before, j.After, 25, "seed %d", seed)
					require.InDelta(t, by.Seconds(), j.About().Seconds(), 20, "seed %d", seed)
				}
			}
			t.Logf("named %d, silent %d, missed %d", named, silent, missed)
			require.Zero(t, missed)
		})
	}
}

// A server that breaks a law again and again isn't excused by a jump.
func TestNoJumpIsMadeUpUnderLaws(t *testing.T) {
	const each = 5
	for _, f := range lawFaults[:18] {
		if strings.Contains(f.name, "er") && !strings.Contains(f.name, "every") || strings.Contains(f.name, " for ") {
			continue // it shows once in a while: that once, the clock may be the reason
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			failed, excused := 0, 0
			for seed := range each {
				r := rand.New(rand.NewPCG(uint64(seed), 54))
				s := newSimServer(r, parsed(t, f.kept...))
				calls := ofTheDay(s.traffic(400, 0.0005, []string{"a", "b"}), true)
				p, cfg := parsed(t, f.promised...), LawConfig{Clocks: DefaultClocks(), Epoch: time.Unix(0, 0)}
				if JudgeLaws(p, calls, cfg).Verdict != Fail {
					continue
				}
				failed++
				if _, ok := LawJump(p, calls, cfg); ok {
					excused++
				}
			}
			require.Positive(t, failed)
			require.LessOrEqual(t, 5*excused, failed, "of %d that break it", failed)
		})
	}
}

// What hangs on all that came before is judged from the beginning, however long the history is;
// of other laws only as much as they remember.
func TestHowMuchIsNearAJump(t *testing.T) {
	const n = 2 * jumpSmall
	calls := make([]history.Call, n)
	for i := range calls {
		calls[i].Sent = time.Duration(i) * time.Second
	}
	half := step{from: calls[n/2-1].Sent.Nanoseconds(), to: calls[n/2].Sent.Nanoseconds()}
	for text, whole := range map[string]bool{"10/s burst 20": true, "10 per 2s fixed": true, "10 per 2s sliding": false} {
		j := &lawJump{promise: parsed(t, text), calls: calls, cfg: LawConfig{Clocks: DefaultClocks()}}
		before, after := j.near(half)
		require.Equal(t, whole, len(before) == n/2, text)
		require.Equal(t, whole, len(after) == n/2, text)
		require.NotEmpty(t, before)
		require.NotEmpty(t, after)
	}
}

// Windows that let two too many through again and again are broken, wherever a clock may have jumped.
func TestNoJumpExplainsEveryWindow(t *testing.T) {
	const ms = time.Millisecond
	var calls []history.Call
	for k := range 12 {
		at, n := time.Duration(k)*2100*ms, 10
		if k >= 6 {
			at, n = at+30*time.Second, 12 // behind a silence, in which one may have been
		}
		calls = append(calls, callsAt(history.OK, every(at, ms, n)...)...)
		calls = append(calls, callsAt(history.Limited, every(at+20*ms, ms, 3)...)...)
	}
	p, cfg := parsed(t, "10 per 2s fixed"), LawConfig{Clocks: DefaultClocks(), Epoch: time.Unix(0, 0)}
	calls = ofTheDay(calls, true)
	require.Equal(t, Fail, JudgeLaws(p, calls, cfg).Verdict)
	jump, found := LawJump(p, calls, cfg)
	require.False(t, found, "%+v", jump)
}
