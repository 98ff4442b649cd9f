package load

import (
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// clientsOf are the names of so many sessions, and of those of a part.
func clientsOf(p shard.Part, sessions int) []string {
	names := []string{}
	for i := range sessions {
		if p.Owns(i) {
			names = append(names, fmt.Sprintf("c%d", i+1))
		}
	}
	return names
}

// All parts of a plan together are the plan, to the last argument, whatever the
// shape: none is sent twice, and none is left out.
func TestSharesAreThePlan(t *testing.T) {
	plan := newPlan(
		Entry{Weight: 3, Steps: []Step{{Method: "tools/call", Tool: "search", Arguments: template(t,
			`{"n":"{{counter}}","r":"{{int 1 100}}","c":"{{session}}"}`)}}},
		Entry{Weight: 1, Name: "checkout", Steps: []Step{{Method: "tools/call", Tool: "add"}, {Method: "tools/call",
			Tool: "pay"}}},
	)
	shapes := []string{"37/s", "0.5/s..40/s@6s", "burst 16 every 1s on 12/s"}
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 12).Draw(t, "of")
		sessions := of + rapid.IntRange(0, 20).Draw(t, "more sessions")
		seed := rapid.Uint64().Draw(t, "seed")
		shape, err := ParseShape(rapid.SampledFrom(shapes).Draw(t, "shape"))
		if err != nil {
			t.Fatal(err)
		}
		dues := func() iter.Seq[time.Duration] { return shape.Arrivals(6 * time.Second) }
		if rapid.Bool().Draw(t, "poisson") {
			dues = func() iter.Seq[time.Duration] { return shape.Poisson(6*time.Second, seed) }
		}
		want := slices.Collect(plan.Arrivals(dues(), clientsOf(shard.Part{}, sessions), seed))
		var got []history.Arrival
		for nth := 1; nth <= of; nth++ {
			p := shard.Part{Nth: nth, Of: of}
			own := slices.Collect(plan.Share(dues(), Split{Part: p, Sessions: sessions,
				Clients: clientsOf(p, sessions)}, seed))
			even := sessions%of == 0
			if even && (len(own) < len(want)/of || len(own) > len(want)/of+sessions/of) {
				t.Fatalf("%s sends %d of %d", p, len(own), len(want))
			}
			got = append(got, own...)
		}
		key := func(a history.Arrival) string {
			return fmt.Sprintf("%020d %s %s %s %s %s", a.Due, a.Client, a.Method, a.Tool, a.Label, a.Arguments)
		}
		if a, b := keys(want, key), keys(got, key); !slices.Equal(a, b) {
			t.Fatalf("%d shards of %d sessions send %d calls, and one sends %d; or others", of, sessions, len(b),
				len(a))
		}
	})
}

func keys(list []history.Arrival, key func(history.Arrival) string) []string {
	var out []string
	for _, a := range list {
		out = append(out, key(a))
	}
	slices.Sort(out)
	return out
}

func template(t *testing.T, text string) Template {
	tmpl, err := ParseTemplate([]byte(text), names{})
	require.NoError(t, err)
	return tmpl
}

// The calls of a burst are shared out as all others are.
func TestBurstsAreSharedOut(t *testing.T) {
	shape, err := ParseShape("burst 12 every 1s on 4/s")
	require.NoError(t, err)
	plan, err := Single("ping", "", nil)
	require.NoError(t, err)
	for nth := 1; nth <= 4; nth++ {
		p := shard.Part{Nth: nth, Of: 4}
		n := 0
		for a := range plan.Share(shape.Arrivals(1500*time.Millisecond), Split{Part: p, Sessions: 4,
			Clients: clientsOf(p, 4)}, 1) {
			if a.Due == time.Second {
				n++
			}
		}
		require.InDelta(t, 3, n, 1, "shard %s", p)
	}
}
