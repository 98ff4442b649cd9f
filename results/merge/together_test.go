package merge

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// Parts of a load that were sent at other times, such as those of two runs, don't pass for
// one that was sent at once: by a clock that they have in common, or else by their own.
func TestPartsOfALoadAreSentTogether(t *testing.T) {
	for _, row := range []struct {
		late   time.Duration
		clocks string
		want   verdict.Verdict
		says   string
	}{
		{0, "one", verdict.Pass, "within 0s"},
		{900 * time.Millisecond, "one", verdict.Pass, "within 900ms"},
		{time.Hour, "one", verdict.Inconclusive, "within 1h0m0s, so that what all were to send was never sent at once"},
		{0, "each", verdict.Pass, "within 0s, by clocks that nobody measured"},
		{3 * time.Second, "each", verdict.Inconclusive, "within 3s, by clocks that nobody measured, so that"},
		{0, "none", verdict.Inconclusive, "when they began is not known"},
	} {
		parts, dir := []Part{}, t.TempDir()
		for nth := 1; nth <= 3; nth++ {
			parts = append(parts, large(t, dir, nth, 3, 50))
			s := parts[nth-1].shard()
			if row.clocks == "each" {
				s.Clocks[0].Name = fmt.Sprint("wall ", nth)
			}
			if row.clocks == "none" {
				s.Clocks = nil
			}
		}
		parts[1].shard().BeganNS = int64(row.late)
		whole, err := Runs(parts, Config{})
		require.NoError(t, err)
		require.Equal(t, row.want, whole.Document.Verdict, "%v", row)
		list := whole.Document.Servers[0].Scenarios[0].Findings
		require.Equal(t, checkCommon, list[len(list)-1].Check)
		require.Contains(t, list[len(list)-1].Saw, row.says)
	}
}
