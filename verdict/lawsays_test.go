package verdict

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// lawsOf are laws as a run is held to them.
func lawsOf(t *testing.T, texts ...string) *Laws {
	p := parsed(t, texts...)
	return &Laws{Said: p, Held: p}
}

func courtOf(calls []history.Call) *Court { return NewCourt(promise.Terms{}, calls, Config{}) }

// What a refusal says of how long to wait, and of which law it was, is held against the
// laws that can have made it.
func TestWhatRefusalsSay(t *testing.T) {
	const ms = time.Millisecond
	for _, row := range []struct {
		name string
		laws []string
		wait time.Duration
		says string
		want string // in a warning; empty: none
		fail bool
	}{
		{"as long as a window", []string{"5 per 10s fixed"}, 10 * time.Second, "", "", false},
		{"rounded up", []string{"5 per 10s fixed"}, 11 * time.Second, "", "", false},
		{"a minute for ten seconds", []string{"5 per 10s fixed"}, time.Minute, "",
			"call 6 was told to wait 1m, but what can have refused it (5 per 10s fixed) has forgotten everything " +
				"after 10s", false},
		{"another law may have", []string{"5 per 10s fixed", "5 per 1m fixed"}, time.Minute, "", "", false},
		{"another law can't have", []string{"5 per 10s fixed", "50 per 1m fixed"}, time.Minute, "",
			"was told to wait 1m", false},
		{"a lock-out", []string{"5 per 10s fixed lockout 60s"}, time.Minute, "", "", false},
		{"calls that last", []string{"5 at a time"}, time.Minute, "", "", false},
		{"its own name", []string{"5 per 10s fixed named burst", "50 per 1h named hourly"}, 0, "burst limit exceeded",
			"", false},
		{"another's name", []string{"5 per 10s fixed named burst", "50 per 1h named hourly"}, 0,
			"Hourly limit exceeded",
			`call 6 was refused in the words of "hourly", which can't have refused it`, true},
		{"a name within a word", []string{"5 per 10s fixed named burst", "50 per 1h named hour"}, 0,
			"Hourly limit exceeded", "", false},
		{"a tool's name", []string{"5 per 10s fixed named burst", "50 per 1h named echo"}, 0, "too many calls of echo",
			"", false},
		{"a name of any refusal's words", []string{"5 per 10s fixed named burst", "50 per 1h named requests"}, 0,
			"Too many requests", "", false},
		{"a name of several", []string{"5 per 10s fixed named burst", "50 per 1h named rate-limit"}, 0,
			"rate-limit exceeded", "", false},
		{"both", []string{"5 per 10s fixed named burst", "50 per 1h named hourly"}, 0, "burst and hourly limits", "",
			false},
	} {
		t.Run(row.name, func(t *testing.T) {
			calls := append(callsAt(history.OK, every(0, ms, 5)...), callsAt(history.Limited, 10*ms)...)
			calls[5].RetryAfter, calls[5].Detail = row.wait, row.says
			calls[5].Tool = "echo"
			f := lawsOf(t, row.laws...).saysFinding(courtOf(calls))
			require.Equal(t, row.fail, f.Verdict == Fail, f.Saw)
			if row.fail {
				require.Equal(t, []int{6}, f.Witness.Calls)
				require.Contains(t, f.Cause, "words of a law that can't have refused")
			}
			said, long := "0 refusals", 0
			if row.wait > 0 {
				said = "1 refusal"
			}
			if strings.Contains(row.want, "was told to wait") {
				long = 1
			}
			saw := fmt.Sprintf("%s say how long to wait, %d of them longer than a law that can have refused ever takes", said,
				long)
			if row.fail {
				saw += "; 1 name a law that can't have"
			}
			require.Equal(t, saw, f.Saw)
			if row.want == "" {
				require.Empty(t, f.Warnings)
				return
			}
			require.Len(t, f.Warnings, 1)
			require.Contains(t, f.Warnings[0], row.want)
		})
	}
}

