package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A server whose limiter counts tool calls only lets every tools/list pass, and
// keeps its promise: that is no fail, and no pass either, unless somebody said
// that tools/list is charged.
func TestWhatIsOnlyPresumedToBeChargedProvesNoLeak(t *testing.T) {
	open := func(method string) []history.Call { // everything is let through
		var calls []history.Call
		for i := range 60 {
			at := time.Duration(i) * time.Millisecond
			calls = append(calls, history.Call{Arrival: history.Arrival{Due: at, Client: []string{"a", "b"}[i%2],
				Method: method, Label: "x"},
				Sent: at, Received: at + 1, Outcome: history.OK})
		}
		return calls
	}
	checks := append(LimitChecks(), Scope, Measure, Pressure, Isolation, Evasion)
	for _, row := range []struct {
		name    string
		profile promise.Terms
		method  string
		fails   bool
	}{
		{"nobody said what is charged", presumed(10, 20, "tools/list"), "tools/list", false},
		{"nobody said what is charged, and it is a tool call", presumed(10, 20, toolCall),
			"tools/call", true},
		{"everything is charged", charging("*"), "tools/list", true},
		{"tools/list is charged", charging("tools/list"), "tools/list", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			court := NewCourt(row.profile, open(row.method), Config{})
			got := map[string]Finding{}
			for _, c := range checks {
				got[c.ID] = c.Judge(court.Trial("x"))
			}
			if row.fails {
				require.Equal(t, Fail, got["over-admission"].Verdict)
				return
			}
			for id, f := range got {
				require.NotEqual(t, Fail, f.Verdict, id)
				if id != "over-rejection" { // nothing was refused, so nothing wrongly
					require.Equal(t, Inconclusive, f.Verdict, "%s: %s", id, f.Saw)
				}
			}
			require.Contains(t, got["over-admission"].Saw, "60 calls of tools/list admitted")
			require.Contains(t, got["over-admission"].Saw, "tool calls were not tried")
			require.Equal(t, []string{"tools/list"}, row.profile.Limit.Charges, "the caller's profile is left alone")
		})
	}
}

// presumed are the terms of a bucket for everybody of which nobody said what it charges.
func presumed(rate float64, burst int, method string) promise.Terms {
	t := promise.Terms{Limit: promise.Limit{Rate: rate, Burst: burst, Scope: promise.Global, Presumed: true},
		Method: method, Statuses: []int{429}}
	t.Limit.Presume(method)
	return t
}

// charging are terms that say what is charged.
func charging(what string) promise.Terms {
	p := presumed(10, 20, "tools/list")
	p.Limit.Presumed, p.Limit.Charges, p.Limit.MayCharge = false, []string{what}, nil
	return p
}

// A limiter that counts tools/list too can be judged by it: what it lets through
// and what it refuses explain each other.
func TestAPresumedChargeStillPasses(t *testing.T) {
	bucket := newLevel(10, 20)
	var calls []history.Call
	for i := range 60 {
		at := time.Duration(i) * 10 * time.Millisecond
		c := history.Call{Arrival: history.Arrival{Due: at, Client: "a", Method: "tools/list", Label: "x"}, Sent: at,
			Received: at + 1, Outcome: history.Limited}
		if bucket.take(at) {
			c.Outcome = history.OK
		}
		calls = append(calls, c)
	}
	court := NewCourt(presumed(10, 20, "tools/list"), calls, Config{})
	for _, c := range append(LimitChecks(), Pressure) {
		require.Equal(t, Pass, c.Judge(court.Trial("x")).Verdict, c.ID)
	}
}

// Nor do refusals by a wider limit, in front of the one that is promised, prove
// anything: neither that clients share a bucket, nor that nobody evades it.
func TestAWiderLimitOfWhatIsOnlyPresumedProvesNothing(t *testing.T) {
	wide := newLevel(50, 60)
	var calls []history.Call
	for i := range 200 {
		at := time.Duration(i) * 2 * time.Millisecond
		c := history.Call{Arrival: history.Arrival{Due: at, Client: "a", Method: "tools/list", Label: "x"}, Sent: at,
			Received: at + 1, Outcome: history.Limited}
		if i%20 == 19 {
			c.Client = "b"
		}
		if i > 150 && i%2 == 1 {
			c.Client, c.Session = "a", "session"
		}
		if wide.take(at) {
			c.Outcome = history.OK
		}
		calls = append(calls, c)
	}
	for _, check := range []Check{overAdmission, Scope, Isolation, Evasion} {
		said := check.Judge(NewCourt(charging("*"), calls, Config{}).Trial("x"))
		f := check.Judge(NewCourt(presumed(10, 20, "tools/list"), calls, Config{}).Trial("x"))
		require.Equal(t, Inconclusive, f.Verdict, "%s: %s", check.ID, f.Saw)
		require.Contains(t, f.Saw, "tool calls were not tried", check.ID)
		require.NotContains(t, said.Saw, "tool calls were not tried", check.ID)
	}
}
