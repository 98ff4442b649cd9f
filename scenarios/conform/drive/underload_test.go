package drive_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// under are the rows under load of these ids.
func under(t *testing.T, ids ...string) []conform.Row {
	t.Helper()
	rows := slices.DeleteFunc(conform.LoadRows(), func(r conform.Row) bool { return !slices.Contains(ids, r.ID) })
	require.Len(t, rows, len(ids))
	return rows
}

// TestHonestRowsUnderLoad holds what only load shows to a server that does everything
// right.
func TestHonestRowsUnderLoad(t *testing.T) {
	for _, c := range []struct {
		name, transport, revision, tool string
		ids                             []string
	}{
		{"lists", conform.HTTP, conform.R2026, "", []string{"U03", "U06", "U06-streams"}},
		{"sessions", conform.HTTP, conform.R2511, "", []string{"U03-sessions", "U04", "U06"}},
		{"cancels", conform.HTTP, conform.R2506, "slow", []string{"U05"}},
		{"cancels on lines", conform.Stdio, conform.R2026, "slow", []string{"U05", "U08"}},
		{"lines", conform.Stdio, conform.R2511, "", []string{"U06", "U08"}},
		{"strangers", guarded, conform.R2511, "", []string{"U07"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := target(t, c.transport, "")
			d.Rows, d.Revisions, d.Under, d.Sessions = conform.Rows()[:1], []string{c.revision}, 200, 300
			if d.Loaded = under(t, c.ids...); c.tool != "" {
				d.Tool, d.Arguments = c.tool, []byte(`{"ms":600}`)
			}
			found, err := drive.Run(context.Background(), d)
			require.NoError(t, err)
			tried := map[string]bool{}
			for _, f := range found.Reports[0].Findings {
				tried[f.ID] = true
				assert.Equal(t, conform.Pass, f.State, "%s: %s", f.ID, f.Saw)
				t.Logf("%s: %s", f.ID, f.Saw)
			}
			for _, id := range c.ids {
				assert.True(t, tried[id], id)
			}
		})
	}
}
