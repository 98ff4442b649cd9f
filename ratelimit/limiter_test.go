package ratelimit

import (
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Instants 100 ms apart, as rows name them.
var (
	t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	t1 = t0.Add(100 * time.Millisecond)
	t2 = t0.Add(200 * time.Millisecond)
	t3 = t0.Add(300 * time.Millisecond)
	t4 = t0.Add(400 * time.Millisecond)
	t5 = t0.Add(500 * time.Millisecond)
	t9 = t0.Add(900 * time.Millisecond)
)

func mustNew(t testing.TB, c Config) *Limiter {
	t.Helper()
	l, err := New(c)
	require.NoError(t, err)
	return l
}

// A row asks n times at t; the first ok of them are admitted and the others
// are not.
type row struct {
	t   time.Time
	key string // "" means AllowAt
	n   int
	ok  int
}

func run(t *testing.T, l *Limiter, rows []row) {
	t.Helper()
	require.NotEmpty(t, rows)
	for i, r := range rows {
		for j := range r.n {
			var d Decision
			if r.key == "" {
				d = l.AllowAt(r.t)
			} else {
				d = l.AllowKeyAt(r.key, r.t)
			}
			require.Equal(t, j < r.ok, d.Allowed, "row %d (%v), event %d: %+v", i, r, j, d)
		}
	}
}

func TestAllow(t *testing.T) {
	cases := map[string]struct {
		config Config
		rows   []row
	}{
		"burst, then the rate": {Config{Rate: 10, Burst: 3}, []row{
			{t0, "", 5, 3}, {t1, "", 2, 1}, {t3, "", 3, 2}, {t9, "", 5, 3},
		}},
		"half tokens are kept": {Config{Rate: 5, Burst: 1}, []row{
			{t0, "", 2, 1}, {t1, "", 1, 0}, {t2, "", 2, 1}, {t3, "", 1, 0}, {t4, "", 1, 1},
		}},
		"a refusal costs nothing": {Config{Rate: 10, Burst: 1}, []row{
			{t0, "", 100, 1}, {t1, "", 100, 1}, {t2, "", 100, 1},
		}},
		"idle earns no more than the burst": {Config{Rate: 10, Burst: 2}, []row{
			{t0, "", 3, 2}, {t0.Add(time.Hour), "", 5, 2},
		}},
		"an earlier instant is judged as the latest": {Config{Rate: 10, Burst: 2}, []row{
			{t5, "", 3, 2}, {t0, "", 1, 0}, {t4, "", 1, 0}, {t5, "", 1, 0},
			{t5.Add(100 * time.Millisecond), "", 2, 1},
		}},
		"an earlier instant finds the tokens of the latest": {Config{Rate: 10, Burst: 2}, []row{
			{t5, "", 1, 1}, {t0, "", 2, 1},
		}},
		"a refused instant counts as seen": {Config{Rate: 10, Burst: 2}, []row{
			{t0, "", 2, 2}, {t0.Add(199 * time.Millisecond), "", 2, 1}, {t0, "", 1, 0}, {t2, "", 2, 1},
		}},
		"keys don't share": {Config{Rate: 10, Burst: 2}, []row{
			{t0, "a", 3, 2}, {t0, "b", 3, 2}, {t0, "", 3, 2}, {t1, "b", 2, 1}, {t2, "a", 3, 2}, {t1, "c", 3, 2},
		}},
		"the latest instant is one for all keys": {Config{Rate: 10, Burst: 1}, []row{
			{t0, "a", 2, 1}, {t1, "b", 1, 1}, {t0, "a", 2, 1},
		}},
		"a full table refuses new keys": {Config{Rate: 10, Burst: 2, MaxKeys: 2}, []row{
			{t0, "a", 2, 2}, {t0, "b", 1, 1}, {t0, "c", 1, 0},
			{t1, "c", 2, 2}, {t1, "b", 1, 0}, {t1, "a", 2, 1}, {t2, "b", 1, 0}, {t3, "b", 3, 2},
		}},
		"one a day": {Config{Rate: 1.0 / 86400, Burst: 1}, []row{
			{t0, "", 2, 1}, {t0.Add(24*time.Hour - 1), "", 1, 0}, {t0.Add(24 * time.Hour), "", 2, 1},
		}},
		"one a nanosecond": {Config{Rate: 1e9, Burst: 2}, []row{
			{t0, "", 3, 2}, {t0.Add(1), "", 2, 1}, {t0.Add(3), "", 3, 2},
		}},
		"one in three seconds": {Config{Rate: 1.0 / 3, Burst: 1}, []row{
			{t0, "", 2, 1}, {t0.Add(3*time.Second - 1), "", 1, 0}, {t0.Add(3 * time.Second), "", 2, 1},
		}},
		"thousands of years idle": {Config{Rate: 15, Burst: 40}, []row{
			{t0, "", 41, 40}, {t0.AddDate(5000, 0, 0), "", 41, 40}, {t0, "", 1, 0},
			{t0.AddDate(5000, 0, 0).Add(time.Second), "", 16, 15},
		}},
		"centuries between uses by others": {Config{Rate: 15, Burst: 40}, []row{
			{t0, "", 41, 40}, {t0.AddDate(400, 0, 0), "a", 1, 1}, {t0.AddDate(800, 0, 0), "", 41, 40},
			{t0.AddDate(1200, 0, 0), "a", 41, 40}, {t0.AddDate(1600, 0, 0), "", 41, 40},
		}},
		"the zero time": {Config{Rate: 10, Burst: 2}, []row{
			{time.Time{}, "", 3, 2}, {time.Time{}.Add(100 * time.Millisecond), "", 2, 1}, {t0, "", 3, 2},
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { run(t, mustNew(t, c.config), c.rows) })
	}
}

func TestDecision(t *testing.T) {
	l := mustNew(t, Config{Rate: 15, Burst: 2, MaxKeys: 1})
	require.Equal(t, Decision{Allowed: true, Remaining: 1}, l.AllowAt(t0))
	require.Equal(t, Decision{Allowed: true, Remaining: 0}, l.AllowAt(t0))
	refused := l.AllowAt(t0)
	require.Equal(t, Decision{RetryAfter: 66_666_667, Reason: ReasonRate}, refused)
	require.False(t, l.AllowAt(t0.Add(refused.RetryAfter-1)).Allowed)
	require.True(t, l.AllowAt(t0.Add(refused.RetryAfter)).Allowed)

	require.Equal(t, 133_333_334*time.Nanosecond, l.AllowAt(t0).RetryAfter,
		"from t0, which lies behind the latest instant")
	require.Equal(t, Never, l.AllowAt(t0.AddDate(-400, 0, 0)).RetryAfter)
}

func TestRetryAfterOfANewKey(t *testing.T) {
	l := mustNew(t, Config{Rate: 10, Burst: 3, MaxKeys: 2})
	run(t, l, []row{{t0, "a", 3, 3}, {t0, "b", 1, 1}, {t0, "b", 1, 1}})
	require.Equal(t, Decision{RetryAfter: 200 * time.Millisecond, Reason: ReasonKeys}, l.AllowKeyAt("c", t0))
	require.Equal(t, Decision{RetryAfter: 1, Reason: ReasonKeys}, l.AllowKeyAt("c", t2.Add(-1)))
	require.Equal(t, 2, l.Keys())
	require.Equal(t, Decision{Allowed: true, Remaining: 2}, l.AllowKeyAt("c", t2))
	require.Equal(t, 2, l.Keys())
	require.Equal(t, 100*time.Millisecond, l.AllowKeyAt("b", t2).RetryAfter,
		"b was forgotten for c, and c is full first")
}

func TestBatchIsAllOrNone(t *testing.T) {
	now := t0
	l := mustNew(t, Config{Rate: 10, Burst: 5, Now: func() time.Time { return now }})
	require.Equal(t, Decision{Allowed: true, Remaining: 2}, l.allow(3))
	require.Equal(t, Decision{RetryAfter: 100 * time.Millisecond, Remaining: 2, Reason: ReasonRate}, l.allow(3))
	require.Equal(t, Decision{RetryAfter: Never, Remaining: 2, Reason: ReasonSize}, l.allow(6))
	now = t1
	require.Equal(t, Decision{Allowed: true, Remaining: 0}, l.allow(3))

	require.Equal(t, Decision{RetryAfter: Never, Remaining: 5, Reason: ReasonSize}, l.allowKey("a", 6))
	require.Zero(t, l.Keys(), "what is never admitted holds no key")
	require.Equal(t, Decision{Allowed: true, Remaining: 1}, l.allowKey("a", 4))
}

func TestZeroLimiterRefusesAndSaysSo(t *testing.T) {
	want := Decision{RetryAfter: Never, Reason: ReasonUnconfigured}
	for name, l := range map[string]*Limiter{"zero": {}, "nil": nil} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, l.Err(), ErrUnconfigured)
			require.Equal(t, want, l.Allow())
			require.Equal(t, want, l.AllowAt(t0))
			require.Equal(t, want, l.AllowKey("a"))
			require.Equal(t, want, l.AllowKeyAt("a", t0))
			require.Zero(t, l.Keys())
		})
	}
	require.NoError(t, mustNew(t, Config{Rate: 1, Burst: 1}).Err())
	require.Equal(t, "limiter not configured", want.Reason.String())
	require.Equal(t, "", Decision{Allowed: true}.Reason.String())
	require.Equal(t, "invalid", Reason(99).String())
}

