package verdict_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// greeting is what a run sends before its plan.
var greeting = []history.Arrival{{Method: "initialize", Client: "c1", Label: history.Handshake},
	{Method: "tools/list", Client: "c1", Label: history.Handshake}}

// greeted are the answers of a server that keeps some laws to the plan for what it promises,
// behind a greeting.
func greeted(r *rand.Rand, held, kept promise.Promise, seed uint64) []history.Call {
	plan := scenarios.PlanLaws(held, scenarios.LawSetting{Load: history.Arrival{Method: "tools/call", Tool: "a"},
		Clients: []string{"c1", "c2"}, Seed: seed, Beside: greeting, Budget: 10 * time.Minute})
	all := slices.Clone(greeting)
	for _, a := range plan.Arrivals {
		a.Due += 50 * time.Millisecond
		all = append(all, a)
	}
	return verdict.Answer(r, kept, all, 0.001)
}

// TestWhatBesideTheLoadIsChargedIsRead: a server that charges a method whose cost nobody said is
// never read as one that doesn't, and a law is read as kept whether it charges it or not.
func TestWhatBesideTheLoadIsChargedIsRead(t *testing.T) {
	for _, row := range []struct {
		text     string
		freeSeen bool // where it isn't charged, that is seen
	}{
		{"quota 50 per day", true}, {"quota 50 per hour UTC", true}, {"60 per 1m", true}, {"60 per 1m fixed", true},
		{"60 per 1m sliding", true}, {"60 per 1m counter", true}, {"60 per 1m aligned", true},
		{"10 per 2s sliding", false}, {"6/min burst 20", true}, {"10/s burst 20", false}, {"1000 per 1s", false},
	} {
		t.Run(row.text, func(t *testing.T) {
			t.Parallel()
			said := promised(t, row.text)
			held := scenarios.Held(said, history.Arrival{Method: "tools/call", Tool: "a"})
			shown, seen := 0, 0
			for seed := range uint64(12) {
				r := rand.New(rand.NewPCG(seed, 14))
				for _, charged := range []bool{true, false} {
					kept := promised(t, row.text)
					if !charged {
						kept = promised(t, row.text+" methods tools/call")
					}
					calls := greeted(r, held, kept, seed)
					cfg := verdict.LawConfig{Clocks: verdict.DefaultClocks(), Epoch: time.Date(2026, 3, 28, 12, 1, 0, 0, time.UTC)}
					j := verdict.JudgeLaws(held, calls, cfg)
					require.NotEqual(t, verdict.Fail, j.Verdict, "seed %d: %+v", seed, j)
					least := verdict.Freely(held, calls, cfg, &j, []string{"initialize", "tools/list"})
					free := slices.Contains(least[0].Charge.Free, "tools/list")
					require.False(t, charged && len(least[0].Charge.Free) > 0, "seed %d: %s", seed, least)
					verdict.Read(held, calls, cfg, &j)
					if j.Laws[0].State == verdict.Kept {
						shown++
					}
					if free {
						seen++
					}
				}
			}
			require.True(t, !row.freeSeen || seen >= 10, "it is seen in %d of 12", seen) // or a window turns meanwhile
			require.True(t, shown >= 20 || strings.Contains(row.text, "counter") || row.text == "1000 per 1s",
				"it is kept in %d of 24", shown)
		})
	}
}

// listed are calls of a method, a millisecond each, a few at once.
func listed(method string, o history.Outcome, at time.Duration, n int) (calls []history.Call) {
	for k := range n {
		from := at + time.Duration(k)*time.Millisecond
		calls = append(calls, history.Call{Arrival: history.Arrival{Method: method, Client: "c1"}, Sent: from,
			Received: from + time.Millisecond, Outcome: o})
	}
	return calls
}