// TestAWaitThatIsTooShort: who waits as long as a refusal said, and is refused again by the
// same law with nothing admitted in between, was told wrong.
func TestAWaitThatIsTooShort(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	for _, row := range []struct {
		name  string
		laws  []string
		wait  time.Duration
		later time.Duration // when the second refusal was sent
		spoil func(calls []history.Call) []history.Call
		fail  bool
		warn  bool
	}{
		{"a second of ten", []string{"5 per 10s fixed"}, s, 4 * s, nil, true, false},
		{"of a sliding window", []string{"5 per 10s sliding"}, 2 * s, 8 * s, nil, true, false},
		{"rounded down", []string{"5 per 10s fixed"}, 2 * s, 2900 * ms, nil, false, false},
		{"as long as it takes", []string{"5 per 10s fixed"}, 10 * s, 9 * s, nil, false, false},
		{"a window that fades out", []string{"5 per 10s counter"}, s, 4 * s, nil, false, true},
		{"nobody said which", []string{"5 per 10s"}, s, 4 * s, nil, false, true},
		{"refusals bar for a time", []string{"5 per 10s fixed lockout 5s"}, s, 4 * s, nil, false, false},
		{"refusals prolong it", []string{"5 per 10s fixed elastic"}, s, 4 * s, nil, false, false},
		{"another law may have", []string{"5 per 10s fixed", "5 per 1m fixed"}, s, 4 * s, nil, false, false},
		{"no word of it", []string{"5 per 10s fixed"}, 0, 4 * s, nil, false, false},
		{"behind a handshake", []string{"5 per 10s fixed methods tools/call may *"}, s, 5 * s,
			func(calls []history.Call) []history.Call {
				calls[0].Method, calls[0].Kind, calls[0].Outcome = "notifications/initialized", history.Notification,
					history.Unknown
				calls[5].Sent, calls[5].Received = 1500*ms, 1501*ms
				return calls
			}, true, false},
		{"something that isn't charged", []string{"5 per 10s fixed methods tools/call"}, s, 4 * s,
			func(calls []history.Call) []history.Call {
				more := callsAt(history.OK, 2*s)
				more[0].Method, more[0].Outcome = "ping", history.Unknown
				return append(calls[:6:6], append(more, calls[6:]...)...)
			}, true, false},
		{"something was admitted", []string{"5 per 10s fixed"}, s, 4 * s, func(calls []history.Call) []history.Call {
			return append(calls[:6:6], append(callsAt(history.OK, 2*s), calls[6:]...)...)
		}, false, false},
		{"something of another session's was admitted", []string{"5 per 10s fixed per session"}, s, 4 * s,
			func(calls []history.Call) []history.Call {
				more := callsAt(history.OK, 2*s)
				more[0].Client = "c2"
				return append(calls[:6:6], append(more, calls[6:]...)...)
			}, true, false},
		{"something of another session's was admitted, where all share", []string{"5 per 10s fixed"}, s, 4 * s,
			func(calls []history.Call) []history.Call {
				more := callsAt(history.OK, 2*s)
				more[0].Client = "c2"
				return append(calls[:6:6], append(more, calls[6:]...)...)
			}, false, false},
		{"something was admitted, and stands last in the history", []string{"5 per 10s fixed"}, s, 4 * s,
			func(calls []history.Call) []history.Call {
				return append(calls, callsAt(history.OK, 6*s, 2*s)...)
			}, false, false},
		{"something was admitted beside the second", []string{"5 per 10s fixed"}, s, 4 * s,
			func(calls []history.Call) []history.Call {
				calls[6].Received += 100 * ms
				return append(calls, callsAt(history.OK, calls[6].Sent+50*ms)...)
			}, false, false},
		{"something was on its way beside the first", []string{"5 per 10s fixed"}, s, 4 * s,
			func(calls []history.Call) []history.Call {
				calls[4].Received = calls[5].Sent + ms/2
				return calls
			}, false, false},
		{"nobody knows what came of one", []string{"5 per 10s fixed"}, s, 4 * s,
			func(calls []history.Call) []history.Call {
				calls[4].Outcome = history.Unknown
				return calls
			}, false, false},
		{"another client's", []string{"5 per 10s fixed"}, s, 4 * s, func(calls []history.Call) []history.Call {
			calls[6].Client = "c2"
			return calls
		}, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			calls := append(callsAt(history.OK, every(0, ms, 5)...), callsAt(history.Limited, 20*ms, row.later)...)
			calls[5].RetryAfter = row.wait
			if row.spoil != nil {
				calls = row.spoil(calls)
			}
			f := lawsOf(t, row.laws...).saysFinding(courtOf(calls))
			once := map[bool]Verdict{true: Inconclusive, false: Pass}[row.fail]
			require.Equal(t, once, f.Verdict, "a step of the server's clock explains it once: "+f.Saw)

			n := len(calls)
			for _, k := range calls[:n:n] {
				k.Sent, k.Received = k.Sent+100*s, k.Received+100*s
				calls = append(calls, k)
			}
			f = lawsOf(t, row.laws...).saysFinding(courtOf(calls))
			require.Equal(t, row.fail, f.Verdict == Fail, f.Saw)
			require.Equal(t, row.warn, len(f.Warnings) > 0, f.Warnings)
			if row.warn {
				require.Regexp(t, "call 6 was told to retry after 1s, and call 7, .* later, was still refused.*prolong",
					f.Warnings[0])
			}
			if row.fail {
				require.Equal(t, "Retry-After is too short", f.Cause)
				require.Equal(t, []int{6, n, n + 6, 2 * n}, f.Witness.Calls)
			}
		})
	}
}

