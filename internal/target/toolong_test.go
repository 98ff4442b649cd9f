package target

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
)

// TestATrialWhoseReplyIsTooLong isn't told as one of a slow tool.
func TestATrialWhoseReplyIsTooLong(t *testing.T) {
	var target Target
	for _, c := range []history.Call{
		{Outcome: history.TimedOut, Detail: "no reply in time: a line longer than 16777216 bytes came"},
		{Outcome: history.Broken, Detail: "the reply is longer than 16777216 bytes"},
	} {
		err := target.failedTrial(c, &wire.Session{})
		require.ErrorContains(t, err, c.Detail)
		require.Contains(t, hint.Of(err), "--max-message")
		require.Contains(t, target.Remedy([]history.Call{c}, &wire.Session{}), "--max-message")
	}
}
