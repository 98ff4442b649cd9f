package ratelimit

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// requireSound checks what table promises itself.
func requireSound(t require.TestingT, tab *table) {
	for i, e := range tab.heap {
		s := tab.slots[e.at]
		require.LessOrEqual(t, e.queued, s.fullAt)
		require.Equal(t, tab.hash(s.key), tab.hashes[e.at])
		if i > 0 {
			require.LessOrEqual(t, tab.heap[(i-1)/4].queued, e.queued, "heap entry %d", i)
		}
		found, ok := tab.find(s.key, tab.hashes[e.at])
		require.True(t, ok, "key %q can't be found", s.key)
		require.Equal(t, int(e.at), found)
	}
	entries := 0
	for _, e := range tab.index {
		if e != 0 {
			entries++
		}
	}
	require.Len(t, tab.heap, entries)
	free := 0
	for at := tab.free; at != 0; at = tab.hashes[at-1] {
		require.Empty(t, tab.slots[at-1].key, "a forgotten key is still held in memory")
		free++
	}
	require.Len(t, tab.slots, entries+free)
	require.Len(t, tab.hashes, entries+free)
}

// A table is compared with a map under random inserts, admissions, passing
// time and moving epochs.
func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab, model, now := newTable(40), map[string]int64{}, int64(0)
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			key := fmt.Sprint(rapid.IntRange(0, 60).Draw(t, "key"))
			hash := tab.hash(key)
			switch at, held := tab.find(key, hash); {
			case rapid.IntRange(0, 20).Draw(t, "rebase") == 0:
				tab.rebase(now)
				for k, fullAt := range model {
					model[k] = max(0, fullAt-now)
				}
				now = 0
			case held:
				require.Equal(t, model[key], tab.slots[at].fullAt)
				tab.slots[at].fullAt = max(now, tab.slots[at].fullAt) + 10
				model[key] = tab.slots[at].fullAt
			default:
				require.LessOrEqual(t, model[key], now, "%q was forgotten before it was full", key)
				fullAt := now + rapid.Int64Range(1, 20).Draw(t, "tokens")
				if tab.insert(key, hash, fullAt, now) {
					model[key] = fullAt
				} else {
					require.Equal(t, tab.max, tab.len())
				}
			}
			now += rapid.Int64Range(0, 3).Draw(t, "time")
			requireSound(t, &tab)
		}
	})
}

func TestKeysAreBounded(t *testing.T) {
	l := mustNew(t, Config{Rate: 1, Burst: 1, MaxKeys: 1000})
	refused := 0
	for i := range 5000 {
		if d := l.AllowKeyAt(fmt.Sprint(i), t0); !d.Allowed {
			require.Equal(t, ReasonKeys, d.Reason)
			refused++
		}
	}
	require.Equal(t, 4000, refused)
	require.Equal(t, 1000, l.Keys())
	require.Len(t, l.keys.slots, 1000)

	// A new key a second: the old ones go two at a time, and no place is added.
	for i := range 2000 {
		require.True(t, l.AllowKeyAt(fmt.Sprint("new", i), t0.Add(time.Duration(i+1)*time.Second)).Allowed)
	}
	require.Equal(t, 1, l.Keys())
	require.Len(t, l.keys.slots, 1000)
}

func TestDefaultMaxKeys(t *testing.T) {
	require.Equal(t, DefaultMaxKeys, mustNew(t, Config{Rate: 1, Burst: 1}).keys.max)
}

// The work of forgetting is shared out: no call looks at more than two keys
// that others left behind.
func TestOneCallForgetsAtMostTwoKeys(t *testing.T) {
	l := mustNew(t, Config{Rate: 1, Burst: 1})
	for i := range 1000 {
		l.AllowKeyAt(fmt.Sprint(i), t0)
	}
	l.AllowKeyAt("new", t0.Add(time.Hour))
	require.Equal(t, 999, l.Keys())
}

// An array holds a fifth and some more than it needs, and never more than may be: what
// a key costs depends on it.
func TestArraysGrowByAFifth(t *testing.T) {
	const most = 3000
	var s []int
	grown := 0
	for n := range most {
		before := cap(s)
		if s = add(s, n, most); cap(s) != before {
			grown++
			require.LessOrEqual(t, cap(s), min(n+n/5+16, most))
			require.Greater(t, cap(s), min(n+n/5, most-1), "grown by too little")
		}
		require.Equal(t, n, s[n])
	}
	require.Equal(t, most, cap(s))
	require.Less(t, grown, 40)
}
