package verdict

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// callsAt are calls that take a millisecond, all with one outcome.
func callsAt(o history.Outcome, at ...time.Duration) (calls []history.Call) {
	for _, t := range at {
		calls = append(calls, history.Call{Arrival: history.Arrival{Method: "tools/call", Tool: "a", Client: "c1"},
			Sent: t, Received: t + time.Millisecond, Outcome: o})
	}
	return calls
}

// every is so many instants from one on, a step apart.
func every(from, step time.Duration, n int) (at []time.Duration) {
	for k := range n {
		at = append(at, from+time.Duration(k)*step)
	}
	return at
}

// A quota is held to its number between two instants at which its calendar may reset it.
func TestQuotaIsHeldToItsCalendar(t *testing.T) {
	const s = time.Second
	day := func(hour, minute, second int) time.Time {
		return time.Date(2026, 3, 28, hour, minute, second, 0, time.UTC)
	}
	for _, row := range []struct {
		name, law string
		epoch     time.Time
		admitted  []time.Duration
		want      LawState
	}{
		{"six of five in a minute", "quota 5 per day UTC", day(12, 1, 0), every(0, s, 6), Broken},
		{"five of five", "quota 5 per day UTC", day(12, 1, 0), every(0, s, 5), NotObserved},
		{"six around midnight", "quota 5 per day UTC", day(23, 59, 30), every(0, 10*s, 6), NotObserved},
		{"the sixth just behind midnight", "quota 5 per day UTC", day(23, 59, 0), append(every(0, 8*s, 5), 65*s),
			NotObserved},
		{"the sixth just before midnight", "quota 5 per day UTC", day(23, 59, 0), append(every(0, 8*s, 5), 55*s),
			NotObserved},
		{"the sixth well before midnight", "quota 5 per day UTC", day(23, 59, 0), append(every(0, 8*s, 5), 49*s),
			Broken},
		{"the first just behind midnight", "quota 5 per day UTC", day(23, 59, 0), append([]time.Duration{65 * s},
			every(80*s, 8*s, 5)...), NotObserved},
		{"the first well behind midnight", "quota 5 per day UTC", day(23, 59, 0), append([]time.Duration{71 * s},
			every(80*s, 8*s, 5)...), Broken},
		{"six before midnight in UTC", "quota 5 per day UTC", day(23, 58, 0), every(0, 10*s, 6), Broken},
		{"midnight of another zone", "quota 5 per day Europe/Paris", day(22, 59, 30), every(0, 10*s, 6), NotObserved},
		{"no midnight there", "quota 5 per day Europe/Paris", day(23, 59, 30), every(0, 10*s, 6), Broken},
		{"a zone nobody said", "quota 5 per day", day(14, 14, 30), every(0, 10*s, 6), NotObserved},
		{"a zone nobody said, but no quarter", "quota 5 per day", day(14, 16, 0), every(0, 10*s, 6), Broken},
		{"ten and one in an hour, and a zone nobody said", "quota 5 per day", day(14, 10, 0), every(0, 6*time.Minute, 11),
			Broken},
		{"ten in an hour, and a zone nobody said", "quota 5 per day", day(14, 10, 0), every(0, 6*time.Minute, 10),
			NotObserved},
		{"ten and one in two days", "quota 5 per day", day(14, 10, 0), every(0, 5*time.Hour, 11), NotObserved},
		{"a month's zone nobody said, in its midst", "quota 5 per month", day(14, 14, 30), every(0, 10*s, 6), Broken},
		{"a month may begin at ten of the day before", "quota 5 per month",
			time.Date(2026, 3, 31, 9, 59, 30, 0, time.UTC), every(0, 10*s, 6), NotObserved},
		{"and no earlier", "quota 5 per month", time.Date(2026, 3, 31, 9, 44, 30, 0, time.UTC), every(0, 10*s, 6),
			Broken},
		{"it may at noon of its first day", "quota 5 per month", time.Date(2026, 4, 1, 11, 59, 30, 0, time.UTC),
			every(0, 10*s, 6), NotObserved},
		{"and no later", "quota 5 per month", time.Date(2026, 4, 1, 12, 14, 30, 0, time.UTC), every(0, 10*s, 6),
			Broken},
		{"a full hour", "quota 5 per hour Asia/Kolkata", day(14, 29, 30), every(0, 10*s, 6), NotObserved},
		{"half an hour", "quota 5 per hour UTC", day(14, 29, 30), every(0, 10*s, 6), Broken},
		{"over hours, in one day", "quota 5 per day UTC", day(1, 1, 0), every(0, time.Hour, 6), Broken},
		{"the end of the month", "quota 5 per month UTC", time.Date(2026, 3, 31, 23, 59, 30, 0, time.UTC),
			every(0, 10*s, 6), NotObserved},
		{"the middle of the month", "quota 5 per month UTC", day(23, 59, 30), every(0, 10*s, 6), Broken},
		{"when summer time begins", "quota 5 per day Europe/Paris", day(23, 1, 0), every(0, 4*time.Hour, 6), Broken},
		{"a clock that nobody knows", "quota 5 per day UTC", time.Time{}, every(0, s, 6), NotObserved},
		{"twice as many, whatever the clock says", "quota 5 per day UTC", time.Time{}, every(0, s, 11), Broken},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := JudgeLaws(parsed(t, row.law), callsAt(history.OK, row.admitted...),
				LawConfig{Clocks: DefaultClocks(), Epoch: row.epoch})
			require.Equal(t, row.want, got.Laws[0].State, "%+v", got)
			if row.want == Broken {
				require.NotEmpty(t, got.Laws[0].Witness.Calls)
				require.Len(t, got.Laws[0].Witness.Calls, got.Laws[0].Witness.Admitted)
			}
		})
	}
}