func TestNewRefuses(t *testing.T) {
	cases := map[string]struct {
		config Config
		want   string
	}{
		"zero":           {Config{}, "ratelimit: rate 0/s: want above 0 and at most 1e+09 tokens a second"},
		"negative rate":  {Config{Rate: -1, Burst: 1}, "rate -1/s: want above 0"},
		"NaN":            {Config{Rate: math.NaN(), Burst: 1}, "rate NaN/s: want above 0"},
		"infinite":       {Config{Rate: math.Inf(1), Burst: 1}, "rate +Inf/s: want above 0"},
		"minus infinite": {Config{Rate: math.Inf(-1), Burst: 1}, "rate -Inf/s: want above 0"},
		"too fast":       {Config{Rate: 1e9 + 1, Burst: 1}, "at most 1e+09 tokens"},
		"too slow":       {Config{Rate: math.SmallestNonzeroFloat64, Burst: 1}, "a token takes more than 73 years"},
		"no burst":       {Config{Rate: 1}, "ratelimit: burst 0: want at least 1"},
		"negative burst": {Config{Rate: 1, Burst: -1}, "burst -1: want at least 1"},
		"burst of 73 years": {Config{Rate: 1.0 / 86400, Burst: 26688},
			"ratelimit: burst 26688: at 1.1574074074074073e-05/s the largest that can be counted exactly is 26687"},
		"negative max keys": {Config{Rate: 1, Burst: 1, MaxKeys: -1},
			"ratelimit: max keys -1: want 1 to 2147483647, or 0 for 65536"},
		"too large max keys": {Config{Rate: 1, Burst: 1, MaxKeys: math.MaxInt32 + 1}, "max keys 2147483648: want"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l, err := New(c.config)
			require.ErrorContains(t, err, c.want)
			require.True(t, strings.HasPrefix(err.Error(), "ratelimit: "))
			require.Nil(t, l)
			require.False(t, errors.Is(err, ErrUnconfigured))
		})
	}
	mustNew(t, Config{Rate: 1.0 / 86400, Burst: 26687})
}

