package promise

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatHidesNothing: each thing that sets a law apart from a plain one keeps it from
// hiding another, or the other from being hidden.
func TestWhatHidesNothing(t *testing.T) {
	const narrow, wide, hidden = "1/s burst 5", "1000 per 1m sliding",
		"another law grants less at any time: 1/s burst 5"
	why := func(change func(l, other *Law)) string {
		p := lawsOf(t, narrow, wide)
		change(&p[0], &p[1])
		return p.Unreached(1, "tools/call", "ping")
	}
	require.Equal(t, hidden, why(func(_, _ *Law) {}))
	for name, change := range map[string]func(l, other *Law){
		"a queue before it":               func(l, _ *Law) { l.Wait = time.Second },
		"a lockout of the other":          func(_, other *Law) { other.Lockout = time.Second },
		"an elastic one":                  func(_, other *Law) { other.Elastic = true },
		"methods of its own":              func(l, _ *Law) { l.Charge.Methods = []string{"tools/call", "ping"} },
		"methods that it may charge":      func(l, _ *Law) { l.Charge.May = []string{"ping"} },
		"methods that are free":           func(l, _ *Law) { l.Charge.Free = []string{"ping"} },
		"tools of its own":                func(l, _ *Law) { l.Charge.Tools = []string{"ping", "pong"} },
		"outcomes of its own":             func(l, _ *Law) { l.Charge.Outcomes = Failures },
		"refusals that the other charges": func(_, other *Law) { other.Charge.Refused = true },
		"units of the other":              func(_, other *Law) { other.Charge.Units = map[string]int{"pong": 2} },
		"a counter for each session":      func(l, _ *Law) { l.Key = Key{Session} },
		"no number of requests":           func(l, _ *Law) { l.Kind, l.N = Cap, 1 },
		"as much as the other":            func(_, other *Law) { other.N = 65 },
	} {
		assert.Empty(t, why(change), name)
	}
	assert.Equal(t, hidden, why(func(_, other *Law) { other.N = 66 }), "one more than 5 and 60")
	assert.Equal(t, hidden, why(func(_, other *Law) { other.Key = Key{Session} }), "it is shared by all")
}

// TestRestedIsTheEarliest: the instant from which all is granted again, and not one
// step later.
func TestRestedIsTheEarliest(t *testing.T) {
	for _, row := range []struct {
		law   string
		units int
		at    time.Duration
		want  time.Duration
	}{
		{"10/s burst 3", 0, time.Second, time.Second},
		{"10/s burst 3", 3, 0, 300 * ms},
		{"10/s burst 3", 1, time.Second, 1100 * ms},
		{"10/s burst 20 steps 10 every 1s", 20, 0, 3 * time.Second}, // a step's time may have gone by just before
		{"10/s burst 20 steps 10 every 1s", 10, 0, 2 * time.Second},
		{"10/s burst 20 steps 10 every 1s", 1, 0, 2 * time.Second},
		{"3 per 1s sliding", 1, 500 * ms, 1500 * ms},
		{"3 per 1s fixed", 3, 200 * ms, 1200 * ms},
		{"3 per 1s aligned", 1, 200 * ms, 1200 * ms},
		{"quota 5 per hour", 1, time.Minute, 61 * time.Minute},
	} {
		m := NewMeter(law(t, row.law))
		if row.units > 0 {
			require.True(t, m.Take(row.at, row.units), row.law)
		} else {
			m.Left(row.at)
		}
		require.Equal(t, row.want, m.Rested(row.at), "%s, %d at %v", row.law, row.units, row.at)
		sure, _ := m.Left(row.want)
		require.InDelta(t, float64(m.law.N-m.law.Step), sure, 1e-9, row.law) // a step may always be due
	}
}

// TestAListEndsWithTheText: a comma with nothing behind it is no more of the list.
func TestAListEndsWithTheText(t *testing.T) {
	for text, want := range map[string][]string{
		"30 per 10s methods tools/call,":             {"tools/call"},
		"30 per 10s methods tools/call, ping":        {"tools/call", "ping"},
		"30 per 10s methods tools/call, ping,":       {"tools/call", "ping"},
		"30 per 10s methods tools/call, per session": {"tools/call"},
	} {
		l, err := Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, l.Charge.Methods, text)
	}
}
