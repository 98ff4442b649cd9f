package wire

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// TestTimedOutOverStdioSaysWhatCame: of a line that has begun and doesn't end, and of one that
// was too long to be read, a call that timed out says so, on both paths.
func TestTimedOutOverStdioSaysWhatCame(t *testing.T) {
	for mode, detail := range map[string]string{
		"endless":  "no reply in time: a line has begun on its stdout, and has not ended",
		"overlong": "no reply in time: a line longer than 1000 bytes came, which may have been it",
		"hangs":    "no reply in time",
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			o := childOptions(mode)
			o.MaxMessage = 1000
			plain := dial(t, o)
			plain.o.Timeout = time.Second // the set-up has more
			c := plain.Exchange(t.Context(), echo)
			require.Equal(t, history.TimedOut, c.Outcome)
			require.Equal(t, detail, c.Detail)
			fast := dial(t, o)
			fast.o.Timeout = time.Second
			c = byLoop(t.Context(), t, newLoop(t, LoopConfig{}, fast), echo)[0]
			require.Equal(t, history.TimedOut, c.Outcome)
			require.Equal(t, detail, c.Detail)
		})
	}
}
