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

// TestRevisionsWithoutTheRow aren't tried, so that they leave nothing open.
func TestRevisionsWithoutTheRow(t *testing.T) {
	rows := conform.Rows()
	k := slices.IndexFunc(rows, func(r conform.Row) bool { return r.ID == "L06" })
	c := target(t, conform.HTTP, "")
	c.Rows = rows[k : k+1]
	found, err := drive.Run(context.Background(), c)
	require.NoError(t, err)
	assert.Equal(t, []string{conform.R2026}, found.Beside)
	require.Len(t, found.Reports, 4)
	for _, r := range found.Reports {
		assert.Len(t, r.Findings, 1, r.Revision)
	}

	c.Revisions = []string{conform.R2026}
	_, err = drive.Run(context.Background(), c)
	assert.ErrorIs(t, err, drive.ErrNoRow)

	c.Revisions, c.Under = nil, 50 // what load shows is about every revision
	found, err = drive.Run(context.Background(), c)
	require.NoError(t, err)
	assert.Empty(t, found.Beside)
	assert.Len(t, found.Reports, 5)
}
