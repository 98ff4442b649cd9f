package mock

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/ratelimit"
)

func lawsOf(t *testing.T, texts ...string) promise.Promise {
	t.Helper()
	var p promise.Promise
	for _, text := range texts {
		l, err := promise.Parse(text)
		require.NoError(t, err, text)
		p = append(p, l)
	}
	return p
}

func keeping(t *testing.T, fault string, texts ...string) Limiter {
	t.Helper()
	l, err := NewLaws(LawConfig{Promise: lawsOf(t, texts...), Fault: fault})
	require.NoError(t, err)
	return l
}

// TestEveryKindIsKept: how many of the calls of each row are let in, by hand.
func TestEveryKindIsKept(t *testing.T) {
	const s = time.Second
	for name, c := range map[string]struct {
		laws []string
		rows []row
	}{
		"bucket": {[]string{"10/s burst 20"}, []row{{n: 25, want: 20}, {at: 500 * ms, n: 9, want: 5}}},
		"steps": {[]string{"10/s burst 20 steps 10 every 1s"}, []row{{at: 100 * ms, n: 25, want: 20},
			{at: 990 * ms, n: 3}, {at: s, n: 15, want: 10}}},
		"fixed": {[]string{"3 per 10s fixed"}, []row{{at: 4 * s, n: 1, want: 1}, {at: 13 * s, n: 4, want: 2},
			{at: 14 * s, n: 4, want: 3}, {at: 23 * s, n: 1}}},
		"aligned": {[]string{"3 per 10s aligned"}, []row{{at: 9 * s, n: 4, want: 3}, {at: 10 * s, n: 4, want: 3},
			{at: 19 * s, n: 1}, {at: 35 * s, n: 1, want: 1}}},
		"sliding": {[]string{"3 per 10s sliding"}, []row{{at: s, n: 2, want: 2}, {at: 8 * s, n: 3, want: 1},
			{at: 11 * s, n: 3, want: 2}, {at: 18 * s, n: 2, want: 1}}},
		"unsaid": {[]string{"3 per 10s"}, []row{{at: s, n: 2, want: 2}, {at: 8 * s, n: 3, want: 1},
			{at: 11 * s, n: 3, want: 2}}},
		// Half of the last ten counts in the middle of the next window.
		"counter": {[]string{"10 per 10s counter"}, []row{{at: s, n: 11, want: 10}, {at: 15 * s, n: 9, want: 5},
			{at: 25 * s, n: 9, want: 7}}},
		"quota": {[]string{"quota 3 per hour UTC"}, []row{{n: 4, want: 3}, {at: 25 * time.Minute, n: 1},
			{at: 26 * time.Minute, n: 4, want: 3}}},
		"cap": {[]string{"2 at a time"}, []row{{n: 3, want: 2, as: Request{Lasts: 5 * s}},
			{at: 4 * s, n: 1}, {at: 5 * s, n: 3, want: 2, as: Request{Lasts: s}}}},
		"tools": {[]string{"1 per 10s fixed tools crawl"}, []row{{n: 3, want: 3, as: Request{Method: "tools/list"}},
			{n: 2, want: 1, as: Request{Tool: "crawl"}}, {n: 1, want: 1, as: Request{Method: "tools/list"}}}},
		"units": {[]string{"10 per 10s fixed units crawl=4,c*=2"},
			[]row{{n: 3, want: 2, as: Request{Tool: "crawl"}}, {n: 2, want: 1, as: Request{Tool: "copy"}}, {n: 1}}},
		"failures": {[]string{"2 per 10s fixed only failures"}, []row{{n: 9, want: 9},
			{n: 3, want: 2, as: Request{Fails: true}}, {n: 1}}},
		"successes": {[]string{"2 per 10s fixed only successes"}, []row{{n: 9, want: 9, as: Request{Fails: true}},
			{n: 3, want: 2}}},
		"charged": {[]string{"2 per 10s sliding refusals charged"}, []row{{n: 2, want: 2}, {at: 9 * s, n: 1},
			{at: 10 * s, n: 2, want: 1}}},
		"elastic": {[]string{"2 per 10s fixed elastic"}, []row{{n: 2, want: 2}, {at: 9 * s, n: 1},
			{at: 18 * s, n: 1}, {at: 28 * s, n: 3, want: 2}}},
		"lockout": {[]string{"2 per 1s fixed lockout 8s"}, []row{{n: 3, want: 2}, {at: 2 * s, n: 1},
			{at: 8 * s, n: 2, want: 2}}},
		"session": {[]string{"2 per 10s fixed per session"}, []row{{n: 3, want: 2, as: Request{Client: "a"}},
			{n: 3, want: 2, as: Request{Client: "b"}}}},
		"credential": {[]string{"2 per 10s fixed per credential"},
			[]row{{n: 3, want: 2, as: Request{Client: "a", Who: "x"}}, {n: 1, as: Request{Client: "b", Who: "x"}},
				{n: 1, want: 1, as: Request{Who: "y"}}}},
		"address": {[]string{"2 per 10s fixed per address"},
			[]row{{n: 3, want: 2, as: Request{Conn: "10.0.0.1:5"}}, {n: 1, as: Request{Conn: "10.0.0.1:6"}},
				{n: 1, want: 1, as: Request{Conn: "10.0.0.2:5"}}}},
		"tool and method": {[]string{"2 per 10s fixed per tool and method"},
			[]row{{n: 3, want: 2, as: Request{Tool: "a"}}, {n: 3, want: 2, as: Request{Tool: "b"}},
				{n: 3, want: 2, as: Request{Method: "ping"}}}},
		"charges": {[]string{"2 per 10s fixed methods initialize,tools/call tools a* free ping"},
			[]row{{n: 9, want: 9, as: Request{Method: "ping"}}, {n: 9, want: 9, as: Request{Tool: "b"}},
				{n: 1, want: 1, as: Request{Tool: "ab"}}, {n: 2, want: 1, as: Request{Method: "initialize"}}}},
		// Refused by the tighter one, a call costs the wider one nothing.
		"stack": {[]string{"2 per 1s fixed", "5 per 10s fixed"}, []row{{n: 9, want: 2}, {at: s, n: 9, want: 2},
			{at: 2 * s, n: 9, want: 1}, {at: 3 * s, n: 9}, {at: 10 * s, n: 9, want: 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			counts, _ := play(keeping(t, "", c.laws...), c.rows)
			for i, r := range c.rows {
				assert.Equal(t, r.want, counts[i], "row %d: %d at %s", i+1, r.n, r.at)
			}
		})
	}
}

// TestQueuesWait: who comes too early waits, in turn, and who would wait too long is refused.
func TestQueuesWait(t *testing.T) {
	for law, want := range map[string][]time.Duration{
		"10/s burst 2 queue 200ms":        {0, 0, 100 * ms, 200 * ms, -1, -1},
		"2 per 150ms sliding queue 200ms": {0, 0, 150 * ms, 150 * ms, -1, -1},
		"2 per 150ms fixed queue 200ms":   {0, 0, 150 * ms, 150 * ms, -1, -1},
		"2 per 150ms aligned queue 200ms": {0, 0, 150 * ms, 150 * ms, -1, -1},
		"2 at a time queue 200ms":         {0, 0, 120 * ms, 120 * ms, -1, -1},
	} {
		l := keeping(t, "", law)
		for i, w := range want {
			a := l.Decide(Request{Method: methodCall, Lasts: 120 * ms})
			assert.Equal(t, w < 0, a.Limited, "%s: call %d", law, i+1)
			if w >= 0 {
				assert.Equal(t, w, a.Delay, "%s: call %d", law, i+1)
			}
		}
	}
}

// TestRefusalsOfLawsSayTheTruth: the wait that a refusal names is over when it says so,
// and not before.
func TestRefusalsOfLawsSayTheTruth(t *testing.T) {
	for _, law := range []string{"10/s burst 20", "10/s burst 20 steps 10 every 1s", "5 per 10s fixed",
		"5 per 10s sliding", "5 per 10s aligned",
		"5 per 10s counter", "quota 5 per day", "quota 5 per month Europe/Paris", "5 per 1s fixed lockout 4s"} {
		refused := func() (Limiter, Answer) {
			l := keeping(t, "", law)
			for range 40 {
				if a := l.Decide(Request{At: 30 * ms, Method: methodCall}); a.Limited {
					return l, a
				}
			}
			t.Fatalf("%s: nothing was refused", law)
			return nil, Answer{}
		}
		l, a := refused()
		require.NotEqual(t, ratelimit.Never, a.RetryAfter, law)
		assert.False(t, l.Decide(Request{At: 30*ms + a.RetryAfter, Method: methodCall}).Limited, "%s: refused after %s",
			law, a.RetryAfter)
		if strings.Contains(law, "counter") {
			continue // told in steps of a thousandth
		}
		l, a = refused()
		assert.True(t, l.Decide(Request{At: 29*ms + a.RetryAfter, Method: methodCall}).Limited, "%s: let in before %s",
			law, a.RetryAfter)
	}
	a := keeping(t, "", `1 per 10s named "burst"`, `1 per 1h named "hourly"`)
	a.Decide(Request{Method: methodCall})
	no := a.Decide(Request{Method: methodCall})
	assert.Equal(t, "burst", no.Law)
	assert.Equal(t, time.Hour, no.RetryAfter, "the longest wait of those that refuse")
}

// TestLawFaultsAreTold: at least four faults a kind, each of which answers some traffic in
// another way than the honest mock.
func TestLawFaultsAreTold(t *testing.T) {
	rows := []row{{at: 0, n: 1}, {at: 3 * time.Second, n: 10}, {at: 4900 * ms, n: 8}, {at: 9300 * ms, n: 8},
		{at: 9990 * ms, n: 8}, {at: 10200 * ms, n: 8},
		{at: 12 * time.Second, every: 333 * ms, times: 90, n: 1, as: Request{Lasts: time.Second}},
		{at: 50 * time.Second, n: 30, as: Request{Lasts: 5 * time.Second, Tool: "a"}},
		{at: 50 * time.Second, n: 9, as: Request{Client: "c2", Who: "b"}}, {at: 91 * time.Second, n: 9,
			as: Request{Fails: true}}, {at: 92 * time.Second, n: 9}}
	for _, law := range []string{"1/s burst 6", "1/s burst 6 steps 3 every 3s", "6 per 10s fixed", "6 per 10s aligned",
		"6 per 10s sliding", "6 per 10s counter", "6 per 10s",
		"quota 6 per day", "6 at a time", "6 per 10s fixed only failures", "1/s burst 6 queue 2s",
		"6 per 10s fixed per session", "6 per 10s fixed units a=2"} {
		t.Run(law, func(t *testing.T) {
			rows := slices.Clone(rows)
			for i := range rows[:len(rows)-1] {
				if i == 6 {
					continue
				}
				rows[i].as.Fails = rows[i].as.Fails || strings.Contains(law, "failures")
			}
			_, honest := play(keeping(t, "", law, "500 per 1h sliding"), rows)
			faults := 0
			for _, f := range LawFaults() {
				if can, _ := f.Of(lawsOf(t, law)[0]); !can || f.swap && !strings.Contains(law, "per") {
					continue
				}
				faults++
				if f.Name == "law-refusals-charged" && strings.Contains(law, "fixed") ||
					strings.Contains(law, "aligned") && f.Name == "law-refusals-charged" {
					continue
				}
				l, err := NewLaws(LawConfig{Promise: lawsOf(t, law, "500 per 1h sliding"), Fault: f.Name})
				if f.swap && err != nil {
					continue
				}
				require.NoError(t, err)
				_, got := play(l, rows)
				assert.NotEqual(t, honest, got, f.Name)
			}
			assert.GreaterOrEqual(t, faults, 4)
		})
	}
}

func TestLawFaultsByName(t *testing.T) {
	p := lawsOf(t, "6 per 10s fixed", "1/s burst 6")
	for fault, want := range map[string]string{
		"bursty":           `no fault of laws is named "bursty", there are: law-missing, law-n+1`,
		"law-n+1@3":        `there is no law "3", but 2 of them`,
		"law-n+1@x":        `there is no law "x"`,
		"law-no-queue":     "no law can be broken so",
		"law-as-fixed":     "no law can be broken so",
		"law-as-fixed@1":   `"6 per 10s fixed" can't be broken so`,
		"law-tiers":        "no other law is a window of other numbers",
		"law-all-outcomes": "no law can be broken so",
	} {
		_, err := NewLaws(LawConfig{Promise: p, Fault: fault})
		assert.ErrorContains(t, err, want, fault)
	}
	_, err := NewLaws(LawConfig{})
	require.ErrorContains(t, err, "no law to keep")
	_, err = NewLaws(LawConfig{Promise: promise.Promise{{Kind: promise.Cap}}})
	require.ErrorContains(t, err, "law 1")
	l := keeping(t, "law-n+1@2", "6 per 10s fixed per session", "7 per 20s fixed")
	counts, _ := play(l, []row{{n: 9, want: 6, as: Request{Client: "a"}}, {n: 9, want: 2, as: Request{Client: "b"}}})
	assert.Equal(t, []int{6, 2}, counts)
	for _, f := range LawFaults() {
		assert.NotEmpty(t, f.Doc)
		assert.Equal(t, f.hidden != nil, f.Note != "", f.Name)
	}
}
