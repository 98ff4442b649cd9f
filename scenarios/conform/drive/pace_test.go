package drive_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	targets "github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
	"github.com/mcpload/mcpload/verdict"
)

// TestTheOrderChangesNothing: the honest mock is judged alike where time is short, and what is
// demanded most strongly comes first.
func TestTheOrderChangesNothing(t *testing.T) {
	for _, transport := range []string{conform.HTTP, conform.SSE, conform.Stdio, guarded} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			c := target(t, transport, "")
			want, err := drive.Run(context.Background(), c)
			require.NoError(t, err)
			c.Rows = conform.Rows()
			strength := []conform.Level{conform.Must, conform.Should, conform.Practice}
			slices.SortStableFunc(c.Rows, func(a, b conform.Row) int {
				return slices.Index(strength, a.Level) - slices.Index(strength, b.Level)
			})
			got, err := drive.Run(context.Background(), c)
			require.NoError(t, err)
			require.Len(t, got.Reports, len(want.Reports))
			for k, r := range got.Reports {
				states, late := map[string]conform.State{}, 0
				for _, f := range want.Reports[k].Findings {
					states[f.ID] = f.State
				}
				for _, f := range r.Findings {
					if (states[f.ID] == conform.NotTestable) != (f.State == conform.NotTestable) {
						late++ // on a busy machine an answer may come too late to tell
						continue
					}
					assert.Equal(t, states[f.ID], f.State, "%s %s: %s", r.Revision, f.ID, f.Saw)
				}
				assert.LessOrEqual(t, late, 2, r.Revision)
			}
		})
	}
}

// TestABudget that ends at once leaves the older revisions untried, and says so; nothing passes.
func TestABudget(t *testing.T) {
	c := target(t, conform.HTTP, "")
	c.Budget = 1
	found, err := drive.Run(context.Background(), c)
	require.NoError(t, err)
	require.Len(t, found.Reports, 1)
	assert.Equal(t, conform.Revisions()[1:], found.Untried)
	assert.Contains(t, found.Reports[0].Ended, "the budget ended with ")

	to := &targets.Target{Kind: targets.URL, Options: wire.Options{URL: c.URL, Transport: wire.HTTP}}
	s, err := drive.Server(context.Background(), to, c, false)
	require.NoError(t, err)
	d := results.Document{Servers: []results.Server{s}}
	d.Finish()
	assert.Equal(t, verdict.Inconclusive, d.Verdict)
	assert.Contains(t, s.Notes, "the budget ended before it was tried in 2025-11-25, 2025-06-18, 2025-03-26, "+
		"2024-11-05: a longer --budget does")

	c.Budget, c.Revisions = time.Hour, []string{conform.R2411}
	found, err = drive.Run(context.Background(), c)
	require.NoError(t, err)
	assert.Empty(t, found.Reports[0].Ended)
}

// TestPace: who waits hears after ten seconds how long it may take, then where it stands three
// times a minute, and nothing where little is left.
func TestPace(t *testing.T) {
	said := func(of, after int, each, may time.Duration) (lines []string) {
		synctest.Test(t, func(*testing.T) {
			var pace drive.Pace
			for k := range of {
				s := drive.Step{Step: conform.Step{Row: "T06", Nth: k + 1, Of: of}, Revision: conform.R2506, After: after,
					Took: time.Duration(k) * each}
				if may > 0 {
					s.Bound, s.May = true, may-s.Took
				}
				if line := pace.Said(s); line != "" {
					lines = append(lines, line)
				}
				time.Sleep(each)
			}
		})
		return lines
	}
	assert.Empty(t, said(50, 4, 100*time.Millisecond, 0), "it is done in 5 s, and the others in 20")
	assert.Empty(t, said(10, 0, 2*time.Second, 0), "little is left after the first ten seconds")
	assert.Equal(t, []string{"MCP 2025-06-18 takes about 1.8 min more, and what older revisions it speaks up to about 4 min; " +
		"--protocol and --row try less, --budget ends it earlier",
		"MCP 2025-06-18, T06 (16 of 60), about 1.5 min left, and what older revisions it speaks up to about 4 min",
		"MCP 2025-06-18, T06 (26 of 60), about 1.2 min left, and what older revisions it speaks up to about 4 min",
		"MCP 2025-06-18, T06 (36 of 60), about 50 s left, and what older revisions it speaks up to about 4 min",
		"MCP 2025-06-18, T06 (46 of 60), about 30 s left, and what older revisions it speaks up to about 4 min",
		"MCP 2025-06-18, T06 (56 of 60), about 10 s left, and what older revisions it speaks up to about 4 min",
	}, said(60, 2, 2*time.Second, 10*time.Minute))
	strongest := ", so that what is demanded most strongly comes first"
	assert.Equal(t, []string{"MCP 2025-06-18 takes about 1.8 min more; --budget leaves it about 50 s" + strongest,
		"MCP 2025-06-18, T06 (16 of 60), about 1.5 min left; --budget leaves it about 30 s" + strongest,
		"MCP 2025-06-18, T06 (26 of 60), about 1.2 min left; --budget leaves it about 10 s" + strongest,
		"MCP 2025-06-18, T06 (36 of 60), about 50 s left; --budget leaves it about 1 s" + strongest,
		"MCP 2025-06-18, T06 (46 of 60), about 30 s left; --budget leaves it about 1 s" + strongest,
	}, said(60, 0, 2*time.Second, time.Minute))
	synctest.Test(t, func(*testing.T) { // who is slow to start is so each time
		var pace drive.Pace
		s := drive.Step{Step: conform.Step{Row: "R01", Nth: 1, Of: 50, Starts: 9, Start: 2500 * time.Millisecond},
			Revision: conform.R2511, After: 3, Most: 9}
		assert.Equal(t, "a start takes 2.5 s, and 9 are needed: MCP 2025-11-25 takes about 23 s more, and what older "+
			"revisions it speaks up to about 1.1 min; --protocol and --row try less, --budget ends it earlier", pace.Said(s))
		assert.Equal(t, "MCP 2025-11-25, R01 (1 of 50), about 23 s left", s.String())
		s.Nth = 2
		assert.Empty(t, pace.Said(s), "it is told already")
		s.Start, s.Nth = 20*time.Millisecond, 1
		assert.Empty(t, new(drive.Pace).Said(s))
	})
}
