package verdict

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// drained are 20 admissions that empty a bucket of 10/s burst 20, one a
// millisecond, and then a refusal at 30 ms with hints, answered 1 ms later.
func drained(hints string) []history.Call {
	var calls []history.Call
	for i := range 20 {
		calls = append(calls, at(time.Duration(i)*time.Millisecond, history.OK, ""))
	}
	return append(calls, at(30*time.Millisecond, history.Limited, hints))
}

func at(sent time.Duration, o history.Outcome, hints string) history.Call {
	return history.Call{Arrival: history.Arrival{Client: "c1", Method: "tools/call", Due: sent, Label: "burst"},
		Sent: sent, Received: sent + time.Millisecond, Outcome: o, Hints: hints}
}

func hintFinding(t *testing.T, cfg Config, calls []history.Call) Finding {
	t.Helper()
	limit := promise.Limit{Rate: 10, Burst: 20, Scope: promise.Global, Charges: []string{"*"}}
	f := judgeRetryHint(NewCourt(promise.Terms{Limit: limit}, calls, cfg).Trial("burst"))
	if f.Verdict == Fail {
		require.NotNil(t, f.Witness, "a fail names its calls")
		require.NotEmpty(t, f.Cause)
	}
	return f
}

func TestHintsAreHeldToWhatTheyCanMean(t *testing.T) {
	const ms = time.Millisecond
	refused := func(at_ time.Duration, hints string) history.Call { return at(at_, history.Limited, hints) }
	rows := []struct {
		name  string
		hints string
		then  []history.Call
		want  Verdict
		says  string   // in what was seen
		cause string   // in the cause
		warns []string // in the warnings, in order
	}{
		{name: "honest", hints: `body.retry_after_ms="95" wait 94ms..96ms`, then: []history.Call{refused(60*ms, ""),
			at(140*ms, history.OK, "")}, want: Pass, says: "1 refusal of 2 with a hint, none contradicted"},
		{name: "none", then: []history.Call{refused(60*ms, "")}, want: Pass, says: "0 refusals of 2"},

		{name: "too short", hints: `body.retry_after_ms="20" wait 19ms..21ms`, then: []history.Call{
			refused(60*ms, `body.retry_after_ms="20" wait 19ms..21ms`), refused(90*ms, "")},
			want: Fail, says: "told to retry after 20ms (body.retry_after_ms: 20), but 29ms later still refused",
			cause: "Retry-After is too short"},
		{name: "just within its precision", hints: `body.retry_after_ms="29" wait 28ms..30ms`,
			then: []history.Call{refused(60*ms, "")}, want: Pass},
		{name: "too short, but something was taken", hints: `body.retry_after_ms="20" wait 19ms..21ms`,
			then: []history.Call{at(50*ms, history.Broken, ""), refused(60*ms, "")}, want: Pass},
		{name: "a whole second may mean two", hints: `Retry-After="1" wait 0s..2s`,
			then: []history.Call{refused(1900*ms, "")}, want: Pass},
		{name: "a ban or a second limit after the hint", hints: `Retry-After="1" wait 0s..2s`,
			then: []history.Call{refused(3*time.Second, `Retry-After="8" wait 7s..9s`)}, want: Pass,
			warns: []string{"from call 22 on, 1 refusal asked to wait 8s or so, where a bucket of 10/s burst 20 " +
				"needs 2s at most"}},
		{name: "another client's refusal", hints: `body.retry_after_ms="20" wait 19ms..21ms`,
			then: []history.Call{func() history.Call { c := refused(60*ms, ""); c.Client = "c2"; return c }()},
			want: Pass},
		{name: "a date, two seconds either way", hints: `Retry-After="Sat, 28 Nov 2026 12:00:01 GMT" wait -1s..3s`,
			then: []history.Call{refused(1500*ms, ""), at(1600*ms, history.OK, "")}, want: Pass},

		{name: "zero, obeyed in vain", hints: `Retry-After="0" wait -1s..1s`, then: []history.Call{
			refused(32*ms, `Retry-After="0" wait -1s..1s`), refused(34*ms, "")},
			want: Fail, says: "told to retry after 0s (Retry-After: 0), but 1ms later still refused",
			cause: "too short", warns: []string{"refusals tell to retry at once"}},
		{name: "zero, both on their way", hints: `Retry-After="0" wait -1s..1s`, then: []history.Call{
			refused(30*ms, `Retry-After="0" wait -1s..1s`), refused(30*ms, `Retry-After="0" wait -1s..1s`)},
			want: Pass, warns: []string{"refusals tell to retry at once"}},
		{name: "zero, not tried", hints: `Retry-After="0" wait -1s..1s`,
			then: []history.Call{at(200*ms, history.OK, "")}, want: Pass, warns: []string{"refusals tell to retry at " +
				"once: after 0 s"}},
		{name: "zero, but something was taken", hints: `Retry-After="0" wait -1s..1s`,
			then: []history.Call{at(32*ms, history.TimedOut, ""), refused(50*ms, "")}, want: Pass,
			warns: []string{"refusals tell to retry at once"}},

		{name: "too long for any bucket as promised", hints: `Retry-After="15" wait 14s..16s`,
			then: []history.Call{refused(40*ms, `Retry-After="16" wait 15s..17s`), at(140*ms, history.OK, "")},
			want: Fail, says: "told to retry after 15s (Retry-After: 15), but a call was admitted within 111ms",
			cause: "full again after 2s; it looks like milliseconds"},
		{name: "too long, and no milliseconds", hints: `Retry-After="86400" wait 23h59m59s..24h0m1s`,
			then: []history.Call{refused(40*ms, `Retry-After="86399" wait 23h59m58s..24h0m0s`), at(140*ms, history.OK,
				"")}, want: Fail, cause: "Retry-After is too long: a bucket of 10/s burst 20 is full again after 2s"},
		{name: "drawn by lot", hints: `Retry-After="5" wait 4s..6s`,
			then: []history.Call{refused(40*ms, `Retry-After="1" wait 0s..2s`), at(140*ms, history.OK, "")}, want: Pass,
			warns: []string{"told to retry after 5s (Retry-After: 5), but a call was admitted within 111ms: who " +
				"heeds it waits longer than needed", "1 refusal asked to wait 5s or so"}},
		{name: "growing with each refusal", hints: `Retry-After="4" wait 3s..5s`,
			then: []history.Call{refused(40*ms, `Retry-After="8" wait 7s..9s`), at(140*ms, history.OK, "")}, want: Pass,
			warns: []string{"told to retry after 4s (Retry-After: 4), but a call was admitted within 111ms: who " +
				"heeds it waits longer than needed", "from call 22 on, 1 refusal asked to wait 8s or so"}},
		{name: "as different as what is left, where a token was taken between", hints: `Retry-After="5" wait 4s..6s`,
			then: []history.Call{at(140*ms, history.OK, ""), refused(150*ms, `Retry-After="9" wait 8s..10s`)},
			want: Fail, cause: "Retry-After is too long"},
		{name: "always the same, long enough for any refusal", hints: `Retry-After="60" wait 59s..1m1s`,
			then: []history.Call{refused(40*ms, `Retry-After="60" wait 59s..1m1s`), at(140*ms, history.OK, "")},
			want: Pass,
			warns: []string{"told to retry after 1m0s (Retry-After: 60), but a call was admitted within 111ms: who " +
				"heeds it waits longer than needed"}},
		{name: "longer than needed", hints: `Retry-After="3" wait 2s..4s`,
			then: []history.Call{at(140*ms, history.OK, "")}, want: Pass, warns: []string{"told to retry after 3s " +
				"(Retry-After: 3), but a call was admitted within 111ms: who heeds it waits longer than needed"}},
		{name: "one second", hints: `Retry-After="1" wait 0s..2s`, then: []history.Call{at(140*ms, history.OK, "")},
			want: Pass},
		{name: "too long, for another session", hints: `Retry-After="15" wait 14s..16s`,
			then: []history.Call{func() history.Call {
				c := at(140*ms, history.OK, "")
				c.Session = "session"
				return c
			}()}, want: Pass},
		{name: "perhaps milliseconds",
			hints: `body.retry_after="15" wait 14s..16s "seconds or milliseconds: its name doesn't say"`,
			then:  []history.Call{at(140*ms, history.OK, "")}, want: Pass, warns: []string{"who heeds it waits " +
				"longer than needed"}},

		{name: "negative", hints: `Retry-After="-1484742195" wrong "negative"`, want: Fail,
			says: `Retry-After: "-1484742195" is present and wrong: negative`, cause: "no client can heed it"},
		{name: "words, twice", hints: `Retry-After="1 second" wrong "neither whole seconds nor a date"`,
			then: []history.Call{refused(60*ms, `Retry-After="1 second" wrong "neither whole seconds nor a date"`)},
			want: Fail,
			says: `Retry-After: "1 second" is present and wrong: neither whole seconds nor a date (2 refusals of 2`},
		{name: "wrong elsewhere", hints: `X-Ratelimit-Reset="-1" wrong "negative"`, want: Pass,
			warns: []string{`X-Ratelimit-Reset is present and wrong: negative ("-1")`}},
		{name: "calls left", hints: `X-Ratelimit-Remaining="999" left`, want: Pass, says: "0 refusals of 1",
			warns: []string{"X-Ratelimit-Remaining says that calls are left where a call was refused"}},
		{name: "fraction",
			hints: `Retry-After="0.101" wait 100ms..102ms "a fraction, where RFC 9110 has whole seconds"`, want: Pass,
			warns: []string{"Retry-After has a fraction, where RFC 9110 has whole seconds: some clients raise an " +
				"error for it"}},

		{name: "a date by nobody's clock", hints: `Retry-After="Sat, 28 Nov 2026 12:03:00 GMT" wait -2m1s..8m1s`,
			then: []history.Call{at(140*ms, history.OK, "")}, want: Pass, says: "0 refusals of 1 with a hint",
			warns: []string{"Retry-After names a moment, and no Date header says by which clock"}},

		{name: "header against body",
			hints: `Retry-After="3600" wait 59m59s..1h0m1s; body.retry_after_ms="101" wait 100ms..102ms`, want: Fail,
			says: "one refusal said Retry-After: 3600 and body.retry_after_ms: 101", cause: "contradict"},
		{name: "rounded up", hints: `Retry-After="1" wait 0s..2s; body.retry_after_ms="66" wait 65ms..67ms`,
			want: Pass},
		{name: "seconds or milliseconds",
			hints: `Retry-After="1" wait 0s..2s; body.retry_after="66" wait 65s..67s "seconds or milliseconds: its name doesn't say"`, want: Pass},
		{name: "neither seconds nor milliseconds",
			hints: `Retry-After="1" wait 0s..2s; body.retry_after="3600" wait 59m59s..1h0m1s "seconds or milliseconds: its name doesn't say"`, want: Fail, cause: "contradict"},
		{name: "a reset is no retry", hints: `Retry-After="1" wait 0s..2s; X-Ratelimit-Reset="60" reset 59s..1m1s`,
			want: Pass},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f := hintFinding(t, Config{}, append(drained(row.hints), row.then...))
			require.Equal(t, row.want, f.Verdict, f.Saw)
			require.Contains(t, f.Saw, row.says)
			require.Contains(t, f.Cause, row.cause)
			require.Len(t, f.Warnings, len(row.warns), "%q", f.Warnings)
			slices.Sort(f.Warnings)
			slices.Sort(row.warns)
			for i, w := range row.warns {
				if !slices.ContainsFunc(f.Warnings, func(s string) bool { return strings.Contains(s, w) }) {
					t.Errorf("no warning says %q (%d) in %q", w, i, f.Warnings)
				}
			}
		})
	}
}

