package verdict

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
)

// A header is a hint of a claim, as a history has it.
func header(name, value string) string {
	return history.FormatHints([]history.Hint{{From: name, Raw: value, Kind: history.HintClaim}})
}

func saysLeft(at time.Duration, left, of int) history.Call {
	return history.Call{Arrival: history.Arrival{Method: "tools/call", Tool: "x"}, Sent: at, Received: at +
		time.Millisecond, Outcome: history.OK,
		Hints: header("RateLimit", fmt.Sprintf("limit=%d, remaining=%d, reset=9", of, left))}
}

func refusedAt(at time.Duration) history.Call {
	return history.Call{Arrival: history.Arrival{Method: "tools/call", Tool: "x"}, Sent: at, Received: at +
		time.Millisecond, Outcome: history.Limited}
}

func TestClaims(t *testing.T) {
	const s = time.Second
	other := saysLeft(1500*time.Millisecond, 9, 10)
	other.Client = "another"
	slow := saysLeft(0, 5, 10)
	slow.Received = 5 * s
	busy := refusedAt(2 * s)
	notice := history.Call{Arrival: history.Arrival{Method: "notifications/initialized"}, Kind: history.Notification,
		Sent: 1500 * time.Millisecond, Received: 1600 * time.Millisecond}
	heard := notice
	heard.Status = 202
	early := heard
	early.Sent, early.Received = 0, 100*time.Millisecond
	deaf := early
	deaf.Status = 0
	for name, c := range map[string]struct {
		calls []history.Call
		lie   bool
		alone bool
	}{
		"a notification was answered before": {[]history.Call{early, saysLeft(3*s/2, 2, 3), refusedAt(2 * s)}, true,
			true},
		"it may be counted late": {[]history.Call{early, saysLeft(3*s/2, 1, 2), refusedAt(2 * s)}, false,
			false},
		"one that nobody answered": {[]history.Call{deaf, saysLeft(3*s/2, 1, 2), refusedAt(2 * s)}, false,
			false},
		"one that was answered a moment ago": {[]history.Call{heard, saysLeft(9*s/5, 1, 2), refusedAt(2 * s)}, false,
			false},
		"one of the next three is refused": {[]history.Call{saysLeft(0, 9, 10), saysLeft(s, 3, 10),
			saysLeft(2*s, 2, 10), refusedAt(3 * s)}, true, true},
		"the last of them": {[]history.Call{saysLeft(0, 9, 10), saysLeft(s, 2, 10),
			saysLeft(2*s, 0, 10), refusedAt(3 * s)}, true, true},
		"the one after": {[]history.Call{saysLeft(0, 2, 3), saysLeft(s, 1, 3),
			saysLeft(2*s, 0, 3), refusedAt(3 * s)}, false, false},
		"nobody says of how many": {[]history.Call{{Arrival: refusedAt(0).Arrival, Received: 1,
			Outcome: history.OK, Hints: header("X-RateLimit-Remaining", "9")}, refusedAt(s)}, false, false},
		"a call may cost three": {[]history.Call{saysLeft(0, 7, 10), saysLeft(s, 4, 10),
			saysLeft(2*s, 1, 10), refusedAt(3 * s)}, false, false},
		"another client's lies between": {[]history.Call{saysLeft(0, 9, 10), saysLeft(s, 1, 10), other,
			refusedAt(2 * s)}, false, false},
		"a notification lies between": {[]history.Call{saysLeft(0, 1, 2), notice, refusedAt(2 * s)}, false,
			false},
		// by the first claim
		"the claim may be later than the call": {[]history.Call{saysLeft(0, 9, 10), slow, refusedAt(2 * s)}, true,
			false},
		"only the late claim": {[]history.Call{slow, refusedAt(2 * s)}, false, false},
		"something else is in flight": {[]history.Call{saysLeft(0, 9, 10), {Arrival: busy.Arrival, Sent: s,
			Received: 5 * s, Outcome: history.OK}, busy}, true, false},
		// of the first
		"a refusal came before, and may bar": {[]history.Call{saysLeft(0, 1, 2), refusedAt(s), refusedAt(2 * s)}, true,
			true},
		"one that never ended lies between": {[]history.Call{saysLeft(0, 1, 2), {Arrival: busy.Arrival, Sent: s / 2,
			Received: s, Outcome: history.TimedOut}, busy}, false, false},
	} {
		got := ReadClaims(c.calls)
		require.Equal(t, c.lie, got.Lie != nil, "%s: %+v", name, got.Lie)
		if got.Lie != nil {
			require.Equal(t, c.alone, got.Lie.Alone, name)
		}
		f, ok := got.Finding(true, false)
		require.True(t, ok)
		want := Pass
		if c.alone {
			want = Fail
			require.NotNil(t, f.Witness)
		}
		require.Equal(t, want, f.Verdict, name)
		f, _ = got.Finding(false, false)
		require.Equal(t, Pass, f.Verdict, "not promised: %s", name)
		require.Equal(t, c.lie, len(f.Warnings) > 0, name)
		f, _ = got.Finding(true, true)
		require.Equal(t, Pass, f.Verdict, "shared: %s", name)
	}
	_, ok := ReadClaims([]history.Call{refusedAt(0)}).Finding(true, false)
	require.False(t, ok, "no headers, no finding")
	got := ReadClaims([]history.Call{saysLeft(0, 99, 10), {Outcome: history.OK, Hints: header("X-RateLimit-Remaining",
		"-1")}})
	require.Equal(t, []string{"RateLimit", "X-RateLimit-Remaining"}, got.Headers)
	require.Len(t, got.Notes, 2)
}

