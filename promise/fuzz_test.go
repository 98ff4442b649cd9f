package promise

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParseRate holds any text to: no panic, and a rate that is finite, above 0 and
// printed so that it is read back, or none.
func FuzzParseRate(f *testing.F) {
	for _, s := range []string{"12", "300/1m", "0.5/s", "8 req/sec", "1e999", ".inf", "12/1m30s", "-0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rate, err := ParseRate(s)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.GreaterOrEqual(t, rate, minRate)
		require.LessOrEqual(t, rate, maxRate)
		again, err := ParseRate(FormatRate(rate))
		require.NoError(t, err)
		require.Equal(t, rate, again)
	})
}