// Of a server that others use too no retry can be held against it, but what it
// says is as wrong as elsewhere.
func TestHintsOfASharedServer(t *testing.T) {
	shared := Config{Shared: true}
	short := append(drained(`body.retry_after_ms="20" wait 19ms..21ms`), at(60*time.Millisecond, history.Limited, ""))
	require.Equal(t, Pass, hintFinding(t, shared, short).Verdict)
	require.Equal(t, Fail, hintFinding(t, shared,
		drained(`Retry-After="soon" wrong "neither whole seconds nor a date"`)).Verdict)
}

// One wait that was too short is tried again, and if it isn't again a step of the server's
// clock would explain it; two at the same time are one.
func TestAWaitThatWasTooShortOnce(t *testing.T) {
	const ms = time.Millisecond
	limit := promise.Limit{Rate: 10, Burst: 20, Scope: promise.Global, Charges: []string{"*"}}
	hint := `body.retry_after_ms="20" wait 19ms..21ms`
	for _, row := range []struct {
		hints []string // of refusals at 30, 60 and 90 ms; the last is of another attempt
		once  bool
		want  Verdict
	}{
		{[]string{hint, "", ""}, true, Inconclusive},
		{[]string{hint, hint, ""}, false, Fail},
		{[]string{`body.retry_after_ms="50" wait 49ms..51ms`, hint, ""}, true, Inconclusive},
		{[]string{`body.retry_after_ms="40" wait 39ms..41ms`, "", ""}, true, Inconclusive},
		{[]string{"", "", ""}, false, Pass},
	} {
		calls := append(drained(row.hints[0]), at(60*ms, history.Limited, row.hints[1]), at(90*ms, history.Limited,
			row.hints[2]))
		profile := promise.Terms{Limit: limit}
		judge := func(cfg Config) Finding {
			return NewCourt(profile, calls, cfg).Judge(Question{"burst", []Check{RetryHint}})[0]
		}
		judged := func() Finding { return judge(Config{Clocks: &Clocks{}}) }
		require.Equal(t, row.want != Pass, judge(Config{Steady: true}).Verdict == Fail, "nobody sets its clock: %v", row)
		require.Equal(t, row.want, judged().Verdict, "it wasn't tried again: %v", row)
		require.Equal(t, row.once, judged().Next == OnceTooShort, "%v", row)
		calls[len(calls)-1].Attempt = 2
		f := judged()
		require.Equal(t, row.want, f.Verdict, "%v: %+v", row, f)
		require.Equal(t, row.once, strings.Contains(f.Saw, "once: a step of the server's clock would explain it"))
	}
}

// Histories that were kept before hints were have a duration only.
func TestHintsOfOlderHistories(t *testing.T) {
	calls := append(drained(""), at(60*time.Millisecond, history.Limited, ""),
		at(90*time.Millisecond, history.Limited, ""))
	calls[20].RetryAfter, calls[21].RetryAfter = 20*time.Millisecond, 20*time.Millisecond
	require.Equal(t, Fail, hintFinding(t, Config{}, calls).Verdict)
	calls[20].RetryAfter, calls[21].RetryAfter = time.Second, 0
	require.Equal(t, Pass, hintFinding(t, Config{}, calls).Verdict)
	calls[20].RetryAfter, calls[21].RetryAfter = 15*time.Second, 14*time.Second
	calls = append(calls, at(200*time.Millisecond, history.OK, ""))
	require.Contains(t, hintFinding(t, Config{}, calls).Saw, "told to retry after 15s, but")
	calls[20].RetryAfter, calls[21].RetryAfter = 100*time.Millisecond, 16*time.Second // the first was right
	require.Contains(t, strings.Join(hintFinding(t, Config{}, calls).Warnings, "\n"), "told to retry after 16s, but")
}