// An honest limiter's headers are never called a lie: windows of any phase and buckets,
// calls of any cost, several clients with one counter or one each, and delays.
func TestHonestHeadersAreBelieved(t *testing.T) {
	lied := 0
	property := func(t *rapid.T) {
		n, price := rapid.IntRange(1, 12).Draw(t, "n"), rapid.IntRange(1, 3).Draw(t, "price")
		kind := rapid.SampledFrom([]string{"fixed", "sliding", "bucket"}).Draw(t, "kind")
		clients := rapid.IntRange(1, 2).Draw(t, "clients")
		perClient, broken := rapid.Bool().Draw(t, "per client"), rapid.IntRange(0, 3).Draw(t, "broken") == 0
		const every = time.Second
		taken := map[string][]time.Duration{}
		level, at := map[string]float64{}, map[string]time.Duration{}
		var calls []history.Call
		delay := rapid.SampledFrom([]int{5, 300}).Draw(t, "delay")
		now := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			now += time.Duration(rapid.IntRange(1, 200).Draw(t, "gap")) * time.Millisecond
			before, after := rapid.IntRange(0, delay).Draw(t, "before"), rapid.IntRange(0, delay).Draw(t, "after")
			c := history.Call{Arrival: history.Arrival{Client: fmt.Sprint(rapid.IntRange(1, clients).Draw(t, "client")),
				Method: "tools/call", Tool: "x"},
				Sent: now - time.Duration(before)*time.Millisecond, Received: now +
					time.Duration(after)*time.Millisecond}
			key := ""
			if perClient {
				key = c.Client
			}
			room := n
			switch kind {
			case "bucket":
				if _, ok := level[key]; !ok {
					level[key] = float64(n)
				}
				level[key] = min(float64(n), level[key]+float64(n)*(now-at[key]).Seconds())
				at[key], room = now, int(level[key])
			default:
				for _, x := range taken[key] {
					if kind == "sliding" && now-x < every || kind == "fixed" && x/every == now/every {
						room--
					}
				}
			}
			if room < price {
				c.Outcome = history.Limited
			} else {
				c.Outcome = history.OK
				level[key] -= float64(price)
				for range price {
					taken[key] = append(taken[key], now)
				}
				left := room - price
				if broken {
					left = n - price
				}
				c.Hints = header("RateLimit", fmt.Sprintf("limit=%d, remaining=%d, reset=1", n, left))
			}
			calls = append(calls, c)
		}
		got := ReadClaims(calls)
		if broken && got.Lie != nil {
			lied++
		}
		if !broken {
			require.Nil(t, got.Lie)
		}
	}
	for try := 0; try == 0 || lied == 0 && try < 20; try++ { // few draws, as of -short, may hold no lie
		rapid.Check(t, property)
	}
	require.Positive(t, lied, "a header that always says the most was caught at times")
}