// Refusals that are told one after the other to come back too early are two of them, though
// nothing is admitted: no one step of a clock explains both.
func TestWaitsThatAreTooShortInARow(t *testing.T) {
	const s = time.Second
	calls := append(callsAt(history.OK, every(0, time.Millisecond, 5)...), callsAt(history.Limited, s, 4*s, 7*s)...)
	for i := range calls[5:] {
		calls[5+i].RetryAfter = s
	}
	f := lawsOf(t, "5 per 10s fixed").saysFinding(courtOf(calls))
	require.Equal(t, Fail, f.Verdict, f.Saw)
	require.Equal(t, []int{6, 7, 7, 8}, f.Witness.Calls)
	calls[7].Sent, calls[7].Received = 5*s, 5*s
	f = lawsOf(t, "5 per 10s fixed").saysFinding(courtOf(calls))
	require.Equal(t, Inconclusive, f.Verdict, f.Saw)
}

// Promised headers that aren't there, and that lie, are a fail; those that nobody
// promised are a warning.
func TestHeadersOfLaws(t *testing.T) {
	const ms = time.Millisecond
	plain := append(callsAt(history.OK, every(0, ms, 5)...), callsAt(history.Limited, 10*ms)...)
	for i := range plain {
		plain[i].Status = 200
	}
	laws := lawsOf(t, "5 per 10s fixed")
	require.Equal(t, Pass, laws.headersFinding(courtOf(plain)).Verdict, "none are promised")
	laws.Refusal.Headers = "ratelimit-draft-8"
	f := laws.headersFinding(courtOf(plain))
	require.Equal(t, Fail, f.Verdict)
	require.Contains(t, f.Want, "ratelimit-draft-8")
	f = laws.headersFinding(courtOf(plain[:5]))
	require.Equal(t, Inconclusive, f.Verdict, "they are promised of refusals, and there was none")
	require.Equal(t, "no call was refused", f.Saw)
	for i := range plain {
		plain[i].Status = 0
	}
	require.Equal(t, Pass, laws.headersFinding(courtOf(plain)).Verdict, "stdio has no headers")

	lying := append(callsAt(history.OK, 0, 2*ms), callsAt(history.Limited, 10*ms)...)
	lying[0].Hints, lying[1].Hints = header("RateLimit", "limit=9, remaining=8, reset=9"),
		header("RateLimit", "limit=9, remaining=7, reset=9")
	require.Equal(t, Fail, laws.headersFinding(courtOf(lying)).Verdict)
	laws.Refusal.Headers = ""
	f = laws.headersFinding(courtOf(lying))
	require.Equal(t, Pass, f.Verdict, "nobody promised them")
	require.NotEmpty(t, f.Warnings)
	for i := range lying[:2] {
		lying[i].Hints = header("RateLimit", "limit=9, remaining=2, reset=9")
	}
	laws.Headers = true
	f = laws.headersFinding(courtOf(lying))
	require.Equal(t, Fail, f.Verdict, "a call takes what the law says, not 7")
	require.Equal(t, []int{1, 3}, f.Witness.Calls)
	two := lawsOf(t, "5 per 10s fixed", "10 per 1m fixed")
	two.Refusal.Headers = "ratelimit-draft-8"
	require.Equal(t, Pass, two.headersFinding(courtOf(lying)).Verdict, "another law may have refused")
}