// A quota that let through all of its number and refused the next is seen at work, though
// another law refused calls before that it may have been charged for.
func TestQuotaBesideAnotherLaw(t *testing.T) {
	p := parsed(t, "quota 5 per day UTC", "2 at a time")
	calls := callsAt(history.OK, 0, 0)
	calls = append(calls, callsAt(history.Limited, 0, 0)...)
	calls = append(calls, callsAt(history.OK, every(time.Second, time.Second, 3)...)...)
	calls = append(calls, callsAt(history.Limited, 5*time.Second)...)
	cfg := LawConfig{Clocks: DefaultClocks(), Epoch: noonUTC}
	got := JudgeLaws(p, calls, cfg)
	require.Equal(t, Pass, got.Verdict, "%+v", got)
	require.Equal(t, Interval{Lo: 5, Hi: 7}, got.Laws[0].Units)

	// Of another kind of law it is the same.
	p[0] = parsed(t, "5 per 1h fixed")[0]
	require.Equal(t, Pass, JudgeLaws(p, calls, cfg).Verdict)
	got = JudgeLaws(p, append(calls[:6:6], calls[7]), cfg)
	require.Equal(t, NotObserved, got.Laws[0].State, "four were let through: it may be four, or five with what was "+
		"charged: %+v", got)
}

var noonUTC = time.Date(2026, 3, 28, 12, 1, 0, 0, time.UTC)

