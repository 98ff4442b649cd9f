package conform_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// TestKnown: what a baseline names is a row, and of that revision.
func TestKnown(t *testing.T) {
	for _, r := range conform.Rows() {
		require.NoError(t, conform.Known(r.ID, ""))
		require.NoError(t, conform.Known(r.ID, r.To), r.ID)
		require.NoError(t, conform.Known(r.ID, r.From), r.ID)
	}
	for _, c := range []struct{ row, revision, want string }{
		{"U01", conform.R2411, ""},
		{"S01", conform.R2511, ""}, // over one transport only
		{"Z99", "", `there is no row "Z99": mcpload list conform names them all`},
		{"l06", "", `there is no row "l06" (did you mean L06?)`},
		{"L06", "2025-11", `protocol: "2025-11" is none of 2026-07-28, 2025-11-25,`},
		{"L06", conform.R2026, "row L06 isn't about 2026-07-28: it holds until 2025-11-25"},
	} {
		if err := conform.Known(c.row, c.revision); c.want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, c.want)
		}
	}
}
