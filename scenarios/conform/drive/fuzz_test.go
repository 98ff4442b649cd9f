package drive_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// TestHonestUnderLoadAndFuzz holds the rows of both to a server that does everything
// right, over HTTP and over lines.
func TestHonestUnderLoadAndFuzz(t *testing.T) {
	for _, transport := range []string{conform.HTTP, conform.Stdio} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			c := target(t, transport, "")
			c.Rows, c.Revisions = conform.Rows()[:1], []string{conform.R2511}
			c.Fuzz, c.Under, c.Seed = time.Second, 50, 7
			found, err := drive.Run(context.Background(), c)
			require.NoError(t, err)
			tried := map[string]bool{}
			for _, f := range found.Reports[0].Findings {
				tried[f.ID] = true
				assert.Equal(t, conform.Pass, f.State, "%s: %s", f.ID, f.Saw)
			}
			for _, id := range []string{"F01", "F02", "F03", "U01", "U02"} {
				assert.True(t, tried[id], id)
			}
		})
	}
}

// TestFuzzFindsTheSmallest takes everything out of the arguments that isn't needed to
// break the server.
func TestFuzzFindsTheSmallest(t *testing.T) {
	c := target(t, conform.HTTP, "odd-breaks")
	c.Rows, c.Revisions, c.Fuzz = conform.Rows()[:1], []string{conform.R2511}, 2*time.Second
	found, err := drive.Run(context.Background(), c)
	require.NoError(t, err)
	for _, f := range found.Reports[0].Findings {
		if f.ID != "F01" {
			continue
		}
		require.Equal(t, conform.Fail, f.State, f.Saw)
		require.Len(t, f.Shows, 1)
		assert.Regexp(t, `with the arguments \{"[^"]+":[^,]*(\[|null)`, f.Saw, "one member is enough")
	}
}