// Calls that took no time, by a coarse clock, stand in each other's way like others.
func TestClaimsOfCallsThatTookNoTime(t *testing.T) {
	at := func(ms int, client string, o history.Outcome, left int) history.Call {
		c := history.Call{Arrival: history.Arrival{Client: client, Method: "tools/call", Tool: "x"}, Outcome: o,
			Sent: time.Duration(ms) * time.Millisecond, Received: time.Duration(ms) * time.Millisecond}
		if o == history.OK {
			c.Hints = header("RateLimit", fmt.Sprintf("limit=6, remaining=%d, reset=1", left))
		}
		return c
	}
	calls := []history.Call{at(1, "1", history.OK, 4), at(2, "2", history.OK, 2), at(3, "1", history.OK, 0),
		at(4, "1", history.Limited, 0), at(5, "2", history.Limited, 0)}
	require.Nil(t, ReadClaims(calls).Lie)
}

// TestWhatHeadersSayTooLittleOf: less is said to be left than is let in, or a count is said to start
// anew earlier than it does. Neither is a fail, and nothing that an honest limit does is told of.
func TestWhatHeadersSayTooLittleOf(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	says := func(at time.Duration, left int) history.Call {
		c := saysLeft(at, 0, 0)
		c.Hints = header("RateLimit", fmt.Sprintf("limit=30, remaining=%d, reset=10", left))
		return c
	}
	run := func(n, from, step int) (calls []history.Call) {
		for i := range n {
			calls = append(calls, says(time.Duration(i)*10*ms, max(0, from-i*step)))
		}
		return calls
	}
	reset := func(at time.Duration, raw string, in, by time.Duration, more ...history.Hint) history.Call {
		c := refusedAt(at)
		c.Hints = history.FormatHints(append([]history.Hint{{From: "RateLimit", Raw: raw, Kind: history.HintReset,
			Lo: in - by, Hi: in + by}}, more...))
		return c
	}
	unanswered := saysLeft(100*ms, 3, 30)
	unanswered.Outcome = history.TimedOut
	other := refusedAt(9 * s)
	other.Tool = "y"
	long := history.Hint{From: "Retry-After", Raw: "60", Kind: history.HintWait, Lo: 59 * s, Hi: 61 * s}
	for name, c := range map[string]struct {
		calls []history.Call
		want  string // empty: nothing is told of
	}{
		"as it is":                 {run(30, 29, 1), ""},
		"none left from the start": {run(30, 0, 0), "call 1 was told that 0 of 30 are left for 10s"},
		"ten too few":              {run(30, 19, 1), "the header says less than is let in"},
		"two calls a unit":         {run(15, 28, 2), ""},
		"it has room again":        {append(run(30, 29, 1), says(10300*ms, 29), says(10400*ms, 28)), ""},
		"a second, for ten": {[]history.Call{reset(0, "1", s, s), refusedAt(9 * s)},
			"call 1 was told that its count starts anew after 1s (RateLimit: 1), and call 2, 9s later"},
		"rounded":              {[]history.Call{reset(0, "1", s, s), refusedAt(1900 * ms)}, ""},
		"something was let in": {[]history.Call{reset(0, "1", s, s), saysLeft(3*s, 3, 30), refusedAt(9 * s)}, ""},
		"or may have been":     {[]history.Call{unanswered, reset(s, "1", s, s), refusedAt(9 * s)}, ""},
		"of another tool":      {[]history.Call{reset(0, "1", s, s), other}, ""},
		"of two limits one": {[]history.Call{reset(0, "1", s, s, history.Hint{From: "RateLimit", Raw: "40",
			Kind: history.HintReset, Lo: 39 * s, Hi: 41 * s}), refusedAt(9 * s)}, ""},
		"but wait for longer": {[]history.Call{reset(0, "1", s, s, long), refusedAt(9 * s)}, ""},
		"milliseconds, perhaps": {[]history.Call{reset(0, "1", s, s, history.Hint{From: "X-RateLimit-Reset", Raw: "9000",
			Kind: history.HintReset, Lo: 8999 * s, Hi: 9001 * s, Note: history.NoteUnit}), refusedAt(9 * s)}, ""},
	} {
		f, _ := ReadClaims(c.calls).Finding(true, false)
		require.NotEqual(t, Fail, f.Verdict, name)
		text := strings.Join(f.Warnings, "; ")
		if c.want == "" {
			require.Empty(t, text, name)
		}
		require.Contains(t, text, c.want, name)
	}
}