// A cap is held to its number where calls are known to last.
func TestCapCountsWhatSurelyLasts(t *testing.T) {
	const ms = time.Millisecond
	lasting := func(took time.Duration, at ...time.Duration) (calls []history.Call) {
		calls = callsAt(history.OK, at...)
		for i := range calls {
			calls[i].Received = calls[i].Sent + took
		}
		return calls
	}
	for _, row := range []struct {
		name  string
		lasts time.Duration
		calls []history.Call
		want  LawState
		units int
	}{
		{"three at once", 100 * ms, lasting(101*ms, 0, 10*ms, 20*ms), Broken, 3},
		{"three, one after the other", 100 * ms, lasting(101*ms, 0, 102*ms, 204*ms), NotObserved, 0},
		{"nobody knows how long", 0, lasting(101*ms, 0, 10*ms, 20*ms), NotObserved, 0},
		{"replies that may have been late", 20 * ms, lasting(101*ms, 0, 10*ms, 20*ms), NotObserved, 0},
		{"touching", 100 * ms, lasting(100*ms, 0, 0, 100*ms+10), NotObserved, 0},
		{"two and two", 50 * ms, lasting(51*ms, 0, 0, 60*ms, 60*ms), NotObserved, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := LawConfig{Clocks: DefaultClocks()}
			if row.lasts > 0 {
				cfg.Lasts = func(*history.Call) time.Duration { return row.lasts }
			}
			got := JudgeLaws(parsed(t, "2 at a time"), row.calls, cfg)
			require.Equal(t, row.want, got.Laws[0].State, "%+v", got)
			if row.want == Broken {
				require.Equal(t, row.units, got.Laws[0].Witness.Admitted)
				require.Equal(t, []int{1, 2, 3}, got.Laws[0].Witness.Calls)
			}
		})
	}
	// Where requests wait, one that had to shows the number.
	for sent, want := range map[time.Duration]LawState{0: Kept, 101 * ms: NotObserved} {
		took := 202*ms - sent
		calls := append(lasting(101*ms, 0, 0), lasting(took, sent)...)
		cfg := LawConfig{Clocks: DefaultClocks(), Lasts: func(*history.Call) time.Duration { return 100 * ms }}
		require.Equal(t, want, JudgeLaws(parsed(t, "2 at a time queue 1s"), calls, cfg).Laws[0].State, took)
		require.Equal(t, NotObserved, JudgeLaws(parsed(t, "2 at a time"), calls, cfg).Laws[0].State, took)
		require.Equal(t, NotObserved, JudgeLaws(parsed(t, "3 at a time queue 1s"), calls, cfg).Laws[0].State, took)
	}
	// A refusal with a place free is unjustified, unless a place may not have been given back yet.
	calls := append(lasting(50*ms, 0, 0), callsAt(history.Limited, 60*ms)...)
	require.NotEqual(t, Fail, JudgeLaws(parsed(t, "2 at a time"), calls, LawConfig{Clocks: DefaultClocks()}).Verdict)
	calls[2].Sent, calls[2].Received = 101*ms, 102*ms
	got := JudgeLaws(parsed(t, "2 at a time"), calls, LawConfig{Clocks: DefaultClocks()})
	require.Equal(t, []Unexplained{{Call: 3, Room: []string{"2 at a time: at least 2 of 2 left"}}}, got.Unexplained)
	calls[0].Outcome, calls[1].Outcome = history.TimedOut, history.TimedOut
	require.NotEqual(t, Fail, JudgeLaws(parsed(t, "2 at a time"), calls, LawConfig{Clocks: DefaultClocks()}).Verdict,
		"who can tell when what timed out has ended")
}

// Of a counter whose last window fades, no phase explains more than its weights grant.
func TestCounterIsWeighed(t *testing.T) {
	const s = time.Second
	for _, row := range []struct {
		name     string
		admitted []time.Duration
		broken   bool
	}{
		{"ten, and ten when those have faded", append(every(0, 10*time.Millisecond, 10),
			every(20*s, 10*time.Millisecond, 10)...), false},
		{"ten, and ten after half a window", append(every(0, 10*time.Millisecond, 10), every(5*s, 10*time.Millisecond,
			10)...), true},
		{"ten, and ten after an empty window", append(every(0, 10*time.Millisecond, 10), every(10500*time.Millisecond,
			10*time.Millisecond, 10)...), false},
		{"ten, and five after one and a half", append(every(0, 10*time.Millisecond, 10),
			every(15*s, 10*time.Millisecond, 5)...), false},
		{"steadily ten a window", every(0, s, 60), false},
		{"steadily fifteen a window", every(0, 666*time.Millisecond, 90), true},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := JudgeLaws(parsed(t, "10 per 10s counter"), callsAt(history.OK, row.admitted...),
				LawConfig{Clocks: DefaultClocks()})
			require.Equal(t, row.broken, got.Verdict == Fail, "%+v", got)
		})
	}
}