// TestWhatIsSeenToBeFree: what is let through between two refusals, more than can have been
// given back, costs nothing; nothing less shows that.
func TestWhatIsSeenToBeFree(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	load := func(o history.Outcome, at time.Duration, n int) []history.Call { return listed("tools/call", o, at, n) }
	lists := func(at time.Duration, n int) []history.Call { return listed("tools/list", history.OK, at, n) }
	for name, row := range map[string]struct {
		law   string
		calls [][]history.Call
		free  bool
	}{
		"three of a window": {"20 per 1m", [][]history.Call{load(history.OK, s, 20), load(history.Limited, 2*s, 1),
			lists(2100*ms, 3), load(history.Limited, 2200*ms, 1)}, true},
		"two may have been given back": {"20 per 1m", [][]history.Call{load(history.OK, s, 20),
			load(history.Limited, 2*s, 1), lists(2100*ms, 2), load(history.Limited, 2200*ms, 1)}, false},
		"nothing is refused behind": {"20 per 1m", [][]history.Call{load(history.OK, s, 20),
			load(history.Limited, 2*s, 1), lists(2100*ms, 9)}, false},
		"at the same time as the refusal": {"20 per 1m", [][]history.Call{load(history.OK, s, 20), lists(2*s, 3),
			load(history.Limited, 2*s, 3), load(history.Limited, 2200*ms, 1)}, false},
		"a sliding window gives back what it gave a minute ago": {"20 per 1m", [][]history.Call{
			load(history.OK, s, 20), load(history.Limited, 60900*ms, 1), lists(61100*ms, 5),
			load(history.Limited, 61200*ms, 1)}, false},
		"a bucket gives back": {"20/s burst 20", [][]history.Call{load(history.OK, s, 20),
			load(history.Limited, 1020*ms, 1), lists(1100*ms, 3), load(history.Limited, 1200*ms, 1)}, false},
		"so much it can't": {"20/s burst 20", [][]history.Call{load(history.OK, s, 20),
			load(history.Limited, 1020*ms, 1), lists(1100*ms, 9), load(history.Limited, 1200*ms, 1)}, true},
		"nobody knows a lock-out's end": {"20 per 1m lockout 1s", [][]history.Call{load(history.OK, s, 20),
			load(history.Limited, 2*s, 1), lists(2100*ms, 9), load(history.Limited, 2200*ms, 1)}, false},
		"as many as a window that was reset grants": {"4 per 1m", [][]history.Call{load(history.OK, s, 4),
			load(history.Limited, 2*s, 1), lists(2100*ms, 4), load(history.Limited, 2200*ms, 1)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			held := scenarios.Held(promised(t, row.law), history.Arrival{Method: "tools/call"})
			calls := slices.Concat(row.calls...)
			cfg := verdict.LawConfig{Clocks: verdict.DefaultClocks()}
			j := verdict.JudgeLaws(held, calls, cfg)
			require.NotEqual(t, verdict.Fail, j.Verdict)
			least := verdict.Freely(held, calls, cfg, &j, []string{"tools/list"})
			require.Equal(t, row.free, slices.Contains(least[0].Charge.Free, "tools/list"))
		})
	}
}

// TestNoReadingExplains: a server that grants a unit more isn't passed because it charged the
// handshake too, and one that grants less isn't because it may have.
func TestNoReadingExplains(t *testing.T) {
	said := promised(t, "quota 50 per day")
	held := scenarios.Held(said, history.Arrival{Method: "tools/call", Tool: "a"})
	for _, kept := range []string{"quota 51 per day", "quota 49 per day methods tools/call", "quota 52 per day",
		"quota 48 per day methods tools/call"} {
		for seed := range uint64(8) {
			calls := greeted(rand.New(rand.NewPCG(seed, 15)), held, promised(t, kept), seed)
			laws := &verdict.LawConfig{Clocks: verdict.DefaultClocks(), Epoch: time.Date(2026, 3, 28, 12, 1, 0, 0, time.UTC)}
			j := verdict.JudgeLaws(held, calls, *laws)
			verdict.Read(held, calls, *laws, &j)
			require.NotEqual(t, verdict.Pass, j.Verdict, "%s, seed %d: %+v", kept, seed, j)
		}
	}
}
