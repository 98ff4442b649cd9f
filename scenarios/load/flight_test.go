package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// TestAFlightAddsUp: by Little's law, or something else was waited for.
func TestAFlightAddsUp(t *testing.T) {
	full := Flight{Asked: 16, Span: 10 * time.Second, Calls: 4000}
	all := 160 * time.Second // of the calls together
	for _, row := range []struct {
		name                    string
		service, queued, ending time.Duration
		think                   bool
		want                    string
	}{
		{name: "busy all the time", service: all},
		{name: "nearly", service: all * 6 / 10, queued: all * 4 / 10},
		{name: "late ends", service: 3 * time.Second, ending: 157 * time.Second,
			want: "the server had only 0.3 of 16 calls at a time; most of the time, 39.3ms a call, went by between " +
				"the response and the end of its reply"},
		{name: "connections", service: 16 * time.Second, queued: 140 * time.Second,
			want: "only 1.6 of 16 calls at a time; most of the time, 35ms a call, went by waiting for a connection"},
		{name: "thinking", service: 16 * time.Second, think: true, want: "callers were thinking"},
		{name: "ourselves", service: 16 * time.Second, want: "36ms a call, it waited for this machine to send the " +
			"next one"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := full
			f.Service, f.Queued, f.Ending, f.Think = row.service, row.queued, row.ending, row.think
			if row.want == "" {
				assert.Empty(t, f.Short())
				return
			}
			assert.Contains(t, f.Short(), row.want)
		})
	}
	assert.Empty(t, Flight{Asked: 16}.Short(), "nothing was sent")
}

func TestFlightOfMetrics(t *testing.T) {
	m := measuredOf(of(10, history.OK, 5, history.Rejected, 3, history.Unsent))
	late := call(0, 100*ms, history.OK)
	late.Sent = 40 * ms
	m.Add(late)
	f := m.Flight(2 * time.Second)
	assert.Equal(t, Flight{Span: 2 * time.Second, Calls: 16, Service: 15*ms + 60*ms, Queued: 40 * ms}, f)
	assert.InDelta(t, 0.0375, f.Mean(), 1e-9)
}

// TestOurPausesExcuse: a threshold that is broken by no more calls than we stood
// still for is no fail; one that is broken without them is.
func TestOurPausesExcuse(t *testing.T) {
	var calls []history.Call
	for i := range 100 {
		took := 10 * ms
		if i >= 95 {
			took = 2 * time.Second
		}
		calls = append(calls, call(time.Duration(i)*10*ms, took, history.OK))
	}
	for range 5 {
		calls = append(calls, call(0, 2*time.Second, history.TimedOut))
	}
	m := measuredOf(calls)
	for _, row := range []struct {
		text            string
		spoilt, touched int64
		want            bool
	}{
		{"p99<100ms", 0, 0, false},
		{"p99<100ms", 5, 5, true},
		{"p99<100ms", 0, 5, false},
		{"p99<5ms", 5, 5, false},
		{"max<100ms", 5, 5, true},
		{"mean<100ms", 5, 5, true},
		{"mean<5ms", 5, 5, false},
		{"errors<1%", 5, 0, true},
		{"errors<1%", 0, 5, false},
		{"errors<1%", 3, 0, false},
		{"timeouts<1%", 5, 0, true},
		{"rate>=1000/s", 5, 5, false},
		{"p50<1ms", 200, 0, true},
	} {
		f, _ := m.Judge(threshold(t, row.text), 1)
		assert.Equal(t, verdict.Fail, f.Verdict, row.text)
		assert.Equal(t, row.want, m.Excused(threshold(t, row.text), row.spoilt, row.touched, 2*time.Second), "%+v", row)
	}
}