// What explains a broken promise is named: one law changed in one way.
func TestLawCauses(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	at := func(o history.Outcome, from, step time.Duration, n int) []history.Call {
		return callsAt(o, every(from, step, n)...)
	}
	cat := func(parts ...[]history.Call) (all []history.Call) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	by := func(client, tool string, calls []history.Call) []history.Call {
		for i := range calls {
			calls[i].Client, calls[i].Session, calls[i].Tool = client, client, tool
		}
		return calls
	}
	for _, row := range []struct {
		name, law string
		calls     []history.Call
		says      string
	}{
		{"sessions share", "5 per 10s fixed per session", cat(by("a", "x", at(history.OK, 0, ms, 5)), by("a", "x",
			at(history.Limited, 10*ms, ms, 2)), by("b", "x", at(history.Limited, 20*ms, ms, 5))),
			"everybody shares one counter"},
		{"sessions are apart", "5 per 10s fixed", cat(by("a", "x", at(history.OK, 0, ms, 5)), by("a", "x",
			at(history.Limited, 10*ms, ms, 2)), by("b", "x", at(history.OK, 20*ms, ms, 5)), by("b", "x",
			at(history.Limited, 30*ms, ms, 2))), "each session has a counter of its own"},
		{"tools are apart", "5 per 10s fixed", cat(by("a", "x", at(history.OK, 0, ms, 5)), by("a", "x",
			at(history.Limited, 10*ms, ms, 2)), by("a", "y", at(history.OK, 20*ms, ms, 5)), by("a", "y",
			at(history.Limited, 30*ms, ms, 2))), "each tool has a counter of its own"},
		{"nothing is refused", "5 per 10s fixed", at(history.OK, 0, ms, 12), "it isn't kept at all"},
		{"one more", "5 per 10s fixed", cat(at(history.OK, 0, ms, 6), at(history.Limited, s, ms, 3)),
			"its number is 6, not 5"},
		{"one less", "5 per 10s fixed", cat(at(history.OK, 0, ms, 4), at(history.Limited, s, ms, 3)),
			"its number is 4, not 5"},
		{"refusals are charged", "5 per 10s sliding", cat(at(history.OK, 0, ms, 5), at(history.Limited, 5*s, ms, 5),
			at(history.Limited, 11*s, ms, 1)),
			"refused calls are charged"},
		{"nothing comes back", "5 per 10s fixed", cat(at(history.OK, 0, ms, 5), at(history.Limited, 11*s, s, 20)),
			"what was taken isn't given back, or hardly"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, cfg := parsed(t, row.law), LawConfig{Clocks: DefaultClocks()}
			require.Equal(t, Fail, JudgeLaws(p, row.calls, cfg).Verdict)
			causes := LawCauses(p, row.calls, cfg)
			var says []string
			for _, c := range causes {
				says = append(says, c.Says)
				if c.Kept.Kind != "" {
					require.NotEqual(t, Fail, JudgeLaws(promise.Promise{c.Kept}, row.calls, cfg).Verdict,
						"%s is named and explains nothing", c.Says)
				}
			}
			require.Contains(t, says, row.says)
			require.LessOrEqual(t, len(causes), mostCauses)
		})
	}
}

// A store that knows whole seconds only ends windows up to one too soon: what tells so is said.
func TestAClockOfWholeSecondsIsNamed(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	calls := func(after time.Duration) []history.Call {
		return slices.Concat(callsAt(history.OK, every(0, ms, 5)...), callsAt(history.Limited, 6*ms),
			callsAt(history.OK, every(after, ms, 5)...), callsAt(history.Limited, after+6*ms))
	}
	hint := "its clock shows whole seconds only (--clock-tick 1s judges by such a one)"
	laws := lawsOf(t, "5 per 10s fixed")
	laws.Judged(courtOf(calls(9300 * ms)))
	require.Contains(t, laws.causes, hint)
	laws.Judged(courtOf(calls(5 * s)))
	require.NotEmpty(t, laws.causes)
	require.NotContains(t, laws.causes, hint, "no clock explains half a window")
}

