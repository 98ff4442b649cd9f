package drive

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/promise"
)

// TestAsManySessionsAsItTakes: a law that all sessions share is reached by so many of them
// that one per session beside it doesn't refuse before.
func TestAsManySessionsAsItTakes(t *testing.T) {
	for _, row := range []struct {
		laws []string
		want int
	}{
		{[]string{"10/s burst 20"}, 0},
		{[]string{"10/s burst 20 per session"}, 0},
		{[]string{"4/s burst 6 per session", "9/s burst 10"}, 3},
		{[]string{"9/s burst 10", "4/s burst 6 per session"}, 3},
		{[]string{"10 per 2s per session", "20 per 10s"}, 0}, // one session reaches it
		{[]string{"20 per 10s per session", "100 per 10s per address"}, 6},
		{[]string{"20 per 10s per session", "1000 per 10s"}, 8},
		{[]string{"20 per 10s per credential", "100 per 10s"}, 0}, // whose credentials?
	} {
		l := &Laws{}
		for _, text := range row.laws {
			law, err := promise.Parse(text)
			require.NoError(t, err)
			l.Promise = append(l.Promise, law)
		}
		require.Equal(t, row.want, l.speakers(), row.laws)
	}
}