func TestAsManyKeysAsThereMayBe(t *testing.T) {
	require.True(t, mustNew(t, Config{Rate: 1, Burst: 1, MaxKeys: math.MaxInt32}).AllowKey("a").Allowed)
}

func TestDefaultClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := mustNew(t, Config{Rate: 2, Burst: 3})
		time.Sleep(time.Hour) // time before the first event earns nothing
		for _, allow := range []func() Decision{l.Allow, func() Decision { return l.AllowKey("a") }} {
			for range 3 {
				require.True(t, allow().Allowed)
			}
			d := allow()
			require.Equal(t, Decision{RetryAfter: 500 * time.Millisecond, Reason: ReasonRate}, d)
			time.Sleep(d.RetryAfter - 1)
			require.Equal(t, time.Duration(1), allow().RetryAfter)
			time.Sleep(time.Nanosecond)
			require.True(t, allow().Allowed)
			require.False(t, allow().Allowed)
		}
		time.Sleep(200 * 365 * 24 * time.Hour)
		for i := range 4 {
			require.Equal(t, i < 3, l.Allow().Allowed)
		}
	})
}

// At this rate a nanosecond is 999,999,937 ticks, and 63 bits of them last nine
// seconds.
func TestDefaultClockOutlastsItsEpochs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := mustNew(t, Config{Rate: 999_999_937, Burst: 3})
		for i := range 1000 {
			for j := range 4 {
				require.Equal(t, j < 3, l.Allow().Allowed, "round %d", i)
			}
			time.Sleep(time.Duration(i) * 977 * time.Millisecond)
			time.Sleep(4 * time.Nanosecond)
		}
	})
}

func TestAllowAndAllowAtShareTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := mustNew(t, Config{Rate: 1, Burst: 2})
		require.True(t, l.Allow().Allowed)
		require.True(t, l.AllowAt(time.Now().Add(-time.Hour)).Allowed, "judged as now")
		require.False(t, l.Allow().Allowed)
		require.True(t, l.AllowAt(time.Now().Add(time.Second)).Allowed)
		d := l.Allow()
		require.Equal(t, 2*time.Second, d.RetryAfter, "the latest instant seen is a second ahead")
		time.Sleep(2 * time.Second)
		require.True(t, l.Allow().Allowed)
	})
}

// The present counts as seen only where the limiter itself had read it: a clock of the
// caller's says no more than its last answer.
func TestWhatAGivenInstantStandsAgainst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		read := mustNew(t, Config{Rate: 1, Burst: 1})
		require.True(t, read.Allow().Allowed)
		time.Sleep(5 * time.Second)
		require.True(t, read.AllowAt(begin).Allowed, "judged as five seconds later")

		unread := mustNew(t, Config{Rate: 1, Burst: 1})
		require.True(t, unread.AllowAt(begin).Allowed)
		require.Equal(t, time.Second, unread.AllowAt(begin).RetryAfter, "nobody had asked for the present")

		now := begin
		own := mustNew(t, Config{Rate: 1, Burst: 1, Now: func() time.Time { return now }})
		require.True(t, own.Allow().Allowed)
		now = begin.Add(time.Hour)
		require.Equal(t, time.Second, own.AllowAt(begin).RetryAfter, "the clock's hour was not seen")
	})
}

// A clock of the caller's own may be read by one goroutine at a time only.
func TestClockIsReadInsideTheCriticalSection(t *testing.T) {
	var reading, overlaps int
	now := t0
	l := mustNew(t, Config{Rate: 1000, Burst: 5, Now: func() time.Time {
		if reading++; reading != 1 {
			overlaps++
		}
		now = now.Add(time.Microsecond) // a race, were the lock not held
		reading--
		return now
	}})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				l.Allow()
				l.AllowKey("a")
			}
		})
	}
	wg.Wait()
	require.Zero(t, overlaps)
	require.Equal(t, t0.Add(4*500*2*time.Microsecond), now)
}