// Of a bucket whose tokens come in steps no stretch has more fills than fit, wherever the
// first is: one more call is a breach, though a flow of the same rate would grant it.
func TestStepsAreCounted(t *testing.T) {
	const ms = time.Millisecond
	at := func(n int, last time.Duration) []history.Call {
		return append(callsAt(history.OK, every(0, 0, min(n-1, 6))...), callsAt(history.OK,
			every(last, 0, n-min(n-1, 6))...)...)
	}
	for _, row := range []struct {
		name  string
		calls []history.Call
		want  LawState
	}{
		{"full, and one fill", at(6, 200*ms), NotObserved},
		{"seven before the second fill", at(7, 195*ms), Broken},
		{"seven, and a late first fill", at(7, 205*ms), NotObserved},
		{"seven, and maybe two fills", at(7, 251*ms), NotObserved},
		{"eight, and two fills", at(8, 480*ms), NotObserved},
		{"nine before the third fill", at(9, 445*ms), Broken},
		{"nine, and maybe three fills", at(9, 501*ms), NotObserved},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := JudgeLaws(parsed(t, "8/s burst 4 steps 2 every 250ms"), row.calls, LawConfig{Clocks: DefaultClocks()})
			require.Equal(t, row.want, got.Laws[0].State, "%+v", got)
			if w := got.Laws[0].Witness; w != nil {
				require.Len(t, w.Calls, len(row.calls))
				require.Greater(t, float64(w.Admitted), w.Allowed)
			}
		})
	}
}

// Who a call belongs to is what Identify says of it, and what it says itself only where
// that leaves it open.
func TestIdentifyNamesSessions(t *testing.T) {
	calls := callsAt(history.OK, every(0, time.Millisecond, 4)...)
	calls[2].Client, calls[3].Client = "c2", "c2"
	for name, row := range map[string]struct {
		known bool
		of    func(c *history.Call) string
		want  LawState
	}{
		"both are one":       {true, func(*history.Call) string { return "one" }, Broken},
		"each is its own":    {true, func(c *history.Call) string { return c.Client }, NotObserved},
		"it is left to them": {false, func(*history.Call) string { return "one" }, NotObserved},
	} {
		cfg := LawConfig{Clocks: DefaultClocks(), Identify: func(_ promise.Dimension, c *history.Call) (string, bool) {
			return row.of(c), row.known
		}}
		got := JudgeLaws(parsed(t, "2 per 10s sliding per session"), calls, cfg)
		require.Equal(t, row.want, got.Laws[0].State, name)
	}
}

// Where every call costs two units, a unit more isn't seen, and a call more is: unless some
// call costs one.
func TestALawIsKeptToTheCall(t *testing.T) {
	for first, want := range map[string]LawState{"a": Kept, "b": NotObserved} {
		calls := callsAt(history.OK, append([]time.Duration{0}, every(2*time.Minute, 2*time.Millisecond, 10)...)...)
		calls[0].Tool = first
		calls = append(calls, callsAt(history.Limited, 121*time.Second)...)
		law, err := promise.Parse("20 per 1m sliding units a=2")
		require.NoError(t, err)
		j := JudgeLaws(promise.Promise{law}, calls, LawConfig{})
		require.Equal(t, want, j.Laws[0].State, "%s: %v", first, j.Laws[0].Units)
	}
}

// The witness of a bucket has the calls that were let through within its stretch, and no others.
func TestTheWitnessOfABucketLaw(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	calls := slices.Concat(callsAt(history.OK, 0), callsAt(history.OK, every(10*s, ms, 8)...),
		callsAt(history.Limited, 10*s+20*ms), callsAt(history.OK, 20*s))
	w := JudgeLaws(parsed(t, "1/s burst 5"), calls, LawConfig{Clocks: DefaultClocks()}).Laws[0].Witness
	require.NotNil(t, w)
	require.Equal(t, []int{2, 3, 4, 5, 6, 7, 8, 9}, w.Calls)
	require.Equal(t, 8, w.Admitted)
}