// Where everything is asked for, what wasn't tried of a law leaves it open.
func TestLawsThatAreLeft(t *testing.T) {
	calls := append(callsAt(history.OK, every(0, time.Millisecond, 5)...), callsAt(history.Limited,
		10*time.Millisecond)...)
	laws := lawsOf(t, "5 per 10s fixed")
	laws.Left = [][]string{{"when it lets through more isn't shown: that takes until 11s"}}
	f := laws.judgeLaw(courtOf(calls), 0)
	require.Equal(t, Pass, f.Verdict)
	require.Equal(t, laws.Left[0], f.Warnings)
	laws.All = true
	f = laws.judgeLaw(courtOf(calls), 0)
	require.Equal(t, Inconclusive, f.Verdict)
	require.Contains(t, f.Saw, "but when it lets through more isn't shown")
}

// A law whose charge nobody declared stays open by what the run sends beside its load where that
// may have cost something, and the hint says how to declare it.
func TestAnUndeclaredChargeHasAHint(t *testing.T) {
	const ms = time.Millisecond
	calls := append(callsAt(history.OK, every(0, ms, 5)...), callsAt(history.Limited, 10*ms)...)
	for i := range calls {
		calls[i].Method, calls[i].Tool = "tools/call", "echo"
	}
	shake := callsAt(history.OK, 0)
	shake[0].Method, shake[0].Label = "initialize", history.Handshake
	calls = append(shake, calls...)
	presumed := func(text string) *Laws {
		laws := lawsOf(t, text)
		held := laws.Said[0]
		held.Charge.Methods, held.Charge.May, held.Charge.Presumed = []string{"tools/call"}, []string{"*"}, true
		laws.Held = promise.Promise{held}
		return laws
	}
	laws := presumed("5 per 1h")
	f := laws.judgeLaw(courtOf(calls), 0)
	require.Equal(t, Inconclusive, f.Verdict, f.Saw)
	require.Contains(t, f.Next, "methods: [tools/call]")
	require.Contains(t, f.Next, "--promise '5 per 1h methods tools/call'")

	f = presumed("5 per 1h fixed").judgeLaw(courtOf(calls), 0)
	require.Equal(t, Pass, f.Verdict, "with the handshake it would be six: "+f.Saw)
	require.NotContains(t, f.Saw, "charges")
	f = presumed("6 per 1h fixed").judgeLaw(courtOf(calls), 0)
	require.Equal(t, Pass, f.Verdict, f.Saw)
	require.Contains(t, f.Saw, "it charges initialize as well")

	laws.Held[0].Charge.May, laws.Held[0].Charge.Presumed = nil, false
	f = laws.judgeLaw(courtOf(calls), 0)
	require.Equal(t, Pass, f.Verdict, f.Saw)
	require.Empty(t, f.Next)
}

