package verdict

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// everything is a promise of an honest limiter that charges all HTTP requests.
func everything(burst int) promise.Limit {
	return promise.Limit{Rate: 1, Burst: burst, Scope: promise.Global, Charges: []string{"tools/call"},
		MayCharge: []string{"*"}}
}

func message(kind history.Kind, method, label string, sent, received time.Duration, o history.Outcome) history.Call {
	return history.Call{Arrival: history.Arrival{Method: method, Label: label}, Kind: kind, Sent: sent,
		Received: received, Outcome: o}
}

// TestAsidesMayCost: what left us beside the calls may have taken a token each, so
// that refusals after it are excused, until it must have been decided; and it is
// never held against anybody.
func TestAsidesMayCost(t *testing.T) {
	const ms = time.Millisecond
	call := func(sent time.Duration, o history.Outcome) history.Call {
		return message(history.Request, "tools/call", "burst", sent, sent+ms, o)
	}
	ok, limited, unknown := history.OK, history.Limited, history.Unknown
	rows := []struct {
		name  string
		calls []history.Call
		want  Verdict
	}{
		{"nothing beside", []history.Call{call(0, ok), call(100*ms, limited)}, Fail},
		{"a notification", []history.Call{message(history.Notification, "notifications/initialized", "handshake", 0, ms,
			unknown), call(2*ms, ok), call(100*ms, limited)}, Pass},
		{"an answer", []history.Call{call(0, ok), message(history.Answer, "ping", "aside", ms, 2*ms, unknown),
			call(100*ms, limited)}, Pass},
		{"a stream", []history.Call{message(history.Stream, "GET", "handshake", 0, ms, ok), call(2*ms, ok),
			call(100*ms, limited)}, Pass},
		{"a deletion", []history.Call{call(0, ok), message(history.Deletion, "DELETE", "aside", ms, 2*ms,
			history.Rejected), call(100*ms, limited)}, Pass},
		{"a refused aside is no refusal", []history.Call{call(0, ok), message(history.Notification,
			"notifications/cancelled", "aside", ms, 2*ms, limited)}, Pass},
		{"nor one that nobody answered", []history.Call{call(0, ok), message(history.Answer, "ping", "aside", ms, 2*ms,
			limited), call(100*ms, limited)}, Pass},
		{"a call in its place would be held against the limit", []history.Call{call(0, ok), call(2*ms, ok),
			call(3*ms, ok)}, Fail},
		{"an admitted one proves nothing", []history.Call{call(0, ok), call(2*ms, ok), message(history.Deletion,
			"DELETE", "aside", 3*ms, 4*ms, ok)}, Pass},

		// A second after it a token has flowed in again, and another has not been
		// taken by the notification: a call that was sent after it was answered.
		{"decided long ago", []history.Call{
			call(0, ok), message(history.Notification, "notifications/cancelled", "aside", ms, 2*ms, unknown),
			call(10*ms, limited), call(3*time.Second, limited),
		}, Fail},
		// But nothing was answered in between: the server may have stood still.
		{"perhaps decided just now", []history.Call{
			call(0, ok), message(history.Notification, "notifications/cancelled", "aside", ms, 2*ms, unknown),
			{Arrival: history.Arrival{Method: "tools/call", Label: "burst"}, Sent: 3 * ms, Received: 3 * time.Second,
				Outcome: ok},
			message(history.Request, "tools/call", "burst", 3*time.Second-ms, 3*time.Second, limited),
		}, Pass},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			burst := 2
			if row.name == "perhaps decided just now" {
				burst = 3
			}
			j := Gather(everything(burst), row.calls).Check(testLimit(1, burst), DefaultTolerance)
			require.Equal(t, row.want, j.Verdict, "%+v", j)
		})
	}
}

// A limiter that charges whatever comes by HTTP is never failed, wherever within
// its bounds it decides what nothing answers.
func TestHonestLimitOfEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const rate, burst = 20.0, 5
		kinds := []history.Kind{history.Request, history.Request, history.Notification, history.Answer,
			history.Deletion}
		level, last := float64(burst), time.Duration(0)
		var calls []history.Call
		at := time.Duration(0)
		for i := range rapid.IntRange(1, 80).Draw(t, "n") {
			at += time.Duration(rapid.IntRange(0, 80).Draw(t, fmt.Sprint("gap", i))) * time.Millisecond
			before := time.Duration(rapid.IntRange(0, 30).Draw(t, "before")) * time.Millisecond
			after := time.Duration(rapid.IntRange(0, 30).Draw(t, "after")) * time.Millisecond
			kind := rapid.SampledFrom(kinds).Draw(t, "kind")
			level, last = min(burst, level+rate*(at-last).Seconds()), at
			c := message(kind, "tools/call", "burst", max(0, at-before), at+after, history.OK)
			if level < 1 {
				c.Outcome = history.Limited
			} else {
				level--
			}
			if kind != history.Request {
				c.Method, c.Label = "notifications/x", "aside"
				if c.Outcome == history.OK && kind != history.Deletion {
					c.Outcome = history.Unknown
				}
			}
			calls = append(calls, c)
		}
		e := Gather(everything(burst), calls)
		j := e.Check(testLimit(rate, burst), DefaultTolerance)
		require.NotEqual(t, Fail, j.Verdict, "%+v", j)
	})
}