// TestWhatHeadersSayBesideLaws: hints that no client can heed fail a run under laws as they do under a
// bucket, and what headers say of the limits themselves is held against those that are promised.
func TestWhatHeadersSayBesideLaws(t *testing.T) {
	const s = time.Second
	wait := func(from, raw string, of time.Duration) history.Hint {
		return history.Hint{From: from, Raw: raw, Kind: history.HintWait, Lo: of - s, Hi: of + s}
	}
	reset := func(raw string, of time.Duration) history.Hint {
		return history.Hint{From: "RateLimit-Reset", Raw: raw, Kind: history.HintReset, Lo: of - s, Hi: of + s}
	}
	negative := history.Hint{From: "Retry-After", Raw: "-3", Kind: history.HintWrong, Note: "negative"}
	for _, row := range []struct {
		name, policy string
		laws         []string
		hints        []history.Hint
		fails        bool
		warns        string // empty: nothing does
	}{
		{"as it is", "5;w=10", []string{"5 per 10s fixed"}, []history.Hint{wait("Retry-After", "10", 10*s)}, false, ""},
		{"two that contradict each other", "5;w=10", []string{"5 per 10s fixed"}, []history.Hint{
			wait("Retry-After", "10", 10*s), wait("body.retry_after_seconds", "90", 90*s)}, true, ""},
		{"a negative one", "5;w=10", []string{"5 per 10s fixed"}, []history.Hint{negative}, true, ""},
		{"a reset beyond the window", "", []string{"5 per 10s fixed"}, []history.Hint{reset("300", 300*s)}, false,
			"call 6 was told that its count starts anew after 5m (RateLimit-Reset: 300), but what can have refused it " +
				"(5 per 10s fixed) has forgotten everything after 10s"},
		{"the reset of a longer one", "", []string{"5 per 10s fixed", "50 per 5m fixed"},
			[]history.Hint{reset("300", 300*s)}, false, ""},
		{"rounded up", "", []string{"5 per 10s fixed"}, []history.Hint{reset("11", 11*s)}, false, ""},
		{"a policy of another number", "100;w=10", []string{"5 per 10s fixed"}, nil, false,
			`headers say a limit of 100 per 10s, which isn't promised ("5 per 10s fixed")`},
		{"a policy of another time", "5;w=60", []string{"5 per 10s fixed"}, nil, false, "a limit of 5 per 1m"},
		{"one of several", "50;w=300", []string{"5 per 10s fixed", "50 per 5m fixed"}, nil, false, ""},
		{"a bucket by its burst", "5;w=10", []string{"0.5/s burst 5"}, nil, false, ""},
		{"a bucket by its pace", "30;w=60", []string{"0.5/s burst 5"}, nil, false, ""},
		{"another bucket", "90;w=60", []string{"0.5/s burst 5"}, nil, false, "a limit of 90 per 1m"},
	} {
		var calls []history.Call
		for i := range 5 {
			calls = append(calls, at(time.Duration(i)*10*time.Millisecond, history.OK, ""))
			if row.policy != "" {
				calls[i].Hints = header("RateLimit-Policy", row.policy)
			}
		}
		no := at(100*time.Millisecond, history.Limited, "")
		no.Hints = history.FormatHints(row.hints)
		laws, court := lawsOf(t, row.laws...), courtOf(append(calls, no))
		f, g := laws.saysFinding(court), laws.headersFinding(court)
		require.Equal(t, row.fails, f.Verdict == Fail, "%s: %s", row.name, f.Saw)
		require.NotEqual(t, Fail, g.Verdict, row.name)
		warnings := strings.Join(append(f.Warnings, g.Warnings...), "; ")
		if require.Contains(t, warnings, row.warns, row.name); row.warns == "" {
			require.Empty(t, warnings, row.name)
		}
	}
}
